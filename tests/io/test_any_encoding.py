"""However a scanner orders, turns and encodes its slices, the Volume is the same."""

import tempfile
from pathlib import Path

import numpy as np
import pydicom
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.dicom.stack import read_ct
from sirtdose.io.dicom.write import write_ct, write_nm
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume
from tests.conftest import assert_same_image
from tests.io.dicom.test_dicom import STUDY

SHAPE = (4, 5, 6)
NUMBERS = (np.arange(120).reshape(SHAPE) * 7 - 300).astype(np.int16)
NUMBERS[0, 0, 0] = 1999
ENCODINGS = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
)

angles = st.tuples(*[st.floats(-np.pi, np.pi)] * 3)
spacings = st.tuples(*[st.floats(0.8, 9.0)] * 3)


def turned(angle: tuple[float, float, float], spacing: tuple[float, ...]) -> Grid:
    """A grid turned any way about three axes."""
    turn = np.eye(3)
    for axis, a in enumerate(angle):
        c, s = np.cos(a), np.sin(a)
        i, j = (axis + 1) % 3, (axis + 2) % 3
        about = np.eye(3)
        about[i, i], about[i, j], about[j, i], about[j, j] = c, -s, s, c
        turn = turn @ about
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.fliplr(np.diag(spacing[::-1]))
    affine[:3, 3] = -123.4, 56.7, 890.1
    return Grid(SHAPE, affine, STUDY.frame_of_reference_uid)


def encode(path: Path, syntax: str, signed: bool, slope: int) -> None:
    dataset = pydicom.dcmread(path)
    stored = dataset.pixel_array.astype(np.int32)
    if "RescaleIntercept" in dataset:
        numbers = stored + int(dataset.RescaleIntercept)
        intercept = 0 if signed else int(numbers.min()) - slope
        # A slope that divides every number keeps the encoding exact.
        stored = numbers - intercept
        if (stored % slope).any():
            slope = 1
        stored //= slope
        dataset.RescaleIntercept, dataset.RescaleSlope = str(intercept), str(slope)
        dataset.PixelRepresentation = int(signed)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PixelData = stored.astype("<i2" if signed else "<u2").tobytes()
    if syntax == RLELossless:
        dataset.compress(RLELossless)
        dataset.save_as(path)
        return
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = stored.astype(">i2" if signed else ">u2").tobytes()
    # A data set of its own, every element decoded: then any syntax can be written.
    fresh = pydicom.Dataset()
    for element in dataset:
        fresh.add(element)
    fresh.file_meta = dataset.file_meta
    fresh.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    fresh.save_as(path, enforce_file_format=True)


@settings(max_examples=40)
@given(
    angles,
    spacings,
    st.permutations(range(SHAPE[0])),
    st.sampled_from(ENCODINGS),
    st.booleans(),
    st.sampled_from([1, 7]),
)
def test_ct(
    angle: tuple[float, float, float],
    spacing: tuple[float, float, float],
    order: list[int],
    syntax: str,
    signed: bool,
    slope: int,
) -> None:
    original = Volume(NUMBERS, turned(angle, spacing), Quantity.CT_NUMBER)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_ct(original, Path(folder), STUDY)
        for path in paths:
            encode(path, syntax, signed, slope)
        again = read_ct([paths[k] for k in order])
    assert_same_image(again, original, within_mm=1e-3)


@settings(max_examples=40)
@given(
    angles,
    spacings,
    st.permutations(range(1, SHAPE[0] + 1)),
    st.sampled_from(ENCODINGS),
    st.booleans(),
)
def test_nm(
    angle: tuple[float, float, float],
    spacing: tuple[float, float, float],
    order: list[int],
    syntax: str,
    towards_feet: bool,
) -> None:
    grid = turned(angle, spacing)
    if towards_feet:
        affine = grid.affine_mm.copy()
        affine[:3, 0] *= -1
        grid = Grid(SHAPE, affine, grid.frame_of_reference_uid)
    original = Volume(NUMBERS.astype(int) + 400, grid, Quantity.COUNTS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nm.dcm"
        write_nm(original, path, STUDY)
        dataset = pydicom.dcmread(path)
        frames = dataset.pixel_array[np.array(order) - 1]
        dataset.SliceVector, dataset.PixelData = order, frames.tobytes()
        dataset.save_as(path)
        encode(path, syntax, signed=False, slope=1)
        again = read_nm(path)
    assert_same_image(again, original, within_mm=1e-3)
