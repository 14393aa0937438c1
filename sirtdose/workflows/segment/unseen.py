"""Show what a run found itself, where it stops as nobody has seen it (H35)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from sirtdose.errors import InputError, OutputError, SafetyStop
from sirtdose.io.archive import opened
from sirtdose.io.discover import discover
from sirtdose.model.accepted import is_candidate
from sirtdose.model.next_run import NextRun
from sirtdose.model.request import (
    DoseRequest,
    Given,
    ImageRequest,
    JudgeRequest,
    PostRequest,
)
from sirtdose.model.segmentation import Segmentation
from sirtdose.report.review.accepted import ACCEPTED_SEG, step_folder, step_folders
from sirtdose.report.review.document import REVIEW_PAGE, accept_command
from sirtdose.report.review.next_run import next_command
from sirtdose.workflows.segment.accept import drawn_files
from sirtdose.workflows.segment.request import SegmentRequest
from sirtdose.workflows.segment.review import review_into

_FOLDER = "review"
_FOUND_BY = {"perfused": "--segment-perfused", "tumors": "--segment-tumors"}


@dataclass(frozen=True)
class Unseen:
    """review.json of what was found, the folder that it is in, and what is drawn.

    `asked` is what was looked for, `drawn` the files of structures beside the image
    that it was made with, `next_run` the run that found it, without that option.
    """

    document: dict[str, Any]
    folder: Path
    asked: Segmentation
    drawn: tuple[Path, ...]
    next_run: NextRun | None


@contextmanager
def shown_if_unseen(
    request: PostRequest,
    out: Path | None,
    *,
    run: NextRun | None,
    force: bool = False,
) -> Iterator[None]:
    """Where a run stops for candidates of its own, write a review of them in out.

    `run` is what was typed; None for one of many cases, of whose folder `out` the name
    alone is told.

    Raises
    ------
    SafetyStop
        The one that stopped the run; its text ends with how to go on, or with why
        there is no review.
    """
    try:
        yield
    except SafetyStop as stop:
        if not _is_unseen(stop, request):
            raise
        try:
            said = _shown(_review_unseen(request, out, run, force=force), request)
        except (InputError, OutputError) as error:
            said = f"No review is written: {_news(error, stop)}"
        raise SafetyStop(f"{stop}\n{said}", stop.beside) from None


def _is_unseen(stop: SafetyStop, request: PostRequest) -> bool:
    """Whether a run stopped for what it found itself, among other things."""
    return bool(request.image.segmentations) and any(
        code == "H35" and is_candidate(subject) for code, subject in stop.unanswered
    )


def _news(error: Exception, stop: SafetyStop) -> str:
    """What a review was refused for, without what stopped the run as well."""
    known = str(stop).splitlines()
    lines = [one for one in str(error).splitlines() if one not in known]
    return "\n".join(lines) or "what is said above stops it, too"


def _review_unseen(
    request: PostRequest, out: Path | None, run: NextRun | None, *, force: bool
) -> Unseen:
    """Write the review that `sirtdose segment` writes of the same, to a folder in out.

    Of a perfused volume and tumors it is the perfused volume's: a review has one
    method, and tumors are looked for inside of what is accepted. What was accepted of
    an earlier review stays with it: then another folder is taken.
    """
    _require_known(request)
    if out is None:
        raise InputError("give --out to have what was found shown")
    asked = request.image.segmentations[0]
    if run is not None:
        run = _without_found(run, _FOUND_BY[asked.find])
    folder = free_folder(out)
    document = review_into(
        SegmentRequest(_as_segmented(request, asked), asked, run),
        folder,
        force=force,
        again=True,
    )
    source = request.image.source
    with opened(source) as here:
        drawn, _ = drawn_files(document, discover(here), source=source, here=here)
    return Unseen(document, folder, asked, drawn, run)


def _without_found(run: NextRun, found_by: str) -> NextRun:
    """The run on what a person accepts: it finds nothing and accepts nothing unseen."""
    kept = [one for one in run.options if one.option != found_by]
    accepted = [one for one in kept if one.option == "--accept"]
    reasons = [one for one in kept if one.option == "--reason"]
    blind = [(one.text or "").startswith("H35") for one in accepted]
    gone = [one for one, is_blind in zip(accepted, blind, strict=True) if is_blind]
    if len(reasons) == len(accepted):
        gone += [one for one, is_blind in zip(reasons, blind, strict=True) if is_blind]
    elif all(blind):
        gone += reasons
    dropped = {id(one) for one in gone}
    return replace(run, options=tuple(one for one in kept if id(one) not in dropped))


def _shown(unseen: Unseen, request: PostRequest) -> str:
    """Where the review is, and what to type when it was looked at."""
    found, folder = _FOUND_BY[unseen.asked.find], unseen.folder
    if unseen.next_run is None:
        folder = Path(folder.parent.name, folder.name)
    accepted = step_folder(folder, 1) / ACCEPTED_SEG
    lines = [
        f"What {found} found is shown in {folder / REVIEW_PAGE}, as by `sirtdose "
        "segment`. Look at it, and accept those that are right, under your name:",
        accept_command(unseen.document, str(folder)),
    ]
    if unseen.next_run is None:
        lines.append(
            f"Then add {accepted} to the structures of this case, with what is drawn, "
            f"leave {found} out, and run it again"
        )
    else:
        command = next_command(
            unseen.next_run,
            request.image.source,
            drawn=unseen.drawn,
            accepted=accepted,
        )
        lines += ["Then compute with them:", command]
    if len(request.image.segmentations) > 1:
        lines.append("Tumors are shown by that run, in the same way")
    return "\n".join(lines)


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
