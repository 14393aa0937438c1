"""What a treatment is asked about: activities, times, other people's files, headers."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import Result

Run = Callable[..., Result]
DICOM = ("dose_local.dcm", "dose_plan.dcm", "dose_structures.dcm", "dose_report.dcm")
GIVEN = ("--administered", "2.2GBq", "--lung-shunt", "5%")
T = "2026-03-02T10:00+01:00"


def post(
    run: Run, source: Path, out: Path, *options: object, dicom: bool = False
) -> Result:
    bare = ("--no-report",) if dicom else ("--no-report", "--no-dicom")
    return run("post", source, *options, *bare, "--out", out)


def altered(folder: Path, to: Path, **values: str | None) -> Path:
    """The patient's files, the image's header changed."""
    shutil.copytree(folder, to)
    with _NoWarning():
        image = pydicom.dcmread(to / "spect.dcm")
        for keyword, value in values.items():
            element = image[keyword]
            image.add_new(element.tag, "LO", value)
            image[element.tag].VR = element.VR
        image.save_as(to / "spect.dcm")
    return to


class _NoWarning:
    """pydicom's own words on values that are wrong on purpose."""

    def __enter__(self) -> None:
        import warnings

        self.caught = warnings.catch_warnings()
        self.caught.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        self.caught.__exit__(None, None, None)


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyDate", "00000000"),
        ("StudyTime", "noon 12"),
        ("StudyID", "A study that has far too long a name"),
        ("AccessionNumber", "12345678901234567890"),
    ],
)
def test_headers_of_the_wild_are_written_as_allowed(
    run: Run, exact_contours: Path, tmp_path: Path, keyword: str, value: str
) -> None:
    folder = altered(exact_contours, tmp_path / "patient", **{keyword: value})
    result = post(run, folder, tmp_path / "out", *GIVEN, dicom=True)
    assert result.exit_code == 0, result.stderr
    assert value not in result.stderr
    for name in DICOM:
        assert pydicom.dcmread(tmp_path / "out" / name)[keyword].value in ("", None)


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(
    ("keyword", "value", "written"),
    [
        ("PatientBirthDate", "00000000", ""),
        ("PatientBirthDate", "1960-12-31", ""),
        ("PatientBirthDate", "19601331", ""),
        ("PatientSex", "female", ""),
        ("PatientName", "SECRETJANE", "SECRETJANE"),
    ],
)
def test_people_are_neither_named_nor_refused(
    run: Run,
    exact_contours: Path,
    tmp_path: Path,
    keyword: str,
    value: str,
    written: str,
) -> None:
    """All files of one patient, whose header says what it should not."""
    shutil.copytree(exact_contours, tmp_path / "patient")
    for path in (tmp_path / "patient").rglob("*.dcm"):
        with _NoWarning():
            data = pydicom.dcmread(path)
            element = data[keyword]
            element.value = value
            data.save_as(path)
    result = post(run, tmp_path / "patient", tmp_path / "out", *GIVEN, dicom=True)
    assert result.exit_code == 0, result.stderr
    assert value not in result.stderr + result.stdout
    for name in DICOM:
        found = pydicom.dcmread(tmp_path / "out" / name)[keyword].value
        assert str(found or "") == written, name


