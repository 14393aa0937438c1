"""`sirtdose batch --lesions`: doses of each case, then the lesions of each patient."""

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from click.testing import Result
from pyarrow import parquet

from sirtdose.batch import run as batches
from sirtdose.batch.histories import Patient, run_patient
from sirtdose.cohort.histories import is_history
from sirtdose.errors import OutputError
from sirtdose.report.batch import BatchWriter
from sirtdose.workflows.lesions.request import LesionsRequest
from tests.cli.test_batch import make_case
from tests.lesion_files import boxes, write_follow_up, write_treatment

Run = Callable[..., Result]
CASES = (
    "case_id,input,image,structures,administered,administered_at,no_report\n"
    "a1,p1,spect.nii.gz,labels.nii.gz,2GBq,2026-03-02T10:00+01:00,yes\n"
    "a2,p2,spect.nii.gz,labels.nii.gz,1GBq,2026-06-08T10:00+02:00,yes\n"
    "b1,p3,spect.nii.gz,labels.nii.gz,2GBq,2026-03-03T10:00+01:00,yes\n"
)
HEADER = "case_id,date,lesion,organ,kind,diameter_mm,slice_mm\n"
PATIENTS = "case_id,input,measurements,follow_up,match,deidentify\n"
OURS = "A,a1|a2,recist-1.1=mm.csv,,Tumor 1=Segment 8,\n"
THEIRS = "B,b1,recist-1.1=mm.csv,2026-07-01=july/labels.nii.gz,,yes\n"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patients")
    for number, level in enumerate((2.0, 4.0, 6.0), 1):
        make_case(folder / f"p{number}", level)
    july = make_case(folder / "july") / "labels.nii.gz"
    labels = nibabel.load(july)
    data = np.asarray(labels.dataobj)
    # Of 27 voxels of 0.512 mL, 8 are left.
    data[data == 2] = 1
    data[8:10, 7:9, 4:6] = 2
    nibabel.save(nibabel.Nifti1Image(data, labels.affine), july)
    (folder / "cases.csv").write_text(CASES, "utf-8")
    rows = [
        f"{patient},{day},{name},liver,target,{mm},5\n"
        for patient, name, sizes in (
            ("A", "Segment 8", (40, 20)),
            ("B", "Tumor 1", (30, 31)),
        )
        for day, mm in zip(("2026-02-20", "2026-07-01"), sizes, strict=True)
    ]
    (folder / "mm.csv").write_text(HEADER + "".join(rows), "utf-8")
    (folder / "patients.csv").write_text(PATIENTS + OURS + THEIRS, "utf-8")
    return folder


def batch(run: Run, folder: Path, table: str, *more: object) -> Result:
    words = ("batch", folder / "cases.csv", "--lesions", folder / table)
    return run(*words, "--out", folder / "out", "--jobs", 2, "--json", *more)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def require_parquet(out: Path) -> None:
    """Refuse a lesions.parquet that does not say what lesions.csv says, typed."""
    schema = parquet.read_schema(out / "lesions.parquet")
    assert schema.metadata[b"schema"] == b"sirtdose.lesion_table/1"
    columns = ("treatment_1_days", "follow_up_1_ml", "volume_change")
    told = {one: schema.field(one) for one in (*columns, "recist_1.1_best", "mean_of")}
    units = [one.metadata.get(b"unit") for one in told.values()]
    assert units == [b"d", b"mL", b"1", None, None]
    assert [str(one.type) for one in told.values()] == ["double"] * 3 + ["string"] * 2
    assert all(one.metadata[b"description"] for one in schema)
    found = parquet.read_table(out / "lesions.parquet").to_pylist()
    for one, line in zip(found, rows(out / "lesions.csv"), strict=True):
        texts = {
            name: "" if value is None else f"{value:.10g}"
            for name, value in one.items()
            if not isinstance(value, str)
        }
        assert {**one, **texts} == line


