"""Check a dose of another system."""
