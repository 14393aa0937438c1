"""Structures whose volume would silently be wrong: sparse frames, islands, frames."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from sirtdose.errors import GeometryError, StructureError
from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.rtstruct import read_rtstruct
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.dicom.write import write_ct
from sirtdose.io.dicom.write_structures import write_rtstruct, write_seg
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from tests.io.dicom.test_dicom import STUDY, edit, square


def seg(path: Path, slices: list[int], *, thickness: float) -> Path:
    """Slices of 3 mm, empty frames left out, no SpacingBetweenSlices."""
    grid = Grid.regular((12, 10, 8), spacing_mm=(3.0, 2.0, 1.0))
    grid = Grid(grid.shape, grid.affine_mm, STUDY.frame_of_reference_uid)
    mask = np.zeros(grid.shape, bool)
    mask[slices, 2:8, 2:6] = True
    ct = Volume(np.zeros(grid.shape, np.int16), grid, Quantity.CT_NUMBER)
    slices_of = write_ct(ct, path.parent, STUDY)
    link = read_link(slices_of, STUDY.frame_of_reference_uid)
    write_seg([Structure("T", Role.TUMOR, mask, grid)], path, link)

    def change(dataset: pydicom.Dataset) -> None:
        groups = dataset.SharedFunctionalGroupsSequence[0]
        measures = groups.PixelMeasuresSequence[0]
        if "SpacingBetweenSlices" in measures:
            del measures.SpacingBetweenSlices
        measures.SliceThickness = thickness

    return edit(path, change)


def test_seg_slices_left_out_make_none_thicker(tmp_path: Path) -> None:
    one_slice_ml = 6 * 4 * 2 * 1 * 3 / 1000
    [whole] = read_seg(seg(tmp_path / "a.dcm", [4, 5, 6], thickness=3.0))
    assert whole.volume_ml == pytest.approx(3 * one_slice_ml)
    [alone] = read_seg(seg(tmp_path / "b.dcm", [4], thickness=3.0))
    assert alone.volume_ml == pytest.approx(one_slice_ml)
    # Slices may overlap, but not be farther apart than they are thick.
    [thick] = read_seg(seg(tmp_path / "c.dcm", [4, 5, 6], thickness=5.0))
    assert thick.volume_ml == pytest.approx(3 * one_slice_ml)
    for slices in ([1, 9], [3, 5, 9]):
        with pytest.raises(GeometryError, match=r"no SpacingBetweenSlices \(0018,0088"):
            read_seg(seg(tmp_path / "d.dcm", slices, thickness=3.0))


def test_islands_far_apart_are_not_joined(tmp_path: Path) -> None:
    liver = [square(z, 40) for z in np.arange(0.0, 90.0, 3.0)]
    islands = [square(z, 8) for z in (12.0, 72.0)]
    three = [square(z, 8) for z in (12.0, 15.0, 72.0)]
    write_rtstruct(
        {"Liver": liver, "Tumor 1": islands, "Tumor 2": three},
        tmp_path / "rs.dcm",
        STUDY,
    )
    _, two, also = read_rtstruct(tmp_path / "rs.dcm")
    one_ml = 16 * 16 * 3 / 1000
    assert two.volume_ml == pytest.approx(2 * one_ml, rel=0.01)
    assert also.volume_ml == pytest.approx(3 * one_ml, rel=0.01)
    assert "left empty" in two.remarks[0]


@pytest.mark.parametrize("degrees", [0.05, 0.1, 0.5, 0.8, 5.0])
def test_slightly_tilted_planes_are_read(tmp_path: Path, degrees: float) -> None:
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    contours = [square(z, 60) @ turn.T for z in np.arange(0.0, 30.0, 3.0)]
    write_rtstruct({"Liver": contours}, tmp_path / "rs.dcm", STUDY)
    [liver] = read_rtstruct(tmp_path / "rs.dcm")
    assert liver.volume_ml == pytest.approx(120 * 120 * 30 / 1000, rel=0.01)


class TestOneRegionAmongOthers:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        contours = [square(z, 20) for z in (0.0, 3.0, 6.0)]
        write_rtstruct({"Liver": contours, "X": contours}, tmp_path / "rs.dcm", STUDY)
        return tmp_path / "rs.dcm"

    def test_its_damage_does_not_stop_the_rest(self, path: Path) -> None:
        def bend(dataset: pydicom.Dataset) -> None:
            ring = dataset.ROIContourSequence[1].ContourSequence[1]
            ring.ContourData = [0, 0, 3, 20, 0, 9, 20, 20, 15, 0, 20, 3]

        liver, x = read_rtstruct(edit(path, bend))
        assert liver.volume_ml == pytest.approx(40 * 40 * 9 / 1000, rel=0.01)
        assert x.empty
        assert "deviates from its plane" in x.remarks[0]

    def test_points_alone_are_no_tumor(self, path: Path) -> None:
        def point(dataset: pydicom.Dataset) -> None:
            dataset.StructureSetROISequence[1].ROIName = "Tumor center"
            for ring in dataset.ROIContourSequence[1].ContourSequence:
                ring.ContourGeometricType = "POINT"
                ring.ContourData = ring.ContourData[:3]

        _, center = read_rtstruct(edit(path, point))
        assert center.empty
        assert center.role is Role.OTHER

    def test_its_frame_may_stand_on_the_file(self, path: Path) -> None:
        def move(dataset: pydicom.Dataset) -> None:
            for roi in dataset.StructureSetROISequence:
                roi.ReferencedFrameOfReferenceUID = ""
            dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.9"

        liver, _ = read_rtstruct(edit(path, move))
        assert liver.grid.frame_of_reference_uid == "1.9"

    def test_contours_kept_in_two_items_are_one_region(self, path: Path) -> None:
        def split(dataset: pydicom.Dataset) -> None:
            items = dataset.ROIContourSequence
            items[1].ReferencedROINumber = items[0].ReferencedROINumber
            items[1].ContourSequence = items[0].ContourSequence[2:]
            items[0].ContourSequence = items[0].ContourSequence[:2]

        liver, x = read_rtstruct(edit(path, split))
        assert liver.volume_ml == pytest.approx(40 * 40 * 9 / 1000, rel=0.01)
        assert x.empty

    def test_nothing_with_a_volume_is_refused(self, path: Path) -> None:
        def flatten(dataset: pydicom.Dataset) -> None:
            for item in dataset.ROIContourSequence:
                for ring in item.ContourSequence:
                    ring.ContourData = [0, 0, 3, 20, 0, 9, 40, 0, 15]

        with pytest.raises(
            StructureError, match=r"contains no volume.*enclose no area"
        ):
            read_rtstruct(edit(path, flatten))
