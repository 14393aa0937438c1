"""What scans of known activities say of the camera that made them."""
