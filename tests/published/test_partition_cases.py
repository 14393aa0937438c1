"""Partition planning against published and independently computed figures."""

import pytest

from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.result import Plan
from tests import planned


def dose_of(result: Plan, role: str) -> float:
    [row] = [row for row in result.compartments if row.role == role]
    return row.dose_gy


def test_radulator_ratio_3() -> None:
    """Radulator's own test: 300 Gy to 200 of 1000 mL, T/N 3, shunt 10 %."""
    tumors = (Tumor("T", 200, 3),)
    result = planned.partition(
        injections=[Injection("p", 1000, tumors, "tumor_dose", 300, 0.1)],
        density_g_per_ml=1.03,
    )
    assert result.activity_gbq == pytest.approx(3.23, abs=0.005)
    assert result.activity_mci == pytest.approx(87.2, abs=0.05)
    assert dose_of(result, "normal_perfused") == pytest.approx(100)
    assert dose_of(result, "perfused") == pytest.approx(140)
    assert result.lungs.dose_gy == pytest.approx(16.0, abs=0.05)


def test_radulator_ratio_1() -> None:
    tumors = (Tumor("T", 200, 1),)
    result = planned.partition(
        injections=[Injection("p", 1000, tumors, "tumor_dose", 300, 0.1)],
        density_g_per_ml=1.03,
    )
    assert result.activity_gbq == pytest.approx(6.91, abs=0.005)
    assert result.activity_mci == pytest.approx(186.8, abs=0.05)
    assert dose_of(result, "normal_perfused") == pytest.approx(300)
    assert dose_of(result, "perfused") == pytest.approx(300)


@pytest.mark.parametrize(
    (
        "dose",
        "tumor_ml",
        "volume_ml",
        "ratio",
        "shunt",
        "activity",
        "normal",
        "lungs",
    ),
    [
        (200, 300, 1800, 3, 0.05, 3.490416, 66.667, 7.228),
        (205, 150, 1000, 5, 0.08, 1.477736, 41.0, 4.896),
    ],
)
def test_an_angularjs_calculator(
    dose: float,
    tumor_ml: float,
    volume_ml: float,
    ratio: float,
    shunt: float,
    activity: float,
    normal: float,
    lungs: float,
) -> None:
    """Its partitionCtrl, run: K 49.7, 1.03 g/mL, lungs of 4000 mL at 0.3 g/mL."""
    tumors = (Tumor("T", tumor_ml, ratio),)
    result = planned.partition(
        injections=[Injection("p", volume_ml, tumors, "tumor_dose", dose, shunt)],
        density_g_per_ml=1.03,
        nuclide=Nuclide.named("Y-90").with_dose_constant(49.7),
        lung_mass_kg=1.2,
    )
    assert result.activity_gbq == pytest.approx(activity, abs=5e-7)
    assert dose_of(result, "normal_perfused") == pytest.approx(normal, abs=5e-4)
    assert result.lungs.dose_gy == pytest.approx(lungs, abs=5e-4)


def test_3dosim_fractions() -> None:
    """3.5 GBq, T/N 4.2, shunt 5 %, normal 1234.5 mL, tumor 45.2 mL."""
    tumors = (Tumor("T", 45.2, 4.2),)
    result = planned.partition(
        injections=[Injection("p", 1279.7, tumors, "activity", 3.5, 0.05)]
    )
    parts = {row.role: row.activity_gbq / 3.5 for row in result.compartments}
    assert parts["normal_perfused"] == pytest.approx(0.823, abs=5e-4)
    assert parts["tumor"] == pytest.approx(0.127, abs=5e-4)


@pytest.mark.parametrize(
    ("perfused_gy", "lungs_gy", "met"),
    [(116.5, 29.99875, True), (116.51, 30.001325, False)],
)
def test_the_boundary_pair_of_the_lung_limit(
    perfused_gy: float, lungs_gy: float, met: bool
) -> None:
    """Compared unrounded: both print as 30.00 Gy."""
    result = planned.partition(
        injections=[Injection("p", 1000, (), "perfused_dose", perfused_gy, 0.2)],
        density_g_per_ml=1.03,
    )
    assert result.lungs.dose_gy == pytest.approx(lungs_gy, abs=1e-6)
    [lungs] = [limit for limit in result.limits if limit.name == "lungs"]
    assert lungs.met is met
