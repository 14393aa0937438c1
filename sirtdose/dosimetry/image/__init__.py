"""Counts to activity, and what an image shows."""