def test_a_shunt_that_may_be_a_percentage_stops(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    options = ("--administered", "2.2GBq", "--lung-shunt", "0.6")
    result = post(run, exact_contours, tmp_path / "out", *options)
    assert result.exit_code == 3
    assert "was 0.6 % meant" in result.stderr
    assert not (tmp_path / "out").exists()
    again = post(
        *(run, exact_contours, tmp_path / "out", *options),
        *("--accept", "H22", "--reason", "measured twice"),
    )
    assert again.exit_code == 0, again.stderr
    document = json.loads((tmp_path / "out" / "post.json").read_text())
    [accepted] = document["accepted"]
    assert (accepted["code"], accepted["reason"]) == ("H22", "measured twice")


def test_an_earlier_dose_is_the_same_patients_and_leaves_its_trace(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    assert (
        post(run, exact_contours, tmp_path / "first", *GIVEN, dicom=True).exit_code == 0
    )
    prior = tmp_path / "first" / "dose_local.dcm"
    given = (*GIVEN, "--prior-dose", prior)
    # Of the image's own study: asked whether it is an earlier treatment's.
    assert (
        post(run, exact_contours, tmp_path / "both", *given, dicom=True).exit_code == 3
    )
    given += ("--accept", "H09", "--reason", "one image stands for two sessions")
    result = post(run, exact_contours, tmp_path / "both", *given, dicom=True)
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "both" / "post.json").read_text())
    [row] = [one for one in document["inputs"] if one["kind"] == "earlier dose"]
    assert (row["file"], len(row["sha256"])) == ("dose_local.dcm", 64)
    # The sum has no plan of its own that an RTDOSE could name.
    written = {path.name for path in (tmp_path / "both").iterdir()}
    assert "dose_local_with_prior.nii.gz" in written
    assert "dose_local_with_prior.dcm" not in written
    data = pydicom.dcmread(prior)
    data.PatientID, data.PatientName = "OTHER", "Other^One"
    data.save_as(tmp_path / "other.dcm")
    other = ("--prior-dose", tmp_path / "other.dcm")
    result = post(run, exact_contours, tmp_path / "other", *GIVEN, *other)
    assert result.exit_code == 3
    assert "H01" in result.stderr
    assert "OTHER" not in result.stderr


@pytest.mark.parametrize(
    ("administered", "exit_code", "said"),
    [
        ("2.2mCi", 3, "only 3.52 Gy: was 2.2 GBq meant"),
        ("10MBq", 3, "below any therapeutic activity"),
        ("25GBq", 3, "above the largest vial"),
        ("2.2GBq", 0, ""),
    ],
)
def test_activities_of_another_units_size(
    run: Run,
    exact_contours: Path,
    tmp_path: Path,
    administered: str,
    exit_code: int,
    said: str,
) -> None:
    options = ("--administered", administered, "--lung-shunt", "5%")
    result = post(run, exact_contours, tmp_path / "out", *options)
    assert result.exit_code == exit_code, result.stderr
    assert ("H05" in result.stderr) == bool(said)
    assert said in result.stderr


