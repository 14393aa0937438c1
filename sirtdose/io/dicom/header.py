"""Read single attributes of a DICOM header, and say which one is missing."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, MissingTagError
from sirtdose.io.dicom.bare import Dataset as Dataset
from sirtdose.io.dicom.bare import decoding_faults, read_file, undecodable
from sirtdose.io.dicom.nuclide_name import nuclide_words
from sirtdose.io.dicom.time import acquired_at, parse_offset, text_of
from sirtdose.io.reading import reading
from sirtdose.model.emitter import Emitter
from sirtdose.model.nuclide_words import names_in
from sirtdose.model.volume import Source

# Implicit and explicit VR, little endian.
LITTLE_ENDIAN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
_LONG_VALUE = 4096
_SHOWN = 6
_ENDS = ("Lower", "Upper")
_LOST = (
    "compressed with loss (LossyImageCompression (0028,2110) = 01): its values differ "
    "from those that were reconstructed"
)
EXPORT = "export the file again, or correct the value"


def as_numbers(value: object) -> NDArray[np.float64] | None:
    """A value as numbers, one or more; None where one of them is no number."""
    try:
        return np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError, OverflowError):
        return None


def as_text(value: Any) -> str:
    """A value of text, several as DICOM separates them."""
    return "\\".join(map(str, [value] if isinstance(value, str) else value))


def shown(values: NDArray[Any]) -> str:
    r"""Numbers for a message, as DICOM separates them.

    >>> shown(np.array([0.5, 2.0]))
    '0.5\\2'
    >>> shown(np.arange(1.0, 10.0))
    '1\\2\\3\\4\\5\\6 and 3 more'
    """
    numbers = np.ravel(values)
    more = f" and {numbers.size - _SHOWN} more" if numbers.size > _SHOWN else ""
    return "\\".join(f"{one:g}" for one in numbers[:_SHOWN]) + more


def not_numbers(value: Any, has: str, count: int | None) -> str:
    """What is wrong with a value; `has` names file, attribute and tag."""
    parts = [value] if isinstance(value, (str, bytes)) else list(np.atleast_1d(value))
    shown = "\\".join(str(one) for one in parts)
    shown = "".join(one if one.isprintable() else "?" for one in shown)[:40]
    needed = "numbers are" if count is None else f"{count} numbers are"
    needed = "a single number is" if count == 1 else needed
    comma = ", with a decimal point and no comma" if "," in shown else ""
    return f"{has} = {shown}: {needed} needed{comma}; {EXPORT}"


@contextmanager
def reading_dicom(path: Path) -> Iterator[None]:
    """Fail in one way on a damaged file, and be quiet about harmless oddities.

    pydicom warns of decimal strings over 16 characters and the like, which most
    vendors write; what matters is checked where it is used.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    with (
        warnings.catch_warnings(action="ignore"),
        reading(
            path,
            "DICOM",
            InvalidDicomError,
            BytesLengthException,
            NotImplementedError,
            RuntimeError,
        ),
    ):
        try:
            yield
        except AttributeError as error:
            keyword = str(error.name or "")
            if not tag_of(keyword):
                raise
            raise MissingTagError(
                f"{path.name} has no {keyword} {tag_of(keyword)}"
            ) from error
        except decoding_faults() as error:
            named = undecodable(path) if path.is_file() else ""
            if not named:
                raise
            raise FileFormatError(
                f"{path.name} has a damaged {named}: {EXPORT}"
            ) from error


def read_dataset(path: Path) -> Dataset:
    """Read a DICOM file."""
    with reading_dicom(path):
        return _with_syntax(read_file(path))


def deferred_dataset(path: Path) -> Dataset:
    """Read a header; long values stay in the file until asked for.

    To be called within :func:`reading_dicom`.
    """
    return _with_syntax(read_file(path, defer_size=_LONG_VALUE))


def _with_syntax(dataset: Dataset) -> Dataset:
    """A file without a transfer syntax was read as what it looked like: say so."""
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        if little:
            dataset.file_meta.add_new(
                "TransferSyntaxUID", "UI", LITTLE_ENDIAN[0 if implicit else 1]
            )
    return dataset


