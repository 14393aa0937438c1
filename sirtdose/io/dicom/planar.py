"""Planar NM images: anterior and posterior views of the same patient.

Which view is which is written in up to four places. They are asked in the order in
which they have been found right; two that contradict each other stop the reading.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import (
    FileFormatError,
    GeometryError,
    InputError,
    QuantityError,
    StructureError,
)
from sirtdose.io.dicom.header import (
    Dataset,
    number_if_any,
    numbers,
    pixel_spacing,
    read_dataset,
    reading_dicom,
    shown,
)
from sirtdose.io.dicom.nm_values import nm_values
from sirtdose.io.dicom.pixels import frames_of
from sirtdose.io.image_file import SUFFIXES, stored_voxels, without_unit_axes
from sirtdose.model.volume import Quantity

_PLANAR = ("STATIC", "WHOLE BODY")
_VIEWS = ("anterior", "posterior")
# A detector is above or below the patient when within this of 180 or 0 degrees.
_ANGLE_TOLERANCE = 30.0


@dataclass(frozen=True, eq=False)
class Planar:
    """Counts of both views, the posterior mirrored onto the anterior.

    Arrays are (row, column), columns to the patient's left; `spacing_mm` is the
    distance of rows and of columns; `evidence` says how the views were told apart.
    """

    anterior: NDArray[Any]
    posterior: NDArray[Any]
    spacing_mm: tuple[float, float]
    evidence: str


@dataclass(frozen=True, eq=False)
class _Frame:
    pixels: NDArray[Any]
    detector: Dataset
    dataset: Dataset
    spacing_mm: tuple[float, float]
    path: Path


def read_planar(
    paths: Sequence[Path], *, anterior: int | None = None, posterior: int | None = None
) -> Planar:
    """Read a static or whole-body image as its anterior and posterior view.

    Parameters
    ----------
    paths : sequence of Path
        One file with both views, or one a view.
    anterior, posterior : int, optional
        Frame numbers (from 1, over all files) where the header cannot be believed.

    Raises
    ------
    FileFormatError
        Not planar, or not two frames.
    InputError
        The header does not say which view is which, or contradicts itself.
    """
    frames = [frame for path in paths for frame in _frames(path)]
    if len(frames) < 2:
        raise FileFormatError(
            f"{paths[0].name} contains {len(frames)} view: anterior and posterior are "
            "needed"
        )
    if anterior is not None and posterior is not None:
        chosen = _given(frames, anterior, posterior)
        evidence = "given by the user"
    else:
        if len(frames) != 2:
            raise FileFormatError(
                f"{paths[0].name} contains {len(frames)} views: give --anterior and "
                "--posterior with their frame numbers"
            )
        with reading_dicom(paths[0]):
            chosen, evidence = _told_apart(frames, paths[0])
    front, back = chosen
    if front.pixels.shape != back.pixels.shape or not np.allclose(
        front.spacing_mm, back.spacing_mm
    ):
        raise FileFormatError(
            "the two views differ in size or pixel spacing: give "
            "views of one acquisition"
        )
    # Seen from behind, the patient's left is at the other side.
    return Planar(front.pixels, back.pixels[:, ::-1], front.spacing_mm, evidence)


def _frames(path: Path) -> list[_Frame]:
    with reading_dicom(path):
        dataset = read_dataset(path)
        kinds = [str(value).upper() for value in dataset.get("ImageType", None) or ()]
        if len(kinds) < 3 or kinds[2] not in _PLANAR:
            raise FileFormatError(
                f"{path.name} is not a planar image (ImageType (0008,0008) value 3 is "
                f"'{kinds[2] if len(kinds) > 2 else ''}'): STATIC or WHOLE BODY is "
                "needed"
            )
        counts, quantity, added = nm_values(
            dataset, frames_of(dataset, path, "counts"), path
        )
        if added:
            raise QuantityError(
                f"{path.name} adds an offset to every pixel ({added}), so its counts "
                "have no common scale: export it without an intercept"
            )
        if quantity is not Quantity.COUNTS:
            raise QuantityError(f"{path.name} is not in counts: export it in counts")
        detectors = list(dataset.get("DetectorInformationSequence") or [dataset])
        vector = _detector_vector(dataset, len(counts), path)
        spacing = pixel_spacing(dataset, path)
        return [
            _Frame(
                pixels,
                detectors[min(number, len(detectors)) - 1],
                dataset,
                spacing,
                path,
            )
            for pixels, number in zip(counts, vector, strict=True)
        ]


def _detector_vector(dataset: Dataset, frames: int, path: Path) -> list[int]:
    """The number of each frame's detector, from 1; in their order where not said."""
    if not dataset.get("DetectorVector"):
        return list(range(1, 1 + frames))
    vector = numbers(dataset, "DetectorVector", frames, path)
    if (vector < 1).any() or (vector % 1).any():
        raise FileFormatError(
            f"{path.name} has DetectorVector (0054,0020) = {shown(vector)}: whole "
            "numbers from 1 are needed; export the file again"
        )
    return [int(one) for one in vector]


