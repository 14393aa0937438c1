"""A scout of the treatment's own microspheres: the dose that it leaves behind.

It lies where the treatment will: its dose follows from the same doses per GBq. It is an
earlier dose of every part and of the lungs, so limits with earlier doses count it. A
goal is what the treatment itself gives.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sirtdose.errors import InputError, RangeError
from sirtdose.model.guard_rails import rails
from sirtdose.planning.partition_case import Case, Region
from sirtdose.planning.terms import Terms

_OWN_SCOUT = "Ho-166"
COUNTED = "limits with earlier doses, not goals"


def with_scout(case: Case, terms: Terms, own_gbq: Sequence[float | None] = ()) -> Case:
    """The same case after its scout, whose dose is an earlier one of every part.

    Parameters
    ----------
    case : Case
    terms : Terms
        Has the scout's activity of a case with one injection.
    own_gbq : sequence of float, optional
        The scout's activity of each injection, where that was given.

    Raises
    ------
    InputError
        Microspheres whose scout is another substance, or one activity for several
        injections.
    RangeError
        An activity that no scout has.

    Examples
    --------
    0.25 GBq of Ho-166 in 1 kg: 15.87 * 0.25 = 3.97 Gy.

    >>> from sirtdose.model.nuclide import Nuclide
    >>> from sirtdose.planning.case_plan import one_compartment
    >>> terms = Terms(nuclide=Nuclide.named("Ho-166"), density_g_per_ml=1.0,
    ...               scout_activity_gbq=0.25)
    >>> round(one_compartment("liver", 1000, terms).regions[0].prior_gy, 4)
    3.9675
    """
    amounts = [one or 0.0 for one in own_gbq]
    if terms.scout_activity_gbq:
        if len(case.injections) > 1 or any(amounts):
            raise InputError(
                "--scout-activity is for one injection: give each --injection its "
                "part, such as scout:125MBq"
            )
        amounts = [terms.scout_activity_gbq]
    if not any(amounts):
        return case
    if terms.nuclide.name != _OWN_SCOUT:
        raise InputError(
            f"a scout's own dose is counted for {_OWN_SCOUT}, but this plan is for "
            f"{terms.nuclide.name}, whose scout is 99mTc-MAA with next to no dose: "
            "leave the scout's activity out, or give --device ho166"
        )
    low, high = rails("scout_activity_gbq")
    for gbq in filter(None, amounts):
        if not low <= gbq <= high:
            raise RangeError(
                f"the scout's activity is {gbq:g} GBq, but scouts have {low:g} to "
                f"{high:g} GBq: is the unit right?"
            )
    return replace(
        case,
        regions=tuple(_after(one, amounts) for one in case.regions),
        prior_lung_gy=case.prior_lung_gy + (_lungs_gy(case, amounts) or 0.0),
        scout_gbq=tuple(amounts),
    )


def scout_document(case: Case) -> dict[str, Any]:
    """What a plan keeps of its scout; nothing without one."""
    amounts = case.scout_gbq
    if not amounts:
        return {}
    return {
        "scout": {
            "activity_gbq": sum(amounts),
            "by_injection_gbq": dict(zip(case.injections, amounts, strict=True)),
            "doses_gy": {
                own.name: own.dose_gy(amounts)
                for one in case.regions
                for own in one.readings
            },
            "lungs_gy": _lungs_gy(case, amounts),
            "counted_in": COUNTED,
        }
    }


def _after(region: Region, amounts: Sequence[float]) -> Region:
    return replace(
        region,
        prior_gy=region.prior_gy + region.dose_gy(amounts),
        all_counts=region.all_counts and _after(region.all_counts, amounts),
    )


def _lungs_gy(case: Case, amounts: Sequence[float]) -> float | None:
    """The lungs' dose; None where no shunt is known."""
    lines = case.lines("lungs")
    return lines[0].value_gy(amounts) if lines else None
