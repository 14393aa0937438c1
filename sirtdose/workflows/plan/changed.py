"""What an update keeps of the plan that it updates, and the options that it changes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

from sirtdose.checks.again import Moved
from sirtdose.checks.scout import typed_shunt_findings
from sirtdose.model.finding import Finding
from sirtdose.planning.documented_case import planned_activities, planned_shunts
from sirtdose.planning.partition_case import Case
from sirtdose.planning.sessions import plans_updated

# The lung shunt of an injection, or of its tumors, among the parts of its text.
_SHUNT = re.compile(r"(?<=[=,])\s*(?:lung-shunt|tlsf)\s*:[^,]*", re.IGNORECASE)

_NONE: dict[str, Any] = {"injections": ()}


@dataclass(frozen=True)
class Injected:
    """An injection of the day: what is in its vial, and what of it stays there."""

    name: str
    drawn_gbq: float
    residual_fraction: float

    @property
    def activity_gbq(self) -> float:
        """What is injected.

        >>> Injected("right", 2.0, 0.05).activity_gbq
        1.9
        """
        return self.drawn_gbq * (1 - self.residual_fraction)


def shunt_findings(document: Mapping[str, Any], typed: float | None) -> list[Finding]:
    """The shunt of the day beside that of the image, where the plan measured one."""
    measured = (document.get("measured") or {}).get("lung_shunt")
    if typed is None or not measured:
        return []
    return typed_shunt_findings(typed=typed, measured=measured["lung_shunt_fraction"])


def what_moved(document: Mapping[str, Any], case: Case, gbq: Sequence[float]) -> Moved:
    """Whether doses or lung shunts are other than those of the plan."""
    planned = planned_activities(document).values()
    shunts = planned_shunts(document).values()
    return Moved(
        doses=not all(map(_same, planned, gbq)),
        shunts=not all(map(_same, shunts, case.lung_shunt_fractions)),
    )


def _same(planned: float | None, now: float) -> bool:
    return isclose(planned or 0.0, now, rel_tol=1e-6)


def changed_inputs(
    document: Mapping[str, Any],
    residuals: Mapping[str, float],
    *,
    lung_shunt_fraction: float | None,
    lung_shunt_source: str,
    same_catheter: bool | None,
) -> dict[str, Any]:
    """The options of a plan, with those that the day changed.

    Parameters
    ----------
    document : mapping
        plan.json.
    residuals : mapping
        By injection. A plan has one `--residual`: it is left out where they differ.
    lung_shunt_fraction : float or None
        Of every injection; the plan's where None.

    Examples
    --------
    >>> plan = {"method": "partition", "inputs": {
    ...     "injections": ["right=perfused:1L,lung-shunt:5%,activity:2GBq"]}}
    >>> found = changed_inputs(plan, {"right": 0.03}, lung_shunt_fraction=0.1,
    ...     lung_shunt_source="", same_catheter=None)
    >>> found["injections"], found["residual_fraction"]
    (['right=perfused:1L,lung-shunt:0.1,activity:2GBq'], 0.03)
    """
    found = dict(document["inputs"])
    first, *others = residuals.values()
    same = all(isclose(first, one, abs_tol=1e-12) for one in others)
    found["residual_fraction"] = first if same else None
    if lung_shunt_fraction is not None:
        found.pop("tlsf_fraction", None)
        found |= {
            "lung_shunt_fraction": lung_shunt_fraction,
            "lung_shunt_source": lung_shunt_source or "unknown",
        }
        if found.get("injections"):
            typed = f"lung-shunt:{lung_shunt_fraction:.10g}"
            found["injections"] = [
                _SHUNT.sub(typed, one) for one in found["injections"]
            ]
    elif lung_shunt_source:
        found["lung_shunt_source"] = lung_shunt_source
    # Of a plan by numbers, --catheter is no option.
    if same_catheter is not None and document["method"] == "image":
        found["catheter"] = "same" if same_catheter else "other"
    return found


def changes(
    document: Mapping[str, Any], injections: Sequence[Injected], case: Case
) -> dict[str, Any]:
    """What plan.json keeps of the plan that it updates."""
    shunts = planned_shunts(document)
    planned = planned_activities(document)
    draws = {
        one["name"]: one["draw_activity_gbq"]
        for one in document["assumptions"].get("injections") or ()
    } or {injections[0].name: document["draw_activity_gbq"]}
    return {
        "hash": document["hash"],
        "updates": plans_updated(document),
        "status": document["status"],
        "approval": document.get("approval"),
        "injections": [
            {
                "name": one.name,
                "planned": {
                    "draw_activity_gbq": draws[one.name],
                    "activity_gbq": planned[one.name],
                    "lung_shunt_fraction": shunts[one.name],
                },
                "drawn_gbq": one.drawn_gbq,
                "residual_fraction": one.residual_fraction,
                "activity_gbq": one.activity_gbq,
                "lung_shunt_fraction": case.lung_shunt_fractions[i]
                if case.shunt_known
                else None,
            }
            for i, one in enumerate(injections)
        ],
        "doses": [
            {"name": one["name"], "planned_gy": one["dose_gy"]}
            for one in document["compartments"]
        ]
        + [{"name": "lungs", "planned_gy": document["lungs"]["dose_gy"]}],
        "limits": [
            {name: one[name] for name in ("name", "limit_gy", "value_of", "value_gy")}
            | {"met": one["met"]}
            for one in document["limits"]
        ],
        "goals": [
            {name: one[name] for name in ("structure", "metric", "wanted", "reached")}
            for one in document.get("goals", ())
        ],
    }


def growth(
    document: Mapping[str, Any], planned: Case, case: Case, gbq: Sequence[float]
) -> float:
    """By how much what the scout shows outside of all perfused volumes has grown.

    There, every injection adds its activity per count. Of a single injection it is
    the growth of every voxel.
    """
    counts = [
        one["counts"] for one in (document.get("measured") or _NONE)["injections"]
    ]
    then = tuple(planned_activities(document).values())

    def brought(activities: Sequence[float], shunts: Sequence[float]) -> float:
        each: Iterator[tuple[float, float, float]]
        each = zip(activities, shunts, counts or [1.0] * len(then), strict=True)
        return sum(own * (1 - shunt) / count for own, shunt, count in each)

    before = brought(then, planned.lung_shunt_fractions)
    return brought(gbq, case.lung_shunt_fractions) / before


def foci_at(document: Mapping[str, Any], grown: float) -> dict[str, float]:
    """Peaks of hot spots by the organs they reach."""
    spots = (document.get("extrahepatic") or {"hot_spots": ()})["hot_spots"]
    return {name: grown * one["peak_gy"] for one in spots for name in one["reaches"]}
