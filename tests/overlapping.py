"""An image whose doses are all different, and two injections that overlap in it."""

from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

_SHAPE, _MM = (36, 32, 26), 4.0
TUMORS = ("Tumor 1", "Tumor 2", "Tumor 3")
STRUCTURES = ("Liver", "Perfused A", "Perfused B", *TUMORS)
A = "a=perfused:Perfused A,dose:60Gy,goal:Tumor 1:D70=100Gy,goal:tumor:V100Gy=90%"
B = "b=perfused:Perfused B,goal:Tumor 3:D70=70Gy"
INJECTIONS = ("--injection", A, "--injection", B)
ASKED = ("--metric", "V100Gy", "--metric", "V40Gy", "--metric", "D98", "--metric", "D2")
OTHERS = (
    *("--lung-shunt", "3%", "--density", "1.03g/mL", "--device", "resin"),
    *("--role", "Liver=liver", *ASKED),
)
ACCEPTED = tuple(
    word
    for code in ("H05", "H42", "H43")
    for word in ("--accept", code, "--reason", "seen")
)


def overlapping(folder: Path) -> list[object]:
    """Write the image and its structures; the words that name them, source first."""
    at = np.indices(_SHAPE) * _MM
    liver = _ellipsoid(at, (70, 62, 50), (62, 54, 42))
    masks = {
        "Liver": liver,
        "Perfused A": liver & (at[0] < 84) & (at[1] < 66),
        "Perfused B": liver & (at[0] > 54),
        "Tumor 1": _ellipsoid(at, (68, 60, 50), (15, 15, 15)),
        "Tumor 2": _ellipsoid(at, (34, 60, 44), (12, 10, 12)),
        "Tumor 3": _ellipsoid(at, (106, 60, 54), (12, 14, 12)),
    }
    counts = np.where(liver, 10.0, 0.0)
    for name, uptake in zip(TUMORS, (45, 60, 30), strict=True):
        counts[masks[name]] = uptake
    counts *= np.random.default_rng(5).gamma(9, 1 / 9, _SHAPE)
    _save(folder / "scout.nii.gz", counts.astype(np.float32))
    words: list[object] = [folder, "--image", folder / "scout.nii.gz"]
    for name, mask in masks.items():
        _save(folder / f"{name}.nii.gz", mask.astype(np.uint8))
        words += ["--structures", folder / f"{name}.nii.gz"]
    return words


def earlier_dose(folder: Path) -> Path:
    """A dose map of an earlier session, steep where the tumors lie."""
    at = np.indices(_SHAPE) * _MM
    gy = 12 + 50 * np.exp(-((at[0] - 60) ** 2 + (at[1] - 70) ** 2) / 2 / 18**2)
    gy *= np.random.default_rng(6).gamma(16, 1 / 16, _SHAPE)
    _save(folder / "earlier.nii.gz", gy.astype(np.float32))
    return folder / "earlier.nii.gz"


def _ellipsoid(
    at: NDArray[np.float64], center: tuple[int, ...], half: tuple[int, ...]
) -> NDArray[np.bool_]:
    scaled = (at - np.reshape(center, (3, 1, 1, 1))) / np.reshape(half, (3, 1, 1, 1))
    return np.asarray((scaled**2).sum(axis=0) < 1)


def _save(path: Path, data: NDArray[np.generic]) -> None:
    affine = np.diag([-_MM, -_MM, _MM, 1.0])
    nibabel.save(nibabel.nifti1.Nifti1Image(data, affine), path)
