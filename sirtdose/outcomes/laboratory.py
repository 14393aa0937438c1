"""Names and units of laboratory values: many are in use, one of each inside."""

import re
from functools import cache, lru_cache
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
# A table has few words, and many lines of each.
_WORDS = 1024
_POWER_OF_TEN = re.compile("(?<=10)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


def canonical(term: str) -> str | None:
    """The name inside of what people call a term; None where it is not known.

    Examples
    --------
    >>> canonical("SGPT"), canonical("thrombocytes"), canonical("Emesis")
    ('ALT', 'platelets', 'vomiting')
    """
    return _names().get(term.casefold().strip())


@cache
def _names() -> dict[str, str]:
    held = table("laboratory")
    aliases = [
        *(
            (term, rule["aliases"])
            for term, rule in held["terms"].items()
            if rule.get("graded", True)
        ),
        *(
            (term, held["clinical_aliases"].get(term, ()))
            for term in table("ctcae_5.0")["clinical"]
        ),
        *((term, ()) for term in held["child_pugh_terms"]),
    ]
    return {
        name.casefold(): term for term, others in aliases for name in (term, *others)
    }


def quantity(term: str) -> dict[str, Any]:
    """What is known of a laboratory term: its units, and what nobody has.

    Examples
    --------
    >>> quantity("bilirubin")["to"]
    2000
    """
    return dict(table("laboratory")["terms"][term])


def units_of(term: str) -> dict[str, float]:
    """The units that a term may be written in, and their factors; the first is 1.

    Examples
    --------
    >>> units_of("bilirubin")["mg/dL"]
    17.104
    """
    return dict(table("laboratory")["units"][quantity(term)["units"]])


@lru_cache(_WORDS)
def unit_inside(term: str) -> str:
    """The unit that a term is held in.

    Examples
    --------
    >>> unit_inside("platelets"), unit_inside("age")
    ('10^9/L', 'years')
    """
    return str(quantity(term).get("unit") or next(iter(units_of(term))))


@lru_cache(_WORDS)
def factor(term: str, unit: str) -> float:
    """What a value in `unit` is multiplied by to be in the unit inside.

    Raises
    ------
    InputError
        A unit that the term is not measured in.

    Examples
    --------
    >>> factor("ALT", "µkat/L"), factor("platelets", "/mm3"), factor("INR", "")
    (60, 0.001, 1)
    """
    for known, times in units_of(term).items():
        if is_same_unit(known, unit):
            return times
    known = ", ".join(name or "(no unit)" for name in units_of(term))
    raise InputError(f"'{unit[:40]}' is not a unit of {term}: use {known}")


@lru_cache(_WORDS)
def is_same_unit(unit: str, other: str) -> bool:
    """Whether two ways to write a unit mean the same.

    Examples
    --------
    >>> is_same_unit("mmol/l", "mmol/L"), is_same_unit("g/L", "g/dL")
    (True, False)
    """
    return _plain(unit) == _plain(other)


def _plain(unit: str) -> str:
    """Without what differs between ways to write one unit."""
    text = _POWER_OF_TEN.sub(r"^\1", unit.strip()).translate(_SUPERSCRIPTS)
    text = text.replace("µ", "u").replace("μ", "u")
    text = text.casefold().replace(" ", "").replace("\u00d7", "x").replace("*", "^")
    text = text.removeprefix("x").replace("10e", "10^")
    return text.replace("mcl", "ul").replace("m^2", "m2").replace("m^3", "m3")


def require_possible(term: str, value: float, *, given: str) -> None:
    """Refuse a value that nobody has: its unit will be another one.

    Raises
    ------
    RangeError
        Says what was given and what can be.

    Examples
    --------
    >>> require_possible("albumin", 40.0, given="4.0 g/dL")
    """
    known = table("laboratory")["terms"][term]
    if known["from"] <= value <= known["to"]:
        return
    raise RangeError(
        f"{term} of {given} is {value:g} {unit_inside(term)}, outside the possible "
        f"range ({known['from']:g} to {known['to']:g}): is the unit right?"
    )
