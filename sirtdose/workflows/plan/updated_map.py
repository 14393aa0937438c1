"""The dose map of a plan that is predicted again, from the maps beside the plan."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose.errors import SirtdoseError
from sirtdose.io.image_file import read_image_file, write_nifti
from sirtdose.io.map_label import (
    ONE_GBQ,
    PLANNED,
    MapLabel,
    is_as_labeled,
    label_of,
    label_text,
)
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.plan.image import PER_GBQ, per_gbq_file
from sirtdose.report.post.files import DOSE_FILES

# Sums of maps of 1 GBq have the rounding of their files, as a part of the most.
_SAME = 1e-5


@dataclass(frozen=True, eq=False)
class UpdatedMap:
    """A map at the activities of the day, Gy."""

    method: str
    dose: Volume

    @property
    def file(self) -> str:
        """The name of its file."""
        return DOSE_FILES[self.method]

    def write(self, plan_hash: str, folder: Path) -> None:
        """Write it as `sirtdose plan image` does, labeled as of the updated plan."""
        grid = self.dose.grid
        label = MapLabel(plan_hash, self.method, PLANNED, grid.frame_of_reference_uid)
        described = self.dose.source.described if self.dose.source else ""
        write_nifti(
            self.dose,
            folder / self.file,
            note=described.partition(", ")[2],
            label=label_text(label, self.dose),
        )


def updated_maps(
    folder: Path,
    plan: Mapping[str, Any],
    planned_gbq: Mapping[str, float],
    now_gbq: Sequence[float],
) -> tuple[tuple[UpdatedMap, ...], str]:
    """The maps of a plan by an image at other activities, by method.

    A map is linear in what each injection brings. That of a single injection is
    scaled; of several, those of 1 GBq of each are added up, if at the planned
    activities they give the plan's own map.

    Parameters
    ----------
    folder : Path
        Where plan.json is.
    plan : mapping
        The plan that is updated.
    planned_gbq : mapping
        Activity of each injection.
    now_gbq : sequence of float
        The same on the day; of another lung shunt, so much that it brings as much.

    Returns
    -------
    maps : tuple of UpdatedMap
    why : str
        Why there is none of some method; empty where there are all.
    """
    found, missing, listed = [], [], plan.get("measured") is not None
    for method, file in DOSE_FILES.items():
        if not (folder / file).is_file():
            continue
        own = _map(folder / file, plan["hash"], PLANNED)
        if own is None:
            missing.append(f"{file} is of another plan, or was changed")
            continue
        maps = list(_each(folder, plan["hash"], method, list(planned_gbq)))
        then = list(planned_gbq.values())
        if len(then) == 1:
            total = own.data.astype(np.float64) * (now_gbq[0] / then[0])
        elif len(maps) < len(then) or not _same(_added(maps, then), own):
            missing.append(
                f"of several injections, {file} needs the maps of 1 GBq of each, as "
                f"they were written to {PER_GBQ}"
            )
            continue
        else:
            total = _added(maps, now_gbq)
        found.append(UpdatedMap(method, own.with_data(total)))
    if listed and not found and not missing:
        missing.append("there is no map of the plan beside its plan.json")
    return tuple(found), "; ".join(missing)


def _each(
    folder: Path, plan_hash: str, method: str, names: Sequence[str]
) -> Iterator[Volume]:
    """The maps of 1 GBq of each injection, as far as they can be used."""
    for k in range(len(names)):
        path = folder / PER_GBQ / per_gbq_file(method, names, k)
        one = _map(path, plan_hash, ONE_GBQ)
        if one is not None:
            yield one


def _map(path: Path, plan_hash: str, of: str) -> Volume | None:
    """A map that is of this plan, as it was written."""
    with suppress(SirtdoseError):
        label = label_of(path)
        if label is None or (label.plan, label.of) != (plan_hash, of):
            return None
        dose = read_image_file(path, Quantity.DOSE)
        if is_as_labeled(path, dose):
            grid = replace(
                dose.grid, frame_of_reference_uid=label.frame_of_reference_uid
            )
            return replace(dose, grid=grid)
    return None


def _added(maps: Sequence[Volume], gbq: Sequence[float]) -> Any:
    return sum(
        one.data.astype(np.float64) * each for one, each in zip(maps, gbq, strict=True)
    )


def _same(total: Any, own: Volume) -> bool:
    near = _SAME * float(np.abs(own.data).max())
    return total.shape == own.data.shape and bool(
        np.abs(total - own.data).max() <= near
    )
