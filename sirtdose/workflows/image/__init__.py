"""Read an image and what lies on it."""
