"""In what vials microspheres come, and when these are calibrated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import Any

WEEKDAYS = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
# The zone of a calibration that follows the hospital's own clock.
SITE_ZONE = "site"
# Beyond is no vial: the largest that is shipped has 20 GBq.
VIAL_GBQ_MAX = 100.0
# Two activities of one size: whole mCi are off by up to 0.1 %, as 135 mCi of 5 GBq.
_SAME_SIZE = 1.5e-3
_SAME = 1e-6


@dataclass(frozen=True)
class Fact:
    """What a catalogue's row says, and who says so."""

    says: str
    source: str
    verified: bool = True


@dataclass(frozen=True)
class Sizes:
    """Activities at calibration that can be ordered: listed, or anything in a range.

    Examples
    --------
    >>> Sizes("custom", from_gbq=3.0, to_gbq=4.0, step_gbq=0.5).listed_gbq
    (3.0, 3.5, 4.0)
    >>> Sizes("scout", from_gbq=0.2, to_gbq=0.25).has(0.23)
    True
    """

    name: str
    gbq: tuple[float, ...] = ()
    from_gbq: float | None = None
    to_gbq: float | None = None
    step_gbq: float | None = None
    fact: Fact = Fact("", "")

    @property
    def to_order(self) -> bool:
        """Whether any activity of the range can be had."""
        return not self.gbq and self.step_gbq is None

    @property
    def listed_gbq(self) -> tuple[float, ...]:
        """Every size; none where any activity can be had."""
        if self.gbq or not self.step_gbq or self.to_gbq is None:
            return self.gbq
        start = self.from_gbq or self.step_gbq
        count = int((self.to_gbq - start) / self.step_gbq + _SAME)
        return tuple(start + n * self.step_gbq for n in range(count + 1))

    def has(self, gbq: float) -> bool:
        """Whether an activity is one of them."""
        if self.to_order:
            return (self.from_gbq or 0.0) <= gbq <= (self.to_gbq or float("inf"))
        return any(abs(gbq - one) <= _SAME_SIZE * one for one in self.listed_gbq)


@dataclass(frozen=True)
class Schedule:
    """Calibrations at a time of day in a zone, on some days of the week.

    `days_before` are the days before calibration on which a vial may be delivered, so
    that it is used before its calibration; none of a vial that is given whole.
    """

    weekdays: tuple[str, ...]
    clock: time
    zone: str
    days_before: tuple[int, ...] = ()
    fact: Fact = Fact("", "")


@dataclass(frozen=True)
class VialProduct:
    """Vials of one kind of microspheres.

    Where a part is drawn from the vial it may hold more than is injected.
    `spheres_per_gbq` is at calibration: later there are more of them for 1 GBq.
    Without schedules a vial is calibrated when it suits its use.

    Examples
    --------
    >>> from sirtdose.data.load import table
    >>> glass = VialProduct.of(table("catalogue")["products"]["glass"])
    >>> glass.fixed_gbq, glass.shelf_life_h
    ((3.0, 5.0, 7.0, 10.0, 15.0, 20.0), 288.0)
    >>> [one.says for one in glass.facts if not one.verified][1]
    'calibration Sunday 12:00, America/New_York'
    """

    sizes: tuple[Sizes, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    part_is_drawn: bool = False
    shelf_life_h: float = float("inf")
    shelf_life: Fact = Fact("shelf life not known", "of an unknown product")
    spheres_per_gbq: float = 0.0
    spheres: Fact = Fact("spheres not known", "of an unknown product")

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "VialProduct":
        """A product as a catalogue has it."""
        life, spheres = entry["shelf_life"], entry["spheres"]
        return cls(
            sizes=tuple(map(_sizes, entry["sizes"])),
            schedules=tuple(map(_schedule, entry["calibrations"])),
            part_is_drawn=entry["part_is_drawn"],
            shelf_life_h=float(life["hours"]),
            shelf_life=_fact(life, f"shelf life {life['hours']:g} h after calibration"),
            spheres_per_gbq=float(spheres["per_gbq"]),
            spheres=_fact(
                spheres,
                f"{spheres['per_gbq'] / 1e6:.4g} million spheres for 1 GBq at "
                "calibration",
            ),
        )

    @property
    def fixed_gbq(self) -> tuple[float, ...]:
        """Sizes that are kept, without those made on request."""
        return tuple(gbq for one in self.sizes for gbq in one.gbq)

    @property
    def size_source(self) -> str:
        """Who says what sizes there are."""
        return "; ".join(one.fact.source for one in self.sizes if one.gbq)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Every row, for whoever checks it."""
        rows: Sequence[Sizes | Schedule] = (*self.sizes, *self.schedules)
        return (*(one.fact for one in rows), self.shelf_life, self.spheres)

    def with_sizes(self, gbq: Sequence[float]) -> "VialProduct":
        """The same with the sizes that a user gives."""
        said = f"sizes, {', '.join(f'{one:g}' for one in gbq)} GBq"
        given = Sizes("standard", tuple(gbq), fact=Fact(said, "given by the user"))
        return replace(self, sizes=(given,))

    def size_near(self, gbq: float) -> float:
        """The listed size that an activity is, by another unit; else itself.

        >>> glass = VialProduct(sizes=(Sizes("standard", (3.0, 5.0)),))
        >>> glass.size_near(135.1 * 0.037), glass.size_near(4.9)
        (5.0, 4.9)
        """
        listed = {size for one in self.sizes for size in one.listed_gbq}
        near = [one for one in listed if Sizes("", (one,)).has(gbq)]
        return min(near, key=lambda one: abs(one - gbq), default=gbq)

    def size_name(self, gbq: float) -> str:
        """What a size is called; empty for one that cannot be ordered."""
        return next((one.name for one in self.sizes if one.has(gbq)), "")


def _fact(row: Mapping[str, Any], says: str) -> Fact:
    return Fact(says, row["source"], row["verified"])


def _sizes(row: Mapping[str, Any]) -> Sizes:
    low, high, step = (row.get(f"{key}_gbq") for key in ("from", "to", "step"))
    gbq = tuple(float(one) for one in row.get("gbq", ()))
    if gbq:
        says = f"{', '.join(f'{one:g}' for one in gbq)} GBq"
    elif low is None and high is None:
        says = "any activity"
    else:
        says = f"{low or 0:g} to {high:g} GBq" if high else f"from {low:g} GBq"
    says = f"{row['name']} sizes, {says}{f' by {step:g} GBq' if step else ''}"
    return Sizes(row["name"], gbq, low, high, step, _fact(row, says))


def _schedule(row: Mapping[str, Any]) -> Schedule:
    days = tuple(row["weekdays"])
    said = "every day" if len(days) == len(WEEKDAYS) else " and ".join(days)
    zone = "the hospital's time" if row["zone"] == SITE_ZONE else row["zone"]
    says = f"calibration {said} {row['time']}, {zone}"
    return Schedule(
        days,
        time.fromisoformat(row["time"]),
        row["zone"],
        tuple(row["days_before"]),
        _fact(row, says),
    )
