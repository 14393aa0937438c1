"""What a decoder would mend without a word, or a reader take for granted, is said.

Right values are those written into the files: COUNTS, by hand.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from sirtdose.errors import FileFormatError, GeometryError, InputError, QuantityError
from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.dicom.pet import read_pet
from sirtdose.io.dicom.planar import read_planar
from sirtdose.io.dicom.stack import read_ct
from sirtdose.io.dicom.write import write_ct
from sirtdose.io.discover import discover
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Doubt, Quantity, Volume
from tests.conftest import SHARED
from tests.io.dicom.test_vendors import COUNTS, GRID, STUDY, Change, edit_all, nm, pet


def bits(stored: int, pixels: Any, *, signed: bool = False) -> Change:
    def change(dataset: Dataset) -> None:
        dataset.BitsStored, dataset.HighBit = stored, stored - 1
        dataset.PixelRepresentation = int(signed)
        dataset.PixelData = np.asarray(pixels).tobytes()

    return change


def embedded_overlay(dataset: Dataset) -> None:
    """ACR-NEMA's way: a plane of one bit in bit 12 of the pixels."""
    dataset.add_new((0x6000, 0x0010), "US", 7)
    dataset.add_new((0x6000, 0x0011), "US", 8)
    dataset.add_new((0x6000, 0x0100), "US", 16)
    dataset.add_new((0x6000, 0x0102), "US", 12)


class TestBits:
    def test_bits_above_those_stored_are_refused_by_name(self, tmp_path: Path) -> None:
        assert (COUNTS > 255).sum() == 1
        path = nm(tmp_path, bits(8, COUNTS.astype("<u2")))
        with pytest.raises(
            QuantityError, match=r"BitsStored \(0028,0101\) = 8, and 1 pixels use bits"
        ):
            read_nm(path)

    def test_a_sign_explains_them(self, tmp_path: Path) -> None:
        values = COUNTS - 100
        path = nm(tmp_path, bits(12, values.astype("<i2"), signed=True))
        np.testing.assert_array_equal(read_nm(path).data, values)
        # The same bits, called unsigned, are no counts of 12 bits.
        path = nm(tmp_path, bits(12, values.astype("<i2")))
        with pytest.raises(QuantityError, match=r"BitsStored \(0028,0101\) = 12"):
            read_nm(path)

    def test_a_sign_left_out_above_is_read_too(self, tmp_path: Path) -> None:
        values = COUNTS - 100
        path = nm(tmp_path, bits(12, (values & 0x0FFF).astype("<u2"), signed=True))
        np.testing.assert_array_equal(read_nm(path).data, values)

    def test_an_overlay_explains_its_own_bit_and_no_other(self, tmp_path: Path) -> None:
        marked = COUNTS.copy()
        marked[:, 2, 3] |= 1 << 12

        def change(dataset: Dataset) -> None:
            bits(12, marked.astype("<u2"))(dataset)
            embedded_overlay(dataset)

        np.testing.assert_array_equal(read_nm(nm(tmp_path, change)).data, COUNTS)
        marked[0, 0, 1] |= 1 << 13
        with pytest.raises(QuantityError, match="and 1 pixels use bits above"):
            read_nm(nm(tmp_path, change))

    def test_a_ct_is_read_and_it_is_said(self, tmp_path: Path) -> None:
        paths = write_ct(Volume(COUNTS, GRID, Quantity.CT_NUMBER), tmp_path, STUDY)

        def change(dataset: Dataset) -> None:
            dataset.BitsStored, dataset.HighBit = 11, 10

        assert read_ct(paths).source.remarks == ()  # type: ignore[union-attr]
        # 1999 + 1024 has 12 bits: one voxel, on one slice.
        source = read_ct(edit_all(paths, change)).source
        assert source
        [said] = source.remarks
        assert "1 of 6 slices" in said
        assert "BitsStored (0028,0101) = 11" in said

    def test_a_high_bit_elsewhere_is_refused(self, tmp_path: Path) -> None:
        def change(dataset: Dataset) -> None:
            dataset.BitsStored, dataset.HighBit = 12, 15

        with pytest.raises(QuantityError, match=r"HighBit \(0028,0102\) = 15"):
            read_nm(nm(tmp_path, change))

    def test_the_digital_patient_with_eight_bits(self) -> None:
        path = SHARED / "cases" / "damaged_inputs" / "bits" / "nm.dcm"
        if not path.is_file():
            pytest.skip("needs ../shared/cases")
        with pytest.raises(QuantityError, match=r"BitsStored \(0028,0101\) = 8"):
            read_nm(path)