def test_a_batch_carries_each_patient_s_lesions(run: Run, cases: Path) -> None:
    result = batch(run, cases, "patients.csv", "--parquet")
    assert result.exit_code == 0, result.stderr
    assert "3 cases: 3 done; 2 patients: 2 done" in result.stderr
    patients = document(result)["patients"]
    assert [(one["case_id"], one["state"]) for one in patients] == [
        ("A", "done"),
        ("B", "done"),
    ]
    out = cases / "out"
    ours, theirs = rows(out / "lesions.csv")
    assert (ours["case_id"], ours["lesion"]) == ("A", "Tumor 1")
    # Without maps as DICOM there is no sum of two treatments, and no other mean dose.
    assert (ours["mean_gy"], ours["recist_1.1_best"]) == ("", "PR")
    doses = {one["case_id"]: one for one in rows(out / "cases.csv")}
    first = float(ours["treatment_1_local_deposition_mean_gy"])
    assert first == pytest.approx(float(doses["a1"]["tumors_mean_gy"]))
    assert (theirs["case_id"], theirs["recist_1.1_best"]) == ("B", "SD")
    assert float(theirs["mean_gy"]) == pytest.approx(
        float(doses["b1"]["tumors_mean_gy"])
    )
    assert float(theirs["follow_up_1_ml"]) == pytest.approx(8 * 0.512)
    assert is_history(out / "lesions.csv")
    assert '<a href="lesions/A/lesions.html">' in (out / "index.html").read_text()
    require_parquet(out)
    # The same as by itself; what names nobody has no day.
    alone = run(
        *("lesions", out / "a1", out / "a2", "--case-label", "A", "--json"),
        *("--measurements", f"recist-1.1={cases / 'mm.csv'}"),
        *("--match", "Tumor 1=Segment 8"),
    )
    assert json.loads(alone.stdout) == json.loads(
        (out / "lesions" / "A" / "lesions.json").read_text("utf-8")
    )
    assert "2026-07" not in (out / "lesions" / "B" / "lesions.json").read_text()
    # Nobody's question stops the others; what is unchanged is not assessed again.
    asked = OURS.replace("Tumor 1=Segment 8", "")
    (cases / "asked.csv").write_text(PATIENTS + asked + THEIRS, "utf-8")
    result = batch(run, cases, "asked.csv", "--resume")
    assert result.exit_code == 6
    assert "3 cases: 3 unchanged; 2 patients: 1 failed, 1 done" in result.stderr
    one, _ = document(result)["patients"]
    assert one["exit_code"] == 3
    assert "H48" in one["error"]
    assert one["error"].endswith("lesions of an earlier run were kept")
    assert [one["case_id"] for one in rows(out / "lesions.csv")] == ["B"]


def test_a_patient_whose_case_failed_is_not_followed(run: Run, cases: Path) -> None:
    text = CASES.replace("a2,p2", "a2,p9")
    (cases / "failing.csv").write_text(text, "utf-8")
    words = ("batch", cases / "failing.csv", "--lesions", cases / "patients.csv")
    result = run(*words, "--out", cases / "failed", "--jobs", 2, "--json")
    assert result.exit_code == 6
    one, other = document(result)["patients"]
    assert other["state"] == "done"
    assert one["error"] == (
        "patients.csv, line 2: a2 has no results in this batch: see its row"
    )


def test_a_patient_is_refused_before_the_cases_are_computed(
    run: Run, cases: Path
) -> None:
    """What the table and the manifest tell alone."""
    undated = CASES.replace("2026-03-03T10:00+01:00", "")
    (cases / "undated.csv").write_text(undated, "utf-8")
    lines = (
        "X,a2,mm.csv,,,\n",
        "Y,b1,,,,\n",
        "Z,a1,,2026-07-01=none.nii.gz,,\n",
    )
    (cases / "unfit.csv").write_text(PATIENTS + "".join(lines), "utf-8")
    words = ("batch", cases / "undated.csv", "--lesions", cases / "unfit.csv")
    result = run(*words, "--out", cases / "out", "--jobs", 2, "--json", "--resume")
    assert result.exit_code == 6
    said = [one["error"].partition(": ")[2] for one in document(result)["patients"]]
    assert said == [
        "Invalid value for --measurements: 'mm.csv': write it like "
        "recist-1.1=diameters.csv",
        "b1 does not say when the treatment was: give it administered_at in the "
        "manifest",
        "the path in column follow_up does not exist",
    ]
    assert re.search(r"Y failed.*\ba1 (done|unchanged)", result.stderr, re.DOTALL)


def test_a_cohort_reads_what_a_batch_wrote(run: Run, cases: Path) -> None:
    """Its table is both the doses and the outcomes."""
    sizes = (("C", 20), ("D", 20), ("E", 39), ("F", 41))
    text = HEADER + "".join(
        f"{who},{day},Tumor 1,liver,target,{mm},5\n"
        for who, later in sizes
        for day, mm in (("2026-02-20", 40), ("2026-07-20", later))
    )
    (cases / "four.csv").write_text(text, "utf-8")
    lines = (
        f"{who},{case},recist-1.1=four.csv,,,\n"
        for who, case in (("C", "a1"), ("D", "a1"), ("E", "a2"), ("F", "a2"))
    )
    (cases / "four_patients.csv").write_text(PATIENTS + "".join(lines), "utf-8")
    result = batch(run, cases, "four_patients.csv", "--resume")
    assert result.exit_code == 0, result.stderr
    table = cases / "out" / "lesions.csv"
    gy = {one["case_id"]: float(one["mean_gy"]) for one in rows(table)}
    words = ("--response", "recist_1.1_best", "--out", cases / "cohort", "--json")
    found = json.loads(run("cohort", table, "--outcomes", table, *words).stdout)
    groups = found["endpoints"][0]["groups"]
    assert groups["yes"]["values_gy"] == pytest.approx([gy["C"], gy["D"]])
    assert groups["no"]["values_gy"] == pytest.approx([gy["E"], gy["F"]])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("A,a1|a9,,,,\n", "line 2: 'a9' in input is no case of this batch, nor"),
        ("A,,,,,\n", "line 2: input is empty: name the cases of the patient"),
        ("A,a1,,,,maybe\n", "line 2: deidentify is yes or no, not 'maybe'"),
        ("A/B,a1,,,,\n", "case_id 'A/B' cannot be a folder's name"),
        (OURS + OURS, "line 3: case_id 'A' is also that of line 2"),
    ],
)
def test_a_table_of_patients_is_refused_before_any_case(
    run: Run, cases: Path, line: str, said: str
) -> None:
    (cases / "wrong.csv").write_text(PATIENTS + line, "utf-8")
    words = ("batch", cases / "cases.csv", "--lesions", cases / "wrong.csv")
    result = run(*words, "--out", cases / "wrong")
    assert result.exit_code == 3
    assert said in result.stderr
    assert not (cases / "wrong").exists()


