"""A plan's doses with the activities of its vials, and what the checks say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sirtdose.checks.vials import graver_findings
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.limit import Limit
from sirtdose.report.ladder import Rung
from sirtdose.report.plan.at_activities import (
    all_known,
    held_rows,
    judged_at,
    limit_at,
    not_repeated,
)
from sirtdose.report.plan.goals_at import goals_at
from sirtdose.report.plan.rows import (
    injections_of,
    linear_doses,
    names_of,
    plan_rungs,
)


@dataclass(frozen=True)
class PlannedDoses:
    """What a plan's doses follow from: its document.

    Injections that are not given keep the plan's own activity. Activities are those
    injected, after what remains in vial and tubing.
    """

    document: Mapping[str, Any]

    @cached_property
    def _planned_gbq(self) -> dict[str, float]:
        return {
            one["name"]: one["activity_gbq"] for one in injections_of(self.document)
        }

    @cached_property
    def _rungs(self) -> list[Rung]:
        return [one for one in plan_rungs(self.document) if one.gy_per_gbq]

    @cached_property
    def _names(self) -> dict[str, str]:
        return names_of(self.document)

    @cached_property
    def _planned(self) -> list[Finding]:
        """What the plan's own activities are found to be."""
        return self.judged({})

    def _all_gbq(self, injected_gbq: Mapping[str, float]) -> list[float]:
        return list({**self._planned_gbq, **injected_gbq}.values())

    def judged(self, injected_gbq: Mapping[str, float]) -> list[Finding]:
        """What the checks of plans say; nothing where no dose by injection is known."""
        if not all_known(self.document):
            return []
        return judged_at(self.document, self._all_gbq(injected_gbq))

    @property
    def not_repeated(self) -> tuple[str, ...]:
        """The plan's checks that say nothing of the vials."""
        return not_repeated(self.document)

    def goals(self, injected_gbq: Mapping[str, float]) -> list[dict[str, Any]]:
        """The plan's goals, and what these activities reach of them."""
        return goals_at(self.document, self._all_gbq(injected_gbq))

    def graver(self, injected_gbq: Mapping[str, float]) -> list[Finding]:
        """What the plan's own activities are not found to be."""
        return graver_findings(self._planned, self.judged(injected_gbq))

    def of(self, injection: str) -> list[Rung]:
        """The structures that an injection gives a dose."""
        number = list(self._planned_gbq).index(injection)
        return [one for one in self._rungs if one.gy_per_gbq[number] > 0]

    def main_dose(self, injection: str) -> str:
        """The structure that an injection is about: its goal's, else its first tumor's.

        Empty where the plan has no dose.
        """
        own = self.of(injection)
        aimed = [one.name for one in own if any(goal.planned for goal in one.verdicts)]
        return next(iter([*aimed, *(one.name for one in own)]), "")

    def warned(self, injected_gbq: Mapping[str, float]) -> list[str]:
        """Codes of what asks or warns of a dose, or is said of no plan's activities."""
        found = [*self._of_doses(injected_gbq), *self.graver(injected_gbq)]
        return sorted({one.code for one in found})

    def doses(
        self, injected_gbq: Mapping[str, float], *injections: str
    ) -> list[dict[str, Any]]:
        """Doses of all structures, or of those of some injections, as documents."""
        gbq, names = self._all_gbq(injected_gbq), self._names
        shown = {one.name for name in injections for one in self.of(name)}
        limits: dict[str, list[Limit]] = {}
        for held in held_rows(self.document, linear_doses(self.document)):
            one = limit_at(held, self.document, gbq)
            limits.setdefault(names[one.value_of], []).append(one)
        said: dict[str, list[Finding]] = {}
        for finding in self._of_doses(injected_gbq):
            said.setdefault(names[finding.subject], []).append(finding)
        new = self.graver(injected_gbq)
        return [
            {
                "name": one.name,
                "dose_gy": sum(k * x for k, x in zip(one.gy_per_gbq, gbq, strict=True)),
                "limits": len(limits.get(one.name, ())),
                "not_met": _not_met(limits.get(one.name, ())),
                "warned": [
                    {
                        "code": found.code,
                        "severity": str(found.severity),
                        "in_plan": found not in new,
                    }
                    for found in said.get(one.name, ())
                ],
            }
            for one in self._rungs
            if not injections or one.name in shown
        ]

    def _of_doses(self, injected_gbq: Mapping[str, float]) -> list[Finding]:
        """What asks or warns of a dose that is shown."""
        return [
            one
            for one in self.judged(injected_gbq)
            if one.severity is not Severity.NOTE
            and one.bound is not None
            and one.bound.unit == "Gy"
            and one.subject in self._names
        ]


def _not_met(limits: Sequence[Limit]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "sense": one.sense,
            "limit_gy": one.limit_gy,
            "upper_gy": one.upper_gy,
            "value_gy": one.value_gy,
        }
        for one in limits
        if one.met is False
    ]
