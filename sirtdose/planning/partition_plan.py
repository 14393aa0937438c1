"""Plan by the partition model: one or more perfused volumes, each with tumors."""

from collections.abc import Sequence
from typing import Any

from sirtdose.errors import InputError
from sirtdose.planning.case_plan import (
    activities_of,
    growth_document,
    plan_of,
    require_names,
)
from sirtdose.planning.injection_limits import with_own_limits
from sirtdose.planning.kao import in_usual_terms
from sirtdose.planning.lung_shunt import all_shunts_known
from sirtdose.planning.mird import draw_activity_gbq
from sirtdose.planning.partition_case import Case, Region, with_prior
from sirtdose.planning.partition_goal import (
    Injection,
    Wanted,
    goals_reached,
    with_named_aims,
)
from sirtdose.planning.perfused import PerfusedVolume
from sirtdose.planning.result import Plan
from sirtdose.planning.scout_dose import with_scout
from sirtdose.planning.sessions import with_sessions
from sirtdose.planning.terms import Terms
from sirtdose.planning.whole_liver import whole_liver

_NOTHING_ML = 1e-6


def plan(
    terms: Terms,
    injections: Sequence[Injection],
    *,
    liver_volume_ml: float | None = None,
) -> Plan:
    """Plan one or more injections by the partition model.

    Parameters
    ----------
    terms : Terms
        Limits go by ``normal_perfused`` (or ``normal``), ``normal_whole``,
        ``perfused``, ``liver``, ``tumor`` (each), ``lungs``, ``lungs_cumulative``, or
        a tumor's name. Doses to the liver count with those of earlier treatments.
    injections : sequence of Injection
        Their perfused volumes do not overlap.
    liver_volume_ml : float, optional
        Of the whole liver, with everything in it: gives the whole normal liver's dose.

    Raises
    ------
    RangeError
        A value is outside its range.
    InputError
        Names given twice, volumes that do not fit, or a goal without its value.
    PlanningError
        No activity meets the goals, or every limit that bounds them.

    Notes
    -----
    Every decay's energy stays in its compartment, and every compartment has one dose.

    Examples
    --------
    >>> from sirtdose.planning.perfused import Tumor
    >>> one = Injection("right", 1000, (Tumor("T1", 200, 3),), "tumor_dose", 300, 0.1)
    >>> round(plan(Terms(density_g_per_ml=1.03), [one]).activity_gbq, 2)
    3.23
    """
    if not injections:
        raise InputError("there is no injection to plan: give a perfused volume")
    names = [one.name for one in injections]
    require_names(names + [tumor.name for one in injections for tumor in one.tumors])
    injections = in_usual_terms(injections)
    terms = with_own_limits(terms, injections)
    case = case_of(terms, injections, liver_volume_ml=liver_volume_ml)
    injections = with_named_aims(injections, case)
    activities = activities_of(injections, case, terms)
    return plan_of(
        activities,
        case,
        terms,
        method="partition",
        maximized=any(one.goal == "maximize" for one in injections),
        assumptions={
            **growth_document(injections, terms),
            "injections": injections_document(injections, case, activities, terms),
        },
        goals=goals_reached(injections, case, activities),
    )


