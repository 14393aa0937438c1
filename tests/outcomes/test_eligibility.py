"""The study's criteria at, below and above each bound; criteria of one's own."""

from typing import Any

import pytest

from sirtdose.errors import InputError
from sirtdose.outcomes.eligibility import (
    criteria_set,
    given_values,
    judge,
    overall,
    study_criteria,
)


def answers(values: dict[str, Any]) -> dict[str, str]:
    study = study_criteria()
    judged = judge(study, given_values(values, study, "case.toml"))
    return {one.criterion.id: one.answer for one in judged}


def uln(value: str, limit: str) -> dict[str, str]:
    return {"value": value, "uln": limit}


@pytest.mark.parametrize(
    ("criterion", "name", "below", "at", "above"),
    [
        # What is at most: at the bound it is met.
        ("lung-shunt", "lung_shunt_fraction", "19.9%", "20%", "20.1%"),
        (
            "bilirubin",
            "bilirubin",
            uln("29.9 umol/L", "20 umol/L"),
            uln("30 umol/L", "20 umol/L"),
            uln("30.1 umol/L", "20 umol/L"),
        ),
        # 1.5 x 1.1 is 1.6500000000000001.
        (
            "bilirubin",
            "bilirubin",
            uln("1.64 mg/dL", "1.1 mg/dL"),
            uln("1.65 mg/dL", "1.1 mg/dL"),
            uln("1.66 mg/dL", "1.1 mg/dL"),
        ),
        (
            "ast",
            "ast",
            uln("87 U/L", "35 U/L"),
            uln("87.5 U/L", "35 U/L"),
            uln("88 U/L", "35 U/L"),
        ),
        (
            "alt",
            "alt",
            uln("99 U/L", "40 U/L"),
            uln("100 U/L", "40 U/L"),
            uln("101 U/L", "40 U/L"),
        ),
        # 1.2 x 0.9 is 1.08, of two numbers that binary does not have.
        (
            "creatinine",
            "creatinine",
            uln("1.07 mg/dL", "0.9 mg/dL"),
            uln("1.08 mg/dL", "0.9 mg/dL"),
            uln("1.09 mg/dL", "0.9 mg/dL"),
        ),
    ],
)
def test_at_most(criterion: str, name: str, below: Any, at: Any, above: Any) -> None:
    found = [answers({name: value})[criterion] for value in (below, at, above)]
    assert found == ["met", "met", "failed"]


@pytest.mark.parametrize(
    ("name", "below", "at", "above"),
    [
        ("gfr", "59.9 mL/min/1.73m2", "60 mL/min/1.73m2", "60.1 mL/min/1.73m2"),
        ("neutrophils", "999/uL", "1000/uL", "1001/uL"),
        ("neutrophils", "0.999 10^9/L", "1.0 10^9/L", "1.001 G/L"),
        ("platelets", "99 10^9/L", "100 10^9/L", "101 10^9/L"),
        ("platelets", "99900 /uL", "100000 /uL", "100100 /uL"),
    ],
)
def test_at_least(name: str, below: str, at: str, above: str) -> None:
    found = [answers({name: value})[name] for value in (below, at, above)]
    assert found == ["failed", "met", "met"]


@pytest.mark.parametrize(
    ("name", "below", "at", "above"),
    [
        ("karnofsky", 69, 70, 80),
        ("karnofsky", "69%", "70%", "71%"),
        ("age", 17, 18, 19),
        ("age", "17.9 years", "18 years", "18.1 years"),
    ],
)
def test_above(name: str, below: Any, at: Any, above: Any) -> None:
    found = [answers({name: value})[name] for value in (below, at, above)]
    assert found == ["failed", "failed", "met"]


@pytest.mark.parametrize(
    ("name", "criterion", "right"),
    [
        ("histology_proven", "histology", True),
        ("liver_only_or_predominant", "extent", True),
        ("progressive_under_systemic_therapy", "progression", True),
        ("eligible_for_intra_arterial_therapy", "intra-arterial", True),
        ("contrast_allergy", "contrast", False),
        ("oral_anticoagulation", "anticoagulation", False),
    ],
)
def test_yes_or_no(name: str, criterion: str, right: bool) -> None:
    assert answers({name: right})[criterion] == "met"
    assert answers({name: not right})[criterion] == "failed"


ALL: dict[str, Any] = {
    "histology_proven": True,
    "liver_metastases_on_imaging": True,
    "liver_only_or_predominant": True,
    "progressive_under_systemic_therapy": True,
    "eligible_for_intra_arterial_therapy": True,
    "lung_shunt_fraction": "4.2%",
    "bilirubin": uln("0.5 mg/dL", "1.2 mg/dL"),
    "ast": uln("30 U/L", "35 U/L"),
    "alt": uln("0.5 ukat/L", "40 U/L"),
    "creatinine": uln("70 umol/L", "90 umol/L"),
    "gfr": "80 mL/min/1.73m2",
    "neutrophils": "3 G/L",
    "platelets": "220 G/L",
    "karnofsky": 90,
    "age": 54,
    "contrast_allergy": False,
    "oral_anticoagulation": False,
}