def test_what_cannot_be_together_is_refused(run: Run, cases: Path) -> None:
    words = ("batch", cases / "cases.csv", "--out", cases / "wrong")
    moved = ("--deidentify", "--site-key", "k" * 16)
    result = run(*words, "--lesions", cases / "patients.csv", *moved)
    assert result.exit_code == 2
    assert "--deidentify moves the dates that --lesions needs" in result.stderr
    result = run(*words, "--lesions", cases / "none.csv")
    assert "there is no none.csv (--lesions)" in result.stderr


def test_a_refusal_of_a_deidentified_patient_has_no_date_and_no_file(
    tmp_path: Path,
) -> None:
    treated = write_treatment(tmp_path / "treated", "20260302", {"T1": 100.0})
    (tmp_path / "scans").mkdir()
    write_follow_up(tmp_path / "scans" / "jane.dcm", "20260115", boxes({"T1": "T1"}))
    follow_ups = ((None, tmp_path / "scans"),)
    request = LesionsRequest((treated,), follow_ups, case_label="B")
    error = run_patient(Patient("B", request, tmp_path / "out")).error
    assert "follow-up jane.dcm is of 2026-01-15" in error
    hidden = replace(request, deidentify=True)
    error = run_patient(Patient("B", hidden, tmp_path / "out")).error
    assert "follow-up a file is of removed, not after the treatment" in error
    assert "jane" not in error
    assert "2026" not in error


@pytest.mark.parametrize(
    ("error", "code"), [(OutputError("no room is left"), 5), (RuntimeError("a bug"), 1)]
)
def test_what_was_computed_is_kept_where_the_lesions_fail(
    run: Run,
    cases: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    code: int,
) -> None:
    whole = batches.run_cases

    def failing(some: Any, **how: Any) -> Any:
        if how.get("work") is not run_patient:
            return whole(some, **how)
        return after_one(whole(some, **how))

    def after_one(found: Any) -> Any:
        yield next(found)
        raise error

    monkeypatch.setattr(batches, "run_cases", failing)
    words = ("batch", cases / "cases.csv", "--lesions", cases / "patients.csv")
    words += ("--out", tmp_path / "out", "--jobs", 1)
    if isinstance(error, RuntimeError):
        with pytest.raises(RuntimeError):
            run(*words)
    else:
        result = run(*words)
        assert result.exit_code == code
        assert "no room is left" in result.stderr
        said = "the tables hold every case and the lesions of 1 of 2 patients"
        assert said in result.stderr
    kept = rows(tmp_path / "out" / "cases.csv")
    assert [one["state"] for one in kept] == ["done"] * 3
    followed = rows(tmp_path / "out" / "lesions.csv")
    assert [one["case_id"] for one in followed] == ["A"]
    told = json.loads((tmp_path / "out" / "batch.json").read_text("utf-8"))
    assert [one["state"] for one in told["patients"]] == ["done", "not run"]


def test_tables_of_patients_that_fail_leave_those_of_cases(
    run: Run, cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(writer: BatchWriter, patients: list[Any], tables: list[Path]) -> None:
        del writer, tables
        if patients:
            raise OutputError("a table of lesions cannot be read")

    monkeypatch.setattr(BatchWriter, "add_patients", failing)
    words = ("batch", cases / "cases.csv", "--lesions", cases / "patients.csv")
    result = run(*words, "--out", tmp_path / "out", "--jobs", 1)
    assert result.exit_code == 5
    assert "a table of lesions cannot be read" in result.stderr
    assert "the tables hold every case and no lesions" in result.stderr
    kept = rows(tmp_path / "out" / "cases.csv")
    assert [one["state"] for one in kept] == ["done"] * 3


def test_a_file_of_a_patient_may_have_an_equals_sign(
    run: Run, cases: Path, tmp_path: Path
) -> None:
    (cases / "mm=2.csv").write_bytes((cases / "mm.csv").read_bytes())
    table = PATIENTS + OURS.replace("=mm.csv", "=mm=2.csv")
    (cases / "equals.csv").write_text(table, "utf-8")
    words = ("batch", cases / "cases.csv", "--lesions", cases / "equals.csv")
    result = run(*words, "--out", tmp_path / "out", "--jobs", 1)
    assert result.exit_code == 0, result.stderr
    [row] = rows(tmp_path / "out" / "lesions.csv")
    assert row["recist_1.1_best"] == "PR"