def case_of(
    terms: Terms,
    injections: Sequence[Injection],
    *,
    liver_volume_ml: float | None = None,
) -> Case:
    """The regions of perfused volumes that do not overlap."""
    shunts = [
        terms.lung_shunt_fraction
        if one.lung_shunt_fraction is None
        else one.lung_shunt_fraction
        for one in injections
    ]
    volumes = [
        PerfusedVolume(
            name=one.name,
            volume_ml=one.perfused_volume_ml,
            tumors=one.tumors,
            density_g_per_ml=terms.density_g_per_ml,
            lung_shunt_fraction=shunt or 0.0,
            dose_constant_gy_kg_per_gbq=terms.nuclide.dose_constant_gy_kg_per_gbq,
        )
        for one, shunt in zip(injections, shunts, strict=True)
    ]
    regions = [
        region
        for i, volume in enumerate(volumes)
        for region in _regions(volume, i, len(volumes))
    ]
    if liver_volume_ml is not None:
        regions += whole_liver(regions, liver_volume_ml=liver_volume_ml, terms=terms)
    own_gy = {one.name: one.prior_dose_gy for one in injections}
    case = Case(
        injections=tuple(one.name for one in injections),
        lung_shunt_fractions=tuple(volume.lung_shunt_fraction for volume in volumes),
        regions=tuple(
            with_sessions(
                with_prior(regions, own_gy, terms.prior_liver_dose_gy), terms.sessions
            )
        ),
        dose_constant_gy_kg_per_gbq=terms.nuclide.dose_constant_gy_kg_per_gbq,
        lung_mass_kg=terms.used_lung_mass[0],
        prior_lung_gy=terms.earlier_lung_gy,
        shunt_known=all_shunts_known(
            {one.name: shunt for one, shunt in zip(injections, shunts, strict=True)}
        ),
    )
    return with_scout(case, terms, [one.scout_gbq for one in injections])


def injections_document(
    injections: Sequence[Wanted],
    case: Case,
    activities: Sequence[float],
    terms: Terms,
) -> list[dict[str, Any]]:
    """What is to be ordered for each injection, and what it was to do."""
    return [
        {
            "name": one.name,
            "goal": one.goal,
            "value": one.value,
            "aims": [
                {"of": aim.of, "metric": aim.metric.words, "value": aim.value}
                for aim in one.aims
            ],
            "prior_dose_gy": one.prior_dose_gy,
            "activity_gbq": gbq,
            "draw_activity_gbq": draw_activity_gbq(
                activity_gbq=gbq, residual_fraction=terms.residual_fraction
            ),
            "lung_shunt_fraction": case.lung_shunt_fractions[i]
            if case.shunt_known
            else None,
            "tumor_to_normal_ratio": {
                tumor.name: tumor.gy_per_gbq[i] / normal.gy_per_gbq[i]
                for normal in case.of_injection(one.name, "normal_perfused")[:1]
                for tumor in case.of_injection(one.name, "tumor")
                if normal.gy_per_gbq[i] > 0
            },
        }
        for i, (one, gbq) in enumerate(zip(injections, activities, strict=True))
    ]


def _regions(volume: PerfusedVolume, i: int, count: int) -> list[Region]:
    """Tumors, normal liver and all of one perfused volume."""
    normal_part, tumor_parts = volume.uptakes()
    of = f" of {volume.name}" if count > 1 else ""

    def alone(value: float) -> tuple[float, ...]:
        return tuple(value if k == i else 0.0 for k in range(count))

    regions = [
        Region(
            name=tumor.name,
            role="tumor",
            volume_ml=tumor.volume_ml,
            mass_kg=volume.tumor_mass_kg(tumor),
            of=(volume.name,),
            uptakes=alone(part),
            gy_per_gbq=alone(volume.tumor_gy_per_gbq(tumor)),
        )
        for tumor, part in zip(volume.tumors, tumor_parts, strict=True)
    ]
    # A volume that is all tumor has no normal liver for a limit to hold for.
    if volume.normal_volume_ml > _NOTHING_ML:
        regions.append(
            Region(
                name=f"normal perfused{of}",
                role="normal_perfused",
                volume_ml=volume.normal_volume_ml,
                mass_kg=volume.normal_mass_kg,
                of=(volume.name,),
                uptakes=alone(normal_part),
                gy_per_gbq=alone(volume.normal_gy_per_gbq),
            )
        )
    return [
        *regions,
        Region(
            name=f"perfused volume{of}",
            role="perfused",
            volume_ml=volume.volume_ml,
            mass_kg=volume.mass_kg,
            of=(volume.name,),
            uptakes=alone(1 - volume.lung_shunt_fraction),
            gy_per_gbq=alone(volume.mean_gy_per_gbq),
        ),
    ]
