"""Standardized uptake values by each maker's convention, against a known object.

The cases are those of the IBSI's task on SUV (list of its digital reference objects),
by their numbers; the files are of our own making.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from sirtdose.errors import InputError, MissingTagError, QuantityError
from sirtdose.io.dicom.suv import read_uptake
from sirtdose.model.body_size import Body
from sirtdose.model.grid import Grid
from sirtdose.model.uptake import Uptake, UptakeGiven
from tests.uptake_files import (
    FRAME_S,
    GA68_S,
    INJECTED_AT,
    SCAN_AT,
    WEIGHT_KG,
    ZR89_S,
    Scanner,
    write_uptake,
)

GRID = Grid.regular((2, 5, 6), spacing_mm=(3.0, 4.2, 4.1))
SUV = np.full(GRID.shape, 0.2)
SUV[1] = 1.0
SUV[1, 2, 4] = 4.0
SIEMENS, GE, PHILIPS = Scanner(), Scanner("GE MEDICAL SYSTEMS"), Scanner("Philips")
UNKNOWN = Scanner("SYNTHETIC")
IBSI = UptakeGiven(ibsi=True)
Change = Callable[[Dataset], object]


def of(file: Dataset) -> Dataset:
    """The tracer's part of a header."""
    item: Dataset = file.RadiopharmaceuticalInformationSequence[0]
    return item


def setting(**values: object) -> Change:
    def change(file: Dataset) -> None:
        for keyword, value in values.items():
            setattr(file, keyword, value)

    return change


def tracer(**values: object) -> Change:
    def change(file: Dataset) -> None:
        for keyword, value in values.items():
            if value is None:
                of(file).pop(keyword, None)
            else:
                setattr(of(file), keyword, value)

    return change


def both(*changes: Change) -> Change:
    def change(file: Dataset) -> None:
        for one in changes:
            one(file)

    return change


def already(kind: str, per_weight: float, unit: str = "GML", sex: str = "M") -> Change:
    """The file's own values are SUV of a kind: those by weight times a factor."""

    def change(file: Dataset) -> None:
        # The scanner wrote Bq/mL at the injection: turned into SUV by weight.
        slope = float(file.RescaleSlope) * WEIGHT_KG * 1e3 / 318e6 * per_weight
        file.RescaleSlope, file.Units, file.SUVType = f"{slope:.10g}", unit, kind
        file.PatientSex = sex

    return change


def private(group: int, creator: str, element: int, vr: str, value: object) -> Change:
    def change(file: Dataset) -> None:
        # In a block of its own number: readers by a literal element miss it.
        file.add_new((group << 16) + 0x10, "LO", "SOMEBODY ELSE")
        block = file.private_block(group, creator, create=True)
        block.add_new(element, vr, value)

    return change


def start_of_series(file: Dataset) -> None:
    """SeriesTime is that of the first bed, as most scanners write it."""
    file.SeriesDate, file.SeriesTime = f"{SCAN_AT:%Y%m%d}", f"{SCAN_AT:%H%M%S}"


def counts(element: int, per_count: float) -> Change:
    def change(file: Dataset) -> None:
        slope = float(file.RescaleSlope) / per_count
        file.RescaleSlope, file.Units = f"{slope:.10g}", "CNTS"
        private(0x7053, "Philips PET Private Group", element, "DS", f"{per_count:.8g}")(
            file
        )

    return change


def only_time(at: datetime) -> Change:
    return tracer(
        RadiopharmaceuticalStartDateTime=None,
        RadiopharmaceuticalStartTime=f"{at:%H%M%S}",
    )


def far_off(file: Dataset) -> None:
    """A frame's own times moved aside: only what the maker adds privately is right."""
    file.AcquisitionTime, file.FrameReferenceTime = "235900", "123000"


ADMIN = replace(SIEMENS, correction="ADMIN")
ONE_BED = (0.0,)
EVENING = datetime(2026, 3, 2, 23, 30)
LATE = {"injected_at": EVENING, "scan_at": EVENING + timedelta(minutes=61)}
# Of 71 kg and 1.74 m, on a calculator: lean mass, ideal weight, surface.
JAMES = {"M": 56.7875, "F": 51.3279, "O": 54.0577}
JANMA = {"M": 56.0364, "F": 45.3847, "O": 50.7106}
IDEAL = {"M": 71.32, "F": 65.52, "O": 68.42}
SURFACE_CM2 = 18516.09

