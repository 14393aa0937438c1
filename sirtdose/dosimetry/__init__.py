"""Nouns to dose."""