class TestFrames:
    @pytest.mark.parametrize(("frames", "says"), [(3, "is 6 frames"), (9, "truncated")])
    def test_frames_other_than_declared_are_refused(
        self, tmp_path: Path, frames: int, says: str
    ) -> None:
        path = nm(tmp_path, lambda d: setattr(d, "NumberOfFrames", frames))
        with pytest.raises(FileFormatError, match=says) as refusal:
            read_nm(path)
        assert f"NumberOfFrames (0028,0008) {frames}" in str(refusal.value)

    def test_slices_other_than_declared_are_asked_about(self, tmp_path: Path) -> None:
        source = read_nm(nm(tmp_path, lambda d: setattr(d, "NumberOfSlices", 6))).source
        assert source
        assert source.doubts == ()
        source = read_nm(nm(tmp_path, lambda d: setattr(d, "NumberOfSlices", 9))).source
        assert source
        code, said, _ = one_doubt(source.doubts)
        assert code == "H17"
        assert "NumberOfSlices (0054,0081) is 9, but the file contains 6" in said


class TestScales:
    def test_a_slope_of_0_is_an_empty_slice(self, tmp_path: Path) -> None:
        paths = pet(tmp_path, "GE MEDICAL SYSTEMS")
        whole = read_pet(paths).data

        def change(dataset: Dataset) -> None:
            dataset.PixelData = bytes(len(dataset.PixelData))
            dataset.RescaleSlope = "0"

        edit_all(paths[:1], change)
        data = read_pet(paths).data
        assert not data[0].any()
        np.testing.assert_array_equal(data[1:], whole[1:])

    def test_a_slope_of_0_on_other_pixels_is_refused(self, tmp_path: Path) -> None:
        paths = pet(tmp_path, "GE MEDICAL SYSTEMS")
        edit_all(paths[:1], lambda d: setattr(d, "RescaleSlope", "0"))
        with pytest.raises(QuantityError, match=r"RescaleSlope \(0028,1053\) = 0"):
            read_pet(paths)
        path = nm(tmp_path, lambda d: setattr(d, "RescaleSlope", "0"))
        with pytest.raises(QuantityError, match="RescaleSlope"):
            read_nm(path)

    def test_an_intercept_on_counts_is_asked_about(self, tmp_path: Path) -> None:
        image = read_nm(nm(tmp_path, lambda d: setattr(d, "RescaleIntercept", "5")))
        np.testing.assert_array_equal(image.data, COUNTS + 5.0)
        assert image.source
        code, said, _ = one_doubt(image.source.doubts)
        assert code == "H12"
        assert "RescaleIntercept (0028,1052) = 5" in said
        paths = pet(tmp_path, "SIEMENS")
        edit_all(paths[2:3], lambda d: setattr(d, "RescaleIntercept", "-20"))
        source = read_pet(paths).source
        assert source
        code, said, _ = one_doubt(source.doubts)
        assert code == "H12"
        assert "RescaleIntercept (0028,1052) adds -20 Bq/mL" in said

    def test_an_intercept_on_planar_counts_is_refused(self, tmp_path: Path) -> None:
        def change(dataset: Dataset) -> None:
            dataset.ImageType = ["ORIGINAL", "PRIMARY", "STATIC"]
            dataset.RescaleIntercept = "5"

        with pytest.raises(QuantityError, match=r"RescaleIntercept \(0028,1052\) = 5"):
            read_planar([nm(tmp_path, change)], anterior=1, posterior=2)


def one_doubt(doubts: Sequence[Doubt]) -> tuple[str, str, str]:
    [one] = doubts
    return one.code, one.said, one.used


def doubts(paths: list[Path]) -> list[Doubt]:
    source = read_pet(paths).source
    assert source
    return list(source.doubts)


