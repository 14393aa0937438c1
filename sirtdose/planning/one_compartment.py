"""What an activity does to one perfused volume, to the lungs, and to their limits."""

from collections.abc import Mapping

from sirtdose.model.finding import Finding
from sirtdose.model.lungs import Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.plausible import density_finding, nuclide_findings
from sirtdose.planning import limits as limit_rules
from sirtdose.planning.lung_shunt import lung_shunt_findings
from sirtdose.planning.result import Compartment, Limit


def one_compartment(
    *,
    name: str,
    activity_gbq: float,
    volume_ml: float,
    mass_kg: float,
    dose_gy: float,
    lung: Lungs,
    prior_lung_dose_gy: float,
    prior_liver_dose_gy: float,
    limits_gy: Mapping[str, float] | None,
) -> tuple[Compartment, list[Limit]]:
    """The volume with its dose, and the limits of it and of the lungs.

    Raises
    ------
    InputError
        A limit for a volume that is not there.
    PlanningError
        A limit of `limits_gy` is not met.
    """
    perfused = Compartment(
        name=name,
        role="perfused",
        volume_ml=volume_ml,
        mass_kg=mass_kg,
        activity_gbq=activity_gbq - lung.activity_gbq,
        dose_gy=dose_gy,
        cumulative_dose_gy=dose_gy + prior_liver_dose_gy,
    )
    doses = {
        "perfused": perfused.cumulative_dose_gy,
        "lungs": lung.dose_gy,
        "lungs_cumulative": lung.cumulative_dose_gy,
    }
    before = {
        "perfused": prior_liver_dose_gy,
        "lungs_cumulative": prior_lung_dose_gy,
    }
    limits = limit_rules.lung_limits(lung)
    limits += limit_rules.given_limits(limits_gy or {}, doses)
    limit_rules.require_given_limits(limits, activity_gbq, before)
    return perfused, limits


def usual_findings(
    limits: list[Limit], lung: Lungs, nuclide: Nuclide, density_g_per_ml: float
) -> list[Finding]:
    """What every plan says, by whatever method."""
    return [
        *limit_rules.limit_findings(limits),
        *lung_shunt_findings(lung),
        *nuclide_findings(nuclide),
        density_finding(density_g_per_ml),
        Finding.of("H37", "not a medical device: verify with an approved system"),
    ]
