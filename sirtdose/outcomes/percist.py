"""Metabolic response of tumors by FDG PET over time: PERCIST 1.0 and its variants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError
from sirtdose.outcomes.response import Best, TimePoint, until_progression

_RULES = table("response_criteria")["percist"]
_CHANGE, CHANGE_SUL, _TLG_CHANGE = (
    float(_RULES[name]) for name in ("change", "change_sul", "tlg_change")
)
# A lesion that rises by more than this, in SUL or size, is against a partial response.
_RISE = float(_RULES["rise_of_a_lesion"])
# Livers further apart than both of these are of scans that cannot be compared.
_LIVER_CHANGE, _LIVER_CHANGE_SUL = (
    float(table("response_criteria")["liver_agreement"][name])
    for name in ("change", "change_sul")
)
_FACTOR, _DEVIATIONS = (
    float(table("uptake")["measurable"]["liver"][name])
    for name in ("factor", "deviations")
)
LIVERS_AGREE = f"within {100 * _LIVER_CHANGE:g} % and {_LIVER_CHANGE_SUL:g} SUL"
_ROOM = 1e-9


@dataclass(frozen=True)
class PetScan:
    """One PET: uptake of the tumors and of the normal liver.

    Parameters
    ----------
    day : date
    sul : tuple of float
        SULpeak (or another metric, the same at every scan) of each lesion that counts,
        g/mL, hottest first; 0 for one that is not seen.
    liver_mean, liver_sd : float
        SUL in a 3 cm sphere of normal liver, or of another `tissue`.
    tlg : float, optional
        Total lesion glycolysis.
    new_lesion : bool
    by_lesion : mapping of str to float, optional
        The same SUL by the lesions' names, so that one can be followed.
    sizes_mm : mapping of str to float, optional
        Diameters of lesions by their names.
    unmeasured : str
        Why the scan cannot be judged: what it lacks is left out or 0.
    tissue : str
        What uptake is compared with.
    least : float, optional
        The SULpeak from which a lesion can be followed, where it is not by the liver.
    least_rule : str
        How that was found, in words.
    """

    day: date
    sul: tuple[float, ...]
    liver_mean: float
    liver_sd: float
    tlg: float | None = None
    new_lesion: bool = False
    by_lesion: Mapping[str, float] = field(default_factory=dict)
    sizes_mm: Mapping[str, float] = field(default_factory=dict)
    unmeasured: str = ""
    tissue: str = "normal liver"
    least: float | None = None
    least_rule: str = f"{_FACTOR:g} x liver mean + {_DEVIATIONS:g} SD"


def measurable_from_sul(scan: PetScan) -> float:
    """The SULpeak from which a lesion can be followed: 1.5 x liver mean + 2 SD.

    Examples
    --------
    1.5 x 1.6 + 2 x 0.2 = 2.8.

    >>> round(measurable_from_sul(PetScan(date(2026, 5, 1), (4.0,), 1.6, 0.2)), 6)
    2.8
    """
    if scan.least is not None:
        return scan.least
    return _FACTOR * scan.liver_mean + _DEVIATIONS * scan.liver_sd


def livers_agree(first: PetScan, scan: PetScan) -> bool:
    """Whether the normal liver of two PETs takes up alike: within 20 % and 0.3 SUL.

    Notes
    -----
    PERCIST asks for it so that two scans may be compared; where it is not so, only a
    new lesion is judged.

    Examples
    --------
    >>> first = PetScan(date(2026, 3, 1), (9.0,), 1.6, 0.2)
    >>> livers_agree(first, PetScan(date(2026, 5, 1), (5.0,), 1.9, 0.2))
    True
    >>> livers_agree(first, PetScan(date(2026, 5, 1), (5.0,), 2.0, 0.2))
    False
    """
    change = abs(scan.liver_mean - first.liver_mean)
    return (
        change <= _LIVER_CHANGE * first.liver_mean + _ROOM
        and change <= _LIVER_CHANGE_SUL + _ROOM
    )


def best_metabolic(found: Sequence[TimePoint]) -> Best:
    """The best metabolic response until progression, complete before partial.

    Examples
    --------
    >>> best_metabolic([]).response
    'NE'
    """
    before = until_progression(found)
    for response in ("CMR", "PMR", "SMD", "PMD"):
        for one in before:
            if one.response == response:
                return Best(response, one.rule, one.day)
    return Best("NE", before[0].rule if before else "no scan after baseline")


def assess_pets(
    scans: Sequence[PetScan], *, lesions_max: int = 1, least_change: float = CHANGE_SUL
) -> list[TimePoint]:
    """Metabolic response at each scan after the first.

    Partial: 30 % and 0.8 SUL lower than at baseline, or more, and no lesion more than
    30 % higher in SUL or larger in size. Progressive: 30 % and 0.8 SUL higher, or total
    lesion glycolysis 75 % higher without a decline in SUL, or a new lesion. Complete:
    nothing above the liver is left. A scan that cannot be measured, or whose normal
    liver is not that of the baseline, is not evaluable (NE) but for a new lesion.

    Parameters
    ----------
    scans : sequence of PetScan
        Baseline first, in order of their days.
    lesions_max : int
        1 in PERCIST (the hottest lesion of each scan); a modified PERCIST that follows
        several takes their sum, up to so many.
    least_change : float
        0.8 SUL in PERCIST, below which a change of 30 % is none; 0 of a variant that
        does not ask for it.

    Raises
    ------
    InputError
        No baseline, scans out of order, or a baseline that cannot be measured.
    RangeError
        An uptake below 0.

    References
    ----------
    Wahl et al., J Nucl Med 2009;50(Suppl 1):122S; what a "modified" PERCIST modifies
    differs between studies and is to be said.

    Examples
    --------
    From 2.1 to 1.4 is a third less, but only 0.7 SUL: stable.

    >>> first = PetScan(date(2026, 3, 1), (2.1,), 0.8, 0.1)
    >>> then = PetScan(date(2026, 5, 1), (1.4,), 0.8, 0.1)
    >>> [one.response for one in assess_pets([first, then])]
    ['SMD']
    """
    _require(scans, lesions_max)
    first, *later = scans
    baseline = nadir = sum(first.sul[:lesions_max])
    found = []
    for scan in later:
        total = sum(scan.sul[:lesions_max])
        response, rule = _judged(
            scan, first, baseline=baseline, total=total, least=least_change
        )
        found.append(
            TimePoint(
                scan.day,
                response,
                rule,
                None if scan.unmeasured else total,
                baseline,
                nadir,
                scan.new_lesion,
                liver_differs=bool(scan.liver_mean) and not livers_agree(first, scan),
                unmeasured=scan.unmeasured,
            )
        )
        if response != "NE" and not scan.unmeasured:
            nadir = min(nadir, total)
    return found


def _require(scans: Sequence[PetScan], lesions_max: int) -> None:
    if not scans or not scans[0].sul:
        raise InputError("the first PET must be a baseline PET with a lesion")
    if lesions_max < 1:
        raise RangeError(f"{lesions_max} lesions to follow: it must be at least 1")
    if any(b.day <= a.day for a, b in pairwise(scans)):
        raise InputError("PETs must be in the order of their dates, one for each date")
    for scan in scans:
        if min((*scan.sul, scan.liver_mean, scan.liver_sd, scan.tlg or 0.0)) < 0:
            raise RangeError(
                f"PET of {scan.day}: an uptake is below 0, which is not possible"
            )
        if list(scan.sul) != sorted(scan.sul, reverse=True):
            raise InputError(
                f"PET of {scan.day}: lesions must be sorted, hottest first"
            )
    if reason := unmeasurable(scans[0]):
        raise InputError(reason)


def unmeasurable(baseline: PetScan) -> str:
    """Why a baseline cannot be followed by PERCIST; empty where it can.

    Examples
    --------
    >>> unmeasurable(PetScan(date(2026, 5, 1), (2.7,), 1.6, 0.2))[:34]
    'baseline SULpeak 2.7 is under 2.8 '
    >>> unmeasurable(PetScan(date(2026, 5, 1), (2.8,), 1.6, 0.2))
    ''
    """
    if baseline.unmeasured:
        return baseline.unmeasured
    least, hottest = measurable_from_sul(baseline), max(baseline.sul, default=0.0)
    if hottest >= least - _ROOM:
        return ""
    return (
        f"baseline SULpeak {hottest:g} is under {least:.3g} ({baseline.least_rule}): "
        "the lesion cannot be followed by PERCIST"
    )


def _judged(
    scan: PetScan, first: PetScan, *, baseline: float, total: float, least: float
) -> tuple[str, str]:
    """The response at a scan, and the rule that decides."""
    if scan.new_lesion:
        return "PMD", "a new lesion"
    if reason := _incomparable(first, scan):
        return "NE", reason
    change, relative = total - baseline, total / baseline - 1
    said = f"SUL {baseline:g} to {total:g}: {relative:+.1%}, {change:+.2g}"
    if relative >= _CHANGE - _ROOM and change >= least - _ROOM:
        return "PMD", said
    if _tlg_grown(first, scan) and change >= -_ROOM:
        said = f"TLG {first.tlg:g} to {scan.tlg:g}: an increase of 75 % or more"
        return "PMD", said
    risen = _risen(first, scan)
    if not scan.sul or scan.sul[0] <= scan.liver_mean:
        more = f", but {risen}: verify it in a month" if risen else ""
        named = scan.tissue.removeprefix("normal ")
        return "CMR", f"no uptake above the {named} is left{more}"
    if relative <= -_CHANGE + _ROOM and change <= -least + _ROOM:
        return ("SMD", f"{said}, but {risen}") if risen else ("PMR", said)
    return "SMD", said


def _incomparable(first: PetScan, scan: PetScan) -> str:
    """Why a scan cannot be held against the baseline; empty where it can."""
    if scan.unmeasured or livers_agree(first, scan):
        return scan.unmeasured
    return (
        f"the {scan.tissue} has SUL {scan.liver_mean:g}, but had {first.liver_mean:g} "
        f"at baseline: PERCIST compares scans {LIVERS_AGREE}"
    )


def _risen(first: PetScan, scan: PetScan) -> str:
    """Which lesion rose by more than 30 % in SUL or size; empty where none did."""
    for what, before, now in (
        ("in SUL", first.by_lesion, scan.by_lesion),
        ("mm in size", first.sizes_mm, scan.sizes_mm),
    ):
        for name, value in now.items():
            start = before.get(name)
            if start is not None and value > (1 + _RISE) * start + _ROOM:
                return f"'{name}' rose from {start:g} to {value:g} {what}"
    return ""


def _tlg_grown(first: PetScan, scan: PetScan) -> bool:
    return bool(
        first.tlg
        and scan.tlg is not None
        and scan.tlg >= (1 + _TLG_CHANGE) * first.tlg - _ROOM
    )
