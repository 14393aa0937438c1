"""How well a liver works: ALBI and Child-Pugh, with what they were computed from."""

import math
from dataclasses import dataclass

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_positive

UMOL_PER_L_BILIRUBIN = 17.104
# Values and bounds are computed: they are compared with this much room.
_ROOM = 1e-9
_ALBI_GRADES = ((-2.60, "1"), (-2.27, "2a"), (-1.39, "2b"))
_ASCITES = ("none", "slight", "moderate")
_ENCEPHALOPATHY = ("none", "1-2", "3-4")


@dataclass(frozen=True)
class Albi:
    """Albumin-bilirubin score, its grade (1, 2, 3) and modified grade (2a, 2b)."""

    score: float
    grade: int
    modified_grade: str


@dataclass(frozen=True)
class ChildPugh:
    """Class, points, and the points of each part: totals have been printed wrong."""

    letter: str
    points: int
    parts: dict[str, int]


def albi(*, bilirubin_umol_per_l: float, albumin_g_per_l: float) -> Albi:
    r"""Albumin-bilirubin grade.

    .. math:: s = 0.66 \log_{10} b - 0.085\, a

    Grade 1 up to -2.60, 2 up to -1.39 (2a up to -2.27), 3 above.

    Parameters
    ----------
    bilirubin_umol_per_l, albumin_g_per_l : float, > 0

    Raises
    ------
    RangeError
        A value of 0 or below.

    References
    ----------
    Johnson et al., J Clin Oncol 2015;33:550; modified grades: Hiraoka et al., Liver
    Cancer 2019;8:121 (both recalled; the formula and its bounds were read in software
    that cites them).

    Examples
    --------
    log10(10) is 1: 0.66 - 0.085 x 40 = -2.74.

    >>> albi(bilirubin_umol_per_l=10, albumin_g_per_l=40)
    Albi(score=-2.74, grade=1, modified_grade='1')
    """
    require_positive(bilirubin=bilirubin_umol_per_l, albumin=albumin_g_per_l)
    score = 0.66 * math.log10(bilirubin_umol_per_l) - 0.085 * albumin_g_per_l
    modified = next(
        (name for bound, name in _ALBI_GRADES if score <= bound + _ROOM), "3"
    )
    return Albi(round(score, 12), int(modified[0]), modified)


def child_pugh(
    *,
    bilirubin_umol_per_l: float,
    albumin_g_per_l: float,
    inr: float,
    ascites: str,
    encephalopathy: str,
) -> ChildPugh:
    """Child-Pugh class with the points of each part.

    Bilirubin under 2, 2 to 3, above 3 mg/dL; albumin above 3.5, 2.8 to 3.5, under 2.8
    g/dL; INR under 1.7, 1.7 to 2.3, above; ascites none, slight, moderate;
    encephalopathy none, grade 1-2, 3-4. A is 5 to 6 points, B 7 to 9, C 10 to 15.

    Raises
    ------
    InputError
        A word for ascites or encephalopathy that is not known.
    RangeError
        A value of 0 or below.

    Notes
    -----
    Sources differ in the INR of 3 points, above 2.2 or above 2.3; the latter is used.

    Examples
    --------
    >>> child_pugh(bilirubin_umol_per_l=30, albumin_g_per_l=33, inr=1.2,
    ...            ascites="slight", encephalopathy="none")
    ChildPugh(letter='B', points=7, parts={'bilirubin': 1, 'albumin': 2, 'INR': 1, \
'ascites': 2, 'encephalopathy': 1})
    """
    require_positive(bilirubin=bilirubin_umol_per_l, albumin=albumin_g_per_l, INR=inr)
    bilirubin_mg_per_dl = bilirubin_umol_per_l / UMOL_PER_L_BILIRUBIN
    parts = {
        "bilirubin": _points(bilirubin_mg_per_dl, 2.0, 3.0),
        "albumin": 4 - _points(albumin_g_per_l, 28.0, 35.0),
        "INR": _points(inr, 1.7, 2.3),
        "ascites": _word(ascites, _ASCITES, "ascites"),
        "encephalopathy": _word(encephalopathy, _ENCEPHALOPATHY, "encephalopathy"),
    }
    points = sum(parts.values())
    letter = "A" if points <= 6 else "B" if points <= 9 else "C"
    return ChildPugh(letter, points, parts)


def _points(value: float, low: float, high: float) -> int:
    """1 below, 2 from the lower to the upper bound, both in it, 3 above."""
    return 1 + (value > low * (1 - _ROOM)) * 1 + (value > high * (1 + _ROOM)) * 1


def _word(given: str, known: tuple[str, ...], what: str) -> int:
    if given not in known:
        raise InputError(f"{what} is '{given}': it must be one of {', '.join(known)}")
    return known.index(given) + 1
