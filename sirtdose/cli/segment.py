"""`sirtdose segment`: candidates to look at, before anything is computed from them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.post.arguments import site_key
from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import image_request, reading_options
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    acceptance_options,
    by_option,
    calibrator_factor_option,
    force_option,
    json_option,
    lung_shunt_option,
    out_option,
    physics_options,
    timezone_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import (
    QuantityType,
    acceptances_of,
    moment,
    nuclide_of,
    nuclide_typed,
    point_of,
)
from sirtdose.cli.words.remembering import Remembering, next_run
from sirtdose.cli.words.self_test import self_test
from sirtdose.cli.words.show import print_document
from sirtdose.cli.words.typed import option_table, options_about, site_used
from sirtdose.model.request import (
    DoseRequest,
    Given,
    JudgeRequest,
    PostRequest,
    Privacy,
)
from sirtdose.model.segmentation import METHODS, Segmentation
from sirtdose.model.units import ACTIVITY, CAMERA_FACTOR, DURATION, FRACTION

if TYPE_CHECKING:
    from sirtdose.model.next_run import NextRun
    from sirtdose.workflows.segment.request import SegmentRequest

# Of the search, whose names mean something else to `post`.
_OF_SEARCH = ("method", "find", "fraction", "seed")
# Of doses: without an activity they would change nothing.
_OF_DOSES = (
    *("administered_at", "lung_shunt", "scan_at", "scan_duration"),
    "calibrate_over",
)


@command("segment", cls=Remembering)
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER_OR_FILE")
@Option(
    "method",
    METHODS,
    "How candidates are found. fixed-fraction: above a part of the maximum. adaptive: "
    "above each tumor's own surroundings. gradient: where uptake falls most steeply. "
    "region-growing: from --seed. liver: on the CT by TotalSegmentator, if installed.",
    default="fixed-fraction",
)
@Option(
    "find",
    ("tumors", "perfused"),
    "What the image is searched for: tumors, inside liver or perfused volume if one "
    "is drawn, or the perfused volume.",
    default="tumors",
)
@Option(
    "fraction",
    FRACTION,
    "Threshold as a fraction of the maximum; with adaptive, of what stands out of the "
    "background.  [default: 41%; adaptive 50%, a perfused volume 15%]",
)
@Option(
    "seed",
    str,
    "Point in a lesion from which a region grows, in mm of the patient: x to the left, "
    "y to the back, z to the head, e.g. -42,12,1031; may be repeated.",
    many=True,
    metavar="X,Y,Z",
    into="seeds",
)
@reading_options
@Option(
    "header-nuclide-was",
    str,
    "Nuclide that was set on the PET scanner by mistake, e.g. F-18: its decay "
    "correction is undone.",
    metavar="NUCLIDE",
)
@Option(
    "administered",
    ACTIVITY,
    "Administered activity: the review then shows doses with and without each "
    "candidate, e.g. 1.68GBq.",
)
@Option(
    "administered-at",
    str,
    "Time of administration, e.g. 2026-03-01T10:30+01:00.",
    metavar="TIME",
)
@Option("scan-at", str, "Start of the scan, if the header's is wrong.", metavar="TIME")
@Option(
    "scan-duration",
    DURATION,
    "Duration of the scan, for a camera factor in --calibration, e.g. 20min.",
)
@timezone_option
@calibrator_factor_option
@lung_shunt_option
@Option(
    "calibration",
    QuantityType(CAMERA_FACTOR, "administered", "image"),
    "How counts become activity: by the administered activity, by the image's own "
    "Bq/mL, or by a camera factor.",
    default="administered",
    metavar="administered|image|FACTOR",
)
@Option(
    "calibrate-over",
    ("fov", "liver", "perfused"),
    "Region over which the administered activity is shared.  [default: perfused volume "
    "if drawn, then liver, then field of view]",
)
@physics_options
@acceptance_options
@by_option
@out_option(required=True)
@Option("deidentify", bool, "Remove patient identifiers, UIDs and dates.")
@Option(
    "site-key",
    Path,
    "File with a secret that gives a patient the same pseudonym in every run; for "
    "--deidentify.",
    metavar="FILE",
)
@force_option
@verbose_option
@json_option
def segment_command(
    *, source: Path, out: Path, force: bool, as_json: bool, **options: Any
) -> None:
    """Find tumors, the perfused volume or the liver, and show them to be accepted.

    FOLDER_OR_FILE is searched for the activity image, the CT and structures that are
    drawn already. Writes candidates.dcm (SEG), planes/, review.html and review.json.
    Nothing is used for doses until `sirtdose accept` has a name under it.

    Example: sirtdose segment scans/ --out review

    Example: sirtdose segment scans/ --method adaptive --administered 1.68GBq
    --lung-shunt 4.2% --out review
    """
    from sirtdose.report.review.document import REVIEW_FILES, review_screen
    from sirtdose.workflows.segment.review import review_into

    document = review_into(_request(source, options), out, force=force)
    print_document(
        document,
        review_screen(document, str(out)),
        names=REVIEW_FILES,
        out=out,
        as_json=as_json,
    )


def _request(source: Path, options: dict[str, Any]) -> "SegmentRequest":
    from sirtdose.workflows.segment.request import SegmentRequest

    _require_no_idle(options)
    zone, how = options["timezone"], options["calibration"]
    nuclide, _ = nuclide_of(options)
    given = Given(
        nuclide,
        nuclide_given=nuclide_typed(options),
        administered_gbq=options["administered"],
        calibrator_factor=options["calibrator_factor"],
        lung_shunt_fraction=options["lung_shunt"],
        timezone=zone,
        administered_at=moment(options["administered_at"], "--administered-at", zone),
        scan_at=moment(options["scan_at"], "--scan-at", zone),
    )
    dose = DoseRequest(
        calibration=how if isinstance(how, str) else "camera",
        cps_per_mbq=None if isinstance(how, str) else how,
        calibrate_over=options["calibrate_over"],
        scan_duration_h=options["scan_duration"],
    )
    judge = JudgeRequest(
        device=options["device"],
        acceptances=acceptances_of(options),
        self_test=self_test(),
        site=site_used(),
    )
    image = replace(image_request(source, options), cameras=())
    privacy = Privacy(site_key=site_key(options))
    return SegmentRequest(
        PostRequest(image, given, dose, judge, privacy), _asked(options), _next_run()
    )


def _next_run() -> "NextRun":
    """Doses of the same case: what is typed of it, but for what finds candidates."""
    command = click.get_current_context().command
    other = set(option_table(command)).difference(options_about(command, "case"))
    return next_run("post", without={*other, *_OF_SEARCH})


def _asked(options: dict[str, Any]) -> Segmentation:
    return Segmentation(
        options["method"],
        options["find"],
        options["fraction"],
        tuple(point_of(text, "--seed") for text in options["seeds"]),
    )


def _require_no_idle(options: dict[str, Any]) -> None:
    """An option that would change nothing was meant to change something."""
    method, seeds = options["method"], options["seeds"]
    if seeds and method != "region-growing":
        raise click.UsageError("--seed is for --method region-growing: give both")
    if method == "region-growing" and not seeds:
        raise click.UsageError(
            "--method region-growing needs a point in a lesion: give --seed X,Y,Z"
        )
    perfused = options["find"] == "perfused"
    if perfused and len(seeds) > 1:
        raise click.UsageError("a perfused volume grows from one --seed")
    if method == "liver" and perfused:
        raise click.UsageError(
            "--method liver finds the liver: leave --find perfused out"
        )
    by_fraction = method in ("fixed-fraction", "region-growing") or (
        method == "adaptive" and not perfused
    )
    if options["fraction"] is not None and not by_fraction:
        raise click.UsageError(
            f"--method {method} has no threshold to choose: leave --fraction out"
        )
    if options["administered"] is None:
        idle = [one for one in _OF_DOSES if options[one] is not None]
        idle += ["calibration"] if options["calibration"] != "administered" else []
        idle += ["calibrator_factor"] if options["calibrator_factor"] != 1 else []
        # What the site's file gives for doses is left aside.
        site = site_used()
        idle = [one for one in idle if site is None or one not in site.options]
        if idle:
            raise click.UsageError(
                f"--{idle[0].replace('_', '-')} is for doses: give --administered too"
            )
