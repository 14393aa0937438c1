"""`sirtdose suv` on a PET/CT whose uptake is known in every voxel.

By hand, from tests/uptake_files.py: 19 voxels of 4 mm have their centers within 6.2 mm
of a voxel's, 251 within 15 mm. Lean body mass is 56.0364 kg of 71 kg.
"""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import Result
from pydicom.dataset import Dataset

from sirtdose.io.dicom.write import Study, write_nm
from sirtdose.io.dicom.write_structures import write_seg
from sirtdose.io.image_file import write_nifti
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from tests.uptake_files import PET_CT, link, region, write_patient

Run = Callable[..., Result]
JANMA, JAMES = 56.0364 / 71, 56.7875 / 71
# The sphere's center is a voxel of 1.8: 116 of the 251 have 2.2.
LIVER = 2 + 0.2 * (116 - 135) / 251
LIVER_SD = sqrt((251 * 0.04 - 251 * (LIVER - 2) ** 2) / 250)
# 64 voxels of 1.8 and 1.6, half of each.
BLOOD, BLOOD_SD = 1.7, sqrt(64 * 0.01 / 63)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patient(tmp_path_factory.mktemp("patient") / "scan")


def altered(scan: Path, folder: Path, change: Callable[[Dataset], object]) -> Path:
    """A copy without CT whose PET is changed."""
    (folder / "pet").mkdir(parents=True)
    for path in (scan / "pet").iterdir():
        file = pydicom.dcmread(path)
        change(file)
        file.save_as(folder / "pet" / path.name)
    shutil.copy(scan / "drawn.dcm", folder)
    return folder


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def messages(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["code"], one["message"]) for one in found["warnings"]]


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-4)


@pytest.fixture(scope="module")
def measured(run: Run, scan: Path) -> dict[str, Any]:
    out = scan.parent / "out"
    return document(run("suv", scan, "--out", out, "--case-label", "p1", "--json"))


def test_lesions_of_known_uptake(measured: dict[str, Any]) -> None:
    one, two = measured["lesions"]
    assert (one["name"], two["name"]) == ("T1", "T2")
    assert one["volume_ml"] == near(216 * 0.064)
    assert one["suv"]["max"] == near(12)
    assert one["suv"]["mean"] == near((215 * 8 + 12) / 216)
    # A voxel deeper the sphere lies within the lesion and holds the hottest voxel.
    assert one["suv"]["peak"]["anywhere"] == near((18 * 8 + 12) / 19)
    assert one["suv"]["peak"]["at_maximum"] == near((13 * 8 + 12 + 5 * 2) / 19)
    assert one["sul"]["peak"]["anywhere"] == near((18 * 8 + 12) / 19 * JANMA)
    assert one["sul"]["max"] == near(12 * JANMA)
    # DuBois' surface of 71 kg and 174 cm is 18516.09 cm2.
    assert one["suv_bsa"]["max"] == near(12 * 18516.09 / 71000)
    assert one["peak_center_mm"]["at_maximum"] == [38, -20, 128]
    assert one["peak_center_mm"]["anywhere"][2] == 132
    # Every voxel is above 41 % of 12, and 4.
    assert one["above"]["41%"]["threshold_suv"] == near(4.92)
    assert one["above"]["41%"]["glycolysis_suv"] == near((215 * 8 + 12) * 0.064)
    assert one["diameters_mm"]["longest"] == near(24 * sqrt(2))
    assert one["diameters_mm"]["longest_between_centers"] == near(20 * sqrt(2))
    assert one["ct_number_hu"] == near(50)
    # 7 of its 8 voxels are within the sphere of any of them.
    assert two["suv"]["peak"]["anywhere"] == near((7 * 5 + 12 * 2) / 19)
    assert two["ct_number_hu"] == pytest.approx(0, abs=0.1)
    assert (one["measurable"], two["measurable"]) == (True, False)


def test_what_lesions_are_compared_with(measured: dict[str, Any]) -> None:
    reference = measured["reference"]
    assert reference["liver"]["sul_mean"] == near(LIVER * JANMA)
    assert reference["liver"]["sul_sd"] == near(LIVER_SD * JANMA)
    assert reference["liver"]["voxels"] == 251
    # In the right half, at least 15 mm from every surface.
    assert reference["liver"]["center_mm"] == [-34, -16, 136]
    assert reference["blood_pool"]["sul_mean"] == near(BLOOD * JANMA)
    assert reference["measurable_from_sul"]["value"] == near(
        (1.5 * LIVER + 2 * LIVER_SD) * JANMA
    )


