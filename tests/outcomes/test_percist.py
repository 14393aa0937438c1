"""PERCIST at its bounds: 30 % and 0.8 SUL, both, at and beyond."""

from datetime import date
from typing import Any

import pytest

from sirtdose.errors import InputError, RangeError
from sirtdose.outcomes.percist import (
    PetScan,
    assess_pets,
    best_metabolic,
    livers_agree,
    measurable_from_sul,
)


def scan(month: int, *sul: float, **more: Any) -> PetScan:
    return PetScan(date(2026, month, 1), sul, 1.6, 0.2, **more)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (10.0, 7.0, "PMR"),
        (10.0, 7.01, "SMD"),
        (10.0, 13.0, "PMD"),
        (10.0, 12.99, "SMD"),
        # A third of 3, but under 0.8.
        (3.0, 2.21, "SMD"),
        (2.8, 1.99, "SMD"),
        (2.8, 1.95, "PMR"),
        (10.0, 1.6, "CMR"),
        (10.0, 1.61, "PMR"),
        (10.0, 0.0, "CMR"),
    ],
)
def test_bounds(before: float, after: float, expected: str) -> None:
    [found] = assess_pets([scan(3, before), scan(5, after)])
    assert found.response == expected, found


def test_new_lesions_and_glycolysis_are_progression() -> None:
    first = scan(3, 10.0, tlg=100.0)
    assert assess_pets([first, scan(5, 5.0, new_lesion=True)])[0].response == "PMD"
    assert assess_pets([first, scan(5, 10.0, tlg=175.0)])[0].response == "PMD"
    assert assess_pets([first, scan(5, 10.0, tlg=174.0)])[0].response == "SMD"


def test_several_lesions_are_a_modification_that_is_named() -> None:
    pets = [scan(3, 10.0, 8.0, 4.0), scan(5, 9.0, 3.0, 3.0)]
    assert assess_pets(pets)[0].response == "SMD"
    [found] = assess_pets(pets, lesions_max=2)
    assert (found.baseline, found.sum, found.response) == (18.0, 12.0, "PMR")


def test_the_best_is_the_best_until_progression() -> None:
    pets = [scan(3, 10.0), scan(5, 9.0), scan(6, 6.0), scan(7, 13.0), scan(8, 0.0)]
    found = assess_pets(pets)
    assert [one.response for one in found] == ["SMD", "PMR", "PMD", "CMR"]
    best = best_metabolic(found)
    assert (best.response, best.day) == ("PMR", date(2026, 6, 1))
    assert best_metabolic(found[2:]).response == "PMD"
    assert best_metabolic([]).response == "NE"


def test_livers_that_take_up_alike() -> None:
    # 1.6: 20 % are 0.32, 0.3 is the tighter bound.
    for mean, agrees in ((1.9, True), (1.901, False), (1.3, True), (1.29, False)):
        other = PetScan(date(2026, 5, 1), (5.0,), mean, 0.2)
        assert livers_agree(scan(3, 10.0), other) is agrees
    # 1.0: 20 % is.
    low = PetScan(date(2026, 3, 1), (5.0,), 1.0, 0.2)
    assert not livers_agree(low, PetScan(date(2026, 5, 1), (5.0,), 1.21, 0.2))


def test_refusals() -> None:
    assert measurable_from_sul(scan(3, 9.0)) == pytest.approx(2.8)
    with pytest.raises(InputError, match=r"2\.7 is under 2\.8"):
        assess_pets([scan(3, 2.7)])
    with pytest.raises(InputError, match="a baseline PET"):
        assess_pets([])
    with pytest.raises(InputError, match="order of their dates"):
        assess_pets([scan(5, 9.0), scan(3, 9.0)])
    with pytest.raises(InputError, match="hottest first"):
        assess_pets([scan(3, 4.0, 9.0)])
    with pytest.raises(RangeError, match="below 0"):
        assess_pets([scan(3, 9.0), scan(5, -1.0)])
    with pytest.raises(RangeError, match="at least 1"):
        assess_pets([scan(3, 9.0)], lesions_max=0)


def test_a_complete_response_with_growth_is_to_be_verified() -> None:
    first = PetScan(date(2026, 3, 2), (9.0,), 1.6, 0.2, sizes_mm={"a": 20.0})
    for size, said in ((26.0, False), (26.1, True)):
        then = PetScan(date(2026, 5, 4), (1.0,), 1.6, 0.2, sizes_mm={"a": size})
        [one] = assess_pets([first, then])
        assert one.response == "CMR"
        assert ("verify it in a month" in one.rule) is said
