"""Find candidates on one patient's image, and what accepting each would change."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sirtdose.checks.candidates import doubled_findings, size_findings
from sirtdose.checks.header import header_findings
from sirtdose.checks.kept_names import kept_name_findings
from sirtdose.dosimetry.derived import with_role
from sirtdose.dosimetry.engine.dose import Dose, compute_dose
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.image.accepting import changes
from sirtdose.dosimetry.image.activity import (
    Calibration,
    activity_at_administration,
    time_integrated_activity,
)
from sirtdose.dosimetry.image.calibrate import calibrate
from sirtdose.dosimetry.image.candidate_facts import place_of, uptake_in
from sirtdose.dosimetry.image.segmentation import Candidate, candidates
from sirtdose.dosimetry.results import Placed, Read
from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.io.choose import Choice
from sirtdose.io.dicom.link import read_link
from sirtdose.io.found import Kind
from sirtdose.io.totalsegmentator import liver_on, require_totalsegmentator
from sirtdose.model.acceptance import Said
from sirtdose.model.accepted import CANDIDATE
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Ledger
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.request import PostRequest
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML
from sirtdose.model.volume import Volume
from sirtdose.report.review.review import Review, Reviewed
from sirtdose.workflows.image.scene import chosen, ct_image
from sirtdose.workflows.image.structures import placed_structures, searched_in
from sirtdose.workflows.post.activity import calibration_asked
from sirtdose.workflows.post.inputs import (
    all_inputs,
    named_files,
    options_of,
    read_given,
    read_image,
)
from sirtdose.workflows.post.kept_names import file_names, people_of
from sirtdose.workflows.post.ledger import require_times
from sirtdose.workflows.segment.request import SegmentRequest

# Of the options of `post`: what a review rests on.
_OPTIONS = (
    *("image", "ct", "structures", "roles", "languages", "probability_threshold"),
    *("header_nuclide_was", "nuclide", "nuclide_given", "administered_gbq"),
    *("administered_at", "scan_at", "timezone", "lung_shunt_fraction"),
    *("calibration", "calibrate_over", "cps_per_mbq", "scan_duration_h", "device"),
    "calibrator_factor",
)


def review_of(request: SegmentRequest, *, kept_as: str = "") -> Review:
    """The order of the steps: files, image, structures, candidates, their doses.

    `kept_as` is the name of the folder that a de-identified review will be in.

    Raises
    ------
    InputError
        Whatever cannot be used; SafetyStop where a check stops or asks.
    StructureError
        Nothing is found.
    """
    if request.asked.method == "liver":
        require_totalsegmentator()
    given = request.post.image.source
    with opened(given) as source:
        here = replace(request.post, image=replace(request.post.image, source=source))
        found = _reviewed(replace(request, post=here), kept_as=kept_as)
    return replace(found, source=given)


def _reviewed(request: SegmentRequest, *, kept_as: str) -> Review:
    post, asked = request.post, request.asked
    said = Said(post.judge.acceptances)
    named = named_files(post)
    choice = said.take(chosen(post.image, named.values(), undrawn=True))
    _require_dicom(choice)
    image, seen = said.take(_image(choice, request))
    by_ct = asked.method == "liver"
    ct = said.take(
        ct_image(choice, image, named=post.image.ct is not None, needed=by_ct)
    )
    said.gate()
    placed = said.take(_placed(choice, post, image, ct))
    said.gate()
    found, searched = _found(request, choice, placed, image)
    on_image = [occupancy_on(one.structure, image.grid) for one in found]
    said.add(size_findings([one.structure for one in found]))
    said.add(doubled_findings(on_image, placed.on_grid))
    calibration, dose = _dose(seen, placed, post)
    said.add(_name_findings(choice, post, placed, kept_as))
    said.gate()
    link = _link(choice, image, ct if by_ct else None)
    key = post.privacy.site_key
    every = options_of(post)
    return Review(
        asked=asked,
        image=image,
        ct=ct,
        lattice=image.grid if not by_ct or ct is None else ct.grid,
        drawn=placed.on_grid,
        searched=searched,
        candidates=tuple(
            _with_facts(one, on, placed=placed, seen=seen, dose=dose, post=post)
            for one, on in zip(found, on_image, strict=True)
        ),
        all_changes=tuple(
            changes(
                _drawn(placed),
                on_image,
                image,
                dose,
                scale=_scale(seen, placed, post, on_image),
            )
        ),
        read=seen,
        calibration=calibration,
        dose=dose,
        link=link if key is None else link.deidentified(key),
        nameless=key is not None,
        source=post.image.source,
        file_names={} if key is None else file_names(choice, named),
        self_test=post.judge.self_test,
        choices=choice.reasons,
        inputs=all_inputs(choice, named, None),
        options={name: every[name] for name in _OPTIONS if name in every},
        next_run=request.next_run,
        findings=said.findings,
        accepted=said.accepted,
    )


def _require_dicom(choice: Choice) -> None:
    if choice.image.kind not in (Kind.SPECT, Kind.PET):
        raise InputError(
            f"{choice.image.label} is not DICOM: candidates are written as a SEG, "
            "which names the patient and the frame of reference of its image, and who "
            "accepted them. Give the DICOM image, or draw the tumors; `sirtdose post "
            "--segment-tumors` finds them inside the liver in the dose's own run, and "
            "shows none of them first"
        )


def _image(
    choice: Choice, request: SegmentRequest
) -> tuple[tuple[Volume, Read | None], Sequence[Finding]]:
    """The image; with what was given when, where an activity was."""
    post, said = request.post, Said()
    if not request.gives_activity:
        image, _ = read_image(choice, post, said)
        said.add(header_findings(source=image.source))
        return (image, None), said.findings
    image, given, times, _ = read_given(choice, post, said)
    ledger = Ledger(
        given.administered_gbq or 0.0,
        lung_shunt_fraction=given.lung_shunt_fraction or 0.0,
    )
    return (image, Read(given, image, ledger, times)), said.findings


def _placed(
    choice: Choice, post: PostRequest, image: Volume, ct: Volume | None
) -> tuple[Placed, list[Finding]]:
    """The structures that are drawn already, on the image; none is fine."""
    if choice.structures:
        return placed_structures(
            choice,
            post.image,
            image=image,
            ct=ct,
            for_doses=False,
            nameless=post.privacy.nameless,
        )
    return Placed(
        image=image,
        on_grid=(),
        named=(),
        regions={},
        drawn=(),
        lungs=(),
        lungs_covered=0.0,
        ct=ct,
    ), []


def _found(
    request: SegmentRequest, choice: Choice, placed: Placed, image: Volume
) -> tuple[list[Candidate], Structure | None]:
    """The candidates, and what they were looked for in."""
    asked = request.asked
    taken = [one.name for one in placed.named]
    if asked.method == "liver":
        if choice.ct is None:
            raise InputError("--method liver needs a CT: give one with --ct")
        _require_no_liver(placed)
        found = liver_on(choice.ct.paths)
        named = replace(found, name=f"Liver {CANDIDATE}", definition="TotalSegmentator")
        return [Candidate(named.cropped(), None, None)], None
    within = None
    if asked.find == "tumors":
        within = searched_in(placed.named, image)
    return candidates(image, within, asked, taken=taken), within


def _require_no_liver(placed: Placed) -> None:
    there = with_role(placed.named, Role.LIVER)
    if there:
        raise InputError(
            f"a liver is drawn already ('{there[0].name}'), and `sirtdose post` takes "
            "one: leave --method liver out, or name with --structures files without it"
        )


def _dose(
    seen: Read | None, placed: Placed, post: PostRequest
) -> tuple[Calibration | None, Dose | None]:
    """One dose map by local deposition, where an activity was given."""
    if seen is None:
        return None, None
    used = _calibration(seen, placed, post, placed.regions)
    nuclide = seen.given.nuclide
    activity = activity_at_administration(placed.image, used)
    dose = compute_dose(
        time_integrated_activity(activity, nuclide),
        nuclide=nuclide,
        density_g_per_ml=LIVER_DENSITY_G_PER_ML,
    )
    return used, dose


def _calibration(
    seen: Read, placed: Placed, post: PostRequest, regions: Mapping[str, Structure]
) -> Calibration:
    """How counts become activity, shared over regions where that is asked for."""
    dose, source = post.dose, placed.image.source
    elapsed_h = seen.times.elapsed_h
    require_times(dose.calibration, seen.given, source=source, elapsed_h=elapsed_h)
    return calibrate(
        placed.image,
        regions,
        request=calibration_asked(seen.given, dose, elapsed_h),
        ledger=seen.ledger,
        nuclide=seen.given.nuclide,
        lungs_covered=placed.lungs_covered,
    ).used


def _drawn(placed: Placed) -> list[Structure]:
    """What was drawn, on the image's grid, without what is derived from it."""
    derived = (Role.NORMAL_PERFUSED, Role.NORMAL_WHOLE)
    return [one for one in placed.on_grid if one.role not in derived]


