"""What is said of a remnant, and what is missing to say it (H45)."""

import pytest

from sirtdose.checks.remnant import remnant_findings
from sirtdose.model.finding import Severity
from sirtdose.planning.remnant import Remnant
from sirtdose.planning.standard_liver import StandardLiver

SLV = StandardLiver(1274.0, "urata", "Urata", 1.8, "dubois", "Urata 1995", True)


def said(remnant: Remnant | None, *, drawn: bool = False) -> list[str]:
    found = remnant_findings(remnant, asked=True, drawn=drawn)
    assert {one.code for one in found} <= {"H45"}
    return [one.message for one in found]


def test_35_percent_of_the_standardized_volume_in_cirrhosis() -> None:
    """445.9 of 1274 mL; of 1000 mL without tumors it is enough."""
    remnant = Remnant(
        445.9, "typed", normal_ml=1000.0, standard=SLV, underlying="cirrhosis"
    )
    [one] = remnant_findings(remnant, asked=True, drawn=False)
    assert one.severity is Severity.WARN
    assert one.message.startswith(
        "the future liver remnant of 446 mL is 35.0 % of the standardized liver volume "
        "by Urata (1274 mL), not above the minimum for a resection with cirrhosis, 40 "
        "% (Entezari 2022, RadioGraphics): before a resection, measure the remnant "
        "again"
    )
    assert "1000 mL" not in one.message
    assert (one.value, one.bound and one.bound.value) == (pytest.approx(35.0), 40.0)


def test_each_denominator_that_fails_is_listed() -> None:
    remnant = Remnant(
        190.0, "typed", normal_ml=1000.0, standard=SLV, underlying="normal"
    )
    [message] = said(remnant)
    assert "19.0 % of the liver without tumors (1000 mL) and 14.9 % of the" in message
    assert "below the minimum for a resection with a normal liver, 20 %" in message


def test_a_remnant_at_a_bound() -> None:
    at = Remnant(300.0, "typed", normal_ml=1000.0, underlying="chemotherapy")
    assert "is 30.0 % of the liver" in said(at)[0]
    just = Remnant(299.96, "typed", normal_ml=1000.0, underlying="chemotherapy")
    assert "is 29.996 % of the liver" in said(just)[0]
    fifth = Remnant(200.0, "typed", normal_ml=1000.0, underlying="normal")
    assert said(fifth) == []


def test_what_is_missing_is_said_once_and_only_if_asked() -> None:
    small = Remnant(100.0, "typed", liver_ml=1500.0)
    for remnant in (None, small):
        assert remnant_findings(remnant, asked=False, drawn=False) == []
    assert said(None) == [
        "future liver remnant not checked: needs --liver-volume, or --remnant"
    ]
    assert "needs a structure of role liver, or --remnant" in said(None, drawn=True)[0]
    assert said(small) == [
        "minimum of the future liver remnant not checked: needs --underlying-liver"
    ]
    alone = Remnant(100.0, "typed", underlying="normal")
    assert said(alone) == [
        "future liver remnant not checked: needs --liver-volume, or --slv with "
        "--height and --weight"
    ]
