"""What is doubted of activities, on treatments made by hand."""

from dataclasses import replace

import pytest

from sirtdose.checks.activity import (
    residual_findings,
    same_findings,
    second_calculation,
    size_findings,
)
from sirtdose.model.finding import Severity
from tests.treated import part, treated


def second(normal_gy: float) -> tuple[Severity, str]:
    """2 GBq in 1 kg, no shunt: 0.8 kg normal, and 0.2 kg of tumor with 200 Gy."""
    case = treated(
        part("perfused", 1000.0, 99.34),
        part("normal_perfused", 800.0, normal_gy),
        part("tumor", 200.0, 200.0),
        shunts=(0.0,),
    )
    [found] = second_calculation(case)
    assert found.code == "H07"
    return found.severity, found.message


def test_the_second_calculation_names_what_is_used() -> None:
    """2 GBq in 1 kg are 99.34 Gy; 0.8 * 120 + 0.2 * 200 = 136 Gy by parts."""
    severity, message = second(120.0)
    assert severity is Severity.ASK
    assert (
        "as one compartment gives 99.34 Gy, but the mean of its parts is 136 Gy"
    ) in message
    assert message.endswith("If accepted, the plan by parts is used")


def test_two_calculations_that_agree_are_noted() -> None:
    """0.8 * 74 + 0.2 * 200 = 99.2 Gy."""
    severity, message = second(74.0)
    assert severity is Severity.NOTE
    assert "99.34 Gy, and the mean of its parts is 99.2 Gy" in message
    assert "Accepted" not in message


def test_each_injection_is_calculated_twice_by_its_own_doses() -> None:
    """1 GBq in 1 kg with a tenth shunted: 44.70 Gy; in 0.5 kg with none: 99.34 Gy."""
    case = treated(
        part("perfused", 1000.0, 44.7, 0.0),
        part("normal_perfused", 1000.0, 44.7, 0.0),
        part("perfused", 500.0, 0.0, 140.0, name="other", of=("two",)),
        part("normal_perfused", 500.0, 0.0, 140.0, name="rest", of=("two",)),
        gbq=(1.0, 1.0),
        shunts=(0.1, 0.0),
    )
    fits, other = second_calculation(case)
    assert (fits.severity, other.severity) == (Severity.NOTE, Severity.ASK)
    assert (
        "'two' as one compartment gives 99.34 Gy, but the mean of its parts is 140"
    ) in (other.message)
    assert other.subject == "second calculation of two"


@pytest.mark.parametrize(
    ("gbq", "says"),
    [
        (2200.0, "above the largest vial, 20 GBq: was 2200 MBq meant?"),
        (81.0, "above the largest vial, 20 GBq: was 81 MBq or 81 mCi meant?"),
        (21.0, "above the largest vial, 20 GBq: was 21 MBq or 21 mCi meant?"),
        (0.015, "0.015 GBq (0.4054 mCi) is below any therapeutic activity"),
    ],
)
def test_an_activity_of_another_units_size(gbq: float, says: str) -> None:
    [found] = size_findings(treated(gbq=(gbq,)))
    assert (found.code, found.severity) == ("H05", Severity.ASK)
    assert says in found.message
    assert f"If accepted, {gbq:g} GBq is used" in found.message
    assert found.value == gbq
    assert found.bound is not None
    assert found.bound.value == (20.0 if gbq > 1 else 0.02)


@pytest.mark.parametrize("gbq", [0.02, 2.0, 20.0])
def test_an_activity_of_a_treatments_size(gbq: float) -> None:
    assert size_findings(treated(gbq=(gbq,))) == []


def test_the_size_is_that_of_all_injections() -> None:
    [found] = size_findings(treated(gbq=(15.0, 6.0)))
    assert "21 GBq (567.6 mCi) is above" in found.message


