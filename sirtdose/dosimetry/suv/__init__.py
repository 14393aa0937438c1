"""Uptake of lesions and of the tissue that they are compared with."""
