"""A small patient of NIfTI files: an image, and masks that readers drew."""

from collections.abc import Mapping
from pathlib import Path

import nibabel
import numpy as np

SHAPE = (38, 34, 26)
SPACING = (4.0, 3.5, 5.0)
# x, y, z of the first voxel, NIfTI (RAS).
ORIGIN = (-61.0, 23.0, -140.0)
LIVER = ((70.0, 55.0, 62.0), (50.0, 40.0, 45.0))
TUMOR = ((80.0, 60.0, 66.0), (16.0, 15.0, 17.0))
GIVEN = ("--administered", "0.5GBq", "--lung-shunt", "4%")
BARE = ("--no-report", "--no-dicom")
Ellipsoid = tuple[tuple[float, float, float], tuple[float, float, float]]


def ellipsoid(of: Ellipsoid, shape=SHAPE, spacing=SPACING) -> np.ndarray:
    """Voxels with their center inside, axes x, y, z; mm from the first voxel."""
    index = np.ogrid[tuple(slice(n) for n in shape)]
    parts = zip(index, spacing, *of, strict=True)
    return sum(((i * mm - c) / r) ** 2 for i, mm, c, r in parts) <= 1


def moved(of: Ellipsoid, by=(0.0, 0.0, 0.0), wider: float = 0.0) -> Ellipsoid:
    """An ellipsoid at another place, its border so much further out."""
    center, radii = of
    return (
        tuple(a + b for a, b in zip(center, by, strict=True)),
        tuple(r + wider for r in radii),
    )


def save(path: Path, data: np.ndarray, spacing=SPACING) -> Path:
    """Write a NIfTI file with its place."""
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = ORIGIN
    image = nibabel.Nifti1Image(np.asarray(data), affine)
    image.set_sform(affine, 1)
    nibabel.save(image, path)
    return path


def labels(path: Path, drawn: Mapping[str, np.ndarray]) -> Path:
    """Masks by name as one label image: of a voxel in two, the later one has it."""
    data = np.zeros(next(iter(drawn.values())).shape, np.int16)
    for label, mask in enumerate(drawn.values(), start=1):
        data[mask] = label
    names = "".join(f"{n}\t{name}\n" for n, name in enumerate(drawn, start=1))
    stem = path.name.removesuffix(".nii.gz")
    path.with_name(f"{stem}.tsv").write_text(f"index\tname\n{names}", "utf-8")
    return save(path, data)


def image(folder: Path) -> Path:
    """Counts that grow across the liver, and are four times as many in the tumor."""
    x = np.arange(SHAPE[0])[:, None, None] / SHAPE[0]
    counts = ellipsoid(LIVER) * (60.0 + 40.0 * x) + 250.0 * ellipsoid(TUMOR)
    return save(folder / "spect.nii.gz", counts.astype(np.float32))