def value_of(dataset: Dataset, keyword: str, path: Path) -> Any:
    """The value of an attribute as pydicom decodes it; None where it is not there.

    Raises
    ------
    FileFormatError
        It cannot be decoded; names the attribute, its tag and the file.
    """
    try:
        return dataset.get(keyword)
    except decoding_faults() as error:
        raise FileFormatError(
            f"{path.name} has a damaged {keyword} {tag_of(keyword)}: {EXPORT}"
        ) from error


def required(dataset: Dataset, keyword: str, path: Path, remedy: str = "") -> Any:
    """The value of an attribute that must be there and not be empty.

    Raises
    ------
    MissingTagError
        Names the attribute, its tag, the file, and the remedy.
    """
    value = value_of(dataset, keyword, path)
    if _is_empty(value):
        raise MissingTagError(
            f"{path.name} has no {keyword} {tag_of(keyword)}"
            f"{': ' + remedy if remedy else ''}"
        )
    return value


def _is_empty(value: object) -> bool:
    return value is None or (hasattr(value, "__len__") and len(value) == 0)


def tag_of(keyword: str) -> str:
    """The tag of an attribute, as people write it.

    >>> tag_of("PixelSpacing")
    '(0028,0030)'
    """
    from pydicom.datadict import tag_for_keyword
    from pydicom.tag import Tag

    number = tag_for_keyword(keyword)
    return str(Tag(number)) if number is not None else ""


def numbers(
    dataset: Dataset, keyword: str, count: int | None, path: Path
) -> NDArray[np.float64]:
    """An attribute's numbers: exactly as many as it must have, or one or more.

    Raises
    ------
    MissingTagError, GeometryError
        Absent; or not that many finite numbers.
    """
    value = required(dataset, keyword, path)
    values = as_numbers(value)
    fits = values is not None and (values.shape == (count,) or count is None)
    if values is None or not fits or not np.isfinite(values).all():
        raise GeometryError(not_numbers(value, _named(keyword, path), count))
    return values


def number(
    dataset: Dataset,
    keyword: str,
    path: Path,
    remedy: str = "",
    *,
    above: float | None = None,
    least: float | None = None,
) -> float:
    """The single number of an attribute that must be there.

    Raises
    ------
    MissingTagError, FileFormatError
        Absent; or not one finite number above `above` and not below `least`.
    """
    value = required(dataset, keyword, path, remedy)
    values = as_numbers(value)
    if values is None or values.shape != (1,) or not np.isfinite(values).all():
        raise FileFormatError(not_numbers(value, _named(keyword, path), 1))
    said = ""
    if above is not None and not values[0] > above:
        said = f"above {above:g}"
    if least is not None and values[0] < least:
        said = f"{least:g} or more"
    if said:
        raise FileFormatError(
            f"{path.name} has {keyword} {tag_of(keyword)} = {values[0]:g}: it must be "
            f"{said}; {EXPORT}"
        )
    return float(values[0])


def number_if_any(
    dataset: Dataset,
    keyword: str,
    path: Path,
    *,
    above: float | None = None,
    least: float | None = None,
) -> float | None:
    """The single number of an attribute; None where it is absent or empty.

    Raises
    ------
    FileFormatError
        As for :func:`number`.
    """
    is_empty = _is_empty(value_of(dataset, keyword, path))
    return (
        None if is_empty else number(dataset, keyword, path, above=above, least=least)
    )


def stated_half_lives_h(dataset: Dataset, path: Path) -> Iterator[float]:
    """Each RadionuclideHalfLife in hours that is there, and not empty or 0."""
    for item in dataset.get("RadiopharmaceuticalInformationSequence") or []:
        seconds = number_if_any(item, "RadionuclideHalfLife", path, least=0)
        if seconds:
            yield seconds / 3600


def whole_number(
    dataset: Dataset, keyword: str, path: Path, *, above: float | None = None
) -> int:
    """The single whole number of an attribute that must be there.

    Raises
    ------
    MissingTagError, FileFormatError
        Absent; or not one whole number greater than `above`.
    """
    value = number(dataset, keyword, path, above=above)
    if not value.is_integer():
        raise FileFormatError(
            f"{path.name} has {keyword} {tag_of(keyword)} = {value:g}: a whole number "
            f"is needed; {EXPORT}"
        )
    return int(value)


def _named(keyword: str, path: Path) -> str:
    return f"{path.name} has {keyword} {tag_of(keyword)}"


