"""`sirtdose lsf`: the lung shunt fraction."""

from pathlib import Path
from typing import Any

import click

from sirtdose.checks.counts import typed_counts_findings
from sirtdose.cli.words.command import Command, Group
from sirtdose.cli.words.image import image_request, reading_options
from sirtdose.cli.words.option import FileOrText, Option
from sirtdose.cli.words.options import (
    acceptance_options,
    by_option,
    ct_lung_mass_option,
    force_option,
    json_option,
    lung_margin_option,
    out_option,
    physics_options,
    verbose_option,
)
from sirtdose.cli.words.quantities import acceptances_of, nuclide_of
from sirtdose.cli.words.show import show_document
from sirtdose.model.acceptance import require_accepted
from sirtdose.planning.shunt_counts import Views
from sirtdose.report.documents import rounded
from sirtdose.report.plan.hash import signed
from sirtdose.report.plan.lung_shunt import (
    planar_document,
    shunt_screen,
    spect_document,
)

_PATH = click.Path(path_type=Path)
# More than any scan counts.
_COUNTS_MAX = 1e15
_ORGANS = ("lung", "liver")


@click.group("lsf", cls=Group)
def lsf_command() -> None:
    """Lung shunt fraction from planar views or a SPECT/CT.

    Example: sirtdose lsf planar --lung-counts 12000,10000 --liver-counts 160000,90000

    Example: sirtdose lsf spect scans/
    """