def test_a_dose_that_needs_more_than_a_vial_is_named() -> None:
    """Nobody typed the activity: the dose and the volume were."""
    lobe = part("perfused", 1000.0, 12000.0)
    [found] = size_findings(treated(lobe, gbq=(267.0,), prescribed_gy=12000.0))
    assert (found.code, found.severity) == ("H05", Severity.ASK)
    assert found.message.startswith(
        "a goal of 12000 Gy needs 267 GBq (7216 mCi), above the largest vial, 20 GBq: "
        "was 12000 cGy meant, or is a volume wrong?"
    )
    assert size_findings(treated(lobe, gbq=(2.67,), prescribed_gy=120.0)) == []
    [little] = size_findings(treated(gbq=(0.0002,), prescribed_gy=0.01))
    assert "needs 0.0002 GBq (0.005405 mCi), below any therapeutic" in little.message
    lobe = part("perfused", 1000.0, 2.0)
    [low] = size_findings(treated(lobe, gbq=(0.0445,), prescribed_gy=2.0))
    assert "only 2 Gy: is the goal of 2 Gy right, or does this" in low.message
    assert "GBq meant" not in low.message


def test_a_residual_is_named_as_it_was_typed() -> None:
    lobes = [
        part("perfused", 1000.0, 2.0, 0.0, name="a"),
        part("perfused", 500.0, 0.0, 90.0, name="b", of=("two",)),
    ]
    two = treated(*lobes, gbq=(2.0, 1.0))
    one, other = two.injections
    case = replace(two, injections=(replace(one, residual_gbq=1.9), other))
    [found] = size_findings(case)
    assert "check residual: in its --injection" in found.message


def test_a_scout_of_holmium_is_noted() -> None:
    """250 MBq are a holmium scout, and 4 Gy no treatment's dose."""
    perfused = part("perfused", 1000.0, 4.0)
    [scout] = size_findings(treated(perfused, gbq=(0.25,), device="ho166"))
    assert scout.severity is Severity.NOTE
    assert "the activity of a Ho-166 scout (250 MBq), not of a treatment" in (
        scout.message
    )
    [more] = size_findings(treated(perfused, gbq=(0.6,), device="ho166"))
    assert (more.code, more.severity) == ("H05", Severity.ASK)
    [yttrium] = size_findings(treated(perfused, gbq=(0.25,), device="resin"))
    assert yttrium.severity is Severity.ASK


def test_a_holmium_activity_below_any_scouts_is_still_doubted() -> None:
    """2.5 MBq: a unit's mistake, and no scout."""
    [found] = size_findings(treated(gbq=(0.0025,), device="ho166"))
    assert (found.code, found.severity) == ("H05", Severity.ASK)


def test_next_to_no_dose_is_asked_about_by_its_volume() -> None:
    """1.68 mCi typed for 1.68 GBq."""
    [found] = size_findings(
        treated(
            part("perfused", 1000.0, 3.09, 0.0, name="lobe"),
            part("perfused", 500.0, 0.0, 90.0, name="other", of=("two",)),
            gbq=(0.06216, 1.0),
        )
    )
    assert (found.severity, found.subject, found.value) == (Severity.ASK, "lobe", 3.09)
    assert "'lobe' only 3.09 Gy: was 1.68 GBq meant" in found.message


@pytest.mark.parametrize(
    ("device", "gbq", "names"),
    [
        ("resin", (3.0,), []),
        ("resin", (3.2,), ["the injection"]),
        ("resin", (2.0, 3.1, 4.0), ["two", "three"]),
        ("glass", (19.0,), []),
        ("ho166", (15.0,), []),
        (None, (15.0,), []),
    ],
)
def test_more_than_the_largest_vial(
    device: str | None, gbq: tuple[float, ...], names: list[str]
) -> None:
    found = size_findings(treated(gbq=gbq, device=device))
    assert [one.subject for one in found] == names
    for one in found:
        assert (one.code, one.severity) == ("H07", Severity.WARN)
        assert "above the largest vial of resin microspheres, 3 GBq" in one.message
        assert one.remedy
        # Of several, which one stands in the sentence.
        assert (f"to '{one.subject}'" in one.message) is (len(gbq) > 1)


def test_two_forms_with_one_activity() -> None:
    [found] = same_findings(treated(gbq=(1.5, 2.5, 1.505)))
    assert found.code == "H04"
    assert "'one' and 'three' get the same activity" in found.message
    assert same_findings(treated(gbq=(1.5, 1.55))) == []


@pytest.mark.parametrize(("fraction", "said"), [(0.0, 0), (0.19, 0), (0.2, 1)])
def test_what_stays_behind(fraction: float, said: int) -> None:
    assert len(residual_findings(fraction)) == said
