"""`sirtdose post`: what dose was given."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.post.arguments import (
    calibration_of,
    partial_volume,
    require_no_idle,
    require_times,
    site_key,
)
from sirtdose.cli.post.injections import given_injection_of
from sirtdose.cli.words.image import (
    dose_options,
    dose_request,
    image_request,
    reading_options,
    registration_options,
    segmentation_options,
)
from sirtdose.cli.words.options import (
    acceptance_options,
    calibrator_factor_option,
    force_option,
    json_option,
    lung_options,
    lung_shunt_option,
    out_option,
    physics_options,
)
from sirtdose.cli.words.quantities import (
    QuantityType,
    acceptances_of,
    moment,
    nuclide_of,
    nuclide_typed,
)
from sirtdose.cli.words.typed import request_asked, typed_options
from sirtdose.model.request import (
    DoseRequest,
    Given,
    InjectionGiven,
    JudgeRequest,
    PostRequest,
    Privacy,
)
from sirtdose.model.units import (
    ACTIVITY,
    DOSE,
    DURATION,
    FRACTION,
)
from sirtdose.model.usual import LUNG_MASS_KG
from sirtdose.report.documents import document_text
from sirtdose.report.post.summary import post_summary
from sirtdose.validation.run import self_test

if TYPE_CHECKING:
    from sirtdose.workflows.post.results import Wanted

_PATH = click.Path(path_type=Path)


_ASKED = "sirtdose.asked"


class _Remembering(click.Command):
    """Keeps what was typed, so that a run can be repeated."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        typed = list(args)
        rest = super().parse_args(ctx, args)
        source, options = typed_options(self, ctx, typed)
        ctx.meta[_ASKED] = request_asked(Path(source), options)
        return rest