CASES: dict[str, tuple[Scanner, Change]] = {
    "0_0": (SIEMENS, start_of_series),
    "2_0": (ADMIN, already("BW", 1.0)),
    "2_4": (
        replace(PHILIPS, correction="ADMIN"),
        both(already("BW", 1.0), counts(0x00, 0.00041)),
    ),
    "2_5": (PHILIPS, counts(0x09, 2.2)),
    "3_1": (ADMIN, setting()),
    "3_2_0": (SIEMENS, setting()),
    "3_2_1": (GE, setting()),
    "3_2_2": (PHILIPS, setting()),
    "3_2_3": (UNKNOWN, setting()),
    "3_3_0": (
        SIEMENS,
        both(
            far_off,
            private(0x0071, "SIEMENS MED PT", 0x22, "DT", f"{SCAN_AT:%Y%m%d%H%M%S}"),
        ),
    ),
    "3_3_1": (
        GE,
        both(
            far_off,
            private(0x0009, "GEMS_PETD_01", 0x0D, "DT", f"{SCAN_AT:%Y%m%d%H%M%S}"),
        ),
    ),
    "3_4_0": (replace(SIEMENS, correction="NONE"), setting()),
    "3_4_1": (replace(GE, correction="NONE"), setting()),
    "3_4_2": (replace(PHILIPS, correction="NONE"), counts(0x09, 1.7)),
    "3_4_3": (replace(UNKNOWN, correction="NONE"), setting()),
    "4_0": (SIEMENS, tracer(RadiopharmaceuticalStartTime=None)),
    "4_1": (SIEMENS, only_time(INJECTED_AT)),
    "4_2": (replace(SIEMENS, **LATE), only_time(EVENING)),
    "4_3": (replace(SIEMENS, **LATE), setting()),
    "4_5": (
        replace(
            SIEMENS,
            half_life_s=ZR89_S,
            injected_at=INJECTED_AT - timedelta(days=3),
        ),
        setting(),
    ),
    "5_0": (replace(SIEMENS, half_life_s=GA68_S), setting()),
    **{
        f"3_5_{n}": (replace(one, beds_s=ONE_BED), start_of_series)
        for n, one in enumerate((SIEMENS, GE, PHILIPS, UNKNOWN))
    },
    **{
        f"2_1_{n}": (ADMIN, already("LBMJAMES128", JAMES[sex] / WEIGHT_KG, sex=sex))
        for n, sex in enumerate("MFO")
    },
    **{
        f"2_2_{n}": (ADMIN, already("IBW", IDEAL[sex] / WEIGHT_KG, sex=sex))
        for n, sex in enumerate("MFO")
    },
    **{
        f"2_6_{n}": (ADMIN, already("LBMJANMA", JANMA[sex] / WEIGHT_KG, sex=sex))
        for n, sex in enumerate("MFO")
    },
    "2_3": (ADMIN, already("BSA", SURFACE_CM2 / (WEIGHT_KG * 1e3), "CM2ML")),
    # What only the conventions of the IBSI read; else it is asked.
    "3_0": (SIEMENS, tracer(RadionuclideTotalDose="318")),
    "4_4": (
        replace(SIEMENS, **LATE),
        setting(AcquisitionDate="19600101", SeriesDate="19600101"),
    ),
}
ASKED = {
    "3_0": "give --injected",
    "3_3_0": "was acquired at 2026-03-02 23:59",
    "3_3_1": "was acquired at 2026-03-02 23:59",
    "4_4": "give --injected-at",
    "3_2_3": "give --scan-at",
    "2_1_2": "give --sex",
    "2_2_2": "give --sex",
    "2_6_2": "give --sex",
}
WRONG: dict[str, tuple[Scanner, Change]] = {
    "2_0": (SIEMENS, setting(PatientWeight=None)),
    "2_1": (SIEMENS, setting(PatientWeight="0")),
    "2_2": (ADMIN, already("IBW", 1.0, sex="")),
    "2_3": (ADMIN, already("IBW", 1.0, sex="X")),
    "2_4": (ADMIN, both(already("IBW", 1.0), setting(PatientSize=None))),
    "2_5": (ADMIN, both(already("IBW", 1.0), setting(PatientSize="0"))),
    "2_6": (PHILIPS, setting(Units="CNTS")),
    "2_7": (SIEMENS, setting(Units="PROPCNTS")),
    "3_0": (SIEMENS, tracer(RadionuclideTotalDose=None)),
    "3_1": (SIEMENS, tracer(RadionuclideTotalDose="-318000000")),
    "3_2": (SIEMENS, setting(ActualFrameDuration=None)),
    "4_0": (SIEMENS, tracer(RadiopharmaceuticalStartDateTime=None)),
    "4_1": (replace(SIEMENS, half_life_s=ZR89_S), only_time(INJECTED_AT)),
    "4_2": (
        replace(SIEMENS, half_life_s=ZR89_S),
        tracer(RadiopharmaceuticalStartDateTime="19601229110000"),
    ),
    "5_0": (SIEMENS, tracer(RadionuclideHalfLife=None)),
}


