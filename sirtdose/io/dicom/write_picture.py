"""Pictures of a result to DICOM: Secondary Capture, one file each (PS3.3 A.8.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.io.dicom.link import result_uid
from sirtdose.io.dicom.write import file_of, pixels_of, save
from sirtdose.io.dicom.write_document import attributes_for_reading, sources_of
from sirtdose.model.patient_link import PatientLink

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that everything is drawn into.

    `pixels` are red, green and blue, (rows, columns, 3) from 0 to 255. `sides` are
    where a row and a column lead to, such as ("L", "P"); empty where planes differ.
    """

    says: str
    pixels: NDArray[np.uint8]
    sides: tuple[str, ...] = ()


def write_pictures(
    pictures: Sequence[tuple[Path, Picture]], link: PatientLink, *, derived: str
) -> None:
    """Write pictures as one series of a patient's study, without loss.

    Single frames of the first Secondary Capture class: every archive and viewer has
    them, which cannot be said of the multi-frame ones. `derived` says what from.
    """
    series = result_uid(link, "picture series")
    sources = sources_of(link)
    for number, (path, picture) in enumerate(pictures, start=1):
        told = sha256(picture.pixels.tobytes()).hexdigest()
        dataset = file_of(
            SECONDARY_CAPTURE,
            result_uid(link, "picture", picture.says, told),
            **attributes_for_reading(link),
            Modality="OT",
            SeriesInstanceUID=series,
            SeriesNumber=906,
            SeriesDescription="sirtdose key images",
            InstanceNumber=number,
            Laterality="",
            ImageType=["DERIVED", "SECONDARY"],
            PatientOrientation=list(picture.sides),
            ImageComments=picture.says,
            DerivationDescription=derived,
            SourceImageSequence=sources,
            LossyImageCompression="00",
            **_colors_of(picture.pixels),
        )
        del dataset.PositionReferenceIndicator
        dataset["PixelData"].VR = "OB"
        save(dataset, path)


def _colors_of(pixels: NDArray[np.uint8]) -> dict[str, Any]:
    rows, columns, _ = pixels.shape
    stored = pixels.tobytes()
    return pixels_of(pixels[..., 0]) | {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
        "Rows": rows,
        "Columns": columns,
        "PixelData": stored + b"\0" * (len(stored) % 2),
    }
