"""Lesions through time."""
