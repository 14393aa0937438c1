"""Several injections of one session: each with its own activity and volume."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sirtdose.errors import InputError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role

if TYPE_CHECKING:
    from sirtdose.dosimetry.activity import Calibration
    from sirtdose.dosimetry.injection_shares import Part, Shares
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Volume
    from sirtdose.workflows.image_structures import Placed
    from sirtdose.workflows.post_request import PostRequest

# Injections further apart have no one moment that an image's own unit decays to.
_ONE_MOMENT_H = 0.25
_RESIDUAL_MAX_H = 200.0
_MOST_OF_IT, _OUTSIDE_MAX = 0.5, 0.20
# By how much a dose in an overlap may move before it is noted, and warned of.
_REACH_NOTED, _REACH_WARNED = 0.01, 0.05


@dataclass(frozen=True)
class InjectionGiven:
    """What was injected into which structure, and what stayed behind of it.

    `at` is of the injection; a residual needs it and its own time, and one that is
    None was not given and is taken as none.
    """

    name: str
    administered_gbq: float
    perfused: str
    at: datetime | None = None
    residual_gbq: float | None = None
    residual_at: datetime | None = None
    lung_shunt_fraction: float | None = None

    def ledger(self, nuclide: Nuclide, lung_shunt_fraction: float | None) -> Ledger:
        """Its own ledger, at its own time; the shunt given holds where it has none.

        Raises
        ------
        InputError
            A residual without the times between which it decayed.
        RangeError
            A residual that is not less than what was administered.
        """
        residual = self.residual_gbq or 0.0
        if residual > 0:
            if self.at is None or self.residual_at is None:
                raise InputError(
                    f"the residual of '{self.name}' decays to its injection: write "
                    "both times, name=1.2GBq@TIME;...;residual=20MBq@TIME"
                )
            elapsed_h = (self.residual_at - self.at).total_seconds() / 3600
            if not 0 <= elapsed_h <= _RESIDUAL_MAX_H:
                raise InputError(
                    f"the residual of '{self.name}' was measured {elapsed_h:.1f} h "
                    f"after its injection, outside 0 to {_RESIDUAL_MAX_H:g} h: check "
                    "dates and offsets"
                )
            residual /= nuclide.decay_factor(elapsed_h)
        own = self.lung_shunt_fraction
        return Ledger(
            self.administered_gbq,
            residual_gbq=residual,
            lung_shunt_fraction=(lung_shunt_fraction if own is None else own) or 0.0,
        )


def ledgers_of(request: "PostRequest") -> list[Ledger]:
    """The ledger of each injection.

    Raises
    ------
    InputError
        Two of one name, or shunts that are known for some of them only.
    """
    from sirtdose.planning.lung_shunt import all_shunts_known

    names = [one.name for one in request.injections]
    if len(set(names)) < len(names):
        raise InputError("two injections have the same name: give each its own")
    all_shunts_known(
        {
            one.name: request.lung_shunt_fraction
            if one.lung_shunt_fraction is None
            else one.lung_shunt_fraction
            for one in request.injections
        }
    )
    return [
        one.ledger(request.nuclide, request.lung_shunt_fraction)
        for one in request.injections
    ]


def summed(ledgers: Sequence[Ledger]) -> Ledger:
    """All injections as one: activities add up, the shunt is that of the whole."""
    administered = sum(one.administered_gbq for one in ledgers)
    residual = sum(one.residual_gbq for one in ledgers)
    lungs = sum(one.lung_gbq for one in ledgers)
    return Ledger(
        administered,
        residual_gbq=residual,
        lung_shunt_fraction=lungs / (administered - residual),
    )


def require_one_moment(request: "PostRequest") -> None:
    """Refuse an absolute calibration of injections that lie apart in time.

    Raises
    ------
    InputError
        They do, or one has no time.
    """
    if request.calibration == "administered" or not request.injections:
        return
    times = [one.at for one in request.injections if one.at is not None]
    apart = (max(times) - min(times)).total_seconds() / 3600 if times else 0.0
    if len(times) < len(request.injections) or apart > _ONE_MOMENT_H:
        raise InputError(
            f"calibration '{request.calibration}' decays to one administration: "
            "injections that lie apart need --calibration administered"
        )


@dataclass(frozen=True, eq=False)
class Injected:
    """Injections of one session, and the parts of their perfused volumes.

    `ledgers` and `volumes` are in the order of `given`.
    """

    given: tuple[InjectionGiven, ...]
    ledgers: tuple[Ledger, ...]
    volumes: "tuple[Structure, ...]"
    parts: "tuple[Part, ...]"
    nuclide: Nuclide

    @classmethod
    def of(
        cls, request: "PostRequest", drawn: "Sequence[Structure]", image: "Volume"
    ) -> "Injected":
        """Find each injection's perfused volume, and where they overlap.

        Raises
        ------
        InputError
            A structure that is not there.
        """
        from sirtdose.dosimetry.injection_shares import parts_of_union

        by_name = {structure.name: structure for structure in drawn}
        volumes = []
        for one in request.injections:
            if one.perfused not in by_name:
                raise InputError(
                    f"'{one.name}' perfuses '{one.perfused}', which is no structure of "
                    f"role perfused, liver or tumor here: there are "
                    f"{', '.join(by_name)}"
                )
            volumes.append(by_name[one.perfused])
        return cls(
            request.injections,
            tuple(ledgers_of(request)),
            tuple(volumes),
            parts_of_union(volumes, image),
            request.nuclide,
        )

    @property
    def elapsed_h(self) -> tuple[float, ...]:
        """From each injection to the last one; 0 where a time is not known."""
        times = [one.at for one in self.given]
        known = [at for at in times if at is not None]
        if len(known) < len(times):
            return (0.0,) * len(times)
        last = max(known)
        return tuple((last - at).total_seconds() / 3600 for at in known)

    def shares(self, image: "Volume") -> "Shares":
        """Divide an image's activity among the injections."""
        from sirtdose.dosimetry.injection_shares import shares

        return shares(
            self.parts,
            image,
            treated_gbq=[one.treated_gbq for one in self.ledgers],
            decayed=[self.nuclide.decay_factor(h) for h in self.elapsed_h],
        )

    def mean_bq_per_count(self, image: "Volume") -> float:
        """All that was treated over all counts of their volumes."""
        treated = sum(one.treated_gbq for one in self.ledgers)
        return treated * 1e9 / sum(self.shares(image).counts)

    def calibration(self, image: "Volume") -> "Calibration":
        """What one unit of the image is worth on average over what was injected."""
        from sirtdose.dosimetry.activity import Calibration

        found = self.shares(image)
        each = ", ".join(
            f"{self.names(group)} {found.gbq_per_count(group) * 1e9:.4g} Bq"
            for group in found.groups
        )
        return Calibration(
            "administered",
            "injections",
            f"treated activity of each injection ({each} per unit)",
            self.mean_bq_per_count(image),
        )

    def activity(self, image: "Volume") -> "Volume":
        """Activity in each voxel, each injection's at its own administration, GBq.

        Counts outside of all volumes are shown at the injections' mean scale.
        """
        import numpy as np

        from sirtdose.dosimetry.resample import placed_on
        from sirtdose.model.volume import Quantity

        found = self.shares(image)
        inside = np.zeros(image.grid.shape)
        factor = np.zeros(image.grid.shape)
        for part, gbq in zip(found.parts, found.at_administration, strict=True):
            occupancy = placed_on(part.on_grid, image.grid)
            inside += occupancy
            factor += occupancy * gbq
        factor += np.clip(1 - inside, 0, 1) * self.mean_bq_per_count(image) * 1e-9
        counts = np.asarray(image.data, np.float64)
        return image.with_data(counts * factor, Quantity.ACTIVITY)

    def names(self, group: Sequence[int]) -> str:
        """The names of some of them, as they are written."""
        return " and ".join(self.given[i].name for i in group)


