"""What commissioning found, for people and for scripts."""
