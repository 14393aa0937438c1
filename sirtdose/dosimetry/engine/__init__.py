"""Activity to absorbed dose."""
