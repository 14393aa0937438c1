"""Another system's doses held against ours: what is compared, and what is allowed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sirtdose.dosimetry.compare.cause import Cause
from sirtdose.dosimetry.compare.comparison import Comparison, difference_words
from sirtdose.dosimetry.compare.dose_pair import AROUND_MM, DosePair, LoneDose
from sirtdose.dosimetry.compare.gamma import Gamma
from sirtdose.dosimetry.compare.known_factors import KnownFactor, OurChoices
from sirtdose.dosimetry.compare.stated_histogram import StatedHistograms
from sirtdose.dosimetry.compare.structure_causes import StructureCause
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.errors import RangeError
from sirtdose.model.finding import Finding
from sirtdose.model.structure import Structure

D_PERCENT = (98, 95, 90, 70, 50, 2)
V_GY = (50.0, 70.0, 100.0)
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
    theirs that none of ours is named like; `stated` are the histograms of their
    RTDOSE; `findings` what readers noticed of doses and structures.
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
    stated: StatedHistograms
    table_remarks: tuple[str, ...] = ()
    lone: tuple[LoneDose, ...] = ()
    ignored_gamma: str = ""
    findings: tuple[Finding, ...] = ()
    inputs: tuple[Mapping[str, object], ...] = field(default=())

    @property
    def failures(self) -> list[str]:
        """What is beyond its tolerance, in words; empty where all of it is within."""
        said = []
        covered = self.pair.covered_fraction
        if covered < _COVERED_LEAST:
            said.append(f"their grid covers {covered:.1%} of our dose above the cutoff")
        said += [lone_words(one, self.pair.cutoff_gy) for one in self.lone]
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


def lone_words(one: LoneDose, cutoff_gy: float) -> str:
    """Dose that only one map has, in words."""
    other = "ours" if one.whose == "theirs" else "theirs"
    at = ", ".join(
        f"{axis} {mm:.0f}" for axis, mm in zip("xyz", one.at_mm, strict=True)
    )
    return (
        f"dose that {other} has not: {one.whose} has {one.volume_ml:.3g} mL at "
        f"{cutoff_gy:.3g} Gy and more, up to {one.greatest_gy:.4g} Gy at {at} mm "
        f"(LPS), where {other} has at most {one.other_gy:.3g} Gy within "
        f"{AROUND_MM:g} mm"
    )


def metrics_of(
    dvh: Dvh, above_gy: Sequence[float] = (), also: Iterable[str] = ()
) -> dict[str, float]:
    """Volume, mean, D_x in Gy and V_x as fractions, by name; and others by theirs.

    >>> dvh = Dvh.of_values("T", [10, 20, 60, 40], [1, 1, 1, 1])
    >>> metrics_of(dvh, also=["d75", "v15"])["d75"], metrics_of(dvh, [15])["v15"]
    (20.0, 0.75)
    """
    found = {"volume": dvh.volume_ml, "mean": dvh.mean_gy}
    found |= {f"d{x}": dvh.dose_to_volume_fraction_gy(x / 100) for x in D_PERCENT}
    for dose in sorted({*V_GY, *above_gy}):
        found[f"v{dose:g}"] = dvh.volume_fraction_above(dose)
    for name in also:
        if name in found:
            continue
        number = float(name[1:])
        found[name] = (
            dvh.dose_to_volume_fraction_gy(number / 100)
            if name.startswith("d")
            else dvh.volume_fraction_above(number)
        )
    return found


def require_known_metric(name: str) -> None:
    """Refuse a tolerance of something that is never compared.

    Raises
    ------
    RangeError
        Names what can have one.
    """
    letter, number = name[:1], name[1:]
    known = name in ("volume", "mean", "gamma") or (
        number.replace(".", "", 1).isdigit()
        and (letter == "v" or (letter == "d" and 0 < float(number) <= 100))
    )
    if not known:
        raise RangeError(
            f"'{name}' has no tolerance: use volume, mean, gamma, a D_x such as d70 or "
            "a V_x such as v100 (of a dose in Gy)"
        )
