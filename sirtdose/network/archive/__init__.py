"""Archives: studies are found in them and fetched, by DICOM or DICOMweb."""
