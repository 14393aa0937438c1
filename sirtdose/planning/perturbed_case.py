"""A case as it would be if what it rests on were a little other than thought."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sirtdose.planning.partition_case import Case, Region

_WHOLES = ("perfused", "liver")
_MOST_SHUNT = 0.999


@dataclass(frozen=True)
class Factors:
    """By how much what is true is larger than what the case holds; 1 is as it holds.

    `volumes` go by the names of tumors, perfused volumes and the whole liver, `ratios`
    by those of tumors; what is not named is as it is.
    """

    dose_constant: float = 1.0
    density: float = 1.0
    lung_shunt: float = 1.0
    lung_mass: float = 1.0
    volumes: Mapping[str, float] = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)


def perturbed(case: Case, factors: Factors) -> Case:
    r"""The same injections into a liver that is a little different.

    Parameters
    ----------
    case : Case
    factors : Factors
        Each above 0.

    Returns
    -------
    Case
        With other masses, uptakes, doses per GBq and shunts.

    Notes
    -----
    Uptakes of an injection add up to 1 less its shunt, whatever changes: with the
    weights :math:`w_k` of its tumors and :math:`w_0` of all else that it perfuses,

    .. math:: u_k' = (1 - L')\,\frac{w_k}{w_0 + \sum_j w_j}

    A tumor of a typed T/N keeps its concentration where it is larger. In an image a
    border further out finds what is there: blur leaves it halfway between both sides,
    so that volume and counts go together and the total of the image stays.

    Examples
    --------
    Of 1 kg a fifth is tumor at T/N 3; at T/N 6 the tumor gets 1.4 times as much.

    >>> from sirtdose.planning.case_plan import Terms
    >>> from sirtdose.planning.partition_goal import Injection
    >>> from sirtdose.planning.partition_plan import case_of
    >>> from sirtdose.planning.perfused import Tumor
    >>> one = Injection("right", 1000, (Tumor("T1", 200, 3),), "activity", 1.0)
    >>> case = case_of(Terms(density_g_per_ml=1.0), [one])
    >>> more = perturbed(case, Factors(ratios={"T1": 2.0}))
    >>> round(more.regions[0].gy_per_gbq[0] / case.regions[0].gy_per_gbq[0], 3)
    1.4
    """
    shunts = tuple(
        min(part * factors.lung_shunt, _MOST_SHUNT)
        for part in case.lung_shunt_fractions
    )
    shares = [_Shares.of(case, i, factors) for i in range(len(case.injections))]
    regions = tuple(
        _region(region, case, factors, shares=shares, shunts=shunts)
        for region in case.regions
    )
    return replace(
        case,
        regions=regions,
        lung_shunt_fractions=shunts,
        dose_constant_gy_kg_per_gbq=case.dose_constant_gy_kg_per_gbq
        * factors.dose_constant,
        lung_mass_kg=case.lung_mass_kg * factors.lung_mass,
    )


def with_shunts(case: Case, shunts: tuple[float, ...]) -> Case:
    """The same injections with other lung shunts.

    Examples
    --------
    At a shunt of 10 % instead of none every part gets nine tenths.

    >>> from sirtdose.planning.case_plan import Terms, one_compartment
    >>> case = one_compartment("right", 1000, Terms(density_g_per_ml=1.0))
    >>> round(with_shunts(case, (0.1,)).regions[0].gy_per_gbq[0], 3)
    44.703
    """
    factors = _treated(case, shunts)
    return replace(
        case,
        lung_shunt_fractions=shunts,
        regions=tuple(_scaled(one, factors) for one in case.regions),
    )


def _treated(case: Case, shunts: tuple[float, ...]) -> tuple[float, ...]:
    """By how much what does not reach the lungs changes, by injection."""
    pairs = zip(shunts, case.lung_shunt_fractions, strict=True)
    return tuple((1 - new) / (1 - old) for new, old in pairs)


def _scaled(region: Region, factors: tuple[float, ...]) -> Region:
    def each(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(v * f for v, f in zip(values, factors, strict=True))

    return replace(
        region,
        uptakes=each(region.uptakes),
        gy_per_gbq=each(region.gy_per_gbq),
        all_counts=region.all_counts and _scaled(region.all_counts, factors),
    )


@dataclass(frozen=True)
class _Shares:
    """By how much the shares of one injection change: of tumors, and of all else."""

    tumors: Mapping[str, float]
    rest: float

    @classmethod
    def of(cls, case: Case, i: int, factors: Factors) -> "_Shares":
        name = case.injections[i]
        treated = 1 - case.lung_shunt_fractions[i]
        tumors = case.of_injection(name, "tumor")
        normals = case.of_injection(name, "normal_perfused")
        before = {one.name: one.uptakes[i] / treated for one in tumors}
        rest = max(1 - sum(before.values()), 0.0)
        if case.measured:
            counted = {
                one.name: before[one.name] * _counts(one, normals, i, factors)
                for one in tumors
            }
            left = 1 - sum(counted.values()) + _beyond(case, i, normals, factors)
        else:
            counted = {
                one.name: before[one.name] * factors.volumes.get(one.name, 1.0)
                for one in tumors
            }
            left = rest * _mass_factor(normals[0], case, factors) if normals else rest
        weights = {
            tumor: part * factors.ratios.get(tumor, 1.0)
            for tumor, part in counted.items()
        }
        left = max(left, 0.0)
        whole = left + sum(weights.values())
        return cls(
            {k: w / whole / before[k] for k, w in weights.items() if before[k] > 0},
            left / whole / rest if rest > 0 else 0.0,
        )


def _counts(tumor: Region, normals: "list[Region]", i: int, factors: Factors) -> float:
    """How the counts in a drawn tumor grow with its volume."""
    own = tumor.gy_per_gbq[i]
    normal_over = normals[0].gy_per_gbq[i] / own if normals and own > 0 else 0.0
    return 1 + (1 + normal_over) / 2 * (factors.volumes.get(tumor.name, 1.0) - 1)


def _beyond(case: Case, i: int, normals: "list[Region]", factors: Factors) -> float:
    """What a perfused volume's border finds outside of it, of all it held."""
    wholes = case.of_injection(case.injections[i], "perfused")
    if not wholes or not normals:
        return 0.0
    [whole, *_] = wholes
    treated = 1 - case.lung_shunt_fractions[i]
    evenly = normals[0].uptakes[i] / treated * whole.mass_kg / normals[0].mass_kg
    return evenly * (factors.volumes.get(whole.name, 1.0) - 1) / 2


