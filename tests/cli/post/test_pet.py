"""`sirtdose post` on a PET series in DICOM."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import Result
from pydicom.dataset import Dataset

from sirtdose.io.image_file import write_nifti
from sirtdose.io.read import read_image
from tests.io.dicom.test_vendors import F18_H, Y90_H, edit_all, pet

Run = Callable[..., Result]
GIVEN = "2026-03-03T20:50:00+01:00"


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def make(vendor: str = "SIEMENS", half_life_h: float = Y90_H, **extra: str) -> Path:
        place = tmp_path / "pet"
        (place / "slices").mkdir(parents=True)
        paths = pet(place / "slices", vendor, half_life_h, **extra)
        mask = np.zeros((6, 7, 8))
        mask[1:5, 1:6, 1:7] = 1
        image = read_image(place / "slices")
        write_nifti(image.with_data(mask), place / "liver.nii")
        assert paths
        return place

    return make


def post(run: Run, folder: Path, *options: object) -> Result:
    return run(
        *("post", folder, "--structures", folder / "liver.nii", "--no-report"),
        *("--administered", "1GBq", "--administered-at", GIVEN, "--json"),
        *("--accept", "H13", "--reason", "made up counts", "--out", folder / "out"),
        *options,
    )


def test_decay_from_administration_across_midnight(
    run: Run, folder: Callable[..., Path]
) -> None:
    options = ("--calibration", "image", "--timezone", "Europe/Brussels")
    result = post(run, folder(), *options)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    # Given at 20:50, reference 23:50: 3 h, and the frame runs past midnight.
    assert document["times"]["elapsed_h"] == pytest.approx(3.0, abs=1e-3)
    voxel_ml = 3.0 * 4.2 * 4.07 / 1000
    assert document["calibration"]["bq_per_unit"] == pytest.approx(
        voxel_ml * 2 ** (3 / 64.05), rel=1e-4
    )
    assert any(w["code"] == "H10" for w in document["warnings"])


def test_its_clock_needs_a_zone(run: Run, folder: Callable[..., Path]) -> None:
    result = post(run, folder(), "--calibration", "image")
    assert result.exit_code == 3
    assert "give --timezone" in result.stderr


def test_a_pet_labeled_f18_stops_until_that_is_said(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder(half_life_h=F18_H)
    stopped = post(run, place)
    assert stopped.exit_code == 3
    assert "H11" in stopped.stderr
    assert "the header says F-18" in stopped.stderr
    assert "--header-nuclide-was F-18" in stopped.stderr
    mended = post(run, place, "--header-nuclide-was", "F-18")
    assert mended.exit_code == 0, mended.stderr
    said = [w for w in json.loads(mended.stdout)["warnings"] if w["code"] == "H11"]
    assert said[0]["severity"] == "warn"


F18_FRACTION, Y90_FRACTION = 0.967, 32e-6


def as_f18(place: Path, fraction: float | None = None) -> None:
    """The values that an F-18 protocol writes of the same positrons.

    Counts are divided by 0.967 positrons a decay instead of 32 in a million, and the
    decay in the frame is undone at F-18's pace instead of Y-90's: the frame's mean is
    scaled by 2 ** (t / T) of each, t the time of its mean.
    """

    def change(dataset: Dataset) -> None:
        seconds = float(dataset.FrameReferenceTime)  # ms
        own = 2 ** (seconds / 3.6e6 / Y90_H)
        decay = float(dataset.DecayFactor) / own
        factor = decay * Y90_FRACTION / F18_FRACTION
        dataset.RescaleSlope = f"{float(dataset.RescaleSlope) * factor:.10g}"
        if fraction is not None:
            item = dataset.RadiopharmaceuticalInformationSequence[0]
            item.RadionuclidePositronFraction = f"{fraction:.8g}"

    edit_all(sorted((place / "slices").iterdir()), change)


def in_gbq(result: Result) -> float:
    assert result.exit_code == 0, result.stderr
    return float(json.loads(result.stdout)["ledger"]["in_image_gbq"])


BRUSSELS = ("--timezone", "Europe/Brussels")
YIELD_ASKED = ("--accept", "H11", "--reason", "the vendor divided by nothing")


def test_the_positron_fraction_of_another_nuclide_is_asked_for(
    run: Run, tmp_path: Path, folder: Callable[..., Path]
) -> None:
    image = ("--calibration", "image", "--timezone", "Europe/Brussels")
    right = folder()
    total = in_gbq(post(run, right, *image))
    right.rename(tmp_path / "right")
    wrong = folder(half_life_h=F18_H)
    as_f18(wrong)
    told = (*image, "--header-nuclide-was", "F-18")
    asked = post(run, wrong, *told)
    assert asked.exit_code == 3
    assert "H11" in asked.stderr
    # 0.967 / 32e-6 = 30219.
    stored = total / 30218.75
    assert f"contains {stored:.4g} GBq at administration as stored" in asked.stderr
    assert f"{total:.4g} GBq if the scanner divided" in asked.stderr
    assert "1 GBq were administered" in asked.stderr
    assert "give --positron-fraction-was 0.967" in asked.stderr
    # Accepted, the values stay as they are.
    kept = post(run, wrong, *told, *YIELD_ASKED)
    assert in_gbq(kept) == pytest.approx(stored, rel=1e-4)
    ledger = json.loads(kept.stdout)["ledger"]["positron_yield"]
    assert ledger["applied"] is False
    assert ledger["in_image_rescaled_gbq"] == pytest.approx(total, rel=1e-4)
    assert "positron fraction 0.967 (that of F-18) kept" in kept.stderr
    # What the message names to type does what it says.
    undone = post(run, wrong, *told, "--positron-fraction-was", "0.967", "--force")
    assert in_gbq(undone) == pytest.approx(total, rel=1e-4)
    ledger = json.loads(undone.stdout)["ledger"]["positron_yield"]
    assert ledger["applied"] is True
    assert ledger["factor"] == pytest.approx(30218.75)
    assert ledger["in_image_as_stored_gbq"] == pytest.approx(stored, rel=1e-4)
    assert "positron fraction 0.967 (as typed) undone, x 3.022e+04" in undone.stderr


def test_the_headers_own_positron_fraction_is_the_one_named(
    run: Run, folder: Callable[..., Path]
) -> None:
    """RadionuclidePositronFraction (0018,1076) outranks the table's."""
    place = folder(half_life_h=F18_H)
    as_f18(place, fraction=0.9673)
    result = post(
        *(run, place, "--calibration", "image", "--timezone", "Europe/Brussels"),
        *("--header-nuclide-was", "F-18"),
    )
    assert result.exit_code == 3
    assert "0.9673 (RadionuclidePositronFraction (0018,1076))" in result.stderr
    assert "give --positron-fraction-was 0.9673" in result.stderr


