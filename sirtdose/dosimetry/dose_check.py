"""Another system's doses held against ours: what is compared, and what is allowed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sirtdose.dosimetry.cause import Cause
from sirtdose.dosimetry.dose_pair import DosePair
from sirtdose.dosimetry.dvh import Dvh
from sirtdose.dosimetry.gamma import Gamma
from sirtdose.dosimetry.known_factors import KnownFactor, OurChoices
from sirtdose.dosimetry.structure_causes import StructureCause
from sirtdose.errors import RangeError
from sirtdose.model.structure import Structure

D_PERCENT = (98, 95, 90, 70, 50, 2)
V_GY = (50.0, 70.0, 100.0)
# Doses this near to each other are the same whatever their ratio.
LEAST_GY = 0.5
# As fractions; of volumes above a dose, their difference. Gamma: the part that passes.
DEFAULT_TOLERANCES: Mapping[str, float] = {
    "mean": 0.03,
    "d95": 0.05,
    "d70": 0.05,
    "d50": 0.05,
    "v100": 0.05,
    "volume": 0.05,
    "gamma": 0.95,
}
_COVERED_LEAST = 0.99
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Comparison:
    """One number of a structure, ours and theirs; `met` is None where nothing is asked.

    The unit is Gy, mL for ``volume`` and 1 for ``v...``.
    """

    metric: str
    ours: float
    theirs: float
    tolerance: float | None
    met: bool | None

    @property
    def difference(self) -> float:
        """Theirs minus ours."""
        return self.theirs - self.ours

    @property
    def relative(self) -> float | None:
        """The same over ours, None where ours is 0 or both are parts of a volume."""
        if self.metric.startswith("v") and self.metric != "volume":
            return None
        return self.difference / self.ours if self.ours else None


@dataclass(frozen=True, eq=False)
class Row:
    """A structure's numbers by both systems.

    `theirs` is the curve of their dose, None of a mere table of numbers. `ours_of` is
    our structure it was held against.
    """

    name: str
    ours_of: Structure
    ours: Dvh
    theirs: Dvh | None
    comparisons: tuple[Comparison, ...]

    @property
    def met(self) -> bool:
        """Whether nothing is beyond its tolerance."""
        return all(one.met is not False for one in self.comparisons)


@dataclass(frozen=True, eq=False)
class DoseCheck:
    """Everything that a second look at another system's dose found.

    `rows` are our structures, both dose maps in each; `reported` what the other system
    says of its own structures, against ours of that name; `unmatched` are those of
    theirs that none of ours is named like.
    """

    pair: DosePair
    choices: OurChoices
    choices_known: bool
    method: str | None
    treated_gbq: float | None
    rows: tuple[Row, ...]
    reported: tuple[Row, ...]
    unmatched: tuple[str, ...]
    left_out: Mapping[str, str]
    gammas: tuple[Gamma, ...]
    causes: tuple[Cause, ...]
    factor: float
    factors: tuple[KnownFactor, ...]
    structure_causes: tuple[StructureCause, ...]
    tolerances: Mapping[str, float]
    ignored_gamma: str = ""
    inputs: tuple[Mapping[str, object], ...] = field(default=())

    @property
    def failures(self) -> list[str]:
        """What is beyond its tolerance, in words; empty where all of it is within."""
        said = []
        covered = self.pair.covered_fraction
        if covered < _COVERED_LEAST:
            said.append(f"their grid covers {covered:.1%} of our dose above the cutoff")
        for kind, rows in (("", self.rows), (" as they report it", self.reported)):
            for row in rows:
                beyond = [one for one in row.comparisons if one.met is False]
                said += [
                    f"'{row.name}'{kind}: {difference_words(one)}" for one in beyond
                ]
        said += [f"no gamma: {self.ignored_gamma}"] if self.ignored_gamma else []
        said += [
            f"gamma {one.criterion}: {one.pass_fraction:.2%} of {one.points} points "
            f"pass, {self.tolerances['gamma']:.1%} are asked for"
            for one in self.judged_gammas
            if one.pass_fraction < self.tolerances["gamma"]
        ]
        return said

    @property
    def judged_gammas(self) -> list[Gamma]:
        """Of each criterion the global one; local ones where there are no others."""
        wide = [one for one in self.gammas if not one.criterion.local]
        return wide or list(self.gammas)

    @property
    def passed(self) -> bool:
        """Whether everything is within its tolerance."""
        return not self.failures


def difference_words(one: Comparison) -> str:
    """A difference with its unit and tolerance.

    >>> difference_words(Comparison("mean", 50.0, 52.5, 0.03, False))
    'mean 52.5 Gy against our 50 Gy, +5.0 % (tolerance 3 %)'
    """
    name, allowed = (
        metric_words(one.metric),
        f"tolerance {100 * (one.tolerance or 0):g}",
    )
    if one.relative is None:
        if not one.metric.startswith("v"):
            return f"{name} {one.theirs:.4g} Gy against our 0 Gy ({allowed} %)"
        points = 100 * one.difference
        return (
            f"{name} {100 * one.theirs:.1f} % against our {100 * one.ours:.1f} %, "
            f"{points:+.1f} points ({allowed} points)"
        )
    unit = "mL" if one.metric == "volume" else "Gy"
    return (
        f"{name} {one.theirs:.4g} {unit} against our {one.ours:.4g} {unit}, "
        f"{100 * one.relative:+.1f} % ({allowed} %)"
    )


def metric_words(metric: str) -> str:
    """A number's name as the field writes it.

    >>> metric_words("d70"), metric_words("v100"), metric_words("mean")
    ('D70', 'V100 Gy', 'mean')
    """
    if metric.startswith("v") and metric != "volume":
        return f"V{metric[1:]} Gy"
    return metric.upper() if metric[:1] == "d" else metric


def metrics_of(dvh: Dvh, above_gy: Sequence[float] = ()) -> dict[str, float]:
    """Volume, mean, D_x in Gy and V_x as fractions, by name."""
    found = {"volume": dvh.volume_ml, "mean": dvh.mean_gy}
    found |= {f"d{x}": dvh.dose_to_volume_fraction_gy(x / 100) for x in D_PERCENT}
    for dose in sorted({*V_GY, *above_gy}):
        found[f"v{dose:g}"] = dvh.volume_fraction_above(dose)
    return found


def compared(
    ours: Mapping[str, float],
    theirs: Mapping[str, float],
    tolerances: Mapping[str, float],
) -> tuple[Comparison, ...]:
    """What both have, in our order, and whether it is within tolerance."""
    return tuple(
        Comparison(
            metric,
            value,
            theirs[metric],
            tolerances.get(metric),
            _met(metric, value, theirs[metric], tolerances.get(metric)),
        )
        for metric, value in ours.items()
        if metric in theirs
    )


def _met(metric: str, ours: float, theirs: float, allowed: float | None) -> bool | None:
    if allowed is None:
        return None
    # Numbers of a file end somewhere: what is at a tolerance is within.
    apart = abs(theirs - ours) * (1 - _ROUNDING)
    if metric == "volume":
        return apart <= allowed * ours
    if metric.startswith("v"):
        return apart <= allowed
    return apart <= max(allowed * abs(ours), LEAST_GY)


def require_known_metric(name: str, above_gy: Sequence[float] = ()) -> None:
    """Refuse a tolerance of something that is not compared.

    Raises
    ------
    RangeError
        Names what can have one.
    """
    known = ["volume", "mean", *(f"d{x}" for x in D_PERCENT)]
    known += [f"v{dose:g}" for dose in sorted({*V_GY, *above_gy})]
    if name not in (*known, "gamma"):
        raise RangeError(
            f"'{name}' has no tolerance: use {', '.join(known)}, or gamma (a v of "
            "another dose needs it as --above)"
        )
