"""DICOM, read and written."""
