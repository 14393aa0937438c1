"""Response, toxicity and outcomes of patients."""
