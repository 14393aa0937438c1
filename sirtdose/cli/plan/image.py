"""`sirtdose plan image`: planned by what a scout SPECT shows."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.plan.options import (
    height_option,
    imaged_plan_options,
    liver_volume_option,
    perfused_volume_option,
    plan_request,
    require_limits,
    weight_option,
)
from sirtdose.cli.words.blur import CORRECTIONS, blur_options, partial_volume
from sirtdose.cli.words.command import command
from sirtdose.cli.words.families import SHEETS, has_own_sheet, left_by_image, own_family
from sirtdose.cli.words.image import (
    dose_options,
    dose_request,
    image_request,
    reading_options,
    registration_options,
    segmentation_options,
)
from sirtdose.cli.words.injections import (
    aimed_goal_options,
    aims_of,
    goal_of,
    goals_given,
    imaged_injection_of,
    injection_option,
)
from sirtdose.cli.words.metrics import metric_option, metrics_of
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    ct_lung_mass_option,
    lung_margin_option,
    timezone_option,
)
from sirtdose.cli.words.quantities import moment, nuclide_typed
from sirtdose.cli.words.remembering import Remembering, next_run
from sirtdose.cli.words.show import print_document
from sirtdose.io.output.folder import claimed, require_free
from sirtdose.io.output.owners import IMAGED, require_not_of_others
from sirtdose.model.request import (
    DoseRequest,
    Given,
    ImageRequest,
    JudgeRequest,
    PostRequest,
)
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML
from sirtdose.planning.partition_goal import ImagedInjection
from sirtdose.report.plan.document import plan_document
from sirtdose.report.plan.goals import metrics_of_goals
from sirtdose.report.plan.hash import signed
from sirtdose.report.plan.lines import plan_screen

if TYPE_CHECKING:
    from sirtdose.workflows.plan.image import Scout
    from sirtdose.workflows.plan.numbers import PlanRequest

_ON_PAPER = "Compared with the image's volume: a difference over 10 % stops the run."


@command("image", cls=Remembering)
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER_OR_FILE")
@reading_options
@registration_options
@segmentation_options
@aimed_goal_options
@injection_option("plan image")
@replace(perfused_volume_option, help=f"{perfused_volume_option.help} {_ON_PAPER}")
@replace(liver_volume_option, help=f"{liver_volume_option.help} {_ON_PAPER}")
@Option(
    "treatment-at",
    str,
    "Planned time of treatment, from which the age of the image is computed.",
    metavar="TIME",
)
@timezone_option
@Option(
    "catheter",
    ("same", "other"),
    "Whether the catheter position at treatment is the same as for the scout.",
)
@Option(
    "prior-dose",
    Path,
    "Dose map of an earlier session, RTDOSE or NIfTI. Limits and checks add its mean "
    "in each structure.",
)
@Option(
    "prior-transform",
    Path,
    "How the earlier dose is moved to this image: a DICOM registration, or an ITK "
    "transform from this image to the earlier dose.",
)
@lung_margin_option
@dose_options
@blur_options
@Option(
    "pvc",
    CORRECTIONS,
    "Partial-volume correction of the image: T/N, uptakes and doses are then those "
    "without the blur.  [default: iterative-yang with --psf]",
)
@metric_option
@height_option
@weight_option
@ct_lung_mass_option
@imaged_plan_options
def image_command(
    *,
    source: Path,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """From a scout SPECT(/CT): uptakes and masses are measured, and doses predicted.

    FOLDER_OR_FILE is searched for the image, the CT and the structures. Counts, masses
    and T/N are measured. So is the lung shunt, if lungs and liver are drawn and
    --lung-shunt is not given. The plan then follows the partition model.

    With --out it writes plan.json, structures.csv, dvh.csv and dose_METHOD.nii.gz for
    the planned activity, and the same for 1 GBq of each injection in per_gbq/.

    Example: sirtdose plan image scans/ --tumor-dose 120Gy --limit normal=40Gy

    Example: sirtdose plan image scans/ --activity 2GBq --density ct --out plan
    """
    from sirtdose.report.plan import image as files
    from sirtdose.workflows.plan.image import plan_image
    from sirtdose.workflows.segment.unseen import shown_if_unseen

    dose = dose_request(source, options, **partial_volume(options))
    density = dose.density
    one_density = density if isinstance(density, float) else LIVER_DENSITY_G_PER_ML
    request = plan_request({**options, "density": one_density})
    images = image_request(source, options)
    scout = _scout(options, dose)
    with ExitStack() as stack:
        stack.enter_context(
            shown_if_unseen(
                _imaged(images, request, scout),
                out,
                run=next_run("plan image"),
                force=force,
            )
        )
        claim = None if out is None else stack.enter_context(claimed(out))
        if out is not None:
            require_not_of_others(out, IMAGED, files.REPLACED)
            require_free(out, _ours(out), force=force)
        plan, prediction = plan_image(images, request, scout)
        asked = dict.fromkeys([*metrics_of(options), *metrics_of_goals(plan)])
        document = signed(
            plan_document(plan) | files.prediction_document(prediction, tuple(asked))
        )
        if claim is not None and out is not None:
            keeps = set(files.REPLACED).difference(
                left_by_image(out), own_family(out, "plan.json")
            )
            with claim.writing(_ours(out), force=force, keeps=keeps) as folder:
                files.write_prediction(prediction, document, folder)
    print_document(
        document,
        plan_screen(document).with_more(*files.prediction_lines(document)),
        names=files.prediction_files(prediction),
        out=out,
        as_json=as_json,
    )
    require_limits(document)


def _imaged(
    images: ImageRequest, request: "PlanRequest", scout: "Scout"
) -> PostRequest:
    """The image as a review is asked to read it: no activity was given yet."""
    return PostRequest(
        images,
        Given(request.nuclide, nuclide_given=scout.nuclide_given),
        judge=JudgeRequest(
            device=None if request.device is None else request.device.name,
            acceptances=request.acceptances,
            self_test=request.self_test,
            site=request.site,
        ),
    )


def _ours(out: Path) -> list[str]:
    """What is replaced: a sheet only if it is of the plan there."""
    from sirtdose.report.plan.image import REPLACED

    is_own = has_own_sheet(out, "plan.json")
    return [one for one in REPLACED if is_own or one not in SHEETS]


def _scout(options: dict[str, Any], dose: DoseRequest) -> "Scout":
    from sirtdose.workflows.plan.earlier import Earlier
    from sirtdose.workflows.plan.image import Scout

    typed = {
        name: options[f"{name}_volume"]
        for name in ("perfused", "liver")
        if options[f"{name}_volume"] is not None
    }
    catheter, day = options["catheter"], options["treatment_date"]
    return Scout(
        injections=tuple(_injections(options)),
        dose=dose,
        nuclide_given=nuclide_typed(options),
        treatment_at=moment(
            options["treatment_at"], "--treatment-at", options["timezone"]
        )
        or (date.fromisoformat(day) if day else None),
        same_catheter=None if catheter is None else catheter == "same",
        margin_mm=options["lung_margin"],
        typed_ml=typed,
        earlier=Earlier(options["prior_dose"], options["prior_transform"]),
    )


def _injections(options: dict[str, Any]) -> "list[ImagedInjection]":
    texts = options["injections"]
    if texts:
        if options["aims"] or goals_given(options):
            raise click.UsageError(
                "each --injection has its own goal: leave out --tumor-dose, "
                "--normal-dose, --activity, --maximize and --goal"
            )
        return [imaged_injection_of(text) for text in texts]
    goal, value = goal_of(options)
    return [ImagedInjection("injection", None, goal, value, aims=aims_of(options))]
