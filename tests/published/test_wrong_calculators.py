"""Two public calculators whose activities are wrong, and what these would give.

Clinical reference, sections 3 and 9: the old Radulator multiplies by (1 - LSF) where it
has to divide, and takes the tumors to have the normal liver's mass, M_N (T/N + 1); the
AngularJS calculator's `mirdCtrl` leaves LSF out.
"""

import pytest

from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.mird import activity_gbq, delivered_dose_gy
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.result import Plan
from tests import planned


def wrong_old_radulator_mird_gbq(
    *, dose_gy: float, mass_kg: float, lsf: float
) -> float:
    """WRONG: multiplies by (1 - LSF)."""
    return dose_gy * mass_kg * (1 - lsf) / 49.67


def wrong_old_radulator_partition_gbq(
    *, tumor_dose_gy: float, normal_kg: float, ratio: float, lsf: float
) -> float:
    """WRONG: the tumors' mass does not count, and multiplies by (1 - LSF)."""
    return tumor_dose_gy / ratio * normal_kg * (ratio + 1) * (1 - lsf) / 49.67


def wrong_mirdctrl_gbq(*, dose_gy: float, mass_kg: float, constant: float) -> float:
    """WRONG as a delivered dose: leaves LSF out."""
    return dose_gy * mass_kg / constant


def partition(tumor_ml: float, ratio: float, goal: str, value: float) -> Plan:
    tumors = (Tumor("T", tumor_ml, ratio),)
    one = Injection("p", 1000, tumors, goal, value, 0.1)  # type: ignore[arg-type]
    return planned.partition(injections=[one], density_g_per_ml=1.03)


def dose_of(plan: Plan, role: str) -> float:
    [row] = [row for row in plan.compartments if row.role == role]
    return row.dose_gy


@pytest.mark.parametrize(
    ("lsf", "wrong", "right", "given_gy"),
    [
        # 103 x 0.9 / 49.67, 103 / (49.67 x 0.9), 100 x 0.9 x 0.9.
        (0.10, 1.86632, 2.30410, 81.0),
        # 103 x 0.8 / 49.67, 103 / (49.67 x 0.8), 100 x 0.8 x 0.8.
        (0.20, 1.65895, 2.59211, 64.0),
    ],
)
def test_old_radulator_one_compartment(
    lsf: float, wrong: float, right: float, given_gy: float
) -> None:
    """100 Gy to 1.03 kg: 19 Gy too little at 10 % shunt, 36 at 20 %."""
    terms = {
        "mass_kg": 1.03,
        "dose_constant_gy_kg_per_gbq": 49.67,
        "lung_shunt_fraction": lsf,
    }
    theirs = wrong_old_radulator_mird_gbq(dose_gy=100, mass_kg=1.03, lsf=lsf)
    ours = activity_gbq(dose_gy=100, **terms)
    assert theirs == pytest.approx(wrong, abs=5e-6)
    assert ours == pytest.approx(right, abs=5e-6)
    assert ours - theirs == pytest.approx(right - wrong, abs=1e-5)
    given = delivered_dose_gy(activity_gbq=theirs, **terms)
    assert given == pytest.approx(given_gy, abs=1e-9)


def test_old_radulator_shows_too_little_lung_dose() -> None:
    """9.27 Gy by its activity, 11.4 Gy by the one that gives the 100 Gy."""
    plan = planned.mird(
        dose_gy=81.0,
        perfused_volume_ml=1000,
        density_g_per_ml=1.03,
        lung_shunt_fraction=0.1,
    )
    theirs = wrong_old_radulator_mird_gbq(dose_gy=100, mass_kg=1.03, lsf=0.1)
    assert plan.activity_gbq == pytest.approx(theirs)
    assert plan.lungs.dose_gy == pytest.approx(9.27, abs=1e-9)