def read(
    folder: Path, case: tuple[Scanner, Change], given: UptakeGiven | None = None
) -> Uptake:
    scanner, change = case
    paths = write_uptake(folder, SUV, GRID, scanner, change=change)
    return read_uptake(paths[::-1], given=given)


@pytest.mark.parametrize("case", CASES)
def test_a_known_object(tmp_path: Path, case: str) -> None:
    scanner, change = CASES[case]
    paths = write_uptake(tmp_path, SUV, GRID, scanner, change=change)[::-1]
    by_ibsi = read_uptake(paths, given=IBSI).suv.data
    np.testing.assert_allclose(by_ibsi, SUV, rtol=1e-4)
    if case in ASKED:
        with pytest.raises(InputError, match=ASKED[case]):
            read_uptake(paths)
    else:
        np.testing.assert_allclose(read_uptake(paths).suv.data, SUV, rtol=1e-4)


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_computed_is_refused(tmp_path: Path, case: str) -> None:
    scanner, change = WRONG[case]
    paths = write_uptake(tmp_path, SUV, GRID, scanner, change=change)
    for given in (IBSI, None):
        with pytest.raises(InputError, match=r"give|needs|correct|reconstruct"):
            read_uptake(paths, given=given)


def test_what_is_asked_can_be_given(tmp_path: Path) -> None:
    for case, given in (
        ("3_0", UptakeGiven(injected_mbq=318)),
        ("3_2_3", UptakeGiven(scan_at=SCAN_AT)),
        ("2_1_2", UptakeGiven(Body(sex="O"))),
    ):
        found = read(tmp_path / case, CASES[case], given)
        np.testing.assert_allclose(found.suv.data, SUV, rtol=1e-4)
    scanner, _ = CASES["4_4"]
    aside = setting(AcquisitionDate="19600102", SeriesDate="19600102")
    given = UptakeGiven(injected_at=datetime(1960, 1, 1, 23, 30))
    found = read(tmp_path / "4_4", (scanner, aside), given)
    np.testing.assert_allclose(found.suv.data, SUV, rtol=1e-4)


def test_what_was_used_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, (GE, setting()))
    assert found.tracer is not None
    assert found.tracer.injected_mbq == pytest.approx(318)
    assert found.tracer.reference_at == SCAN_AT
    assert found.tracer.left_mbq(SCAN_AT) == pytest.approx(213.65, abs=0.01)
    assert found.uptake_time_min == pytest.approx(63)
    assert found.body == Body(71.0, 174.0, "M")
    assert found.lean_factor("janmahasatian") * 71 == pytest.approx(JANMA["M"], 1e-5)
    assert found.surface_factor() * 71e3 == pytest.approx(SURFACE_CM2, 1e-5)


def test_a_time_of_uptake_without_a_need_for_it(tmp_path: Path) -> None:
    assert read(tmp_path / "a", (ADMIN, setting())).uptake_time_min == 63
    found = read(tmp_path / "b", (ADMIN, already("BW", 1.0)))
    assert found.uptake_time_min == 63
    assert found.suv_type == "BW"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (setting(SUVType="LBM", Units="GML"), "--suv-type LBMJAMES128 or LBMJANMA"),
        (setting(PatientWeight="71000"), "give --weight"),
        (setting(PatientSize="174"), "--height 174cm"),
        (setting(CorrectedImage=["DECY"]), "without ATTN"),
        (setting(DecayCorrection="BOGUS"), "START, ADMIN or NONE"),
        (setting(Units="GML", SUVType="BSA"), "give --suv-type"),
        (
            tracer(RadiopharmaceuticalStartTime="081230"),
            "two injection times, 2026-03-02 09:12",
        ),
        (
            tracer(RadiopharmaceuticalStartDateTime="20260302121230"),
            "after the scan",
        ),
        (
            tracer(RadiopharmaceuticalStartDateTime="20260301091230"),
            "25.1 h before the scan, which is over 6 half-lives",
        ),
    ],
)
def test_what_is_asked_where_nothing_is_assumed(
    tmp_path: Path, change: Change, said: str
) -> None:
    with pytest.raises(QuantityError, match=said):
        read(tmp_path, (SIEMENS, change))


IN_SUV = (ADMIN, already("BW", 1.0))
UNCORRECTED = replace(SIEMENS, correction="NONE")
HOUR_LATER = f"{SCAN_AT + timedelta(hours=1):%Y%m%d%H%M%S}"


