"""Stored pixels of a DICOM file, and what the header claims of them."""

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, QuantityError
from sirtdose.io.dicom.header import (
    LITTLE_ENDIAN,
    Dataset,
    number,
    number_if_any,
    reading_dicom,
    whole_number,
)

_COMPRESSED_REMEDY = 'pip install "sirtdose[compressed]", or send it uncompressed'
_ALLOCATED = (1, 8, 16, 32, 64)
_OVERLAY_GROUPS = range(0x6000, 0x601F, 2)


def pixels_of(dataset: Dataset, path: Path) -> NDArray[Any]:
    """Stored pixel values, untouched.

    Raises
    ------
    FileFormatError
        No pixels, fewer or more than the header says, or compressed in a way no
        installed plugin reads.
    QuantityError
        Bits above BitsStored that neither a sign nor an overlay explains.
    """
    values, contradiction = stored_pixels(dataset, path)
    if contradiction:
        raise QuantityError(
            f"{contradiction}: which one is right is not known; export the file again"
        )
    return values


def frames_of(dataset: Dataset, path: Path, what: str) -> NDArray[Any]:
    """Stored pixel values as frames, rows and columns; `what` they are to be.

    Raises
    ------
    FileFormatError, QuantityError
        As for :func:`pixels_of`; or several values a pixel.
    """
    stored = pixels_of(dataset, path)
    if stored.ndim == 2:
        stored = stored[None]
    if stored.ndim != 3:
        raise FileFormatError(f"{path.name} has color pixels: {what} are needed")
    return stored


def stored_pixels(dataset: Dataset, path: Path) -> tuple[NDArray[Any], str]:
    """Stored pixel values, bits above BitsStored cut off, and a word where there are.

    Raises
    ------
    FileFormatError
        As for :func:`pixels_of`.
    """
    with reading_dicom(path):
        plain = _plain_pixels(dataset, path)
        if plain is not None:
            return plain, ""
        if not dataset.get("PixelData"):
            raise FileFormatError(
                f"{path.name} has no PixelData (7FE0,0010), or it is empty: export it "
                "again"
            )
        syntax = dataset.file_meta.get("TransferSyntaxUID")
        require_bits(dataset, path)
        native = syntax is not None and not syntax.is_compressed
        if native:
            require_length(dataset, path)
        try:
            pixels: NDArray[Any] = dataset.pixel_array
        except (RuntimeError, NotImplementedError):
            if native or syntax is None:
                raise
            raise FileFormatError(
                f"{path.name} is compressed ({syntax.name}) and no installed plugin "
                f"reads it: {_COMPRESSED_REMEDY}"
            ) from None
        return pixels, _stray_bits(dataset, path) if native else ""


def _plain_pixels(dataset: Dataset, path: Path) -> NDArray[Any] | None:
    """Pixels of the plainest encoding, in a tenth of the time; None for any other.

    Little-endian 16-bit single frames, one sample a pixel, of exactly the size the
    header says, using no bit above those stored.
    """
    if dataset.file_meta.get("TransferSyntaxUID") not in LITTLE_ENDIAN:
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
    whole = pixels.size == rows * columns
    if not whole or (bits < 16 and (signed or pixels.max() >= 1 << bits)):
        return None
    return pixels.reshape(rows, columns)


def require_bits(dataset: Dataset, path: Path) -> None:
    """Refuse bits of a pixel that contradict each other, before they are decoded.

    Raises
    ------
    MissingTagError, FileFormatError
        Names the attribute, its tag and its value.
    """
    allocated = whole_number(dataset, "BitsAllocated", path)
    stored = whole_number(dataset, "BitsStored", path)
    signed = whole_number(dataset, "PixelRepresentation", path)
    for keyword, value, fits, needed in (
        ("BitsAllocated (0028,0100)", allocated, allocated in _ALLOCATED, "1 to 64"),
        (
            "BitsStored (0028,0101)",
            stored,
            1 <= stored <= allocated,
            f"1 to {allocated}",
        ),
        ("PixelRepresentation (0028,0103)", signed, signed in (0, 1), "0 or 1"),
    ):
        if not fits:
            raise FileFormatError(
                f"{path.name} has {keyword} = {value}: {needed} is needed; export the "
                "file again"
            )


