"""Planar counts as typed: thousands separators, few counts, views that disagree."""

import re

from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.planning.shunt_counts import Views

# A planar view of 99mTc-MAA counts tens of thousands in lungs and liver.
_COUNTS_MIN = 1000.0
# The body attenuates one view of an organ more than the other, but not by this.
_VIEWS_RATIO = 3.0
# 12,500 is one number with a separator; so are both of 12.500,11.800.
_ONE_NUMBER = re.compile(r"\s*(\d{1,3}),(\d{3})\s*")
_TWO_NUMBERS = re.compile(r"\s*(\d{1,3})\.(\d{3})\s*,\s*(\d{1,3})\.(\d{3})\s*")


def typed_counts_findings(
    *, lungs: Views, liver: Views, typed: dict[str, str]
) -> list[Finding]:
    """Planar counts under 1000 in a view, or views that differ more than 3-fold (H22).

    Parameters
    ----------
    lungs, liver : Views
    typed : dict
        What was typed, by the option: ``lung-counts``, ``liver-counts`` and the
        backgrounds.

    Examples
    --------
    >>> views = {"lungs": Views(12, 500), "liver": Views(160000, 90000)}
    >>> typed = {"lung-counts": "12,500", "liver-counts": "160000,90000"}
    >>> [found] = typed_counts_findings(**views, typed=typed)
    >>> found.message.split(". If")[0]
    '--lung-counts 12,500 was read as anterior 12, posterior 500'
    """
    if not any((lungs.anterior, lungs.posterior, liver.anterior, liver.posterior)):
        return []
    findings = []
    for name, views in (("lung", lungs), ("liver", liver)):
        own = (views.anterior, views.posterior)
        beside = (views.anterior_background, views.posterior_background)
        counts, background = f"{name}-counts", f"{name}-background"
        if min(own) < _COUNTS_MIN or _apart(own):
            findings.append(_doubt(counts, typed[counts], own))
        text = typed.get(background, "")
        # Any counts can be a background; one number with a separator is none.
        if _ONE_NUMBER.fullmatch(text) and _apart(beside):
            findings.append(_doubt(background, text, beside))
    return findings


def _apart(views: tuple[float, float]) -> bool:
    return max(views) > _VIEWS_RATIO * min(views)


def _doubt(option: str, text: str, views: tuple[float, float]) -> Finding:
    """Planar counts that suggest a thousands separator or a wrong region (H22)."""
    read = f"anterior {views[0]:.10g}, posterior {views[1]:.10g}"
    said = f"--{option} {text.strip()} was read as {read}"
    if one := _ONE_NUMBER.fullmatch(text):
        meant = f"{one[1]}{one[2]}"
        said += (
            f". If {meant} was meant, type both views without separators: "
            f"{meant},POSTERIOR"
        )
    elif two := _TWO_NUMBERS.fullmatch(text):
        first, second = f"{two[1]}{two[2]}", f"{two[3]}{two[4]}"
        said += (
            f". If {first} and {second} were meant, type them without separators: "
            f"{first},{second}"
        )
    elif _apart(views):
        said += f", which differ more than {_VIEWS_RATIO:g}-fold: check both"
    else:
        said += f", below {_COUNTS_MIN:g} counts in a view: check both"
    few = Bound(_COUNTS_MIN, "counts", "usual planar counts")
    return Finding.of(
        "H22",
        said,
        severity=Severity.ASK,
        subject=option.replace("-", " "),
        value=min(views),
        bound=few if min(views) < _COUNTS_MIN else None,
        accepted="the counts are used as read",
    )