@lsf_command.command("planar", cls=Command)
@click.argument("images", type=_PATH, nargs=-1, metavar="[IMAGE]...")
@Option("lungs", Path, "Mask of the lungs on the anterior view.")
@Option("liver", Path, "Mask of the liver on the anterior view.")
@Option(
    "lung-counts",
    str,
    "Counts over both lungs, anterior and posterior; replaces an image.",
    metavar="ANT,POST",
)
@Option(
    "liver-counts",
    str,
    "Counts over the liver, anterior and posterior; replaces an image.",
    metavar="ANT,POST",
)
@Option(
    "lung-background",
    FileOrText(),
    "Background of the lungs: a mask next to them, or counts of a region of the same "
    "size.",
    metavar="MASK|ANT,POST",
)
@Option(
    "liver-background",
    FileOrText(),
    "Background of the liver: a mask next to it, or counts of a region of the same "
    "size.",
    metavar="MASK|ANT,POST",
)
@Option(
    "anterior",
    int,
    "Number of the frame with the anterior view, counted from 1; needed if the header "
    "does not say.",
)
@Option(
    "posterior",
    int,
    "Number of the frame with the posterior view, counted from 1; needed with "
    "--anterior.",
)
@acceptance_options
@out_option(required=False)
@force_option
@verbose_option
@json_option
def planar_command(
    *,
    images: tuple[Path, ...],
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Lung shunt from the geometric mean of anterior and posterior counts.

    IMAGE is one DICOM file with both views, or one file for each. Masks are images of
    the same pixels (NIfTI, NRRD, MetaImage); the posterior view is mirrored onto them.
    Counts can be given instead. Planar images overestimate the shunt, most for tumors
    of the left lobe or the dome.

    Example: sirtdose lsf planar --lung-counts 12000,10000 --liver-counts 160000,90000

    Example: sirtdose lsf planar planar.dcm --lungs lungs.nii.gz --liver liver.nii.gz
    """
    by_counts = options["lung_counts"] or options["liver_counts"]
    by_masks = images or options["lungs"] or options["liver"]
    if bool(by_counts) == bool(by_masks):
        raise click.UsageError(
            "give IMAGE with --lungs and --liver, or --lung-counts and --liver-counts"
        )
    document = _by_image(images, options) if by_masks else _by_counts(options)
    document = signed(rounded(document))
    show_document(
        document,
        shunt_screen(document),
        name="lsf.json",
        out=out,
        force=force,
        as_json=as_json,
    )


@lsf_command.command("spect", cls=Command)
@click.argument("source", type=_PATH, metavar="FOLDER_OR_FILE")
@reading_options
@lung_margin_option
@ct_lung_mass_option
@physics_options
@acceptance_options
@by_option
@out_option(required=False)
@force_option
@verbose_option
@json_option
def spect_command(
    *, source: Path, out: Path | None, force: bool, as_json: bool, **options: Any
) -> None:
    """Lung shunt from an attenuation-corrected SPECT(/CT) with lungs and liver drawn.

    Voxels in both lungs and liver count as liver. The lung mass is computed from the CT
    (densitovolumetry), if the CT covers the lungs.

    Example: sirtdose lsf spect scans/

    Example: sirtdose lsf spect scans/ --lung-margin 2cm --out shunt
    """
    from sirtdose.workflows.image.lung_shunt import shunt_of_spect

    nuclide, _ = nuclide_of(options)
    measured = shunt_of_spect(
        image_request(source, options),
        margin_mm=options["lung_margin"],
        lung_mass_kg=options["lung_mass"],
        acceptances=acceptances_of(options),
        nuclide=nuclide,
    )
    document = spect_document(
        measured.shunt,
        lungs_covered=measured.lungs_covered,
        lung_mass_kg=measured.mass.kg,
        lung_mass_source=measured.mass.source,
        nuclide=nuclide,
        findings=measured.findings,
        accepted=measured.accepted,
        choices=list(measured.choices),
        inputs=list(measured.inputs),
    )
    document = signed(rounded(document))
    show_document(
        document,
        shunt_screen(document),
        name="lsf.json",
        out=out,
        force=force,
        as_json=as_json,
    )


def _by_image(images: tuple[Path, ...], options: dict[str, Any]) -> dict[str, Any]:
    from sirtdose.workflows.image.lung_shunt import counts_of_planar

    if not (images and options["lungs"] and options["liver"]):
        raise click.UsageError("an image needs IMAGE, --lungs and --liver: give all")
    front, back = options["anterior"], options["posterior"]
    if (front is None) != (back is None):
        raise click.UsageError("give --anterior and --posterior, or neither")
    beside = {
        f"{name}_background": None if text is None else Path(text)
        for name in ("lung", "liver")
        for text in [options[f"{name}_background"]]
    }
    accepted = acceptances_of(options)
    measured = counts_of_planar(
        images,
        lungs=options["lungs"],
        liver=options["liver"],
        views=None if front is None else (front, back),
        acceptances=accepted,
        **beside,
    )
    return planar_document(
        measured.lungs,
        measured.liver,
        findings=measured.findings,
        accepted=accepted,
        evidence=measured.evidence,
        pixels=measured.pixels,
        inputs=list(measured.inputs),
    )


def _by_counts(options: dict[str, Any]) -> dict[str, Any]:
    from sirtdose.workflows.image.lung_shunt import judged_counts

    if options["anterior"] is not None or options["posterior"] is not None:
        raise click.UsageError(
            "--anterior and --posterior are for an image: leave them out with counts"
        )
    lungs, liver = (
        _views(options[f"{name}_counts"], options[f"{name}_background"], f"--{name}")
        for name in _ORGANS
    )
    accepted = acceptances_of(options)
    names = (f"{one}-{kind}" for one in _ORGANS for kind in ("counts", "background"))
    texts = {name: options[name.replace("-", "_")] for name in names}
    typed = typed_counts_findings(
        lungs=lungs,
        liver=liver,
        typed={name: text for name, text in texts.items() if text is not None},
    )
    require_accepted(typed, accepted)
    findings = typed + judged_counts(lungs=lungs, liver=liver, acceptances=accepted)
    return planar_document(lungs, liver, findings=findings, accepted=accepted)


def _views(counts: str | None, background: str | None, option: str) -> "Views":
    if counts is None:
        raise click.UsageError(f"give {option}-counts too")
    anterior, posterior = _pair(counts, f"{option}-counts")
    if background is None:
        return Views(anterior, posterior)
    return Views(anterior, posterior, *_pair(background, f"{option}-background"))


def _pair(text: str, option: str) -> tuple[float, float]:
    try:
        anterior, posterior = (float(part) for part in text.split(","))
    except ValueError:
        anterior = posterior = -1.0
    if not (0 <= anterior <= _COUNTS_MAX and 0 <= posterior <= _COUNTS_MAX):
        raise click.BadParameter(
            f"'{text}' is not a pair of counts: write anterior,posterior without "
            "thousands separators, such as 12000,10000",
            param_hint=option,
        )
    return anterior, posterior
