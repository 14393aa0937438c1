"""Doses by every method: the image as it is, corrected, and with earlier sessions."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from itertools import product

from sirtdose.checks.earlier_dose import prior_lung_findings, same_dose_findings
from sirtdose.checks.image import few_voxel_findings, noise_findings, physics_findings
from sirtdose.checks.maps import negative_dose_findings
from sirtdose.dosimetry.engine.dose import METHODS, Dose, compute_dose
from sirtdose.dosimetry.histogram.structure_dose import (
    StructureDose,
    sharp_doses,
    structure_doses,
)
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.dosimetry.image.hot_spots import extrahepatic
from sirtdose.dosimetry.image.partial_volume import PartialVolume
from sirtdose.dosimetry.image.regional_uptake import RegionalUptake
from sirtdose.dosimetry.image.uptake import lungs_in_image_gbq
from sirtdose.dosimetry.results import Calibrated, Dosed, Placed, Read
from sirtdose.model.acceptance import Said
from sirtdose.model.activity_scale import DoseScale
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest, PostRequest
from sirtdose.model.role import Role
from sirtdose.model.volume import Volume
from sirtdose.planning.lung_shunt import lungs as lungs_of
from sirtdose.planning.sessions import lungs_before_gy
from sirtdose.workflows.image.grid import on_finer_grid
from sirtdose.workflows.image.lungs import LungMass, measured_lung_mass
from sirtdose.workflows.image.prior_session import (
    TAG,
    as_it_lies,
    summed_dose,
)
from sirtdose.workflows.post.gates import gate_doses


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
    blurless = calibrated.partial_volume
    doses, tables = all_doses(
        calibrated.images,
        placed,
        request.dose,
        nuclide=nuclide,
        uptakes=calibrated.uptakes,
        too_small=_too_small(blurless),
    )
    if placed.prior is not None and judge.prior_dose is not None:
        earlier = placed.prior
        if judge.prior_transform is not None:
            earlier = as_it_lies(judge.prior_dose, earlier)
        own = {method: one.volume for method, one in doses.items() if TAG not in method}
        said.add(
            same_dose_findings(name=judge.prior_dose.name, earlier=earlier, doses=own)
        )
    (first, rows), activity = next(iter(tables.items())), calibrated.images[""]
    mass = said.take(_lung_mass(read, placed))
    lungs = _lungs(read, mass, judge.prior_lung_dose_gy)
    said.add(
        physics_findings(
            nuclide=nuclide,
            medium=request.dose.medium,
            density_by_voxel=request.dose.density_by_voxel,
            structures=placed.on_grid,
            doses=doses,
            lungs=lungs,
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
        lungs=lungs,
        scale=_scale(read, calibrated, judge.device),
        lungs_in_image_gbq=lungs_in_image_gbq(activity, placed.on_grid),
        extrahepatic=extrahepatic(doses[first].volume, activity, placed.on_grid),
        gates=gate_doses(read, placed, calibrated, request),
    ), said.findings


def _too_small(blurless: PartialVolume | None) -> tuple[str, ...]:
    """Rows with no corrected dose: nor have all tumors, where one of them has none."""
    small = tuple(blurless.unreliable) if blurless else ()
    return (*small, str(Role.ALL_TUMORS)) if small else ()


def _scale(read: Read, calibrated: Calibrated, device: str | None) -> DoseScale:
    """The scale of the calibration used, and doses by the other over these.

    Of several injections each has its own factor: no single one brings all doses to
    the other scale.
    """
    several = calibrated.used.over == "injections" and len(read.injections) > 1
    return DoseScale.of_image(
        calibrated.used.method,
        device,
        other_to_used=None if several else calibrated.alternative_to_used_ratio,
        calibrator_factor=read.given.calibrator_factor,
    )


def all_doses(
    images: Mapping[str, Volume],
    placed: Placed,
    request: DoseRequest,
    *,
    nuclide: Nuclide,
    uptakes: Mapping[str, RegionalUptake] | None = None,
    too_small: Container[str] = (),
) -> tuple[dict[str, Dose], dict[str, list[StructureDose]]]:
    """Maps and tables by method.

    `images` are activities at administration by the tag of their correction, empty for
    the image as it is, which comes first. `uptakes` are corrected ones that are known
    finer than voxels: their maps have finer ones, and no row of a tumor that is
    `too_small` for a dose to be called corrected.
    """
    finer = on_finer_grid(placed) if uptakes else placed
    scenes = [
        *(_Scene(tag, placed, activity) for tag, activity in images.items()),
        *(
            _Scene(tag, finer, uptake.on(finer.image.grid), uptake, too_small)
            for tag, uptake in (uptakes or {}).items()
        ),
    ]
    doses: dict[str, Dose] = {}
    tables: dict[str, list[StructureDose]] = {}
    both: dict[str, Dose] = {}
    both_rows: dict[str, list[StructureDose]] = {}
    for one, method in product(scenes, request.used_methods):
        dose = compute_dose(
            time_integrated_activity(one.activity, nuclide),
            nuclide=nuclide,
            density_g_per_ml=one.placed.density.g_per_ml,
            method=method,
            medium=request.medium,
        )
        key, prior = f"{dose.method}{one.tag}", one.placed.prior
        doses[key], tables[key] = dose, one.rows(dose)
        if prior is not None:
            both[f"{key}{TAG}"] = summed_dose(dose, prior)
            both_rows[f"{key}{TAG}"] = one.rows(both[f"{key}{TAG}"], earlier=prior)
    return doses | both, tables | both_rows


@dataclass(frozen=True, eq=False)
class _Scene:
    """An activity on a grid, its structures, and its uptake by region if known."""

    tag: str
    placed: Placed
    activity: Volume
    uptake: RegionalUptake | None = None
    left_out: Container[str] = ()

    def rows(self, dose: Dose, *, earlier: Volume | None = None) -> list[StructureDose]:
        """Dose of every structure; `earlier` is what a past session adds to it."""
        pairs = [
            (drawn, placed)
            for drawn, placed in zip(
                self.placed.named, self.placed.on_grid, strict=True
            )
            if placed.name not in self.left_out
        ]
        if self.uptake is None or dose.method != METHODS["local"]:
            structures = [placed for _, placed in pairs]
            return structure_doses(structures, dose, self.activity)
        return sharp_doses(pairs, dose, self.uptake, earlier=earlier)


def _lung_mass(read: Read, placed: Placed) -> tuple[LungMass, list[Finding]]:
    """As typed, else by the CT, else the plan's, else 1 kg."""
    typed_kg = read.given.lung_mass_kg
    if typed_kg is not None:
        return LungMass(typed_kg, "given"), []
    planned = (read.plan or {}).get("lungs")
    if planned is None or planned["mass_source"] == LungMass().source:
        return measured_lung_mass(placed.ct, placed.lungs)
    source = f"of the plan: {planned['mass_source']}"
    instead = LungMass(planned["mass_kg"], source)
    return measured_lung_mass(placed.ct, placed.lungs, instead)


def _lungs(read: Read, mass: LungMass, typed_gy: float) -> Lungs:
    """What the lungs got by their shunt, and before by the plan or as typed."""
    given = read.given
    own = read.ledger.lung_shunt_fraction
    return lungs_of(
        activity_gbq=read.ledger.delivered_gbq,
        lung_shunt_fraction=own if given.shunts_given else given.lung_shunt_fraction,
        lung_mass_kg=mass.kg,
        lung_mass_source=mass.source,
        lung_shunt_source=given.lung_shunt_source,
        prior_lung_dose_gy=lungs_before_gy(read.plan, typed_gy)
        if read.plan
        else typed_gy,
        dose_constant_gy_kg_per_gbq=given.nuclide.dose_constant_gy_kg_per_gbq,
    )
