"""Names as people type them: case and surrounding spaces tell no two apart."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from sirtdose.errors import InputError

_T = TypeVar("_T")
_PERSON_MAX = 64
_MARKS_OF_PN = ("\\", "^", "=")
# As help and messages have it where a name belongs.
_PLACEHOLDERS = ("name", "your name")


def person_named(by: str) -> str:
    """The name of a person who accepts, as results and DICOM keep it.

    Raises
    ------
    InputError
        It is empty, too long, not of one line, or no name.

    Examples
    --------
    >>> person_named(" A. Physicist ")
    'A. Physicist'
    """
    text = by.strip()
    if not text or not text.isprintable() or len(text) > _PERSON_MAX:
        raise InputError(
            f"an acceptance needs a name of 1 to {_PERSON_MAX} characters on one line: "
            'give --by "A. Physicist", with your own name'
        )
    if text.casefold() in _PLACEHOLDERS:
        raise InputError(
            f"--by {text} names nobody: type the name of the person who accepts, e.g. "
            '--by "A. Physicist"'
        )
    if any(mark in text for mark in _MARKS_OF_PN):
        raise InputError(
            "--by has \\, ^ or =, which part the names of a person in DICOM: write it "
            "as it is read, e.g. A. Physicist"
        )
    return text


def alike(text: str, known: Iterable[str]) -> list[str]:
    """The known names that a typed one may mean, as they are spelled.

    The one that is the same wins; else all that differ by surrounding spaces, else all
    that differ by case too.

    Examples
    --------
    >>> alike(" tumor 1", ["Liver", "Tumor 1"]), alike("tumor", ["Tumor", "tumor"])
    (['Tumor 1'], ['tumor'])
    """
    names = list(dict.fromkeys(known))
    for plain in (str, str.strip, lambda one: one.strip().casefold()):
        found = [one for one in names if plain(one) == plain(text)]
        if found:
            return found
    return []


def the_one_alike(text: str, known: Iterable[str]) -> str | None:
    """The one known name that a typed one means; None for no name, or several.

    >>> the_one_alike("LIVER", ["Liver"]), the_one_alike("tumor", ["Tumor", "TUMOR"])
    ('Liver', None)
    """
    found = alike(text, known)
    return found[0] if len(found) == 1 else None


def named(
    text: str, known: Iterable[str], said: str, *, offered: Iterable[str] | None = None
) -> str:
    """The one known name that a typed one means, as it is spelled.

    Parameters
    ----------
    text : str
        What was typed.
    known : iterable of str
        The names there are.
    said : str
        What is wrong where it is none of them.
    offered : iterable of str, optional
        Those to list then; all of them otherwise.

    Raises
    ------
    InputError
        It is none of them, or may be several that differ by case alone.

    Examples
    --------
    >>> named("LIVER", ["Liver", "Tumor"], "no such structure")
    'Liver'
    """
    names = list(known)
    found = alike(text, names)
    if len(found) > 1:
        raise InputError(
            f"'{text.strip()}' may be "
            + " or ".join(f"'{one}'" for one in found)
            + ": write the one you mean, letter by letter"
        )
    if not found:
        there = [*dict.fromkeys(names if offered is None else offered)]
        are = "there is only" if len(there) == 1 else "there are"
        raise InputError(f"{said}: {are} {', '.join(there)}" if there else said)
    return found[0]


def by_own_names(
    typed: Mapping[str, _T], known: Iterable[str], said: str
) -> dict[str, _T]:
    """What was typed for some names, by the names as they are spelled.

    Parameters
    ----------
    typed : mapping
        By name.
    known : iterable of str
        The names there are.
    said : str
        What is wrong where a name is none of them; ``{}`` stands for it.

    Raises
    ------
    InputError
        A name that is none of them or may be several, or two that mean the same.

    Examples
    --------
    >>> by_own_names({"tumor 1": 3}, ["Tumor 1"], "'{}' is no structure")
    {'Tumor 1': 3}
    """
    names = list(known)
    found: dict[str, _T] = {}
    for text, value in typed.items():
        own = named(text, names, said.format(text))
        if own in found:
            raise InputError(f"'{own}' is named twice, also as '{text}': name it once")
        found[own] = value
    return found


def told_apart(names: Iterable[str], most: int) -> dict[str, str]:
    """Names of at most so many characters, no two alike.

    A longer one loses its middle, as names often differ in their last word; one that
    is still like another gets a number.

    Examples
    --------
    >>> told_apart(["Liver", "Tumor of the right lobe, 1"], 12)
    {'Liver': 'Liver', 'Tumor of the right lobe, 1': 'Tumo...be, 1'}
    >>> told_apart(["Tumor of the right lobe", "Tumor of the left lobe"], 12).values()
    dict_values(['Tumo... lobe', 'T...obe (2)'])
    """
    every = list(dict.fromkeys(names))
    found = {one: one for one in every if len(one) <= most}
    for name in every:
        if name in found:
            continue
        number, short = 1, _without_middle(name, most)
        while short in found.values():
            number += 1
            tail = f" ({number})"
            short = _without_middle(name, most - len(tail)) + tail
        found[name] = short
    return {one: found[one] for one in every}


def _without_middle(name: str, most: int) -> str:
    kept = most - 3
    return f"{name[: kept // 2].rstrip()}...{name[len(name) - (kept - kept // 2) :]}"