OWN_PET = """
[Xy-99]
half_life_h = 10.0
half_life_source = "made up"
positrons_per_decay = 0.001
positron_source = "made up"
header_words = ["unheard of"]
[Xy-99.dose_constants_gy_kg_per_gbq.ours]
value = 8.32
source = "made up"
"""


def test_a_pet_of_a_nuclide_of_ones_own(
    run: Run, tmp_path: Path, folder: Callable[..., Path]
) -> None:
    """Its half-life explains DecayFactor where no header states one."""
    place = folder(half_life_h=10.0)

    def change(dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        del item.RadionuclideHalfLife
        [code] = item.RadionuclideCodeSequence
        code.CodeMeaning, code.CodeValue = "unheard of", "C-0"

    edit_all(sorted((place / "slices").iterdir()), change)
    own = tmp_path / "own.toml"
    own.write_text(OWN_PET, "utf-8")
    words = ("--calibration", "image", *BRUSSELS, "--nuclide-file", own)
    document = json.loads(post(run, place, *words).stdout)
    assert document["image"]["nuclide_in_header"] == "Xy-99"
    assert document["image"]["applied_half_life_h"] == 10.0
    assert [w for w in document["warnings"] if w["code"] == "H11"] == []
    # 967 times as many positrons as the scanner reckoned with.
    as_f18 = ("--positron-fraction-was", "0.967", "--force")
    undone = json.loads(post(run, place, *words, *as_f18).stdout)["ledger"]
    assert undone["positron_yield"]["factor"] == pytest.approx(967)
    stored = document["ledger"]["in_image_gbq"]
    assert undone["in_image_gbq"] == pytest.approx(967 * stored, rel=1e-6)
    as_y90 = post(run, place, "--calibration", "image", *BRUSSELS, "--force")
    assert json.loads(as_y90.stdout)["image"]["applied_half_life_h"] is None
    # Without positrons there is nothing to rescale to.
    own.write_text(OWN_PET.replace("positron", "# "), "utf-8")
    refused = post(run, place, *words, *as_f18)
    assert refused.exit_code == 3
    assert "for Xy-99: leave it out" in refused.stderr


def test_a_decay_correction_is_done_again_for_a_nuclide_of_ones_own(
    run: Run, tmp_path: Path, folder: Callable[..., Path]
) -> None:
    """As F-18: the frame's mean at 10 h instead, by Siemens' rule."""
    place = folder(half_life_h=F18_H)
    own = tmp_path / "own.toml"
    own.write_text(OWN_PET, "utf-8")
    words = ("--calibration", "image", *BRUSSELS, "--nuclide-file", own)
    stopped = post(run, place, *words)
    assert stopped.exit_code == 3
    assert "give --header-nuclide-was F-18" in stopped.stderr
    told = ("--header-nuclide-was", "F-18", "--force", *YIELD_ASKED)
    mended = json.loads(post(run, place, *words, *told).stdout)
    assert mended["image"]["applied_half_life_h"] == 10.0
    at_y90 = post(run, place, "--calibration", "image", *BRUSSELS, *told)
    first = pydicom.dcmread(sorted((place / "slices").iterdir())[0])
    mean_h = float(first.FrameReferenceTime) / 3.6e6
    ratio = 2 ** (mean_h / 10.0) / 2 ** (mean_h / Y90_H)
    both = [
        one["ledger"]["in_image_gbq"] / 2 ** (one["times"]["elapsed_h"] / half_life_h)
        for one, half_life_h in ((mended, 10.0), (json.loads(at_y90.stdout), Y90_H))
    ]
    assert both[0] / both[1] == pytest.approx(ratio, rel=1e-4)


@pytest.mark.parametrize(("fraction", "asks"), [(3.19e-5, False), (0.967, True)])
def test_a_fraction_in_a_header_of_y90(
    run: Run, folder: Callable[..., Path], fraction: float, asks: bool
) -> None:
    place = folder()

    def change(dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclidePositronFraction = f"{fraction:g}"
        dataset.RescaleSlope = f"{float(dataset.RescaleSlope) * 1e-4:.8g}"

    edit_all(sorted((place / "slices").iterdir()), change)
    image = ("--calibration", "image", "--timezone", "Europe/Brussels")
    result = post(run, place, *image)
    assert result.exit_code == (3 if asks else 0), result.stderr
    assert ("positron fraction" in result.stderr) is asks


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--positron-fraction-was", "0"), "must be above 0"),
        (("--positron-fraction-was", "0.9", "--nuclide", "Ho-166"), "a PET of Y-90"),
    ],
)
def test_no_positron_fraction(
    run: Run, folder: Callable[..., Path], options: tuple[str, ...], said: str
) -> None:
    result = post(run, folder(), *options)
    assert result.exit_code == 3
    assert said in result.stderr


