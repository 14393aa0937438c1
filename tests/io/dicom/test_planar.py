"""Anterior and posterior, whichever way the header tells."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.dicom.planar import read_planar
from sirtdose.io.dicom.write import write_nm
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume
from tests.io.dicom.test_dicom import STUDY

FRONT = np.arange(30).reshape(5, 6)
# The same patient from behind: left and right change sides.
BACK = FRONT[:, ::-1] + 100
Detector = Callable[[Dataset, str], object]


def view_code(detector: Dataset, view: str) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "X", "99NMG"
    code.CodeMeaning = "R VENTRAL L" if view == "anterior" else "L DORSAL R"
    detector.ViewCodeSequence = [code]


def start_angle(detector: Dataset, view: str) -> None:
    detector.StartAngle = "180" if view == "anterior" else "360"


def orientation(detector: Dataset, view: str) -> None:
    side = 1 if view == "anterior" else -1
    detector.ImageOrientationPatient = [side, 0, 0, 0, 0, -1]


def same_orientation(detector: Dataset, view: str) -> None:
    del view
    detector.ImageOrientationPatient = [-1, 0, 0, 0, 0, -1]


def lying_orientation(detector: Dataset, view: str) -> None:
    orientation(detector, "posterior" if view == "anterior" else "anterior")


def planar(path: Path, order: tuple[str, str], *evidence: Detector) -> Path:
    frames = np.stack([FRONT if view == "anterior" else BACK for view in order])
    grid = Grid.regular((2, 5, 6), spacing_mm=(1.0, 2.4, 2.2))
    write_nm(Volume(frames, grid, Quantity.COUNTS), path, STUDY)
    dataset = pydicom.dcmread(path)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]
    dataset.FrameIncrementPointer = [0x00540010, 0x00540020]
    dataset.EnergyWindowVector, dataset.DetectorVector = [1, 1], [1, 2]
    detectors = []
    for view in order:
        detector = Dataset()
        for one in evidence:
            one(detector, view)
        detectors.append(detector)
    dataset.DetectorInformationSequence = detectors
    dataset.save_as(path)
    return path


@pytest.mark.parametrize(
    "order", [("anterior", "posterior"), ("posterior", "anterior")]
)
@pytest.mark.parametrize(
    "evidence",
    [
        (view_code,),
        (start_angle,),
        (orientation,),
        (start_angle, same_orientation),
        (view_code, start_angle, orientation),
    ],
)
def test_views_are_told_apart_and_the_posterior_mirrored(
    tmp_path: Path, order: tuple[str, str], evidence: tuple[Detector, ...]
) -> None:
    image = read_planar([planar(tmp_path / "p.dcm", order, *evidence)])
    np.testing.assert_array_equal(image.anterior, FRONT)
    np.testing.assert_array_equal(image.posterior, FRONT + 100)
    assert image.spacing_mm == (2.4, 2.2)


def test_contradiction_and_silence_ask(tmp_path: Path) -> None:
    order = ("anterior", "posterior")
    contradicting = planar(tmp_path / "c.dcm", order, start_angle, lying_orientation)
    with pytest.raises(InputError, match=r"disagree .* --anterior and --posterior"):
        read_planar([contradicting])
    silent = planar(tmp_path / "s.dcm", order, same_orientation)
    with pytest.raises(InputError, match="does not say which view is anterior"):
        read_planar([silent])
    given = read_planar([silent], anterior=1, posterior=2)
    np.testing.assert_array_equal(given.posterior, FRONT + 100)
    with pytest.raises(InputError, match="not two different frames"):
        read_planar([silent], anterior=2, posterior=2)


def test_a_reconstruction_is_no_planar_image(exact_contours: Path) -> None:
    with pytest.raises(FileFormatError, match="STATIC or WHOLE BODY is needed"):
        read_planar([exact_contours / "spect.dcm"])
