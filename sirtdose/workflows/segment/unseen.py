"""A review of what `post` found in its own run, and nobody has seen yet (H35)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from sirtdose.errors import InputError, SafetyStop
from sirtdose.io.archive import opened
from sirtdose.io.discover import discover
from sirtdose.model.accepted import is_candidate
from sirtdose.model.request import (
    DoseRequest,
    Given,
    ImageRequest,
    JudgeRequest,
    PostRequest,
)
from sirtdose.model.segmentation import Segmentation
from sirtdose.report.review.accepted import step_folders
from sirtdose.workflows.segment.accept import drawn_files
from sirtdose.workflows.segment.request import SegmentRequest
from sirtdose.workflows.segment.review import review_into

_FOLDER = "review"


@dataclass(frozen=True)
class Unseen:
    """review.json of what was found, the folder that it is in, and what is drawn.

    `asked` is what was looked for, `drawn` the files of structures beside the image
    that it was made with.
    """

    document: dict[str, Any]
    folder: Path
    asked: Segmentation
    drawn: tuple[Path, ...]


def is_unseen(stop: SafetyStop, request: PostRequest) -> bool:
    """Whether a run stopped for what it found itself, among other things."""
    return bool(request.image.segmentations) and any(
        code == "H35" and is_candidate(subject) for code, subject in stop.unanswered
    )


def review_unseen(request: PostRequest, out: Path, *, force: bool = False) -> Unseen:
    """Write the review that `sirtdose segment` writes of the same, to a folder in out.

    Of a perfused volume and tumors it is the perfused volume's: a review has one
    method, and tumors are looked for inside of what is accepted. What was accepted of
    an earlier review stays with it: then another folder is taken.

    Raises
    ------
    InputError
        `sirtdose segment` knows no such run, or refuses it.
    OutputError
        There is a review already, or it could not be written.
    """
    _require_known(request)
    asked = request.image.segmentations[0]
    folder = free_folder(out)
    document = review_into(
        SegmentRequest(_as_segmented(request, asked), asked), folder, force=force
    )
    source = request.image.source
    with opened(source) as here:
        drawn, _ = drawn_files(document, discover(here), source=source, here=here)
    return Unseen(document, folder, asked, drawn)


def _require_known(request: PostRequest) -> None:
    """Refuse what only `post` can do to image and structures, or to names."""
    image = request.image
    given: Sequence[tuple[object, str]] = (
        (image.registration, "--registration"),
        (image.image_shift_mm, "--image-shift"),
    )
    for value, option in given:
        if value is not None:
            raise InputError(f"`sirtdose segment` has no {option}")
    if request.privacy.nameless:
        raise InputError(
            "nobody could accept a de-identified one; a run without --deidentify "
            "writes one"
        )


def free_folder(out: Path) -> Path:
    """The first one that nothing was accepted in."""
    folders = (out / f"{_FOLDER}{f'-{n}' * (n > 1)}" for n in count(1))
    return next(one for one in folders if not step_folders(one))


def _as_segmented(request: PostRequest, asked: Segmentation) -> PostRequest:
    """The request as the options of `sirtdose segment` would give it."""
    image, judge = request.image, request.judge
    with_doses = _has_doses(request, asked)
    return PostRequest(
        replace(
            image,
            segment_perfused=None,
            segment_tumors=None,
            dose_grid=ImageRequest.dose_grid,
            positron_fraction_was=None,
            camera=None,
            cameras=(),
        ),
        _given(request.given, with_doses=with_doses),
        _dose(request.dose) if with_doses else DoseRequest(),
        JudgeRequest(
            device=judge.device,
            acceptances=judge.acceptances,
            self_test=judge.self_test,
            site=judge.site,
        ),
        request.privacy,
    )


def _has_doses(request: PostRequest, asked: Segmentation) -> bool:
    """Whether `sirtdose segment` knows such an activity; else it compares counts."""
    given, dose = request.given, request.dose
    by_file = dose.calibration == "camera" and dose.cps_per_mbq is None
    undrawn = asked.find == "perfused" and dose.calibrate_over == "perfused"
    untold = (
        given.residual_gbq,
        given.injections,
        dose.dead_time != "none",
        dose.live_fraction,
        dose.shown_over_true,
        request.image.positron_fraction_was,
    )
    return given.administered_gbq is not None and not (
        by_file or undrawn or any(untold)
    )


def _given(given: Given, *, with_doses: bool) -> Given:
    plain = Given(
        given.nuclide, nuclide_given=given.nuclide_given, timezone=given.timezone
    )
    if not with_doses:
        return plain
    return replace(
        plain,
        administered_gbq=given.administered_gbq,
        calibrator_factor=given.calibrator_factor,
        lung_shunt_fraction=given.lung_shunt_fraction,
        administered_at=given.administered_at,
        scan_at=given.scan_at,
    )


def _dose(dose: DoseRequest) -> DoseRequest:
    return DoseRequest(
        calibration=dose.calibration,
        cps_per_mbq=dose.cps_per_mbq,
        calibrate_over=dose.calibrate_over,
        scan_duration_h=dose.scan_duration_h,
    )
