"""Every attribute that is read, with every wrong value: read, or refused by its name.

What is asked of a refusal: an InputError that names the attribute and its tag, and
nothing in the words of Python.
"""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from sirtdose.errors import InputError
from sirtdose.io.dicom.dvh import read_histograms
from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.dicom.pet import read_pet
from sirtdose.io.dicom.reg import read_registration
from sirtdose.io.dicom.rtdose import read_rtdose
from sirtdose.io.dicom.rtstruct import read_rtstruct
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.dicom.stack import read_ct
from sirtdose.io.dicom.write import write_ct, write_nm
from sirtdose.io.dicom.write_structures import write_rtstruct, write_seg
from sirtdose.io.discover import discover
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from tests.io.dicom.test_dicom import STUDY, square
from tests.io.dicom.test_vendors import COUNTS, GRID, pet

PYTHON = re.compile(
    r"could not convert|list index|NoneType|invalid literal|object|Traceback|"
    r"argument|attribute '|codec|unpack|reshape|broadcast|iterable|subscript|"
    r"keyword|dtype|ndarray|positional|not supported between|division by zero|"
    r"MultiValue|DSfloat|numpy|int\(\)|float\(\)|RecursionError|overflow|= \[",
    re.I,
)
# As they may stand in a file; text in place of numbers, where the VR is of text.
TEXTS = [
    "",
    "abc",
    "4,0",
    "1e400",
    "NaN",
    "inf",
    "-3",
    "0",
    "1\\2\\3",
    "1e30",
    " ",
    "1.5",
]
BINARIES = [b"", b"\xff\xff", b"\0\0", b"\x01\0\x02\0\x03\0", b"\x7f"]

Reader = Callable[[Path], object]
NUMERIC = ("DS", "IS", "US", "SS", "UL", "SL", "FD", "FL", "AT")
# Words whose value decides what is done.
WORDS = ("Units", "DecayCorrection", "DoseUnits", "DoseType", "SeriesType", "ImageType")
WORDS += ("SegmentationType", "DVHType", "DVHVolumeUnits", "FrameOfReferenceUID")


def empty(path: Path, sop_class: str, modality: str) -> FileDataset:
    whole = FileDataset(str(path), {}, preamble=bytes(128))
    whole.file_meta = pydicom.dataset.FileMetaDataset()
    whole.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = sop_class
    whole.SOPInstanceUID = whole.file_meta.MediaStorageSOPInstanceUID = "1.2.3.5"
    whole.Modality, whole.FrameOfReferenceUID = modality, "1.2.3.6"
    return whole


def registration(path: Path) -> Path:
    part, matrices, item = Dataset(), Dataset(), Dataset()
    part.FrameOfReferenceTransformationMatrix = np.eye(4).ravel().tolist()
    part.FrameOfReferenceTransformationMatrixType = "RIGID"
    matrices.MatrixSequence = [part]
    item.FrameOfReferenceUID = "1.2.3.4"
    item.MatrixRegistrationSequence = [matrices]
    whole = empty(path, "1.2.840.10008.5.1.4.1.1.66.1", "REG")
    whole.RegistrationSequence = [item]
    whole.save_as(path)
    return path


