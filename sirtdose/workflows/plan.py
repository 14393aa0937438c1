"""Plan a treatment: numbers to activity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sirtdose.model.device import Device
from sirtdose.model.finding import Acceptance, require_accepted
from sirtdose.model.nuclide import Nuclide

if TYPE_CHECKING:
    from sirtdose.planning.mird import Convention
    from sirtdose.planning.partition_goal import Injection
    from sirtdose.planning.result import Plan


@dataclass(frozen=True)
class PlanRequest:
    """What every planning method shares."""

    nuclide: Nuclide
    device: Device | None = None
    density_g_per_ml: float = 1.05
    lung_shunt_fraction: float | None = None
    lung_shunt_source: str = "unknown"
    lung_mass_kg: float = 1.0
    lung_mass_source: str = "default"
    residual_fraction: float = 0.0
    prior_lung_dose_gy: float = 0.0
    prior_liver_dose_gy: float = 0.0
    limits_gy: Mapping[str, float] = field(default_factory=dict)
    acceptances: tuple[Acceptance, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)


def plan_mird(
    request: PlanRequest,
    *,
    dose_gy: float,
    perfused_volume_ml: float,
    convention: "Convention" = "delivered",
) -> "Plan":
    """Plan a mean dose to the perfused volume.

    Raises
    ------
    InputError
        A value out of range, or a safety check that was not accepted.
    PlanningError
        A limit the user gave is not met.

    Examples
    --------
    >>> request = PlanRequest(Nuclide.named("Y-90"), density_g_per_ml=1.03,
    ...                       lung_shunt_fraction=0.1)
    >>> plan = plan_mird(request, dose_gy=100, perfused_volume_ml=1000)
    >>> round(plan.activity_gbq, 2), round(plan.activity_mci, 1)
    (2.3, 62.3)
    """
    from sirtdose.planning import mird

    plan = mird.plan(
        dose_gy=dose_gy,
        perfused_volume_ml=perfused_volume_ml,
        convention=convention,
        lung_shunt_fraction=request.lung_shunt_fraction,
        **_shared(request),
    )
    return _accepted(plan, request)


def plan_partition(
    request: PlanRequest,
    injections: "Sequence[Injection]",
    *,
    liver_volume_ml: float | None = None,
) -> "Plan":
    """Plan one or more injections by the partition model.

    Raises
    ------
    InputError
        A value out of range, or a safety check that was not accepted.
    PlanningError
        A limit the user gave is not met, or no activity meets every limit.

    Examples
    --------
    >>> from sirtdose.planning.partition_goal import Injection
    >>> from sirtdose.planning.perfused import Tumor
    >>> request = PlanRequest(Nuclide.named("Y-90"), density_g_per_ml=1.03)
    >>> tumors = (Tumor("T1", 200, 3.0),)
    >>> right = Injection("right", 1000, tumors, "tumor_dose", 300, 0.1)
    >>> round(plan_partition(request, [right]).activity_gbq, 2)
    3.23
    """
    from sirtdose.planning import partition_plan

    plan = partition_plan.plan(
        injections=injections, liver_volume_ml=liver_volume_ml, **_shared(request)
    )
    return _accepted(plan, request)


def plan_bsa(request: PlanRequest, **case: Any) -> "Plan":
    """Plan resin microspheres by body surface area.

    `case` is what :func:`sirtdose.planning.bsa_plan.plan` needs beside what all methods
    share.

    Raises
    ------
    InputError
        A value out of range, or a safety check that was not accepted.
    PlanningError
        A limit the user gave is not met.

    Examples
    --------
    1.648 m2 by DuBois: 1.448 GBq, and 0.2 for a fifth of tumor.

    >>> plan = plan_bsa(PlanRequest(Nuclide.named("Y-90")), height_cm=165, weight_kg=60,
    ...                 liver_volume_ml=1500, tumor_volume_ml=300)
    >>> round(plan.activity_gbq, 2)
    1.66
    """
    from sirtdose.planning import bsa_plan

    plan = bsa_plan.plan(
        **case, lung_shunt_fraction=request.lung_shunt_fraction, **_shared(request)
    )
    return _accepted(plan, request)


def _shared(request: PlanRequest) -> dict[str, Any]:
    return {
        "density_g_per_ml": request.density_g_per_ml,
        "lung_shunt_source": request.lung_shunt_source,
        "residual_fraction": request.residual_fraction,
        "nuclide": request.nuclide,
        "device": request.device,
        "lung_mass_kg": request.lung_mass_kg,
        "lung_mass_source": request.lung_mass_source,
        "prior_lung_dose_gy": request.prior_lung_dose_gy,
        "prior_liver_dose_gy": request.prior_liver_dose_gy,
        "limits_gy": request.limits_gy,
    }


def _accepted(plan: "Plan", request: PlanRequest) -> "Plan":
    require_accepted(plan.findings, request.acceptances)
    return replace(plan, accepted=request.acceptances, inputs=dict(request.inputs))
