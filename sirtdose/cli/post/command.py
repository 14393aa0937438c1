"""`sirtdose post`: what dose was given."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.post.arguments import (
    injections_of,
    require_no_idle,
    require_times,
    site_key,
)
from sirtdose.cli.post.bare import require_bare, show_scan
from sirtdose.cli.post.files import file_options, wanted_of
from sirtdose.cli.words.blur import CORRECTIONS, CURVE, blur_options, partial_volume
from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import (
    dose_options,
    dose_request,
    image_request,
    reading_options,
    registration_options,
    segmentation_options,
)
from sirtdose.cli.words.injections import injection_option
from sirtdose.cli.words.metrics import metric_options, metrics_of
from sirtdose.cli.words.option import FileOrText, Option
from sirtdose.cli.words.options import (
    acceptance_options,
    assay_options,
    budget_options,
    calibrator_factor_option,
    force_option,
    json_option,
    lung_mass_option,
    lung_options,
    lung_shunt_option,
    match_option,
    out_option,
    patient_key_option,
    physics_options,
    plan_option,
    residual_method_option,
    timezone_option,
    uncertainty_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import (
    QuantityType,
    acceptances_of,
    matches_of,
    moment,
    nuclide_of,
    nuclide_typed,
)
from sirtdose.cli.words.remembering import Remembering, next_run, request_typed
from sirtdose.cli.words.self_test import self_test
from sirtdose.cli.words.show import print_document
from sirtdose.cli.words.typed import site_used
from sirtdose.model.request import (
    DoseRequest,
    Given,
    JudgeRequest,
    PostRequest,
    Privacy,
)
from sirtdose.model.units import ACTIVITY, CAMERA_FACTOR, DURATION, FRACTION
from sirtdose.model.usual import LUNG_MASS_KG
from sirtdose.report.post.lines import post_screen


@command("post", cls=Remembering)
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER_OR_FILE")
@reading_options
@Option(
    "no-structures",
    bool,
    "Read a QA scan or phantom without structures: total activity, unit, times and "
    "nuclide, and no doses. Writes scan.json, scan.html and run.json.",
    about="results",
)
@registration_options
@segmentation_options
@Option(
    "administered",
    ACTIVITY,
    "Administered activity at the time of administration, e.g. '1.68 GBq'.",
)
@injection_option("post")
@assay_options
@Option(
    "administered-at",
    str,
    "Time of administration, e.g. 2026-03-01T10:30+01:00.",
    metavar="TIME",
)
@Option(
    "residual",
    ACTIVITY,
    "Measured residual: activity that was not delivered; 0GBq if none.",
)
@Option("residual-at", str, "Time at which the residual was measured.", metavar="TIME")
@residual_method_option
@calibrator_factor_option
@lung_shunt_option
@Option(
    "calibration",
    QuantityType(CAMERA_FACTOR, "administered", "image", "camera"),
    "How counts become activity. administered: by the administered activity. image: "
    "voxels are in Bq/mL. camera: by the factor and the dead time of the camera's own "
    "file. Or a camera factor, e.g. '12.3 cps/MBq'.",
    default="administered",
    metavar="HOW",
)
@Option(
    "dead-time",
    ("none", "camera"),
    "Dead time that a typed camera factor is corrected for. none: the factor includes "
    "it. camera: the factor was measured at negligible dead time, and the camera's own "
    "file says what is lost at the scan.",
    default="none",
)
@Option(
    "calibrate-over",
    ("fov", "liver", "perfused"),
    "Region that holds the administered activity, for --calibration administered; fov "
    "is the field of view.  [default: perfused, else liver, else fov]",
)
@Option(
    "header-nuclide-was",
    str,
    "Nuclide that was set on the PET scanner by mistake, e.g. F-18.",
    metavar="NUCLIDE",
)
@Option(
    "positron-fraction-was",
    FRACTION,
    "Positron fraction that the PET scanner divided by, e.g. 0.967 for F-18; the "
    "image is rescaled to that of Y-90.",
)
@Option(
    "scan-at",
    str,
    "Time to which the activity in the image refers, e.g. 2026-03-02T09:00+01:00.",
    metavar="TIME",
)
@Option(
    "scan-duration",
    DURATION,
    "Duration of the scan, e.g. 20min; used with a camera factor, and with that of "
    "the camera's own file for the second calibration.",
)
@Option(
    "camera-limit",
    ACTIVITY,
    "Activity up to which the camera's count rate is linear (dead time negligible), "
    "such as 0.5GBq; warns if more is in the field of view.",
)
@timezone_option
@dose_options
@blur_options
@Option(
    "pvc",
    FileOrText(*CORRECTIONS, CURVE),
    "Partial-volume correction: iterative-yang (default with --psf), gtm, recovery "
    "(the curve of the camera's own file), or a CSV file of recovery coefficients with "
    "columns volume_ml and rc.",
    metavar="HOW",
)
@replace(
    plan_option, help="Approved plan.json; activity and doses are compared with it."
)
@Option(
    "plan-dose",
    Path,
    "Dose map of the plan, if it is not beside plan.json; shown beside the delivered "
    "dose in report.html.",
)
@Option(
    "plan-transform",
    Path,
    "How the plan's dose map is moved to this image: a DICOM registration, or an ITK "
    "transform from this image to the planning scan.",
)
@match_option
@replace(
    patient_key_option,
    help="Your key for the patient; it must match the plan's key, and a mismatch "
    "stops the run.",
)
@Option(
    "prior-dose",
    Path,
    "Dose map of an earlier session, RTDOSE or NIfTI; the summed dose is reported as "
    "well.",
)
@Option(
    "prior-transform",
    Path,
    "How the earlier dose is moved to this image: a DICOM registration, or an ITK "
    "transform from this image to the earlier dose.",
)
@Option(
    "disease",
    ("hcc", "icc", "mcrc", "breast"),
    "Disease; with --device it selects the published dose thresholds to compare with.",
)
@metric_options
@Option(
    "radiobiology",
    Path,
    "TOML file with your own tissue parameters, TCP and NTCP models.",
    metavar="FILE",
)
@replace(
    uncertainty_option,
    help="Report every dose with its standard uncertainty and 95 % interval, from N "
    "realizations, e.g. 200.",
)
@budget_options
@file_options
@replace(
    lung_mass_option,
    help="Mass of both lungs.  [default: from the CT, otherwise the plan's, otherwise "
    f"{LUNG_MASS_KG:g}kg]",
)
@lung_options
@physics_options
@acceptance_options
@out_option(required=True)
@force_option
@verbose_option
@json_option
def post_command(
    *,
    source: Path,
    out: Path,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """After treatment: doses to tumors, normal liver and lungs from an image.

    FOLDER_OR_FILE is searched for the activity image, the CT and the structures. Writes
    post.json, structures.csv, dvh.csv, report.html, and for every method a
    dose_METHOD.nii.gz in Gy. For a DICOM image it also writes RTDOSE, RTPLAN and SEG,
    and a structured report (SR) of all numbers.
    What --segment-perfused or --segment-tumors find and nobody accepted yet is shown
    in a folder `review` first, as `sirtdose segment` shows it.

    Example: sirtdose post scans/ --administered 1.68GBq --lung-shunt 4.2% --out doses

    Example: sirtdose post scans/ --administered 1.68GBq --lung-shunt 4.2% --device
    resin --plan plan/plan.json --density ct --out doses
    """
    if options["no_structures"]:
        require_bare(click.get_current_context())
        show_scan(
            post_request(source, options),
            out,
            options | {"force": force},
            asked=request_typed(),
            as_json=as_json,
        )
        return
    from sirtdose.workflows.post.results import assess_into
    from sirtdose.workflows.segment.unseen import shown_if_unseen

    request = post_request(source, options)
    with shown_if_unseen(request, out, run=next_run("post"), force=force):
        kept = assess_into(
            request, out, wanted_of(options), force=force, asked=request_typed()
        )
    print_document(
        kept.document,
        post_screen(kept.document),
        names=kept.names,
        out=out,
        as_json=as_json,
    )


def post_request(source: Path, options: dict[str, Any]) -> PostRequest:
    """What the options of one case ask for."""
    given = [options["administered"], options["assay"], options["injections"] or None]
    count = sum(one is not None for one in given)
    if count != 1 and not (options.get("no_structures") and count == 0):
        raise click.UsageError(
            "give the activity once: --administered '1.68 GBq', or --assay with "
            "--assay-at and --administered-at, or --injection for each of several"
        )
    require_no_idle(options)
    return PostRequest(
        image_request(source, options),
        _given(options),
        _dose(source, options),
        _judge(options),
        Privacy(site_key=site_key(options), patient_key=options["patient_key"]),
    )


def _given(options: dict[str, Any]) -> Given:
    zone = options["timezone"]
    times = {
        name: moment(options[name], f"--{name.replace('_', '-')}", zone)
        for name in ("administered_at", "assay_at", "residual_at", "scan_at")
    }
    require_times(options, times)
    nuclide, _ = nuclide_of(options)
    injections = injections_of(options["injections"], zone, times)
    return Given(
        nuclide,
        nuclide_given=nuclide_typed(options),
        administered_gbq=options["administered"],
        assay_gbq=options["assay"],
        residual_gbq=options["residual"],
        residual_method=options["residual_method"],
        injections=injections,
        calibrator_factor=options["calibrator_factor"],
        lung_shunt_fraction=options["lung_shunt"],
        lung_shunt_source=options["lung_shunt_source"],
        lung_mass_kg=options["lung_mass"],
        timezone=zone,
        **times,
    )


def _dose(source: Path, options: dict[str, Any]) -> DoseRequest:
    how = options["calibration"]
    return dose_request(
        source,
        options,
        calibration=how if isinstance(how, str) else "camera",
        cps_per_mbq=None if isinstance(how, str) else how,
        dead_time=options["dead_time"],
        calibrate_over=options["calibrate_over"],
        scan_duration_h=options["scan_duration"],
        camera_limit_gbq=options["camera_limit"],
        uncertainty=options["uncertainty"],
        budget=options["budget"],
        seed=options["seed"],
        **partial_volume(options),
    )


def _judge(options: dict[str, Any]) -> JudgeRequest:
    return JudgeRequest(
        device=options["device"],
        disease=options["disease"],
        plan=options["plan_file"],
        plan_dose=options["plan_dose"],
        plan_transform=options["plan_transform"],
        matches=matches_of(options["match"]),
        prior_dose=options["prior_dose"],
        prior_transform=options["prior_transform"],
        prior_lung_dose_gy=options["prior_lung_dose"],
        radiobiology=options["radiobiology"],
        metrics=metrics_of(options),
        acceptances=acceptances_of(options),
        self_test=self_test(),
        site=site_used(),
    )
