"""Volumes and uptakes that are unlikely to be meant: treatments made by hand."""

import pytest

from sirtdose.checks.judge import Wanted, judge_plan
from sirtdose.checks.volumes import (
    ratio_findings,
    small_tumor_findings,
    volume_findings,
)
from sirtdose.model.finding import Severity
from sirtdose.model.treatment import Part
from tests.treated import part, treated

WARN, ASK = Severity.WARN, Severity.ASK


@pytest.mark.parametrize(
    ("parts", "typed_ml", "expected"),
    [
        # Against the whole liver, where it is known.
        ([part("liver", 1600.0, 50.0), part("tumor", 800.0, 90.0)], 0.0, []),
        (
            [part("liver", 1600.0, 50.0), part("tumor", 801.0, 90.0)],
            0.0,
            [("liver", WARN)],
        ),
        (
            [part("liver", 1600.0, 50.0), part("tumor", 1441.0, 90.0)],
            0.0,
            [("liver", ASK)],
        ),
        # Of several tumors, and of those that were typed in all.
        (
            [
                part("liver", 1600.0, 50.0),
                part("tumor", 500.0, 90.0),
                part("tumor", 500.0, 90.0, name="other"),
            ],
            0.0,
            [("liver", WARN)],
        ),
        ([part("liver", 1600.0, 50.0)], 900.0, [("liver", WARN)]),
        # A segment may be all tumor.
        (
            [part("perfused", 300.0, 90.0), part("tumor", 300.0, 90.0)],
            0.0,
            [("perfused", WARN)],
        ),
        # Where what is perfused is the liver, that is said once.
        (
            [
                part("liver", 1600.0, 50.0),
                part("perfused", 1600.0, 50.0),
                part("tumor", 900.0, 90.0),
            ],
            0.0,
            [("liver", WARN)],
        ),
        # Tumors of another injection are none of this volume's.
        (
            [
                part("perfused", 300.0, 90.0),
                part("tumor", 290.0, 90.0, of=("two",)),
            ],
            0.0,
            [],
        ),
    ],
)
def test_burden(
    parts: list[Part], typed_ml: float, expected: list[tuple[str, Severity]]
) -> None:
    found = volume_findings(treated(*parts, typed_tumors_ml=typed_ml))
    assert [(one.subject, one.severity) for one in found] == expected
    assert all(one.code == "H19" for one in found)


def test_a_burden_says_what_it_is_of() -> None:
    """900 of 1600 mL are 56 %."""
    [found] = volume_findings(
        treated(part("liver", 1600.0, 50.0), part("tumor", 900.0, 90.0))
    )
    assert "tumors fill 900 mL of the 1600 mL of 'liver', 56%" in found.message
    assert found.value == pytest.approx(0.5625)


@pytest.mark.parametrize(
    ("role", "ml", "bound_ml"),
    [
        ("liver", 499.0, 500.0),
        ("liver", 4501.0, 4500.0),
        ("liver", 500.0, None),
        ("perfused", 99.0, 100.0),
        ("perfused", 100.0, None),
    ],
)
def test_sizes(role: str, ml: float, bound_ml: float | None) -> None:
    found = volume_findings(treated(part(role, ml, 50.0)))
    assert [one.bound and one.bound.value for one in found] == (
        [] if bound_ml is None else [bound_ml]
    )


@pytest.mark.parametrize(
    ("tumor_gy", "severity"), [(75.0, None), (74.0, WARN), (50.0, WARN), (49.0, ASK)]
)
def test_a_tumor_that_takes_up_little(
    tumor_gy: float, severity: Severity | None
) -> None:
    """Beside normal liver of 50 Gy."""
    case = treated(part("normal_perfused", 800.0, 50.0), part("tumor", 50.0, tumor_gy))
    found = ratio_findings(case)
    assert [(one.subject, one.severity) for one in found] == (
        [] if severity is None else [("tumor", severity)]
    )


@pytest.mark.parametrize(
    ("tumor_gy", "drawn", "said"),
    [
        (1000.0, False, None),
        (1500.0, False, "'tumor' has an unusual T/N of 30, above 20: was 3.0 meant?"),
        (1500.0, True, "are tumor and normal liver drawn right?"),
    ],
)
def test_a_tumor_that_takes_up_more_than_is_seen(
    tumor_gy: float, drawn: bool, said: str | None
) -> None:
    """Beside normal liver of 50 Gy; a typed T/N may have lost its decimal point."""
    parts = part("normal_perfused", 800.0, 50.0), part("tumor", 50.0, tumor_gy)
    found = ratio_findings(treated(*parts, drawn=drawn))
    assert [one.severity for one in found] == ([] if said is None else [WARN])
    assert all(str(said) in one.message for one in found)


def test_small_tumors_each_by_name() -> None:
    case = treated(
        part("tumor", 1.9, 90.0, name="T1"),
        part("tumor", 2.0, 90.0, name="T2"),
        part("tumor", 0.5, 90.0, name="T3"),
    )
    assert [one.subject for one in small_tumor_findings(case)] == ["T1, T3"]


def test_what_was_drawn_was_judged_as_structures() -> None:
    parts = (part("liver", 400.0, 50.0), part("tumor", 1.0, 90.0))
    for drawn in (False, True):
        found = judge_plan(treated(*parts, drawn=drawn), Wanted())
        volumes = {"H19", "H20"} & {one.code for one in found}
        assert bool(volumes) is not drawn
