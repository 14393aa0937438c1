"""Measure uptake in a PET."""
