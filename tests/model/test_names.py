"""Names are matched without regard to case, but never by guessing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.errors import InputError
from sirtdose.model.names import alike, by_own_names, named, told_apart


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("tumor 1", ["Liver", "Tumor 1"], ["Tumor 1"]),
        ("  Liver ", ["Liver"], ["Liver"]),
        # Files hold names with spaces around them.
        ("liver", [" Liver "], [" Liver "]),
        # The one that is the same wins, then the one with the same letters.
        ("tumor", ["Tumor", "tumor"], ["tumor"]),
        (" Tumor", ["Tumor", "tumor"], ["Tumor"]),
        ("TUMOR", ["Tumor", "tumor"], ["Tumor", "tumor"]),
        # Other letters are other names.
        ("Tumor-1", ["Tumor 1"], []),
        ("MÉTASTASE", ["métastase"], ["métastase"]),
        ("", ["Liver"], []),
    ],
)
def test_which_names_may_be_meant(
    typed: str, known: list[str], meant: list[str]
) -> None:
    assert alike(typed, known) == meant


def test_what_is_not_clear_is_refused_with_every_name() -> None:
    with pytest.raises(InputError, match=r"'TUMOR' may be 'Tumor' or 'tumor'"):
        named("TUMOR", ["Tumor", "Liver", "tumor"], "none")
    with pytest.raises(InputError, match=r"no such one: there are Tumor, Liver$"):
        named("spleen", ["Tumor", "Liver"], "no such one")
    with pytest.raises(InputError, match=r"'Tumor' is named twice, also as 'TUMOR'"):
        by_own_names({"tumor": 1, "TUMOR": 2}, ["Tumor"], "none")


def test_names_that_are_repeated_are_one() -> None:
    assert named("liver", ["Liver", "Liver"], "none") == "Liver"


@given(
    names=st.lists(st.text(st.sampled_from("ab "), max_size=30), max_size=12),
    most=st.integers(9, 20),
)
def test_names_cut_to_a_length_stay_apart(names: list[str], most: int) -> None:
    found = told_apart(names, most)
    assert set(found) == set(names)
    assert len(set(found.values())) == len(found)
    assert all(len(one) <= most for one in found.values())
    assert all(found[one] == one for one in names if len(one) <= most)
