"""A scout image without its blur, on request, and what it was with it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sirtdose.checks.image import small_tumor_findings
from sirtdose.dosimetry.image.activity import Calibration, total_in
from sirtdose.dosimetry.image.blur_loss import sphere_mm
from sirtdose.dosimetry.image.partial_volume import PartialVolume
from sirtdose.dosimetry.results import AsSeen, Placed
from sirtdose.errors import InputError
from sirtdose.model.finding import Finding
from sirtdose.model.metric import MEAN
from sirtdose.model.request import DoseRequest
from sirtdose.model.volume import Volume
from sirtdose.planning.partition_goal import ImagedInjection
from sirtdose.planning.terms import Terms
from sirtdose.workflows.image.camera import with_blur_of
from sirtdose.workflows.image.grid import on_finer_grid
from sirtdose.workflows.image.partial_volume import partial_volume
from sirtdose.workflows.plan.imaged_case import (
    Read,
    imaged_case,
    measured_parts,
    parts_of,
    perfusions_of,
)
from sirtdose.workflows.plan.imaged_dose import scouted_by

_TOO_LOW = (
    "T/N and dose are underestimated, and a tumor dose as goal leads to too much "
    "activity"
)

_BY_WIDTH = "T/N and dose are corrected, and depend on the FWHM and the contours"


def without_blur(read: Read, request: DoseRequest) -> tuple[Read, list[Finding]]:
    """The scout with its blur undone, where that was asked for.

    Raises
    ------
    InputError
        Another method than local deposition, or a tumor that is smaller than the blur.
    """
    if request.pvc is None:
        return read, []
    asked, request = request, with_blur_of(request, read.camera)
    if request.used_methods != ("local",):
        raise InputError(
            "--psf corrects doses by local deposition: give --method local, or leave "
            "--psf out"
        )
    result, findings = partial_volume(
        read.own, read.placed, _by_liver(read.placed), request=request
    )
    assert result is not None
    assert result.undone is not None
    _require_large(result.unreliable, max(result.fwhm_mm or (0.0,)), read)
    uptake = result.undone.uptake
    finer = on_finer_grid(read.placed)
    image = uptake.on(finer.image.grid)
    if not image.quantity.adds_up:
        # Counts are per voxel of the image, whatever voxels the map has.
        smaller = image.grid.voxel_volume_ml / uptake.image.grid.voxel_volume_ml
        image = image.with_data(image.data * smaller)
    placed = replace(finer, image=image)
    return replace(
        read,
        placed=placed,
        uptake=uptake,
        blur=result,
        by_camera=asked != request,
    ), findings


def require_histograms(
    injections: Sequence[ImagedInjection], request: DoseRequest
) -> None:
    """Refuse a D or V as goal where each tumor has one concentration.

    Raises
    ------
    InputError
        Names the goal.
    """
    aims = [aim for one in injections for aim in one.aims if aim.metric != MEAN]
    if request.pvc == "gtm" and aims:
        raise InputError(
            f"--pvc gtm gives each tumor one dose, so the goal {aims[0].words} cannot "
            "be judged: give --pvc iterative-yang, or plan a mean"
        )


def as_seen(
    injections: Sequence[ImagedInjection],
    seen: Read,
    terms: Terms,
    activities: Sequence[float],
) -> tuple[AsSeen, ...]:
    """Counts, T/N and doses by the image with its blur, of the planned activities."""
    perfusions = perfusions_of(injections, seen.placed, seen.volume, terms)
    scouted = scouted_by(
        DoseRequest(),
        terms.nuclide,
        seen,
        perfusions=perfusions,
        parts=parts_of(perfusions, seen.placed),
    )
    case = imaged_case(injections, scouted, terms)
    doses = {one.name: one.dose_gy(activities) for one in case.regions}
    return tuple(
        AsSeen(
            name=one.structure.name,
            counts=one.counts,
            ratios=one.ratios,
            dose_gy=doses.get(one.structure.name),
        )
        for one in measured_parts(scouted, seen.placed)
    )


def blur_words(blur: PartialVolume) -> str:
    """How an image's blur was undone, in a few words."""
    widths = " x ".join(f"{width:.4g}" for width in blur.fwhm_mm or ())
    return f"undone by {blur.method.replace('_', ' ')}, {widths} mm FWHM"


def _by_liver(placed: Placed) -> Callable[[Volume], Calibration]:
    """Counts as parts of what is in the liver: a plan shares out what is injected."""
    region = placed.regions.get("perfused") or placed.regions.get("liver")

    def shares(image: Volume) -> Calibration:
        return Calibration("shares", "liver", "counts", 1 / total_in(image, region))

    return shares


def _require_large(names: Sequence[str], fwhm_mm: float, read: Read) -> None:
    small = [one for one in read.placed.drawn if one.name in names]
    if not small:
        return
    each = ", ".join(
        f"'{one.name}' ({sphere_mm(one.volume_ml):.0f} mm)" for one in small
    )
    raise InputError(
        f"{each}: smaller than the FWHM of {fwhm_mm:g} mm, so the blur there cannot be "
        f"corrected: leave --psf out, or plan without it, --role "
        f"'{small[0].name}=other'"
    )


def small_tumors(read: Read) -> list[Finding]:
    """Tumors that blur hides, or whose correction rests on the width that was given."""
    source = read.own.source
    return small_tumor_findings(
        drawn=read.placed.drawn,
        consequence=_TOO_LOW if read.blur is None else _BY_WIDTH,
        # A file says nothing: a scout is as a rule a SPECT.
        modality="PT" if source and source.modality == "PT" else "NM",
        psf_mm=None if read.blur is None else read.blur.fwhm_mm,
        by_camera=read.by_camera,
    )
