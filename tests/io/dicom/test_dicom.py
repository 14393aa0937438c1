"""NM, CT, RTSTRUCT and SEG: written by us, read back, and headers gone wrong."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.errors import (
    FileFormatError,
    GeometryError,
    InputError,
    MissingTagError,
    OutputError,
    QuantityError,
    SirtdoseError,
    StructureError,
)
from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.dicom.rtstruct import read_rtstruct
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.dicom.stack import read_ct
from sirtdose.io.dicom.write import Study, write_ct, write_nm
from sirtdose.io.dicom.write_structures import write_rtstruct, write_seg
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.check.histograms import structures_of

STUDY = Study(
    seed="test",
    patient_id="T",
    patient_name="Test^Phantom",
    description="test",
    acquired=datetime.fromisoformat("2026-03-03T09:30:00+01:00"),
    version="0",
)


def framed(volume: Volume, quantity: Quantity) -> Volume:
    grid = Grid(volume.grid.shape, volume.grid.affine_mm, STUDY.frame_of_reference_uid)
    return Volume(volume.data, grid, quantity)


@pytest.fixture
def spect(oriented: Volume, tmp_path: Path) -> Path:
    write_nm(framed(oriented, Quantity.COUNTS), tmp_path / "spect.dcm", STUDY)
    return tmp_path / "spect.dcm"


@pytest.fixture
def ct(oriented: Volume, tmp_path: Path) -> list[Path]:
    return write_ct(framed(oriented, Quantity.CT_NUMBER), tmp_path, STUDY)


def edit(path: Path, change: Callable[[pydicom.Dataset], object]) -> Path:
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


class TestNm:
    def test_written_and_read_is_the_same(self, oriented: Volume, spect: Path) -> None:
        again = read_nm(spect)
        assert again.quantity is Quantity.COUNTS
        assert again.grid.matches(framed(oriented, Quantity.COUNTS).grid)
        np.testing.assert_array_equal(again.data, oriented.data)
        assert again.source
        assert again.source.scan_start == STUDY.acquired

    def test_written_as_vendors_do(self, spect: Path) -> None:
        dataset = pydicom.dcmread(spect)
        assert "ImagePositionPatient" not in dataset
        assert "ImagePositionPatient" in dataset.DetectorInformationSequence[0]

    def test_the_sign_of_the_slice_spacing_is_the_direction(self, spect: Path) -> None:
        before = read_nm(spect).grid
        turned = edit(
            spect,
            lambda d: setattr(
                d, "SpacingBetweenSlices", str(-float(d.SpacingBetweenSlices))
            ),
        )
        after = read_nm(turned).grid
        np.testing.assert_allclose(after.affine_mm[:3, 0], -before.affine_mm[:3, 0])
        assert after.right_handed != before.right_handed

    def test_frames_in_any_order(self, oriented: Volume, spect: Path) -> None:
        order = [3, 1, 5, 2, 4]

        def shuffle(dataset: pydicom.Dataset) -> None:
            stored = dataset.pixel_array[np.array(order) - 1]
            dataset.PixelData = stored.tobytes()
            dataset.SliceVector = order

        again = read_nm(edit(spect, shuffle))
        np.testing.assert_array_equal(again.data, oriented.data)

    def test_rescale_slope_and_signed_pixels(
        self, oriented: Volume, spect: Path
    ) -> None:
        def signed(dataset: pydicom.Dataset) -> None:
            stored = dataset.pixel_array.astype(np.int16) - 20
            dataset.PixelRepresentation = 1
            dataset.PixelData = stored.tobytes()
            dataset.RescaleSlope, dataset.RescaleIntercept = "2.5", "50"

        again = read_nm(edit(spect, signed))
        np.testing.assert_allclose(again.data, oriented.data * 2.5)

    @pytest.mark.parametrize(
        ("change", "error", "says"),
        [
            (
                lambda d: delattr(d, "SpacingBetweenSlices"),
                MissingTagError,
                r"SpacingBetweenSlices \(0018,0088\): its sign",
            ),
            (
                lambda d: delattr(d, "PixelSpacing"),
                MissingTagError,
                r"PixelSpacing \(0028,0030\)",
            ),
            (
                lambda d: delattr(d, "DetectorInformationSequence"),
                MissingTagError,
                r"ImageOrientationPatient \(0020,0037\)",
            ),
            (
                lambda d: setattr(d, "SliceVector", [1, 1, 2, 3, 4]),
                GeometryError,
                "SliceVector",
            ),
            (
                lambda d: setattr(d, "SpacingBetweenSlices", "0"),
                GeometryError,
                "SpacingBetweenSlices",
            ),
            (
                lambda d: setattr(d, "FrameIncrementPointer", 0x00540010),
                GeometryError,
                "FrameIncrementPointer",
            ),
            (
                lambda d: setattr(d, "PixelData", b""),
                FileFormatError,
                r"no PixelData \(7FE0,0010\)",
            ),
            (
                lambda d: setattr(d, "NumberOfFrames", 50),
                FileFormatError,
                "bytes of pixel data is less than expected",
            ),
            (
                lambda d: setattr(d, "RescaleSlope", "0"),
                QuantityError,
                "RescaleSlope",
            ),
        ],
    )
    def test_a_header_gone_wrong_is_refused(
        self,
        spect: Path,
        change: Callable[[pydicom.Dataset], object],
        error: type[SirtdoseError],
        says: str,
    ) -> None:
        with pytest.raises(error, match=says):
            read_nm(edit(spect, change))

    @pytest.mark.parametrize(
        "kind", ["TOMO", "STATIC", "DYNAMIC", "WHOLE BODY", "RECON GATED TOMO"]
    )
    def test_what_is_no_reconstruction_is_refused_by_name(
        self, spect: Path, kind: str
    ) -> None:
        path = edit(
            spect, lambda d: setattr(d, "ImageType", ["ORIGINAL", "PRIMARY", kind])
        )
        with pytest.raises(FileFormatError, match="must be a RECON TOMO"):
            read_nm(path)

    def test_counts_that_do_not_fit_are_not_written(
        self, oriented: Volume, tmp_path: Path
    ) -> None:
        too_many = framed(oriented.with_data(oriented.data + 65500), Quantity.COUNTS)
        with pytest.raises(OutputError, match="do not fit 16 bits"):
            write_nm(too_many, tmp_path / "big.dcm", STUDY)


def _position(path: Path) -> list[float]:
    return list(pydicom.dcmread(path).ImagePositionPatient)


class TestCt:
    def test_written_and_read_is_the_same(
        self, oriented: Volume, ct: list[Path]
    ) -> None:
        again = read_ct(ct[::-1])
        place = again.grid.world_mm((0, 0, 0))
        index = np.rint(oriented.grid.index(place)).astype(int)
        assert again.data[0, 0, 0] == oriented.data[tuple(index)]
        assert again.total() == oriented.total()

    def test_file_order_does_not_matter(self, ct: list[Path]) -> None:
        one, other = read_ct(ct), read_ct([ct[i] for i in (3, 0, 4, 1, 2)])
        assert one.grid.matches(other.grid)
        np.testing.assert_array_equal(one.data, other.data)

    def test_a_missing_slice_is_refused(self, ct: list[Path]) -> None:
        with pytest.raises(GeometryError, match="missing or extra"):
            read_ct(ct[:2] + ct[3:])

    def test_a_doubled_slice_is_refused(self, ct: list[Path]) -> None:
        double = ct[0].with_name("again.dcm")
        double.write_bytes(ct[0].read_bytes())
        with pytest.raises(GeometryError, match="contains slices twice"):
            read_ct([*ct, double])

    def test_a_tilted_stack_is_refused(self, ct: list[Path]) -> None:
        for k, path in enumerate(ct):
            cosines = np.array(
                pydicom.dcmread(path).ImageOrientationPatient, dtype=float
            )

            def shift(d: pydicom.Dataset, k: int = k, c: np.ndarray = cosines) -> None:
                moved = np.array(d.ImagePositionPatient, dtype=float) + k * 0.5 * c[3:]
                d.ImagePositionPatient = [f"{x:.8g}" for x in moved]

            edit(path, shift)
        with pytest.raises(GeometryError, match="sideways"):
            read_ct(ct)

    def test_another_pixel_spacing_is_refused(self, ct: list[Path]) -> None:
        edit(ct[2], lambda d: setattr(d, "PixelSpacing", ["9", "9"]))
        with pytest.raises(GeometryError, match="differ in orientation"):
            read_ct(ct)

    def test_positions_rounded_to_a_tenth_are_no_missing_slice(
        self, tmp_path: Path
    ) -> None:
        grid = Grid.regular((9, 4, 5), spacing_mm=(3.27, 2.0, 1.5))
        image = Volume(np.zeros(grid.shape, np.int16), grid, Quantity.CT_NUMBER)
        paths = write_ct(framed(image, Quantity.CT_NUMBER), tmp_path, STUDY)
        for path in paths:
            rounded = [round(float(x), 1) for x in _position(path)]
            edit(path, lambda d, p=rounded: setattr(d, "ImagePositionPatient", p))
        assert read_ct(paths).grid.spacing_mm[0] == pytest.approx(3.27, abs=0.02)
        with pytest.raises(GeometryError, match="H17"):
            read_ct([*paths[:4], *paths[5:]])

    def test_one_slice_is_no_volume(self, ct: list[Path]) -> None:
        with pytest.raises(InputError, match="at least two slices"):
            read_ct(ct[:1])

    def test_slope_of_each_slice_is_its_own(self, ct: list[Path]) -> None:
        before = read_ct(ct)
        at = int(np.argmin([p.name != "slice002.dcm" for p in ct]))
        edit(ct[at], lambda d: setattr(d, "RescaleSlope", "2"))
        changed = (read_ct(ct).data != before.data).any(axis=(1, 2))
        assert changed.sum() == 1


def square(
    z: float, half: float, at: tuple[float, float] = (10.0, -20.0)
) -> np.ndarray:
    x, y = at
    return np.array(
        [
            [x - half, y - half, z],
            [x + half, y - half, z],
            [x + half, y + half, z],
            [x - half, y + half, z],
        ]
    )


LEANING = square(5, 9) + np.array([[0, 0, 0], [0, 0, 4], [0, 0, 4], [0, 0, 0]])


class TestRtstruct:
    def test_volume_of_a_box_with_a_hole(self, tmp_path: Path) -> None:
        planes = np.arange(0, 30, 3.0)
        contours = {
            "Liver": [c for z in planes for c in (square(z, 20), square(z, 5))],
            "Tumor 1": [square(z, 5) for z in planes[2:5]],
            "empty": [],
        }
        write_rtstruct(contours, tmp_path / "rs.dcm", STUDY)
        liver, tumor, empty = read_rtstruct(tmp_path / "rs.dcm")
        assert liver.volume_ml == pytest.approx((40**2 - 10**2) * 30 / 1000)
        assert tumor.volume_ml == pytest.approx(10 * 10 * 9 / 1000)
        assert empty.empty
        assert (liver & tumor).volume_ml == 0
        assert liver.grid.frame_of_reference_uid == STUDY.frame_of_reference_uid

    def test_a_keyhole_is_a_hole(self, tmp_path: Path) -> None:
        outer, inner = square(0, 20), square(0, 5)[::-1]
        keyhole = np.concatenate([outer, outer[:1], inner, inner[:1]])
        contours = [keyhole + np.array([0, 0, z]) for z in (0.0, 4.0)]
        write_rtstruct({"Liver": contours}, tmp_path / "rs.dcm", STUDY)
        [liver] = read_rtstruct(tmp_path / "rs.dcm")
        assert liver.volume_ml == pytest.approx((1600 - 100) * 8 / 1000, rel=0.01)

    def test_sagittal_planes(self, tmp_path: Path) -> None:
        contours = [square(z, 10)[:, [2, 0, 1]] for z in np.arange(0, 20, 2.0)]
        write_rtstruct({"T": contours}, tmp_path / "rs.dcm", STUDY)
        [structure] = read_rtstruct(tmp_path / "rs.dcm")
        assert structure.volume_ml == pytest.approx(20 * 20 * 20 / 1000)
        grid = Grid.regular(
            (30, 40, 50), spacing_mm=(2.0, 1.5, 1.2), origin_mm=(-20, -15, -50)
        )
        on_grid = occupancy_on(structure, grid)
        assert on_grid.volume_ml == pytest.approx(8, rel=1e-3)
        inside = np.argwhere(on_grid.occupancy > 0)
        part = on_grid.occupancy[tuple(inside.T)]
        middle = np.average(on_grid.grid.world_mm(inside), axis=0, weights=part)
        np.testing.assert_allclose(middle, [9, 10, -20], atol=0.01)

    def test_a_structure_drawn_on_every_other_plane_has_no_gaps(
        self, tmp_path: Path
    ) -> None:
        contours = {
            "every": [square(z, 20) for z in np.arange(0, 30, 3.0)],
            "other": [square(z, 20) for z in np.arange(0, 30, 6.0)],
        }
        write_rtstruct(contours, tmp_path / "rs.dcm", STUDY)
        every, other = read_rtstruct(tmp_path / "rs.dcm")
        assert every.volume_ml == pytest.approx(1600 * 30 / 1000)
        assert other.volume_ml == pytest.approx(1600 * 30 / 1000, rel=0.11)

    @pytest.mark.parametrize(
        ("contours", "says"),
        [
            ([square(0, 9)], "one plane only"),
            ([square(0, 9), LEANING], "not parallel"),
            ([], "contains no closed contour"),
        ],
    )
    def test_contours_without_a_volume_are_refused(
        self, tmp_path: Path, contours: list[np.ndarray], says: str
    ) -> None:
        write_rtstruct({"T": contours}, tmp_path / "rs.dcm", STUDY)
        with pytest.raises(StructureError, match=says):
            read_rtstruct(tmp_path / "rs.dcm")

    def test_broken_triplets_are_refused(self, tmp_path: Path) -> None:
        write_rtstruct(
            {"T": [square(z, 9) for z in (0.0, 3.0)]}, tmp_path / "rs.dcm", STUDY
        )

        def cut(dataset: pydicom.Dataset) -> None:
            contour = dataset.ROIContourSequence[0].ContourSequence[0]
            contour.ContourData = contour.ContourData[:-1]

        with pytest.raises(StructureError, match="not triplets"):
            read_rtstruct(edit(tmp_path / "rs.dcm", cut))


class TestSeg:
    def test_overlapping_segments_written_and_read(
        self, oriented: Volume, ct: list[Path], tmp_path: Path
    ) -> None:
        grid = framed(oriented, Quantity.COUNTS).grid
        liver, tumor = np.zeros((2, *grid.shape), bool)
        liver[1:4, 1:6, 1:8] = True
        tumor[2:3, 2:4, 2:6] = True
        drawn = [
            Structure("Liver", Role.LIVER, liver, grid),
            Structure("Tumor 1", Role.TUMOR, tumor, grid),
        ]
        link = read_link(ct, STUDY.frame_of_reference_uid)
        write_seg(drawn, tmp_path / "seg.dcm", link)
        again = read_seg(tmp_path / "seg.dcm")
        assert [s.name for s in again] == ["Liver", "Tumor 1"]
        for before, after in zip(drawn, again, strict=True):
            on_grid = occupancy_on(after, grid)
            values, part = on_grid.values_in(oriented)
            assert sorted(values) == sorted(oriented.data[before.occupancy])
            np.testing.assert_allclose(part, 1, atol=1e-5)

    @pytest.mark.parametrize(
        ("kind", "fraction"),
        [("FRACTIONAL", "OCCUPANCY"), ("FRACTIONAL", "PROBABILITY"), ("LABELMAP", "")],
    )
    def test_fractions_probabilities_and_label_maps(
        self,
        exact_contours: Path,
        tmp_path: Path,
        kind: str,
        fraction: str,
    ) -> None:
        slices = sorted((exact_contours / "ct").iterdir())[:6]
        headers = [pydicom.dcmread(path) for path in slices]
        grid = read_ct(slices).grid
        part = np.zeros(grid.shape, np.float32)
        part[2:4, 20:30, 40:60] = 0.8
        part[4, 20:30, 40:60] = 0.2
        if kind == "LABELMAP":
            part = (part > 0.5).astype(np.uint8)
        described = highdicom.seg.SegmentDescription(
            1, "Tumor 1", Code("49755003", "SCT", "x"), Code("108369006", "SCT", "y"),
            "MANUAL",
        )  # fmt: skip
        highdicom.seg.Segmentation(
            headers, part, kind, [described], generate_uid(), 1, generate_uid(), 1,
            "m", "m", "1", "1", fractional_type=fraction or "OCCUPANCY",
            max_fractional_value=10,
        ).save_as(tmp_path / "seg.dcm")  # fmt: skip
        voxel_ml, inside = grid.voxel_volume_ml, 200 * 2
        if fraction == "PROBABILITY":
            with pytest.raises(FileFormatError, match="--probability-threshold 50%"):
                read_seg(tmp_path / "seg.dcm")
            for threshold, count in ((0.5, 400), (0.2, 600), (0.81, 0)):
                [tumor] = read_seg(
                    tmp_path / "seg.dcm", probability_threshold=threshold
                )
                assert tumor.volume_ml == pytest.approx(count * voxel_ml)
            # As dvh, view and check read it.
            [tumor] = structures_of(
                [tmp_path / "seg.dcm"], {}, probability_threshold=0.5
            )
            assert tumor.volume_ml == pytest.approx(400 * voxel_ml)
            return
        [tumor] = read_seg(tmp_path / "seg.dcm")
        expected = inside * (1 if kind == "LABELMAP" else 0.8)
        expected += 0 if kind == "LABELMAP" else 200 * 0.2
        assert tumor.volume_ml == pytest.approx(expected * voxel_ml, rel=1e-5)
        assert (tumor.name, tumor.role) == ("Tumor 1", Role.TUMOR)


@pytest.mark.parametrize("kind", ["spect", "ct", "contours", "seg"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(
    exact_contours: Path, exact_voxels: Path, tmp_path: Path, kind: str, part: float
) -> None:
    source, read = {
        "spect": (exact_contours / "spect.dcm", read_nm),
        "ct": (exact_contours / "ct" / "slice003.dcm", lambda p: read_ct([p, p])),
        "contours": (exact_contours / "structures.dcm", read_rtstruct),
        "seg": (exact_voxels / "structures.dcm", read_seg),
    }[kind]
    whole = source.read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(InputError, match=r"cut\.dcm"):
        read(path)  # type: ignore[operator]


def test_contours_that_end_in_the_middle_may_be_truncated(
    exact_contours: Path, tmp_path: Path
) -> None:
    whole = (exact_contours / "structures.dcm").read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.dcm .*truncated"):
        read_rtstruct(path)
