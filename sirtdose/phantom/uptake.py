"""The digital patient's FDG PET: the SUV of each tumor is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from sirtdose import __version__
from sirtdose.errors import InputError
from sirtdose.io.dicom.write import Study
from sirtdose.io.dicom.write_pet import FdgInjection
from sirtdose.model.bounds import require_not_negative, require_positive
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.volume import Quantity, Volume
from sirtdose.phantom.anatomy import BODY, CENTER_MM, REGIONS
from sirtdose.phantom.make import contours_on
from sirtdose.phantom.request import PHANTOM_ID

LIVER_SUV = 2.2
_BODY_SUV, _LUNG_SUV = 0.6, 0.4
_UPTAKE_TIME = timedelta(minutes=60)
# Of F-18, on a scanner of today.
_FWHM_MM, _NOISE = 6.0, 0.05
_VOXEL_MM = 4.0
_SHAPE = (36, 62, 88)


@dataclass(frozen=True)
class PhantomUptake:
    """What PET to make of the digital patient.

    Parameters
    ----------
    tumor_suv : mapping of str to float
        SUV by body weight of each tumor, before blur and noise.
    scan_at : datetime
        Start of the scan; FDG was injected an hour before.
    seed : int, 0 or more
        The same seed gives the same noise.
    injected_mbq, weight_kg, height_cm : float, > 0
    patient_id : str
        PatientID of every file.
    """

    tumor_suv: Mapping[str, float]
    scan_at: datetime
    seed: int = 1
    injected_mbq: float = 300.0
    weight_kg: float = 70.0
    height_cm: float = 168.0
    patient_id: str = PHANTOM_ID

    def __post_init__(self) -> None:
        require_positive(
            injected_mbq=self.injected_mbq,
            weight_kg=self.weight_kg,
            height_cm=self.height_cm,
        )
        known = [one.name for one in REGIONS if one.role is Role.TUMOR]
        for name, suv in self.tumor_suv.items():
            if name not in known:
                raise InputError(
                    f"the digital patient has no tumor '{name}': use {', '.join(known)}"
                )
            require_not_negative(tumor_suv=suv)


def uptake_of(
    request: PhantomUptake,
) -> tuple[Volume, dict[str, list[NDArray[np.float64]]], Study, FdgInjection]:
    """Bq/mL at the start of the scan, contours, and what the header says."""
    study = Study(
        seed=f"sirtdose phantom uptake {request.seed} {request.scan_at.isoformat()} "
        f"{sorted(request.tumor_suv.items())} {request.patient_id}",
        patient_id=request.patient_id,
        patient_name="Phantom^Digital",
        description="sirtdose digital phantom, simulated FDG PET",
        acquired=request.scan_at,
        version=__version__,
        patient_sex="F",
    )
    injection = FdgInjection(
        injected_at=request.scan_at - _UPTAKE_TIME,
        injected_bq=request.injected_mbq * 1e6,
        weight_kg=request.weight_kg,
        height_m=request.height_cm / 100,
    )
    grid = Grid.regular(
        _SHAPE,
        spacing_mm=(_VOXEL_MM,) * 3,
        origin_mm=tuple(CENTER_MM + np.array([-174.0, -122.0, -130.0])),
        frame_of_reference_uid=study.frame_of_reference_uid,
    )
    bq_per_ml = (
        _suv(request, grid)
        * injection.injected_bq
        * injection.left(request.scan_at)
        / (request.weight_kg * 1000)
    )
    volume = Volume(bq_per_ml, grid, Quantity.ACTIVITY_CONCENTRATION)
    regions = tuple(one for one in REGIONS if one.role is not Role.LUNGS)
    return volume, contours_on(grid, regions), study, injection


def _suv(request: PhantomUptake, grid: Grid) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    k, j, i = np.ogrid[tuple(slice(n) for n in grid.shape)]
    x, y, z = (
        grid.affine_mm[world, 3] + grid.affine_mm[world, axis] * index
        for world, axis, index in ((0, 2, i), (1, 1, j), (2, 0, k))
    )
    suv = np.zeros(grid.shape)
    suv[np.broadcast_to(BODY.inside(x, y, z), grid.shape)] = _BODY_SUV
    painted = {"Lungs": _LUNG_SUV, "Liver": LIVER_SUV, **request.tumor_suv}
    for region in sorted(REGIONS, key=lambda one: one.role is Role.TUMOR):
        for shape in region.shapes:
            if region.name in painted:
                suv[shape.inside(x, y, z)] = painted[region.name]
    sigma = _FWHM_MM / np.sqrt(8 * np.log(2)) / _VOXEL_MM
    noise = np.random.default_rng(request.seed).normal(1, _NOISE, grid.shape)
    return np.asarray(np.maximum(gaussian_filter(suv, sigma) * noise, 0))
