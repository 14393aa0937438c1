"""Dose maps by a scout image: of 1 GBq of each injection, and of a plan."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sirtdose.dosimetry.engine.dose import METHODS, Dose, compute_dose
from sirtdose.dosimetry.histogram.dose_sample import (
    MOST,
    DoseSample,
    dose_sample,
)
from sirtdose.dosimetry.histogram.structure_dose import (
    StructureDose,
    doses_at_points,
    has_dose,
    point_doses,
    sharp_doses,
    structure_doses,
)
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.dosimetry.image.hot_spots import extrahepatic, foci_gy
from sirtdose.dosimetry.image.uptake import (
    InjectedUptake,
    Perfusion,
    activity_per_gbq,
)
from sirtdose.dosimetry.results import Prediction, combined
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest
from sirtdose.model.volume import Volume
from sirtdose.planning.result import Plan
from sirtdose.workflows.image.prior_session import TAG, summed_dose
from sirtdose.workflows.plan.imaged_case import Part, Read, Scouted, measured_parts

# The organs whose hottest part is told of.
_HOTTEST = 0.02
# What all points of a page may take, so that it stays under 3 MB, and the voxels of a
# structure that counts.
_PAGE_BYTES, _SOME = 1_300_000, 4000


def scouted_by(
    request: DoseRequest,
    nuclide: Nuclide,
    read: Read,
    *,
    perfusions: tuple[Perfusion, ...],
    parts: Sequence[Part],
) -> Scouted:
    """The dose of 1 GBq of each injection, by its name and by method."""

    def dose_of(activity: Volume, method: str, density: float | Volume) -> Dose:
        return compute_dose(
            time_integrated_activity(activity, nuclide),
            nuclide=nuclide,
            density_g_per_ml=density,
            method=method,
            medium=request.medium,
        )

    density = read.density.g_per_ml
    each = [
        activity_per_gbq(i, perfusions, read.volume, counted=read.uptake)
        for i in range(len(perfusions))
    ]
    doses = {
        one.name: {METHODS[m]: dose_of(own, m, density) for m in request.used_methods}
        for one, own in zip(perfusions, each, strict=True)
    }
    method, first = request.used_methods[0], perfusions[0]
    inside = activity_per_gbq(0, perfusions, read.volume, all_counts=False)
    outside = None
    if method != "local" and not np.array_equal(inside.data, each[0].data):
        # Doses add up: what lies outside is the same of every injection, but for what
        # its shunt leaves, and at the density that the kernel took.
        whole = doses[first.name][METHODS[method]]
        alone = dose_of(inside, method, whole.density_g_per_ml).volume
        beyond = (whole.volume.data - alone.data) / (1 - first.lung_shunt_fraction)
        outside = replace(whole, volume=whole.volume.with_data(beyond))
    return Scouted(
        volume=read.volume,
        density=density,
        perfusions=perfusions,
        parts=tuple(parts),
        doses=doses,
        outside=outside,
        uptake=read.uptake,
    )


def predicted(plan: Plan, scouted: Scouted, read: Read) -> Prediction:
    """Maps and tables, per GBq of each injection and at the planned activities."""
    structures, injected = read.placed.on_grid, plan.activities_gbq
    rows_per_gbq = {}
    total = np.zeros(read.volume.grid.shape)
    for i, (one, gbq) in enumerate(zip(scouted.perfusions, injected, strict=True)):
        each = activity_per_gbq(i, scouted.perfusions, read.volume, counted=read.uptake)
        alone = [float(k == i) for k in range(len(injected))]
        rows_per_gbq[one.name] = {
            method: _rows(dose, each, read, scouted=scouted, gbq=alone)
            for method, dose in scouted.doses[one.name].items()
        }
        total += each.data * gbq
    activity = each.with_data(total)
    own = {
        method: combined(
            [scouted.doses[one.name][method] for one in scouted.perfusions], injected
        )
        for method in scouted.doses[scouted.perfusions[0].name]
    }
    prior = read.placed.prior
    sums = _summed(own, prior)
    doses = own | sums
    return Prediction(
        image=read.volume,
        activity=activity,
        outside_fraction=read.outside_fraction(scouted.perfusions),
        measured=measured_parts(scouted, read.placed),
        perfusions=scouted.perfusions,
        shunt=read.shunt,
        lungs_covered=read.placed.lungs_covered,
        per_gbq=scouted.doses,
        rows_per_gbq=rows_per_gbq,
        doses=doses,
        rows={
            method: _rows(
                dose,
                activity,
                read,
                scouted=scouted,
                gbq=injected,
                earlier=prior if method in sums else None,
            )
            for method, dose in doses.items()
        },
        extrahepatic=extrahepatic(doses[scouted.method].volume, activity, structures),
        density=read.density,
        dose_grid=read.dose_grid,
        choices=read.choice.reasons,
        inputs=read.inputs,
        ct=read.placed.ct,
        blur=read.blur,
        samples={
            method: dict(_samples(scouted, read, method, gbq=injected))
            for method in own
        },
    )


def _summed(doses: Mapping[str, Dose], prior: Volume | None) -> dict[str, Dose]:
    """Doses with those of the earlier map, where there is one."""
    if prior is None:
        return {}
    return {f"{method}{TAG}": summed_dose(one, prior) for method, one in doses.items()}


def _most_points(structures: int, *, doses: int) -> int:
    """How many points each of the large structures of a page may have.

    A dose is 2 bytes and a volume 4, a third more as text.

    >>> _most_points(1, doses=1), _most_points(10, doses=4)
    (16000, 8125)
    """
    one = 4 / 3 * (2 * doses + 4)
    return min(MOST, int(_PAGE_BYTES / (max(structures, 1) * one)))


def _samples(
    scouted: Scouted,
    read: Read,
    method: str,
    *,
    gbq: Sequence[float],
) -> Iterator[tuple[str, DoseSample]]:
    """What stands for each structure's doses by 1 GBq of each injection, and before.

    Together they leave a page small.
    """
    maps = [scouted.doses[one.name][method] for one in scouted.perfusions]
    earlier = read.placed.prior
    uptakes = [
        InjectedUptake(read.uptake, scouted.perfusions, tuple(alone))
        for alone in np.eye(len(maps)).tolist()
        if read.uptake is not None
    ]
    known = [
        (drawn, placed)
        for drawn, placed in zip(read.placed.named, read.placed.on_grid, strict=True)
        if has_dose(placed, maps[0])
    ]
    voxel_ml = maps[0].volume.grid.voxel_volume_ml
    large = sum(bool(uptakes) or one.volume_ml > _SOME * voxel_ml for _, one in known)
    most = _most_points(
        large * len(scouted.doses[scouted.perfusions[0].name]),
        doses=len(maps) + (earlier is not None),
    )
    for drawn, placed in known:
        prior_gy = None
        if uptakes:
            found = [
                point_doses(drawn, dose, uptake)
                for dose, uptake in zip(maps, uptakes, strict=True)
            ]
            if earlier is not None:
                prior_gy = doses_at_points(drawn, earlier)
        else:
            each = [placed.values_in(one.volume) for one in maps]
            found = [(gy, part * voxel_ml) for gy, part in each]
            if earlier is not None:
                prior_gy, _ = placed.values_in(earlier)
        gy_per_gbq = [gy for gy, _ in found]
        yield (
            placed.name,
            dose_sample(gy_per_gbq, found[0][1], gbq, earlier_gy=prior_gy, most=most),
        )


def _rows(
    dose: Dose,
    activity: Volume,
    read: Read,
    *,
    scouted: Scouted,
    gbq: Sequence[float],
    earlier: Volume | None = None,
) -> list[StructureDose]:
    """A row for each structure: by voxels, or by points where blur was undone.

    `earlier` is the part of `dose` that the activity did not bring.
    """
    placed = read.placed
    if read.uptake is None:
        return structure_doses(placed.on_grid, dose, activity)
    uptake = InjectedUptake(read.uptake, scouted.perfusions, tuple(gbq))
    pairs = list(zip(placed.named, placed.on_grid, strict=True))
    return sharp_doses(pairs, dose, uptake, earlier=earlier)


def with_hottest(plan: Plan, prediction: Prediction) -> Plan:
    """The plan with what the means of its organs hide."""
    beyond = prediction.extrahepatic
    return replace(
        plan,
        hottest_gy={
            row.structure.name: row.dvh.dose_to_volume_fraction_gy(_HOTTEST)
            for row in next(iter(prediction.rows.values()))
            if row.structure.role.excluded_from_liver
        },
        foci_gy=foci_gy(beyond.spots) if beyond else {},
    )