def orientation(
    dataset: Dataset, path: Path
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors along a row (column steps) and along a column (row steps)."""
    cosines = numbers(dataset, "ImageOrientationPatient", 6, path)
    along_row, along_column = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(along_row), np.linalg.norm(along_column)
    if (
        min(lengths) < 0.99
        or max(lengths) > 1.01
        or abs(along_row @ along_column) > 1e-3
    ):
        raise GeometryError(
            f"{path.name} has ImageOrientationPatient (0020,0037) = "
            f"{shown(cosines)}: two unit vectors at right angles are needed"
        )
    return along_row / lengths[0], along_column / lengths[1]


def pixel_spacing(dataset: Dataset, path: Path) -> tuple[float, float]:
    """Distance between rows, and between columns, in mm."""
    rows_apart, columns_apart = numbers(dataset, "PixelSpacing", 2, path)
    if min(rows_apart, columns_apart) <= 0:
        raise GeometryError(
            f"{path.name} has PixelSpacing (0028,0030) = "
            f"{rows_apart:g}, {columns_apart:g} mm: it must be above 0"
        )
    return float(rows_apart), float(columns_apart)


def plane_steps(
    dataset: Dataset, path: Path, *, placed: Dataset | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit normal of an image's plane; and the steps from row to row and column, mm.

    `placed` is the item that states the orientation, where the data set does not. The
    steps are columns of an array of shape (3, 2).
    """
    along_row, along_column = orientation(placed or dataset, path)
    rows_apart, columns_apart = pixel_spacing(dataset, path)
    steps = np.column_stack([along_column * rows_apart, along_row * columns_apart])
    return np.cross(along_row, along_column), steps


def frame_of_reference(dataset: Dataset) -> str | None:
    """The data set's frame of reference, if it names one."""
    return str(dataset.get("FrameOfReferenceUID", "") or "").strip() or None


def private_value(
    dataset: Dataset, group: int, creator: str, element: int
) -> object | None:
    """A private element's value, found by its creator and not by a fixed block.

    Bytes where the file does not say what they are.
    """
    try:
        tag = dataset.private_block(group, creator).get_tag(element)
    except KeyError:
        return None
    raw = dataset.get_item(tag)
    if raw is None:
        return None
    # A private dictionary may claim another type than the vendor wrote.
    value: object = (
        raw.value if getattr(raw, "VR", None) in (None, "UN") else dataset[tag].value
    )
    return value


def source_of(
    dataset: Dataset, paths: Sequence[Path], nuclide: Emitter | None = None
) -> Source:
    """Where an image came from, and what its header says of scan and nuclide.

    Words for the `nuclide` that was given are understood as its file has them.
    """
    start, origin = acquired_at(dataset)
    words = nuclide_words([dataset], nuclide)
    frame_ms = number_if_any(dataset, "ActualFrameDuration", paths[0], least=0)
    return Source(
        files=tuple(sorted(path.name for path in paths)),
        modality=str(dataset.get("Modality", "")),
        series_instance_uid=str(dataset.get("SeriesInstanceUID", "")) or None,
        study_instance_uid=str(dataset.get("StudyInstanceUID", "")) or None,
        scan_start=start,
        scan_start_origin=origin,
        clock_offset=parse_offset(text_of(dataset, "TimezoneOffsetFromUTC")),
        nuclide_in_header=names_in(words, nuclide),
        nuclide_words=words,
        half_life_in_header_h=half_life_in_header_h(dataset, paths[0]),
        frame_duration_s=None if frame_ms is None else frame_ms / 1000,
        corrections=tuple(
            str(one) for one in np.atleast_1d(dataset.get("CorrectedImage") or [])
        ),
        energy_windows_kev=_energy_windows(dataset, paths[0]),
        remarks=(_LOST,) * (str(dataset.get("LossyImageCompression", "")) == "01"),
    )


def half_life_in_header_h(dataset: Dataset, path: Path) -> float | None:
    """The half-life that the header states for its nuclide, h."""
    return next(iter(stated_half_lives_h(dataset, path)), None)


def _energy_windows(dataset: Dataset, path: Path) -> tuple[tuple[float, float], ...]:
    windows = (
        [number_if_any(one, f"EnergyWindow{end}Limit", path) for end in _ENDS]
        for window in dataset.get("EnergyWindowInformationSequence") or []
        for one in window.get("EnergyWindowRangeSequence") or []
    )
    return tuple(
        (low, high) for low, high in windows if low is not None and high is not None
    )
