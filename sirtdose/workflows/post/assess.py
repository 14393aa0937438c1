"""Assess a treatment: an image and the ledger to doses."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sirtdose.checks.readers import region_findings
from sirtdose.dosimetry.compare.readers import Observers
from sirtdose.dosimetry.results import Assessment, Calibrated, Dosed, Placed, Read
from sirtdose.io.archive import opened
from sirtdose.io.choose import Choice
from sirtdose.model.acceptance import Said
from sirtdose.model.finding import Finding
from sirtdose.model.request import PostRequest
from sirtdose.model.volume import Volume
from sirtdose.workflows.image.density import tissue_density
from sirtdose.workflows.image.prior_session import prior_on
from sirtdose.workflows.image.scene import ct_image, require_map
from sirtdose.workflows.image.structures import (
    placed_structures,
    with_tumors_together,
)
from sirtdose.workflows.post.activity import calibrated
from sirtdose.workflows.post.camera import by_camera
from sirtdose.workflows.post.doses import dosed
from sirtdose.workflows.post.injected import in_own_names
from sirtdose.workflows.post.inputs import files_of, provenance, read
from sirtdose.workflows.post.judge import judged
from sirtdose.workflows.post.plan_map import plan_map_on
from sirtdose.workflows.post.plan_names import require_drawn
from sirtdose.workflows.post.readers import (
    agreed_contours,
    compared,
    nameless_readers,
    news,
)
from sirtdose.workflows.post.uncertainty import uncertainty_of


def assess_dose(request: PostRequest) -> Assessment:
    """Doses to tumors, normal liver and lungs from an image after treatment.

    Raises
    ------
    InputError
        Whatever cannot be used or trusted; SafetyStop where a coded check stops
        or asks.
    """
    require_map(request.image, request.dose)
    if request.privacy.nameless:
        request = replace(request, image=nameless_readers(request.image))
    with opened(request.image.source) as source:
        request = replace(request, image=replace(request.image, source=source))
        return assessed(request, *files_of(request))


def assessed(
    request: PostRequest, choice: Choice, findings: list[Finding]
) -> Assessment:
    """The order of the stages; each has its gate, where it stops or asks."""
    said = Said(request.judge.acceptances)
    said.add(findings)
    seen = said.take(read(choice, request))
    said.gate()
    typed = replace(request, given=replace(request.given, nuclide=seen.given.nuclide))
    if seen.camera is not None:
        named = replace(request.image, camera=seen.camera.path)
        typed = replace(typed, image=named)
    dose, _ = by_camera(request.dose, seen.image, seen.camera)
    request = replace(request, dose=dose.for_nuclide(seen.given.nuclide))
    ct = said.take(_ct(choice, seen, request))
    agreed = said.take(agreed_contours(choice, request.image, seen.image.grid))
    used = choice if agreed is None else agreed.held(agreed.found.by_majority)
    of_one = agreed is not None and agreed.several_tumors
    placed = said.take(_placed(used, seen, request, ct=ct, of_one=of_one))
    said.gate()
    observers = Observers(tuple(name for name, _ in choice.readers))
    by_readers: Sequence[Finding] = ()
    if agreed is not None:
        # Masks on one lattice are large: those of two sets are never held together.
        del placed
        stage = partial(_dosed_alone, ct=ct, of_one=of_one)
        observers, by_readers = compared(agreed, seen, request, stage)
        placed, _ = _placed(used, seen, request, ct=ct, of_one=of_one)
    seen = in_own_names(seen, placed.drawn)
    activity = said.take(calibrated(seen, placed, request))
    said.gate()
    doses = said.take(dosed(seen, placed, activity, request))
    said.add(region_findings(observers.over))
    said.add(news(by_readers, said.findings))
    said.gate()
    judgment = said.take(judged(seen, placed, doses, request))
    said.gate()
    assessment = Assessment(
        request=request,
        read=seen,
        placed=placed,
        calibrated=activity,
        dosed=doses,
        judged=judgment,
        provenance=provenance(
            choice, typed, seen, moved=placed.registration is not None
        ),
        findings=said.findings,
        accepted=said.accepted,
        observers=observers if observers.readers else None,
    )
    return replace(assessment, uncertainty=uncertainty_of(assessment))


def _ct(
    choice: Choice, seen: Read, request: PostRequest
) -> tuple[Volume | None, list[Finding]]:
    return ct_image(
        choice,
        seen.image,
        named=request.image.ct is not None,
        needed="ct" in (request.dose.density, request.image.dose_grid),
    )


def _dosed_alone(
    choice: Choice,
    seen: Read,
    request: PostRequest,
    *,
    ct: Volume | None,
    of_one: bool,
) -> tuple[tuple[Placed, Calibrated, Dosed], tuple[Finding, ...]]:
    """Doses of other structures than those that results rest on, past no gate."""
    said = Said()
    placed = said.take(_placed(choice, seen, request, ct=ct, of_one=of_one))
    seen = in_own_names(seen, placed.drawn)
    activity = said.take(calibrated(seen, placed, request))
    doses = said.take(dosed(seen, placed, activity, request))
    return (placed, activity, doses), said.findings


def _placed(
    choice: Choice,
    seen: Read,
    request: PostRequest,
    *,
    ct: Volume | None,
    of_one: bool,
) -> tuple[Placed, tuple[Finding, ...]]:
    """Image, structures, densities and other doses, where doses are computed.

    What of an earlier dose, or the plan's, asks by the code of structures asks with
    them. All tumors stand together even `of_one`, where a reader has several.
    """
    said = Said()
    placed = said.take(
        placed_structures(
            choice,
            request.image,
            image=seen.image,
            ct=ct,
            nameless=request.privacy.nameless,
            may_name_readers=True,
        )
    )
    placed = with_tumors_together(placed, of_one=of_one)
    judge = request.judge
    require_drawn(judge.matches, placed.drawn)
    return replace(
        placed,
        prior=said.take(prior_on(judge.prior_dose, judge.prior_transform, placed)),
        plan_map=said.take(plan_map_on(seen.plan_map, judge.plan_transform, placed)),
        density=said.take(tissue_density(request.dose, seen.given.nuclide, placed)),
    ), said.findings
