"""From scans of a phantom to a camera's file."""
