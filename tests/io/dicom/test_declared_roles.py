"""What RTSTRUCT types and SEG property codes declare, beside the names."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.rtstruct import read_rtstruct
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.dicom.write import write_ct
from sirtdose.io.dicom.write_structures import write_rtstruct, write_seg
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from tests.io.dicom.test_dicom import STUDY, square

GRID = Grid.regular((4, 5, 6), spacing_mm=(4.0, 2.5, 1.5))
MASK = np.zeros(GRID.shape, bool)
MASK[1:3, 1:4, 2:5] = True


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = value, scheme
    item.CodeMeaning = meaning
    return item


@pytest.mark.parametrize(
    ("name", "kind", "role", "asks"),
    [
        ("A7", "GTV", "tumor", ""),
        ("A7", "CTV", "tumor", ""),
        ("A7", "TREATED_VOLUME", "perfused", ""),
        ("Right Lobe", "TREATED_VOLUME", "perfused", ""),
        ("Segment 5", "GTV", "other", "part of the liver, but its RTROIInterp"),
        ("PTV", "GTV", "other", "only 'PTV', but its RTROIInterpretedType"),
        ("A7", "PTV", "other", "(3006,00A4) PTV are not specific enough"),
        ("PTV", "", "other", "is not specific enough"),
        ("PTV", "PTV", "other", "are not specific enough"),
        # These say nothing, nor do they contradict anything.
        ("A7", "ORGAN", "other", ""),
        ("A7", "", "other", ""),
        ("Tumor 1", "ORGAN", "tumor", ""),
        ("Tumor 1", "AVOIDANCE", "tumor", ""),
        ("Tumor 1", "", "tumor", ""),
        ("Liver", "ORGAN", "liver", ""),
        ("Liver", "GTV", "liver", "(3006,00A4) GTV"),
        ("Liver", "PTV", "liver", ""),
        ("Perfused lobe", "PTV", "perfused", ""),
    ],
)
def test_rtstruct(name: str, kind: str, role: str, asks: str, tmp_path: Path) -> None:
    path = tmp_path / "rs.dcm"
    write_rtstruct({name: [square(z, 9) for z in (0.0, 3.0)]}, path, STUDY)
    dataset = pydicom.dcmread(path)
    dataset.RTROIObservationsSequence[0].RTROIInterpretedType = kind
    dataset.save_as(path)
    [structure] = read_rtstruct(path)
    assert str(structure.role) == role
    assert (structure.doubt is not None) == bool(asks)
    assert structure.doubt is None or asks in structure.doubt.says


def test_rtstruct_by_a_code_and_without_observations(tmp_path: Path) -> None:
    path = tmp_path / "rs.dcm"
    write_rtstruct({"A7": [square(z, 9) for z in (0.0, 3.0)]}, path, STUDY)
    dataset = pydicom.dcmread(path)
    [observation] = dataset.RTROIObservationsSequence
    observation.RTROIInterpretedType = "ORGAN"
    observation.RTROIIdentificationCodeSequence = [code("10200004", "SCT", "Liver")]
    dataset.save_as(path)
    assert read_rtstruct(path)[0].role is Role.LIVER
    del dataset.RTROIObservationsSequence
    dataset.save_as(path)
    assert read_rtstruct(path)[0].role is Role.OTHER


@pytest.mark.parametrize(
    ("role", "found"),
    [
        (Role.TUMOR, "tumor"),
        (Role.LUNGS, "lungs"),
        (Role.PERFUSED, "perfused"),
        (Role.LIVER, "liver"),
        (Role.OTHER, "other"),
    ],
)
@pytest.mark.parametrize("manufacturer", ["sirtdose", "An editor"])
def test_our_own_seg(role: Role, found: str, manufacturer: str, tmp_path: Path) -> None:
    """What a person said of a name that says nothing is kept, whoever edited it."""
    path = our_seg("A7", role, tmp_path)
    dataset = pydicom.dcmread(path)
    dataset.Manufacturer = manufacturer
    dataset.save_as(path)
    [structure] = read_seg(path)
    assert (str(structure.role), structure.doubt) == (found, None)


def our_seg(name: str, role: Role, tmp_path: Path) -> Path:
    (tmp_path / "ct").mkdir()
    counts = Volume(MASK.astype(np.float32), GRID, Quantity.CT_NUMBER)
    link = read_link(write_ct(counts, tmp_path / "ct", STUDY), "1.2.3")
    write_seg([Structure(name, role, MASK, GRID)], tmp_path / "seg.dcm", link)
    return tmp_path / "seg.dcm"


def test_what_is_perfused_is_never_coded_as_liver(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(our_seg("Perfused volume", Role.PERFUSED, tmp_path))
    [kind] = dataset.SegmentSequence[0].SegmentedPropertyTypeCodeSequence
    told = (kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning)
    assert told == ("PERFUSED", "99SIRTDOSE", "Perfused volume")
    # A private scheme is declared (PS3.3 C.12.1.1.10).
    [scheme] = dataset.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == "99SIRTDOSE"


@pytest.mark.parametrize("editor", ["sirtdose", "An editor"])
def test_an_old_file_of_ours_that_codes_all_as_liver(
    editor: str, tmp_path: Path
) -> None:
    path = our_seg("Segment_1", Role.LIVER, tmp_path)
    dataset = pydicom.dcmread(path)
    del dataset.CodingSchemeIdentificationSequence
    dataset.Manufacturer = editor
    dataset.save_as(path)
    [structure] = read_seg(path)
    assert structure.role is Role.OTHER


@pytest.mark.parametrize(
    ("name", "property_type", "role", "asks"),
    [
        ("A7", ("10200004", "SCT", "Liver"), "liver", ""),
        ("A7", ("T-62000", "SRT", "Liver"), "liver", ""),
        ("A7", ("108369006", "SCT", "x"), "tumor", ""),
        ("A7", ("M-80006", "SRT", "Neoplasm, Secondary"), "tumor", ""),
        ("A7", ("44029006", "SCT", "Left lung"), "lungs", ""),
        ("A7", ("1", "99ZZ", "Spleen"), "organ", ""),
        ("A7", ("85756007", "SCT", "Tissue"), "other", ""),
        ("PTV", ("108369006", "SCT", "Neoplasm"), "other", "only 'PTV'"),
        ("Tumor 1", ("10200004", "SCT", "Liver"), "tumor", "Liver"),
        ("Liver tumor", ("10200004", "SCT", "Liver"), "tumor", ""),
        ("Liver", ("108369006", "SCT", "Neoplasm"), "liver", "Neoplasm"),
        ("Liver", ("10200004", "SCT", "Liver"), "liver", ""),
        ("Perfused lobe", ("10200004", "SCT", "Liver"), "perfused", ""),
        # Slicer's default may be the first entry of any list of anatomy.
        ("Tumor 1", ("68455001", "SCT", "Iliopsoas muscle"), "tumor", ""),
    ],
)
def test_seg(
    name: str, property_type: tuple[str, str, str], role: str, asks: str, tmp_path: Path
) -> None:
    (tmp_path / "ct").mkdir()
    counts = Volume(MASK.astype(np.float32), GRID, Quantity.CT_NUMBER)
    link = read_link(write_ct(counts, tmp_path / "ct", STUDY), "1.2.3")
    path = tmp_path / "seg.dcm"
    write_seg([Structure(name, Role.OTHER, MASK, GRID)], path, link)
    dataset = pydicom.dcmread(path)
    dataset.Manufacturer = "another"
    [segment] = dataset.SegmentSequence
    segment.SegmentedPropertyTypeCodeSequence = [code(*property_type)]
    dataset.save_as(path)
    [structure] = read_seg(path)
    assert str(structure.role) == role
    assert (structure.doubt is not None) == bool(asks)
    assert structure.doubt is None or asks in structure.doubt.says
