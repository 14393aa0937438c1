"""`sirtdose check`: a second look at another system's dose, or at a plan."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sirtdose.checks.documented import judged_document
from sirtdose.cli.check.engine import of_engine, require_engine
from sirtdose.cli.post.command import post_command, post_request
from sirtdose.cli.post.files import wanted_of
from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import (
    method_option,
    probability_option,
    role_options,
    roles_of,
    structures_option,
)
from sirtdose.cli.words.manifest import case_options, folder_of
from sirtdose.cli.words.metrics import metric_options, metrics_of
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    plan_option,
    seed_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import by_name, quantity
from sirtdose.cli.words.show import print_document, say_slower, show_document
from sirtdose.cli.words.typed import (
    located,
    parsed_options,
    request_asked,
    with_environment,
)
from sirtdose.errors import QuantityError, RangeError
from sirtdose.io.output.folder import output_folder, require_free
from sirtdose.model.units import DURATION, FRACTION, LENGTH
from sirtdose.planning.hand_check import hand_check
from sirtdose.report.check.words import check_screen
from sirtdose.report.plan.hand_check import (
    HAND_CHECK_FILE,
    hand_check_document,
    hand_check_screen,
)
from sirtdose.report.plan.hash import plan_of_file

if TYPE_CHECKING:
    from sirtdose.dosimetry.compare.gamma import Criterion
    from sirtdose.workflows.check.dose import CheckRequest

_PATH = click.Path(path_type=Path)
_GAMMA = ("3%/3mm",)
_BEYOND = 4


@command("check")
@click.argument("theirs", type=_PATH, metavar="[THEIR_DOSE|DOSES]", required=False)
@Option(
    "against",
    Path,
    "Our dose: a dose map, or the --out folder of `sirtdose post`.",
    metavar="DOSE|POST_DIR",
)
@Option(
    "image",
    Path,
    "Image from which our dose is computed first, into OUT/recomputed; replaces "
    "--against.",
    metavar="FOLDER",
)
@Option(
    "case",
    Path,
    "TOML file with the [options] of `sirtdose post`, as in a batch's case.toml; "
    "needed with --image.",
    metavar="FILE.toml",
)
@structures_option(required=False)
@probability_option
@role_options
@Option(
    "their-structures",
    Path,
    "Their contours: volumes and mean doses in these are compared with ours; may be "
    "repeated.",
    many=True,
)
@Option(
    "their-table",
    Path,
    "CSV of the values they report, with columns name, mean_gy, volume_ml, d70_gy, "
    "v100, ...; or of their histograms, with name, dose_gy, volume_fraction.",
    metavar="FILE.csv",
)
@replace(
    method_option,
    help="Dose map of POST_DIR to compare.  [default: its first]",
    many=False,
    into=None,
)
@Option(
    "gamma",
    str,
    "Gamma criterion, e.g. 3%/3mm or 2%/2mm; may be repeated.  [default: 3%/3mm]",
    many=True,
    metavar="DOSE/DISTANCE",
)
@Option(
    "gamma-kind",
    ("global", "local", "both"),
    "Gamma dose difference relative to our maximum dose (global) or to the dose at "
    "each point (local). With both, global decides.",
    default="both",
)
@Option(
    "dose-cutoff",
    FRACTION,
    "Points below this fraction of our maximum dose are excluded from gamma.",
    default="10%",
)
@Option(
    "tolerance",
    str,
    "Allowed difference, e.g. mean=2%; may be repeated.  [default: mean=3%, d70=5%, "
    "d95=5%, d50=5%, v100=5%, volume=5%, gamma=95% (at least)]",
    many=True,
    metavar="NUMBER=PART",
    into="tolerances",
)
@metric_options
@replace(
    plan_option,
    help="plan.json to check by hand calculation, as one compartment; replaces "
    "THEIR_DOSE.",
    metavar="plan.json",
)
@Option(
    "engine",
    ("ompmc",),
    "Compute the doses of DOSES, the --out of `sirtdose post`, again by Monte Carlo "
    "with ompMC, and compare mean doses.",
)
@Option(
    "known-to",
    FRACTION,
    "With --engine: standard uncertainty of the mean doses at which the simulation "
    "stops.",
    default="0.5%",
)
@Option(
    "time-limit",
    DURATION,
    "With --engine: time after which the simulation stops with what it knows.",
    default="20min",
)
@Option(
    "jobs",
    click.IntRange(min=1),
    "With --engine: number of processes at the same time.  [default: one per core]",
)
@replace(seed_option, help="With --engine: random seed of the simulation.")
@Option(
    "inputs",
    Path,
    "With --engine: where the input of DOSES is now, if it was moved; may be repeated.",
    metavar="FOLDER_OR_FILE",
    many=True,
)
@Option(
    "patient-key",
    str,
    "With --engine: key given to `sirtdose post`, which does not store it.",
    metavar="KEY",
)
@Option("strict", bool, "Exit with code 4 if anything fails.")
@out_option(required=False)
@force_option
@verbose_option
@json_option
def check_command(*, plan_file: Path | None, **options: Any) -> None:
    """Second check: another system's dose against ours, or a plan by hand calculation.

    THEIR_DOSE is an RTDOSE, or NIfTI, NRRD or MetaImage in Gy. Mean, D_x and V_x of
    each structure, voxels and gamma are compared. Known causes of a difference are
    named, with the difference that remains without them.

    With --engine ompmc the activity and densities of DOSES are simulated by another
    program instead, and the mean doses compared.

    Writes check.json, check.csv, difference.nii.gz, gamma.nii.gz and check.html; for a
    plan plan_check.json, for an engine second_engine.json, .csv and .html. The exit
    code is 0 whether it passes or fails; with --strict it is 4 if it fails.

    Example: sirtdose check theirs.dcm --against doses --gamma 2%/2mm --out check

    Example: sirtdose check doses --engine ompmc --out engine
    """
    document = _checked(plan_file, options)
    if options["strict"] and not document["passed"]:
        click.get_current_context().exit(_BEYOND)


def _checked(plan_file: Path | None, options: dict[str, Any]) -> dict[str, Any]:
    if options.pop("engine") is not None:
        if plan_file is not None:
            raise click.UsageError("--engine is for DOSES and --plan for a plan: one")
        return of_engine(options)
    require_engine(options)
    return _of_plan(plan_file, options) if plan_file is not None else _of_dose(options)


def _of_plan(plan_file: Path, options: dict[str, Any]) -> dict[str, Any]:
    idle = (
        *("theirs", "against", "image", "case", "structures", "their_structures"),
        *("their_table", "method", "gamma", "tolerances", "above"),
    )
    # Metrics for every command may stand in the environment.
    asked = click.get_current_context().get_parameter_source("metrics")
    if asked is ParameterSource.COMMANDLINE or any(options[name] for name in idle):
        raise click.UsageError(
            "--plan checks a plan alone: leave out THEIR_DOSE and the options of a dose"
        )
    plan = plan_of_file(plan_file)
    document = hand_check_document(plan, hand_check(plan), judged_document(plan))
    show_document(
        document,
        hand_check_screen(document),
        name=HAND_CHECK_FILE,
        out=options["out"],
        force=options["force"],
        as_json=options["as_json"],
    )
    return document


def _of_dose(options: dict[str, Any]) -> dict[str, Any]:
    from sirtdose.report.check.document import (
        CHECK_FILES,
        RECOMPUTED,
        check_document,
        write_check,
    )
    from sirtdose.workflows.check.dose import check_dose

    out, force = options["out"], options["force"]
    request = _request(options)
    # A dose recomputed earlier is not the one that this is of.
    is_ours = request.against.resolve().is_relative_to(out.resolve())
    names = [*CHECK_FILES, *([] if is_ours else [RECOMPUTED])]
    require_free(out, names, force=force)
    if options["image"] is not None:
        _recompute(options, request.against)
    say_slower("gamma", "ten times")
    check = check_dose(request)
    document = check_document(check)
    with output_folder(out, names, force=force) as folder:
        write_check(check, document, folder)
        written = sorted(path.name for path in folder.iterdir())
    screen = check_screen(document)
    print_document(document, screen, names=written, out=out, as_json=options["as_json"])
    return document


def _request(options: dict[str, Any]) -> "CheckRequest":
    from sirtdose.report.check.document import RECOMPUTED
    from sirtdose.workflows.check.dose import CheckRequest

    if options["theirs"] is None or options["out"] is None:
        raise click.UsageError("give THEIR_DOSE and --out, or --plan plan.json")
    if (options["against"] is None) == (options["image"] is None):
        raise click.UsageError(
            "give our dose once: --against DOSE or POST_DIR, or --image with --case"
        )
    if (options["image"] is None) != (options["case"] is None):
        raise click.UsageError(
            "--image needs --case, as an image does not contain the activity: give both"
        )
    return CheckRequest(
        theirs=options["theirs"],
        against=options["against"] or options["out"] / RECOMPUTED,
        criteria=_criteria(options),
        structures=options["structures"],
        roles=roles_of(options["roles"]),
        languages=options["languages"] or (),
        probability_threshold=options["probability_threshold"],
        their_structures=options["their_structures"],
        their_table=options["their_table"],
        tolerances=by_name(
            [text.lower() for text in options["tolerances"]],
            "--tolerance",
            "mean=3%",
            lambda part: quantity(part, FRACTION, "--tolerance"),
        ),
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
    given = located(given, folders, post_command)
    params = parsed_options(post_command, source, given, where=case.name)
    assess_into(
        post_request(source, params),
        folder,
        wanted_of(params),
        force=options["force"],
        asked=request_asked(source, given, post_command),
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
