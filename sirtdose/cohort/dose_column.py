"""Which column holds the dose that an outcome is compared with: never by a guess."""

import re

from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.errors import InputError
from sirtdose.model import role_words as words
from sirtdose.model.role import Role, told_by_name

_USUAL = {
    ("tumor", "patient"): "tumors_mean_gy",
    ("tumor", "lesion"): "mean_gy",
    ("liver", "patient"): "normal_whole_mean_gy",
}
_ROLES = {
    Role.TUMOR: "tumor",
    Role.LIVER: "liver",
    Role.NORMAL_GIVEN: "liver",
}
# What a column's name says of its number, not of whose it is.
_OF_DOSE = re.compile(r"(?<![a-z])(gy|dose|absorbed|mean|avg|average)(?![a-z])")
# Biologically effective doses are no absorbed ones; "tumor_bed" may be either.
_EFFECTIVE = re.compile(r"(?<![a-z])(bed|eqd ?2?|eud)(?![a-z])")


def dose_column(level: Level, request: CohortRequest, dosed: str) -> str:
    """The column named, the usual one of a batch, or the only one whose name says so.

    Parameters
    ----------
    level : Level
    request : CohortRequest
    dosed : {"tumor", "liver"}
        Whose dose is needed.

    Raises
    ------
    InputError
        No column is named, and no name of a column, or more than one, says whose dose
        it holds.
    """
    option, named = {
        ("tumor", "patient"): ("--dose", request.dose),
        ("tumor", "lesion"): ("--lesion-dose", request.lesion_dose),
        ("liver", "patient"): ("--liver-dose", request.liver_dose),
    }[(dosed, level.name)]
    if named is not None:
        return named
    usual = _USUAL[(dosed, level.name)]
    if level.has(usual):
        return usual
    doses = [one for own in level.tables for one in own if one.endswith("_gy")]
    # In a table by lesion a dose is the lesion's, unless its name says another's.
    telling = [
        one
        for one in doses
        if says(one, dosed) or (level.name == "lesion" and not _says_other(one))
    ]
    if len(telling) == 1:
        return telling[0]
    if telling:
        found = f"{_listed(telling)} may each be meant"
    elif doses:
        found = f"of {_listed(doses)} no name says that it is the {dosed}'s"
    else:
        found = "no column's name ends in _gy"
    # Advice is no guess either: another organ's dose is never an example.
    fitting = telling or [one for one in doses if _said(one) in ("", dosed)]
    advice = (
        f"name it with {option}, such as {option} {fitting[0]}"
        if fitting
        else f"add such a column, or name the one that holds it with {option}"
    )
    raise InputError(
        f"which column holds the {dosed} dose by {level.name}? There is no '{usual}', "
        f"and {found}: {advice}"
    )


def says(column: str, dosed: str) -> bool:
    """Whether a column's name says whose dose it holds, and nobody else's.

    Examples
    --------
    >>> says("tumor_gy", "tumor"), says("tumor_gy", "liver"), says("dose_gy", "tumor")
    (True, False, False)
    >>> says("normal_liver_mean_gy", "liver"), says("liver_tumor_gy", "liver")
    (True, False)
    >>> says("non_tumor_gy", "tumor"), says("tumor_bed_gy", "tumor")
    (False, False)
    """
    return _said(column) == dosed


def _says_other(column: str) -> bool:
    return _said(column) in ("liver", "another")


def _said(column: str) -> str:
    """Whose dose a column's name tells, as it tells a structure's role."""
    text = _OF_DOSE.sub(" ", words.spelled(column))
    if _EFFECTIVE.search(text) or words.has(words.PERFUSED, text):
        return "another"
    told = told_by_name(text.strip())
    if told.silent:
        return ""
    both = (
        told.role is Role.NORMAL_GIVEN
        and words.has(words.TUMOR, text)
        and not words.finds(words.WITHOUT, text)
    )
    if both or told.too_little:
        return "another"
    return _ROLES.get(told.role, "another")


def _listed(columns: list[str]) -> str:
    return ", ".join(f"'{one}'" for one in columns)
