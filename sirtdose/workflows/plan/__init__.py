"""Plan, by numbers or by a scout image."""