def _region(
    region: Region,
    case: Case,
    factors: Factors,
    *,
    shares: "list[_Shares]",
    shunts: tuple[float, ...],
) -> Region:
    volume = _mass_factor(region, case, factors)
    treated = _treated(case, shunts)
    uptakes = tuple(
        region.uptakes[i] * treated[i] * _share(region, case, i, own)
        for i, own in enumerate(shares)
    )
    slopes = tuple(
        slope * (new / old if old else 1.0) * factors.dose_constant / volume
        / factors.density
        for slope, new, old in zip(
            region.gy_per_gbq, uptakes, region.uptakes, strict=True
        )
    )  # fmt: skip
    more = region.all_counts
    if more is not None:
        # It goes by the name of the region that it is another reading of.
        renamed = replace(more, name=region.name)
        same = _region(renamed, case, factors, shares=shares, shunts=shunts)
        more = replace(same, name=more.name)
    return replace(
        region,
        volume_ml=region.volume_ml * volume,
        mass_kg=region.mass_kg * volume * factors.density,
        uptakes=uptakes,
        gy_per_gbq=slopes,
        all_counts=more,
    )


def _share(region: Region, case: Case, i: int, own: _Shares) -> float:
    """By how much a region's share of an injection changes."""
    if region.role == "tumor":
        return own.tumors.get(region.name, own.rest)
    if region.role not in _WHOLES or not region.uptakes[i] > 0:
        return own.rest
    inside = {
        one.name: one.uptakes[i] / region.uptakes[i]
        for one in case.regions
        if one.role == "tumor"
        and one.name in own.tumors
        and (region.role == "liver" or set(one.of) & set(region.of))
    }
    rest = 1 - sum(inside.values())
    return rest * own.rest + sum(p * own.tumors[k] for k, p in inside.items())


def _mass_factor(region: Region, case: Case, factors: Factors) -> float:
    """By how much a region's volume changes: what is normal is what is left."""
    wholes = {"normal_perfused": "perfused", "normal_whole": "liver"}
    if region.role not in wholes:
        return factors.volumes.get(region.name, 1.0)
    grown = 0.0
    for one in case.regions:
        if one.role == wholes[region.role] and one.of == region.of:
            grown += one.mass_kg * (factors.volumes.get(one.name, 1.0) - 1)
        inside = region.role == "normal_whole" or set(one.of) & set(region.of)
        if one.role == "tumor" and inside:
            grown -= one.mass_kg * (factors.volumes.get(one.name, 1.0) - 1)
    # However tumors grow, some liver is left beside them.
    return max(1 + grown / region.mass_kg, 0.01)
