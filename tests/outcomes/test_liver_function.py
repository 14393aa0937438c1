"""ALBI and Child-Pugh against numbers of published calculators and at their bounds."""

import pytest

from sirtdose.errors import InputError, RangeError
from sirtdose.outcomes.liver_function import UMOL_PER_L_BILIRUBIN, albi, child_pugh


@pytest.mark.parametrize(
    ("albumin", "score", "grade", "modified"),
    [
        (40, -2.74, 1, "1"),
        # Bounds are the better grade's: -2.60, -2.27 and -1.39 at 10 umol/L.
        (3.26 / 0.085, -2.60, 1, "1"),
        (38.34, -2.5989, 2, "2a"),
        (2.93 / 0.085, -2.27, 2, "2a"),
        (34.46, -2.2691, 2, "2b"),
        (2.05 / 0.085, -1.39, 2, "2b"),
        (24.1059, -1.389, 3, "3"),
    ],
)
def test_albi(albumin: float, score: float, grade: int, modified: str) -> None:
    found = albi(bilirubin_umol_per_l=10, albumin_g_per_l=albumin)
    assert found.score == pytest.approx(score, abs=2e-6)
    assert (found.grade, found.modified_grade) == (grade, modified)


@pytest.mark.parametrize(
    ("change", "part", "points"),
    [
        ({"bilirubin_umol_per_l": 1.99 * UMOL_PER_L_BILIRUBIN}, "bilirubin", 1),
        ({"bilirubin_umol_per_l": 2 * UMOL_PER_L_BILIRUBIN}, "bilirubin", 2),
        ({"bilirubin_umol_per_l": 3 * UMOL_PER_L_BILIRUBIN}, "bilirubin", 2),
        ({"bilirubin_umol_per_l": 3.01 * UMOL_PER_L_BILIRUBIN}, "bilirubin", 3),
        ({"albumin_g_per_l": 35.1}, "albumin", 1),
        ({"albumin_g_per_l": 35}, "albumin", 2),
        ({"albumin_g_per_l": 28}, "albumin", 2),
        ({"albumin_g_per_l": 27.9}, "albumin", 3),
        ({"inr": 1.69}, "INR", 1),
        ({"inr": 1.7}, "INR", 2),
        ({"inr": 2.3}, "INR", 2),
        ({"inr": 2.31}, "INR", 3),
        ({"ascites": "none"}, "ascites", 1),
        ({"ascites": "slight"}, "ascites", 2),
        ({"ascites": "moderate"}, "ascites", 3),
        ({"encephalopathy": "1-2"}, "encephalopathy", 2),
        ({"encephalopathy": "3-4"}, "encephalopathy", 3),
    ],
)
def test_child_pugh_points(change: dict[str, object], part: str, points: int) -> None:
    good = {
        "bilirubin_umol_per_l": 10.0,
        "albumin_g_per_l": 40.0,
        "inr": 1.0,
        "ascites": "none",
        "encephalopathy": "none",
    }
    found = child_pugh(**(good | change))  # type: ignore[arg-type]
    assert found.parts[part] == points
    assert found.points == 4 + points
    assert found.letter == ("A" if points < 3 else "B")


def test_the_worst_is_c() -> None:
    found = child_pugh(
        bilirubin_umol_per_l=90,
        albumin_g_per_l=20,
        inr=3,
        ascites="moderate",
        encephalopathy="3-4",
    )
    assert (found.letter, found.points) == ("C", 15)


def test_refusals() -> None:
    with pytest.raises(RangeError, match="bilirubin is 0"):
        albi(bilirubin_umol_per_l=0, albumin_g_per_l=40)
    with pytest.raises(
        InputError, match="ascites is 'some': it must be one of none, slight"
    ):
        child_pugh(
            bilirubin_umol_per_l=9,
            albumin_g_per_l=40,
            inr=1,
            ascites="some",
            encephalopathy="none",
        )
