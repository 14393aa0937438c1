"""Read single attributes of a DICOM header, and say which one is missing."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, MissingTagError
from sirtdose.io.dicom_time import acquired_at
from sirtdose.io.nuclide_name import names_in, nuclide_words
from sirtdose.io.reading import reading
from sirtdose.model.volume import Source

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


# Implicit and explicit VR, little endian.
_LITTLE_ENDIAN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
_LONG_VALUE = 4096
_COMPRESSED_REMEDY = 'pip install "sirtdose[compressed]", or send it uncompressed'


@contextmanager
def reading_dicom(path: Path) -> Iterator[None]:
    """Fail in one way on a damaged file, and be quiet about harmless oddities.

    pydicom warns of decimal strings over 16 characters and the like, which most
    vendors write; what matters is checked where it is used.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with reading(
            path,
            "DICOM",
            InvalidDicomError,
            BytesLengthException,
            NotImplementedError,
            RuntimeError,
        ):
            yield


def read_dataset(path: Path) -> "Dataset":
    """Read a DICOM file."""
    import pydicom

    with reading_dicom(path):
        return _with_syntax(pydicom.dcmread(path))


def deferred_dataset(path: Path) -> "Dataset":
    """Read a header; long values stay in the file until asked for.

    To be called within :func:`reading_dicom`.
    """
    import pydicom

    return _with_syntax(pydicom.dcmread(path, defer_size=_LONG_VALUE))


def _with_syntax(dataset: "Dataset") -> "Dataset":
    """A file without a transfer syntax was read as what it looked like: say so."""
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        if little:
            syntax = _LITTLE_ENDIAN[0 if implicit else 1]
            dataset.file_meta.add_new("TransferSyntaxUID", "UI", syntax)
    return dataset


def required(dataset: "Dataset", keyword: str, path: Path, remedy: str = "") -> Any:
    """The value of an attribute that must be there and not be empty.

    Raises
    ------
    MissingTagError
        Names the attribute, its tag, the file, and the remedy.
    """
    value = dataset.get(keyword)
    if value is None or (hasattr(value, "__len__") and len(value) == 0):
        raise MissingTagError(
            f"{path.name} has no {keyword} {tag_of(keyword)}"
            f"{': ' + remedy if remedy else ''}"
        )
    return value


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
    dataset: "Dataset", keyword: str, count: int, path: Path, remedy: str = ""
) -> NDArray[np.float64]:
    """An attribute's numbers, exactly as many as it must have.

    Raises
    ------
    MissingTagError, GeometryError
        Absent; or not that many finite numbers.
    """
    value = required(dataset, keyword, path, remedy)
    values = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if values.shape != (count,) or not np.isfinite(values).all():
        raise GeometryError(
            f"{path.name} has {keyword} {tag_of(keyword)} = {value}: {count} numbers "
            "are needed"
        )
    return values


def orientation(
    dataset: "Dataset", path: Path
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
            f"{cosines.tolist()}: two unit vectors at right angles are needed"
        )
    return along_row / lengths[0], along_column / lengths[1]


def pixel_spacing(dataset: "Dataset", path: Path) -> tuple[float, float]:
    """Distance between rows, and between columns, in mm."""
    rows_apart, columns_apart = numbers(dataset, "PixelSpacing", 2, path)
    if min(rows_apart, columns_apart) <= 0:
        raise GeometryError(
            f"{path.name} has PixelSpacing (0028,0030) = "
            f"{rows_apart:g}, {columns_apart:g} mm: it must be above 0"
        )
    return float(rows_apart), float(columns_apart)


def pixels_of(dataset: "Dataset", path: Path) -> NDArray[Any]:
    """Stored pixel values, untouched.

    Raises
    ------
    FileFormatError
        No pixels, or compressed in a way no installed plugin reads.
    """
    plain = _plain_pixels(dataset, path)
    if plain is not None:
        return plain
    if not dataset.get("PixelData"):
        raise FileFormatError(
            f"{path.name} has no PixelData (7FE0,0010), or it is empty"
        )
    with reading_dicom(path):
        try:
            pixels: NDArray[Any] = dataset.pixel_array
        except (RuntimeError, NotImplementedError):
            syntax = dataset.file_meta.TransferSyntaxUID
            if not syntax.is_compressed:
                raise
            raise FileFormatError(
                f"{path.name} is compressed ({syntax.name}) and no installed plugin "
                f"reads it: {_COMPRESSED_REMEDY}"
            ) from None
    return pixels