def test_the_answer_of_all() -> None:
    study = study_criteria()

    def answer(values: dict[str, Any]) -> str:
        return overall(judge(study, given_values(values, study, "case")))

    assert answer(ALL) == "eligible"
    assert answer({k: v for k, v in ALL.items() if k != "age"}) == (
        "cannot be determined"
    )
    # Without its upper limit of normal a value says nothing.
    assert answer(ALL | {"alt": "30 U/L"}) == "cannot be determined"
    assert answer(ALL | {"alt": "30 U/L", "age": 18}) == "not eligible"
    assert answer({}) == "cannot be determined"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bilrubin": "1 mg/dL", "height": 1}, "'bilrubin', 'height' in .values. is n"),
        ({"bilirubin": 18}, "bilirubin is '18', without a unit: write it in quotes"),
        (
            {"bilirubin": "18 mmol"},
            "bilirubin: 'mmol' is not a unit of bilirubin: use umo",
        ),
        (
            {"bilirubin": {"value": "1 mg/dL", "upper": 2}},
            "'upper' is not known: use v",
        ),
        ({"bilirubin": {"uln": "1 mg/dL"}}, "bilirubin has no value"),
        ({"alt": uln("5 U/L", "0 U/L")}, "alt: uln is 0 U/L: it must be above 0"),
        ({"platelets": "180000 10^9/L"}, "outside the possible range"),
        ({"lung_shunt_fraction": 12}, "is above 1 for a fraction: for percent write"),
        ({"lung_shunt_fraction": "12"}, "is above 1 for a fraction"),
        (
            {"karnofsky": 0.8e3},
            "karnofsky: karnofsky of 800.0 is 800 %, outside the possible range",
        ),
        ({"age": float("nan")}, "age is 'nan': write a number and its unit"),
        ({"age": "-5"}, "outside the possible range"),
        ({"age": True}, "age is True: write a number"),
        ({"gfr": "72 mL/min"}, "'mL/min' is not a unit of gfr"),
        ({"gfr": ">60 mL/min/1.73m2"}, "write a number and its unit"),
        ({"histology_proven": "yes"}, "histology_proven is 'yes': write true or false"),
    ],
)
def test_values_that_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        given_values(values, study_criteria(), "case.toml")


OWN: dict[str, Any] = {
    "id": "shunt",
    "kind": "exclusion",
    "must_hold": "lung shunt under 10 %",
    "value": "lung_shunt_fraction",
    "operator": "<",
    "bound": 10,
    "unit": "%",
}


def test_criteria_of_one_s_own() -> None:
    burden = OWN | {"id": "burden", "value": "tumor_burden", "operator": "<="}
    score = burden | {"id": "score", "value": "ecog", "bound": 1, "unit": "1"}
    own = criteria_set({"title": "ours", "criteria": [OWN, burden, score]}, "own.json")
    assert own.verified is False
    given = {"lung_shunt_fraction": "10%", "tumor_burden": "10%", "ecog": 1}
    judged = judge(own, given_values(given, own, "case.toml"))
    assert [one.answer for one in judged] == ["failed", "met", "met"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "maybe"}, r"criterion 1 \('shunt'\): kind is 'maybe': use inclusion"),
        ({"operator": "=="}, "operator is '==': use <, <=, >, >=, is"),
        ({"operator": "is"}, "bound is 10, but with 'is' it must be true or false"),
        ({"bound": True}, "bound is True, but with '<' it must be a number"),
        ({"bound": "10"}, "bound is '10', but with '<' it must be a number"),
        ({"bound": float("nan")}, "it must be a finite number"),
        ({"unit": "mL"}, "'mL' is not a unit of lung_shunt_fraction"),
        ({"unit": 5}, "unit is 5: write it in quotes"),
        ({"value": "ecog", "unit": "points"}, "'points' is not a unit of 'ecog'"),
        ({"of_uln": True}, "the bound has no unit"),
        ({"of_uln": "yes"}, "of_uln must be true or false"),
        ({"limit": 5}, "criterion 1: 'limit' is not known: use id, kind"),
        ({"must_hold": ""}, "must_hold is '': write words in quotes"),
    ],
)
def test_criteria_that_are_refused(change: dict[str, Any], message: str) -> None:
    data = {"title": "ours", "criteria": [OWN | change]}
    with pytest.raises(InputError, match=message):
        criteria_set(data, "own.json")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "own.json is not a table"),
        ({"title": "ours"}, "own.json has no criteria"),
        ({"title": "ours", "criteria": []}, "at least one criterion"),
        ({"title": "ours", "criteria": [5]}, "criterion 1 is not a table"),
        ({"title": "ours", "criteria": [OWN, OWN]}, "'shunt' occurs twice"),
        ({"title": 1, "criteria": [OWN]}, "title is 1: write words"),
        ({"title": "ours", "criteria": [OWN], "rules": 1}, "'rules' is not known"),
        ({"title": "ours", "criteria": [{}]}, "criterion 1 has no id, kind, must_hold"),
    ],
)
def test_files_that_are_refused(data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        criteria_set(data, "own.json")
