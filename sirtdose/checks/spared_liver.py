"""How much of the liver is spared, where published doses depend on it."""

from collections.abc import Mapping
from typing import Any

from sirtdose.model.guard_rails import rail
from sirtdose.model.limit import below
from sirtdose.model.treatment import Part, Treatment


def is_segment(case: Treatment, part: Part) -> bool:
    """Whether a part certainly lies within two of the eight liver segments."""
    livers = [one.volume_ml for one in case.held("liver")]
    liver_ml = livers[0] if livers else rail("liver_ml", "low")
    around = [
        one
        for one in case.held("perfused")
        if not part.of or set(one.of) & set(part.of)
    ]
    return sum(one.volume_ml for one in around) <= rail("segments") * liver_ml


def allowed_more(
    case: Treatment, part: Part, entry: Mapping[str, Any], disease: str
) -> str:
    """Where the source of a usual dose allows more; empty where that is not known.

    The liver must be known and treated for the first time, and so much of it spared.
    """
    rule, liver = entry.get("more"), case.whole_liver()
    if rule is None or disease != rule["disease"] or liver is None or liver.assumed:
        return ""
    perfused_ml = sum(one.volume_ml for one in case.held("perfused"))
    reserve = 1 - perfused_ml / liver.volume_ml
    if part.prior_gy or liver.role != "liver" or reserve < rule["reserve_fraction"]:
        return ""
    if not below(liver.most.total_gy, rule["liver_below_gy"]):
        return ""
    return (
        f"; the guideline allows more in {disease.upper()} where, as here, the whole "
        f"liver stays below {rule['liver_below_gy']:g} Gy and at least "
        f"{rule['reserve_fraction']:.0%} of it is not treated, with {rule['else']}, "
        "which are not checked"
    )
