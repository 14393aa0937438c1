"""The BSA method: its forms, its reductions, what is not verified."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.errors import InputError, RangeError
from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning import bsa
from sirtdose.planning.bsa_plan import (
    empirical_activity_gbq,
    lung_shunt_reduction,
)
from tests import planned

Run = Callable[..., Result]
CASE = {"liver_volume_ml": 1500.0, "tumor_volume_ml": 300.0}
PATIENT = {"height_cm": 165.0, "weight_kg": 60.0}
OPTIONS = ("plan", "bsa", "--height", "165cm", "--weight", "60kg")
OPTIONS += ("--liver-volume", "1500mL", "--tumor-volume", "300mL")


def test_published_body_surfaces() -> None:
    # 1.818 m, 70.7 kg: 1.907986 by the form in cm; 1.907961 by the form in m.
    assert bsa.dubois_m2(height_cm=181.8, weight_kg=70.7) == pytest.approx(
        1.907986, abs=5e-7
    )
    assert bsa.dubois_m2(height_cm=175, weight_kg=70) == pytest.approx(1.848, abs=5e-4)
    assert bsa.mosteller_m2(height_cm=175, weight_kg=70) == pytest.approx(
        1.84, abs=5e-3
    )


@given(st.floats(1.0, 2.6), st.floats(800, 3000), st.floats(0.1, 1), st.floats(0, 1))
def test_the_lobar_form_as_the_instructions_word_it(
    surface: float, liver_ml: float, part: float, filled: float
) -> None:
    lobe_ml = liver_ml * part
    tumor_ml = lobe_ml * filled
    activity = bsa.activity_gbq(
        body_surface_m2=surface,
        tumor_volume_ml=tumor_ml,
        liver_volume_ml=liver_ml,
        treated_volume_ml=lobe_ml,
    )
    worded = ((surface - 0.2) + tumor_ml / lobe_ml) * lobe_ml / liver_ml
    assert activity == pytest.approx(worded)


def test_lam_2014_activities_are_in_reach() -> None:
    """45 patients: 0.85 to 2.58 GBq by this method, livers of 0.94 to 3.42 kg."""
    small = planned.bsa(
        height_cm=150, weight_kg=45, liver_volume_ml=2000, tumor_volume_ml=20
    )
    large = planned.bsa(
        height_cm=190, weight_kg=120, liver_volume_ml=2000, tumor_volume_ml=500
    )
    assert 0.85 < small.activity_gbq < large.activity_gbq < 2.7


@pytest.mark.parametrize(
    ("shunt", "reduction"),
    [(0.0, 0.0), (0.0999, 0.0), (0.10, 0.2), (0.1499, 0.2), (0.15, 0.4), (0.2, 0.4)],
)
def test_reductions_by_band(shunt: float, reduction: float) -> None:
    assert lung_shunt_reduction(shunt) == reduction
    usual = planned.bsa(**PATIENT, **CASE)
    reduced = planned.judged_bsa(**PATIENT, **CASE, lung_shunt_fraction=shunt)
    assert reduced.activity_gbq == pytest.approx(usual.activity_gbq * (1 - reduction))
    unverified = [f for f in reduced.findings if "not verified" in f.message]
    assert bool(unverified) is bool(reduction)


def test_ones_own_reductions() -> None:
    own = planned.judged_bsa(
        **PATIENT, **CASE, lung_shunt_fraction=0.12, reductions=[(0.05, 0.5)]
    )
    none = planned.bsa(**PATIENT, **CASE, lung_shunt_fraction=0.12, reductions=[])
    assert own.activity_gbq == pytest.approx(none.activity_gbq / 2)
    assert not [f for f in own.findings if "not verified" in f.message]


@pytest.mark.parametrize(
    ("involvement", "activity"), [(0.0, 2.0), (0.249, 2.0), (0.3, 2.5), (0.51, 3.0)]
)
def test_the_empirical_table(involvement: float, activity: float) -> None:
    assert empirical_activity_gbq(involvement) == activity
    result = planned.judged_bsa(
        rule="empirical",
        liver_volume_ml=2100,
        tumor_volume_ml=2100 * involvement,
        lung_shunt_fraction=0.0,
    )
    assert result.activity_gbq == activity
    assert any(
        "table of activities is not verified" in f.message for f in result.findings
    )


def test_the_dose_follows_the_liver_not_the_body() -> None:
    small = planned.bsa(**PATIENT, liver_volume_ml=900, tumor_volume_ml=90)
    large = planned.bsa(**PATIENT, liver_volume_ml=1800, tumor_volume_ml=180)
    assert small.activity_gbq == pytest.approx(large.activity_gbq)
    for a, b in zip(small.compartments, large.compartments, strict=True):
        assert a.dose_gy == pytest.approx(2 * b.dose_gy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tumor_volume_ml": 1600.0}, "larger than the volume around"),
        ({"treated_volume_ml": 1600.0}, "larger than the liver"),
        ({"treated_volume_ml": 200.0}, "larger than the volume around"),
        ({"height_cm": 1.65}, "height is 1.65 cm"),
        ({"weight_kg": 60000.0}, "weight is 60000 kg"),
        ({"height_cm": None}, "height and weight"),
        ({"device": Device.named("glass")}, "not for glass"),
        ({"nuclide": Nuclide.named("Ho-166")}, "not for Ho-166"),
        ({"rule": "empirical", "treated_volume_ml": 900.0}, "for the whole liver"),
        ({"liver_volume_ml": 0.0}, "must be above 0"),
    ],
)
def test_refusals(change: dict, message: str) -> None:
    with pytest.raises((InputError, RangeError), match=message):
        planned.bsa(**(PATIENT | CASE | change))


def test_the_command(run: Run, tmp_path: Path) -> None:
    result = run(
        *OPTIONS,
        *("--treated-volume", "900mL", "--lung-shunt", "4%"),
        *("--json", "--out", tmp_path / "plan"),
    )
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    # DuBois 1.6587 m2: 1.4587 x 0.6 + 0.2.
    assert document["activity_gbq"] == pytest.approx(1.0751, abs=2e-4)
    assert document["assumptions"]["body_surface_m2"] == pytest.approx(1.6587, abs=1e-4)
    treated, liver = document["compartments"]
    dose = 49.67 * 1.0751 * 0.96 / 0.945
    assert treated["dose_gy"] == pytest.approx(dose, rel=2e-4)
    # The same in all of the liver: 900 of 1500 mL are treated.
    assert liver["dose_gy"] == pytest.approx(0.6 * dose, rel=2e-4)


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--lung-shunt", "21%"), 3, "--accept H22"),
        (("--lung-shunt", "4.2"), 2, "write 4.2%"),
        (("--device", "glass"), 3, "sirtdose plan mird"),
        (("--shunt-reduction", "10%"), 2, "write it like 10%=20%"),
        (("--shunt-reduction", "10%=120%"), 2, "outside 0 to 100 %"),
    ],
)
def test_the_command_refuses(
    run: Run, options: tuple[str, ...], exit_code: int, message: str
) -> None:
    result = run(*OPTIONS, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_what_the_command_warns_of(run: Run) -> None:
    large = ("--height", "210cm", "--weight", "180kg", "--tumor-volume", "800mL")
    large += ("--liver-volume", "4L", "--lung-shunt", "0%")
    result = run(*OPTIONS, *large, "--surface-formula", "mosteller")
    assert result.exit_code == 0, result.stderr
    assert "above the largest vial of resin microspheres, 3 GBq" in result.stderr
    assert "defined with DuBois" in result.stderr
    none = ("--shunt-reduction", "none", "--lung-shunt", "0%")
    empirical = run(*OPTIONS, "--empirical", *none)
    assert empirical.exit_code == 0, empirical.stderr
    assert (
        "WARN H07  the empirical table of activities is not verified"
    ) in empirical.stderr


def test_a_small_liver_gets_too_much_by_body_surface(run: Run) -> None:
    """3.15 m2 by DuBois, a tenth tumor: 3.05 GBq in 1.05 kg, 144.3 Gy."""
    large = ("--height", "210cm", "--weight", "180kg", "--tumor-volume", "100mL")
    result = run(*OPTIONS, *large, "--liver-volume", "1L", "--lung-shunt", "0%")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "gets 144.3 Gy, above 74.7 Gy (the highest of 45" in result.stderr
    assert "--accept H43" in result.stderr
