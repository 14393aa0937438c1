"""Two doses of one case, compared with each other."""
