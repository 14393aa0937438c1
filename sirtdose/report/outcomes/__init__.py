"""Reports of response and toxicity."""
