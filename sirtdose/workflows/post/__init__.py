"""Assess after treatment."""
