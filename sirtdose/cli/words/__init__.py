"""What users type: quantities, options, case files."""
