"""DICOM over the network: what comes in is kept and worked on, results go out."""
