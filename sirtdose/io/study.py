"""Which study a thing in a folder belongs to."""

from sirtdose.io.dicom.header import read_dataset, reading_dicom
from sirtdose.io.found import Found, Kind

_NO_DICOM = (Kind.IMAGE_FILE, Kind.SEGMENTATION_FILE)


def study_uid(item: Found) -> str:
    """StudyInstanceUID (0020,000D) of a DICOM file or series; empty of others."""
    if item.kind in _NO_DICOM or not item.paths:
        return ""
    with reading_dicom(item.paths[0]):
        dataset = read_dataset(item.paths[0])
        return str(dataset.get("StudyInstanceUID", ""))
