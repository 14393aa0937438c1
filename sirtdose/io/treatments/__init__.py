"""Treatment logs: csv, FHIR MedicationAdministration, and DICOM dose reports."""