@click.command("post", cls=_Remembering)
@click.argument("source", type=_PATH, metavar="FOLDER_OR_FILE")
@reading_options
@registration_options
@segmentation_options
@click.option(
    "--administered",
    type=QuantityType(ACTIVITY),
    help="Activity when it was given, such as '1.68 GBq'.",
)
@click.option(
    "--injection",
    "injections",
    multiple=True,
    metavar="NAME=PARTS",
    help="One of several, instead: 'right=1.2GBq@TIME;perfused=STRUCTURE;"
    "residual=20MBq@TIME;lung-shunt=5%'.",
)
@click.option("--assay", type=QuantityType(ACTIVITY), help="Activity when assayed.")
@click.option("--assay-at", metavar="TIME", help="When it was assayed.")
@click.option(
    "--administered-at",
    metavar="TIME",
    help="When it was given, such as 2026-03-01T10:30+01:00.",
)
@click.option(
    "--residual", type=QuantityType(ACTIVITY), help="What stayed behind, 0GBq if none."
)
@click.option("--residual-at", metavar="TIME", help="When the residual was measured.")
@calibrator_factor_option
@lung_shunt_option
@click.option(
    "--calibration",
    metavar="HOW",
    default="administered",
    show_default=True,
    help="administered, image (voxels are in Bq/mL), or a factor: '12.3 cps/MBq'.",
)
@click.option(
    "--calibrate-over",
    type=click.Choice(("fov", "liver", "perfused")),
    help="Region for 'administered'.  [default: perfused, else liver, else fov]",
)
@click.option(
    "--header-nuclide-was",
    metavar="NUCLIDE",
    help="The nuclide a PET scanner was told by mistake, such as F-18.",
)
@click.option(
    "--positron-fraction-was",
    type=QuantityType(FRACTION),
    help="Positron fraction that a PET scanner divided by, such as 0.967 of F-18: "
    "rescales the image to that of Y-90.",
)
@click.option("--scan-at", metavar="TIME", help="Reference time of the image.")
@click.option("--scan-duration", type=QuantityType(DURATION), help="Such as 20min.")
@click.option(
    "--camera-limit",
    type=QuantityType(ACTIVITY),
    help="What the gamma camera counts in proportion to, such as 0.5GBq: more in view "
    "is warned of.",
)
@click.option("--timezone", metavar="ZONE", help="For times without an offset.")
@dose_options
@click.option(
    "--psf",
    metavar="WIDTH[,WIDTH,WIDTH]",
    help="FWHM of the image's blur, such as 15mm, or along x,y,z: undoes it.",
)
@click.option(
    "--pvc",
    metavar="HOW",
    help="iterative-yang (default with --psf), gtm, or a csv of recovery coefficients "
    "(volume_ml, rc).",
)
@click.option(
    "--plan",
    "plan_file",
    type=_PATH,
    help="plan.json, approved: activity and doses are held against it.",
)
@click.option(
    "--patient-key", metavar="KEY", help="Compared with the plan's; another one stops."
)
@click.option(
    "--prior-dose",
    type=_PATH,
    help="Dose map of an earlier session (RTDOSE, NIfTI): the sum stands beside.",
)
@click.option(
    "--prior-transform",
    type=_PATH,
    help="Brings the earlier dose over: a DICOM registration, or an ITK transform from "
    "this image to the earlier dose.",
)
@click.option(
    "--disease",
    type=click.Choice(("hcc", "icc", "mcrc", "breast")),
    help="With --device: which outcome studies' doses are held against these.",
)
@click.option(
    "--above",
    type=QuantityType(DOSE),
    multiple=True,
    help="V_x too: part of each structure at this dose and more; may be repeated.",
)
@click.option(
    "--radiobiology",
    type=_PATH,
    metavar="FILE",
    help="TOML with your own tissue parameters, TCP and NTCP models.",
)
@click.option(
    "--uncertainty",
    type=click.IntRange(20, 100_000),
    metavar="N",
    help="Every dose with its standard uncertainty and 95 % interval, of N "
    "realizations, such as 200.",
)
@click.option(
    "--budget",
    type=_PATH,
    metavar="FILE",
    help="TOML with your own standard uncertainties for --uncertainty.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), help="Of the realizations.  [default: 0]"
)
@click.option("--no-report", is_flag=True, help="Leave report.html out.")
@click.option("--show-patient", is_flag=True, help="Name the patient on report.html.")
@click.option(
    "--no-dicom", is_flag=True, help="Leave RTDOSE, RTPLAN and SEG of a DICOM out."
)
@click.option(
    "--deidentify", is_flag=True, help="No identifier, UID or date of the patient's."
)
@click.option(
    "--site-key",
    type=_PATH,
    metavar="FILE",
    help="Secret that makes one patient's pseudonym the same every time.",
)
@lung_options
@physics_options
@acceptance_options
@out_option(required=True)
@force_option
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

    FOLDER_OR_FILE is searched for the activity image, the CT and the structures.
    Writes post.json, structures.csv, dvh.csv, report.html, and a dose_METHOD.nii.gz in
    Gy for every method; of a DICOM image RTDOSE, RTPLAN and SEG too.

    Example: sirtdose post scans/ --administered 1.68GBq --lung-shunt 4.2% --out doses
    """
    context = click.get_current_context()
    show_post(
        post_request(source, options),
        wanted_of(options),
        out=out,
        force=force,
        as_json=as_json,
        asked=context.meta.get(_ASKED),
    )


def show_post(
    request: PostRequest,
    wanted: "Wanted",
    *,
    out: Path,
    force: bool,
    as_json: bool,
    asked: dict[str, Any] | None,
) -> None:
    """Assess, write the results to a folder, and print them."""
    from sirtdose.workflows.post.results import assess_into

    kept = assess_into(request, out, wanted, force=force, asked=asked)
    click.echo(post_summary(kept.document), err=True)
    click.echo(f"\nWritten to {out}: {', '.join(kept.names)}", err=True)
    if as_json:
        click.echo(document_text(kept.document), nl=False)


def wanted_of(options: dict[str, Any], *, thumbnail: bool = False) -> "Wanted":
    """Which files are asked for."""
    from sirtdose.workflows.post.results import Wanted

    return Wanted(
        report=not options["no_report"],
        dicom=not options["no_dicom"],
        named=options["show_patient"],
        thumbnail=thumbnail,
    )


def post_request(source: Path, options: dict[str, Any]) -> PostRequest:
    """What the options of one case ask for."""
    given = [options["administered"], options["assay"], options["injections"] or None]
    if sum(one is not None for one in given) != 1:
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
    nuclide, _ = nuclide_of(
        options["nuclide"],
        options["device"],
        options["half_life"],
        options["dose_constant"],
    )
    lung_mass = options["lung_mass"]
    injections = _injections(options["injections"], zone, times)
    return Given(
        nuclide,
        nuclide_given=nuclide_typed(options),
        administered_gbq=options["administered"],
        assay_gbq=options["assay"],
        residual_gbq=options["residual"],
        injections=injections,
        calibrator_factor=options["calibrator_factor"],
        lung_shunt_fraction=options["lung_shunt"],
        lung_shunt_source=options["lung_shunt_source"],
        lung_mass_kg=LUNG_MASS_KG if lung_mass is None else lung_mass,
        lung_mass_source="default" if lung_mass is None else "given",
        timezone=zone,
        **times,
    )


def _dose(source: Path, options: dict[str, Any]) -> DoseRequest:
    calibration, factor = calibration_of(options["calibration"])
    return dose_request(
        source,
        options,
        calibration=calibration,
        cps_per_mbq=factor,
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
        prior_dose=options["prior_dose"],
        prior_transform=options["prior_transform"],
        prior_lung_dose_gy=options["prior_lung_dose"],
        radiobiology=options["radiobiology"],
        above_gy=options["above"],
        acceptances=acceptances_of(options["accept"], options["reason"]),
        self_test=self_test(),
    )


def _injections(
    texts: tuple[str, ...], zone: str | None, times: dict[str, Any]
) -> tuple[InjectionGiven, ...]:
    """Injections as written; the first one's time stands for the administration."""
    injections = tuple(given_injection_of(text, zone) for text in texts)
    known = [one.at for one in injections if one.at is not None]
    if known and times["administered_at"] is not None:
        raise click.UsageError(
            "an --injection holds its own time: leave --administered-at out"
        )
    if known:
        times["administered_at"] = min(known)
    return injections
