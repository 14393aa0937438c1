"""The two studies as worked examples: tables and counts by hand, one patient of images.

`make studies` runs the same with 24 patients of images in study B, and with the two
sessions of study A's first patient.
"""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from examples.simulated.program import MARK
from examples.simulated.tables import unmarked
from examples.study_a.__main__ import main as study_a
from examples.study_a.table_3 import GRADES
from examples.study_b.__main__ import main as study_b
from sirtdose.errors import InputError
from sirtdose.outcomes.patient_dose import BY_MAP, TreatedPart, patient_dose
from tests.conftest import SCHEMAS, require_valid

Ran = tuple[Path, str]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def document(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def run(study: Any, out: Path, **options: Any) -> Ran:
    """Its folder, and what it printed."""
    from contextlib import redirect_stdout
    from io import StringIO

    with redirect_stdout(StringIO()) as said:
        study(out, **options)
    for path in out.rglob("*.json"):
        if path.stem in SCHEMAS:
            require_valid(path.read_text("utf-8"))
    return out, said.getvalue()


@pytest.fixture(scope="module")
def a(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(study_a, tmp_path_factory.mktemp("a") / "study", images=False)


@pytest.fixture(scope="module")
def b(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    out = tmp_path_factory.mktemp("b") / "study"
    return run(study_b, out, imaged=1, jobs=1)


# By hand, from the digits of examples/study_a/table_3.py: grades 0, 1, 2 and 3.
BY_HAND = {
    ("SIRT", "fatigue"): (5, 8, 3, 0),
    ("SIRT", "pain"): (5, 9, 2, 0),
    ("SIRT", "gastrointestinal ulcer"): (11, 0, 2, 3),
    ("SIRT", "GGT"): (0, 7, 7, 2),
    ("SIRT", "bilirubin"): (13, 2, 1, 0),
    ("A", "leukocytes"): (1, 1, 0, 0),
    ("B", "eGFR"): (1, 0, 0, 0),
    ("C", "platelets"): (0, 2, 1, 0),
    ("D", "platelets"): (1, 3, 1, 1),
    ("D", "hemoglobin"): (0, 5, 1, 0),
}
TREATED = {"SIRT": 16, "A": 2, "B": 1, "C": 3, "D": 6}
ALLOCATED = {"SIRT": 16, "A": 3, "B": 1, "C": 4, "D": 8}


def test_table_3_of_study_a(a: Ran) -> None:
    found = {
        (row["arm"], row["term"], row["grade"]): row
        for row in rows(a[0] / "toxicity" / "arms.csv")
    }
    for (arm, term), counts in BY_HAND.items():
        assert sum(counts) == TREATED[arm]
        for grade, count in enumerate(counts):
            row = found[arm, term, str(grade)]
            assert int(row["treated_n"]) == int(row["allocated_n"]) == count
    assert all(int(row["treated_of"]) == TREATED[row["arm"]] for row in found.values())
    assert all(
        int(row["allocated_of"]) == ALLOCATED[row["arm"]] for row in found.values()
    )
    # Each digit of the table is one patient's, and none is lost.
    digits = sum(len(one.replace(" ", "")) for one in GRADES.values())
    graded = [
        int(row["treated_n"]) for key, row in found.items() if key[2] in set("0123")
    ]
    assert sum(graded) == digits == 14 * 28


def test_the_rest_of_study_a(a: Ran) -> None:
    out, said = a
    best = [row["best_response"] for row in rows(out / "response" / "best.csv")]
    assert (best.count("PR"), best.count("SD")) == (10, 6)
    assert "16 of 18: By these criteria: ELIGIBLE" in said
    cohort = document(out / "cohort" / "cohort.json")
    # S is 14/16 after two deaths, then 7/13 of it after six of 13: 0.471, at 12.6.
    overall = cohort["survival"]["overall"]
    assert overall["median"]["time"] == 12.6
    assert overall["n"] == 16
    assert overall["survival"][overall["times"].index(12.6)] == pytest.approx(0.471154)
    ulcer = next(one for one in cohort["endpoints"] if one["kind"] == "toxicity")
    # a01 has no dose of her liver without images, and had an ulcer.
    assert (ulcer["n"], ulcer["events"]) == (15, 4)
    catheter = next(one for one in ulcer["covariates"] if one["column"] == "catheter")
    assert catheter["counts"]["yes"] == {"anti-reflux": 0, "standard": 4}
    reduced = document(out / "mmc" / "simulated-a05" / "mmc.json")
    assert [one["dose_mg"] for one in reduced["cycles"]] == [12, 9]


def test_doses_of_study_a(a: Ran) -> None:
    doses = {row["case_id"]: row for row in rows(a[0] / "doses.csv")}
    methods = [row["dose_from"] for row in doses.values()]
    assert methods.count("mean of 2 parts, weighted by volume") == 13
    assert methods.count("one treatment") == 2
    # One lobe, 1.5 GBq: K 49.67, 5 % to the lungs, 860 mL normal and 140 mL at 2.8:
    # 49.67 * 1.5 * 0.95 / (1.05 * 1.252) = 53.84 Gy.
    one = doses["simulated-a05"]
    activity = float(one["activity_gbq"])
    normal = 49.67 * activity * 0.95 / (1.05 * (0.860 + 2.8 * 0.140))
    assert float(one["normal_liver_mean_gy"]) == pytest.approx(normal, abs=0.05)
    assert float(one["tumor_mean_gy"]) == pytest.approx(2.8 * normal, abs=0.1)


def test_study_b_counts(b: Ran) -> None:
    out, said = b
    cohort = document(out / "cohort" / "cohort.json")
    response, toxicity = cohort["endpoints"]
    assert (response["events"], response["n"]) == (46, 60)
    assert (toxicity["events"], toxicity["n"]) == (8, 64)
    assert cohort["simulated"]
    responders, others = (response["groups"][one] for one in ("yes", "no"))
    # Published 167 (96 to 217) and 54 (45 to 62) Gy.
    for group, published in ((responders, (96, 167, 217)), (others, (45, 54, 62))):
        found = (group["q1"], group["median"], group["q3"])
        assert found == pytest.approx(published, rel=0.03)
    assert response["roc"]["cutoff"]["midpoint"] == pytest.approx(79.5, abs=2)
    # Bilirubin of grade 3 in four, AST in two, ascites with intervention in two.
    worst = rows(out / "toxicity" / "worst.csv")
    high = [row["term"] for row in worst if row["worst_grade"] == "3"]
    assert [high.count(x) for x in ("bilirubin", "AST", "ascites")] == [4, 2, 2]
    assert re.search(r"responders of the evaluable +46/60 +46/60", said)


def test_study_b_from_images(b: Ran) -> None:
    out, _ = b
    first, *others = rows(out / "doses.csv")
    drawn = rows(out / "drawn" / "simulated_doses.csv")[0]
    assert first["dose_from"] == "images"
    assert {row["dose_from"] for row in others} == {"drawn"}
    # Her activity was chosen to give her tumors the drawn dose.
    drawn_gy = float(drawn["tumor_mean_gy"])
    assert float(first["tumor_mean_gy"]) == pytest.approx(drawn_gy, rel=0.01)
    before, after = (
        rows(out / "suv" / "simulated-001" / visit / "uptake.csv")[0]
        for visit in ("before", "after")
    )
    # SUV 11 of a tumor of 56 mm, by lean mass: 48.1 of 85 kg. The hottest sphere lies
    # above the mean by noise.
    truth = 11 * 48.1 / 85
    assert float(before["sul_peak"]) == pytest.approx(truth, rel=0.06)
    assert float(after["sul_peak"]) < 0.6 * float(before["sul_peak"])
    [best] = rows(out / "response" / "best.csv")
    assert best["best_response"] == "PMR"


def test_everything_says_that_it_is_simulated(a: Ran, b: Ran) -> None:
    for out, said in (a, b):
        assert all(line.startswith(MARK.rstrip()) for line in said.splitlines())
        assert unmarked(out) == []
        for path in out.glob("*.csv"):
            assert all(row["simulated"] == "yes" for row in rows(path)), path.name


def test_a_dose_of_several_treatments() -> None:
    right, left = TreatedPart("right", 300, 120), TreatedPart("left", 100, 80)
    # (300 * 120 + 100 * 80) / 400
    assert patient_dose([right, left]).mean_gy == pytest.approx(110)
    assert patient_dose([left]).mean_gy == 80
    assert patient_dose([right, right], summed_gy=233.0).method == BY_MAP
    with pytest.raises(InputError, match="'right' was treated more than once"):
        patient_dose([right, left, right])
    with pytest.raises(InputError, match="no treated part"):
        patient_dose([])
