"""A scan without structures."""
