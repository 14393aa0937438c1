"""How numbers and limits are written for people."""

import re
from collections.abc import Collection, Mapping, Sequence
from math import isclose, isfinite
from typing import Any

from sirtdose.model.rounded import amount_at_least, in_both_units
from sirtdose.model.units import MCI_PER_GBQ

# No dose, activity or volume this small means anything: it is rounding.
_NOTHING = 1e-9
# What documents, tables and options call by one word.
_SPOKEN = {
    "normal_whole": "normal whole liver",
    "normal_perfused": "normal perfused liver",
    "normal_given": "normal liver",
    "perfused_without_tumors": "perfused volume without tumors",
    "all_tumors": "all tumors",
    "tumor_part": "part of a tumor",
    "normal perfused": "normal perfused liver",
    "lungs_cumulative": "lungs, all treatments",
    "local_deposition": "local deposition",
    "collapsed_cone": "collapsed cone",
    "iterative_yang": "iterative yang",
    "tumor_outside": "tumor outside of the liver",
}
# The parts of a liver that the program names, and the lungs.
_DERIVED = (
    *("normal whole liver", "normal perfused liver", "perfused volume", "all tumors"),
    "perfused volume without tumors",
    *("treated volume", "whole liver", "unperfused liver", "lungs"),
)
# Behind a colon, or before an equals sign, a name is typed: --accept H25:NAME.
_IDENTIFIER = re.compile(rf"(?<![:\w-])({'|'.join(_SPOKEN)})(?! liver)(?![=\w])")
# Doses on page one: from here on whole Gy; equal to a bound within so much of it.
_WHOLE_FROM, _MOST_DIGITS, _SAME = 9.95, 3, 1e-6
_TWO_DECIMALS_FROM = 0.1


def not_compared_lines(whose: str, left_out: Mapping[str, str]) -> list[str]:
    """Which histograms of an RTDOSE were not compared, a line for each reason.

    >>> not_compared_lines("their", {"A": "it is empty", "B": "it is empty"})
    ["their histogram of 'A', 'B' was not compared: it is empty"]
    """
    names: dict[str, list[str]] = {}
    for name, why in left_out.items():
        names.setdefault(why, []).append(f"'{name}'")
    return [
        f"{whose} histogram of {', '.join(some)} was not compared: {why}"
        for why, some in names.items()
    ]


def spoken(text: str) -> str:
    """A name, or a text with names, as a person says it; what is typed stays.

    >>> spoken("normal_whole"), spoken("'lungs_cumulative' gets 60 Gy")
    ('normal whole liver', "'lungs, all treatments' gets 60 Gy")
    >>> spoken("normal perfused of right"), spoken("give --limit normal_whole=50Gy")
    ('normal perfused liver of right', 'give --limit normal_whole=50Gy')
    """
    return _IDENTIFIER.sub(lambda found: _SPOKEN[found[1]], text)


def shown_name(name: str) -> str:
    """A structure's name where it begins a row; one that a person gave stays.

    >>> shown_name("T1"), shown_name("normal_whole"), shown_name("normal perfused of A")
    ('T1', 'Normal whole liver', 'Normal perfused liver of A')
    """
    said = spoken(name)
    own = said.partition(" of ")[0] in _DERIVED
    return f"{said[0].upper()}{said[1:]}" if own else name


def spoken_throughout(document: Any) -> Any:
    """A document whose every text and key is said as :func:`spoken` says it.

    >>> spoken_throughout({"rows": [{"name": "normal_whole", "gy": 40.0}]})
    {'rows': [{'name': 'normal whole liver', 'gy': 40.0}]}
    """
    if isinstance(document, str):
        return spoken(document)
    if isinstance(document, list):
        return [spoken_throughout(one) for one in document]
    if isinstance(document, dict):
        return {spoken(key): spoken_throughout(one) for key, one in document.items()}
    return document


def role_words(role: str) -> str:
    """What a structure is for, as a person says it.

    >>> role_words("normal_given"), role_words("tumor")
    ('normal liver', 'tumor')
    """
    return spoken(role).replace("_", " ")


def method_words(method: str) -> str:
    """A way of computing doses as a person calls it.

    >>> method_words("local_deposition"), method_words("collapsed_cone+with_prior")
    ('local deposition', 'collapsed cone + with prior')
    """
    return method.replace("_", " ").replace("+", " + ")


