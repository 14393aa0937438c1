"""Join treatments with their scans: what is missing, and what contradicts."""
