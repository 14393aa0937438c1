"""Reports of assessments."""
