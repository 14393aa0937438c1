"""`sirtdose lesions`: from plan to doses to response, on boxes with known doses."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sirtdose.io.hashing import sha256_of
from sirtdose.io.image_file import write_nifti
from sirtdose.model.volume import Quantity, Volume
from tests.lesion_files import (
    BOXES,
    GRID,
    VOXEL_ML,
    box,
    boxes,
    write_follow_up,
    write_treatment,
)

Run = Callable[..., Result]
HEADER = "case_id,date,lesion,organ,kind,diameter_mm,state,slice_mm\n"


@pytest.fixture
def files(tmp_path: Path, run: Run) -> Path:
    """A plan, two treatments and three follow-ups with a table of diameters."""
    words = ("plan", "partition", "--perfused-volume", "1000mL", "--tumor")
    words += ("T1=1.44mL@4", "--tumor", "T2=0.54mL@3", "--tumor", "T3=0.24mL@2")
    words += ("--tumor-dose", "120Gy", "--lung-shunt", "5%", "--device", "resin")
    words += ("--treatment-date", "2026-03-02", "--out", tmp_path / "plan")
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    plan = json.loads((tmp_path / "plan" / "plan.json").read_text())
    first = {"T1": 120.0, "T2": 80.0, "T3": 50.0}
    write_treatment(tmp_path / "one", "20260302", first, plan_hash=plan["hash"])
    write_treatment(tmp_path / "two", "20260706", {"T1": 60.0, "T2": 30.0, "T3": 10.0})
    write_follow_up(tmp_path / "june.dcm", "20260601", boxes())
    # T1 under another name, 2 x 3 x 3 voxels within it; T3 is gone; one is new.
    shrunk = [box("Lesion A", (1, 2, 2), (2, 3, 3)), *boxes({"T2": "T2"})]
    write_follow_up(tmp_path / "sept.dcm", "20260901", shrunk)
    new = box("Tumor 9", (8, 10, 1), (2, 2, 2))
    write_follow_up(tmp_path / "nov.dcm", "20261101", [*shrunk, new])
    rows = [
        f"p1,{day},{name},liver,target,{mm},,5"
        for day, *sizes in (
            ("2026-02-20", 40, 30),
            ("2026-06-01", 36, 30),
            ("2026-09-01", 20, 20),
            ("2026-11-01", 20, 30),
        )
        for name, mm in zip(("T1", "T2"), sizes, strict=True)
    ]
    (tmp_path / "mm.csv").write_text(HEADER + "\n".join(rows) + "\n")
    return tmp_path


def lesions(run: Run, folder: Path, *more: object, **change: Any) -> Result:
    results = change.get("results", ("plan", "one", "two"))
    late = change.get("late", ("june.dcm", "sept.dcm", "nov.dcm"))
    return run(
        "lesions",
        *(folder / one for one in results),
        *(word for one in late for word in ("--follow-up", folder / one)),
        *("--measurements", f"recist-1.1={folder / 'mm.csv'}"),
        *("--out", folder / "history", "--json", *more),
    )


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_one_table_over_plan_two_treatments_and_three_follow_ups(
    run: Run, files: Path
) -> None:
    found = document(lesions(run, files))
    assert [(one["label"], one["days"]) for one in found["visits"]] == [
        ("baseline", -10),
        ("plan", 0),
        ("treatment 1", 0),
        ("follow-up 1", 91),
        ("treatment 2", 126),
        ("follow-up 2", 183),
        ("follow-up 3", 244),
    ]
    assert found["visits"][-1]["days_since_last_treatment"] == 118
    by_name = {one["name"]: one for one in found["lesions"]}
    assert list(by_name) == ["T1", "T2", "T3", "Tumor 9"]
    t1 = by_name["T1"]
    at = {one["visit"]: one for one in t1["visits"]}
    assert at["plan"]["dose_gy"]["local_deposition"]["mean"] > 120
    assert at["treatment 1"]["dose_gy"]["kernel"] == {"mean": 60.0, "d70": 60.0}
    assert at["follow-up 2"]["name"] == "Lesion A"
    # 18 of 48 voxels: Dice 36 / 66, all of it within T1.
    assert at["follow-up 2"]["matched_by"] == "overlap"
    assert at["follow-up 2"]["dice"] == pytest.approx(36 / 66)
    assert at["follow-up 3"]["name"] == "Lesion A"
    assert at["follow-up 1"]["diameter_mm"] == {"recist-1.1": 36.0}
    # Maps in one frame of reference: 120 + 60 Gy, the kernel's half of it.
    assert t1["sum_gy"]["local_deposition"] == pytest.approx(180, rel=1e-5)
    assert t1["sum_gy"]["kernel"] == pytest.approx(90, rel=1e-5)
    assert t1["volume_before_ml"] == pytest.approx(1.44)
    assert t1["volume_after_ml"] == pytest.approx(18 * VOXEL_ML)
    assert t1["volume_change"] == pytest.approx(18 / 48 - 1)
    assert by_name["T3"]["not_seen"] == ["follow-up 2", "follow-up 3"]
    assert by_name["Tumor 9"]["first_seen"] == "follow-up 3"
    said = [one["message"] for one in found["warnings"] if one["code"] == "H48"]
    assert any(one.startswith("new at follow-up 3: 'Tumor 9'") for one in said)
    assert any(one.startswith("not at follow-up 2: 'T3'") for one in said)


def test_response_is_of_the_patient_and_of_each_lesion(run: Run, files: Path) -> None:
    found = document(lesions(run, files))
    [response] = found["responses"]
    # Sums 70, 66, 40, 50 mm: -6 %, -43 %, then +25 % and +10 mm from the smallest.
    assert [one["response"] for one in response["timepoints"]] == ["SD", "PR", "PD"]
    own = {one["name"]: one["responses"] for one in found["lesions"]}
    # T1: 40, 36, 20, 20. T2: 30, 30, 20, 30, which is +50 % from 20.
    assert [p["response"] for p in own["T1"][0]["timepoints"]] == ["SD", "PR", "PR"]
    assert [p["response"] for p in own["T2"][0]["timepoints"]] == ["SD", "PR", "PD"]
    assert own["T2"][0]["best"]["response"] == "PR"
    assert own["T3"] == []


def test_the_table_has_a_row_a_lesion(run: Run, files: Path) -> None:
    document(lesions(run, files))
    with (files / "history" / "lesions.csv").open() as file:
        rows = {one["lesion"]: one for one in csv.DictReader(file)}
    assert rows["T1"]["case_id"] == "p1"
    assert float(rows["T1"]["mean_gy"]) == pytest.approx(180, rel=1e-5)
    assert rows["T1"]["mean_of"] == "local deposition, sum of 2 treatments"
    assert rows["T1"]["follow_up_2_name"] == "Lesion A"
    assert rows["T1"]["recist_1.1_best"] == "PR"
    assert rows["Tumor 9"]["mean_gy"] == ""
    page = (files / "history" / "lesions.html").read_text()
    assert "Lesions through time" in page
    assert "not there" in page


def test_doubtful_ones_ask_until_a_person_says(run: Run, files: Path) -> None:
    # Behind T1, 12 mm aside and without a voxel in common.
    moved = [box("A", (1, 6, 2), (3, 4, 4)), *boxes({"T2": "T2", "T3": "T3"})]
    write_follow_up(files / "dec.dcm", "20261201", moved)
    given = {"late": ("june.dcm", "dec.dcm"), "results": ("plan", "one")}
    refused = lesions(run, files, **given)
    assert refused.exit_code == 3
    assert "is 'A' of follow-up 4 'T1'?" in refused.stderr
    assert '--match "T1=follow-up 4:A"' in refused.stderr
    assert not (files / "history").exists()
    for typed, name in (("--match", "T1=follow-up 4:A"), ("--new", "follow-up 4:A")):
        found = document(lesions(run, files, typed, name, "--force", **given))
        last = {
            seen["name"]: (one["name"], seen["matched_by"])
            for one in found["lesions"]
            for seen in one["visits"]
            if seen["visit"] == "follow-up 4"
        }
        expected = ("T1", "match") if typed == "--match" else ("A", "new")
        assert last["A"] == expected
    accepted = lesions(
        run, files, "--accept", "H48", "--reason", "seen", "--force", **given
    )
    [doubt] = [
        seen["doubt"]
        for one in document(accepted)["lesions"]
        for seen in one["visits"]
        if seen["doubt"]
    ]
    assert "12 mm apart" in doubt


def test_treatments_in_other_frames_are_not_summed(run: Run, files: Path) -> None:
    doses = {"T1": 60.0, "T2": 30.0, "T3": 10.0}
    write_treatment(files / "three", "20260707", doses, frame="1.2.3")
    found = document(
        lesions(run, files, results=("plan", "one", "three"), late=("june.dcm",))
    )
    assert all(one["sum_gy"] == {} for one in found["lesions"])
    assert "different frames of reference" in found["no_sum"]
    with (files / "history" / "lesions.csv").open() as file:
        assert {one["mean_gy"] for one in csv.DictReader(file)} == {""}


def test_doses_of_two_nuclides_are_not_summed(run: Run, files: Path) -> None:
    doses = {"T1": 60.0, "T2": 30.0, "T3": 10.0}
    other = {"name": "Ho-166"}
    write_treatment(files / "three", "20260707", doses, nuclide=other)
    found = document(
        lesions(run, files, results=("plan", "one", "three"), late=("june.dcm",))
    )
    assert all(one["sum_gy"] == {} for one in found["lesions"])
    assert found["no_sum"] == "doses of Y-90 and Ho-166 do not act alike"


def test_two_results_of_one_image_are_one_treatment(run: Run, files: Path) -> None:
    doses = {"T1": 60.0, "T2": 30.0, "T3": 10.0}
    same = [{"sha256": "20260302" * 8}]
    write_treatment(files / "three", "20260303", doses, inputs=same)
    result = lesions(run, files, results=("plan", "one", "three"), late=("june.dcm",))
    assert result.exit_code == 3
    assert "are results of one image" in result.stderr


def test_a_registration_brings_another_frame_over(run: Run, files: Path) -> None:
    import SimpleITK

    frame = "1.2.3"
    doses = {"T1": 60.0, "T2": 30.0, "T3": 10.0}
    write_treatment(files / "three", "20260707", doses, frame=frame)
    SimpleITK.WriteTransform(
        SimpleITK.TranslationTransform(3, (0.0, 0.0, 0.0)), str(files / "same.tfm")
    )
    found = document(
        lesions(
            *(run, files, "--registration", f"treatment 2={files / 'same.tfm'}"),
            results=("plan", "one", "three"),
            late=("june.dcm",),
        )
    )
    t1 = found["lesions"][0]
    assert t1["sum_gy"]["local_deposition"] == pytest.approx(180, rel=1e-4)
    at = {one["visit"]: one for one in t1["visits"]}
    assert at["treatment 2"]["dice"] == pytest.approx(1.0)


def test_deidentified_it_has_days_and_no_dates_or_files(run: Run, files: Path) -> None:
    (files / "one").rename(files / "rivera-march")
    result = lesions(
        *(run, files, "--deidentify", "--structures", f"plan={files / 'june.dcm'}"),
        results=("plan", "rivera-march", "two"),
        late=("sept.dcm", "nov.dcm"),
    )
    found = document(result)
    assert found["deidentified"]
    written = "".join(
        (files / "history" / name).read_text()
        for name in ("lesions.json", "lesions.csv", "lesions.html")
    )
    for told in ("2026-0", "2026-1", "Jun 1", "rivera", "Rivera", ".dcm", "mm.csv"):
        assert told not in written, told
    assert [one["days"] for one in found["visits"]][-1] == 244


def test_a_name_of_the_patient_is_asked_about(run: Run, files: Path) -> None:
    write_follow_up(files / "dec.dcm", "20261201", boxes({"Rivera T1": "T1"}))
    refused = lesions(run, files, "--deidentify", late=("june.dcm", "dec.dcm"))
    assert refused.exit_code == 3
    assert "H33" in refused.stderr
    assert "Rivera" not in refused.stderr


def _other_patient(files: Path) -> tuple[object, ...]:
    write_follow_up(files / "x.dcm", "20261201", boxes(), patient="4712")
    return ("--follow-up", files / "x.dcm")


def _before(files: Path) -> tuple[object, ...]:
    write_follow_up(files / "x.dcm", "20260301", boxes())
    return ("--follow-up", files / "x.dcm")


def _twice(files: Path) -> tuple[object, ...]:
    return ("--follow-up", files / "june.dcm")


def _same_day(files: Path) -> tuple[object, ...]:
    write_follow_up(files / "x.dcm", "20260601", boxes({"T1": "T1"}))
    return ("--follow-up", files / "x.dcm")


def _no_date(files: Path) -> tuple[object, ...]:
    mask = boxes({"T1": "T1"})[0].occupancy.astype(float)
    write_nifti(Volume(mask, GRID, Quantity.COUNTS), files / "tumor.nii.gz")
    return ("--follow-up", files / "tumor.nii.gz")


def _no_tumor(files: Path) -> tuple[object, ...]:
    from dataclasses import replace

    from sirtdose.model.role import Role

    one = replace(box("Liver", *BOXES["T1"]), role=Role.LIVER)
    write_follow_up(files / "x.dcm", "20261201", [one])
    return ("--follow-up", files / "x.dcm")


REFUSED = [
    (_other_patient, "belong to 2 patients (H01"),
    (_before, "x.dcm is of 2026-03-01, not after the treatment of 2026-03-02"),
    (_twice, "have the same content: give each visit once"),
    (_same_day, "are both of 2026-06-01"),
    (_no_date, "does not state its date: write --follow-up 2026-06-01=tumor.nii.gz"),
    (_no_tumor, "contains no tumor (structures: Liver): name it with --role"),
    (lambda _: ("--match", "T7=T1"), "there is no lesion 'T7'; there are T1, T2, T3"),
    (lambda _: ("--match", "T1=follow-up 2:B"), "there is no lesion 'B'; there are"),
    (lambda _: ("--match", "T1=T2"), "'T1' would be both"),
    (
        lambda _: ("--match", "T1=Lesion A", "--match", "T2=Lesion A"),
        "'Lesion A' is matched with 'T1' already",
    ),
    (
        lambda _: ("--match", "T1=Lesion A", "--new", "Lesion A"),
        "given with --match and with --new",
    ),
    (
        lambda files: ("--structures", f"treatment 3={files / 'june.dcm'}"),
        "names no visit: there are baseline, plan, treatment 1",
    ),
    (lambda _: ("--case-label", "p2"), "mm.csv has no case 'p2'"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_refused_by_name(run: Run, files: Path, make: Any, said: str) -> None:
    result = lesions(run, files, *make(files))
    assert result.exit_code == 3, result.stdout
    assert said in result.stderr
    assert not (files / "history").exists()


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (("plan", "two", "one"), "give treatments in the order of time"),
        (("plan", "one", "one"), "have the same content"),
        (("one", "plan"), "plan.json is given behind its treatment"),
        (("plan",), "no treatment is given"),
        (("history2",), "there is no file or folder history2"),
        (("june.dcm",), "damaged, or no document"),
    ],
)
def test_results_in_another_order_are_refused(
    run: Run, files: Path, results: tuple[str, ...], said: str
) -> None:
    result = lesions(run, files, results=results)
    assert result.exit_code == 3
    assert said in result.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "sirtdose.post/2"}, "is of sirtdose.post/2"),
        ({"schema": "other.post/1"}, "is of other.post/1"),
        ({"inputs": [{"sha256": None}]}, "is de-identified, and its dates were moved"),
        ({"times": {"administered_at": None}}, "does not state when the treatment was"),
        ({"doses": {"kernel": {"structures": [{"role": "tumor"}]}}}, "name is missing"),
    ],
)
def test_documents_of_others_are_refused(
    run: Run, files: Path, change: dict[str, Any], said: str
) -> None:
    write_treatment(files / "other", "20260302", {"T1": 120.0}, **change)
    result = lesions(run, files, results=("plan", "other"))
    assert result.exit_code == 3
    assert said in result.stderr


def test_an_edited_plan_is_refused(run: Run, files: Path) -> None:
    path = files / "plan" / "plan.json"
    path.write_text(path.read_text().replace('"T1"', '"T8"'))
    result = lesions(run, files)
    assert result.exit_code == 3
    assert "does not fit its hash" in result.stderr


def test_a_date_beside_the_header_s_is_asked(run: Run, files: Path) -> None:
    result = lesions(
        *(run, files, "--follow-up", f"2026-12-24={files / 'june.dcm'}"), late=()
    )
    assert result.exit_code == 3
    assert "given as of 2026-12-24, but its file states 2026-06-01" in result.stderr


def test_a_name_that_only_the_table_has_is_asked(run: Run, files: Path) -> None:
    text = (files / "mm.csv").read_text()
    (files / "mm.csv").write_text(text.replace(",T2,", ",Segment 4,"))
    refused = lesions(run, files)
    assert refused.exit_code == 3
    assert "'Segment 4' of mm.csv has the name of no lesion" in refused.stderr
    found = document(lesions(run, files, "--match", "T2=Segment 4"))
    own = {one["name"]: one["responses"] for one in found["lesions"]}
    assert own["T2"][0]["best"]["response"] == "PR"
    assert "Segment 4" not in own


def test_a_baseline_after_treatment_is_asked(run: Run, files: Path) -> None:
    text = (files / "mm.csv").read_text()
    (files / "mm.csv").write_text(text.replace("2026-02-20", "2026-03-20"))
    refused = lesions(run, files)
    assert refused.exit_code == 3
    assert "the baseline of recist-1.1 is 18 days after" in refused.stderr


def test_a_treatment_by_another_plan_is_asked(run: Run, files: Path) -> None:
    write_treatment(files / "x", "20260302", {"T1": 120.0}, plan_hash="ff" * 32)
    refused = lesions(run, files, results=("plan", "x"), late=("june.dcm",))
    assert refused.exit_code == 3
    assert "treatment was compared with another plan than is given" in refused.stderr


def test_metabolic_response_of_each_lesion(run: Run, files: Path) -> None:
    head = "case_id,date,lesion,sul_peak,liver_mean,liver_sd\n"
    rows = [
        f"p1,{day},{name},{sul},1.6,0.2"
        for day, *each in (("2026-02-20", 9, 6), ("2026-06-01", 5, 5.5))
        for name, sul in zip(("T1", "T2"), each, strict=True)
    ]
    (files / "sul.csv").write_text(head + "\n".join(rows) + "\n")
    result = lesions(
        *(run, files, "--measurements", f"percist={files / 'sul.csv'}"),
        results=("plan", "one"),
        late=("june.dcm",),
    )
    own = {one["name"]: one["responses"] for one in document(result)["lesions"]}
    # 9 to 5 is -44 %; 6 to 5.5 is -8 %.
    best = {name: some[-1]["best"]["response"] for name, some in own.items() if some}
    assert best == {"T1": "PMR", "T2": "SMD"}


def test_a_cohort_reads_the_lesions_of_many_patients(run: Run, tmp_path: Path) -> None:
    folders: list[Path] = []
    for number, dose in enumerate((120.0, 110.0, 90.0, 60.0, 50.0, 40.0)):
        patient = tmp_path / f"treated{number}"
        doses = {"T1": dose, "T2": dose - 5}
        write_treatment(patient, "20260302", doses, patient=str(number))
        sizes = (20, 20) if dose > 80 else (40, 30)
        rows = [
            f"c{number},{day},{name},liver,target,{mm},,5"
            for day, *own in (("2026-02-20", 40, 30), ("2026-06-01", *sizes))
            for name, mm in zip(("T1", "T2"), own, strict=True)
        ]
        table = tmp_path / f"mm{number}.csv"
        table.write_text(HEADER + "\n".join(rows) + "\n")
        folders.append(tmp_path / f"history{number}")
        result = run(
            *("lesions", patient, "--measurements", f"recist-1.1={table}"),
            *("--out", folders[-1]),
        )
        assert result.exit_code == 0, result.stderr
    outcomes = [word for one in folders for word in ("--outcomes", one / "lesions.csv")]
    result = run(
        *("cohort", *folders, *outcomes, "--response", "recist_1.1_best"),
        *("--threshold", "80Gy", "--out", tmp_path / "cohort", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    [response] = found["endpoints"]
    assert (response["level"], response["dose_column"]) == ("lesion", "mean_gy")
    assert response["groups"]["yes"]["values_gy"] == [85, 90, 105, 110, 115, 120]
    # All six above all six: 2 of the 924 ways to draw six of twelve.
    assert response["rank_sum"]["p"] == pytest.approx(2 / 924)
    assert response["clustering"]["patients"] == 6
    broken = folders[0] / "lesions.json"
    broken.write_text(broken.read_text().replace("sirtdose.lesions/1", "x/2"))
    refused = run(
        *("cohort", *folders, *outcomes, "--response", "recist_1.1_best"),
        *("--out", tmp_path / "again"),
    )
    assert refused.exit_code == 3
    assert "no lesions.json of this version" in refused.stderr


def test_an_edited_treatment_is_refused(run: Run, files: Path) -> None:
    record = {
        "schema": "sirtdose.run/1",
        "sirtdose_version": "0.1.0",
        "results": {"post.json": "00" * 32},
        "fingerprint": None,
        "asked": None,
    }
    (files / "one" / "run.json").write_text(json.dumps(record))
    refused = lesions(run, files)
    assert refused.exit_code == 3
    assert "one/post.json is not what was computed" in refused.stderr
    # The document as it was, but its map is not.
    digest = sha256_of([files / "one" / "post.json"])
    record["results"] = {"post.json": digest, "dose_local.dcm": "00" * 32}
    (files / "one" / "run.json").write_text(json.dumps(record))
    refused = lesions(run, files)
    assert refused.exit_code == 3
    assert "is not what was computed" in refused.stderr


def test_folders_are_named_in_no_document(run: Run, files: Path) -> None:
    (files / "one").rename(files / "rivera")
    found = document(lesions(run, files, results=("plan", "rivera", "two")))
    assert "rivera" not in json.dumps(found).casefold()


def test_a_registration_goes_from_the_first_visit_to_the_other(
    run: Run, files: Path
) -> None:
    """Drawn 5 mm to the left in its own frame: the transform takes points there."""
    import SimpleITK

    frame = "1.2.9"
    moved = {name: ((z, y, x + 2), size) for name, ((z, y, x), size) in BOXES.items()}
    names = {"A": "T1", "B": "T2", "C": "T3"}
    drawn = [box(name, *moved[of], frame) for name, of in names.items()]
    write_follow_up(files / "mr.dcm", "20261201", drawn, frame=frame)
    # Two columns of 2.5 mm.
    SimpleITK.WriteTransform(
        SimpleITK.TranslationTransform(3, (5.0, 0.0, 0.0)), str(files / "mr.tfm")
    )
    change = {"late": ("mr.dcm",), "results": ("plan", "one")}
    without = lesions(run, files, "--accept", "H48", "--reason", "x", **change)
    late = {one["name"] for one in document(without)["lesions"]}
    assert {"A", "B", "C"} <= late
    words = ("--registration", f"2026-12-01={files / 'mr.tfm'}", "--force")
    found = document(lesions(run, files, *words, **change))
    assert [one["name"] for one in found["lesions"]] == ["T1", "T2", "T3"]
    for one in found["lesions"]:
        last = one["visits"][-1]
        assert last["matched_by"] == "overlap"
        assert last["dice"] == pytest.approx(1.0)
        assert last["apart_mm"] == pytest.approx(0.0, abs=1e-6)