def _plain_pixels(dataset: "Dataset", path: Path) -> NDArray[Any] | None:
    """Pixels of the plainest encoding, in a tenth of the time; None for any other.

    Little-endian 16-bit single frames, one sample a pixel, of exactly the size the
    header says, using no bit above those stored.
    """
    if dataset.file_meta.get("TransferSyntaxUID") not in _LITTLE_ENDIAN:
        return None
    rows, columns = dataset.get("Rows"), dataset.get("Columns")
    bits = dataset.get("BitsStored")
    plain = (
        dataset.get("BitsAllocated") == 16
        and dataset.get("SamplesPerPixel") == 1
        and dataset.get("NumberOfFrames") in (None, 1)
        and dataset.get("PixelRepresentation") in (0, 1)
        and bits in range(1, 17)
        and dataset.get("HighBit") == bits - 1
    )
    stored: Any = dataset.get_item("PixelData", keep_deferred=True)
    if not plain or stored is None:
        return None
    signed = dataset.PixelRepresentation == 1
    kind = np.dtype("<i2" if signed else "<u2")
    if stored.value is None and stored.length == 2 * rows * columns:
        # Straight from the file: the data set need not keep a copy.
        pixels = np.fromfile(path, kind, rows * columns, offset=stored.value_tell)
    elif isinstance(stored.value, bytes):
        pixels = np.frombuffer(stored.value, kind)
    else:
        return None
    if pixels.size != rows * columns:
        return None
    if bits < 16 and (signed or pixels.max() >= 1 << bits):
        return None
    plane: NDArray[Any] = pixels.reshape(rows, columns)
    return plane


def rescaled(dataset: "Dataset", stored: NDArray[Any], path: Path) -> NDArray[Any]:
    """Stored values times RescaleSlope plus RescaleIntercept, of this data set."""
    slope = float(dataset.get("RescaleSlope", 1) or 0)
    intercept = float(dataset.get("RescaleIntercept", 0) or 0)
    if not np.isfinite([slope, intercept]).all() or slope == 0:
        raise GeometryError(
            f"{path.name} has RescaleSlope (0028,1053) = {slope} and "
            f"RescaleIntercept (0028,1052) = {intercept}: finite numbers, with a "
            "slope that is not 0, are needed"
        )
    if slope == 1 and intercept == 0:
        return stored
    return stored.astype(np.float64) * slope + intercept


def frame_of_reference(dataset: "Dataset") -> str | None:
    """The data set's frame of reference, if it names one."""
    uid = str(dataset.get("FrameOfReferenceUID", "") or "").strip()
    return uid or None


def private_value(
    dataset: "Dataset", group: int, creator: str, element: int
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


def source_of(dataset: "Dataset", paths: Sequence[Path]) -> Source:
    """Where an image came from, and what its header says of scan and nuclide."""
    start, origin = acquired_at(dataset)
    words = nuclide_words([dataset])
    return Source(
        files=tuple(sorted(path.name for path in paths)),
        modality=str(dataset.get("Modality", "")),
        series_instance_uid=str(dataset.get("SeriesInstanceUID", "")) or None,
        study_instance_uid=str(dataset.get("StudyInstanceUID", "")) or None,
        scan_start=start,
        scan_start_origin=origin,
        nuclide_in_header=names_in(words),
        nuclide_words=words,
        half_life_in_header_h=half_life_in_header_h(dataset),
        frame_duration_s=_milliseconds(dataset.get("ActualFrameDuration")),
        corrections=tuple(
            str(one) for one in np.atleast_1d(dataset.get("CorrectedImage") or [])
        ),
        energy_windows_kev=_energy_windows(dataset),
        remarks=_lost_in_compression(dataset),
    )


def _lost_in_compression(dataset: "Dataset") -> tuple[str, ...]:
    if str(dataset.get("LossyImageCompression", "")) != "01":
        return ()
    return (
        "compressed with loss (LossyImageCompression (0028,2110) = 01): its values are "
        "not those that were reconstructed",
    )


def _milliseconds(value: Any) -> float | None:
    return None if value in (None, "") else float(value) / 1000


def half_life_in_header_h(dataset: "Dataset") -> float | None:
    """The half-life that the header states for its nuclide, h."""
    for item in dataset.get("RadiopharmaceuticalInformationSequence") or []:
        seconds = item.get("RadionuclideHalfLife")
        if seconds and float(seconds) > 0:
            return float(seconds) / 3600
    return None


def _energy_windows(dataset: "Dataset") -> tuple[tuple[float, float], ...]:
    windows = []
    for window in dataset.get("EnergyWindowInformationSequence") or []:
        for bounds in window.get("EnergyWindowRangeSequence") or []:
            low = bounds.get("EnergyWindowLowerLimit")
            high = bounds.get("EnergyWindowUpperLimit")
            if low is not None and high is not None:
                windows.append((float(low), float(high)))
    return tuple(windows)
