"""The six fields of a page's first line, the same on every page, and its head."""

import re
from collections.abc import Mapping
from typing import Any

from sirtdose.model.body_size import dubois_m2
from sirtdose.report.page_head import NOT_GIVEN, REMOVED, PageHead, moment_words

_DISEASES = {"hcc": "HCC", "icc": "ICC", "mcrc": "mCRC"}


def head_of(
    document: Mapping[str, Any],
    title: str,
    *,
    digest: str,
    made: str = "",
    state: str = "",
    good: bool = False,
    deidentified: bool = False,
    treated: str = "",
) -> PageHead:
    """The head of a plan's, comparison's or vial's page, by what was typed.

    `treated` says when in words, where the document knows better than what was typed.

    Examples
    --------
    >>> document = {"device": "resin", "nuclide": {"name": "Y-90"}, "inputs": {
    ...     "patient_key": "D-2", "treatment_date": "2026-12-09", "vessel": "RHA"}}
    >>> head = head_of(document, "Treatment plan", digest="ab")
    >>> head.left, dict(head.who)["Vessel"]
    ('Treatment plan  |  D-2  |  treatment Dec 9, 2026', 'RHA')
    >>> hidden = head_of(document, "Treatment plan", digest="ab", deidentified=True)
    >>> hidden.key, dict(hidden.who)["Treatment"]
    ('removed', 'removed')
    """
    typed = document.get("inputs") or {}
    key = " / ".join(
        str(typed[one]) for one in ("case_label", "patient_key") if typed.get(one)
    )
    at = typed.get("treatment_date") or typed.get("treatment_at") or document.get("at")
    treated = treated or moment_words(at)
    if deidentified:
        key = treated = REMOVED
    return PageHead(
        title=title,
        digest=digest,
        key=key or NOT_GIVEN,
        treated=treated,
        made="" if deidentified else made,
        state=state,
        good=good,
        who=(
            ("Patient", key or NOT_GIVEN),
            ("Disease", _disease(typed)),
            ("Vessel", typed.get("vessel") or NOT_GIVEN),
            ("Microspheres", _microspheres(document)),
            ("Treatment", treated),
            ("Height, weight, BSA", _size(typed, document)),
        ),
        deidentified=deidentified,
    )


def _disease(typed: Mapping[str, Any]) -> str:
    """By the tables of limits, each of one disease and one scenario."""
    tables = {"": typed.get("limit_table") or ""}
    for text in typed.get("injections") or ():
        name, _, parts = text.partition("=")
        own = re.search(r"(?:^|,)\s*limits\s*:\s*([^,]+)", parts)
        tables |= {name.strip(): own[1]} if own else {}
    said: list[str] = [typed.get("disease") or ""]
    for name, table in tables.items():
        _, _, disease, scenario = (f"{table}:::").split(":")[:4]
        of = f" ({name})" if name else ""
        said += [_DISEASES.get(disease.lower(), disease)] if not said[0] else []
        said += [f"{scenario.strip()}{of}" if scenario else ""]
    return ", ".join(dict.fromkeys(filter(None, said))) or NOT_GIVEN


def _microspheres(document: Mapping[str, Any]) -> str:
    device, nuclide = document.get("device"), document["nuclide"]["name"]
    return f"{device[0].upper()}{device[1:]}, {nuclide}" if device else nuclide


def _size(typed: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    height, weight = typed.get("height_mm"), typed.get("weight_kg")
    if not height and not weight:
        return NOT_GIVEN
    said = []
    if height:
        said.append(f"{height / 10:.0f}\N{NO-BREAK SPACE}cm")
    if weight:
        said.append(f"{weight:.0f}\N{NO-BREAK SPACE}kg")
    area = document.get("assumptions", {}).get("body_surface_m2")
    if area is None and height and weight:
        area = dubois_m2(height_cm=height / 10, weight_kg=weight)
    if area is not None:
        said.append(f"{area:.2f}\N{NO-BREAK SPACE}m\N{SUPERSCRIPT TWO}")
    return ", ".join(said)
