"""What a structure's uptake and place say of the role that its name gave it."""

import numpy as np
import pytest

from sirtdose.dosimetry.role_checks import no_tumor_findings, role_findings
from sirtdose.dosimetry.structure_checks import reading_findings
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.role import Declared, Role
from sirtdose.model.structure import Structure, with_given_roles
from sirtdose.model.volume import Quantity, Volume

GRID = Grid.regular((4, 10, 12), spacing_mm=(5.0, 4.0, 4.0))


def block(name: str, x: slice, y: slice = slice(0, 10)) -> Structure:
    mask = np.zeros(GRID.shape, bool)
    mask[:, y, x] = True
    return Structure.named(name, mask, GRID).cropped()


def image(hot: float, x: slice, y: slice = slice(0, 10), rest: float = 2.0) -> Volume:
    data = np.full(GRID.shape, rest, np.float32)
    data[:, y, x] = hot
    return Volume(data, GRID, Quantity.COUNTS)


LIVER, LUMP = block("Liver", slice(0, 8)), block("A7", slice(1, 3), slice(2, 5))


@pytest.mark.parametrize(("hot", "asks"), [(2.98, False), (3.02, True), (20.0, True)])
def test_uptake_of_half_again_as_much_asks(hot: float, asks: bool) -> None:
    """2 counts a voxel in the liver: 3 is 1.5 times the rest of it."""
    found = role_findings([LIVER, LUMP], image(hot, slice(1, 3), slice(2, 5)))
    assert [one.severity for one in found] == [Severity.ASK] * asks
    for one in found:
        assert f"has {hot / 2:.3g} times the uptake" in one.message
        assert "--role 'A7=tumor'" in one.message


def test_a_known_tumor_does_not_hide_another() -> None:
    """Beside a tumor of 100, a lump of 10 in a liver of 2 is 5 times the rest."""
    tumor = block("Tumor", slice(4, 8))
    data = image(100, slice(4, 8)).data.copy()
    data[:, 2:5, 1:3] = 10
    both = Volume(data, GRID, Quantity.COUNTS)
    [one] = role_findings([LIVER, tumor, LUMP], both)
    assert "has 5 times" in one.message


@pytest.mark.parametrize(
    "name", ["Liver_Seg4", "Segment 4", "Right lobe", "S4", "Tumor 1", "Gallbladder"]
)
def test_segments_lobes_and_known_structures_are_not_asked_about(name: str) -> None:
    part = block(name, slice(1, 3), slice(2, 5))
    assert role_findings([LIVER, part], image(9, slice(1, 3), slice(2, 5))) == []


@pytest.mark.parametrize("name", ["PVTT", "Hematoma", "Segment_1", "VOI1", "label 3"])
def test_others_are(name: str) -> None:
    part = block(name, slice(1, 3), slice(2, 5))
    assert role_findings([LIVER, part], image(9, slice(1, 3), slice(2, 5)))


def test_what_a_person_said_is_not_asked_about() -> None:
    hot = image(9, slice(1, 3), slice(2, 5))
    assert role_findings([LIVER, LUMP], hot, given={"A7": Role.OTHER}) == []


def test_what_lies_outside_or_leaves_no_rest_is_not_asked_about() -> None:
    outside = block("A7", slice(6, 12))
    around = block("Liver_PRV03", slice(0, 10))
    everywhere = image(9, slice(0, 12))
    assert role_findings([LIVER, outside, around], everywhere) == []
    assert role_findings([LUMP], everywhere) == []


def test_a_liver_without_counts_around_a_hot_structure_asks() -> None:
    hot = image(9, slice(1, 3), slice(2, 5), rest=0.0)
    assert role_findings([LIVER, LUMP], hot)


def test_a_tumor_outside_that_lies_in_the_liver_asks() -> None:
    inside, outside = (block("GTVn", slice(*x)) for x in ((6, 9), (8, 11)))
    [one] = role_findings([LIVER, inside], image(2, slice(0, 1)))
    assert "67% of it lies in 'Liver'" in one.message
    assert role_findings([LIVER, outside], image(2, slice(0, 1))) == []


def test_that_no_tumor_was_found_is_said() -> None:
    [said] = no_tumor_findings([LIVER, block("GTVn", slice(8, 11))])
    assert (said.code, said.severity) == ("H18", Severity.WARN)
    assert no_tumor_findings([LIVER, block("GTVp", slice(1, 2))]) == []


def test_a_doubt_asks_until_a_role_is_given() -> None:
    target = block("PTV", slice(1, 3))
    [asked] = reading_findings([LIVER, target])
    assert (asked.code, asked.severity) == ("H19", Severity.ASK)
    given = with_given_roles([LIVER, target], {"PTV": Role.PERFUSED})
    assert [one.role for one in given] == [Role.LIVER, Role.PERFUSED]
    assert reading_findings(given) == []


def test_an_empty_structure_is_not_asked_about() -> None:
    empty = Structure.named("PTV", np.zeros(GRID.shape, bool), GRID)
    assert [one.severity for one in reading_findings([empty])] == [Severity.NOTE]


def test_a_contradiction_keeps_the_role_of_the_name() -> None:
    mask = np.ones(GRID.shape, bool)
    liver = Structure.named(
        "Liver", mask, GRID, declared=Declared(Role.TUMOR, "type GTV")
    )
    assert liver.role is Role.LIVER
    [asked] = reading_findings([liver])
    assert asked.message == (
        "'Liver': its name says liver, its type GTV: give --role "
        "'Liver=liver' or --role 'Liver=tumor'"
    )
