"""Tables that users write."""
