"""A digital patient whose doses are known by construction."""
