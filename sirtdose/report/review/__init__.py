"""The review of candidates, and what was accepted of it."""
