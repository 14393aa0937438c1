"""The tissue densities of a treatment: one value, from a CT, or an image."""

from pathlib import Path

import numpy as np

from sirtdose.checks.constants import density_finding
from sirtdose.checks.density import (
    air_findings,
    beyond_findings,
    binary_density_findings,
    ct_number_findings,
    structure_density_findings,
    without_structure_findings,
)
from sirtdose.data.load import table
from sirtdose.dosimetry.engine.assigned_density import (
    densities_by_name,
    regions_in,
    with_regions,
)
from sirtdose.dosimetry.engine.tissue_density import TissueDensity, density_of_ct
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.read import read_image
from sirtdose.model.acceptance import Said
from sirtdose.model.bounds import printable
from sirtdose.model.finding import Finding
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest
from sirtdose.model.role import GIVEN_ROLES
from sirtdose.model.volume import Quantity, Volume

# No tissue or metal in a patient is denser: gold has 19.3.
_DENSEST_G_PER_ML = 25.0
# Lungs have more.
_LIGHTEST_G_PER_ML = 0.1
_KNOWN_FROM = 0.1
# What interpolation may leave below zero.
_ROUNDING_G_PER_ML = 1e-3


def tissue_density(
    request: DoseRequest,
    nuclide: Nuclide,
    placed: Placed,
) -> tuple[TissueDensity, list[Finding]]:
    """Densities on the image's grid, and what is to be said of them (H27).

    A CT is converted at its own resolution, liver and tumors are given one density
    each, then all is averaged over the dose grid's voxels, so that mass is conserved.

    Raises
    ------
    InputError
        No CT, an image that holds no densities, another frame of reference, or a
        density in what is not drawn.
    """
    if not isinstance(request.density, (str, Path)):
        return TissueDensity(request.density), [density_finding(request.density)]
    said = Said()
    volume, structures, source = placed.image, placed.on_grid, ""
    drawn = [one for one in placed.named if one.role in GIVEN_ROLES]
    typed, idle = densities_by_name(request.density_in, drawn)
    said.add(without_structure_findings(idle))
    hu = None
    if isinstance(request.density, Path):
        fine = said.take(_density_image(request.density))
        origin = f"image {printable(request.density.name)}"
    else:
        hu, fine = placed.ct, _density_of_ct(placed.ct, request.density_curve)
        origin = f"CT by {request.density_curve}"
        source = table("density_curves")[request.density_curve]["source"]
    regions = regions_in(fine, drawn, typed, ct=hu)
    mean, covered = mean_on(with_regions(fine, regions), volume.grid)
    # Beyond the CT there is tissue, of which nothing is known. A voxel that sticks out
    # of the CT is of what lies in it.
    media = (*nuclide.kernels, *Nuclide.named("Y-90").kernels)
    beyond = next(one.density_g_per_ml for one in media if one.medium == request.medium)
    known = covered > _KNOWN_FROM
    density_map = Volume(
        np.where(known, mean, np.float32(beyond)), volume.grid, Quantity.DENSITY
    )
    cover = Volume(known, volume.grid, Quantity.DENSITY)
    said.add(beyond_findings(volume, cover, structures, filled=beyond))
    said.add(air_findings(volume, density_map))
    said.add(structure_density_findings(density_map, structures, regions, origin))
    said.add(ct_number_findings(hu) if hu is not None else [])
    return TissueDensity(density_map, origin, source, tuple(regions)), list(
        said.findings
    )


def _density_of_ct(ct: Volume | None, curve: str) -> Volume:
    if ct is None:
        raise InputError(
            "--density ct needs a CT, but there is none: name one with --ct, or give "
            "one density"
        )
    return density_of_ct(ct, curve)


def _density_image(path: Path) -> tuple[Volume, list[Finding]]:
    volume = read_image(path, quantity=Quantity.DENSITY)
    name = printable(path.name)
    if volume.quantity is not Quantity.DENSITY:
        raise InputError(
            f"--density {name} is in {volume.quantity.unit}: give densities in g/mL "
            "as NIfTI, NRRD or MetaImage, or --density ct for a CT"
        )
    low, high = float(volume.data.min()), float(volume.data.max())
    if low < -_ROUNDING_G_PER_ML:
        raise QuantityError(
            f"--density {name} goes down to {low:g}, but densities in g/mL are 0 or "
            "more: for CT numbers give --density ct and --ct"
        )
    if high > _DENSEST_G_PER_ML or high < _LIGHTEST_G_PER_ML:
        raise QuantityError(
            f"--density {name} goes up to {high:g}, but densities of tissue are about "
            "1 g/mL: is it in another unit?"
        )
    volume = volume.with_data(np.maximum(volume.data, 0))
    return volume, binary_density_findings(volume, name)
