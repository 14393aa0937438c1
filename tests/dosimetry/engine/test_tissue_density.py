"""CT numbers to density: the published coefficients, and lungs kept as lungs."""

import csv
from pathlib import Path

import numpy as np
import pytest

from sirtdose.data.load import table
from sirtdose.dosimetry.engine.tissue_density import density_of_ct
from sirtdose.errors import InputError, QuantityError
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume


def densities(hu: list[float], curve: str = "Schneider") -> np.ndarray:
    grid = Grid.regular((1, 1, len(hu)), spacing_mm=(1.0, 1.0, 1.0))
    ct = Volume(np.array([[hu]]), grid, Quantity.CT_NUMBER)
    return density_of_ct(ct, curve).data.ravel()


# offset + factor x (factor offset + HU) of the sections up to metal, but that of 24 to
# 100 HU: its line ends 0.043 g/mL above the next one's beginning.
SECTIONS = [
    (-1000, -98, lambda hu: 0.00121 + 0.001029700665188 * (1000 + hu)),
    (-98, 15, lambda hu: 1.018 + 0.000893 * hu),
    (15, 23, lambda _: 1.03),
    (101, 2001, lambda hu: 1.017 + 0.000592 * hu),
    (2001, 2995, lambda hu: 2.201 + 0.0005 * (hu - 2000)),
]


def test_schneider_is_its_coefficients() -> None:
    for low, high, formula in SECTIONS:
        hu = np.linspace(low + 1, high - 1, 23).tolist()
        np.testing.assert_allclose(densities(hu), [formula(x) for x in hu], atol=2e-3)


def test_no_water_for_lung_and_no_less_than_air() -> None:
    found = densities([-5000, -1000, -850, -700])
    assert found == pytest.approx([0.00121, 0.00121, 0.1557, 0.3101], abs=1e-4)


@pytest.mark.parametrize(
    ("ours", "named"),
    [("Schneider", "TOPAS_Schneider"), ("GEMINI", "GEMINI_CT_stoichiometric")],
)
def test_every_point_of_the_tables(physics_tables: Path, ours: str, named: str) -> None:
    text = (physics_tables / "hu_to_density.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in text if not line.startswith("#"))
    points = {
        float(row["HU"]): float(row["density_g_cm3"])
        for row in rows
        if row["curve"] == named
    }
    left_out = {60.0, 100.0} if ours == "Schneider" else set()
    points = {hu: value for hu, value in points.items() if hu not in left_out}
    assert len(points) > 8
    # At 14 HU the authors' line is 0.0005 above the plateau that follows it.
    np.testing.assert_allclose(
        densities(list(points), ours), list(points.values()), rtol=6e-4
    )


def test_soft_tissue_without_contrast() -> None:
    """Muscle and blood have 1.05 to 1.06 g/mL, and the liver: within 1.5 %."""
    for hu, true in ((42, 1.05), (52, 1.06), (60, 1.06)):
        assert densities([hu])[0] == pytest.approx(true, rel=0.015)


@pytest.mark.parametrize("curve", table("density_curves"))
def test_no_curve_falls_or_jumps(curve: str) -> None:
    found = np.diff(densities(np.arange(-1100, 4000.0).tolist(), curve))
    assert found.min() >= 0
    assert found.max() <= 0.005


def test_refuses_another_curve_and_what_is_no_ct() -> None:
    with pytest.raises(InputError, match="Schneider, GEMINI"):
        densities([0.0], "mine")
    grid = Grid.regular((1, 1, 1), spacing_mm=(1.0, 1.0, 1.0))
    counts = Volume(np.ones((1, 1, 1)), grid, Quantity.COUNTS)
    with pytest.raises(QuantityError, match="CT_NUMBER"):
        density_of_ct(counts)