class TestPetSeries:
    @pytest.mark.parametrize(
        "vendor", ["SIEMENS", "GE MEDICAL SYSTEMS", "Philips Medical Systems"]
    )
    @pytest.mark.parametrize("half_life_h", [64.05, 6586.2 / 3600])
    def test_vendors_own_series_raise_no_doubt(
        self, tmp_path: Path, vendor: str, half_life_h: float
    ) -> None:
        paths = pet(tmp_path, vendor, half_life_h)
        edit_all(paths, lambda d: setattr(d, "NumberOfSlices", 6))
        edit_all(paths, lambda d: setattr(d, "SeriesType", ["WHOLE BODY", "IMAGE"]))
        assert doubts(paths) == []

    def test_real_series_raise_no_doubt(self, real_images: Path) -> None:
        [found] = discover(real_images / "pet_siemens_mct")
        assert len(found.paths) == 85
        assert doubts(list(found.paths)) == []

    def test_a_later_bed_of_ge_raises_no_doubt(self, tmp_path: Path) -> None:
        """30 min of F-18 that begin 30 min after the series: both decays together."""

        def change(dataset: Dataset) -> None:
            dataset.FrameReferenceTime = "1800000"
            # exp(0.18925) x 0.18925 / (1 - exp(-0.18925)), by hand.
            dataset.DecayFactor = "1.327"

        paths = pet(tmp_path, "GE MEDICAL SYSTEMS", 6586.2 / 3600)
        assert doubts(edit_all(paths, change)) == []

    @pytest.mark.parametrize("written", ["3.7", "0.5"])
    def test_a_factor_that_no_time_explains(self, tmp_path: Path, written: str) -> None:
        paths = pet(tmp_path, "SIEMENS")
        edit_all(paths[3:4], lambda d: setattr(d, "DecayFactor", written))
        code, said, used = one_doubt(doubts(paths))
        assert code == "H10"
        assert f"DecayFactor (0054,1321) = {written}" in said
        assert (
            used
            == "its values are assumed to be decay-corrected, by DecayCorrection START"
        )

    @pytest.mark.parametrize(
        ("kind", "listed", "asks"),
        [
            ("START", ["NORM", "DECY"], ""),
            ("ADMIN", ["DECY", "ATTN"], ""),
            ("NONE", ["NORM", "ATTN"], ""),
            ("START", None, ""),
            (
                "NONE",
                ["NORM", "DECY"],
                "= NONE, but its CorrectedImage (0028,0051) l",
            ),
            ("START", ["NORM", "ATTN"], "(0028,0051) does not list DECY"),
            ("ADMIN", ["NORM", "ATTN"], "(0054,1102) = ADMIN, but its Corrected"),
        ],
    )
    def test_two_attributes_on_the_decay_correction(
        self, tmp_path: Path, kind: str, listed: list[str] | None, asks: str
    ) -> None:
        paths = pet(tmp_path, "SIEMENS", kind=kind)

        def change(dataset: Dataset) -> None:
            dataset.CorrectedImage = listed

        edit_all(paths[3:4], change)
        if not asks:
            assert doubts(paths) == []
            return
        code, said, used = one_doubt(doubts(paths))
        assert code == "H10"
        assert asks in said
        assert said.startswith(paths[3].name)
        assert used.endswith(f"by DecayCorrection {kind}")

    def test_a_factor_without_any_correction(self, tmp_path: Path) -> None:
        paths = pet(tmp_path, "SIEMENS", kind="NONE")
        assert doubts(paths) == []
        edit_all(paths, lambda d: setattr(d, "DecayFactor", "1.2"))
        code, _, _ = one_doubt(doubts(paths))
        assert code == "H10"

    @pytest.mark.parametrize(
        ("kind", "says"), [("GATED", "a gated"), ("DYNAMIC", "a dynamic")]
    )
    def test_parts_of_a_scan_are_asked_about(
        self, tmp_path: Path, kind: str, says: str
    ) -> None:
        paths = pet(tmp_path, "SIEMENS")
        edit_all(paths, lambda d: setattr(d, "SeriesType", [kind, "IMAGE"]))
        code, said, _ = one_doubt(doubts(paths))
        assert code == "H12"
        assert f"it is {says} series (SeriesType (0054,1000))" in said
        repeats = "NumberOfRRIntervals" if kind == "GATED" else "NumberOfTimeSlices"
        edit_all(paths, lambda d: setattr(d, repeats, 8))
        with pytest.raises(FileFormatError, match=f"{says} series of 8 parts"):
            read_pet(paths)

    def test_a_reprojection_is_refused(self, tmp_path: Path) -> None:
        paths = pet(tmp_path, "SIEMENS")
        edit_all(paths, lambda d: setattr(d, "SeriesType", ["STATIC", "REPROJECTION"]))
        with pytest.raises(FileFormatError, match=r"reprojection \(SeriesType"):
            read_pet(paths)

    @pytest.mark.parametrize("declared", [5, 9])
    def test_other_slices_than_declared_are_asked_about(
        self, tmp_path: Path, declared: int
    ) -> None:
        paths = pet(tmp_path, "SIEMENS")
        edit_all(paths, lambda d: setattr(d, "NumberOfSlices", declared))
        code, said, used = one_doubt(doubts(paths))
        assert code == "H17"
        assert used == "the 6 slices that are present are used"
        assert f"declares {declared} slices, but 6 are present" in said


