"""An acceptance is of one region, and of none that is made of it."""

import numpy as np
import pytest

from sirtdose.dosimetry.compare.consensus import majority
from sirtdose.model.accepted import Accepted, is_candidate, tells_candidate
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

GRID = Grid.regular((1, 2, 4), spacing_mm=(3.0, 4.0, 5.0), origin_mm=(7, -9, 30))
ONE = Accepted("A. B", "2026-03-02T10:00+01:00", "a" * 12, "b" * 12, "c" * 12, True, "")


def structure(row: list[int], accepted: Accepted | None = ONE) -> Structure:
    mask = np.array([[row, [0, 0, 0, 0]]], bool)
    return Structure("Tumor 1", Role.TUMOR, mask, GRID, accepted=accepted)


def test_what_is_made_of_it_was_accepted_by_nobody() -> None:
    first, other = structure([1, 1, 0, 0]), structure([0, 1, 1, 0], None)
    third = structure([0, 1, 1, 1])
    made = [first | other, first & other, first - other]
    made += [first.renamed("normal", Role.NORMAL_WHOLE, "of it")]
    made += [majority([first, other, third])]
    assert [one.accepted for one in made] == [None] * 5
    assert first.cropped().accepted == ONE


@pytest.mark.parametrize(
    ("description", "algorithm", "lost"),
    [
        ("", "sirtdose accepted", True),
        (ONE.text[:50], "", True),
        (ONE.text, "an editor", False),
        ("accepted by the tumor board", "", None),
        ("", "", None),
    ],
)
def test_what_is_left_of_a_record_tells(
    description: str, algorithm: str, lost: bool | None
) -> None:
    found = Accepted.told_by(description, algorithm)
    assert (None if found is None else found.lost) is lost


def test_a_candidate_is_told_by_name_description_or_algorithm() -> None:
    names = ["Tumor 1 (CANDIDATE)", "x (candidate) copy", "Tumor 1 (cand"]
    assert all(is_candidate(one) for one in names)
    assert not is_candidate("Candidate for resection")
    assert tells_candidate("", "sirtdose candidate")
    assert not tells_candidate("", "sirtdose")
