"""A worklist for people, for `batch` and for `listen`."""
