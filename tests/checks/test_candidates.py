"""What is said of candidates, by structures whose volumes are counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sirtdose.checks.candidates import accepted_findings, doubled_findings
from sirtdose.checks.structures import volume_findings
from sirtdose.model.accepted import Accepted
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

# Voxels of 1 mL in a row.
GRID = Grid.regular((1, 2, 12), spacing_mm=(10.0, 10.0, 10.0))


def tumor(name: str, row: list[float], role: Role = Role.TUMOR) -> Structure:
    parts = np.zeros(GRID.shape, np.float32)
    parts[0, 0, : len(row)] = row
    return Structure(name, role, parts, GRID)


def test_a_candidate_for_what_is_drawn_says_how_much_is_shared() -> None:
    found = tumor("Tumor 2 (candidate)", [1] * 4)
    drawn = tumor("Tumor 1", [0, *[1] * 9])
    liver = tumor("Liver", [1] * 12, Role.LIVER)
    [one] = doubled_findings([found], [liver, drawn])
    assert (one.code, one.severity) == ("H35", Severity.WARN)
    assert one.subject == "Tumor 2 (candidate)"
    assert one.value == pytest.approx(3 / 4)
    assert (
        "3.0 mL are in both, 75% of the candidate and 33% of 'Tumor 1'" in one.message
    )
    # Beside each other, with half of a voxel each, they are two lesions.
    beside = tumor("Tumor 3", [0, 0, 0, 0.5, 1, 1])
    own = tumor("Tumor 2 (candidate)", [1, 1, 1, 0.5])
    assert doubled_findings([own], [liver, beside]) == []


def test_contours_overlap_as_masks_do() -> None:
    # Contours are parts of voxels: 2 mL in both, of 3 and 4 mL.
    both = [tumor("A", [0.9, 1, 1]), tumor("B", [0, 1, 1, 1, 0.9])]
    said = [one.message for one in volume_findings(both) if one.code == "H19"]
    assert said == ["'A' and 'B' overlap by 2.0 mL"]
    apart = [tumor("A", [1, 1, 0.5]), tumor("B", [0, 0, 0.5, 1])]
    assert [one for one in volume_findings(apart) if one.code == "H19"] == []


def test_another_name_than_the_accepted_one_is_said() -> None:
    text = (
        "accepted by A. B at 2026-03-02T10:00+01:00; review 0123456789ab; image "
        "0123456789ab; voxels 0123456789ab; edited; named 'Tumor 1'; above 41 counts"
    )
    given = Accepted.parse(text)
    assert given is not None
    assert (given.name, given.how, given.text) == ("Tumor 1", "above 41 counts", text)
    drawn = [replace(tumor(name, [1]), accepted=given) for name in ("tumor 1", "T2")]
    said = accepted_findings(drawn)
    assert [one.severity for one in said] == [
        Severity.NOTE,
        Severity.NOTE,
        Severity.WARN,
    ]
    assert said[-1].message.startswith("'T2' was accepted as 'Tumor 1' and has another")
    # Files of before do not say what it was called.
    older = Accepted.parse(text.replace(" named 'Tumor 1';", ""))
    assert older == replace(given, name="")
    assert len(accepted_findings([replace(drawn[1], accepted=older)])) == 1
