"""Patients to outcomes: response, toxicity, liver function, eligibility, statistics."""
