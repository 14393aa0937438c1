"""`sirtdose lsf`: the lung shunt fraction."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sirtdose.cli.options import force_option, json_option, out_option
from sirtdose.cli.show import show_document

if TYPE_CHECKING:
    from sirtdose.planning.shunt_counts import Views


@click.group("lsf")
def lsf_group() -> None:
    """Lung shunt fraction, from planar views.

    Example: sirtdose lsf planar --lung-counts 12000,10000 --liver-counts 160000,90000
    """


@lsf_group.command("planar")
@click.option(
    "--lung-counts",
    required=True,
    metavar="ANT,POST",
    help="Counts over both lungs, anterior and posterior.",
)
@click.option(
    "--liver-counts",
    required=True,
    metavar="ANT,POST",
    help="Counts over the liver, anterior and posterior.",
)
@click.option(
    "--lung-background",
    metavar="ANT,POST",
    help="Counts of a region as large as the lungs', beside them.",
)
@click.option(
    "--liver-background",
    metavar="ANT,POST",
    help="Counts of a region as large as the liver's, beside it.",
)
@out_option(required=False)
@force_option
@json_option
def planar_command(
    *,
    lung_counts: str,
    liver_counts: str,
    lung_background: str | None,
    liver_background: str | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """By the geometric mean of anterior and posterior counts.

    Planar images overestimate the shunt, more so for left or dome tumors.

    Example: sirtdose lsf planar --lung-counts 12000,10000 --liver-counts 160000,90000
    """
    from sirtdose.report.shunt import planar_document, shunt_summary

    lungs = _views(lung_counts, lung_background, "--lung")
    liver = _views(liver_counts, liver_background, "--liver")
    document = planar_document(lungs, liver)
    show_document(
        document,
        shunt_summary(document),
        name="lsf.json",
        out=out,
        force=force,
        as_json=as_json,
    )


def _views(counts: str, background: str | None, option: str) -> "Views":
    from sirtdose.planning.shunt_counts import Views

    anterior, posterior = _pair(counts, f"{option}-counts")
    if background is None:
        return Views(anterior, posterior)
    return Views(anterior, posterior, *_pair(background, f"{option}-background"))


def _pair(text: str, option: str) -> tuple[float, float]:
    try:
        anterior, posterior = (float(part) for part in text.split(","))
    except ValueError:
        anterior = posterior = -1.0
    if not (0 <= anterior < float("inf") and 0 <= posterior < float("inf")):
        raise click.BadParameter(
            f"'{text}' is no pair of counts: write anterior,posterior such as "
            "12000,10000",
            param_hint=option,
        )
    return anterior, posterior
