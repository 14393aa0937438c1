"""A voxel kernel as a table, a document and an image."""

from pathlib import Path
from typing import Any

import numpy as np

from sirtdose import __version__
from sirtdose.checks.constants import kernel_energy_findings, nuclide_findings
from sirtdose.dosimetry.engine.kernel import Kernel
from sirtdose.errors import InputError
from sirtdose.io.image_file import write_nifti
from sirtdose.model.grid import Grid, three
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.documents import (
    document_text,
    findings_document,
    nuclide_document,
)
from sirtdose.report.post.summary import constant_words, own_file_words
from sirtdose.report.wording import significant, table

KERNEL_COLUMNS = ("dx", "dy", "dz", "energy_fraction", "s_mgy_per_mbq_s")
# Rows of a table that is still opened by anything: 0.4 mm voxels.
_ROWS_MAX = 1_000_000
# Offsets (slice, row, column) that a reader compares first, and their names.
_NEIGHBORS = (
    ("itself", (0, 0, 0)),
    ("next in x", (0, 0, 1)),
    ("next in y", (0, 1, 0)),
    ("next in z", (1, 0, 0)),
    ("next in x, y", (0, 1, 1)),
    ("next in x, y, z", (1, 1, 1)),
)


def kernel_document(kernel: Kernel, nuclide: Nuclide) -> dict[str, Any]:
    """What kernel.json holds.

    Raises
    ------
    InputError
        More voxels than a table is good for.
    """
    half = kernel.octant.shape
    shape = [2 * n - 1 for n in half]
    if shape[0] * shape[1] * shape[2] > _ROWS_MAX:
        z, y, x = kernel.spacing_mm
        raise InputError(
            f"a kernel of {x:g} x {y:g} x {z:g} mm voxels has "
            f"{' x '.join(str(n) for n in shape)} of them, over {_ROWS_MAX:.0e}: give "
            "larger ones"
        )
    values = kernel.s_mgy_per_mbq_s(nuclide)
    near = [
        {
            "voxel": name,
            "offset": list(at[::-1]),
            "energy_fraction": float(kernel.octant[at]),
            "s_mgy_per_mbq_s": float(values[at]),
        }
        for name, at in _NEIGHBORS
        if all(i < n for i, n in zip(at, half, strict=True))
    ]
    return {
        "schema": "sirtdose.kernel/1",
        "sirtdose_version": __version__,
        "nuclide": nuclide_document(nuclide),
        "medium": kernel.radial.medium,
        "density_g_per_ml": kernel.radial.density_g_per_ml,
        "spacing_mm": list(kernel.spacing_mm[::-1]),
        "shape": shape[::-1],
        "order": "x, y, z",
        "reach_mm": kernel.to_mm,
        "energy_recovered": kernel.energy_recovered,
        "energy_in_table": kernel.radial.fraction_within(kernel.to_mm),
        "energy_beyond_by_photons": 1 - kernel.radial.fraction_within(kernel.to_mm),
        "source": kernel.radial.source,
        "near": near,
        "warnings": findings_document(
            [
                *nuclide_findings(nuclide),
                *kernel_energy_findings(nuclide, kernel.radial.energy_mev_per_decay),
            ]
        ),
    }


def kernel_csv(kernel: Kernel, nuclide: Nuclide) -> str:
    """The full block, a row per voxel, x fastest."""
    block = kernel.energy_fraction
    factor = kernel.s_mgy_per_mbq_s(nuclide)[0, 0, 0] / kernel.octant[0, 0, 0]
    offsets = np.indices(block.shape).reshape(3, -1).T - np.array(block.shape) // 2
    rows = (
        f"{dx},{dy},{dz},{fraction:.9e},{fraction * factor:.9e}"
        for (dz, dy, dx), fraction in zip(
            offsets.tolist(), block.ravel().tolist(), strict=True
        )
    )
    return "\n".join([",".join(KERNEL_COLUMNS), *rows, ""])


def kernel_summary(document: dict[str, Any]) -> str:
    """The first neighbors, as a table for a terminal."""
    x, y, z = document["spacing_mm"]
    nuclide = document["nuclide"]
    rows = [
        [
            one["voxel"],
            significant(one["energy_fraction"]),
            significant(one["s_mgy_per_mbq_s"]),
        ]
        for one in document["near"]
    ]
    return "\n".join(
        [
            f"Voxel kernel of {nuclide['name']} in {document['medium']}, "
            f"{document['density_g_per_ml']:g} g/mL, {x:g} x {y:g} x {z:g} mm",
            f"half-life {nuclide['half_life_h']:g} h, K "
            f"{constant_words(nuclide)}{own_file_words(nuclide)}",
            "",
            table(["voxel", "energy fraction", "S mGy/(MBq s)"], rows),
            "",
            f"Energy recovered {document['energy_recovered']:.6f} within "
            f"{document['reach_mm']:.4g} mm; the rest, "
            f"{document['energy_beyond_by_photons']:.6f}, goes farther by photons",
            *(
                f"{one['severity'].upper()} {one['code']}  {one['message']}"
                for one in document["warnings"]
            ),
        ]
    )


def write_kernel(
    kernel: Kernel, nuclide: Nuclide, document: dict[str, Any], folder: Path
) -> None:
    """Write kernel.csv, kernel.nii.gz and kernel.json."""
    (folder / "kernel.json").write_text(document_text(document), "utf-8")
    (folder / "kernel.csv").write_text(kernel_csv(kernel, nuclide), "utf-8")
    block = kernel.energy_fraction
    middle = (np.array(block.shape) // 2) * np.array(kernel.spacing_mm)
    grid = Grid.regular(
        three(block.shape),
        spacing_mm=kernel.spacing_mm,
        origin_mm=three((-middle[::-1]).tolist()),
    )
    write_nifti(Volume(block, grid, Quantity.ENERGY_FRACTION), folder / "kernel.nii.gz")