def sharing_findings(injected: Injected, image: "Volume") -> list[Finding]:
    """Factors and activities that one scan cannot have (H13), overlaps (H14)."""
    from sirtdose.dosimetry.calibrate import RATIO_RANGE

    found = injected.shares(image)
    low, high = RATIO_RANGE
    return [
        *_factor_findings(injected, found, high),
        *(
            Finding.of(
                "H13",
                f"'{one.name}': the image shows {ratio:.3g} times the activity typed "
                f"({typed * ratio:.4g} instead of {typed:.4g} GBq) where only this "
                f"injection went, outside {low:g} to {high:g}: were syringes, "
                "activities or perfused volumes exchanged? The image's own "
                "distribution is used",
                severity=Severity.ASK,
            )
            for one, ratio, ledger in zip(
                injected.given, found.image_to_typed, injected.ledgers, strict=True
            )
            for typed in [ledger.treated_gbq]
            if not low <= ratio <= high
        ),
        *_overlap_findings(injected, found),
    ]


def _factor_findings(injected: Injected, found: "Shares", most: float) -> list[Finding]:
    factors = {
        injected.names(group): found.gbq_per_count(group) * 1e9
        for group in found.groups
    }
    apart = max(factors.values()) / min(factors.values())
    if apart <= most:
        return []
    each = ", ".join(f"{name} {bq:.4g} Bq per unit" for name, bq in factors.items())
    return [
        Finding.of(
            "H13",
            f"one scan has one activity per count, but the activities typed give "
            f"{each}: a factor of {apart:.3g} apart, more than {most:g}. Were "
            "syringes, activities or perfused volumes exchanged? If accepted, each "
            "volume keeps the activity typed for it",
            severity=Severity.ASK,
        )
    ]


