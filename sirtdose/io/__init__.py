"""Files to nouns and back: the only place for pydicom, highdicom and nibabel."""
