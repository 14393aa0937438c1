"""`sirtdose plan`: what its doses are known to."""

import csv
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import Result
from jsonschema import Draft202012Validator

Run = Callable[..., Result]
PARTITION = ("plan", "partition", "--perfused-volume", "1000mL", "--lung-shunt", "5%")
CASE = (*PARTITION, "--tumor", "T1=200mL@3", "--tumor-dose", "200Gy")
MIRD = ("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL")


def document_of(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    text = (
        files("sirtdose.data").joinpath("schemas/plan.schema.json").read_text("utf-8")
    )
    Draft202012Validator(json.loads(text)).validate(document)
    return document


def dose_of(document: dict, name: str) -> dict:
    [row] = [row for row in document["uncertainty"]["doses"] if row["name"] == name]
    return row


def test_every_dose_has_its_interval(run: Run) -> None:
    document = document_of(run(*CASE, "--limit", "normal=70Gy", "--json"))
    known = document["uncertainty"]
    names = [one["name"] for one in document["compartments"]]
    assert [one["name"] for one in known["doses"]] == [*names, "lungs"]
    for part in document["compartments"]:
        own = dose_of(document, part["name"])["dose_by_first_order_gy"]
        assert own["value"] == part["dose_gy"]
        assert own["low"] < own["value"] < own["high"]
        assert own["standard_uncertainty"] > 0
    # Activity 5.8 %, shunt 30 % of 5 %, density 1.16 %, K 0.36 %, T/N 20 %, borders of
    # 1 mm on spheres of 62 and 36 mm: 13.63 % by hand.
    tumor = dose_of(document, "T1")["dose_by_first_order_gy"]
    assert tumor["standard_uncertainty"] == pytest.approx(0.1363 * 200, rel=0.003)
    assert known["realizations"] is None
    [limit] = [one for one in known["limits"] if one["name"] == "normal_perfused"]
    assert 0.5 < limit["probability_met_first_order"] < 0.8
    assert limit["probability_met_ensemble"] is None


def test_the_terminal_and_the_page_say_what_it_is(run: Run, tmp_path: Path) -> None:
    result = run(*CASE, "--uncertainty", "200", "--out", tmp_path / "plan", "-v")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "plan" / "plan.html").read_text("utf-8")
    for said in ("standard uncertainty (k = 1)", "not verified", "95 of 100"):
        assert said in result.stderr
        assert said in page
    with (tmp_path / "plan" / "uncertainty.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["name"] == "T1"]
    by = {row["by"]: row for row in rows}
    assert float(by["first order"]["mean"]) == 200
    assert float(by["prediction"]["mean"]) == 202
    assert float(by["ensemble"]["low"]) < 200 < float(by["ensemble"]["high"])
    squares = sum(
        float(row["standard_uncertainty"]) ** 2
        for name, row in by.items()
        if name.startswith("component")
    )
    own = float(by["first order"]["standard_uncertainty"])
    assert own**2 == pytest.approx(squares)
    assert "Ensemble of 200 realizations (seed 0)" in result.stderr
    ratio = float(by["component tumor_to_normal"]["standard_uncertainty"])
    assert f"tumor to normal {100 * ratio**2 / own**2:.0f} %, " in page
    assert "tumor to normal 20 %" in result.stderr


def test_both_routes_agree_within_a_tenth(run: Run) -> None:
    words = (
        *CASE,
        "--residual",
        "5%",
        "--uncertainty",
        "1000",
        "--seed",
        "4",
        "--json",
    )
    document = document_of(run(*words))
    assert document["uncertainty"]["seed"] == 4
    for one in document["uncertainty"]["doses"]:
        if one["name"] == "lungs":
            continue
        first, drawn = one["dose_by_first_order_gy"], one["dose_by_ensemble_gy"]
        assert drawn["standard_uncertainty"] == pytest.approx(
            first["standard_uncertainty"], rel=0.1
        )
    assert document == document_of(run(*words))


def test_a_budget_of_ones_own(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "budget.toml"
    path.write_text('source = "ours"\n[budget]\nadministered = 0.1\n', "utf-8")
    document = document_of(run(*CASE, "--budget", path, "--json"))
    part = dose_of(document, "T1")["components"]["administered"]
    assert part["standard_gy"] == pytest.approx(20.0)
    [own] = [
        one
        for one in document["uncertainty"]["budget"]
        if one["name"] == "administered"
    ]
    assert (own["value"], own["source"], own["verified"]) == (0.1, "ours", True)
    assert not [one for one in document["warnings"] if one["code"] == "H40"]
    path.write_text("[budget]\nadministered = 0.02\n", "utf-8")
    warned = document_of(run(*CASE, "--budget", path, "--json"))
    [said] = [one for one in warned["warnings"] if one["code"] == "H40"]
    assert said["severity"] == "warn"
    assert "2.0%" in said["message"]


def test_a_case_file_names_a_budget_beside_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "budget.toml").write_text("[budget]\nadministered = 0.2\n", "utf-8")
    case = tmp_path / "case.toml"
    case.write_text(
        'method = "mird"\n[options]\ndose = "120Gy"\nperfused_volume = "1000mL"\n'
        'lung_shunt = "5%"\nbudget = "budget.toml"\n',
        "utf-8",
    )
    document = document_of(run("plan", case, "--json"))
    part = dose_of(document, "perfused volume")["components"]["administered"]
    assert part["standard_gy"] == pytest.approx(24.0)


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--seed", "3"), 2, "--seed is for --uncertainty"),
        (("--uncertainty", "5"), 2, "20<=x<=100000"),
        (("--budget", "nowhere.toml"), 3, "cannot read nowhere.toml"),
    ],
)
def test_what_cannot_be_meant(
    run: Run, options: tuple[str, ...], exit_code: int, message: str
) -> None:
    result = run(*CASE, *options)
    assert result.exit_code == exit_code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_budget_with_what_no_budget_has(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "budget.toml"
    path.write_text("[budget]\nweather = 0.1\n", "utf-8")
    result = run(*CASE, "--budget", path, "--out", tmp_path / "plan")
    assert result.exit_code == 3
    assert "weather" in result.stderr
    assert not (tmp_path / "plan").exists()


class TestPrediction:
    def test_it_is_of_tumors_and_normal_liver(self, run: Run) -> None:
        document = document_of(run(*CASE, "--json"))
        tumor = dose_of(document, "T1")["predicted_gy"]
        assert tumor["median"] == pytest.approx(202)
        assert tumor["high"] / tumor["median"] == pytest.approx(2.811, rel=1e-3)
        assert dose_of(document, "perfused volume")["predicted_gy"] is None
        assert dose_of(document, "lungs")["predicted_gy"] is None
        sources = document["uncertainty"]["prediction"]["sources"]
        assert [one["verified"] for one in sources] == [False, False]

    def test_a_doubtful_scout_widens_it(self, run: Run) -> None:
        weak = (*PARTITION, "--tumor", "T1=200mL@1.2", "--tumor-dose", "100Gy")
        document = document_of(run(*weak, "--json"))
        assert document["uncertainty"]["prediction"]["widened_by"] == 1.5
        tumor = dose_of(document, "T1")["predicted_gy"]
        assert tumor["high"] / tumor["median"] == pytest.approx(2.811**1.5, rel=1e-3)

    @pytest.mark.parametrize(
        "words",
        [
            (*MIRD, "--lung-shunt", "5%", "--json"),
            (*CASE, "--nuclide", "Ho-166", "--json"),
        ],
    )
    def test_not_where_nothing_is_published(
        self, run: Run, words: tuple[str, ...]
    ) -> None:
        document = document_of(run(*words))
        assert document["uncertainty"]["prediction"] is None
        assert {one["predicted_gy"] for one in document["uncertainty"]["doses"]} == {
            None
        }


def test_a_shunt_that_was_not_given_is_said_to_be_left_out(run: Run) -> None:
    asked = ("--accept", "H22", "--reason", "not measured")
    document = document_of(run(*MIRD, *asked, "--json"))
    known = document["uncertainty"]
    assert "the lung shunt, which was not given" in known["left_out"]
    assert [one["name"] for one in known["doses"]] == ["perfused volume"]


def test_methods_compared_have_it_too(run: Run) -> None:
    result = run(
        *("plan", "compare", "--perfused-volume", "1000mL", "--tumor", "T1=200mL@3"),
        *("--dose", "120Gy", "--tumor-dose", "200Gy", "--lung-shunt", "5%", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    for method in document["methods"]:
        tumor = method["uncertainty"][0]
        own = tumor["dose_by_first_order_gy"]
        assert own["value"] == method["compartments"][0]["dose_gy"]
        assert own["standard_uncertainty"] / own["value"] == pytest.approx(
            0.1363, rel=0.003
        )
    assert "13.6%" in result.stderr


class TestCalibratorFactor:
    """What a dose calibrator reads, brought to its own scale (H40)."""

    VIAL = ("plan", "vial", "--activity", "2GBq", "--at", "2026-03-04T10:00+01:00")
    ASSAY = ("--device", "glass", "--assay", "2GBq", "--assay-at")
    ASSAY += ("2026-03-04T10:00+01:00", "--json")

    def test_an_assay_is_scaled_and_said_to_be(self, run: Run) -> None:
        result = run(*self.VIAL, *self.ASSAY, "--calibrator-factor", "1.05")
        assert result.exit_code == 0, result.stderr
        document = json.loads(result.stdout)
        assert document["injections"][0]["measured"]["at_use_gbq"] == pytest.approx(2.1)
        [said] = [one for one in document["warnings"] if one["code"] == "H40"]
        assert "the readings times 1.05" in said["message"]

    def test_far_from_one_asks(self, run: Run) -> None:
        words = (*self.VIAL, *self.ASSAY, "--calibrator-factor", "1.4")
        result = run(*words, "--accept", "H03", "--reason", "a test")
        assert result.exit_code == 3
        assert "H40" in result.stderr

    @pytest.mark.parametrize("factor", ["0", "-1", "95", "nan", "inf"])
    def test_no_factor(self, run: Run, factor: str) -> None:
        result = run(*self.VIAL, *self.ASSAY, "--calibrator-factor", factor)
        assert result.exit_code == 3
        assert "0.5 to 2" in result.stderr
