"""The nouns: images, structures, nuclides, ledgers. No files, no algorithms."""
