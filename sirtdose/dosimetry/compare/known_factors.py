"""A factor between two doses, and the known choices that would give it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from sirtdose.data.load import table
from sirtdose.model.units import MCI_PER_GBQ

# Two factors nearer than this cannot be told apart.
SAME_WITHIN = 0.003
# Liver densities in use, g/mL.
DENSITIES_G_PER_ML = (1.0, 1.03, 1.04, 1.05, 1.06)
_HALF_LIVES_H = {"Y-90": (64.04, 64.05, 64.1, 64.2, 64.8), "Ho-166": (26.795, 26.824)}
_DENSITY, _CONSTANT, _CALIBRATION = "density", "dose constant", "calibration"


@dataclass(frozen=True)
class OurChoices:
    """What our dose was computed with, as far as it is known.

    `density_g_per_ml` is None where it varies by voxel or is not known, the other
    numbers where they are not. `calibrations_ratio` is the image's other calibration
    over the one used; `nuclide_sha256` and `nuclide_source` are of a nuclide of the
    user's own file.
    """

    nuclide: str = "Y-90"
    half_life_h: float | None = None
    dose_constant_gy_kg_per_gbq: float | None = None
    density_g_per_ml: float | None = None
    dose_constant_meaning: str | None = None
    lung_shunt_fraction: float | None = None
    residual_fraction: float | None = None
    elapsed_h: float | None = None
    calibrations_ratio: float | None = None
    nuclide_sha256: str | None = None
    nuclide_source: str | None = None


@dataclass(frozen=True)
class KnownFactor:
    """A choice that makes their dose this factor of ours."""

    kind: str
    factor: float
    says: str
    parts: int = field(default=1)


def known_factors(ours: OurChoices) -> list[KnownFactor]:
    """Every single choice of theirs that is known to differ between systems."""
    found = [
        *_of_density(ours),
        *_of_constant(ours),
        *_of_activity(ours),
        *_of_decay(ours),
        KnownFactor("unit", 100.0, "cGy written as Gy"),
        KnownFactor("unit", 0.01, "Gy written as cGy"),
        KnownFactor("unit", MCI_PER_GBQ, "an activity in mCi read as GBq"),
        KnownFactor("unit", 1 / MCI_PER_GBQ, "an activity in GBq read as mCi"),
    ]
    return [one for one in found if abs(one.factor - 1) > 1e-4]


def explanations(
    factor: float, ours: OurChoices, *, within: float = SAME_WITHIN
) -> list[KnownFactor]:
    """The choices that give a factor, one alone before two together, nearest first.

    Their number is the point: a factor alone cannot say which of them it was.

    Examples
    --------
    1.05 g/mL here and 1.03 there: 1.05 / 1.03 = 1.0194.

    >>> ours = OurChoices(density_g_per_ml=1.05, dose_constant_gy_kg_per_gbq=49.67)
    >>> explanations(1.0194, ours)[0].says
    'density 1.03 g/mL instead of our 1.05 g/mL'
    """
    single = known_factors(ours)
    two = (
        KnownFactor(
            f"{one.kind} and {other.kind}",
            one.factor * other.factor,
            f"{one.says}, and {other.says}",
            parts=2,
        )
        for one, other in product(single, single)
        if (one.kind, other.kind) in _TOGETHER
    )
    near = [one for one in (*single, *two) if abs(factor / one.factor - 1) <= within]
    return sorted(near, key=lambda one: (one.parts, abs(factor / one.factor - 1)))


# Choices that systems are known to make together.
_TOGETHER = (
    (_CONSTANT, _DENSITY),
    (_CONSTANT, "lung shunt"),
    ("lung shunt", _DENSITY),
    ("residual", _DENSITY),
)


def _of_density(ours: OurChoices) -> Iterator[KnownFactor]:
    own = ours.density_g_per_ml
    if own is None:
        return
    for other in DENSITIES_G_PER_ML:
        yield KnownFactor(
            _DENSITY, own / other, f"density {other:g} g/mL instead of our {own:g} g/mL"
        )


def _of_constant(ours: OurChoices) -> Iterator[KnownFactor]:
    own = ours.dose_constant_gy_kg_per_gbq
    known: Mapping[str, dict[str, dict[str, float]]] = table("nuclides")
    if own is None or ours.nuclide not in known:
        return
    names: dict[float, list[str]] = {}
    for name, preset in known[ours.nuclide]["dose_constants_gy_kg_per_gbq"].items():
        names.setdefault(preset["value"], []).append(name)  # type: ignore[index]
    for value, alike in names.items():
        yield KnownFactor(
            _CONSTANT,
            value / own,
            f"dose constant {value:g} Gy kg/GBq ({', '.join(alike)}) instead of our "
            f"{own:g}",
        )


def _of_activity(ours: OurChoices) -> Iterator[KnownFactor]:
    shunt, residual = ours.lung_shunt_fraction, ours.residual_fraction
    if shunt:
        yield KnownFactor(
            "lung shunt",
            1 / (1 - shunt),
            f"the lung shunt of {shunt:.2%} not subtracted from the treated activity",
        )
        yield KnownFactor(
            "lung shunt", 1 - shunt, f"the lung shunt of {shunt:.2%} subtracted twice"
        )
    if residual:
        yield KnownFactor(
            "residual",
            1 / (1 - residual),
            f"the residual of {residual:.2%} not subtracted from the administered "
            "activity",
        )
    if ours.calibrations_ratio:
        yield KnownFactor(
            _CALIBRATION,
            ours.calibrations_ratio,
            "the image's other calibration (its own units or camera factor)",
        )


def _of_decay(ours: OurChoices) -> Iterator[KnownFactor]:
    own = ours.half_life_h
    if own is None:
        return
    for other in _HALF_LIVES_H.get(ours.nuclide, ()):
        yield KnownFactor(
            "half-life",
            other / own,
            f"half-life {other:g} h instead of our {own:g} h, for all decays",
        )
    hours = ours.elapsed_h
    if hours:
        left = 2.0 ** (-hours / own)
        says = f"decay over the {hours:.4g} h from administration to scan not corrected"
        yield KnownFactor("decay time", left, says)
        yield KnownFactor("decay time", 1 / left, f"{says}, or applied twice")
