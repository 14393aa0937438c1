"""Goals that need doses by voxel, and what the plan's dose map reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.engine.dose import METHODS
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.histogram.dose_sample import DoseSample, dose_sample
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.histogram.structure_dose import point_doses
from sirtdose.dosimetry.image.uptake import InjectedUptake, activity_per_gbq
from sirtdose.dosimetry.results import Prediction
from sirtdose.errors import PlanningError
from sirtdose.model.goal import Goal
from sirtdose.model.metric import MEAN, Metric
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume
from sirtdose.planning.aim import V_MARGIN
from sirtdose.planning.partition_case import Case, Region
from sirtdose.workflows.plan.imaged_case import Scouted

_SAME = 1e-6


@dataclass(eq=False)
class ScoutedVoxels:
    """Doses of 1 GBq of each injection in the voxels of each part of a scout image.

    Where a part has two readings, by what is injected and by all counts of the map,
    the lesser counts.
    """

    scouted: Scouted
    case: Case
    _known: dict[str, tuple[NDArray[np.float64], ...]] = field(default_factory=dict)
    _volumes_ml: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def value(
        self, name: str, metric: Metric, activities: Sequence[float]
    ) -> float | None:
        """A metric of a part; None where it has no such number."""
        gbq = np.asarray(activities, np.float64)
        values = [
            metric.of(Dvh.of_values(name, gbq @ per_gbq, self._volumes_ml[name]))
            for per_gbq in self._readings(name)
        ]
        found = [one for one in values if one is not None]
        return min(found) if len(found) == len(values) else None

    def samples(
        self, goals: Sequence[Goal], activities: Sequence[float]
    ) -> dict[str, tuple[DoseSample, ...]]:
        """What stands for the doses of each part with a goal by D or V, by reading."""
        names = {one.structure for one in goals if one.metric != MEAN}
        return {
            name: tuple(
                dose_sample(per_gbq, self._volumes_ml[name], activities)
                for per_gbq in self._readings(name)
            )
            for name in sorted(names)
        }

    def _readings(self, name: str) -> tuple[NDArray[np.float64], ...]:
        if name not in self._known:
            self._measure(name)
        return self._known[name]

    def _measure(self, name: str) -> None:
        [part] = [one.structure for one in self.scouted.parts if one.name == name]
        [region] = [one for one in self.case.regions if one.name == name]
        if self.scouted.uptake is not None:
            self._measure_points(part, region)
            return
        volume = self.scouted.volume
        placed = occupancy_on(part, volume.grid)
        maps = [
            self.scouted.doses[one.name][self.scouted.method].volume
            for one in self.scouted.perfusions
        ]
        each = [placed.values_in(one) for one in maps]
        all_counts = np.array([values for values, _ in each], np.float64)
        self._volumes_ml[name] = each[0][1] * volume.grid.voxel_volume_ml
        self._known[name] = (all_counts,)
        if region.all_counts is not None:
            inside = [placed.values_in(one)[0] for one in _inside_only(self.scouted)]
            self._known[name] = (all_counts, np.array(inside, np.float64))

    def _measure_points(self, part: Structure, region: Region) -> None:
        """The same at points, where blur was undone."""
        scouted, readings = self.scouted, [True]
        assert scouted.uptake is not None
        if region.all_counts is not None:
            readings.append(False)
        known = []
        for all_counts in readings:
            each = []
            for i, one in enumerate(scouted.perfusions):
                alone = tuple(float(k == i) for k in range(len(scouted.perfusions)))
                uptake = InjectedUptake(
                    scouted.uptake, scouted.perfusions, alone, all_counts
                )
                dose = scouted.doses[one.name][scouted.method]
                values, volumes_ml = point_doses(part, dose, uptake)
                each.append(values)
            known.append(np.array(each))
        self._known[region.name] = tuple(known)
        self._volumes_ml[region.name] = volumes_ml


def _inside_only(scouted: Scouted) -> list[Volume]:
    """Dose maps of 1 GBq of each injection without what lies outside of all volumes."""
    found = []
    for i, one in enumerate(scouted.perfusions):
        whole = scouted.doses[one.name][scouted.method].volume
        if scouted.method == METHODS["local"]:
            everywhere, inside = (
                activity_per_gbq(i, scouted.perfusions, scouted.volume, all_counts=some)
                for some in (True, False)
            )
            # A voxel's own decays give its dose: they go together.
            part = np.divide(
                inside.data,
                everywhere.data,
                out=np.ones(whole.grid.shape),
                where=everywhere.data != 0,
            )
            found.append(whole.with_data(whole.data * part))
        elif scouted.outside is not None:
            beyond = (1 - one.lung_shunt_fraction) * scouted.outside.volume.data
            found.append(whole.with_data(whole.data - beyond))
        else:
            found.append(whole)
    return found


def checked_goals(
    goals: Sequence[Goal], prediction: Prediction, parts: Mapping[str, str]
) -> None:
    """Compare goals with the histograms of the plan's own dose map.

    `parts` are the structures of the map by the plan's parts.

    Raises
    ------
    PlanningError
        The map gives less than a goal that sets the activity.
    """
    rows = {row.structure.name: row for row in next(iter(prediction.rows.values()))}
    for goal in goals:
        row = rows.get(parts.get(goal.structure, goal.structure))
        if goal.metric == MEAN or row is None or goal.reached is None:
            continue
        metric = goal.metric
        if metric.is_part:
            metric = Metric("v", (metric.number or 0.0) * (1 - 2 * V_MARGIN))
        by_map = metric.of(row.dvh) or 0.0
        if by_map < goal.reached * (1 - _SAME):
            raise PlanningError(
                f"{goal.metric.words} of '{goal.structure}' is {by_map:.6g} by the "
                f"plan's dose map, and {goal.reached:.6g} by the doses per GBq: do not "
                "use this plan, and report it"
            )
