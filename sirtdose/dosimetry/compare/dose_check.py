"""Another system's doses compared with ours: what is compared, and what is allowed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sirtdose.dosimetry.compare.cause import Cause
from sirtdose.dosimetry.compare.comparison import (
    Comparison,
    StatedHistograms,
    difference_words,
)
from sirtdose.dosimetry.compare.dose_pair import AROUND_MM, DosePair, LoneDose
from sirtdose.dosimetry.compare.gamma import Gamma
from sirtdose.dosimetry.compare.known_factors import KnownFactor, OurChoices
from sirtdose.dosimetry.compare.structure_causes import StructureCause
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.errors import InputError, RangeError
from sirtdose.model.finding import Finding
from sirtdose.model.metric import EFFECTS, VOLUME, Metric, metrics_in
from sirtdose.model.structure import Structure

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
    theirs that none of ours is named like; `asked` are metrics beside the usual ones;
    `stated` are the histograms of their RTDOSE; `findings` what readers noticed of
    doses and structures.
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
    asked: tuple[Metric, ...]
    stated: StatedHistograms
    table_remarks: tuple[str, ...] = ()
    lone: tuple[LoneDose, ...] = ()
    ignored_gamma: str = ""
    findings: tuple[Finding, ...] = ()
    inputs: tuple[Mapping[str, object], ...] = field(default=())

    @property
    def failures(self) -> list[str]:
        """What is beyond its tolerance, in words; empty where all of it is within."""
        covered, asked = self.pair.covered_fraction, self.tolerances["gamma"]
        return [
            *(
                [f"their grid covers {covered:.1%} of our dose above the cutoff"]
                if covered < _COVERED_LEAST
                else []
            ),
            *(lone_words(one, self.pair.cutoff_gy) for one in self.lone),
            *(
                f"'{row.name}'{kind}: {difference_words(one)}"
                for kind, rows in (
                    ("", self.rows),
                    (" as they report it", self.reported),
                )
                for row in rows
                for one in row.comparisons
                if one.met is False
            ),
            *([f"no gamma: {self.ignored_gamma}"] if self.ignored_gamma else []),
            *(
                f"gamma {one.criterion}: {one.pass_fraction:.2%} of {one.points} "
                f"points pass, but {asked:.1%} is required"
                for one in self.judged_gammas
                if one.pass_fraction < asked
            ),
        ]

    @property
    def judged_gammas(self) -> list[Gamma]:
        """Of each criterion the global one; local ones where there are no others."""
        wide = [one for one in self.gammas if not one.criterion.local]
        return wide or list(self.gammas)

    @property
    def passed(self) -> bool:
        """Whether everything is within its tolerance."""
        return not self.failures


def lone_words(one: LoneDose, cutoff_gy: float) -> str:
    """Dose that only one map has, in words."""
    other = "ours" if one.whose == "theirs" else "theirs"
    at = ", ".join(
        f"{axis} {mm:.0f}" for axis, mm in zip("xyz", one.at_mm, strict=True)
    )
    return (
        f"dose present only in {one.whose}: {one.volume_ml:.3g} mL at or above "
        f"{cutoff_gy:.3g} Gy, up to {one.greatest_gy:.4g} Gy at {at} mm (LPS), where "
        f"{other} has at most {one.other_gy:.3g} Gy within {AROUND_MM:g} mm"
    )


def compared_metrics(
    asked: Iterable[Metric], tolerances: Iterable[str]
) -> tuple[Metric, ...]:
    """The usual ones, those asked for, and those with a tolerance; volume first."""
    toleranced = (Metric.parse(one) for one in tolerances if one != "gamma")
    return tuple(dict.fromkeys((VOLUME, *metrics_in("check", asked), *toleranced)))


def tolerance_key(name: str) -> str:
    """What a tolerance is of: gamma, or the key of a metric.

    Raises
    ------
    RangeError
        Something that is never compared.

    Examples
    --------
    >>> tolerance_key("D2mL"), tolerance_key("v100"), tolerance_key("gamma")
    ('d2cc', 'v100', 'gamma')
    """
    if name == "gamma":
        return name
    try:
        metric = Metric.parse(name)
    except InputError as error:
        raise RangeError(
            f"'{name}' cannot have a tolerance, as it is neither a metric nor gamma: "
            f"{error}"
        ) from None
    if metric.kind in EFFECTS:
        raise RangeError(
            f"'{name}' cannot have a tolerance: radiobiology is not compared; leave "
            "it out"
        )
    return metric.key
