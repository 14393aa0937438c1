"""Run time and peak memory of `sirtdose post` on a large PET/CT with ten structures.

A PET of 256 x 256 x 200, a CT of 512 x 512 x 300 and ten structures drawn on the CT's
voxels are written to a temporary folder, then assessed in a process of its own; once
more with lobe and tumors drawn by three readers.
Run: python benchmarks/post_memory.py [WAY ...]
"""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import nibabel
import numpy as np

from sirtdose.io.dicom.write import Study, write_nm
from sirtdose.io.read import read_image

PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
PET, PET_MM = (256, 256, 200), (2.0, 2.0, 2.5)
CT, CT_MM = (512, 512, 300), (0.98, 0.98, 1.6)
# Center (mm from the corner) and radii (mm) of each.
STRUCTURES = {
    "Liver": ((320, 240, 250), (95, 75, 80)),
    "Perfused lobe": ((340, 240, 250), (70, 65, 70)),
    **{
        f"Tumor {k}": ((380 - 18 * k, 220 + 5 * k, 230), (10,) * 3) for k in range(1, 6)
    },
    "Lungs": ((250, 240, 400), (150, 90, 70)),
    "Spleen": ((150, 280, 250), (35, 30, 45)),
    "Stomach": ((200, 200, 250), (40, 35, 40)),
}
STUDY = Study(
    seed="benchmark",
    patient_id="MADE",
    patient_name="Made",
    description="benchmark",
    acquired=datetime(2026, 3, 3, 9, 30, tzinfo=UTC),
    version="0",
)
METHODS = {
    "local": [],
    "kernel": ["--method", "kernel"],
    "local, density by voxel": ["--density", "ct", "--method", "local"],
    "blur undone": ["--psf", "6mm"],
}
# How far out each reader has the borders of lobe and tumors, mm.
READERS = {"A": 0.0, "B": 1.5, "C": -1.0}


def ellipsoid(
    shape: tuple[int, ...], spacing: tuple[float, ...], of: tuple[tuple, tuple]
) -> np.ndarray:
    """Whole voxels inside, axes x, y, z."""
    axes = np.ogrid[tuple(slice(n) for n in shape)]
    parts = zip(axes, spacing, *of, strict=True)
    return sum(((i * mm - c) / r) ** 2 for i, mm, c, r in parts) <= 1


def save(path: Path, data: np.ndarray, spacing: tuple[float, ...]) -> None:
    """Write with a place."""
    affine = np.diag([*spacing, 1.0])
    image = nibabel.nifti1.Nifti1Image(data, affine)
    image.set_sform(affine, 1)
    nibabel.save(image, path)


def drawn(folder: Path) -> list[str]:
    """Write lobe and tumors by each reader; returns the options that name all."""
    own = [name for name in STRUCTURES if name.startswith(("Perfused", "Tumor"))]
    shared = [name for name in STRUCTURES if name not in own]
    paths = [str(folder / f"{name}.nii.gz") for name in shared]
    for who, outwards in READERS.items():
        labels = np.zeros(CT, np.uint8)
        for label, name in enumerate(own, start=1):
            center, radii = STRUCTURES[name]
            wider = tuple(one + outwards for one in radii)
            labels[ellipsoid(CT, CT_MM, (center, wider))] = label
        save(folder / f"{who}.nii.gz", labels, CT_MM)
        names = "".join(f"{n}\t{name}\n" for n, name in enumerate(own, start=1))
        (folder / f"{who}.tsv").write_text(f"index\tname\n{names}", "utf-8")
        paths.append(f"{who}={folder / who}.nii.gz")
    return [word for path in paths for word in ("--structures", path)]


def patient(folder: Path) -> list[str]:
    """Write the images; returns the options that name them."""
    pet = np.full(PET, 100.0, np.float32)
    pet[ellipsoid(PET, PET_MM, STRUCTURES["Perfused lobe"])] = 50_000
    ct = np.full(CT, -1000, np.int16)
    ct[ellipsoid(CT, CT_MM, ((250, 250, 240), (200, 140, 400)))] = 30
    ct[ellipsoid(CT, CT_MM, STRUCTURES["Lungs"])] = -780
    options = []
    for name, of in STRUCTURES.items():
        path = folder / f"{name}.nii.gz"
        save(path, ellipsoid(CT, CT_MM, of).astype(np.uint8), CT_MM)
        options += ["--structures", str(path)]
    save(folder / "pet.nii", pet, PET_MM)
    save(folder / "ct.nii", ct, CT_MM)
    # As DICOM, so that DICOM comes out.
    write_nm(read_image(folder / "pet.nii"), folder / "pet.dcm", STUDY)
    (folder / "pet.nii").unlink()
    return options


def _page_mb(folder: Path) -> float:
    page = folder / "out" / "report.html"
    return page.stat().st_size / 1e6 if page.is_file() else 0.0


def main() -> None:
    """Print seconds and peak memory of each way of computing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = patient(folder)
        ways = {said: [*options, *more] for said, more in METHODS.items()}
        ways |= {"three readers": drawn(folder)}
        chosen = sys.argv[1:] or ways
        for said in chosen:
            command = [*PROGRAM, "post", name, *ways[said]]
            command += ["--image", str(folder / "pet.dcm")]
            command += ["--ct", str(folder / "ct.nii")]
            command += ["--administered", "2GBq", "--lung-shunt", "5%", "--force"]
            command += ["--accept", "H14", "--reason", "made", "--accept", "H27"]
            command += ["--reason", "made", "--out", str(folder / "out")]
            script = (
                "import resource, subprocess, sys; "
                "code = subprocess.run(sys.argv[1:], capture_output=True).returncode; "
                "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
            )
            start = perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", script, *command],
                check=True,
                capture_output=True,
                text=True,
            )
            seconds = perf_counter() - start
            code, peak = done.stdout.split()
            print(
                f"{said:<26}{seconds:6.1f} s  {int(peak) / 2**20:5.2f} GiB  exit "
                f"{code}, report {_page_mb(folder):.2f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
