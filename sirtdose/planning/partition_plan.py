"""Plan by the partition model: one or more perfused volumes, each with tumors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_not_negative, require_positive
from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning import limits as limit_rules
from sirtdose.planning.lung_shunt import lungs
from sirtdose.planning.mird import draw_activity_gbq
from sirtdose.planning.one_compartment import usual_findings
from sirtdose.planning.partition_case import Case
from sirtdose.planning.partition_goal import Injection, activities_gbq
from sirtdose.planning.perfused import PerfusedVolume
from sirtdose.planning.result import Compartment, Limit, Plan

# Names that mean one of the doses a limit can hold for.
_ALIASES = {"normal": "normal_perfused"}


def plan(
    *,
    injections: Sequence[Injection],
    density_g_per_ml: float = 1.05,
    liver_volume_ml: float | None = None,
    residual_fraction: float = 0.0,
    nuclide: Nuclide | None = None,
    device: Device | None = None,
    lung_mass_kg: float = 1.0,
    lung_mass_source: str = "default",
    lung_shunt_source: str = "unknown",
    prior_lung_dose_gy: float = 0.0,
    prior_liver_dose_gy: float = 0.0,
    limits_gy: Mapping[str, float] | None = None,
) -> Plan:
    """Plan one or more injections by the partition model.

    Parameters
    ----------
    injections : sequence of Injection
        Their perfused volumes do not overlap.
    density_g_per_ml : float, > 0
    liver_volume_ml : float, optional
        Of the whole liver, with everything in it: gives the whole normal liver's dose.
    residual_fraction : float, 0 to below 1
    limits_gy : mapping, optional
        Limits to hold, by ``normal_perfused`` (or ``normal``), ``normal_whole``,
        ``perfused``, ``lungs``, ``lungs_cumulative``, or a tumor's name. Doses to
        the liver count with those of earlier treatments.

    Raises
    ------
    RangeError
        A value is outside its range.
    InputError
        Names given twice, volumes that do not fit, or a goal without its value.
    PlanningError
        A limit of `limits_gy` is not met, or no activity meets every limit.

    Notes
    -----
    Every decay's energy stays in its compartment, and every compartment has one dose.
    To maximize, each injection grows until a limit of its own volume binds; limits
    that injections share (lungs, whole liver) then scale them all alike.
    """
    nuclide = nuclide or Nuclide.named(device.nuclide_name if device else "Y-90")
    if device and device.nuclide_name != nuclide.name:
        raise InputError(
            f"{device.product} carry {device.nuclide_name}, not {nuclide.name}"
        )
    require_not_negative(prior_liver_dose_gy=prior_liver_dose_gy)
    _require_names(injections)
    volumes = [
        PerfusedVolume(
            name=one.name,
            volume_ml=one.perfused_volume_ml,
            tumors=one.tumors,
            density_g_per_ml=density_g_per_ml,
            lung_shunt_fraction=one.lung_shunt_fraction or 0.0,
            dose_constant_gy_kg_per_gbq=nuclide.dose_constant_gy_kg_per_gbq,
        )
        for one in injections
    ]
    case = Case(
        volumes=tuple(volumes),
        whole_normal_kg=_whole_normal_kg(volumes, liver_volume_ml, density_g_per_ml),
        lung_mass_kg=lung_mass_kg,
        prior_lung_gy=prior_lung_dose_gy,
        prior_liver_gy=prior_liver_dose_gy,
        shunt_known=any(one.lung_shunt_fraction is not None for one in injections),
    )
    wanted = {
        _ALIASES.get(name, name): limit for name, limit in (limits_gy or {}).items()
    }
    activities = activities_gbq(injections, case, wanted)
    return _plan_of(
        activities,
        injections,
        case,
        wanted,
        nuclide=nuclide,
        device=device,
        density_g_per_ml=density_g_per_ml,
        residual_fraction=residual_fraction,
        lung_mass_source=lung_mass_source,
        lung_shunt_source=lung_shunt_source,
    )


def _require_names(injections: Sequence[Injection]) -> None:
    if not injections:
        raise InputError("there is no injection to plan: give a perfused volume")
    names = [one.name for one in injections]
    names += [tumor.name for one in injections for tumor in one.tumors]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"'{twice[0]}' names two things: give each its own name")


def _whole_normal_kg(
    volumes: Sequence[PerfusedVolume],
    liver_volume_ml: float | None,
    density_g_per_ml: float,
) -> float | None:
    if liver_volume_ml is None:
        return None
    require_positive(liver_volume_ml=liver_volume_ml)
    perfused_ml = sum(volume.volume_ml for volume in volumes)
    if perfused_ml > liver_volume_ml * (1 + 1e-9):
        raise InputError(
            f"{perfused_ml:g} mL are perfused, more than the liver of "
            f"{liver_volume_ml:g} mL: the liver includes everything in it"
        )
    tumors_ml = sum(tumor.volume_ml for one in volumes for tumor in one.tumors)
    return (liver_volume_ml - tumors_ml) * density_g_per_ml / 1000


def _plan_of(
    activities: Sequence[float],
    injections: Sequence[Injection],
    case: Case,
    limits_gy: Mapping[str, float],
    *,
    nuclide: Nuclide,
    device: Device | None,
    density_g_per_ml: float,
    residual_fraction: float,
    lung_mass_source: str,
    lung_shunt_source: str,
) -> Plan:
    total = sum(activities)
    shunted = sum(
        gbq * volume.lung_shunt_fraction
        for gbq, volume in zip(activities, case.volumes, strict=True)
    )
    lung = lungs(
        activity_gbq=total,
        lung_shunt_fraction=shunted / total if case.shunt_known else None,
        lung_mass_kg=case.lung_mass_kg,
        lung_mass_source=lung_mass_source,
        lung_shunt_source=lung_shunt_source,
        prior_lung_dose_gy=case.prior_lung_gy,
        dose_constant_gy_kg_per_gbq=nuclide.dose_constant_gy_kg_per_gbq,
    )
    doses = {
        name: gy for name, gy in case.doses_gy(activities).items() if gy is not None
    }
    limits = limit_rules.lung_limits(lung) + limit_rules.given_limits(limits_gy, doses)
    maximized = any(one.goal == "maximize" for one in injections)
    if maximized:
        limits = [replace(limit, binding=_binds(limit)) for limit in limits]
    none = [0.0] * len(activities)
    before = {name: gy or 0.0 for name, gy in case.doses_gy(none).items()}
    limit_rules.require_given_limits(limits, total, before)
    return Plan(
        method="partition",
        nuclide=nuclide,
        device=device,
        activity_gbq=total,
        draw_activity_gbq=draw_activity_gbq(
            activity_gbq=total, residual_fraction=residual_fraction
        ),
        compartments=tuple(_compartments(activities, case)),
        lungs=lung,
        limits=tuple(limits),
        assumptions={
            "density_g_per_ml": density_g_per_ml,
            "residual_fraction": residual_fraction,
            "prior_lung_dose_gy": case.prior_lung_gy,
            "prior_liver_dose_gy": case.prior_liver_gy,
            "injections": [
                {
                    "name": one.name,
                    "goal": one.goal,
                    "value": one.value,
                    "activity_gbq": gbq,
                    "lung_shunt_fraction": one.lung_shunt_fraction,
                    "tumor_to_normal_ratio": {t.name: t.ratio for t in one.tumors},
                }
                for one, gbq in zip(injections, activities, strict=True)
            ],
        },
        findings=tuple(usual_findings(limits, lung, nuclide, density_g_per_ml)),
    )


def _binds(limit: Limit) -> bool:
    """Whether a limit is what keeps the activity from growing."""
    return limit.value_gy is not None and limit.value_gy >= limit.limit_gy * (1 - 1e-9)


def _compartments(activities: Sequence[float], case: Case) -> list[Compartment]:
    rows = []
    for volume, gbq in zip(case.volumes, activities, strict=True):
        normal_part, tumor_parts = volume.uptakes()
        of = f" of {volume.name}" if len(case.volumes) > 1 else ""
        for tumor, part in zip(volume.tumors, tumor_parts, strict=True):
            dose = volume.tumor_gy_per_gbq(tumor) * gbq
            rows.append(
                Compartment(
                    name=tumor.name,
                    role="tumor",
                    volume_ml=tumor.volume_ml,
                    mass_kg=volume.tumor_mass_kg(tumor),
                    activity_gbq=part * gbq,
                    dose_gy=dose,
                    cumulative_dose_gy=dose,
                )
            )
        dose = volume.normal_gy_per_gbq * gbq
        rows.append(
            Compartment(
                name=f"normal perfused{of}",
                role="normal_perfused",
                volume_ml=volume.normal_volume_ml,
                mass_kg=volume.normal_mass_kg,
                activity_gbq=normal_part * gbq,
                dose_gy=dose,
                cumulative_dose_gy=dose + case.prior_liver_gy,
            )
        )
        mean = volume.mean_gy_per_gbq * gbq
        rows.append(
            Compartment(
                name=f"perfused volume{of}",
                role="perfused",
                volume_ml=volume.volume_ml,
                mass_kg=volume.mass_kg,
                activity_gbq=gbq * (1 - volume.lung_shunt_fraction),
                dose_gy=mean,
                cumulative_dose_gy=mean + case.prior_liver_gy,
            )
        )
    whole = case.whole_gy(activities)
    if whole is not None and case.whole_normal_kg is not None:
        density = case.volumes[0].density_g_per_ml
        rows.append(
            Compartment(
                name="normal whole liver",
                role="normal_whole",
                volume_ml=case.whole_normal_kg * 1000 / density,
                mass_kg=case.whole_normal_kg,
                activity_gbq=sum(
                    row.activity_gbq for row in rows if row.role == "normal_perfused"
                ),
                dose_gy=whole,
                cumulative_dose_gy=whole + case.prior_liver_gy,
            )
        )
    return rows
