"""Synthetic files in the conventions of real vendors' headers.

Built from the headers described in the project's DICOM notes; they are no vendor's
files. Every image has unequal spacing and a marked corner.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from sirtdose.errors import (
    FileFormatError,
    GeometryError,
    MissingTagError,
    QuantityError,
)
from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.dicom.pet import read_pet
from sirtdose.io.dicom.pet_decay import average_time_s
from sirtdose.io.dicom.rtdose import read_rtdose
from sirtdose.io.dicom.stack import read_ct
from sirtdose.io.dicom.write import Study, write_ct, write_nm
from sirtdose.io.discover import discover
from sirtdose.io.found import Kind
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide_words import nuclide_name
from sirtdose.model.volume import Quantity, Volume

STUDY = Study(
    "vendors", "V", "Vendor^Like", "", datetime.fromisoformat("2026-03-03"), "0"
)
GRID = Grid(
    (6, 7, 8),
    np.array([[0, 0, 4.4, -90], [0, 4.7, 0, 31], [-3.1, 0, 0, 412], [0, 0, 0, 1]]),
    STUDY.frame_of_reference_uid,
)
COUNTS = np.arange(6 * 7 * 8).reshape(6, 7, 8) % 251
COUNTS[0, 0, 0] = 1999
Change = Callable[[Dataset], object]


def nm(tmp_path: Path, change: Change) -> Path:
    path = tmp_path / "nm.dcm"
    write_nm(Volume(COUNTS, GRID, Quantity.COUNTS), path, STUDY)
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


def ge(scale: object, vr: str, block: int = 0x11) -> Change:
    """GE Xeleris: Modality OT, Pixel Scale found by creator in any block."""

    def change(dataset: Dataset) -> None:
        dataset.Modality = "OT"
        dataset.add_new((0x0011, block), "LO", "GEMS_GENIE_1")
        dataset.add_new((0x0011, block * 0x100 + 0x3B), vr, scale)
        dataset.add_new((0x0011, block * 0x100 + 0x3C), "DS", "0")

    return change


def hermes(slope: float, unit: str = "{counts}") -> Change:
    def change(dataset: Dataset) -> None:
        code, item = Dataset(), Dataset()
        code.CodeValue, code.CodingSchemeDesignator = unit, "UCUM"
        item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, 0.0
        item.MeasurementUnitsCodeSequence = [code]
        dataset.RealWorldValueMappingSequence = [item]

    return change


def both(*changes: Change) -> Change:
    def change(dataset: Dataset) -> None:
        for one in changes:
            one(dataset)

    return change


def slope(value: str) -> Change:
    return lambda d: setattr(d, "RescaleSlope", value)


class TestNmScales:
    @pytest.mark.parametrize(
        ("change", "factor"),
        [
            (slope("1"), 1),
            (slope("4.1795"), 4.1795),
            (ge("4.1795", "DS"), 4.1795),
            (ge("4.1795", "DS", block=0x42), 4.1795),
            (ge(b"4.1795", "UN"), 4.1795),
            (ge(np.float64(4.1795).tobytes(), "UN"), 4.1795),
            (hermes(0.5), 0.5),
            (both(hermes(2.5), slope("2.5")), 2.5),
            # A scale of 1 contradicts none.
            (both(hermes(2.5), slope("1")), 2.5),
            (both(ge("4", "DS"), slope("1")), 4.0),
        ],
    )
    def test_scale_applies_wherever_it_is_kept(
        self, tmp_path: Path, change: Change, factor: float
    ) -> None:
        image = read_nm(nm(tmp_path, change))
        assert image.quantity is Quantity.COUNTS
        np.testing.assert_allclose(image.data, COUNTS * factor)
        assert image.grid.matches(GRID)

    def test_scale_of_each_frame(self, tmp_path: Path) -> None:
        each = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        image = read_nm(nm(tmp_path, ge([str(x) for x in each], "DS")))
        np.testing.assert_allclose(
            image.data, COUNTS * np.array(each).reshape(-1, 1, 1)
        )

    @pytest.mark.parametrize(
        ("unit", "factor"),
        [("Bq/ml", 1), ("kBq/ml", 1e3), ("kBq/mL", 1e3), ("MBq/ml", 1e6)],
    )
    def test_quantitative_spect_says_its_unit(
        self, tmp_path: Path, unit: str, factor: float
    ) -> None:
        image = read_nm(nm(tmp_path, hermes(1.5, unit)))
        assert image.quantity is Quantity.ACTIVITY_CONCENTRATION
        np.testing.assert_allclose(image.data, COUNTS * 1.5 * factor)

    def test_of_several_mappings_the_one_in_bq_per_ml_holds(
        self, tmp_path: Path
    ) -> None:
        def several(*units: str) -> Change:
            def change(dataset: Dataset) -> None:
                items = []
                for factor, unit in enumerate(units, start=2):
                    hermes(float(factor), unit)(dataset)
                    items += dataset.RealWorldValueMappingSequence
                dataset.RealWorldValueMappingSequence = items

            return change

        image = read_nm(nm(tmp_path, several("{counts}", "Bq/ml")))
        assert image.quantity is Quantity.ACTIVITY_CONCENTRATION
        np.testing.assert_allclose(image.data, COUNTS * 3.0)
        with pytest.raises(QuantityError, match="maps its values in 2 ways"):
            read_nm(nm(tmp_path, several("{counts}", "{counts}")))

    def test_an_attenuation_map_is_no_activity(self, tmp_path: Path) -> None:
        kind = ["DERIVED", "PRIMARY", "RECON TOMO", "TRANSMISSION"]
        path = nm(tmp_path, lambda d: setattr(d, "ImageType", kind))
        with pytest.raises(FileFormatError, match="is an attenuation map"):
            read_nm(path)
        [found] = discover(path)
        assert found.kind is Kind.OTHER

    def test_decay_correction_and_a_second_detector(self, tmp_path: Path) -> None:
        def change(dataset: Dataset) -> None:
            dataset.CorrectedImage = ["ATTN", "DECY"]
            detectors = dataset.DetectorInformationSequence
            dataset.DetectorInformationSequence = [Dataset(), detectors[0]]

        image = read_nm(nm(tmp_path, change))
        assert image.source
        assert image.source.decay_correction == "DECY"
        assert image.grid.matches(GRID)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (both(hermes(2.5), slope("2")), "which scale applies is not known"),
            (both(ge("4", "DS"), slope("2")), "which scale applies is not known"),
            (ge("0", "DS"), "above 0"),
            (ge(b"nan ", "UN"), "above 0"),
            (hermes(1.0, "Gy"), "counts or Bq/ml are needed"),
        ],
    )
    def test_scales_that_cannot_be_trusted(
        self, tmp_path: Path, change: Change, says: str
    ) -> None:
        with pytest.raises(QuantityError, match=says):
            read_nm(nm(tmp_path, change))

    def test_an_ot_reconstruction_is_found_as_spect(self, tmp_path: Path) -> None:
        nm(tmp_path, ge("4.1795", "DS"))
        [found] = discover(tmp_path)
        assert found.kind is Kind.SPECT
        source = read_nm(found.paths[0]).source
        assert source
        assert "Modality (0008,0060) is OT" in source.remarks[0]

    def test_position_and_saturation_are_said(self, tmp_path: Path) -> None:
        def placeholder(dataset: Dataset) -> None:
            dataset.DetectorInformationSequence[0].ImagePositionPatient = [0, 0, 0]
            del dataset.FrameOfReferenceUID
            pixels = dataset.pixel_array.copy()
            pixels[0, 0, 0] = 65535
            dataset.PixelData = pixels.tobytes()

        source = read_nm(nm(tmp_path, placeholder)).source
        assert source
        said = " ".join(source.remarks)
        assert "a placeholder" in said
        assert "no FrameOfReferenceUID (0020,0052)" in said
        assert "largest value that can be stored, 65535" in said


START = datetime(2026, 3, 3, 23, 50, 0)
FRAME_S = 1800.0
Y90_H, F18_H = 64.05, 6586.2 / 3600


def pet(
    folder: Path, vendor: str, half_life_h: float = Y90_H, kind: str = "START"
) -> list[Path]:
    """A PET of 30 minutes that crosses midnight, corrected with a half-life."""
    grid = Grid(
        (6, 7, 8),
        np.array([[0, 0, 4.07, -90], [0, 4.2, 0, 31], [3, 0, 0, 412], [0, 0, 0, 1]]),
        STUDY.frame_of_reference_uid,
    )
    paths = write_ct(Volume(COUNTS, grid, Quantity.CT_NUMBER), folder, STUDY)
    x = np.log(2) * FRAME_S / 3600 / half_life_h
    mean_s = average_time_s(FRAME_S, half_life_h)
    for k, path in enumerate(paths):
        d = pydicom.dcmread(path)
        d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = (
            "1.2.840.10008.5.1.4.1.1.128"
        )
        d.Modality, d.Units, d.DecayCorrection = "PT", "BQML", kind
        d.CorrectedImage = ["ATTN", "SCAT", *(["DECY"] if kind != "NONE" else [])]
        d.RescaleIntercept, d.RescaleSlope = "0", f"{1 + k / 7:.6g}"
        d.ActualFrameDuration = str(int(FRAME_S * 1000))
        d.SliceThickness = "5"
        if vendor == "GE MEDICAL SYSTEMS":
            d.FrameReferenceTime, d.DecayFactor = "0", f"{x / -np.expm1(-x):.6f}"
            acquired = START
        elif vendor == "SIEMENS":
            d.FrameReferenceTime = f"{mean_s * 1000:.6g}"
            d.DecayFactor = f"{2 ** (mean_s / 3600 / half_life_h):.6f}"
            acquired = START
        else:
            d.FrameReferenceTime = f"{FRAME_S * 500:.6g}"
            d.DecayFactor, acquired = "1", START
        d.Manufacturer = vendor
        series = START if vendor == "SIEMENS" else START - timedelta(minutes=9)
        d.SeriesDate, d.SeriesTime = (
            series.strftime("%Y%m%d"),
            series.strftime("%H%M%S"),
        )
        d.AcquisitionDate = acquired.strftime("%Y%m%d")
        d.AcquisitionTime = acquired.strftime("%H%M%S.%f")
        item, code = Dataset(), Dataset()
        code.CodeValue, code.CodingSchemeDesignator = "C-162A7", "SRT"
        code.CodeMeaning = "^90^Yttrium" if half_life_h == Y90_H else "18F"
        if half_life_h != Y90_H:
            code.CodeValue = "C-111A1"
        item.RadionuclideCodeSequence = [code]
        item.RadionuclideHalfLife = f"{half_life_h * 3600:.8g}"
        d.RadiopharmaceuticalInformationSequence = [item]
        d.save_as(path)
    return paths


VENDORS = ["SIEMENS", "GE MEDICAL SYSTEMS", "Philips Medical Systems"]


def edit_all(paths: list[Path], change: Change) -> list[Path]:
    for path in paths:
        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path)
    return paths


class TestPet:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_values_places_and_reference_time(
        self, tmp_path: Path, vendor: str
    ) -> None:
        image = read_pet(pet(tmp_path, vendor)[::-1])
        stored = COUNTS.astype(float) + 1024
        expected = stored * (1 + np.arange(6) / 7).reshape(-1, 1, 1)
        np.testing.assert_allclose(image.data, expected, rtol=1e-5)
        assert image.grid.spacing_mm == pytest.approx((3.0, 4.2, 4.07))
        assert image.source
        assert image.source.scan_start
        late = (image.source.scan_start - START).total_seconds()
        assert abs(late) < 1.0
        assert image.source.nuclide_in_header == "Y-90"
        known = None if vendor.startswith("Philips") else pytest.approx(Y90_H)
        assert image.source.applied_half_life_h == known

    def test_private_reference_times_win(self, tmp_path: Path) -> None:
        def private(dataset: Dataset) -> None:
            block = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
            block.add_new(0x0D, "DT", "20260303234500.00")

        paths = edit_all(pet(tmp_path, "GE MEDICAL SYSTEMS"), private)
        source = read_pet(paths).source
        assert source
        assert source.scan_start == datetime(2026, 3, 3, 23, 45)
        assert "GEMS_PETD_01" in source.scan_start_origin

    def test_admin_and_none(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "n").mkdir()
        admin = read_pet(pet(tmp_path / "a", "SIEMENS", kind="ADMIN")).source
        assert admin
        assert admin.scan_start is None
        assert admin.decay_correction == "ADMIN"
        none = read_pet(pet(tmp_path / "n", "SIEMENS", kind="NONE")).source
        assert none
        assert none.scan_start
        middle = (none.scan_start - START).total_seconds()
        assert middle == pytest.approx(900, abs=2)

    @pytest.mark.parametrize("vendor", VENDORS[:2])
    def test_a_scan_labeled_f18_is_detected_and_corrected_on_request(
        self, tmp_path: Path, vendor: str
    ) -> None:
        (tmp_path / "right").mkdir()
        (tmp_path / "wrong").mkdir()
        right = read_pet(pet(tmp_path / "right", vendor))
        paths = pet(tmp_path / "wrong", vendor, F18_H)

        # The scanner multiplied the same decays by F-18's factor.
        def scaled(dataset: Dataset) -> None:
            x = np.log(2) * FRAME_S / 3600 / Y90_H
            own = x / -np.expm1(-x)
            if vendor == "SIEMENS":
                own = 2 ** (average_time_s(FRAME_S, F18_H) / 3600 / Y90_H)
            factor = float(dataset.DecayFactor) / own
            dataset.RescaleSlope = f"{float(dataset.RescaleSlope) * factor:.8g}"

        wrong = read_pet(edit_all(paths, scaled))
        assert wrong.source
        assert wrong.source.applied_half_life_h == pytest.approx(F18_H, rel=0.01)
        assert wrong.total() / right.total() > 1.05
        mended = read_pet(paths, header_nuclide_was="F-18")
        assert mended.total() == pytest.approx(right.total(), rel=1e-4)
        with pytest.raises(QuantityError, match="is not that of Ga-68"):
            read_pet(paths, header_nuclide_was="Ga-68")

    @pytest.mark.parametrize(
        ("change", "error", "says"),
        [
            (lambda d: setattr(d, "Units", "CNTS"), QuantityError, "= CNTS, counts"),
            (lambda d: delattr(d, "Units"), MissingTagError, r"Units \(0054,1001\)"),
            (
                lambda d: setattr(d, "DecayCorrection", "MAYBE"),
                QuantityError,
                "START, ADMIN or NONE",
            ),
            (
                lambda d: setattr(d, "RescaleSlope", "-1"),
                QuantityError,
                "must be above 0",
            ),
        ],
    )
    def test_what_cannot_be_trusted_is_refused(
        self, tmp_path: Path, change: Change, error: type[Exception], says: str
    ) -> None:
        paths = pet(tmp_path, "GE MEDICAL SYSTEMS")
        with pytest.raises(error, match=says):
            read_pet(edit_all(paths, change))

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: setattr(d, "Manufacturer", "Nobody"),
            lambda d: setattr(d, "AcquisitionDate", "00010101"),
        ],
    )
    def test_a_time_that_is_not_known_can_be_given(
        self, tmp_path: Path, change: Change
    ) -> None:
        paths = pet(tmp_path, "GE MEDICAL SYSTEMS")
        source = read_pet(edit_all(paths, change)).source
        assert source
        assert source.scan_start is None
        assert "give --scan-at" in source.scan_start_origin

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: setattr(d, "Units", "CNTS"),
            lambda d: delattr(d, "RescaleSlope"),
            lambda d: setattr(d, "DecayCorrection", "ADMIN"),
        ],
    )
    def test_one_slice_unlike_the_others_is_refused(
        self, tmp_path: Path, change: Change
    ) -> None:
        paths = pet(tmp_path, "GE MEDICAL SYSTEMS")
        edit_all(paths[2:3], change)
        with pytest.raises((QuantityError, MissingTagError), match=paths[2].name):
            read_pet(paths)

    def test_a_wrong_nuclide_to_administration_cannot_be_undone(
        self, tmp_path: Path
    ) -> None:
        paths = pet(tmp_path, "GE MEDICAL SYSTEMS")
        edit_all(paths, lambda d: setattr(d, "DecayCorrection", "ADMIN"))
        with pytest.raises(
            QuantityError, match="as F-18, but its header does not state by how much"
        ):
            read_pet(paths, header_nuclide_was="F-18")

    def test_the_header_says_when_it_was_given(self, tmp_path: Path) -> None:
        def administered(dataset: Dataset) -> None:
            dataset.DecayCorrection = "ADMIN"
            item = Dataset()
            item.RadiopharmaceuticalStartDateTime = "20260301083000"
            dataset.RadiopharmaceuticalInformationSequence = [item]

        paths = edit_all(pet(tmp_path, "GE MEDICAL SYSTEMS"), administered)
        source = read_pet(paths).source
        assert source
        assert source.scan_start == datetime(2026, 3, 1, 8, 30)

    def test_monochrome1_is_not_inverted(self, tmp_path: Path) -> None:
        paths = pet(tmp_path, "SIEMENS")
        before = read_pet(paths).data
        inverted = edit_all(
            paths, lambda d: setattr(d, "PhotometricInterpretation", "MONOCHROME1")
        )
        np.testing.assert_array_equal(read_pet(inverted).data, before)

    def test_enhanced_pet_is_refused_by_name(self, tmp_path: Path) -> None:
        enhanced = "1.2.840.10008.5.1.4.1.1.130"

        def change(d: Dataset) -> None:
            d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = enhanced

        edit_all(pet(tmp_path, "SIEMENS"), change)
        [found] = discover(tmp_path)
        assert found.kind is Kind.OTHER
        assert "Enhanced PET is not supported" in found.remark


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("^18^Fluorine", "F-18"),
        ("18F", "F-18"),
        ("F^18^[^18^Fluorine]", "F-18"),
        ("^99m^Technetium", "Tc-99m"),
        ("Y-90", "Y-90"),
        ("14691008", "Y-90"),
        ("Holmium-166", "Ho-166"),
        ("^166^Holmium", "Ho-166"),
        ("HO166", "Ho-166"),
        ("^177^Lutetium", "Lu-177"),
        ("177Lu-DOTATATE", "Lu-177"),
        ("447553000", "Lu-177"),
        ("^111^Indium", "In-111"),
        ("In 111", "In-111"),
        ("^131^Iodine", "I-131"),
        ("I-123 mIBG", "I-123"),
        ("123I", "I-123"),
        ("Re-188", "Re-188"),
        ("186Re", "Re-186"),
        ("C-11906", "Re-186"),
        ("Tl-201", "Tl-201"),
        ("Sm-153", "Sm-153"),
        ("C-B1134", "Sm-153"),
        ("Xe-133", "Xe-133"),
        ("^133^Xenon", "Xe-133"),
        ("Rubidium 82", "Rb-82"),
        ("13N", "N-13"),
        ("C-107A1", "N-13"),
        ("O-15", "O-15"),
        ("C-B1038", "O-15"),
        ("TC99M MAA", "Tc-99m"),
        ("Technetium Tc 99m", "Tc-99m"),
        ("Tc-99", "Tc-99m"),
        ("Y90 microspheres", "Y-90"),
        ("Y-90 and Lu-177", "Y-90, Lu-177"),
        # A code of something else is no mass of carbon, a count no nuclide.
        ("C-10072", ""),
        ("Scan 18", ""),
        ("ATTENUATION MAPS", ""),
        ("", ""),
    ],
)
def test_nuclide_names(text: str, name: str) -> None:
    assert nuclide_name(text) == name


class TestRtdose:
    @pytest.mark.parametrize("form", ["relative", "absolute", "descending"])
    def test_either_form_of_offsets(self, tmp_path: Path, form: str) -> None:
        path = nm(tmp_path, slope("1"))
        dataset = pydicom.dcmread(path)
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.2"
        dataset.Modality, dataset.DoseUnits = "RTDOSE", "GY"
        dataset.DoseGridScaling = "0.01"
        dataset.ImagePositionPatient = [-90, 31, 412]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        step = -2.5 if form == "descending" else 2.5
        start = 412 if form == "absolute" else 0
        dataset.GridFrameOffsetVector = [start + step * k for k in range(6)]
        dataset.save_as(path)
        dose = read_rtdose(path)
        last = dose.grid.index([-90 + 4.4 * 3, 31 + 4.7 * 2, 412 + step * 5])
        k, j, i = np.rint(last).astype(int)
        assert dose.data[k, j, i] == pytest.approx(COUNTS[5, 2, 3] * 0.01)
        assert dose.grid.spacing_mm == pytest.approx((2.5, 4.7, 4.4))

        # A patient with the feet first: the normal runs against z, coordinates do not.
        dataset.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
        dataset.GridFrameOffsetVector = [412 + 2.5 * k for k in range(6)]
        dataset.save_as(path)
        dose = read_rtdose(path)
        last = dose.grid.index([-90 - 4.4 * 3, 31 + 4.7 * 2, 412 + 2.5 * 5])
        k, j, i = np.rint(last).astype(int)
        assert dose.data[k, j, i] == pytest.approx(COUNTS[5, 2, 3] * 0.01)
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]

        dataset.GridFrameOffsetVector = [0, 2.5, 5, 7.5, 10, 20]
        dataset.save_as(path)
        with pytest.raises(GeometryError, match="not evenly spaced"):
            read_rtdose(path)
        for keyword, value in (("DoseType", "ERROR"), ("DoseSummationType", "BEAM")):
            other = pydicom.dcmread(path)
            other.GridFrameOffsetVector = [2.5 * k for k in range(6)]
            setattr(other, keyword, value)
            other.save_as(tmp_path / "other.dcm")
            with pytest.raises(QuantityError, match=f"{keyword}.*= {value}"):
                read_rtdose(tmp_path / "other.dcm")
        dataset.GridFrameOffsetVector = [1000 + 2.5 * k for k in range(6)]
        dataset.save_as(path)
        with pytest.raises(GeometryError, match="begins at 1000 mm"):
            read_rtdose(path)
        dataset.DoseUnits = "RELATIVE"
        dataset.save_as(path)
        with pytest.raises(QuantityError, match="GY is needed"):
            read_rtdose(path)


class TestCtVendors:
    def test_signed_unsigned_and_fractional_scales_agree(self, tmp_path: Path) -> None:
        numbers = (COUNTS.astype(int) * 10 - 900).astype(np.int16)
        image = Volume(numbers, GRID, Quantity.CT_NUMBER)
        paths = write_ct(image, tmp_path, STUDY)
        plain = read_ct(paths)

        def signed(dataset: Dataset) -> None:
            stored = dataset.pixel_array.astype(np.int32) - 1024
            dataset.PixelRepresentation, dataset.RescaleIntercept = 1, "0"
            dataset.PixelData = stored.astype(np.int16).tobytes()

        again = read_ct(edit_all(paths, signed))
        np.testing.assert_array_equal(again.data, plain.data)
        doubled = read_ct(edit_all(paths, slope("0.5")))
        np.testing.assert_allclose(doubled.data, plain.data * 0.5)

    def test_localizers_and_other_sizes_stay_out(self, tmp_path: Path) -> None:
        image = Volume(COUNTS.astype(np.int16), GRID, Quantity.CT_NUMBER)
        paths = write_ct(image, tmp_path, STUDY)
        scout = pydicom.dcmread(paths[0])
        scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        scout.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        scout.SOPInstanceUID = generate_uid()
        scout.save_as(tmp_path / "scout.dcm")
        found = {item.kind: item for item in discover(tmp_path)}
        assert len(found[Kind.CT].paths) == 6
        assert found[Kind.OTHER].remark == "a localizer"
