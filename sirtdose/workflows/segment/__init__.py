"""Candidates: found, shown, and accepted by a person."""
