"""Dose methods over Monte Carlo on real anatomy: the table and the picture of the docs.

Needs the case `mc_real_ct`, given as the first argument: an activity, densities, labels
and EGSnrc's dose on one grid of 4 mm. Prints a table and writes the picture where the
second argument says.
"""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from sirtdose.dosimetry.engine.dose import compute_dose
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.io.read import read_image
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity

METHODS = {
    "local": ("local deposition", "#b45309", "2 4"),
    "kernel": ("kernel", "#0369a1", "7 4"),
    "collapsed-cone": ("collapsed cone", "#15803d", ""),
}
NAMES = {1: "liver", 2: "tumor 15 mm", 3: "tumor 30 mm", 4: "tumor 45 mm", 5: "lungs"}
LEFT, TOP, WIDTH, HEIGHT = 60, 36, 560, 300
FROM_MM, TO_MM, TOP_GY = -30, 24, 150


def main() -> None:
    """Compute, print, draw."""
    folder, picture = Path(sys.argv[1]), Path(sys.argv[2])
    activity = read_image(folder / "activity.nii.gz", quantity=Quantity.ACTIVITY)
    activity = activity.with_data(activity.data / activity.total())
    density = read_image(folder / "density_g_per_ml.nii.gz", quantity=Quantity.DENSITY)
    truth = read_image(
        folder / "dose_mc_gy_per_gbq.nii.gz", quantity=Quantity.DOSE
    ).data
    labels = read_image(folder / "labels.nii.gz").data
    nuclide = Nuclide.named("Y-90")
    tia = time_integrated_activity(activity, nuclide)
    doses = {
        name: compute_dose(
            tia, nuclide=nuclide, density_g_per_ml=density, method=name
        ).volume.data
        for name in METHODS
    }
    to_lung = distance_transform_edt(labels != 5, density.grid.spacing_mm)
    masks = {name: labels == label for label, name in NAMES.items()}
    masks["liver within 8 mm of the lung"] = (labels == 1) & (to_lung <= 8)
    print_table(doses, truth, masks)
    liver = (labels >= 1) & (labels <= 4)
    to_liver = distance_transform_edt(~liver, density.grid.spacing_mm)
    depth = np.where(liver, 2 - to_lung, np.where(labels == 5, to_liver - 2, np.nan))
    picture.write_text(drawn(doses, truth, depth), "utf-8")


def print_table(
    doses: dict[str, NDArray[np.generic]],
    truth: NDArray[np.generic],
    masks: dict[str, NDArray[np.bool_]],
) -> None:
    """Mean dose over the truth's, and the 95th percentile of voxel deviations."""
    print("| | " + " | ".join(METHODS[name][0] for name in doses) + " |")
    print("|---" * (len(doses) + 1) + "|")
    for name, mask in masks.items():
        cells = []
        for dose in doses.values():
            ratio = dose[mask].mean() / truth[mask].mean()
            worst = np.percentile(np.abs(dose[mask] / truth[mask] - 1), 95)
            cells.append(f"{ratio:.3f} ({worst:.1%})")
        print(f"| {name} | " + " | ".join(cells) + " |")


def drawn(
    doses: dict[str, NDArray[np.generic]],
    truth: NDArray[np.generic],
    depth: NDArray[np.float64],
) -> str:
    """Mean dose against the distance to the border of liver and lung, as SVG."""
    edges = np.arange(FROM_MM, TO_MM + 1, 4.0)
    middles = (edges[1:] + edges[:-1]) / 2

    def x(mm: float) -> float:
        return LEFT + (mm - FROM_MM) / (TO_MM - FROM_MM) * WIDTH

    def y(gy: float) -> float:
        return TOP + HEIGHT - gy / TOP_GY * HEIGHT

    def means(dose: NDArray[np.generic]) -> list[float]:
        return [
            float(dose[(depth > a) & (depth <= b)].mean()) for a, b in pairwise(edges)
        ]

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" '
        f'font-size="12" viewBox="0 0 640 {TOP + HEIGHT + 56}">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<rect x="{x(0):.1f}" y="{TOP}" width="{x(TO_MM) - x(0):.1f}" '
        f'height="{HEIGHT}" fill="#eef2f6"/>',
        f'<text x="{x(1):.1f}" y="{TOP + 16}" fill="#475569">lung</text>',
        f'<text x="{x(-1):.1f}" y="{TOP + 16}" fill="#475569" text-anchor="end">liver '
        "and tumors</text>",
    ]
    for gy in range(0, TOP_GY + 1, 25):
        parts.append(
            f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y(gy):.1f}" y2="{y(gy):.1f}" '
            f'stroke="#e2e8f0"/><text x="{LEFT - 8}" y="{y(gy) + 4:.1f}" '
            f'text-anchor="end">{gy}</text>'
        )
    for mm in range(FROM_MM, TO_MM + 1, 6):
        parts.append(
            f'<text x="{x(mm):.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{mm}'
            "</text>"
        )
    for i, (name, dose) in enumerate(doses.items()):
        label, color, dash = METHODS[name]
        points = " ".join(
            f"{x(mm):.1f},{y(gy):.1f}"
            for mm, gy in zip(middles, means(dose), strict=True)
        )
        parts.append(
            f'<polyline fill="none" stroke="{color}" stroke-width="2" '
            f'stroke-dasharray="{dash}" points="{points}"/>'
            f'<line x1="{LEFT + 130 * i}" x2="{LEFT + 130 * i + 24}" y1="18" y2="18" '
            f'stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>'
            f'<text x="{LEFT + 130 * i + 30}" y="22">{label}</text>'
        )
    parts += [
        f'<circle cx="{x(mm):.1f}" cy="{y(gy):.1f}" r="4" fill="none" stroke="#111"/>'
        for mm, gy in zip(middles, means(truth), strict=True)
    ]
    parts += [
        f'<circle cx="{LEFT + 400}" cy="18" r="4" fill="none" stroke="#111"/>'
        f'<text x="{LEFT + 412}" y="22">Monte Carlo</text>',
        f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 42}" text-anchor="middle">'
        "distance from the border, mm (lung positive)</text>",
        f'<text transform="translate(16 {TOP + HEIGHT / 2}) rotate(-90)" '
        'text-anchor="middle">mean dose, Gy per GBq</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
