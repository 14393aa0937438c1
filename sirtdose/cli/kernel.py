"""`sirtdose kernel`: the voxel kernel of any spacing."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.options import (
    force_option,
    json_option,
    medium_option,
    out_option,
    physics_options,
)
from sirtdose.cli.words.quantities import QuantityType, nuclide_of
from sirtdose.errors import QuantityError
from sirtdose.io.output.folder import output_folder, require_free
from sirtdose.model.units import DENSITY, LENGTH
from sirtdose.report.documents import document_text

KERNEL_FILES = ("kernel.csv", "kernel.nii.gz", "kernel.json")


@click.command("kernel")
@click.option(
    "--spacing",
    required=True,
    metavar="X,Y,Z",
    help="Voxel sides, such as 4.8mm,4.8mm,2mm; one length for cubes.",
)
@physics_options
@medium_option
@click.option(
    "--density",
    type=QuantityType(DENSITY),
    help="Of the medium.  [default: the one its kernel was simulated in]",
)
@out_option(required=True)
@force_option
@json_option
def kernel_command(
    *, spacing: str, out: Path, force: bool, as_json: bool, **options: Any
) -> None:
    """Export where the energy of one voxel's decays goes, as far as electrons reach.

    Writes kernel.csv (offsets dx, dy, dz in voxels, energy fraction, S value),
    kernel.nii.gz (energy fractions, the source in the middle) and kernel.json.

    Example: sirtdose kernel --spacing 4.8mm,4.8mm,2mm --out kernel
    """
    from sirtdose.dosimetry.engine.kernel import electron_kernel
    from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
    from sirtdose.report.kernel_table import (
        kernel_document,
        kernel_summary,
        write_kernel,
    )

    require_free(out, KERNEL_FILES, force=force)
    x, y, z = _sides(spacing)
    nuclide, _ = nuclide_of(options)
    radial = RadialKernel.of(nuclide, options["medium"] or "soft-tissue")
    if options["density"]:
        radial = radial.at_density(options["density"])
    kernel = electron_kernel(radial, (z, y, x))
    document = kernel_document(kernel, nuclide)
    with output_folder(out, KERNEL_FILES, force=force) as folder:
        write_kernel(kernel, nuclide, document, folder)
    click.echo(kernel_summary(document), err=True)
    click.echo(f"\nWritten to {out}: {', '.join(KERNEL_FILES)}", err=True)
    if as_json:
        click.echo(document_text(document), nl=False)


def _sides(text: str) -> tuple[float, float, float]:
    parts = text.split(",")
    if len(parts) not in (1, 3):
        raise click.BadParameter(
            f"'{text}' has {len(parts)} lengths: give x,y,z such as 4.8mm,4.8mm,2mm, "
            "or one for cubes",
            param_hint="--spacing",
        )
    try:
        sides = [LENGTH.parse(part) for part in parts]
    except QuantityError as error:
        raise click.BadParameter(str(error), param_hint="--spacing") from None
    x, y, z = sides if len(sides) == 3 else sides * 3
    return x, y, z
