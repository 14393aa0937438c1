"""A case whose numbers are a little other is the case planned with those numbers."""

from typing import Any

import pytest

from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.case_plan import one_compartment
from sirtdose.planning.partition_case import Case, Region
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.partition_plan import case_of
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.perturbed_case import Factors, perturbed
from sirtdose.planning.terms import Terms


def planned(
    *,
    tumor_ml: float = 200.0,
    ratio: float = 3.0,
    small_ratio: float = 6.0,
    perfused_ml: float = 1000.0,
    liver_ml: float = 1600.0,
    shunts: tuple[float, float] = (0.1, 0.04),
    density: float = 1.05,
    constant: float = 49.67,
    lung_kg: float = 1.0,
) -> Case:
    right = Injection(
        "right",
        perfused_ml,
        (Tumor("T1", tumor_ml, ratio), Tumor("T2", 5, small_ratio)),
        "activity",
        1.0,
        shunts[0],
    )
    left = Injection("left", 300, (Tumor("T3", 20, 4),), "activity", 1.0, shunts[1])
    nuclide = Nuclide.named("Y-90").with_dose_constant(constant)
    terms = Terms(nuclide=nuclide, density_g_per_ml=density, lung_mass_kg=lung_kg)
    return case_of(terms, [right, left], liver_volume_ml=liver_ml)


@pytest.mark.parametrize(
    ("factors", "inputs"),
    [
        (Factors(dose_constant=1.01), {"constant": 49.67 * 1.01}),
        (Factors(density=0.97), {"density": 1.05 * 0.97}),
        (Factors(lung_shunt=1.5), {"shunts": (0.15, 0.06)}),
        (Factors(lung_mass=0.8), {"lung_kg": 0.8}),
        (Factors(volumes={"T1": 1.2}), {"tumor_ml": 240.0}),
        (Factors(volumes={"T1": 0.7}), {"tumor_ml": 140.0}),
        (Factors(volumes={"perfused volume of right": 1.1}), {"perfused_ml": 1100.0}),
        (Factors(volumes={"whole liver": 0.95}), {"liver_ml": 1520.0}),
        (Factors(ratios={"T1": 1.4}), {"ratio": 4.2}),
        (Factors(ratios={"T1": 0.5, "T2": 2.0}), {"ratio": 1.5, "small_ratio": 12.0}),
        (
            Factors(
                density=1.1,
                lung_shunt=2.0,
                volumes={"T1": 1.5, "whole liver": 1.1},
                ratios={"T2": 0.5},
            ),
            {
                "density": 1.05 * 1.1,
                "shunts": (0.2, 0.08),
                "tumor_ml": 300.0,
                "liver_ml": 1760.0,
                "small_ratio": 3.0,
            },
        ),
    ],
)
def test_it_is_what_planning_with_these_numbers_gives(
    factors: Factors, inputs: dict[str, Any]
) -> None:
    shifted, anew = perturbed(planned(), factors), planned(**inputs)
    for one, other in zip(shifted.regions, anew.regions, strict=True):
        assert one.name == other.name
        assert one.volume_ml == pytest.approx(other.volume_ml, rel=1e-12)
        assert one.mass_kg == pytest.approx(other.mass_kg, rel=1e-12)
        assert one.uptakes == pytest.approx(other.uptakes, rel=1e-12)
        assert one.gy_per_gbq == pytest.approx(other.gy_per_gbq, rel=1e-12)
    assert shifted.lines("lungs")[0].gy_per_gbq == pytest.approx(
        anew.lines("lungs")[0].gy_per_gbq, rel=1e-12
    )


def test_nothing_changed_is_the_same_case() -> None:
    case = planned()
    same = perturbed(case, Factors())
    for one, other in zip(same.regions, case.regions, strict=True):
        assert one.gy_per_gbq == pytest.approx(other.gy_per_gbq, rel=1e-14)


def test_one_compartment() -> None:
    terms = Terms(density_g_per_ml=1.0, lung_shunt_fraction=0.1)
    case = perturbed(
        one_compartment("right", 1000, terms),
        Factors(lung_shunt=2.0, volumes={"right": 1.25}),
    )
    # 0.8 instead of 0.9 of the activity, in 1.25 kg.
    assert case.regions[0].gy_per_gbq[0] == pytest.approx(49.67 * 0.8 / 1.25)


def test_more_shunt_than_there_is_leaves_the_liver_little() -> None:
    case = perturbed(planned(shunts=(0.5, 0.5)), Factors(lung_shunt=3.0))
    assert all(0 < one.gy_per_gbq[0] + one.gy_per_gbq[1] < 1 for one in case.regions)


def measured() -> Case:
    """1 kg with a tumor of 0.2 kg that takes up three times as much, by counts."""
    k, of, alone = 49.67, ("all",), (0.0,)

    def region(name: str, role: str, kg: float, uptake: float) -> Region:
        gy = (k * uptake / kg,)
        return Region(name, role, 1000 * kg, kg, of, (uptake,), gy)

    return Case(
        injections=("all",),
        lung_shunt_fractions=alone,
        regions=(
            region("T", "tumor", 0.2, 3 / 7),
            region("normal perfused", "normal_perfused", 0.8, 4 / 7),
            region("perfused volume", "perfused", 1.0, 1.0),
        ),
        dose_constant_gy_kg_per_gbq=k,
        lung_mass_kg=1.0,
        prior_lung_gy=0.0,
        shunt_known=True,
        measured=True,
    )


def test_a_border_on_an_image_finds_what_is_there() -> None:
    shifted = perturbed(measured(), Factors(volumes={"T": 1.1}))
    tumor, normal, whole = shifted.regions
    # 0.02 kg more at (3 + 1) / 2 of normal liver's concentration of 1 / 1.4.
    assert tumor.uptakes[0] == pytest.approx((0.6 + 0.02 * 2) / 1.4)
    assert tumor.mass_kg == pytest.approx(0.22)
    assert normal.uptakes[0] == pytest.approx((0.8 - 0.02 * 2) / 1.4)
    assert normal.mass_kg == pytest.approx(0.78)
    assert whole.uptakes[0] == pytest.approx(1.0)


def test_a_wider_perfused_volume_on_an_image_finds_half_of_its_edge() -> None:
    shifted = perturbed(measured(), Factors(volumes={"perfused volume": 1.1}))
    tumor, normal, whole = shifted.regions
    # 0.1 kg more at half of normal liver's concentration: 1.45 instead of 1.4.
    assert tumor.uptakes[0] == pytest.approx(0.6 / 1.45)
    assert normal.uptakes[0] == pytest.approx(0.85 / 1.45)
    assert normal.mass_kg == pytest.approx(0.9)
    assert whole.gy_per_gbq[0] == pytest.approx(49.67 / 1.1)
