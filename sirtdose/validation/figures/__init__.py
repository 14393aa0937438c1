"""What is held against known values."""