def test_a_residual_that_makes_the_dose_low_is_named(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    options = ("--administered", "60mCi", "--residual", "58mCi", "--lung-shunt", "5%")
    at = "2026-03-02T10:00+01:00"
    times = ("--administered-at", at, "--residual-at", at)
    result = post(run, exact_contours, tmp_path / "out", *options, *times)
    assert result.exit_code == 3
    assert (
        "the residual, 2.146 GBq (58 mCi), is 97 % of the 2.22 GBq (60 mCi) "
        "administered: check --residual"
    ) in result.stderr
    assert "60 GBq meant" not in result.stderr


def test_doses_above_what_is_usual_with_a_device(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    options = ("--administered", "12GBq", "--lung-shunt", "5%", "--device", "glass")
    asked = post(run, exact_contours, tmp_path / "out", *options)
    assert asked.exit_code == 3
    assert not (tmp_path / "out").exists()
    # What was given cannot be reduced: its activity and its volume are to be confirmed.
    assert "'Perfused lobe' got 518.4 Gy, above 150 Gy" in asked.stderr
    assert "heck the activity and the volume; to go on: --accept H07" in asked.stderr
    assert "to go on: --accept H43" in asked.stderr
    options += ("--accept", "H07", "--reason", "confirmed")
    options += ("--accept", "H43", "--reason", "confirmed")
    result = post(run, exact_contours, tmp_path / "out", *options)
    assert result.exit_code == 0, result.stderr
    accepted = "ACCEPTED H07: confirmed ('Perfused lobe' got 518.4 Gy, above 150 Gy"
    assert accepted in result.stderr
    assert "ASK " not in result.stderr
    # 570 MBq of 12 GBq lie in the lungs: 28 Gy by shunt, 31 Gy by the image's blur.
    usual = post(run, exact_contours, tmp_path / "usual", *GIVEN, "--device", "glass")
    assert "H07" not in usual.stderr


def test_lungs_that_the_image_shows_above_their_limit(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    options = ("--administered", "2.2GBq", "--lung-mass", "0.1kg")
    result = post(run, exact_contours, tmp_path / "out", *options)
    assert result.exit_code == 0, result.stderr
    assert "WARN H22  the lungs get" in result.stderr
    assert "above 30 Gy" in result.stderr
    shunted = post(
        run, exact_contours, tmp_path / "shunt", *GIVEN, "--lung-mass", "2.5kg"
    )
    assert "WARN H23  lung mass 2.5 kg (given): usual are 0.4 to 1.6" in shunted.stderr


def test_two_injections_into_one_lobe_are_one_of_their_sum(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    def doses(out: Path, *injections: str) -> dict[str, Any]:
        options = [word for one in injections for word in ("--injection", one)]
        # The same lobe twice, by one form or two: 1.2 and 0.5 GBq differ.
        result = post(run, exact_contours, out, *options, "--lung-shunt", "5%")
        assert result.exit_code == 0, result.stderr
        with (out / "structures.csv").open() as file:
            return {row["name"]: row for row in csv.DictReader(file)}

    one = doses(tmp_path / "one", f"a=1.7GBq@{T};perfused=Perfused lobe")
    two = doses(
        tmp_path / "two",
        f"a=1.2GBq@{T};perfused=Perfused lobe",
        f"b=0.5GBq@{T};perfused=Perfused lobe",
    )
    for name in ("Perfused lobe", "Tumor 1", "Liver"):
        for key in ("mean_gy", "d98_gy", "d70_gy"):
            assert float(two[name][key]) == pytest.approx(
                float(one[name][key]), rel=1e-6
            )


def test_times_and_zones_against_the_header(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = post(
        *(run, exact_contours, tmp_path / "out", *GIVEN, "--administered-at", T),
        *("--scan-at", "2026-03-03T12:30+01:00", "--residual", "0GBq"),
        *("--residual-at", T),
    )
    assert result.exit_code == 0, result.stderr
    assert "WARN H10  --scan-at 2026-03-03T12:30:00+01:00 is used" in result.stderr
    assert "+3.00 h from it" in result.stderr
    assert "H08" not in result.stderr
    same = post(
        *(run, exact_contours, tmp_path / "same", *GIVEN, "--administered-at", T),
        *("--scan-at", "2026-03-03T03:30-05:00", "--timezone", "America/New_York"),
    )
    assert "H10" not in same.stderr
    # The zone is not used where the time of the scan is typed.
    assert "H09" not in same.stderr
    assert "NOTE H08  residual not checked: needs --residual" in same.stderr


def plan(run: Run, folder: Path, *options: object) -> Path:
    made = run(
        *("plan", "mird", "--dose", "90Gy", "--perfused-volume", "1040mL"),
        *("--lung-shunt", "12%", *options, "--out", folder),
    )
    assert made.exit_code == 0, made.stderr
    approved = run("plan", "approve", folder / "plan.json", "--by", "One")
    assert approved.exit_code == 0, approved.stderr
    return folder / "plan.json"


def test_plans_for_something_else(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    glass = plan(run, tmp_path / "plan", "--device", "glass")
    options = (*GIVEN, "--plan", glass)
    result = post(run, exact_contours, tmp_path / "out", *options, "--device", "resin")
    assert result.exit_code == 3
    assert "the plan is for glass microspheres" in result.stderr
    result = post(
        *(run, exact_contours, tmp_path / "out", *options, "--method", "kernel"),
        *("--accept", "H38", "--reason", "no tumors in it"),
    )
    assert result.exit_code == 3
    assert "H26" in result.stderr
    result = post(run, exact_contours, tmp_path / "out", *options)
    assert result.exit_code == 0, result.stderr
    assert "NOTE H25  device not checked: the plan is for glass" in result.stderr
    assert "WARN H22  the lung shunt is 5.0%, but the plan has 12.0%" in result.stderr
    gbq = json.loads(glass.read_text())["activity_gbq"]
    typo = post(
        *(run, exact_contours, tmp_path / "typo", "--plan", glass),
        *("--administered", f"{gbq * 27.027:.6g}GBq", "--lung-shunt", "12%"),
        *("--accept", "H07", "--reason", "x"),
    )
    assert typo.exit_code == 3
    assert "H05" in typo.stderr


def test_its_own_segmentation_is_read(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    assert (
        post(run, exact_contours, tmp_path / "one", *GIVEN, dicom=True).exit_code == 0
    )
    own = ("--structures", tmp_path / "one" / "dose_structures.dcm")
    result = post(run, exact_contours, tmp_path / "two", *GIVEN, *own)
    assert result.exit_code == 0, result.stderr

    def means(out: Path) -> dict[str, float]:
        with (out / "structures.csv").open() as file:
            return {row["name"]: float(row["mean_gy"]) for row in csv.DictReader(file)}

    first, second = means(tmp_path / "one"), means(tmp_path / "two")
    assert set(first) == set(second)
    for name, mean in first.items():
        # Parts of voxels are stored in steps of 1/255.
        assert second[name] == pytest.approx(mean, rel=2e-3), name


def test_the_deidentified_hold_no_hash_of_the_patients_files(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = post(run, exact_contours, tmp_path / "out", *GIVEN, "--deidentify")
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "out" / "post.json").read_text())
    assert {one["sha256"] for one in document["inputs"]} == {None}


@pytest.mark.parametrize(
    ("options", "exit_code", "said"),
    [
        (("--patient-key", "K1"), 2, "--patient-key is for a --plan"),
        (("--scan-duration", "30min"), 2, "is for a camera factor"),
        (("--prior-transform", "x.tfm"), 2, "is for a --prior-dose"),
        (("--header-nuclide-was", "F-18"), 3, "corrects a PET scanner's"),
    ],
)
def test_options_that_would_change_nothing(
    run: Run,
    exact_contours: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    exit_code: int,
    said: str,
) -> None:
    result = post(run, exact_contours, tmp_path / "out", *GIVEN, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert said in result.stderr


def test_every_option_is_kept_but_keys_and_folders(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "DOE_JANE"
    shutil.copytree(exact_contours, folder)
    result = post(
        *(run, folder, tmp_path / "out", *GIVEN, "--structures", "structures.dcm"),
        *("--ct", folder / "ct", "--administered-at", T, "--method", "kernel"),
        *("--role", "Tumor 1=other"),
    )
    assert result.exit_code == 0, result.stderr
    options = json.loads((tmp_path / "out" / "post.json").read_text())["options"]
    assert options["structures"] == ["structures.dcm"]
    assert options["ct"] == "a folder"
    assert options["methods"] == ["kernel"]
    assert options["administered_at"] == "2026-03-02T10:00:00+01:00"
    assert options["roles"] == {"Tumor 1": "other"}
    assert options["density"] == 1.05
    assert "DOE" not in json.dumps(options)
    assert not {"source", "site_key", "patient_key"} & set(options)


def test_an_injection_has_its_own_time(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = post(
        *(run, exact_contours, tmp_path / "out", "--administered-at", T),
        *("--injection", f"a=2GBq@{T};perfused=Perfused lobe;lung-shunt=5%"),
    )
    assert result.exit_code == 2
    assert "has its own time" in result.stderr
    alone = post(
        *(run, exact_contours, tmp_path / "out", "--lung-shunt-source", "spect"),
        *("--administered", "2GBq"),
    )
    assert alone.exit_code == 2
    assert "--lung-shunt-source is for a --lung-shunt" in alone.stderr
