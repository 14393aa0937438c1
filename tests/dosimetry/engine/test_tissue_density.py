"""CT numbers to density: the published coefficients, and lungs kept as lungs."""

import csv
from pathlib import Path

import numpy as np
import pytest

from sirtdose.dosimetry.engine.tissue_density import density_of_ct
from sirtdose.errors import InputError, QuantityError
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume


def densities(hu: list[float], curve: str = "TOPAS_Schneider") -> np.ndarray:
    grid = Grid.regular((1, 1, len(hu)), spacing_mm=(1.0, 1.0, 1.0))
    ct = Volume(np.array([[hu]]), grid, Quantity.CT_NUMBER)
    return density_of_ct(ct, curve).data.ravel()


# offset + factor x (factor offset + HU) of the six sections up to metal.
SECTIONS = [
    (-1000, -98, lambda hu: 0.00121 + 0.001029700665188 * (1000 + hu)),
    (-98, 15, lambda hu: 1.018 + 0.000893 * hu),
    (15, 23, lambda _: 1.03),
    (23, 101, lambda hu: 1.003 + 0.001169 * hu),
    (101, 2001, lambda hu: 1.017 + 0.000592 * hu),
    (2001, 2995, lambda hu: 2.201 + 0.0005 * (hu - 2000)),
]


def test_topas_is_its_coefficients() -> None:
    for low, high, formula in SECTIONS:
        hu = np.linspace(low + 1, high - 1, 23).tolist()
        np.testing.assert_allclose(densities(hu), [formula(x) for x in hu], atol=2e-3)


def test_no_water_for_lung_and_no_less_than_air() -> None:
    found = densities([-5000, -1000, -850, -700])
    assert found == pytest.approx([0.00121, 0.00121, 0.1557, 0.3101], abs=1e-4)


@pytest.mark.parametrize(
    ("ours", "table"),
    [("TOPAS_Schneider", "TOPAS_Schneider"), ("GEMINI", "GEMINI_CT_stoichiometric")],
)
def test_every_point_of_the_tables(physics_tables: Path, ours: str, table: str) -> None:
    text = (physics_tables / "hu_to_density.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in text if not line.startswith("#"))
    points = [row for row in rows if row["curve"] == table]
    assert len(points) > 8
    found = densities([float(row["HU"]) for row in points], ours)
    expected = [float(row["density_g_cm3"]) for row in points]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_refuses_another_curve_and_what_is_no_ct() -> None:
    with pytest.raises(InputError, match="TOPAS_Schneider, GEMINI"):
        densities([0.0], "mine")
    grid = Grid.regular((1, 1, 1), spacing_mm=(1.0, 1.0, 1.0))
    counts = Volume(np.ones((1, 1, 1)), grid, Quantity.COUNTS)
    with pytest.raises(QuantityError, match="CT_NUMBER"):
        density_of_ct(counts)
