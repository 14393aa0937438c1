"""Undo the image's blur on request, and say how far it can be believed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.checks.blur import blur_findings
from sirtdose.dosimetry.derived import with_role
from sirtdose.dosimetry.grid.regrid import activity_on
from sirtdose.dosimetry.image import partial_volume as pvc
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.blur import Blur
from sirtdose.dosimetry.image.blur_fit import BlurFit, fitted_blur
from sirtdose.dosimetry.image.blur_loss import sphere_mm, width_mm
from sirtdose.dosimetry.image.partial_volume import Corrected, PartialVolume, Undone
from sirtdose.dosimetry.image.regional_uptake import RegionalUptake
from sirtdose.dosimetry.image.uptake_regions import Regions, uptake_regions
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError, QuantityError
from sirtdose.model.commissioned import CameraUsed
from sirtdose.model.finding import Finding
from sirtdose.model.grid import Grid
from sirtdose.model.request import DoseRequest
from sirtdose.model.role import Role
from sirtdose.model.volume import Volume
from sirtdose.workflows.image.recovered import by_camera_curve, by_table

_WIDTH_OFF, _WIDTH_MAX_MM = 0.10, 100.0

Calibrate = Callable[[Volume], Calibration]


def partial_volume(
    image: Volume,
    placed: Placed,
    calibrate: Calibrate,
    *,
    request: DoseRequest,
    camera: CameraUsed | None = None,
) -> tuple[PartialVolume | None, list[Finding]]:
    """The image without its blur, where that was asked for.

    `image` is on its own voxels, as the blur is. `calibrate` is asked again for every
    corrected image, on the dose grid: a known activity is shared over what it now
    holds. Recovery coefficients, of a file or of the `camera`, scale tumors alone, and
    keep the calibration of the image as it is.

    Raises
    ------
    InputError
        A method without the width it needs, no tumor, or a table that cannot be used.
    """
    if request.pvc is None:
        return None, []
    if isinstance(request.pvc, Path):
        result = by_table(request.pvc, placed, calibrate(placed.image))
    elif request.pvc == "recovery":
        result = by_camera_curve(camera, placed, calibrate(placed.image))
    else:
        result = _by_width(image, placed, calibrate, request=request)
    return result, blur_findings(result)


def _by_width(
    image: Volume, placed: Placed, calibrate: Calibrate, *, request: DoseRequest
) -> PartialVolume:
    structures = [*placed.drawn, *placed.lungs]
    typed = _typed_width(request)
    usual = width_mm(image.source.modality if image.source else "file", typed)
    regions = uptake_regions(structures, image.grid, usual)
    undo = _Undo(image, placed.image.grid, calibrate, is_gtm=request.pvc == "gtm")
    fit = undo.fitted(regions, usual, request.psf_edges)
    fwhm_mm = typed or (fit.fwhm_mm if fit else None)
    if fwhm_mm is None:
        raise InputError(
            "--psf fit: the FWHM of the image cannot be fitted, because its tumors "
            "are too small, too cold, too uneven, or drawn elsewhere: give the FWHM "
            "of your camera, such as --psf 15mm"
        )
    fraction, tail_mm = request.psf_tail or (0.0, 0.0)
    blur = Blur.on(
        image.grid,
        fwhm_mm,
        tail_fraction=fraction,
        tail_fwhm_mm=tail_mm,
        edges=request.psf_edges,
    )
    found = undo.corrected(regions, blur)
    uptake = RegionalUptake(image, regions, found.fields)
    volume = uptake.on(placed.image.grid)
    changed = undo.sensitivity(regions, blur, usual=undo.means(regions, found))
    too_small = [
        one.name
        for one in with_role(structures, Role.TUMOR)
        if sphere_mm(one.volume_ml) < max(fwhm_mm)
    ]
    return PartialVolume(
        method=str(request.pvc).replace("-", "_"),
        volume=volume,
        undone=Undone(uptake, blur),
        calibration=calibrate(volume),
        fwhm_mm=fwhm_mm,
        tail=request.psf_tail,
        edges=request.psf_edges,
        fit=fit,
        is_fitted=typed is None,
        rounds=found.rounds,
        settled=found.settled,
        total_change=uptake.on(image.grid).total() / image.total() - 1,
        concentrations=dict(zip(regions.names, found.concentrations, strict=True)),
        recoveries={},
        sensitivity={
            name: changes for name, changes in changed.items() if name not in too_small
        },
        unreliable=tuple(too_small),
    )


@dataclass(frozen=True, eq=False)
class _Undo:
    """An image whose blur is undone, with one width or another."""

    image: Volume
    dose_grid: Grid
    calibrate: Calibrate
    is_gtm: bool

    @property
    def _counts(self) -> NDArray[np.float32]:
        return np.ascontiguousarray(self.image.data, dtype=np.float32)

    def fitted(
        self, regions: Regions, start_mm: float, edges: tuple[float, int] | None
    ) -> BlurFit | None:
        """The width that the image shows; None where it tells none."""
        try:
            return fitted_blur(
                self._counts[regions.box],
                regions.parts,
                self.image.grid,
                tumors=regions.tumors,
                start_mm=start_mm,
                edges=edges,
            )
        except QuantityError:
            return None

    def corrected(self, regions: Regions, blur: Blur) -> Corrected:
        """The image without blur in the regions' box."""
        counts = np.ascontiguousarray(self._counts[regions.box])
        correct = pvc.geometric_transfer_matrix if self.is_gtm else pvc.iterative_yang
        return correct(counts, regions.parts, blur, tumors=regions.tumors)

    def means(self, regions: Regions, found: Corrected) -> dict[str, float]:
        """The tumors' means, calibrated anew."""
        whole = RegionalUptake(self.image, regions, found.fields).on(self.image.grid)
        unit = self.calibrate(activity_on(whole, self.dose_grid)).bq_per_unit
        tumors = regions.names[: regions.tumors]
        return {
            name: unit * one
            for name, one in zip(tumors, found.concentrations, strict=False)
        }

    def sensitivity(
        self, regions: Regions, blur: Blur, *, usual: Mapping[str, float]
    ) -> dict[str, dict[str, float]]:
        """How the usual means would change with another width or contour, of them."""
        found: dict[str, dict[str, float]] = {name: {} for name in usual}
        for said, scale, voxels in (
            ("FWHM 10 % smaller", 1 - _WIDTH_OFF, 0),
            ("FWHM 10 % larger", 1 + _WIDTH_OFF, 0),
            ("contours one voxel smaller", 1.0, -1),
            ("contours one voxel larger", 1.0, 1),
        ):
            other = regions.moved(voxels) if voxels else regions
            if not any(part.any() for part in other.parts[: other.tumors]):
                continue
            other = other.without_empty()
            again = self.means(other, self.corrected(other, blur.scaled(scale)))
            # A tumor of which nothing is left has no such figure.
            for name in (one for one in usual if one in again):
                of = usual[name]
                found[name][said] = again[name] / of - 1 if of else 0.0
        return found


def _typed_width(request: DoseRequest) -> tuple[float, float, float] | None:
    """The width that was typed; None where the image is to tell it."""
    if request.psf_mm is None or request.psf_mm == "camera":
        raise InputError(
            f"{request.pvc} needs the FWHM of the image: give --psf, such as 15mm, or "
            "the camera's own file with --camera"
        )
    if request.psf_mm == "fit":
        return None
    if max(request.psf_mm) >= _WIDTH_MAX_MM:
        raise InputError(
            f"an FWHM of {max(request.psf_mm):g} mm is larger than any scanner's: "
            f"give one under {_WIDTH_MAX_MM:g} mm"
        )
    return request.psf_mm