def require_length(dataset: Dataset, path: Path) -> None:
    """Refuse fewer bytes than the header says, or whole frames more.

    Raises
    ------
    FileFormatError
        Names what is there and what the header says.
    """
    frames = int(number_if_any(dataset, "NumberOfFrames", path, above=0) or 1)
    sizes = [whole_number(dataset, key, path, above=0) for key in ("Rows", "Columns")]
    samples = whole_number(dataset, "SamplesPerPixel", path, above=0)
    bits = whole_number(dataset, "BitsAllocated", path, above=0)
    needed = (prod(sizes) * samples * bits + 7) // 8
    there = len(dataset.PixelData)
    claim = f"NumberOfFrames (0028,0008) {frames} of {sizes[0]} x {sizes[1]} pixels"
    if there < prod(sizes) * samples * bits * frames / 8:
        raise FileFormatError(
            f"{path.name} is truncated: {there} bytes of pixel data is less than "
            f"expected in PixelData (7FE0,0010) for {claim}; send it again"
        )
    if there >= needed * (frames + 1):
        raise FileFormatError(
            f"{path.name} has PixelData (7FE0,0010) of {there} bytes, which is "
            f"{there // needed} frames, for {claim}: export the file again"
        )


def _stray_bits(dataset: Dataset, path: Path) -> str:
    """Bits above BitsStored that no sign and no overlay explains; else nothing.

    A signed value fills them with its sign; old files keep an overlay in them.
    """
    allocated = whole_number(dataset, "BitsAllocated", path)
    stored = whole_number(dataset, "BitsStored", path, above=0)
    high = whole_number(dataset, "HighBit", path)
    if allocated not in (8, 16, 32):
        return ""
    if high != stored - 1:
        return (
            f"{path.name} has HighBit (0028,0102) = {high} and BitsStored (0028,0101) "
            f"= {stored}, where {stored - 1} would fit"
        )
    if stored >= allocated:
        return ""
    kind = np.dtype(f"{'<' if dataset.original_encoding[1] else '>'}u{allocated // 8}")
    data = dataset.PixelData
    raw = np.frombuffer(data[: len(data) // kind.itemsize * kind.itemsize], kind)
    mask = (1 << allocated) - (1 << stored)
    for bit in _overlay_bits(dataset, allocated):
        mask &= ~(1 << bit)
    stray = raw & kind.type(mask)
    if dataset.get("PixelRepresentation") == 1:
        negative = (raw >> kind.type(stored - 1)) & kind.type(1)
        # A sign fills all of them, or none where the writer left them 0.
        explained = (stray == 0) | ((stray == mask) & (negative == 1))
    else:
        explained = stray == 0
    wrong = int((~explained).sum())
    said = f"{path.name} has BitsStored (0028,0101) = {stored}, and {wrong} pixels use"
    return f"{said} bits above them" if wrong else ""


def _overlay_bits(dataset: Dataset, allocated: int) -> list[int]:
    """The bits of a pixel in which overlays are kept, by the header."""
    bits = []
    for group in _OVERLAY_GROUPS:
        position, of = (dataset.get((group, element)) for element in (0x0102, 0x0100))
        if position is not None and of is not None and (group, 0x3000) not in dataset:
            bit = position.value
            if of.value == allocated and isinstance(bit, int) and 0 < bit < allocated:
                bits.append(bit)
    return bits


def rescaled(dataset: Dataset, stored: NDArray[Any], path: Path) -> NDArray[Any]:
    """Stored values times RescaleSlope plus RescaleIntercept, of this data set.

    A slope of 0 is right where every pixel is 0: the slice is empty.

    Raises
    ------
    QuantityError
        A slope of 0 with pixels that are not 0.
    """
    slope, intercept = scale_of(dataset, path)
    if slope == 0 and stored.any():
        raise QuantityError(
            f"{path.name} has RescaleSlope (0028,1053) = 0, and pixels that are not "
            "0: their values are lost; send the series again"
        )
    same = slope == 1 and intercept == 0
    return stored if same else stored.astype(np.float64) * slope + intercept


def scale_of(dataset: Dataset, path: Path) -> tuple[float, float]:
    """RescaleSlope and RescaleIntercept; 1 and 0 where they are not there.

    Raises
    ------
    MissingTagError, FileFormatError
        A slope that is there and empty; or not a single finite number.
    """
    slope = number(dataset, "RescaleSlope", path) if "RescaleSlope" in dataset else 1.0
    return slope, number_if_any(dataset, "RescaleIntercept", path) or 0.0
