"""Check, compare and look at doses."""
