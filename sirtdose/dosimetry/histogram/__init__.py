"""Doses of structures."""
