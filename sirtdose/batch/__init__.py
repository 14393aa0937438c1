"""Many cases: run apart from each other, resumable, in one table."""
