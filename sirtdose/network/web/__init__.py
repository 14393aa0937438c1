"""DICOMweb (DICOM PS3.18): what is said over HTTP, and what its answers mean."""
