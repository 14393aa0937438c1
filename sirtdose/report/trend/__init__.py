"""The trend of calibrations."""
