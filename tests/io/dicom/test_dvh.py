"""The histograms of an RTDOSE: every form of them, and those that are not read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from sirtdose.io.dicom.dvh import read_histograms, read_roi_names

# A quarter of 200 mL each in 0 to 10, 10 to 20, 20 to 30 and 30 to 40 Gy.
CUMULATIVE = [10, 200, 10, 150, 10, 100, 10, 50]
DIFFERENTIAL = [10, 50, 10, 50, 10, 50, 10, 50]


def histogram(**values: Any) -> Dataset:
    item, roi = Dataset(), Dataset()
    roi.ReferencedROINumber = 7
    roi.DVHROIContributionType = "INCLUDED"
    item.DVHReferencedROISequence = [roi]
    item.DVHType, item.DoseUnits, item.DoseType = "CUMULATIVE", "GY", "PHYSICAL"
    item.DVHDoseScaling, item.DVHVolumeUnits = 1, "CM3"
    item.DVHData = CUMULATIVE
    for name, value in values.items():
        setattr(item, name, value)
    if "DVHNumberOfBins" not in values:
        item.DVHNumberOfBins = len(item.DVHData) // 2
    return item


def rtdose(path: Path, *items: Dataset, **root: Any) -> Path:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.2"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    data = FileDataset(str(path), {}, preamble=bytes(128), file_meta=meta)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3"
    data.DVHSequence = list(items)
    for name, value in root.items():
        setattr(data, name, value)
    data.save_as(path)
    return path


@pytest.mark.parametrize(
    ("values", "root", "volume_ml"),
    [
        ({}, {}, 200),
        ({"DVHType": "DIFFERENTIAL", "DVHData": DIFFERENTIAL}, {}, 200),
        # In cGy, told by the scaling.
        (
            {
                "DVHDoseScaling": "0.01",
                "DVHData": [1000, 200, 1000, 150, 1000, 100, 1000, 50],
            },
            {},
            200,
        ),
        (
            {"DVHVolumeUnits": "PERCENT", "DVHData": [10, 100, 10, 75, 10, 50, 10, 25]},
            {},
            None,
        ),
        # Percent of 80 Gy.
        (
            {
                "DoseUnits": "RELATIVE",
                "DVHData": [0.125, 200, 0.125, 150, 0.125, 100, 0.125, 50],
            },
            {"DVHNormalizationDoseValue": 80},
            200,
        ),
    ],
)
def test_every_form_says_the_same(
    tmp_path: Path, values: Any, root: Any, volume_ml: float | None
) -> None:
    held = read_histograms(rtdose(tmp_path / "d.dcm", histogram(**values), **root))
    [found] = held.histograms
    assert (found.roi_number, found.unread) == (7, "")
    assert found.curve
    assert found.curve.volume_ml == volume_ml
    assert found.curve.mean_gy == pytest.approx(20)
    assert found.curve.dose_to_volume_fraction_gy(0.7) == pytest.approx(12)
    assert found.curve.volume_fraction_above(35) == pytest.approx(0.125)
    assert found.bin_gy == pytest.approx(10)


def without(name: str) -> Callable[[Dataset], None]:
    return lambda item: delattr(item, name)


def two_regions(item: Dataset) -> None:
    other = Dataset()
    other.ReferencedROINumber, other.DVHROIContributionType = 8, "EXCLUDED"
    item.DVHReferencedROISequence = [*item.DVHReferencedROISequence, other]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"DVHType": "NATURAL"}, "DVHType (3004,0001) is NATURAL"),
        ({"DVHVolumeUnits": "PER_U"}, "DVHVolumeUnits (3004,0054) are PER_U"),
        ({"DoseType": "EFFECTIVE"}, "DoseType (3004,0004) is EFFECTIVE"),
        ({"DoseUnits": "RELATIVE"}, "no DVHNormalizationDoseValue (3004,0042)"),
        ({"DVHDoseScaling": "-1"}, "must be above 0"),
        ({"DVHNumberOfBins": 9}, "DVHNumberOfBins (3004,0056) = 9"),
        ({"DVHData": [10, 200, 10, 150, 10]}, "two per bin are needed"),
        ({"DVHData": [10, 0, 10, 0, 10, 0, 10, 0]}, "its volume is 0"),
        ({"DVHData": [10, 50, 10, 60, 10, 70, 10, 80]}, "a differential one?"),
        ({"DVHData": [0, 50, 10, 40, 10, 30, 10, 20]}, "not above 0"),
        ({"DVHData": [10, 50, 10, 40, 10, -30, 10, 20]}, "a volume below 0"),
        ({"DVHData": [10, 50]}, "too coarse"),
    ],
)
def test_what_is_not_read_has_its_reason(
    tmp_path: Path, values: Any, says: str
) -> None:
    path = rtdose(tmp_path / "d.dcm", histogram(**values))
    [found] = read_histograms(path).histograms
    assert found.curve is None
    assert says in found.unread


def test_several_regions_and_missing_tags(tmp_path: Path) -> None:
    item = histogram()
    two_regions(item)
    bare = histogram()
    del bare.DVHData
    held = read_histograms(rtdose(tmp_path / "d.dcm", item, bare)).histograms
    assert [one.roi_number for one in held] == [None, 7]
    assert "several regions" in held[0].unread
    assert "two per bin" in held[1].unread
    none = rtdose(tmp_path / "none.dcm")
    assert read_histograms(none).histograms == ()


def test_the_structure_set_and_its_names(tmp_path: Path) -> None:
    reference, roi = Dataset(), Dataset()
    reference.ReferencedSOPInstanceUID = "1.2.9"
    roi.ROINumber, roi.ROIName = 7, "Tumor\x1b"
    path = rtdose(
        *(tmp_path / "d.dcm", histogram()),
        ReferencedStructureSetSequence=[reference],
        StructureSetROISequence=[roi],
    )
    assert read_histograms(path).structure_set_uid == "1.2.9"
    assert read_roi_names(path) == ("1.2.3", {7: "Tumor?"})
