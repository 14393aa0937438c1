"""The doses of a plan with other activities than it asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sirtdose.model.limit import Limit


@dataclass(frozen=True)
class LinearLimit:
    """A limit, and the dose it holds for: what was before, and Gy per GBq of each."""

    limit: Limit
    gy_per_gbq: tuple[float, ...]
    prior_gy: float = 0.0

    def at(self, injected_gbq: Sequence[float]) -> Limit:
        """The limit with the dose of some injected activities.

        >>> rule = Limit("lungs", "lungs", "at_most", 30.0, None, "", False, True)
        >>> LinearLimit(rule, (2.5, 1.0), 10.0).at([6.0, 6.0]).met
        False
        """
        pairs = zip(self.gy_per_gbq, injected_gbq, strict=True)
        return replace(
            self.limit, value_gy=self.prior_gy + sum(k * gbq for k, gbq in pairs)
        )


@dataclass(frozen=True)
class LinearDose:
    """A structure's mean dose by Gy per GBq of each injection, and its limits.

    `aimed` says that the plan's goal is a dose to it.
    """

    name: str
    gy_per_gbq: tuple[float, ...]
    limits: tuple[LinearLimit, ...] = ()
    aimed: bool = False


@dataclass(frozen=True)
class DoseAt:
    """A structure's dose with some activities, and which of its limits are not met."""

    name: str
    dose_gy: float
    not_met: tuple[Limit, ...] = ()
    limits: int = 0


@dataclass(frozen=True)
class PlannedDoses:
    """What a plan's doses follow from; `injected_gbq` are its own, by injection."""

    injected_gbq: Mapping[str, float]
    doses: tuple[LinearDose, ...] = ()

    def of(self, injection: str) -> tuple[LinearDose, ...]:
        """The structures that an injection gives a dose."""
        number = list(self.injected_gbq).index(injection)
        return tuple(one for one in self.doses if one.gy_per_gbq[number] > 0)

    def with_injected(
        self, injected_gbq: Mapping[str, float], *injections: str
    ) -> list[DoseAt]:
        """Doses with some injections' activities; the others keep those of the plan.

        Parameters
        ----------
        injected_gbq : mapping
            By injection, after what remains in vial and tubing.
        injections : str
            Whose structures are wanted; else all.

        Examples
        --------
        >>> lung = LinearDose("Lungs", (2.5, 1.0))
        >>> plan = PlannedDoses({"right": 2.0, "left": 1.0}, (lung,))
        >>> [one.dose_gy for one in plan.with_injected({"right": 4.0})]
        [11.0]
        """
        activities = list({**self.injected_gbq, **injected_gbq}.values())
        wanted = {one.name for name in injections for one in self.of(name)}
        return [
            DoseAt(
                one.name,
                sum(k * x for k, x in zip(one.gy_per_gbq, activities, strict=True)),
                tuple(
                    limit
                    for own in one.limits
                    for limit in [own.at(activities)]
                    if not limit.met
                ),
                len(one.limits),
            )
            for one in self.doses
            if not injections or one.name in wanted
        ]

    def newly_passed(self, injected_gbq: Mapping[str, float]) -> list[DoseAt]:
        """Structures over a limit that the plan's own activities meet."""
        before = {
            (one.name, limit.name, limit.limit_gy)
            for one in self.with_injected({})
            for limit in one.not_met
        }
        found = [
            replace(
                one,
                not_met=tuple(
                    limit
                    for limit in one.not_met
                    if limit.passed
                    and (one.name, limit.name, limit.limit_gy) not in before
                ),
            )
            for one in self.with_injected(injected_gbq)
        ]
        return [one for one in found if one.not_met]