def dose(path: Path) -> Path:
    item, roi = Dataset(), Dataset()
    roi.ReferencedROINumber, roi.DVHROIContributionType = 1, "INCLUDED"
    item.DVHReferencedROISequence = [roi]
    item.DVHType, item.DVHVolumeUnits, item.DoseUnits = "CUMULATIVE", "CM3", "GY"
    item.DoseType, item.DVHDoseScaling, item.DVHNumberOfBins = "PHYSICAL", 1, 2
    item.DVHData, item.DVHMeanDose = [1, 9, 1, 4], 1.4
    whole = empty(path, "1.2.840.10008.5.1.4.1.1.481.2", "RTDOSE")
    whole.DoseUnits, whole.DoseType, whole.DoseGridScaling = "GY", "PHYSICAL", 0.5
    whole.ImagePositionPatient = [0, 0, 0]
    whole.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    whole.PixelSpacing, whole.GridFrameOffsetVector = [2, 3], [0, 4, 8]
    whole.Rows, whole.Columns, whole.NumberOfFrames = 4, 5, 3
    whole.SamplesPerPixel, whole.PhotometricInterpretation = 1, "MONOCHROME2"
    whole.BitsAllocated, whole.BitsStored, whole.HighBit = 16, 16, 15
    whole.PixelRepresentation = 0
    whole.PixelData = np.arange(60, dtype="<u2").tobytes()
    whole.DVHSequence = [item]
    whole.save_as(path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Reader]]:
    folder = tmp_path_factory.mktemp("files")
    counts = Volume(COUNTS.astype(np.float32), GRID, Quantity.COUNTS)
    write_nm(counts, folder / "nm.dcm", STUDY)
    for name in ("ct", "pet"):
        (folder / name).mkdir()
    ct = write_ct(counts.with_data(COUNTS, Quantity.CT_NUMBER), folder / "ct", STUDY)
    slices = pet(folder / "pet", "SIEMENS")
    contours = {"Liver": [square(z, 20) for z in (0.0, 3.0, 6.0)]}
    write_rtstruct(contours, folder / "rs.dcm", STUDY)
    masks = [Structure("Liver", Role.LIVER, COUNTS > 99, GRID)]
    write_seg(masks, folder / "seg.dcm", read_link(ct, STUDY.frame_of_reference_uid))
    reg, rd = registration(folder / "reg.dcm"), dose(folder / "rd.dcm")
    return {
        "NM": (folder / "nm.dcm", read_nm),
        "CT": (ct[2], lambda path: read_ct([*ct[:2], path, *ct[3:]])),
        "PET": (slices[2], lambda path: read_pet([*slices[:2], path, *slices[3:]])),
        "RTSTRUCT": (folder / "rs.dcm", read_rtstruct),
        "RTDOSE": (rd, lambda path: (read_rtdose(path), read_histograms(path))),
        "SEG": (folder / "seg.dcm", read_seg),
        "REG": (
            reg,
            lambda path: read_registration(
                path, to_frame="1.2.3.6", from_frame="1.2.3.4"
            ),
        ),
    }


def places(dataset: Dataset, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every attribute of a number or a deciding word, items included."""
    found = []
    for element in dataset:
        if element.VR == "SQ":
            # Of many items the first stands for the rest.
            for k, item in enumerate(element.value[:1]):
                found += places(item, (*way, element.tag, k))
        elif element.VR in NUMERIC or element.keyword in WORDS:
            found.append((*way, element.tag))
    return found


def with_raw(dataset: Dataset, way: tuple[Any, ...], value: bytes) -> Dataset:
    """A copy in which one attribute holds these bytes."""
    changed = copy.deepcopy(dataset)
    at: Any = changed
    for step in way[:-1]:
        at = at[step].value if isinstance(step, Tag(0).__class__) else at[step]
    tag = way[-1]
    vr = at[tag].VR
    if value is not None and len(value) % 2:
        value += b" " if vr in ("DS", "IS", "CS", "UI") else b"\0"
    at[tag] = pydicom.dataelem.RawDataElement(
        tag, vr, len(value), value, 0, False, True
    )
    return changed


@pytest.mark.parametrize(
    "kind", ["NM", "CT", "PET", "RTSTRUCT", "RTDOSE", "SEG", "REG"]
)
def test_a_wrong_value_is_refused_by_its_attribute(
    files: dict[str, tuple[Path, Reader]], tmp_path: Path, kind: str
) -> None:
    path, read = files[kind]
    read(path)
    whole = pydicom.dcmread(path)
    target = tmp_path / path.name
    refused, wrong = 0, []
    for way in places(whole):
        at: Any = whole
        for step in way[:-1]:
            at = at[step].value if isinstance(step, Tag(0).__class__) else at[step]
        text = at[way[-1]].VR in ("DS", "IS", "CS", "UI")
        values = [one.encode() for one in TEXTS] if text else BINARIES
        for value in values:
            with_raw(whole, way, value).save_as(target, enforce_file_format=False)
            for what in (read, discover):
                try:
                    what(target)
                except InputError as error:
                    refused += 1
                    said = str(error)
                    if PYTHON.search(said) or not re.search(
                        r"[A-Z]\w+ \(\w{4},\w{4}\)", said
                    ):
                        wrong.append((at[way[-1]].keyword, value, said))
    assert refused > 20
    assert wrong == []
