"""`sirtdose dvh`: histograms of any dose map."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import (
    probability_option,
    role_options,
    roles_of,
    structures_option,
)
from sirtdose.cli.words.metrics import metric_options, metrics_of
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.show import print_document
from sirtdose.io.output.folder import output_folder, require_free
from sirtdose.io.output.owners import require_not_of_others


@command("dvh")
@click.argument("dose", type=click.Path(path_type=Path), metavar="DOSE")
@structures_option(required=True)
@probability_option
@role_options
@Option(
    "sampling",
    ("points", "voxels"),
    "points: dose interpolated between voxel centers, as for an RTDOSE. voxels: one "
    "value per voxel, as in the maps of this program.",
    default="points",
)
@metric_options
@out_option(required=True)
@force_option
@verbose_option
@json_option
def dvh_command(
    *,
    dose: Path,
    structures: tuple[Path, ...],
    roles: tuple[str, ...],
    languages: tuple[str, ...] | None,
    probability_threshold: float | None,
    sampling: str,
    out: Path,
    force: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Compute dose-volume histograms of a dose map from any system.

    DOSE is an RTDOSE, or NIfTI, NRRD or MetaImage in Gy. Writes dvh.json,
    structures.csv and dvh.csv.

    Example: sirtdose dvh dose.dcm --structures contours.dcm --out histograms

    Example: sirtdose dvh dose.nii.gz --structures labels.nii.gz --metric D90 --sampling
    voxels --out histograms
    """
    from sirtdose.report.check.histograms import (
        HISTOGRAM_FILES,
        histograms_document,
        histograms_screen,
        write_histograms,
    )
    from sirtdose.workflows.check.histograms import dose_histograms

    require_not_of_others(out, HISTOGRAM_FILES, HISTOGRAM_FILES)
    require_free(out, HISTOGRAM_FILES, force=force)
    result = dose_histograms(
        dose,
        structures,
        roles=roles_of(roles),
        languages=languages or (),
        probability_threshold=probability_threshold,
        interpolated=sampling == "points",
    )
    document = histograms_document(result, sampling=sampling, asked=metrics_of(asked))
    with output_folder(out, HISTOGRAM_FILES, force=force) as folder:
        write_histograms(result, document, folder)
    screen = histograms_screen(document)
    print_document(document, screen, names=HISTOGRAM_FILES, out=out, as_json=as_json)
