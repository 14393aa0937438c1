"""Doses by every method: the image as it is, corrected, and with earlier sessions."""

from collections.abc import Mapping

from sirtdose.checks.earlier_dose import prior_lung_findings, same_dose_findings
from sirtdose.checks.image import few_voxel_findings, noise_findings, physics_findings
from sirtdose.checks.maps import negative_dose_findings
from sirtdose.dosimetry.engine.dose import Dose, compute_dose
from sirtdose.dosimetry.histogram.structure_dose import StructureDose, structure_doses
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.dosimetry.image.hot_spots import extrahepatic
from sirtdose.dosimetry.image.uptake import lungs_in_image_gbq
from sirtdose.dosimetry.results import Calibrated, Dosed, Placed, Read
from sirtdose.model.finding import Finding, Said
from sirtdose.model.ledger import Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest, PostRequest
from sirtdose.model.volume import Volume
from sirtdose.planning.lung_shunt import lungs as lungs_of
from sirtdose.workflows.post.prior_session import (
    TAG,
    as_it_lies,
    summed_dose,
)


def dosed(
    read: Read, placed: Placed, calibrated: Calibrated, request: PostRequest
) -> tuple[Dosed, tuple[Finding, ...]]:
    """Doses and histograms of this session, and with an earlier one."""
    said = Said()
    nuclide, judge = read.given.nuclide, request.judge
    if placed.prior is not None:
        said.add(
            prior_lung_findings(
                prior_lung_dose_gy=judge.prior_lung_dose_gy,
                structures=placed.on_grid,
            )
        )
    doses, tables = all_doses(calibrated.images, placed, request.dose, nuclide=nuclide)
    if placed.prior is not None and judge.prior_dose is not None:
        earlier = placed.prior
        if judge.prior_transform is not None:
            earlier = as_it_lies(judge.prior_dose, earlier)
        own = {method: one.volume for method, one in doses.items() if TAG not in method}
        said.add(
            same_dose_findings(name=judge.prior_dose.name, earlier=earlier, doses=own)
        )
    (first, rows), activity = next(iter(tables.items())), calibrated.images[""]
    said.add(
        physics_findings(
            nuclide=nuclide,
            medium=request.dose.medium,
            density_by_voxel=request.dose.density_by_voxel,
            structures=placed.on_grid,
            doses=doses,
        )
    )
    said.add(noise_findings(image=placed.image))
    said.add(few_voxel_findings(rows=rows, voxel_ml=placed.image.grid.voxel_volume_ml))
    source = placed.image.source
    if source is not None and source.modality != "file":
        said.add(negative_dose_findings(dose=doses[first].volume))
    return Dosed(
        doses=doses,
        structure_doses=tables,
        lungs=_lungs(read, judge.prior_lung_dose_gy),
        lungs_in_image_gbq=lungs_in_image_gbq(activity, placed.on_grid),
        extrahepatic=extrahepatic(doses[first].volume, activity, placed.on_grid),
    ), said.findings


def all_doses(
    images: Mapping[str, Volume],
    placed: Placed,
    request: DoseRequest,
    *,
    nuclide: Nuclide,
) -> tuple[dict[str, Dose], dict[str, list[StructureDose]]]:
    """Maps and tables by method.

    `images` are activities at administration by the tag of their correction, empty for
    the image as it is, which comes first.
    """
    doses: dict[str, Dose] = {}
    tables: dict[str, list[StructureDose]] = {}
    for tag, activity in images.items():
        tia = time_integrated_activity(activity, nuclide)
        for method in request.used_methods:
            dose = compute_dose(
                tia,
                nuclide=nuclide,
                density_g_per_ml=placed.density.g_per_ml,
                method=method,
                medium=request.medium,
            )
            key = f"{dose.method}{tag}"
            doses[key] = dose
            tables[key] = structure_doses(placed.on_grid, dose, activity)
    if placed.prior is None:
        return doses, tables
    for key in list(doses):
        _, plus, correction = key.partition("+")
        both = summed_dose(doses[key], placed.prior)
        doses[f"{key}{TAG}"] = both
        tables[f"{key}{TAG}"] = structure_doses(
            placed.on_grid, both, images[f"{plus}{correction}"]
        )
    return doses, tables


def _lungs(read: Read, prior_lung_dose_gy: float) -> Lungs:
    """What the lungs got by their shunt."""
    given = read.given
    own = read.ledger.lung_shunt_fraction
    return lungs_of(
        activity_gbq=read.ledger.delivered_gbq,
        lung_shunt_fraction=own if given.shunts_given else given.lung_shunt_fraction,
        lung_mass_kg=given.lung_mass_kg,
        lung_mass_source=given.lung_mass_source,
        lung_shunt_source=given.lung_shunt_source,
        prior_lung_dose_gy=prior_lung_dose_gy,
        dose_constant_gy_kg_per_gbq=given.nuclide.dose_constant_gy_kg_per_gbq,
    )
