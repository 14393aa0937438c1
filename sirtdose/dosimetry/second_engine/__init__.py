"""What another dose engine is given, and what is made of its answer."""
