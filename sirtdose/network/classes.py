"""What is taken in: which objects, in which encodings (DICOM PS3.6, Annex A)."""

from typing import Final

_STORAGE = "1.2.840.10008.5.1.4.1.1"
VERIFICATION: Final = "1.2.840.10008.1.1"
# Storage Commitment Push Model, and the instance that is asked (PS3.4, J.3).
COMMITMENT: Final = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"

STORAGE_CLASSES: Final = {
    f"{_STORAGE}.2": "CT",
    f"{_STORAGE}.2.1": "enhanced CT",
    f"{_STORAGE}.2.2": "legacy converted enhanced CT",
    f"{_STORAGE}.20": "NM",
    f"{_STORAGE}.128": "PET",
    f"{_STORAGE}.128.1": "legacy converted enhanced PET",
    f"{_STORAGE}.130": "enhanced PET",
    f"{_STORAGE}.66.1": "REG",
    f"{_STORAGE}.66.3": "deformable REG",
    f"{_STORAGE}.66.4": "SEG",
    f"{_STORAGE}.66.7": "label map SEG",
    f"{_STORAGE}.7": "secondary capture",
    f"{_STORAGE}.88.11": "basic text SR",
    f"{_STORAGE}.88.22": "enhanced SR",
    f"{_STORAGE}.88.33": "comprehensive SR",
    f"{_STORAGE}.88.34": "comprehensive 3D SR",
    f"{_STORAGE}.88.67": "X-ray radiation dose SR",
    f"{_STORAGE}.88.68": "radiopharmaceutical radiation dose SR",
    f"{_STORAGE}.104.1": "encapsulated PDF",
    f"{_STORAGE}.481.2": "RTDOSE",
    f"{_STORAGE}.481.3": "RTSTRUCT",
    f"{_STORAGE}.481.5": "RTPLAN",
}

# Uncompressed first; the others are stored as they are, never decompressed.
TRANSFER_SYNTAXES: Final = (
    EXPLICIT,
    IMPLICIT,
    _BIG_ENDIAN,
    # JPEG: baseline, extended, lossless, lossless first order.
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    # JPEG-LS and JPEG 2000: lossless, and lossy.
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    # RLE.
    "1.2.840.10008.1.2.5",
    DEFLATED,
)


def encoding(transfer_syntax: str) -> tuple[bool, bool]:
    """Whether a data set is of implicit VR, and whether it is little endian.

    >>> encoding("1.2.840.10008.1.2.4.70")
    (False, True)
    """
    return transfer_syntax == IMPLICIT, transfer_syntax != _BIG_ENDIAN
