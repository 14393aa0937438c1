"""Reports of checks."""
