"""What is installed here against figures that others, or a hand, arrived at."""
