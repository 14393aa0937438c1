"""Response and toxicity from tables."""
