"""The page and the tables of a camera that was commissioned."""