def test_how_it_was_made(measured: dict[str, Any]) -> None:
    found = measured["scan"]
    assert (found["units_in_file"], found["conventions"]) == ("BQML", "strict")
    assert found["uptake_time_min"] == 63
    assert found["tracer"]["reference_at"] == "2026-03-02T10:15:30"
    # 318 MBq, 63 min of a half-life of 109.8 min.
    left = 318 * 2 ** (-63 / 109.8)
    assert found["tracer"]["left_at_reference_mbq"] == near(left)
    assert measured["peak"]["primary"] == "anywhere"
    assert messages(measured) == [
        (
            "H20",
            "'T2' has 0.51 mL, less than the sphere of 1 mL that its peak is a mean "
            "of: the peak holds uptake from around it",
        ),
        (
            "H49",
            "SULpeak of 'T2' is 2.45 g/mL, below 2.67 g/mL (1.5 x liver mean + 2 SD): "
            "it cannot be followed by PERCIST",
        ),
    ]


@pytest.mark.usefixtures("measured")
def test_tables_and_response(run: Run, scan: Path) -> None:
    out = scan.parent / "out"
    [one, two] = rows(out / "lesions.csv")
    assert float(one["sul_peak"]) == near((18 * 8 + 12) / 19 * JANMA)
    assert float(one["sul_peak_at_maximum"]) == near(126 / 19 * JANMA)
    assert float(two["mtv_ml_suv_2.5"]) == near(0.512)
    assert (one["measurable"], two["measurable"]) == ("yes", "no")
    [one, two] = rows(out / "uptake.csv")
    assert (one["case_id"], one["date"], one["new"]) == ("p1", "2026-03-02", "")
    assert float(one["liver_mean"]) == near(LIVER * JANMA)
    # Three months later T1 has half of it, and T2 is not seen.
    later = [one | {"date": "2026-06-02", "sul_peak": str(float(one["sul_peak"]) / 2)}]
    later += [two | {"date": "2026-06-02", "sul_peak": "0", "diameter_mm": "0"}]
    both = scan.parent / "both.csv"
    with both.open("w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(one))
        table.writeheader()
        table.writerows([one, two, *later])
    found = document(run("response", both, "--criteria", "percist", "--json"))
    [case] = found["cases"]
    assert case["case_id"] == "p1"
    assert case["best"]["response"] == "PMR"
    assert case["timepoints"][0]["change_from_baseline"] == near(-0.5)


@pytest.mark.usefixtures("measured")
def test_the_page(scan: Path) -> None:
    page = (scan.parent / "out" / "suv.html").read_text()
    assert "SULpeak 6.48 g/mL" in page
    assert "PERCIST can follow 1 of" in page
    assert page.count("data:image/jpeg") == 3 * (4 + 2)
    assert "http" not in page.replace("http-equiv", "").split("suv-json")[0]
    assert len(page) < 3e6


def test_other_rules_are_named(run: Run, scan: Path) -> None:
    words = ("--lean-mass", "james", "--role", "Liver=other", "--percist", "2009")
    found = document(run("suv", scan, *words, "--json"))
    assert found["body"]["lean_mass_kg"] == near(56.7875)
    assert found["lesions"][0]["sul"]["max"] == near(12 * JAMES)
    assert found["reference"]["liver"] is None
    rule = found["reference"]["measurable_from_sul"]
    assert rule["value"] == near((2 * BLOOD + 2 * BLOOD_SD) * JAMES)
    assert rule["rule"] == "2 x blood pool mean + 2 SD"
    said = ("H49", "no liver is drawn: the blood pool is the reference")
    assert said in messages(found)


def test_without_liver_there_is_no_table_for_response(
    run: Run, scan: Path, tmp_path: Path
) -> None:
    words = ("--role", "Liver=other", "--percist", "2016", "--blood-pool", "aorta")
    out = ("--out", tmp_path / "out", "--case-label", "p1")
    result = run("suv", scan, *words, *out, "--json")
    found = document(result)
    assert found["reference"]["measurable_from_sul"]["value"] == near(2 * BLOOD * JANMA)
    said = "uptake.csv is not written: that table is of normal liver, which is missing"
    told = " ".join(result.stderr.split())
    assert f"{said}; `sirtdose response --scans` compares with the blood pool" in told
    written = sorted(one.name for one in (tmp_path / "out").iterdir())
    assert written == ["lesions.csv", "suv.html", "suv.json"]


def test_a_liver_that_a_person_drew(run: Run, scan: Path) -> None:
    found = document(run("suv", scan, "--liver-reference", "liver", "--json"))
    assert found["reference"]["liver"]["voxels"] == 16 * 24 * 32
    assert found["reference"]["liver"]["center_mm"] is None
    refused = run("suv", scan, "--liver-reference", "Spleen")
    assert refused.exit_code == 3
    assert "--liver-reference 'Spleen' names no structure" in refused.stderr
    assert "Aorta" in refused.stderr


def _box(name: str, part: tuple[slice, ...], role: Role) -> Structure:
    mask = np.zeros(PET_CT.shape, bool)
    mask[part] = True
    return Structure(name, role, mask, PET_CT)


def test_a_peak_that_holds_a_neighbors_uptake(
    run: Run, scan: Path, tmp_path: Path
) -> None:
    # Of the liver, beside T1; the reference is one voxel of T1's.
    beside = _box("T3", np.s_[7:13, 14:17, 25:31], Role.TUMOR)
    small = _box("ref", np.s_[8:9, 9:10, 26:27], Role.OTHER)
    write_seg([region("T1"), beside, small], tmp_path / "s.dcm", link())
    words = ("--structures", tmp_path / "s.dcm", "--liver-reference", "ref", "--json")
    found = document(run("suv", scan, *words))
    # Of the 19 voxels 5 are of T1, the others of the left half of the liver.
    assert found["lesions"][1]["suv"]["max"] == near(2)
    assert found["lesions"][1]["suv"]["peak"]["anywhere"] == near((5 * 8 + 14 * 2) / 19)
    said = [one for _, one in messages(found)]
    assert any("'T3' reaches into uptake of SUV 8, above" in one for one in said)
    assert "'ref' is taken as normal tissue, but 'T1' reaches into it" in said[1]
    assert "'ref' has 0.064 mL" in said[0]
    refused = run("suv", scan, "--liver-reference", "T1")
    assert "--liver-reference 'T1' is a lesion" in refused.stderr


def test_a_lesion_over_the_edge(run: Run, scan: Path, tmp_path: Path) -> None:
    more = Grid.regular(
        (30, 32, 36),
        spacing_mm=(4.0, 4.0, 4.0),
        origin_mm=(-70.0, -60.0, 60.0),
        frame_of_reference_uid=PET_CT.frame_of_reference_uid,
    )
    mask = np.zeros(more.shape, bool)
    # Planes 5 to 9 of 5 to 13 are below the PET.
    mask[5:14, 10:14, 10:14] = True
    write_seg([Structure("T9", Role.TUMOR, mask, more)], tmp_path / "s.dcm", link())
    found = document(run("suv", scan, "--structures", tmp_path / "s.dcm", "--json"))
    assert any(
        one.startswith("56 % of 'T9' is outside the PET") for _, one in messages(found)
    )


def test_a_header_that_cannot_be_true_is_asked(
    run: Run, scan: Path, tmp_path: Path
) -> None:
    def change(file: Dataset) -> None:
        # In lb; a 60th of the activity; the half-life of Ga-68.
        file.PatientWeight = "156.5"
        item = file.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideTotalDose, item.RadionuclideHalfLife = "5.3e6", "4062.6"
        # By F-18's.
        seconds = float(file.FrameReferenceTime) / 1000
        file.DecayFactor = f"{2 ** (seconds / 6588):.8g}"

    asked = run("suv", altered(scan, tmp_path / "o", change))
    assert asked.exit_code == 3
    text = " ".join(asked.stderr.split())
    assert "times the activity that was injected" in text
    assert "a body mass index of 52" in text
    assert "is 1.129 h, and that of F-18 is 1.829 h" in text
    assert "and DecayFactor (0054,1321) is by one of 1.829 h" in text


def test_a_liver_in_two_parts_is_one(run: Run, scan: Path, tmp_path: Path) -> None:
    whole = np.array(region("Liver").occupancy)
    parts = [whole.copy(), whole.copy()]
    parts[0][:, :, 9:] = parts[1][:, :, :9] = False
    drawn = [
        replace(region("Liver"), name=name, occupancy=part)
        for name, part in zip("AB", parts, strict=True)
    ]
    write_seg([*drawn, region("T1")], tmp_path / "parts.dcm", link())
    words = ("--structures", tmp_path / "parts.dcm", "--role", "A=liver")
    found = document(run("suv", scan, *words, "--role", "B=liver", "--json"))
    assert found["reference"]["liver"]["center_mm"] == [-34, -16, 136]


def test_what_a_person_says_of_patient_and_injection(run: Run, scan: Path) -> None:
    words = ("--weight", "142kg", "--height", "174cm", "--sex", "F", "--injected")
    words += ("159MBq", "--injected-at", "2026-03-02T08:52:30", "--json")
    found = document(run("suv", scan, *words))
    # Twice the weight, half the activity, 20 min more of decay.
    assert found["lesions"][0]["suv"]["max"] == near(12 * 4 * 2 ** (20 / 109.8))
    # 9270 x 142 / (8780 + 244 x 46.902), BMI 142 / 1.74^2.
    assert found["body"]["lean_mass_kg"] == near(65.0877)
    said = dict(messages(found))
    assert "the scan began 83 min after the injection" in str(messages(found))
    assert "H49" in said
    assert any("by James falls" in one for _, one in messages(found))


def test_formulas_that_part(run: Run, scan: Path) -> None:
    found = document(run("suv", scan, "--sex", "F", "--json"))
    assert found["body"]["lean_mass_kg"] == near(45.3847)
    [said] = [one for _, one in messages(found) if "Janmahasatian" in one]
    assert "is 45.4 kg by Janmahasatian and 51.3 kg by James (+13%)" in said


def test_a_moment_that_a_person_says(run: Run, scan: Path) -> None:
    found = document(run("suv", scan, "--scan-at", "2026-03-02T10:25:30", "--json"))
    # Ten minutes later more has decayed: the same image is of a higher SUV.
    assert found["lesions"][0]["suv"]["max"] == near(12 * 2 ** (10 / 109.8))
    assert found["scan"]["tracer"]["reference_origin"] == "--scan-at"


def test_without_structures_nothing_is_measured(
    run: Run, scan: Path, tmp_path: Path
) -> None:
    result = run("suv", scan / "pet", "--out", tmp_path / "out", "--case-label", "p1")
    assert result.exit_code == 0, result.stderr
    assert "no lesions: give their contours with --structures" in result.stderr
    assert "no liver is drawn, and no blood pool is drawn" in result.stderr
    assert not (tmp_path / "out" / "uptake.csv").exists()


def test_no_room_in_the_liver(run: Run, scan: Path, tmp_path: Path) -> None:
    narrow = np.array(region("Liver").occupancy)
    narrow[:, 9:] = False
    drawn = [replace(region("Liver"), occupancy=narrow), region("T1")]
    write_seg(drawn, tmp_path / "narrow.dcm", link())
    words = ("--structures", tmp_path / "narrow.dcm", "--json")
    found = document(run("suv", scan, *words))
    [said] = [one for _, one in messages(found) if "liver" in one]
    assert said.startswith("no sphere of 3 cm fits into normal liver, and no blood")


def test_another_tracer_and_an_unknown_time(
    run: Run, scan: Path, tmp_path: Path
) -> None:
    def change(file: Dataset) -> None:
        item = file.RadiopharmaceuticalInformationSequence[0]
        item.Radiopharmaceutical = "PSMA"
        del item.RadiopharmaceuticalStartDateTime
        file.Units, file.SUVType = "GML", "BW"
        slope = float(file.RescaleSlope) / 3009.17
        file.RescaleSlope = f"{slope:.8g}"

    found = document(run("suv", altered(scan, tmp_path / "o", change), "--json"))
    # 318 MBq per 71 kg: 4478.87 Bq/mL, of which 67.186 % is left.
    assert found["lesions"][0]["suv"]["max"] == pytest.approx(12, rel=1e-3)
    said = [one for _, one in messages(found)]
    assert any("may not be FDG (its header says 'PSMA')" in one for one in said)
    assert any("the time from injection to scan is not known" in one for one in said)
    assert found["scan"]["suv_type_in_file"] == "BW"


@pytest.mark.parametrize("gone", ["", "RadionuclideTotalDose", "RadionuclideHalfLife"])
def test_the_time_of_injection_is_used_whatever_else_is_not_known(
    run: Run, scan: Path, tmp_path: Path, gone: str
) -> None:
    def change(file: Dataset) -> None:
        file.Units, file.SUVType = "GML", "BW"
        file.RescaleSlope = f"{float(file.RescaleSlope) / 3009.17:.8g}"
        if gone:
            delattr(file.RadiopharmaceuticalInformationSequence[0], gone)
        else:
            del file.RadiopharmaceuticalInformationSequence

    folder = altered(scan, tmp_path / "o", change)
    # The scan begins at 10:15:30.
    words = ("--injected-at", "2026-03-02T09:00:30", "--json")
    found = document(run("suv", folder, *words))
    assert found["scan"]["uptake_time_min"] == near(75)
    known = 318 if gone == "RadionuclideHalfLife" else None
    assert found["scan"]["tracer"]["injected_mbq"] == known
    after = run("suv", folder, "--injected-at", "2026-03-02T11:00")
    assert after.exit_code == 3
    assert "--injected-at is 2026-03-02 11:00, after the scan" in after.stderr


def test_two_structures_that_may_be_the_blood_pool(
    run: Run, scan: Path, tmp_path: Path
) -> None:
    other = _box("Aorta 2", np.s_[2:6, 29:31, 24:26], Role.OTHER)
    regions = [region(name) for name in ("Liver", "T1", "T2", "Aorta")]
    write_seg([*regions, other], tmp_path / "s.dcm", link())
    words = ("suv", scan, "--structures", tmp_path / "s.dcm")
    found = document(run(*words, "--json"))
    doubt = "any of 'Aorta', 'Aorta 2' may be the blood pool, so none is used"
    assert any(doubt in one for _, one in messages(found))
    assert found["reference"]["blood_pool"] is None
    # Without a liver lesions are compared with it.
    asked = run(*words, "--role", "Liver=other")
    assert asked.exit_code == 3
    assert "lesions are compared with it: give --blood-pool NAME" in asked.stderr
    named = run(*words, "--role", "Liver=other", "--blood-pool", "aorta", "--json")
    tissue = document(named)["reference"]["blood_pool"]
    assert tissue["sul_mean"] == near(BLOOD * JANMA)


def test_a_type_of_suv_and_the_assumptions_of_the_ibsi(
    run: Run, scan: Path, tmp_path: Path
) -> None:
    def change(file: Dataset) -> None:
        file.Units, file.SUVType = "GML", "LBM"
        file.RescaleSlope = f"{float(file.RescaleSlope) / 3009.17 * JAMES:.8g}"

    folder = altered(scan, tmp_path / "o", change)
    asked = run("suv", folder)
    assert asked.exit_code == 3
    assert "give --suv-type LBMJAMES128 or LBMJANMA" in asked.stderr
    for words in (("--suv-type", "LBMJAMES128"), ("--ibsi",)):
        found = document(run("suv", folder, *words, "--json"))
        assert found["lesions"][0]["suv"]["max"] == pytest.approx(12, rel=1e-3)
    assert found["scan"]["conventions"] == "IBSI"


def test_what_is_missing_is_asked(run: Run, scan: Path, tmp_path: Path) -> None:
    def change(file: Dataset) -> None:
        del file.PatientSize

    folder = altered(scan, tmp_path / "o", change)
    asked = run("suv", folder)
    assert asked.exit_code == 3
    assert "give --height, for example --height 170cm" in asked.stderr
    found = document(run("suv", folder, "--height", "1.74m", "--json"))
    assert found["body"]["lean_mass_kg"] == near(56.0364)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "OUT"), "give --case-label, your own label of the patient"),
        (
            ("--structures", "A=drawn.dcm", "--structures", "B=drawn.dcm"),
            "in the contours of one reader",
        ),
        (("--injected-at", "2026-03-02T09:12+01:00"), "write it without"),
        (("--injected-at", "2026-03-02T11:12"), "after the scan"),
        (("--injected-at", "2026-03-02"), "is not a time of a day"),
        (("--injected-at", "2026-02-28T09:12"), "over 6 half-lives"),
        (("--blood-pool", "T9"), "--blood-pool 'T9' names no structure"),
    ],
)
def test_refusals(
    run: Run, scan: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    out = tmp_path / "out"
    result = run("suv", scan, *(str(out) if one == "OUT" else one for one in words))
    assert result.exit_code in (2, 3)
    assert said in result.stderr
    assert not out.exists()


def test_other_images_are_refused(run: Run, scan: Path, tmp_path: Path) -> None:
    grid = Grid.regular((4, 5, 6), spacing_mm=(4.0, 4.0, 4.0))
    counts = Volume(np.ones(grid.shape), grid, Quantity.COUNTS)
    write_nifti(counts, tmp_path / "pet.nii.gz")
    at = datetime(2026, 3, 2, 10)
    study = Study("spect", "U", "Uptake^Known", "", at, "0")
    write_nm(counts, tmp_path / "spect.dcm", study)
    for name in ("pet.nii.gz", "spect.dcm"):
        refused = run("suv", tmp_path / name)
        assert refused.exit_code == 3
        assert "is not a PET series" in refused.stderr

    def gated(file: Dataset) -> None:
        file.SeriesType, file.NumberOfTimeSlots = ["GATED", "IMAGE"], 4

    refused = run("suv", altered(scan, tmp_path / "gated", gated))
    assert refused.exit_code == 3
    assert "gate" in refused.stderr


def test_two_scans_and_two_patients(run: Run, scan: Path, tmp_path: Path) -> None:
    def second(file: Dataset) -> None:
        file.SeriesInstanceUID = "2.25.77"
        file.SOPInstanceUID = f"2.25.77{file.InstanceNumber}"

    altered(scan, tmp_path / "two" / "second", second)
    shutil.copytree(scan / "pet", tmp_path / "two" / "first")
    refused = run("suv", tmp_path / "two")
    assert refused.exit_code == 3
    assert "--image" in refused.stderr
    words = ("--image", tmp_path / "two" / "first", "--ct", scan / "ct")
    words += ("--structures", scan / "drawn.dcm", "--json")
    found = document(run("suv", tmp_path / "two", *words))
    assert found["lesions"][0]["ct_number_hu"] == near(50)
    write_seg([region("T1")], tmp_path / "other.dcm", link("V"))
    words = ("--structures", tmp_path / "other.dcm")
    refused = run("suv", scan / "pet", *words)
    assert refused.exit_code == 3
    assert "2 patients (H01" in refused.stderr
    candidate = replace(region("T1"), name="T1 (candidate)")
    write_seg([candidate], tmp_path / "found.dcm", link())
    refused = run("suv", scan / "pet", "--structures", tmp_path / "found.dcm")
    assert refused.exit_code == 3
    assert "H35" in refused.stderr


def test_the_mask_of_a_real_pet(run: Run, real_images: Path) -> None:
    """Patient STS003 of the IBSI: its own image in SUV and its mask, as NIfTI."""
    import nibabel

    folder = real_images / "ibsi_sts003"
    mask = folder / "nifti" / "PET_mask.nii.gz"
    words = ("--structures", mask, "--role", "PET_mask=tumor", "--json")
    [lesion] = document(run("suv", folder / "PET" / "image", *words))["lesions"]
    image = nibabel.load(folder / "nifti" / "PET_image.nii.gz")
    inside = np.asarray(nibabel.load(mask).dataobj) > 0
    values = np.asarray(image.dataobj, float)
    assert lesion["voxels"] == inside.sum() == 817
    assert lesion["suv"]["max"] == pytest.approx(values[inside].max(), rel=1e-6)
    assert lesion["suv"]["mean"] == pytest.approx(values[inside].mean(), rel=1e-6)
    # Of voxels of 5.47 x 5.47 x 3.27 mm, a sphere of 1 mL has 7: the planes beside too.
    steps = [(0, 0, 0), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1)]
    around = np.array([*steps, (0, 0, -1)])
    means = [values[tuple((at + around).T)].mean() for at in np.argwhere(inside)]
    assert lesion["suv"]["peak"]["anywhere"] == pytest.approx(max(means), rel=1e-6)
    hottest = int(np.argmax(values[inside]))
    assert lesion["suv"]["peak"]["at_maximum"] == pytest.approx(means[hottest], 1e-6)


def test_results_without_dates_and_files(run: Run, scan: Path, tmp_path: Path) -> None:
    words = ("--deidentify", "--out", tmp_path / "out", "--case-label", "Q7", "--json")
    result = run("suv", scan, *words)
    found = document(result)
    assert found["scan"]["started"] is None
    assert set(found["scan"]["camera"]) == {"manufacturer", "model"}
    assert found["scan"]["uptake_time_min"] == 63
    assert all(one["sha256"] is None for one in found["inputs"])
    assert "uptake.csv is not written" in result.stderr
    for path in (tmp_path / "out").iterdir():
        text = path.read_text()
        for telling in ("2026-03", "Mar 2, 2026", "drawn.dcm", "PETCT3", "Uptake^"):
            assert telling not in text, path.name
    named = run("suv", scan, "--deidentify", "--case-label", "Known, Uptake")
    assert named.exit_code == 3
    assert "H33" in named.stderr
