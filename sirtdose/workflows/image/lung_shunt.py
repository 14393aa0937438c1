"""Measure the lung shunt fraction on planar views or on a SPECT/CT."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sirtdose.checks.constants import own_file_findings
from sirtdose.checks.header import correction_findings, header_findings
from sirtdose.checks.lung_images import weighed_findings
from sirtdose.checks.lungs import planar_findings, shown_shunt_findings
from sirtdose.checks.nuclide import not_understood
from sirtdose.checks.planar import place_findings, region_findings
from sirtdose.checks.scout import scout_nuclide_findings, unstated_tracer_findings
from sirtdose.dosimetry.image.spect_shunt import SpectShunt
from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.io.dicom.planar import Planar, read_planar, read_planar_mask
from sirtdose.io.hashing import sha256_of
from sirtdose.model.acceptance import Acceptance, Said, require_accepted
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import ImageRequest
from sirtdose.model.volume import Source
from sirtdose.planning.shunt_counts import Views, planar_lung_shunt
from sirtdose.workflows.image.lungs import (
    LungMass,
    measured_lung_mass,
    measured_shunt,
)
from sirtdose.workflows.image.scene import activity_image, chosen, ct_image, inputs_of
from sirtdose.workflows.image.structures import placed_structures


@dataclass(frozen=True)
class SpectMeasurement:
    """A lung shunt by SPECT with everything it rests on."""

    shunt: SpectShunt
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
    nuclide: Nuclide | None = None,
) -> SpectMeasurement:
    """Lung shunt by an attenuation-corrected SPECT with lungs and liver drawn.

    The image may be of a few particles of the treatment's own `nuclide`.

    Raises
    ------
    InputError
        Images or structures that cannot be used, no lungs or no liver; SafetyStop
        where a check stops or asks, as for a SPECT that was not corrected (H41).
    """
    said = Said(acceptances)
    with opened(images.source) as folder:
        images = replace(images, source=folder)
        choice = said.take(chosen(images, ()))
        image = activity_image(choice, nuclide=nuclide)
        said.add(_image_findings(image.source, nuclide))
        said.gate()
        ct = said.take(
            ct_image(choice, image, named=images.ct is not None, needed=False)
        )
        placed = said.take(
            placed_structures(choice, images, image=image, ct=ct, for_doses=False)
        )
        said.gate()
        inputs = inputs_of(choice, None)
    shunt = said.take(measured_shunt(placed, margin_mm=margin_mm))
    if shunt is None:
        needed = "lungs" if not placed.lungs else "liver"
        raise InputError(
            f"no structure has the role {needed}: draw it, or give --role NAME={needed}"
        )
    mass = (
        said.take(measured_lung_mass(ct, placed.lungs))
        if lung_mass_kg is None
        else LungMass(lung_mass_kg, "given")
    )
    said.add(shown_shunt_findings(shunt.fraction))
    said.add(own_file_findings(nuclide) if nuclide else [])
    said.add(weighed_findings(mass.kg, mass.source))
    said.gate()
    return SpectMeasurement(
        shunt=shunt,
        lungs_covered=placed.lungs_covered,
        mass=mass,
        findings=said.findings,
        accepted=said.accepted,
        choices=choice.reasons,
        inputs=inputs,
    )


def _image_findings(source: Source | None, nuclide: Nuclide | None) -> list[Finding]:
    """What the image's header says; a SPECT that was not corrected asks (H41)."""
    unstated = unstated_tracer_findings(source)
    if source is None or source.modality == "file":
        return [*unstated, *header_findings(source=source)]
    return [
        *unstated,
        *header_findings(source=source),
        *not_understood(source, "a scout's nuclide", nuclide),
        *scout_nuclide_findings(source=source, own=nuclide),
        *correction_findings(source=source, uncorrected_spect=Severity.ASK),
    ]


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
        raise InputError(
            f"{lungs.name} lies completely inside {liver.name}: check their contours"
        )
    findings = place_findings(planar.anterior, lung_mask, liver_mask)
    require_accepted(findings, acceptances)
    backgrounds = {
        name: None if path is None else read_planar_mask(path, shape)
        for name, path in (("lungs", lung_background), ("liver", liver_background))
    }
    shared = int((drawn & liver_mask).sum())
    on_organs = [
        name
        for name, mask in backgrounds.items()
        if mask is not None and (mask & (lung_mask | liver_mask)).any()
    ]
    findings += region_findings(on_organs=on_organs, shared_pixels=shared)
    counts = {
        "lungs": _views(planar, lung_mask, backgrounds["lungs"]),
        "liver": _views(planar, liver_mask, backgrounds["liver"]),
    }
    findings += judged_counts(**counts, acceptances=acceptances)
    masks = [path for path in (lungs, liver, lung_background, liver_background) if path]
    return PlanarMeasurement(
        **counts,
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


def judged_counts(
    *, lungs: Views, liver: Views, acceptances: Sequence[Acceptance] = ()
) -> list[Finding]:
    """What is to be said of the shunt that planar counts give.

    Raises
    ------
    SafetyStop
        A shunt of no patient: over 80 %, or over half and not accepted.
    """
    findings = planar_findings(
        planar_lung_shunt(lungs=lungs, liver=liver),
        background=any((lungs.anterior_background, lungs.posterior_background)),
    )
    require_accepted(findings, acceptances)
    return findings


def _views(
    planar: Planar, mask: NDArray[Any], background: NDArray[Any] | None
) -> Views:
    counts, beside = [], []
    for view in (planar.anterior, planar.posterior):
        counts.append(float(view[mask].sum(dtype=float)))
        mean = 0.0 if background is None else float(view[background].mean(dtype=float))
        beside.append(mean * float(mask.sum()))
    return Views(counts[0], counts[1], beside[0], beside[1])