def sparse(folder: Path, slices: int, thickness: str) -> list[Path]:
    """CT slices 36 mm apart."""
    grid = Grid.regular((slices, 4, 5), spacing_mm=(36.0, 2.0, 2.0))
    volume = Volume(np.ones(grid.shape), grid, Quantity.CT_NUMBER)
    paths = write_ct(volume, folder, STUDY)
    return edit_all(paths, lambda d: setattr(d, "SliceThickness", thickness))


class TestGaps:
    def test_two_slices_far_apart_are_no_volume(self, tmp_path: Path) -> None:
        paths = sparse(tmp_path, 2, "3")
        with pytest.raises(GeometryError, match="36 mm apart and 3 mm thick"):
            read_ct(paths)

    def test_a_long_ct_with_gaps_is_read_and_it_is_said(self, tmp_path: Path) -> None:
        source = read_ct(sparse(tmp_path, 4, "3")).source
        assert source
        assert "the gaps between them are ignored" in source.remarks[0]

    def test_slices_as_thick_as_they_are_apart(self, tmp_path: Path) -> None:
        source = read_ct(sparse(tmp_path, 2, "36")).source
        assert source
        assert source.remarks == ()

    def test_a_pet_of_every_other_slice(self, tmp_path: Path) -> None:
        paths = pet(tmp_path, "SIEMENS")
        edit_all(paths, lambda d: setattr(d, "SliceThickness", "3"))
        code, said, _ = one_doubt(doubts(paths[::2]))
        assert code == "H17"
        assert "6 mm apart and 3 mm thick" in said


def test_doubts_stop_a_run_until_they_are_accepted(
    run: Callable[..., Any], exact_contours: Path, tmp_path: Path
) -> None:
    dataset = pydicom.dcmread(exact_contours / "spect.dcm")
    dataset.RescaleIntercept, dataset.RescaleSlope = "0.25", "1"
    dataset.save_as(tmp_path / "spect.dcm")
    words = (
        *("post", tmp_path, "--structures", exact_contours / "structures.dcm"),
        *("--administered", "1GBq", "--no-report", "--no-dicom"),
        *("--out", tmp_path / "out"),
    )
    stopped = run(*words)
    assert stopped.exit_code == 3
    assert (
        "H12 Unit of the image: the header adds an offset to every voxel"
    ) in stopped.stderr
    assert "exported correctly? If accepted, the values are used with" in stopped.stderr
    assert "this offset; to go on: --accept H12" in stopped.stderr
    accepted = run(*words, "--accept", "H12", "--reason", "as exported")
    assert accepted.exit_code == 0, accepted.stderr
    assert "H12" in accepted.stderr


def test_a_decimal_comma_is_named_and_not_called_damage(tmp_path: Path) -> None:
    paths = pet(tmp_path, "SIEMENS")
    raw = paths[2].read_bytes()
    assert raw.count(b"4.2\\4.07") == 1
    paths[2].write_bytes(raw.replace(b"4.2\\4.07", b"4,2\\4,07"))
    with pytest.raises(InputError) as refusal:
        read_pet(paths)
    said = str(refusal.value)
    assert f"{paths[2].name} has PixelSpacing (0028,0030) = 4,2\\4,07" in said
    assert "a decimal point" in said
    assert "damaged" not in said