@pytest.mark.parametrize(
    ("case", "given", "said"),
    [
        # 318 MBq in kBq, and 8.6 mCi in uCi.
        ((SIEMENS, tracer(RadionuclideTotalDose="318000")), None, "kBq, MBq or mCi"),
        ((SIEMENS, tracer(RadionuclideTotalDose="8.59")), None, "kBq, MBq or mCi"),
        ((SIEMENS, setting(ActualFrameDuration="150")), None, "may be in s"),
        ((UNCORRECTED, setting(ActualFrameDuration="150")), None, "may be in s"),
        (
            (replace(SIEMENS, beds_s=ONE_BED), setting(FrameReferenceTime="0")),
            None,
            "before the mean of its own frame of 150 s",
        ),
        (
            (GE, private(0x0009, "GEMS_PETD_01", 0x0D, "DT", HOUR_LATER)),
            None,
            "2026-03-02 11:15 by private",
        ),
        (
            (replace(UNCORRECTED, beds_s=(0.0, 86400.0)), setting()),
            None,
            "acquired over 24.0 h",
        ),
        ((SIEMENS, setting(RescaleSlope="-0.01")), None, "RescaleSlope"),
        (
            (SIEMENS, setting(AcquisitionDateTime="20260302111530")),
            None,
            "two acquisition times",
        ),
        ((SIEMENS, setting()), UptakeGiven(suv_type="BW"), "leave it out"),
        (IN_SUV, UptakeGiven(Body(weight_kg=60)), "--weight cannot change"),
        (IN_SUV, UptakeGiven(injected_mbq=200), "--injected cannot change"),
    ],
)
def test_headers_that_cannot_be_true(
    tmp_path: Path,
    case: tuple[Scanner, Change],
    given: UptakeGiven | None,
    said: str,
) -> None:
    with pytest.raises(QuantityError, match=said):
        read(tmp_path, case, given)


def test_an_image_in_suv_is_doubted_as_one_in_bq(tmp_path: Path) -> None:
    scanner, change = IN_SUV
    odd = setting(NumberOfSlices=10, RescaleIntercept="1", CorrectedImage=["ATTN"])
    source = read(tmp_path, (scanner, both(change, odd))).suv.source
    assert source is not None
    assert sorted(one.code for one in source.doubts) == ["H12", "H17"]


def test_the_scan_of_an_image_in_suv_can_be_dated(tmp_path: Path) -> None:
    scanner, change = IN_SUV
    timeless = both(change, setting(AcquisitionDate="", AcquisitionTime=""))
    found = read(tmp_path, (scanner, timeless), UptakeGiven(scan_at=SCAN_AT))
    assert found.suv.source is not None
    assert found.suv.source.scan_start == SCAN_AT
    assert found.uptake_time_min == 63


def test_slices_of_two_kinds_are_no_image(tmp_path: Path) -> None:
    paths = write_uptake(tmp_path, SUV, GRID)
    file = pydicom.dcmread(paths[1])
    file.PatientWeight = "72"
    file.save_as(paths[1])
    with pytest.raises(QuantityError, match="PatientWeight"):
        read_uptake(paths)


def test_two_factors_of_philips_that_disagree_are_asked(tmp_path: Path) -> None:
    per_suv = private(0x7053, "Philips PET Private Group", 0x00, "DS", "0.001")
    with pytest.raises(QuantityError, match="disagree"):
        read(tmp_path, (PHILIPS, both(counts(0x09, 2.2), per_suv)))


def test_no_tracer_at_all(tmp_path: Path) -> None:
    def without(file: Dataset) -> None:
        del file.RadiopharmaceuticalInformationSequence

    with pytest.raises(MissingTagError, match="the half-life is not known"):
        read(tmp_path, (SIEMENS, without))


def test_the_frame_is_as_long_as_its_slices_say() -> None:
    # The object's own decay: a frame of F-18 loses 1.6 % while it lasts.
    assert SIEMENS.mean_left(0) == pytest.approx(1 - 0.5 * FRAME_S / 9504.5, abs=5e-5)


@pytest.mark.parametrize(
    ("body", "said"),
    [(Body(height_cm=160), "--height"), (Body(sex="F"), "--sex")],
)
def test_suv_by_lean_mass_are_undone_with_the_sizes_that_made_them(
    tmp_path: Path, body: Body, said: str
) -> None:
    case = (ADMIN, already("LBMJANMA", JANMA["M"] / WEIGHT_KG))
    with pytest.raises(QuantityError, match=f"{said} cannot change"):
        read(tmp_path, case, UptakeGiven(body))
