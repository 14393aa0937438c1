"""What `sirtdose suv` writes and shows."""