def _overlap_findings(injected: Injected, found: "Shares") -> list[Finding]:
    findings = []
    for group in found.groups:
        if len(group) == 1:
            continue
        shared = [
            i
            for i, part in enumerate(found.parts)
            if len(part.members) > 1 and part.members[0] in group
        ]
        volume_ml = sum(found.parts[i].structure.volume_ml for i in shared)
        findings.append(
            Finding.of(
                "H14",
                f"the volumes of {injected.names(group)} overlap by {volume_ml:.1f} "
                "mL: all their counts have one factor, "
                f"{found.gbq_per_count(group) * 1e9:.4g} Bq per unit",
                severity=Severity.NOTE,
            )
        )
        findings += _untimed_findings(injected, group)
        for index in shared:
            findings += _reach_findings(injected, found, index)
    return findings


def _untimed_findings(injected: Injected, group: Sequence[int]) -> list[Finding]:
    untimed = [i for i in group if injected.given[i].at is None]
    if not untimed:
        return []
    return [
        Finding.of(
            "H09",
            f"the volumes of {injected.names(group)} overlap, and the injection time "
            f"of {injected.names(untimed)} is not known: all are taken as given at one "
            "time; write name=ACTIVITY@TIME",
            severity=Severity.WARN,
        )
    ]


def _reach_findings(injected: Injected, found: "Shares", index: int) -> list[Finding]:
    low, high = found.reach(index)
    if high - low < _REACH_NOTED:
        return []
    part = found.parts[index]
    hours = [injected.elapsed_h[i] for i in part.members]
    return [
        Finding.of(
            "H14",
            f"where {injected.names(part.members)} overlap "
            f"({part.structure.volume_ml:.1f} mL) the image cannot tell whose counts "
            f"are whose, and they were given {max(hours) - min(hours):.1f} h apart: a "
            f"dose there may lie {low:+.0%} to {high:+.0%} from the one shown",
            severity=Severity.WARN if high - low > _REACH_WARNED else Severity.NOTE,
        )
    ]


def shunts_given(request: "PostRequest") -> bool:
    """Whether the injections' own lung shunts are known, none of them 0 for lack."""
    return bool(request.injections) and all(
        one.lung_shunt_fraction is not None or request.lung_shunt_fraction is not None
        for one in request.injections
    )


def unshared_findings(
    injected: Injected, placed: "Placed", image: "Volume"
) -> list[Finding]:
    """Counts, and treated structures, that no injection has (H14)."""
    from sirtdose.dosimetry.derived import union
    from sirtdose.dosimetry.uptake import inside_fractions, outside_fraction

    findings = []
    for structure in placed.drawn:
        if structure.role not in (Role.PERFUSED, Role.TUMOR):
            continue
        if max(inside_fractions(structure, injected.volumes)) < _MOST_OF_IT:
            findings.append(
                Finding.of(
                    "H14",
                    f"'{structure.name}' lies outside of what any injection perfuses: "
                    "is one left out? its activity comes on top of what was delivered",
                    severity=Severity.ASK,
                )
            )
    lungs = [one for one in placed.on_grid if one.role is Role.LUNGS]
    part = outside_fraction(injected.volumes, image, union(lungs) if lungs else None)
    if part > _OUTSIDE_MAX:
        findings.append(
            Finding.of(
                "H14",
                f"{part:.0%} of the image lies outside of what injections perfuse and "
                "of the lungs: it is shown at their mean scale, on top of what was "
                "delivered",
            )
        )
    return findings


def injections_given(request: "PostRequest") -> tuple[tuple[str, str, Ledger], ...]:
    """Name, perfused structure and ledger of each."""
    ledgers = ledgers_of(request) if request.injections else []
    pairs = zip(request.injections, ledgers, strict=True)
    return tuple((one.name, one.perfused, ledger) for one, ledger in pairs)
