"""Names and units of laboratory values."""

import pytest

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError
from sirtdose.outcomes.laboratory import (
    canonical,
    factor,
    require_possible,
    unit_inside,
)
from sirtdose.outcomes.toxicity import terms


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ("thrombocytes", "platelets"),
        ("WBC", "leukocytes"),
        ("Hb", "hemoglobin"),
        ("sgpt", "ALT"),
        ("SGOT", "AST"),
        ("emesis", "vomiting"),
        ("ulcer", "gastrointestinal ulcer"),
        ("Ascites", "ascites"),
        ("ascites-child-pugh", "ascites-child-pugh"),
        ("egfr", "eGFR"),
        ("sodium", None),
        ("karnofsky", None),
    ],
)
def test_names(written: str, term: str | None) -> None:
    assert canonical(written) == term


@pytest.mark.parametrize(
    ("term", "unit", "times"),
    [
        ("bilirubin", "mg/dL", 17.104),
        ("bilirubin", "µmol/L", 1),
        ("creatinine", "mg/dl", 88.42),
        ("hemoglobin", "g/dL", 10),
        ("hemoglobin", "mmol/L", 16.114),
        ("albumin", "g/dL", 10),
        ("AST", "IU/L", 1),
        ("AST", "ukat/L", 60),
        ("platelets", "10^9/L", 1),
        ("platelets", "10⁹/L", 1),
        ("platelets", "x10E9/L", 1),
        ("platelets", "G/L", 1),
        ("platelets", "10*3/uL", 1),
        ("platelets", "/µl", 0.001),
        ("platelets", "/mm³", 0.001),
        ("INR", "", 1),
        ("gfr", "mL/min/1.73 m²", 1),
    ],
)
def test_units(term: str, unit: str, times: float) -> None:
    assert factor(term, unit) == times


def test_every_term_of_ctcae_has_its_own_unit_first() -> None:
    for term, rule in terms("5.0").items():
        assert unit_inside(term) == rule["unit"]
        assert factor(term, rule["unit"]) == 1


def test_no_name_means_two_terms() -> None:
    held = table("laboratory")
    names = [
        name.casefold()
        for term, rule in held["terms"].items()
        for name in (term, *rule["aliases"])
    ]
    names += [
        name.casefold()
        for term in table("ctcae_5.0")["clinical"]
        for name in (term, *held["clinical_aliases"].get(term, ()))
    ]
    assert len(set(names)) == len(names)


def test_refusals() -> None:
    with pytest.raises(
        InputError, match="'g/dL' is not a unit of bilirubin: use umol/L"
    ):
        factor("bilirubin", "g/dL")
    with pytest.raises(InputError, match="'' is not a unit of ALT"):
        factor("ALT", "")
    with pytest.raises(
        RangeError, match="albumin of 4 g/L is 4 g/L, outside the possible range"
    ):
        require_possible("albumin", 4, given="4 g/L")