def test_a_spect_has_no_positron_fraction(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    result = run(
        *("post", exact_voxels, "--administered", "2.2GBq"),
        *("--positron-fraction-was", "0.967", "--out", tmp_path / "out"),
    )
    assert result.exit_code == 3
    assert "rescales a PET of Y-90 in Bq/mL" in result.stderr


def test_slices_of_several_positron_fractions_are_refused(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder()

    def change(dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclidePositronFraction = "0.967"

    edit_all(sorted((place / "slices").iterdir())[2:3], change)
    result = post(run, place)
    assert result.exit_code == 3
    assert "RadionuclidePositronFraction (0018,1076), 0, 0.967" in result.stderr


def test_admin_needs_no_more_decay(run: Run, folder: Callable[..., Path]) -> None:
    result = post(run, folder(kind="ADMIN"), "--calibration", "image")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["times"]["elapsed_h"] == 0


def test_the_header_and_the_user_disagree_on_the_administration(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder(kind="ADMIN")

    def at(time: str) -> Callable[[Dataset], None]:
        def change(dataset: Dataset) -> None:
            if not dataset.get("RadiopharmaceuticalInformationSequence"):
                dataset.RadiopharmaceuticalInformationSequence = [Dataset()]
            item = dataset.RadiopharmaceuticalInformationSequence[0]
            item.RadiopharmaceuticalStartDateTime = time

        return change

    slices = sorted((place / "slices").iterdir())
    edit_all(slices, at("20260303204500"))
    agreed = post(run, place, "--calibration", "image")
    assert agreed.exit_code == 0, agreed.stderr
    elapsed = json.loads(agreed.stdout)["times"]["elapsed_h"]
    assert elapsed == pytest.approx(-5 / 60)
    edit_all(slices, at("20260302084500"))
    asked = post(run, place, "--calibration", "image", "--force")
    assert asked.exit_code == 3
    assert "H09" in asked.stderr
    assert "-36.08 h from --administered-at" in asked.stderr


def started(**values: str) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        for keyword, value in values.items():
            setattr(item, keyword, value)

    return change


def elapsed_h(result: Result) -> float:
    assert result.exit_code == 0, result.stderr
    return float(json.loads(result.stdout)["times"]["elapsed_h"])


ADMIN_ASKED = ("--accept", "H09", "--reason", "typed from the chart")


def test_what_acceptance_of_another_administration_uses(
    run: Run, folder: Callable[..., Path]
) -> None:
    """The header's 17:50 is 3 h before the 20:50 that was typed."""
    place = folder(kind="ADMIN")
    edit_all(
        sorted((place / "slices").iterdir()),
        started(RadiopharmaceuticalStartDateTime="20260303165000+0000"),
    )
    asked = post(run, place, "--calibration", "image")
    assert asked.exit_code == 3
    # 2 ** (-3 / 64.05) = 0.96805.
    assert "multiplied by 0.9681 for the decay between them" in asked.stderr
    taken = post(run, place, "--calibration", "image", *ADMIN_ASKED)
    assert elapsed_h(taken) == pytest.approx(-3)
    voxel_ml = 3.0 * 4.2 * 4.07 / 1000
    assert json.loads(taken.stdout)["calibration"]["bq_per_unit"] == pytest.approx(
        voxel_ml * 0.96805, rel=1e-4
    )
    # The other answer that the message names.
    typed = ("--scan-at", GIVEN, "--calibration", "image", "--force")
    assert elapsed_h(post(run, place, *typed)) == 0


@pytest.mark.parametrize(
    ("clock", "zone", "asks"),
    [
        ("205000", (), False),
        ("204500", (), False),
        ("174500", (), True),
        ("205000", ("--timezone", "Europe/Brussels"), False),
        # 20:50 in Brussels is 14:50 in New York.
        ("145000", ("--timezone", "America/New_York"), False),
        ("205000", ("--timezone", "America/New_York"), True),
    ],
)
def test_an_administration_without_a_day_is_not_given_one(
    run: Run,
    folder: Callable[..., Path],
    clock: str,
    zone: tuple[str, ...],
    asks: bool,
) -> None:
    place = folder(kind="ADMIN")
    edit_all(
        sorted((place / "slices").iterdir()),
        started(RadiopharmaceuticalStartTime=clock),
    )
    result = post(run, place, "--calibration", "image", *zone)
    if not asks:
        assert elapsed_h(result) == 0
        return
    assert result.exit_code == 3
    assert f"the header says {clock[:2]}:{clock[2:4]} for the admin" in result.stderr
    assert "assumed to be decay-corrected to --administered-at" in result.stderr
    taken = post(run, place, "--calibration", "image", *zone, *ADMIN_ASKED)
    assert elapsed_h(taken) == 0


def test_a_clock_just_past_midnight_is_near_one_just_before(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder(kind="ADMIN")
    edit_all(
        sorted((place / "slices").iterdir()),
        started(RadiopharmaceuticalStartTime="000500"),
    )
    result = run(
        *("post", place, "--structures", place / "liver.nii", "--no-report", "--json"),
        *("--administered", "1GBq", "--administered-at", "2026-03-02T23:58+01:00"),
        *("--accept", "H13", "--reason", "made up counts", "--out", place / "out"),
        *("--calibration", "image"),
    )
    assert elapsed_h(result) == 0


def test_slices_of_two_administrations_are_refused(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder(kind="ADMIN")
    slices = sorted((place / "slices").iterdir())
    at = "20260303204500"
    edit_all(slices, started(RadiopharmaceuticalStartDateTime=at))
    other = "20260302204500"
    edit_all(slices[3:4], started(RadiopharmaceuticalStartDateTime=other))
    result = post(run, place, "--calibration", "image")
    assert result.exit_code == 3
    assert "86400.0 s apart" in result.stderr


def test_an_offset_of_some_slices_only_is_refused(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder()
    slices = sorted((place / "slices").iterdir())
    edit_all(slices, lambda d: d.pop("TimezoneOffsetFromUTC", None))
    edit_all(slices[2:3], lambda d: setattr(d, "TimezoneOffsetFromUTC", "+0100"))
    result = post(run, place, "--calibration", "image")
    assert result.exit_code == 3
    assert "TimezoneOffsetFromUTC (0008,0201)" in result.stderr


@pytest.mark.parametrize(
    ("offset", "options", "asks", "hours"),
    [
        ("+0100", (), False, 3.0),
        # The same clock 9 h west: its 23:50 is 12 h after 20:50 here.
        ("-0800", (), True, 12.0),
        ("+0200", (), True, 2.0),
        ("-0800", ("--timezone", "Europe/Brussels"), True, 12.0),
        ("-0800", ("--timezone", "America/Los_Angeles"), False, 12.0),
        ("+0000", ("--timezone", "UTC"), False, 4.0),
        ("-0800", ("--scan-at", "2026-03-03T23:50+01:00"), False, 3.0),
    ],
)
def test_an_offset_that_is_not_the_typed_one_asks(
    run: Run,
    folder: Callable[..., Path],
    offset: str,
    options: tuple[str, ...],
    asks: bool,
    hours: float,
) -> None:
    place = folder()
    slices = sorted((place / "slices").iterdir())
    edit_all(slices, lambda d: setattr(d, "TimezoneOffsetFromUTC", offset))
    words = ("--calibration", "image", *options)
    result = post(run, place, *words)
    if asks:
        assert result.exit_code == 3
        assert "H09" in result.stderr
        assert f"{hours:.1f} h after the administration; if its clock" in result.stderr
        assert "give --scan-at 2026-03-03T23:50" in result.stderr
        result = post(run, place, *words, *ADMIN_ASKED)
    assert elapsed_h(result) == pytest.approx(hours, abs=1e-3)


@pytest.mark.parametrize(
    ("given", "date", "offset", "asks"),
    [
        # Clocks went forward on 29 March 2026 in Europe, back on 25 October.
        ("2026-03-28T12:00+01:00", "20260329", "+0200", False),
        ("2026-10-24T12:00+02:00", "20261025", "+0100", False),
        ("2026-03-28T12:00+01:00", "20260328", "+0200", True),
        ("2026-03-28T12:00+01:00", "20260329", "+0000", True),
    ],
)
def test_a_change_of_clocks_explains_an_hour(
    run: Run,
    folder: Callable[..., Path],
    given: str,
    date: str,
    offset: str,
    asks: bool,
) -> None:
    place = folder()

    def change(dataset: Dataset) -> None:
        dataset.TimezoneOffsetFromUTC = offset
        dataset.AcquisitionDate = dataset.SeriesDate = date

    edit_all(sorted((place / "slices").iterdir()), change)
    result = run(
        *("post", place, "--structures", place / "liver.nii", "--no-report"),
        *("--administered", "1GBq", "--administered-at", given),
        *("--calibration", "image", "--out", place / "out"),
        *("--accept", "H13", "--reason", "made up counts"),
    )
    assert result.exit_code == (3 if asks else 0), result.stderr
    # An hour is what a clock is off by that was not changed.
    assert ("was the scanner's clock not set" in result.stderr) is asks


def test_a_clock_left_on_winter_time_is_asked_about(
    run: Run, folder: Callable[..., Path]
) -> None:
    """The day after clocks went forward in Zurich; the camera's was not."""
    place = folder()

    def change(dataset: Dataset) -> None:
        dataset.TimezoneOffsetFromUTC = "+0100"
        dataset.AcquisitionDate = dataset.SeriesDate = "20260330"

    edit_all(sorted((place / "slices").iterdir()), change)
    result = run(
        *("post", place, "--structures", place / "liver.nii", "--no-report"),
        *("--administered", "1GBq", "--administered-at", "2026-03-28T12:00+01:00"),
        *("--timezone", "Europe/Zurich", "--calibration", "image"),
        *("--accept", "H13", "--reason", "made up counts", "--out", place / "out"),
    )
    assert result.exit_code == 3
    said = "is +01:00, --timezone Europe/Zurich is +02:00 then, one hour apart"
    assert said in result.stderr
    assert "was the scanner's clock not set for daylight" in result.stderr
    assert "daylight saving time does not" not in result.stderr


def in_utc(place: Path, tag: str | None, private: bool = False) -> None:
    """The frame's begin, 23:50+01:00, written with an offset of its own, +0000."""
    own = "20260303225000.0+0000"

    def change(dataset: Dataset) -> None:
        if tag is not None:
            dataset.TimezoneOffsetFromUTC = tag
        if private:
            block = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
            block.add_new(0x0D, "DT", own)
            return
        for keyword in ("AcquisitionDate", "AcquisitionTime", "SeriesTime"):
            delattr(dataset, keyword)
        dataset.AcquisitionDateTime = own

    edit_all(sorted((place / "slices").iterdir()), change)


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("tag", ["+0100", None])
def test_a_moment_with_its_own_offset_is_absolute(
    run: Run, folder: Callable[..., Path], tag: str | None, private: bool
) -> None:
    """22:50 UTC is 23:50 in the typed offset, 3 h after 20:50 (PS3.5, 6.2)."""
    place = folder("GE MEDICAL SYSTEMS")
    in_utc(place, tag, private)
    result = post(run, place, "--calibration", "image")
    assert elapsed_h(result) == pytest.approx(3.0, abs=1e-3)


@pytest.mark.parametrize("private", [False, True])
def test_a_tag_beside_a_moments_own_offset_is_doubted(
    run: Run, folder: Callable[..., Path], private: bool
) -> None:
    """22:50 UTC is 14:50 on the clock of -0800, which is not the typed +01:00."""
    place = folder("GE MEDICAL SYSTEMS")
    in_utc(place, "-0800", private)
    result = post(run, place, "--calibration", "image")
    assert result.exit_code == 3
    assert "(TimezoneOffsetFromUTC (0008,0201)) is -08:00, the admin" in result.stderr
    assert "give --scan-at 2026-03-03T14:50:00+01:00" in result.stderr
    taken = post(run, place, "--calibration", "image", *ADMIN_ASKED)
    assert elapsed_h(taken) == pytest.approx(3.0, abs=1e-3)


def test_label_and_positron_fraction_are_asked_at_once(
    run: Run, folder: Callable[..., Path]
) -> None:
    """Values divided by 0.89, of a PET labeled Ga-68 whose factors tell nothing.

    0.89 / 32e-6 = 27812.5.
    """
    place = folder("Philips Medical Systems")
    whole = in_gbq(post(run, place, "--calibration", "image", *BRUSSELS))

    def change(dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideHalfLife = "4062.6"
        item.RadionuclidePositronFraction = "0.89"
        dataset.RescaleSlope = f"{float(dataset.RescaleSlope) / 27812.5:.10g}"
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator = "C-131A3", "SRT"
        code.CodeMeaning = "^68^Gallium"
        item.RadionuclideCodeSequence = [code]

    edit_all(sorted((place / "slices").iterdir()), change)
    words = ("--calibration", "image", *BRUSSELS, "--force")
    asked = post(run, place, *words)
    assert asked.exit_code == 3
    assert "the header says Ga-68" in asked.stderr
    assert f"{whole:.4g} GBq if the scanner divided by a positron" in asked.stderr
    assert "give --positron-fraction-was 0.89" in asked.stderr
    assert asked.stderr.count("--accept H11") == 2
    kept = post(run, place, *words, *YIELD_ASKED)
    assert in_gbq(kept) == pytest.approx(whole / 27812.5, rel=1e-4)


def test_a_note_on_a_fraction_asks_for_nothing(
    run: Run, folder: Callable[..., Path]
) -> None:
    """Values are right, the header keeps F-18's 0.967: nothing is accepted."""
    place = folder()
    stored = in_gbq(post(run, place, "--calibration", "image", *BRUSSELS))
    edit_all(
        sorted((place / "slices").iterdir()),
        started(RadionuclidePositronFraction="0.967"),
    )
    result = post(
        *(run, place, "--calibration", "image", *BRUSSELS, "--force"),
        *("--administered", f"{stored:.6g}GBq"),
        *("--accept", "H05", "--reason", "made up"),
    )
    assert result.exit_code == 0, result.stderr
    [note] = [w for w in json.loads(result.stdout)["warnings"] if w["code"] == "H11"]
    assert note["severity"] == "note"
    assert "Accepted" not in note["message"]
    assert "Its values stay as they are; to multiply them" in note["message"]


def test_a_maker_whose_name_ends_in_ge_is_no_ge(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder("GE MEDICAL SYSTEMS")
    slices = sorted((place / "slices").iterdir())
    # Another begin than the series': the maker's rule is needed.
    edit_all(slices, lambda d: setattr(d, "SeriesTime", "230000"))
    words = ("--calibration", "image", *BRUSSELS, "--force")
    for maker in ("GE MEDICAL SYSTEMS", "GE Healthcare", "GEMS"):
        edit_all(slices, lambda d, name=maker: setattr(d, "Manufacturer", name))
        assert elapsed_h(post(run, place, *words)) == pytest.approx(3.0, abs=1e-3)
    edit_all(slices, lambda d: setattr(d, "Manufacturer", "Merge Healthcare"))
    result = post(run, place, *words)
    assert result.exit_code == 3
    assert "is not known for this manufacturer: give --scan-at" in result.stderr


def test_a_private_reference_time_is_on_the_headers_clock(
    run: Run, folder: Callable[..., Path]
) -> None:
    def private(dataset: Dataset) -> None:
        dataset.TimezoneOffsetFromUTC = "+0100"
        block = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
        block.add_new(0x0D, "DT", "20260303225000.00")

    place = folder("GE MEDICAL SYSTEMS")
    edit_all(sorted((place / "slices").iterdir()), private)
    result = post(run, place, "--calibration", "image")
    assert elapsed_h(result) == pytest.approx(2, abs=1e-6)


def test_a_pet_without_attenuation_correction_asks(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder()
    slices = sorted((place / "slices").iterdir())
    edit_all(slices, lambda d: setattr(d, "CorrectedImage", ["DECY", "SCAT"]))
    result = post(run, place)
    assert result.exit_code == 3
    assert "H41" in result.stderr
    assert "not corrected for attenuation" in result.stderr