@pytest.mark.parametrize(
    ("tumor_ml", "ratio", "normal_gy", "wrong", "right", "given_gy", "off_gy"),
    [
        # 100 x 0.824 x 4 x 0.9 = 296.64; 100 x 1.442; 296.64 x 0.9 / 1.442.
        pytest.param(
            200, 3, 100, 5.97222, 3.22573, 185.14286, 255.42857, id="too much"
        ),
        # 300 x 0.824 x 2 x 0.9 = 444.96; 300 x 1.03; 444.96 x 0.9 / 1.03.
        pytest.param(
            200, 1, 300, 8.95832, 6.91229, 388.8, 88.8, id="too much, no contrast"
        ),
        # 100 x 0.412 x 4 x 0.9 = 148.32; 100 x 2.266; 148.32 x 0.9 / 2.266.
        pytest.param(
            600, 3, 100, 2.98611, 5.06901, 58.90909, -123.27273, id="too little"
        ),
    ],
)
def test_old_radulator_partition(
    tumor_ml: float,
    ratio: float,
    normal_gy: float,
    wrong: float,
    right: float,
    given_gy: float,
    off_gy: float,
) -> None:
    """300 Gy to a tumor in 1000 mL at 1.03 g/mL, 10 % shunt: `off_gy` of it more."""
    theirs = wrong_old_radulator_partition_gbq(
        tumor_dose_gy=300,
        normal_kg=(1000 - tumor_ml) * 1.03 / 1000,
        ratio=ratio,
        lsf=0.1,
    )
    ours = partition(tumor_ml, ratio, "tumor_dose", 300)
    assert theirs == pytest.approx(wrong, abs=5e-6)
    assert ours.activity_gbq == pytest.approx(right, abs=5e-6)
    assert theirs - ours.activity_gbq == pytest.approx(wrong - right, abs=1e-5)
    assert dose_of(ours, "normal_perfused") == pytest.approx(normal_gy)
    given = partition(tumor_ml, ratio, "activity", theirs)
    normal = dose_of(given, "normal_perfused")
    assert normal == pytest.approx(given_gy, abs=5e-6)
    assert dose_of(given, "tumor") - 300 == pytest.approx(off_gy, abs=5e-6)


@pytest.mark.parametrize(
    ("constant", "mass_kg", "wrong", "right"),
    [
        # 120 / 50 and 120 / (50 x 0.95).
        pytest.param(50.0, 1.0, 2.4, 2.526316, id="as the label"),
        # 123.6 / 49.7 and 123.6 / (49.7 x 0.95).
        pytest.param(49.7, 1.03, 2.486922, 2.617812, id="with its own constants"),
    ],
)
def test_mirdctrl_gives_114_gy_where_120_were_asked(
    constant: float, mass_kg: float, wrong: float, right: float
) -> None:
    """5 % shunt: 6 Gy too little, whatever K and mass."""
    terms = {
        "mass_kg": mass_kg,
        "dose_constant_gy_kg_per_gbq": constant,
        "lung_shunt_fraction": 0.05,
    }
    theirs = wrong_mirdctrl_gbq(dose_gy=120, mass_kg=mass_kg, constant=constant)
    ours = activity_gbq(dose_gy=120, **terms)
    assert theirs == pytest.approx(wrong, abs=5e-7)
    assert ours == pytest.approx(right, abs=5e-7)
    assert ours - theirs == pytest.approx(right - wrong, abs=1e-6)
    given = delivered_dose_gy(activity_gbq=theirs, **terms)
    assert given == pytest.approx(114.0, abs=1e-9)
    assert delivered_dose_gy(activity_gbq=ours, **terms) - given == pytest.approx(6.0)


def test_the_label_convention_is_mirdctrl_by_choice_and_shows_114_gy() -> None:
    case = {
        "dose_gy": 120,
        "perfused_volume_ml": 1000,
        "density_g_per_ml": 1.0,
        "lung_shunt_fraction": 0.05,
        "nuclide": Nuclide.named("Y-90", dose_constant="label"),
    }
    label = planned.mird(**case, convention="label")
    delivered = planned.mird(**case)
    assert label.activity_gbq == pytest.approx(2.4)
    assert label.assumptions["convention"] == "label"
    assert dose_of(label, "perfused") == pytest.approx(114.0)
    assert delivered.activity_gbq == pytest.approx(2.526316, abs=5e-7)
    assert dose_of(delivered, "perfused") == pytest.approx(120.0)
