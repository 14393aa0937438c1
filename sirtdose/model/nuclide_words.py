"""Nuclides in words, in any vendor's style, to the names that are used here."""

import re
from collections.abc import Iterable
from functools import cache

from sirtdose.data.load import table
from sirtdose.model.emitter import Emitter


def nuclide_name(text: str, own: Emitter | None = None) -> str:
    """Read nuclides' names from a code's value or meaning, or from plain words.

    Empty where none is understood; several are given one after the other. A nuclide of
    the user's `own` is known by its name, in either order, and by its header words.

    >>> nuclide_name("^90^Yttrium"), nuclide_name("C-111A1"), nuclide_name("TC99M MAA")
    ('Y-90', 'F-18', 'Tc-99m')
    >>> nuclide_name("ATTENUATION MAPS"), nuclide_name("Lu177 and Y-90")
    ('', 'Lu-177, Y-90')
    """
    known = _names_by_code().get(text.strip().upper())
    if known:
        return known
    flat = re.sub(r"[\^\[\](){}_,;/]", " ", text)
    found = [_name_of(match) for match in _pattern().finditer(flat)]
    understood = ", ".join(dict.fromkeys(name for name in found if name))
    if own is None or understood:
        return understood
    words = (own.name, "-".join(own.name.split("-")[::-1]), *own.header_words)
    return own.name if _flat(text) in map(_flat, words) else ""


def _flat(text: str) -> str:
    """Letters and digits alone: what a vendor writes between them says nothing."""
    return "".join(filter(str.isalnum, text.upper()))


def names_in(words: Iterable[str], own: Emitter | None = None) -> str:
    """Every nuclide that the words name.

    >>> names_in(["^18^Fluorine", "Lung scan", "F-18", "Y90"])
    'F-18, Y-90'
    """
    names = [name for one in words for name in nuclide_name(one, own).split(", ")]
    return ", ".join(dict.fromkeys(name for name in names if name))


def contradicted_by(word: str) -> str:
    """The nuclide of a code that stands beside words of another one, if one does.

    >>> contradicted_by("^90^Yttrium (C-162A3)"), contradicted_by("^90^Yttrium")
    ('Y-86', '')
    """
    match = re.fullmatch(r".* \((\S+)\)", word)
    code = _names_by_code().get(match[1].upper(), "") if match else ""
    return "" if code in nuclide_name(word).split(", ") else code


def _name_of(match: re.Match[str]) -> str:
    """The nuclide of an element and a mass, if it is one that is used."""
    symbol = match["before"] or match["after"]
    mass, state = match["of_it"] or match["its"], match["m"] or match["n"] or ""
    element = _symbols()[symbol.lower()]
    # Often the m is left out of an isomer, whose ground state nobody images.
    for isomer in (state.lower(), "", "m"):
        name = f"{element}-{mass}{isomer}"
        if name in table("nuclide_codes")["codes"]:
            return name
    return ""


@cache
def _pattern() -> re.Pattern[str]:
    words = "|".join(sorted(_symbols(), key=len, reverse=True))
    return re.compile(
        rf"(?<![a-z0-9])(?:(?P<before>{words})[ -]*(?P<of_it>\d{{1,3}})(?!\d)"
        rf"(?:[ -]*(?P<m>m))?"
        rf"|(?P<its>\d{{1,3}})[ -]*(?P<n>m?)[ -]*(?P<after>{words})(?![a-z]))",
        re.IGNORECASE,
    )


@cache
def _symbols() -> dict[str, str]:
    """The symbol of each element by its names, in lower case."""
    elements: dict[str, str] = table("nuclide_codes")["elements"]
    return elements | {symbol.lower(): symbol for symbol in elements.values()}


@cache
def _names_by_code() -> dict[str, str]:
    codes = table("nuclide_codes")["codes"].items()
    return {code: name for name, of_it in codes for code in of_it}
