"""`sirtdose check`: a second look at another system's dose, or at a plan."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sirtdose.cli.post.command import post_command, post_request, wanted_of
from sirtdose.cli.words.image import role_option, roles_of, structures_option
from sirtdose.cli.words.manifest import case_options, folder_of, located
from sirtdose.cli.words.metrics import metric_options, metrics_of
from sirtdose.cli.words.options import force_option, json_option, out_option
from sirtdose.cli.words.quantities import QuantityType
from sirtdose.cli.words.show import show_document
from sirtdose.cli.words.typed import parsed_options, request_asked, with_environment
from sirtdose.errors import QuantityError, RangeError
from sirtdose.io.output.folder import output_folder, require_free
from sirtdose.model.units import FRACTION, LENGTH
from sirtdose.planning.hand_check import hand_check
from sirtdose.report.check.words import check_summary
from sirtdose.report.documents import document_text
from sirtdose.report.plan.hand_check import (
    HAND_CHECK_FILE,
    hand_check_document,
    hand_check_summary,
)
from sirtdose.report.plan.hash import plan_of_file

if TYPE_CHECKING:
    from sirtdose.dosimetry.compare.gamma import Criterion
    from sirtdose.workflows.check.dose import CheckRequest

_PATH = click.Path(path_type=Path)
_GAMMA = ("3%/3mm",)
_BEYOND = 4


@click.command("check")
@click.argument("theirs", type=_PATH, metavar="[THEIR_DOSE]", required=False)
@click.option(
    "--against",
    type=_PATH,
    metavar="DOSE|POST_DIR",
    help="Ours: a dose map, or the --out of `sirtdose post`.",
)
@click.option(
    "--image",
    type=_PATH,
    metavar="FOLDER",
    help="Instead: compute ours from this image first, into OUT/recomputed.",
)
@click.option(
    "--case",
    type=_PATH,
    metavar="FILE.toml",
    help="With --image: [options] of `sirtdose post`, as a case of a batch has them.",
)
@structures_option(required=False)
@role_option
@click.option(
    "--their-structures",
    type=_PATH,
    multiple=True,
    help="Their own contours: volumes and means by these are held against ours.",
)
@click.option(
    "--their-table",
    type=_PATH,
    metavar="FILE.csv",
    help="What they report: name, mean_gy, volume_ml, d70_gy, v100, ...; or their "
    "histograms: name, dose_gy, volume_fraction.",
)
@click.option(
    "--method",
    type=click.Choice(("local", "kernel", "collapsed-cone")),
    help="Which of POST_DIR's doses.  [default: its first]",
)
@click.option(
    "--gamma",
    multiple=True,
    metavar="DOSE/DISTANCE",
    help="Such as 3%/3mm or 2%/2mm; may be repeated.  [default: 3%/3mm]",
)
@click.option(
    "--gamma-kind",
    type=click.Choice(("global", "local", "both")),
    default="both",
    show_default=True,
    help="Of our greatest dose, or of each point's own. Where both, global is judged.",
)
@click.option(
    "--dose-cutoff",
    type=QuantityType(FRACTION),
    default=0.1,
    show_default="10%",
    help="Points under this part of our greatest dose are left out.",
)
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    metavar="NUMBER=PART",
    help="Such as mean=3%, d70=5%, v100=5%, volume=5%, gamma=95% (at least); may be "
    "repeated. Those named are the defaults, d95 and d50 as d70.",
)
@metric_options
@click.option(
    "--plan",
    "plan_file",
    type=_PATH,
    metavar="plan.json",
    help="Instead of a dose: a plan's doses again by hand, as one compartment.",
)
@click.option("--strict", is_flag=True, help="Exit code 4 where anything fails.")
@out_option(required=False)
@force_option
@json_option
def check_command(*, plan_file: Path | None, **options: Any) -> None:
    """A second look: another system's dose against ours, or a plan by hand.

    THEIR_DOSE is an RTDOSE, or NIfTI, NRRD or MetaImage in Gy. Compared are mean, D_x
    and V_x of each structure, voxels, and gamma; what explains a difference is named
    with what it leaves. Writes check.json, check.csv, difference.nii.gz, gamma.nii.gz
    and check.html; of a plan plan_check.json.

    Exit code 0 whether it passes or fails; with --strict 4 where it fails.

    Example: sirtdose check theirs.dcm --against doses --gamma 2%/2mm --out check
    """
    document = (
        _of_plan(plan_file, options) if plan_file is not None else _of_dose(options)
    )
    if options["strict"] and not document["passed"]:
        click.get_current_context().exit(_BEYOND)


def _of_plan(plan_file: Path, options: dict[str, Any]) -> dict[str, Any]:
    idle: tuple[str, ...] = ("theirs", "against", "image", "case", "structures")
    idle += (
        "their_structures",
        "their_table",
        "method",
        "gamma",
        "tolerances",
        "above",
    )
    # Metrics for every command may stand in the environment.
    asked = click.get_current_context().get_parameter_source("metrics")
    if asked is ParameterSource.COMMANDLINE or any(options[name] for name in idle):
        raise click.UsageError(
            "--plan is checked by itself: leave the dose's options out"
        )
    plan = plan_of_file(plan_file)
    document = hand_check_document(plan, hand_check(plan))
    show_document(
        document,
        hand_check_summary(document),
        name=HAND_CHECK_FILE,
        out=options["out"],
        force=options["force"],
        as_json=options["as_json"],
    )
    return document


def _of_dose(options: dict[str, Any]) -> dict[str, Any]:
    from sirtdose.report.check.document import CHECK_FILES, check_document, write_check
    from sirtdose.workflows.check.dose import check_dose

    out, force = options["out"], options["force"]
    request = _request(options)
    require_free(out, CHECK_FILES, force=force)
    if options["image"] is not None:
        _recompute(options, request.against)
    check = check_dose(request)
    document = check_document(check)
    with output_folder(out, CHECK_FILES, force=force) as folder:
        write_check(check, document, folder)
        names = sorted(path.name for path in folder.iterdir())
    click.echo(check_summary(document), err=True)
    click.echo(f"\nWritten to {out}: {', '.join(names)}", err=True)
    if options["as_json"]:
        click.echo(document_text(document), nl=False)
    return document


def _request(options: dict[str, Any]) -> "CheckRequest":
    from sirtdose.report.check.document import RECOMPUTED
    from sirtdose.workflows.check.dose import CheckRequest

    if options["theirs"] is None or options["out"] is None:
        raise click.UsageError("give THEIR_DOSE and --out, or --plan plan.json")
    if (options["against"] is None) == (options["image"] is None):
        raise click.UsageError(
            "give ours once: --against DOSE or POST_DIR, or --image with --case"
        )
    if (options["image"] is None) != (options["case"] is None):
        raise click.UsageError(
            "--image and --case belong together: an image says nothing of the activity"
        )
    return CheckRequest(
        theirs=options["theirs"],
        against=options["against"] or options["out"] / RECOMPUTED,
        criteria=_criteria(options),
        structures=options["structures"],
        roles=roles_of(options["roles"]),
        their_structures=options["their_structures"],
        their_table=options["their_table"],
        tolerances=_tolerances(options["tolerances"]),
        metrics=metrics_of(options),
        method=options["method"],
        cutoff_fraction=options["dose_cutoff"],
    )


def _recompute(options: dict[str, Any], folder: Path) -> None:
    """Our dose of the image, as `sirtdose post` computes and keeps it."""
    from sirtdose.workflows.post.results import assess_into

    source, case = options["image"], options["case"]
    folders = (folder_of(source), case.parent)
    given = with_environment(post_command, case_options(case, post_command))
    given = located(given, folders)
    params = parsed_options(post_command, source, given, where=case.name)
    assess_into(
        post_request(source, params),
        folder,
        wanted_of(params),
        force=options["force"],
        asked=request_asked(source, given),
    )


def _criteria(options: dict[str, Any]) -> "tuple[Criterion, ...]":
    from sirtdose.dosimetry.compare.gamma import Criterion

    kinds = {"global": (False,), "local": (True,), "both": (False, True)}
    found = []
    for text in dict.fromkeys(options["gamma"] or _GAMMA):
        dose, _, distance = text.partition("/")
        try:
            found += [
                Criterion(
                    dose_fraction=FRACTION.parse(dose.strip()),
                    distance_mm=LENGTH.parse(distance.strip()),
                    local=local,
                    cutoff_fraction=options["dose_cutoff"],
                )
                for local in kinds[options["gamma_kind"]]
            ]
        except (QuantityError, RangeError) as error:
            raise click.BadParameter(
                f"'{text}': {error}; write it like 3%/3mm", param_hint="--gamma"
            ) from None
    return tuple(found)


def _tolerances(texts: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, _, part = text.partition("=")
        try:
            found[name.strip().lower()] = FRACTION.parse(part.strip())
        except QuantityError as error:
            raise click.BadParameter(
                f"'{text}': {error}; write it like mean=3%", param_hint="--tolerance"
            ) from None
    named = [text.partition("=")[0].strip().lower() for text in texts]
    double = next((name for name in named if named.count(name) > 1), None)
    if double is not None:
        raise click.BadParameter(
            f"{double} is there more than once: give it once", param_hint="--tolerance"
        )
    return found
