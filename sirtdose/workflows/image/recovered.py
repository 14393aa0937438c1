"""Tumors scaled by recovery coefficients: a department's table, or a camera's curve."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.partial_volume import PartialVolume
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError
from sirtdose.io.tables.csv import read_recovery
from sirtdose.model.bounds import printable
from sirtdose.model.commissioned import CameraUsed
from sirtdose.model.recovery import RecoveryTable
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

# Around a tumor: what of the liver was treated, else all of it.
_AROUND = (Role.NORMAL_PERFUSED, Role.NORMAL_WHOLE)


def by_table(path: Path, placed: Placed, calibration: Calibration) -> PartialVolume:
    """Each tumor's mean over the table's coefficient, whatever is around it.

    Raises
    ------
    InputError
        No tumor, or a table that cannot be used.
    """
    scaled = _Scaled(placed, read_recovery(path), around=0.0)
    return scaled.result(calibration, source=printable(path.name))


def by_camera_curve(
    used: CameraUsed | None, placed: Placed, calibration: Calibration
) -> PartialVolume:
    """Each tumor as a sphere of its volume in the normal liver's concentration.

    Raises
    ------
    InputError
        No tumor, or no camera with a curve.
    """
    table = used.camera.recovery_curve if used else None
    if used is None or table is None:
        raise InputError(
            "--pvc recovery needs a camera's file that has recoveries: name one with "
            "--camera, or give a file of recovery coefficients"
        )
    camera, around = used.camera, _around(placed)
    what = "" if around else ", with nothing around, as no normal liver is drawn"
    return _Scaled(placed, table, around).result(
        calibration,
        source=f"curve of camera '{camera.name}', {printable(used.path.name)}, "
        f"{camera.made} with {camera.phantom}{what}",
    )


def _around(placed: Placed) -> float:
    """Concentration in the normal liver, in the image's unit by voxel."""
    for role in _AROUND:
        for one in placed.on_grid:
            if one.role is role:
                held, size = _held(one, placed)
                return max(held / size, 0.0) if size > 0 else 0.0
    return 0.0


def _held(structure: Structure, placed: Placed) -> tuple[float, float]:
    """What the image has in a structure, and its size in voxels."""
    box = structure.box_on(placed.image.grid)
    if box is None:
        return 0.0, 0.0
    part = structure.occupancy.astype(np.float32)
    held = (part * placed.image.data[box]).sum(dtype=float)
    return float(held), float(part.sum(dtype=float))


@dataclass(frozen=True, eq=False)
class _Scaled:
    """Tumors of an image, scaled up by their recovery.

    A sphere of recovery r that holds T in surroundings of B shows r T + (1 - r) B.
    """

    placed: Placed
    table: RecoveryTable
    around: float

    def result(self, calibration: Calibration, *, source: str) -> PartialVolume:
        """The image with all tumors corrected."""
        volume, table = self.placed.image, self.table
        tumors = [
            one
            for one in self.placed.on_grid
            if one.role is Role.TUMOR and one.box_on(volume.grid) is not None
        ]
        if not tumors:
            raise InputError(
                "recovery coefficients are for tumors, but there is none: "
                "draw them, or leave --pvc out"
            )
        shown = {one.name: self._shown(one) for one in tumors}
        empty = [one.name for one in tumors if not self._inside(one) > 0]
        image = np.asarray(volume.data, np.float32)
        values = image * (1 + self._gain(tumors, shown))
        return PartialVolume(
            method="recovery",
            volume=volume.with_data(values),
            fwhm_mm=None,
            rounds=1,
            settled=True,
            total_change=float(values.sum(dtype=float)) / volume.total() - 1,
            concentrations={},
            recoveries=shown,
            sensitivity={},
            unreliable=tuple(
                one.name
                for one in tumors
                if not table.known(one.volume_ml) or one.name in empty
            ),
            too_large=tuple(
                one.name
                for one in tumors
                if not table.reaches(one.volume_ml) and not self._is_cold(one)
            ),
            as_seen=tuple(one.name for one in tumors if self._is_cold(one)),
            relative={
                one.name: self._relative(one) for one in tumors if table.standards
            },
            source=source,
            calibration=calibration,
        )

    def _seen(self, tumor: Structure) -> float:
        held, size = _held(tumor, self.placed)
        return held / size if size > 0 else 0.0

    def _is_cold(self, tumor: Structure) -> bool:
        return self.around > 0 and self._seen(tumor) <= self.around

    def _shown(self, tumor: Structure) -> float:
        """The part of what a tumor holds that the image shows in it."""
        recovery = self.table.at(tumor.volume_ml)
        if not self.around:
            return recovery
        if self._is_cold(tumor):
            return 1.0
        seen = self._seen(tumor)
        return recovery * seen / (seen - (1 - recovery) * self.around)

    def _relative(self, tumor: Structure) -> float:
        """What the uncertainty of a recovery makes of the corrected mean, of it."""
        if self._is_cold(tumor):
            return 0.0
        recovery, seen = self.table.at(tumor.volume_ml), self._seen(tumor)
        standard = self.table.standard_at(tumor.volume_ml)
        if not seen > 0:
            return standard / recovery
        held = seen / self._shown(tumor)
        return standard * (seen - self.around) / recovery**2 / held

    def _inside(self, tumor: Structure) -> float:
        box = tumor.box_on(self.placed.image.grid)
        part = tumor.occupancy.astype(np.float32)
        return float((part * part * self.placed.image.data[box]).sum(dtype=float))

    def _gain(
        self, tumors: list[Structure], shown: dict[str, float]
    ) -> NDArray[np.float32]:
        """What each voxel gains, of it."""
        grid = self.placed.image.grid
        shared, gain = (np.zeros(grid.shape, np.float32) for _ in range(2))
        for tumor in tumors:
            shared[tumor.box_on(grid)] += tumor.occupancy
        for tumor in tumors:
            box, part = tumor.box_on(grid), tumor.occupancy.astype(np.float32)
            # So that the mean over the parts inside is what the table says.
            held, inside = _held(tumor, self.placed)[0], self._inside(tumor)
            scale = (1 / shown[tumor.name] - 1) * (held / inside if inside > 0 else 0.0)
            # What lies in two tumors is theirs by halves: no voxel gains twice.
            gain[box] += part * np.float32(scale) / np.maximum(shared[box], 1)
        return gain
