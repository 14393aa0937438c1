"""Activity concentration to DICOM: a PET series of F-18, corrected to its start."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from sirtdose.data.load import table
from sirtdose.io.dicom.write import (
    Study,
    decimal,
    file_of,
    item,
    pixels_of,
    plane_of,
    save,
)
from sirtdose.model.volume import Quantity, Volume

_PET = "1.2.840.10008.5.1.4.1.1.128"
_F18_HALF_LIFE_S = 3600 * float(table("positron_emitters")["F-18"]["half_life_h"])
_FRAME_MS = 120_000


@dataclass(frozen=True)
class FdgInjection:
    """What a header says of the patient and of the injection of FDG."""

    injected_at: datetime
    injected_bq: float
    weight_kg: float
    height_m: float

    def left(self, at: datetime) -> float:
        """The part of the activity that has not decayed."""
        elapsed_s = (at - self.injected_at).total_seconds()
        return float(0.5 ** (elapsed_s / _F18_HALF_LIFE_S))


def write_pet(
    volume: Volume, folder: Path, study: Study, injection: FdgInjection
) -> list[Path]:
    """Write a concentration at the start of the scan, one file a slice.

    The acquisition time equals the series time, so the moment of the correction is
    plain.
    """
    concentration = volume.require(Quantity.ACTIVITY_CONCENTRATION)
    slope = decimal(max(float(concentration.max()), 1.0) / 60000)
    tracer = item(
        Radiopharmaceutical="Fluorodeoxyglucose F^18^",
        RadionuclideTotalDose=decimal(injection.injected_bq),
        RadionuclideHalfLife=decimal(_F18_HALF_LIFE_S),
        RadiopharmaceuticalStartDateTime=injection.injected_at.strftime("%Y%m%d%H%M%S"),
    )
    described = study.attributes | {
        "PatientWeight": decimal(injection.weight_kg),
        "PatientSize": decimal(injection.height_m),
    }
    paths = []
    for k, values in enumerate(concentration):
        dataset = file_of(
            _PET,
            study.uid(f"pet {k}"),
            **described,
            Modality="PT",
            ImageType=["ORIGINAL", "PRIMARY"],
            SeriesInstanceUID=study.uid("pet series"),
            SeriesNumber=4,
            SeriesDescription="FDG PET",
            SeriesType=["WHOLE BODY", "IMAGE"],
            InstanceNumber=k + 1,
            NumberOfSlices=len(concentration),
            Units="BQML",
            CountsSource="EMISSION",
            DecayCorrection="START",
            CorrectedImage=["ATTN", "SCAT", "DECY"],
            ActualFrameDuration=str(_FRAME_MS),
            FrameReferenceTime="0",
            ImagePositionPatient=[decimal(x) for x in volume.grid.world_mm((k, 0, 0))],
            RescaleIntercept="0",
            RescaleSlope=slope,
            RadiopharmaceuticalInformationSequence=[tracer],
            **plane_of(volume.grid),
            **pixels_of(np.rint(values / float(slope)).astype("<u2")),
        )
        path = folder / f"pet{k:03d}.dcm"
        save(dataset, path)
        paths.append(path)
    return paths
