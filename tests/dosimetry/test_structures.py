"""Derived structures and the checks of structures."""

import numpy as np
import pytest

from sirtdose.checks import structures as checks
from sirtdose.dosimetry.derived import derived_structures
from sirtdose.dosimetry.grid.resample import on_one_lattice
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure

# 10 mL voxels: a liver of 1500 mL is 150 of them.
GRID = Grid.regular((10, 10, 10), spacing_mm=(25.0, 20.0, 20.0))


def box(name: str, *part: slice) -> Structure:
    mask = np.zeros(GRID.shape, bool)
    mask[part] = True
    return Structure.named(name, mask, GRID).cropped()


LIVER = box("Liver", slice(0, 6), slice(0, 5), slice(0, 5))
PERFUSED = box("Perfused lobe", slice(0, 3), slice(0, 5), slice(0, 5))
TUMOR = box("Tumor 1", slice(0, 2), slice(0, 2), slice(0, 2))
GALLBLADDER = box("Gallbladder", slice(2, 3), slice(4, 6), slice(4, 6))


def codes(findings: list) -> list[str]:
    return [f.code for f in findings]


def test_normal_liver_is_always_without_tumors_and_gallbladder() -> None:
    whole, perfused = derived_structures([LIVER, PERFUSED, TUMOR, GALLBLADDER])
    assert (whole.name, perfused.name) == ("normal_whole", "normal_perfused")
    assert whole.volume_ml == pytest.approx(1500 - 80 - 10)
    assert perfused.volume_ml == pytest.approx(750 - 80 - 10)


def test_it_does_not_matter_whether_the_liver_was_drawn_with_its_tumors() -> None:
    without = (LIVER - TUMOR).renamed("Liver", LIVER.role, "")
    [drawn_with] = derived_structures([LIVER, TUMOR])
    [drawn_without] = derived_structures([without, TUMOR])
    assert drawn_with.volume_ml == pytest.approx(drawn_without.volume_ml)


def test_structures_on_other_lattices_are_brought_to_the_finest() -> None:
    fine = Grid.regular(
        (40, 50, 50), spacing_mm=(5.0, 4.0, 4.0), origin_mm=(-8.0, -8.0, -10.0)
    )
    mask = np.zeros((40, 50, 50), bool)
    mask[:20, :20, :20] = True
    tumor = Structure.named("Tumor 2", mask, fine).cropped()
    assert on_one_lattice([LIVER, TUMOR]) == [LIVER, TUMOR]
    liver, small = on_one_lattice([LIVER, tumor])
    assert liver.occupancy.dtype == bool
    assert liver.volume_ml == pytest.approx(LIVER.volume_ml, rel=0.01)
    [normal] = derived_structures([liver, small])
    assert normal.volume_ml == pytest.approx(1500 - 640, rel=0.01)


def test_a_sound_set_says_nothing() -> None:
    assert not checks.reading_findings([LIVER, PERFUSED, TUMOR])
    assert not checks.volume_findings([LIVER, PERFUSED, TUMOR])


def test_duplicate_names_and_empty_tumors_stop() -> None:
    empty = Structure.named("Tumor 2", np.zeros(GRID.shape, bool), GRID)
    scar = Structure.named("Scar", np.zeros(GRID.shape, bool), GRID)
    findings = checks.reading_findings([TUMOR, TUMOR, empty, scar])
    assert [f.severity for f in findings] == [
        Severity.STOP,
        Severity.STOP,
        Severity.NOTE,
    ]
    assert "2 structures are named 'Tumor 1'" in findings[0].message


@pytest.mark.parametrize(
    ("structures", "code", "says"),
    [
        ([box("Liver", slice(0, 1), slice(0, 4))], "H19", "400 mL, but livers are"),
        ([box("Liver")], "H19", "10000 mL, but livers are"),
        (
            [box("Perfused", slice(0, 1), slice(0, 2), slice(0, 4))],
            "H19",
            "under 100 mL is unusual",
        ),
        (
            [LIVER, box("Tumor 1", slice(5, 8), slice(0, 2), slice(0, 2))],
            "H19",
            "67% of 'Tumor 1' lies outside 'Liver'",
        ),
        (
            [LIVER, box("Tumor 1", slice(0, 4), slice(0, 5), slice(0, 5))],
            "H19",
            "tumors fill 1000 mL of the 1500 mL of 'Liver', 67%",
        ),
        (
            [
                LIVER,
                TUMOR,
                box("Tumor 2", slice(1, 3), slice(0, 2), slice(0, 2)),
            ],
            "H19",
            "'Tumor 1' and 'Tumor 2' overlap by 40.0 mL",
        ),
    ],
)
def test_what_is_unlikely_to_be_meant_is_said(
    structures: list[Structure], code: str, says: str
) -> None:
    findings = checks.volume_findings(structures)
    assert code in codes(findings)
    assert any(says in f.message for f in findings)


def test_a_small_tumor_is_flagged() -> None:
    fine = Grid.regular((9, 9, 9), spacing_mm=(1.0, 1.0, 1.0))
    small = Structure.named("Tumor", np.ones((9, 9, 9), bool), fine)
    assert codes(checks.volume_findings([small])) == ["H20"]


def test_a_cut_off_structure_and_a_given_normal_are_said() -> None:
    assert not checks.coverage_findings(LIVER, 0.9995)
    assert "only 62.0% of 'Liver'" in checks.coverage_findings(LIVER, 0.62)[0].message
    given = box("Normal liver", slice(0, 5), slice(0, 5), slice(0, 5))
    derived = derived_structures([LIVER, PERFUSED, TUMOR])
    [finding] = checks.normal_findings([given, *derived])
    assert (
        "'Normal liver' is 1250.0 mL, but the derived normal_whole"
    ) in finding.message
