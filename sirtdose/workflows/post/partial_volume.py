"""Undo the image's blur on request, and say how far it can be believed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.checks.blur import blur_findings
from sirtdose.dosimetry.image import partial_volume as pvc
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.blur_loss import sphere_mm
from sirtdose.dosimetry.image.partial_volume import Corrected, PartialVolume
from sirtdose.dosimetry.image.uptake_regions import Regions, uptake_regions
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError
from sirtdose.io.tables.csv import read_recovery
from sirtdose.model.bounds import printable
from sirtdose.model.finding import Finding
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role
from sirtdose.model.volume import Volume

_WIDTH_OFF, _WIDTH_MAX_MM = 0.10, 100.0


def partial_volume(
    pvc: str | Path | None,
    placed: Placed,
    calibrate: Callable[[Volume], Calibration],
    *,
    psf_mm: tuple[float, float, float] | None,
) -> tuple[PartialVolume | None, list[Finding]]:
    """The image without its blur, where that was asked for.

    `calibrate` is asked again for every corrected image: a known activity is shared
    over what it now holds. Recovery coefficients scale tumors alone, and keep the
    calibration of the image as it is.

    Raises
    ------
    InputError
        A method without the width it needs, no tumor, or a table that cannot be used.
    """
    if pvc is None:
        return None, []
    if isinstance(pvc, Path):
        result = _by_table(pvc, placed, calibrate(placed.image))
    else:
        if psf_mm is None:
            raise InputError(f"{pvc} needs the width of the blur: give --psf")
        if max(psf_mm) >= _WIDTH_MAX_MM:
            raise InputError(
                f"a blur of {max(psf_mm):g} mm is no scanner's: give one under "
                f"{_WIDTH_MAX_MM:g} mm"
            )
        result = _by_width(pvc, placed, calibrate, fwhm_mm=psf_mm)
    return result, blur_findings(result)


def _by_width(
    method: str,
    placed: Placed,
    calibrate: Callable[[Volume], Calibration],
    *,
    fwhm_mm: tuple[float, float, float],
) -> PartialVolume:
    volume, drawn = placed.image, [*placed.drawn, *placed.lungs]
    regions = uptake_regions(drawn, volume.grid, max(fwhm_mm))
    image = np.ascontiguousarray(volume.data[regions.box], dtype=np.float32)

    def whole(found: Corrected) -> Volume:
        values = np.array(volume.data, dtype=np.float32)
        values[regions.box] = found.values
        return volume.with_data(values)

    sigma = pvc.sigma_in_voxels(volume.grid, fwhm_mm)
    found = _corrected(method, image, regions, sigma=sigma)
    corrected = whole(found)
    calibration = calibrate(corrected)
    usual = _means(found, regions, calibration)
    sensitivity: dict[str, dict[str, float]] = {name: {} for name in usual}
    for said, scale, voxels in (
        ("width 10 % less", 1 - _WIDTH_OFF, 0),
        ("width 10 % more", 1 + _WIDTH_OFF, 0),
        ("contours a voxel tighter", 1.0, -1),
        ("contours a voxel wider", 1.0, 1),
    ):
        other = regions.moved(voxels) if voxels else regions
        if not any(part.any() for part in other.parts[: other.tumors]):
            continue
        other = other.without_empty()
        varied = _corrected(
            method,
            image,
            other,
            sigma=(sigma[0] * scale, sigma[1] * scale, sigma[2] * scale),
        )
        again = _means(varied, other, calibrate(whole(varied)))
        for name, mean in usual.items():
            # A tumor of which nothing is left has no such figure.
            if name in again:
                sensitivity[name][said] = again[name] / mean - 1 if mean else 0.0
    before, after = volume.total(), corrected.total()
    tumors = [one for one in drawn if one.role is Role.TUMOR]
    return PartialVolume(
        method=method.replace("-", "_"),
        volume=corrected,
        calibration=calibration,
        fwhm_mm=fwhm_mm,
        rounds=found.rounds,
        settled=found.settled,
        total_change=after / before - 1,
        concentrations=dict(zip(regions.names, found.concentrations, strict=True)),
        recoveries={},
        sensitivity=sensitivity,
        unreliable=tuple(
            one.name for one in tumors if sphere_mm(one.volume_ml) < max(fwhm_mm)
        ),
    )


def _corrected(
    method: str,
    image: NDArray[np.float32],
    regions: Regions,
    *,
    sigma: tuple[float, float, float],
) -> Corrected:
    correct = pvc.geometric_transfer_matrix if method == "gtm" else pvc.iterative_yang
    return correct(image, regions.parts, sigma)


def _means(
    found: Corrected, regions: Regions, calibration: Calibration
) -> dict[str, float]:
    """Mean of each tumor in the corrected image, calibrated."""
    return {
        name: calibration.bq_per_unit
        * float((found.values * part).sum(dtype=float) / part.sum(dtype=float))
        for name, part in zip(
            regions.names[: regions.tumors], regions.parts, strict=False
        )
    }


def _by_table(path: Path, placed: Placed, calibration: Calibration) -> PartialVolume:
    volume = placed.image
    table = read_recovery(path)
    image = np.array(volume.data, dtype=np.float32)
    tumors = [one for one in placed.on_grid if one.role is Role.TUMOR]
    boxes = {}
    shared = np.zeros(image.shape, np.float32)
    for tumor in tumors:
        box = tumor.box_on(volume.grid)
        if box is not None:
            boxes[tumor.name] = box
            shared[box] += tumor.occupancy
    gain = np.zeros(image.shape, np.float32)
    recoveries, unknown = {}, []
    for tumor in (one for one in tumors if one.name in boxes):
        recovery = table.at(tumor.volume_ml)
        recoveries[tumor.name] = recovery
        box = boxes[tumor.name]
        part = tumor.occupancy.astype(np.float32)
        # So that the mean over the parts inside is what the table says.
        held = float((part * image[box]).sum(dtype=float))
        inside = float((part * part * image[box]).sum(dtype=float))
        if not table.known(tumor.volume_ml) or not inside > 0:
            unknown.append(tumor.name)
        scale = (1 / recovery - 1) * (held / inside if inside > 0 else 0.0)
        # What lies in two tumors is theirs by halves: no voxel gains twice.
        gain[box] += part * np.float32(scale) / np.maximum(shared[box], 1)
    values = image * (1 + gain)
    if not recoveries:
        raise InputError("recovery coefficients are for tumors: there is none")
    return PartialVolume(
        method="recovery",
        volume=volume.with_data(values),
        fwhm_mm=None,
        rounds=1,
        settled=True,
        total_change=float(values.sum(dtype=float)) / volume.total() - 1,
        concentrations={},
        recoveries=recoveries,
        sensitivity={},
        unreliable=tuple(unknown),
        source=printable(path.name),
        calibration=calibration,
    )


def with_uniform_doses(
    result: PartialVolume, placed: Placed, nuclide: Nuclide
) -> PartialVolume:
    """The same with each tumor's dose by its one concentration: what its inside gets.

    Its mean over voxels is less, as those on its border hold other tissue too. Where
    densities are by voxel it is not given.
    """
    density = placed.density.g_per_ml
    if not isinstance(density, float) or result.calibration is None:
        return result
    voxel_kg = result.volume.grid.voxel_volume_ml * density / 1000
    per_unit = result.calibration.bq_per_unit * 1e-9 / voxel_kg
    k = nuclide.dose_constant_gy_kg_per_gbq
    return replace(
        result,
        uniform_gy={
            one.name: result.concentrations[one.name] * per_unit * k
            for one in placed.on_grid
            if one.role is Role.TUMOR and one.name in result.concentrations
        },
    )
