"""Doses of many patients joined with their outcomes, and what follows from them."""
