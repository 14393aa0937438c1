"""Shunt and lung mass by images: what is missing or odd is said."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sirtdose.checks.image import physics_findings
from sirtdose.checks.lung_images import (
    ct_lung_mass_findings,
    cut_lungs_findings,
    image_shunt_findings,
)
from sirtdose.checks.planar import region_findings
from sirtdose.dosimetry.image.spect_shunt import SpectShunt
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.report.post.summary import lung_line
from tests.treated import lungs


def shunt(**other: float) -> SpectShunt:
    known = {
        "fraction": 0.05,
        "lung_counts": 5.0,
        "liver_counts": 95.0,
        "lung_volume_ml": 3000.0,
        "shared_ml": 0.0,
        "margin_mm": 0.0,
        "margin_ml": 0.0,
        "negative_fraction": 0.0,
    }
    return SpectShunt(**{**known, **other})


@pytest.mark.parametrize(("part", "said"), [(0.05, []), (0.051, ["H22"])])
def test_many_voxels_below_zero_are_counted_as_none(
    part: float, said: list[str]
) -> None:
    found = image_shunt_findings(
        shunt(negative_fraction=part), lungs_covered=1.0, margin_mm=0.0
    )
    assert [one.code for one in found] == said
    assert all("5% of the lung and liver counts" in one.message for one in found)


def test_a_ct_that_cuts_lungs_off() -> None:
    [found] = cut_lungs_findings(0.62, instead_kg=0.8, source="of the plan: given")
    assert (found.code, found.severity) == ("H23", Severity.WARN)
    assert "the CT covers 62% of the lungs, under 85%" in found.message
    assert "0.8 kg (of the plan: given) is used" in found.message


@pytest.mark.parametrize(
    ("mass_kg", "warns"), [(0.39, True), (0.4, False), (1.6, False), (1.61, True)]
)
def test_lungs_that_weigh_what_lungs_do_not(mass_kg: float, warns: bool) -> None:
    found = ct_lung_mass_findings(mass_kg, volume_ml=2500)
    assert [one.severity for one in found] == [Severity.WARN] * warns
    assert all("(2500 mL), but 0.4 to 1.6 kg is usual" in one.message for one in found)


def test_planar_regions_that_share_pixels() -> None:
    assert region_findings(on_organs=[], shared_pixels=0) == []
    background, shared = region_findings(on_organs=["lungs"], shared_pixels=6)
    assert (background.code, shared.code) == ("H22", "H23")
    assert (
        "the background region of lungs overlaps lungs or liver"
    ) in background.message
    assert (
        "6 pixels of the lungs overlap the liver and count as liver"
    ) in shared.message


@pytest.mark.parametrize(
    ("shunt_fraction", "said", "advised"),
    [(0.05, "the dose from the shunt is 5 Gy", False), (None, "tissue", True)],
)
def test_lungs_by_one_density_point_to_the_shunt(
    shunt_fraction: float | None, said: str, advised: bool
) -> None:
    """Advice to give a shunt is for those who gave none."""
    grid = Grid.regular((2, 2, 2), spacing_mm=(4.0, 4.0, 4.0))
    drawn = Structure("Lungs", Role.LUNGS, np.ones((2, 2, 2), np.float32), grid)
    dose: Any = SimpleNamespace(medium="", one_density_g_per_ml=1.05)
    [found] = physics_findings(
        nuclide=Nuclide.named("Y-90"),
        medium="soft-tissue",
        density_by_voxel=False,
        structures=[drawn],
        doses={"local": dose},
        lungs=lungs(shunt_fraction),
    )
    text = f"{found.message}: {found.remedy}"
    assert said in text
    assert ("--lung-shunt" in text) is advised


def test_where_shunt_and_lung_mass_are_from_stands_in_words() -> None:
    known = {"shunt_fraction": 0.05, "dose_gy": 5.5, "cumulative_dose_gy": 8.0}
    line = lung_line(
        {**known, "shunt_source": "unknown", "mass_kg": 1.0, "mass_source": "default"}
    )
    assert line == (
        "Lungs: 5.500 Gy from the 5.0% shunt (source not stated), mass 1 kg (assumed)"
        ", 8.000 Gy with earlier treatments"
    )
