"""`sirtdose phantom`: a digital patient with known doses."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import force_option, json_option, seed_option
from sirtdose.cli.words.show import print_document
from sirtdose.io.output.folder import output_folder
from sirtdose.model.units import LENGTH, Measure
from sirtdose.phantom.request import PhantomRequest
from sirtdose.report.wording import significant, table

_WIDTH = Measure("width", LENGTH.unit, LENGTH.factors, "15mm, or 0mm for no blur")


@command("phantom")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@seed_option
@Option("fwhm", _WIDTH, "FWHM of the SPECT blur; 0mm for none.", default="15mm")
@click.option("--noise/--no-noise", default=True, help="Add noise to SPECT and CT.")
@click.option(
    "--structures",
    type=click.Choice(("contours", "voxels")),
    default="contours",
    show_default=True,
    help="contours: RTSTRUCT of the true shapes. voxels: SEG of whole SPECT voxels.",
)
@click.option(
    "--tumors",
    type=click.Choice(("usual", "spheres")),
    default="usual",
    show_default=True,
    help="usual: three tumors. spheres: of 10, 20 and 40 mm at 8:1, to test "
    "partial-volume corrections.",
)
@force_option
@json_option
def phantom_command(
    *,
    folder: Path,
    seed: int,
    fwhm: float,
    noise: bool,
    structures: str,
    tumors: str,
    force: bool,
    as_json: bool,
) -> None:
    """Write a digital patient as DICOM, with its true doses in truth.json.

    The patient has a bremsstrahlung-like SPECT, a CT and structures: liver, perfused
    lobe, three tumors and lungs. The same seed gives the same files.

    Example: sirtdose phantom patient --seed 7

    Example: sirtdose phantom patient --fwhm 0mm --no-noise
    """
    truth = write_phantom_to(
        folder,
        seed=seed,
        fwhm_mm=fwhm,
        noise=noise,
        follow_voxels=structures == "voxels",
        spheres=tumors == "spheres",
        force=force,
    )
    _show(truth, folder, as_json=as_json)


def write_phantom_to(folder: Path, *, force: bool, **request: Any) -> dict[str, Any]:
    """Write a phantom whole or not at all."""
    from sirtdose.workflows.phantom import PHANTOM_FILES, write_phantom

    with output_folder(folder, PHANTOM_FILES, force=force) as aside:
        return write_phantom(PhantomRequest(**request), aside)


def _show(truth: dict[str, Any], folder: Path, *, as_json: bool) -> None:
    rows = [
        [
            row["name"],
            significant(row["volume_ml"]),
            significant(row["analytic_gy"]),
            significant(row["mean_on_grid_gy"]),
            f"{row['voxel_cost']:+.1%}",
            significant(row["mean_in_image_gy"]),
        ]
        for row in truth["structures"]
    ]
    header = ["structure", "mL", "true Gy", "on voxels Gy", "voxels cost", "image Gy"]
    options = " ".join(truth["post_options"])
    print_document(
        truth,
        f"{table(header, rows)}\n\nTry: sirtdose post {folder} {options} --out doses",
        as_json=as_json,
    )
