"""Whole tasks, one a file: the only place that knows the order of the steps."""