def significant(value: float, digits: int = 4) -> str:
    """Write a number with so many significant digits and no exponent.

    >>> significant(163.2525), significant(0.021465), significant(12345.6)
    ('163.3', '0.02147', '12346')
    >>> significant(9.9999999999), significant(0.099996)
    ('10.00', '0.1000')
    """
    if not isfinite(value):
        return f"{value:g}"
    if abs(value) < _NOTHING:
        return "0"
    # Of the rounded number, which may have one digit more before its point.
    power = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return f"{value:.{max(digits - 1 - power, 0)}f}"


def gy_words(value_gy: float, *bounds_gy: float) -> str:
    """A dose on page one: whole Gy from 10 up, one decimal below.

    One that would be rounded onto a bound that it is not at shows one more digit.

    >>> gy_words(142.4), gy_words(4.02), gy_words(60.31, 60.0), gy_words(60.0, 60.0)
    ('142', '4.0', '60.3', '60')
    """
    digits = 0 if value_gy >= _WHOLE_FROM else 1
    while digits < _MOST_DIGITS and any(
        f"{value_gy:.{digits}f}" == f"{one:.{digits}f}"
        and not isclose(value_gy, one, rel_tol=_SAME)
        for one in bounds_gy
    ):
        digits += 1
    return f"{value_gy:.{digits}f}"


def gbq_words(value_gbq: float) -> str:
    """An activity on a page, GBq: two decimals, or two digits where it is small.

    >>> gbq_words(1.3317), gbq_words(0.0421)
    ('1.33', '0.042')
    """
    small = 0 < abs(value_gbq) < _TWO_DECIMALS_FROM
    return significant(value_gbq, 2) if small else f"{value_gbq:.2f}"


def mci_words(value_gbq: float) -> str:
    """The same in mCi, one decimal.

    >>> mci_words(1.3317)
    '36.0'
    """
    return f"{value_gbq * MCI_PER_GBQ:.1f}"


def activity(value_gbq: float) -> str:
    """Write an activity in GBq and mCi, always both.

    >>> activity(2.304)
    '2.304 GBq (62.27 mCi)'
    """
    return in_both_units(value_gbq, significant)


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: bool | Collection[int] = False,
) -> str:
    """Align rows under a header: the first column left, the others right, or all left.

    `left` may also name the columns that are aligned to the left.

    >>> print(table(["name", "Gy"], [["Tumor 1", "67.7"], ["Liver", "33.3"]]))
    name       Gy
    Tumor 1  67.7
    Liver    33.3

    Words are aligned to the left:

    >>> print(table(["case", "best"], [["c1", "PR"], ["c22", "SD"]], left=True))
    case  best
    c1    PR
    c22   SD
    """
    lines = [header, *rows]
    if isinstance(left, bool):
        left = range(len(header)) if left else (0,)
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def limit_line(limit: dict[str, Any]) -> str:
    """A limit, what is held against it, and whether that meets it."""
    wanted = _wanted(limit)
    if limit["value_gy"] is None:
        return f"{spoken(limit['name'])}: limit {wanted}, not checked"
    given = significant(limit["value_gy"])
    yours = ", yours" if limit["source"] == "given by the user" else ""
    name, of = spoken(limit["name"]), spoken(limit["value_of"] or "")
    named = "" if of in ("", name) else f" ({of})"
    if limit["met"] and limit["strict"] and float(given) == limit["limit_gy"]:
        given = f"just under {given}"
    said = f"{name}{named}: {given} Gy of {wanted}"
    said += f"{yours}, {'met' if limit['met'] else 'NOT MET'}"
    said += ", binds" if limit["binding"] else ""
    if limit["activity_needed_gbq"]:
        said += f", needs {amount_at_least(limit['activity_needed_gbq'])}"
        said += f" to {limit['activity_of']}" if limit["activity_of"] else ""
    return f"{said} ({limit['condition']})" if limit["condition"] else said


def _wanted(limit: dict[str, Any]) -> str:
    """A limit in words: at most is not said."""
    gy = f"{limit['limit_gy']:g}"
    if limit["sense"] == "range":
        return f"{gy} to {limit['upper_gy']:g} Gy"
    under, over = ("less than ", "more than ") if limit["strict"] else ("", "at least ")
    return f"{over if limit['sense'] == 'at_least' else under}{gy} Gy"
