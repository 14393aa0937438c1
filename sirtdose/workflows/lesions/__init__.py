"""Lesions of one patient over plan, treatments and follow-ups."""
