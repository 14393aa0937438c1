"""`sirtdose kernel`: the voxel kernel of any spacing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    density_option,
    force_option,
    json_option,
    medium_option,
    out_option,
    physics_options,
)
from sirtdose.cli.words.quantities import along_xyz, nuclide_of
from sirtdose.cli.words.show import print_document
from sirtdose.io.output.folder import output_folder, require_free

KERNEL_FILES = ("kernel.csv", "kernel.nii.gz", "kernel.json")


@command("kernel")
@Option(
    "spacing",
    str,
    "Voxel size along x,y,z, e.g. 4.8mm,4.8mm,2mm; one length for cubes.",
    required=True,
    metavar="X,Y,Z",
)
@physics_options
@medium_option
@replace(
    density_option,
    help="Density of the medium.  [default: the one in which the kernel was simulated]",
    default=None,
)
@out_option(required=True)
@force_option
@json_option
def kernel_command(
    *, spacing: str, out: Path, force: bool, as_json: bool, **options: Any
) -> None:
    """Export the dose kernel of one voxel: where the energy of its decays goes.

    Writes kernel.csv (offsets dx, dy, dz in voxels, energy fraction, S value),
    kernel.nii.gz (energy fractions, the source in the middle) and kernel.json.

    Example: sirtdose kernel --spacing 4.8mm,4.8mm,2mm --out kernel

    Example: sirtdose kernel --spacing 3mm --nuclide Ho-166 --medium water --out kernel
    """
    from sirtdose.dosimetry.engine.kernel import electron_kernel
    from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
    from sirtdose.report.kernel_table import (
        kernel_document,
        kernel_summary,
        write_kernel,
    )

    require_free(out, KERNEL_FILES, force=force)
    x, y, z = along_xyz(spacing, "--spacing")
    nuclide = nuclide_of(options)[0].for_energy(emitted=True)
    radial = RadialKernel.of(nuclide, options["medium"] or "soft-tissue")
    if options["density"]:
        radial = radial.at_density(options["density"])
    kernel = electron_kernel(radial, (z, y, x))
    document = kernel_document(kernel, nuclide)
    with output_folder(out, KERNEL_FILES, force=force) as folder:
        write_kernel(kernel, nuclide, document, folder)
    print_document(
        document, kernel_summary(document), names=KERNEL_FILES, out=out, as_json=as_json
    )
