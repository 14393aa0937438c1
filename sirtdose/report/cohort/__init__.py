"""Reports of cohorts."""
