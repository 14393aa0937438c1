"""Contours of several readers that do not go together, and parts of lesions."""

import numpy as np
import pytest

from sirtdose.checks.lesion_parts import part_findings
from sirtdose.checks.readers import (
    apart_findings,
    lacking_findings,
    reader_structure_findings,
    region_findings,
)
from sirtdose.dosimetry.compare.overlap import Overlap
from sirtdose.dosimetry.compare.readers import Agreement, Lacking
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

GRID = Grid.regular((4, 6, 20), spacing_mm=(5.0, 4.0, 3.0), origin_mm=(20, -8, 3))


def mask(name, start, stop, role=None):
    data = np.zeros(GRID.shape, bool)
    data[1:3, 2:5, start:stop] = True
    return Structure.named(name, data, GRID, role).cropped()


def test_one_name_with_two_roles_stops():
    drawn = {
        "A": [mask("GTV 1", 2, 9)],
        "B": [mask("gtv 1", 2, 8, Role.PERFUSED)],
    }
    [found] = reader_structure_findings(drawn, [])
    assert (found.code, found.severity) == ("H19", "stop")
    assert "tumor by reader A, perfused by reader B" in found.message
    assert "--role 'gtv 1=tumor'" in found.message


def test_one_name_of_two_lesions_stops():
    tumor, lobe = mask("Tumor 1", 2, 9), mask("Lobe", 0, 20, Role.PERFUSED)
    pairs = [("Tumor 1", 0.02), ("Tumor 1", 0.8), ("Lobe", 0.02)]
    overlaps = tuple(Overlap(name, "A", "B", dice, 9.0, 20.0) for name, dice in pairs)
    agreed = Agreement(("A", "B"), (tumor, lobe), (), overlaps, (), ())
    [found] = apart_findings(agreed)
    assert (found.code, found.severity) == ("H19", "stop")
    assert "share next to nothing (Dice 0.02)" in found.message


def test_two_names_of_one_reader_that_differ_in_case_stop():
    drawn = {
        "A": [mask("Tumor 1", 2, 6), mask("tumor 1", 8, 12)],
        "B": [mask("TUMOR 1", 2, 6), mask("Tumor 2", 8, 12)],
    }
    [found] = reader_structure_findings(drawn, [])
    assert (found.code, found.severity) == ("H19", "stop")
    assert found.message.startswith(
        "reader A: 'Tumor 1' and 'tumor 1' differ in case alone"
    )


def test_activity_that_is_shared_over_other_regions_is_said():
    over = {"A": "liver", "B": "liver", "reader C": "fov", "STAPLE": "liver"}
    [found] = region_findings(over)
    assert (found.code, found.severity) == ("H14", "warn")
    assert "over the liver by the contours of reader A and reader B" in found.message
    assert "over the whole field of view by the contours of reader C" in found.message
    assert region_findings({"A": "liver", "B": "liver", "STAPLE": "perfused"}) == []


def test_what_everybody_has_is_not_drawn_again():
    drawn = {"A": [mask("Liver", 0, 20)], "B": [mask("Tumor", 3, 6)]}
    [found] = reader_structure_findings(drawn, [mask("liver", 0, 19)])
    assert found.severity == "stop"
    assert "'Liver' was drawn by reader A, and is in a file without" in found.message


@pytest.mark.parametrize(
    ("by", "lacking", "said"),
    [
        (("A", "B"), ("C",), "the consensus has it as those drew it"),
        (("A",), ("B", "C"), "the consensus leaves it out"),
        ((), ("A", "B"), "no part of 'T' was drawn by more than half"),
    ],
)
def test_a_lesion_that_is_lacking(by, lacking, said):
    [found] = lacking_findings([Lacking("T", "tumor", by, lacking)])
    assert (found.code, found.severity, found.subject) == ("H19", "warn", "T")
    assert said in found.message


class TestParts:
    def test_inside_of_their_lesion_nothing_is_said(self):
        parts = [mask("Tumor 1/viable", 4, 8), mask("tumor 1 / Necrotic", 8, 10)]
        assert part_findings([mask("Tumor 1", 4, 10), *parts]) == []

    def test_outside_of_it_they_are_named(self):
        [found] = part_findings([mask("Tumor 1", 4, 10), mask("Tumor 1/core", 8, 12)])
        assert (found.code, found.severity) == ("H19", "warn")
        # 2 of 4 columns.
        assert found.message.startswith(
            "50% of 'Tumor 1/core' lies outside of 'Tumor 1'"
        )

    def test_a_margin_may_lie_around_it(self):
        [found] = part_findings([mask("Tumor 1", 4, 8), mask("Tumor 1/margin", 8, 10)])
        assert found.severity == "note"

    def test_without_their_lesion_they_ask(self):
        [found] = part_findings([mask("Tumor 2", 4, 8), mask("Tumor 1/viable", 4, 8)])
        assert (found.severity, found.subject) == ("ask", "Tumor 1/viable")
        assert "a part of 'Tumor 1', which is not drawn" in found.message
        assert "--role 'Tumor 1/viable=tumor'" in found.message