def _given(frames: Sequence[_Frame], a: int, p: int) -> tuple[_Frame, _Frame]:
    if a == p or not (1 <= a <= len(frames) and 1 <= p <= len(frames)):
        raise InputError(
            f"--anterior {a} and --posterior {p} are not two different frames of 1 to "
            f"{len(frames)}"
        )
    return frames[a - 1], frames[p - 1]


def _told_apart(
    frames: Sequence[_Frame], path: Path
) -> tuple[tuple[_Frame, _Frame], str]:
    answers = []
    for name, witness in _WITNESSES:
        said = [witness(frame) for frame in frames]
        # A witness that says the same of both, or nothing of one, knows nothing.
        if sorted(view or "" for view in said) == sorted(_VIEWS):
            answers.append((name, said.index("anterior")))
    if not answers:
        raise InputError(
            f"{path.name} does not say which view is anterior: give --anterior and "
            "--posterior with the frame numbers"
        )
    (name, front), *others = answers
    for other, its_front in others:
        if its_front != front:
            raise InputError(
                f"{path.name}: {name} and {other} disagree on which view is anterior: "
                "give --anterior and --posterior with the frame numbers"
            )
    return (frames[front], frames[1 - front]), name


def _by_words(text: str) -> str | None:
    """Anterior or posterior, from the words of a view's name.

    >>> _by_words("R VENTRAL L"), _by_words("POST"), _by_words("left lateral")
    ('anterior', 'posterior', None)

    An oblique view is neither.

    >>> _by_words("left anterior oblique"), _by_words("LAO")
    (None, None)
    """
    words = text.lower()
    if re.search(r"\bobl", words):
        return None
    front = re.search(r"\bant(erior)?\b|ventral", words)
    back = re.search(r"\bpost(erior)?\b|dorsal", words)
    if bool(front) == bool(back):
        return None
    return "anterior" if front else "posterior"


def _by_view_code(frame: _Frame) -> str | None:
    codes = frame.detector.get("ViewCodeSequence") or []
    return _by_words(
        " ".join(
            str(c.get(key, "")) for c in codes for key in ("CodeMeaning", "CodeValue")
        )
    )


def _by_start_angle(frame: _Frame) -> str | None:
    angle = number_if_any(frame.detector, "StartAngle", frame.path)
    if angle is None:
        return None
    around = angle % 360
    if abs(around - 180) <= _ANGLE_TOLERANCE:
        return "anterior"
    return "posterior" if min(around, 360 - around) <= _ANGLE_TOLERANCE else None


def _by_orientation(frame: _Frame) -> str | None:
    if not frame.detector.get("ImageOrientationPatient"):
        return None
    cosines = numbers(frame.detector, "ImageOrientationPatient", 6, frame.path)
    if abs(cosines[0]) < 0.9:
        return None
    return "anterior" if cosines[0] > 0 else "posterior"


def _by_series_text(frame: _Frame) -> str | None:
    return _by_words(str(frame.dataset.get("SeriesDescription", "")))


_WITNESSES: tuple[tuple[str, Callable[[_Frame], str | None]], ...] = (
    ("ViewCodeSequence (0054,0220)", _by_view_code),
    ("StartAngle (0054,0200)", _by_start_angle),
    ("ImageOrientationPatient (0020,0037)", _by_orientation),
    ("SeriesDescription (0008,103E)", _by_series_text),
)


def read_planar_mask(path: Path, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Read a mask over the anterior view's pixels, as rows and columns.

    Pixels go as the view's own do: columns to the patient's left, rows to the feet.
    A planar image has no place in the patient, so a mask's own is not looked at.

    Parameters
    ----------
    path : Path
        NIfTI, NRRD or MetaImage of one slice, 0 outside.
    shape : (rows, columns)
        Of the view.

    Raises
    ------
    FileFormatError
        Damaged, another kind of file, or more than one slice.
    GeometryError
        Not as many pixels as the view.
    StructureError
        Nothing is inside.
    """
    stored = stored_voxels(path)
    if stored is None:
        raise FileFormatError(
            f"{path.name} is not a supported mask file: use {', '.join(SUFFIXES)}"
        )
    data = without_unit_axes(stored[0], 2)
    if data.ndim != 2:
        raise FileFormatError(
            f"{path.name} has {data.ndim} dimensions {data.shape}: a mask of one slice "
            "is needed"
        )
    mask: NDArray[np.bool_] = data.T != 0
    if mask.shape != shape:
        raise GeometryError(
            f"{path.name} has {mask.shape[1]} x {mask.shape[0]} pixels, but the view "
            f"has {shape[1]} x {shape[0]}: draw the region on the view itself"
        )
    if not mask.any():
        raise StructureError(f"{path.name} is empty: draw the region")
    return mask
