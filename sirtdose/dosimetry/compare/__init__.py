"""Two doses of one case, held against each other."""
