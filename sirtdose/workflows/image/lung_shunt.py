"""Measure the lung shunt fraction on planar views or on a SPECT/CT."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.io.dicom.planar import read_planar
from sirtdose.io.hashing import sha256_of
from sirtdose.io.planar_mask import read_planar_mask
from sirtdose.model.finding import (
    Acceptance,
    Finding,
    Severity,
    acceptances_used,
    require_accepted,
)
from sirtdose.model.request import ImageRequest
from sirtdose.planning.shunt_counts import Views
from sirtdose.workflows.image.corrections import correction_findings, header_findings
from sirtdose.workflows.image.lungs import (
    LungMass,
    measured_lung_mass,
    measured_shunt,
)
from sirtdose.workflows.image.scene import activity_image, chosen, ct_image, inputs_of
from sirtdose.workflows.image.structures import placed_structures
from sirtdose.workflows.plan.scout_findings import scout_nuclide_findings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sirtdose.dosimetry.image.spect_shunt import SpectShunt
    from sirtdose.io.dicom.planar import Planar


@dataclass(frozen=True)
class SpectMeasurement:
    """A lung shunt by SPECT with everything it rests on."""

    shunt: "SpectShunt"
    lungs_covered: float
    mass: LungMass
    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]
    choices: tuple[str, ...]
    inputs: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class PlanarMeasurement:
    """Counts of both views in lungs and liver, background of equal regions beside."""

    lungs: Views
    liver: Views
    findings: tuple[Finding, ...]
    evidence: str
    pixels: dict[str, int]
    inputs: tuple[dict[str, Any], ...]


def shunt_of_spect(
    images: ImageRequest,
    *,
    margin_mm: float = 0.0,
    lung_mass_kg: float | None = None,
    acceptances: tuple[Acceptance, ...] = (),
) -> SpectMeasurement:
    """Lung shunt by an attenuation-corrected SPECT with lungs and liver drawn.

    Raises
    ------
    InputError
        Images or structures that cannot be used, no lungs or no liver; SafetyStop
        where a check stops or asks, as for a SPECT that was not corrected (H41).
    """
    with opened(images.source) as source:
        return _of_spect(
            replace(images, source=source), margin_mm, lung_mass_kg, acceptances
        )


def _of_spect(
    images: ImageRequest,
    margin_mm: float,
    lung_mass_kg: float | None,
    acceptances: tuple[Acceptance, ...],
) -> SpectMeasurement:
    findings: list[Finding] = []
    choice = chosen(images, [], findings, acceptances)
    image = activity_image(choice)
    if image.source is not None and image.source.modality != "file":
        findings += header_findings(image.source)
        findings += scout_nuclide_findings(image.source)
        findings += correction_findings(image.source, uncorrected_spect=Severity.ASK)
    require_accepted(findings, acceptances)
    ct = ct_image(choice, image, findings, named=images.ct is not None, needed=False)
    placed = placed_structures(
        choice,
        images,
        image,
        image,
        findings,
        acceptances=acceptances,
        for_doses=False,
    )
    require_accepted(findings, acceptances)
    shunt = measured_shunt(image, placed, findings, margin_mm=margin_mm)
    if shunt is None:
        needed = "lungs" if not placed.lungs else "liver"
        raise InputError(
            f"no structure has the role {needed}: draw it, or give --role NAME={needed}"
        )
    mass = (
        measured_lung_mass(ct, placed.lungs, findings)
        if lung_mass_kg is None
        else LungMass(lung_mass_kg, "given")
    )
    require_accepted(findings, acceptances)
    return SpectMeasurement(
        shunt=shunt,
        lungs_covered=placed.lungs_covered,
        mass=mass,
        findings=tuple(findings),
        accepted=acceptances_used(findings, acceptances),
        choices=choice.reasons,
        inputs=inputs_of(choice, None),
    )


def counts_of_planar(
    paths: Sequence[Path],
    *,
    lungs: Path,
    liver: Path,
    lung_background: Path | None = None,
    liver_background: Path | None = None,
    views: tuple[int, int] | None = None,
    acceptances: tuple[Acceptance, ...] = (),
) -> PlanarMeasurement:
    """Counts of lungs and liver in anterior and mirrored posterior view.

    Regions are masks over the anterior view's pixels. What lies in both counts as
    liver. A background is taken per pixel, scaled to its region.

    Parameters
    ----------
    paths : sequence of Path
        One file with both views, or one a view.
    lungs, liver, lung_background, liver_background : Path
    views : (int, int), optional
        Frames of anterior and posterior, from 1, where the header does not tell.

    Raises
    ------
    InputError
        No planar image, views that cannot be told apart, or masks that do not fit;
        SafetyStop where the regions lie as in no patient (H17).
    """
    front, back = views or (None, None)
    planar = read_planar(paths, anterior=front, posterior=back)
    shape = planar.anterior.shape
    liver_mask = read_planar_mask(liver, shape)
    drawn = read_planar_mask(lungs, shape)
    lung_mask = drawn & ~liver_mask
    if not lung_mask.any():
        raise InputError(f"{lungs.name} lies wholly inside {liver.name}")
    findings = _place_findings(planar, lung_mask, liver_mask)
    require_accepted(findings, acceptances)
    backgrounds = {
        name: None if path is None else read_planar_mask(path, shape)
        for name, path in (("lungs", lung_background), ("liver", liver_background))
    }
    for name, mask in backgrounds.items():
        if mask is not None and (mask & (lung_mask | liver_mask)).any():
            findings.append(
                Finding.of("H22", f"the background of {name} lies on lungs or liver")
            )
    shared = int((drawn & liver_mask).sum())
    if shared:
        said = f"{shared} pixels of lungs in the liver count as liver"
        findings.append(Finding.of("H23", said))
    masks = [path for path in (lungs, liver, lung_background, liver_background) if path]
    return PlanarMeasurement(
        lungs=_views(planar, lung_mask, backgrounds["lungs"]),
        liver=_views(planar, liver_mask, backgrounds["liver"]),
        findings=tuple(findings),
        evidence=planar.evidence,
        pixels={
            "lungs": int(lung_mask.sum()),
            "liver": int(liver_mask.sum()),
            "shared": shared,
        },
        inputs=tuple(
            {"file": path.name, "sha256": sha256_of([path])}
            for path in (*paths, *masks)
        ),
    )


def _views(
    planar: "Planar", mask: "NDArray[Any]", background: "NDArray[Any] | None"
) -> Views:
    counts, beside = [], []
    for view in (planar.anterior, planar.posterior):
        counts.append(float(view[mask].sum(dtype=float)))
        mean = 0.0 if background is None else float(view[background].mean(dtype=float))
        beside.append(mean * float(mask.sum()))
    return Views(counts[0], counts[1], beside[0], beside[1])


def _place_findings(
    planar: "Planar", lungs: "NDArray[Any]", liver: "NDArray[Any]"
) -> list[Finding]:
    """Lungs above the liver, the liver on the right: else masks are turned."""
    import numpy as np

    lung_row, liver_row = (np.nonzero(mask)[0].mean() for mask in (lungs, liver))
    findings = []
    if lung_row >= liver_row:
        findings.append("the lungs lie below the liver")
    rest = planar.anterior[~(lungs | liver)]
    if rest.size and planar.anterior[liver].mean() <= rest.mean():
        findings.append("the liver's region holds no more counts than what is around")
    columns = np.nonzero(liver)[1]
    if columns.mean() > (planar.anterior.shape[1] - 1) / 2:
        findings.append("the liver lies on the patient's left")
    return [
        Finding.of(
            "H17",
            f"{said}: are the masks drawn on the anterior view, rows to the feet and "
            "columns to the patient's left?",
            severity=Severity.ASK,
        )
        for said in findings
    ]
