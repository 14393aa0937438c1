"""Numbers to activity: scalar arithmetic that a calculator can check."""