def _with_facts(
    one: Candidate,
    on_image: Structure,
    *,
    placed: Placed,
    seen: Read | None,
    dose: Dose | None,
    post: PostRequest,
) -> Reviewed:
    drawn = _drawn(placed)
    scale = _scale(seen, placed, post, [on_image])
    return Reviewed(
        one.number,
        one,
        on_image,
        place_of(on_image, drawn),
        uptake_in(on_image, placed.image),
        tuple(changes(drawn, [on_image], placed.image, dose, scale=scale)),
        scale,
    )


def _scale(
    seen: Read | None,
    placed: Placed,
    post: PostRequest,
    accepted: Sequence[Structure],
) -> float:
    """By how much all doses change where activity is shared over what is accepted."""
    regions = dict(placed.regions)
    shared = [one for one in accepted if one.role in (Role.PERFUSED, Role.LIVER)]
    if seen is None or not shared:
        return 1.0
    for one in shared:
        there = regions.get(str(one.role))
        regions[str(one.role)] = one if there is None else there | one
    now, then = (
        _calibration(seen, placed, post, each).bq_per_unit
        for each in (placed.regions, regions)
    )
    return then / now


def _link(choice: Choice, image: Volume, ct: Volume | None) -> PatientLink:
    """Whose the candidates are, and of which files: the image's, or the CT's."""
    by_ct = ct is not None and choice.ct is not None
    paths = choice.ct.paths if by_ct and choice.ct else choice.image.paths
    grid = ct.grid if by_ct and ct else image.grid
    return read_link(paths, grid.frame_of_reference_uid)


def _name_findings(
    choice: Choice, post: PostRequest, placed: Placed, kept_as: str
) -> list[Finding]:
    """Names that a de-identified review would keep (H33)."""
    if not post.privacy.nameless:
        return []
    texts: list[Any] = [("structure names", one.name) for one in _drawn(placed)]
    texts += [("reasons of --accept", one.reason) for one in post.judge.acceptances]
    texts += [("the folder's name", kept_as)] if kept_as else []
    return kept_name_findings(texts, people_of(choice, []))
