"""Files to nouns and back: the only place for pydicom and nibabel."""
