"""A SPECT registered to a CT by the liver's outline, with motion that is known."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK

from sirtdose.dosimetry.grid.outline_registration import register_by_outline
from sirtdose.errors import GeometryError, StructureError
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume
from sirtdose.phantom.anatomy import regions_of
from sirtdose.phantom.make import Phantom, make_phantom
from sirtdose.phantom.request import PhantomRequest

MOTIONS = (
    ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ((12.0, -8.0, 15.0), (3.0, -2.0, 4.0)),
    ((-20.0, 10.0, -18.0), (0.0, 0.0, 6.0)),
    ((0.0, 0.0, 19.0), (0.0, 0.0, 0.0)),
    # Another table: the same patient at another place of the scanner's own.
    ((5.0, 160.0, -240.0), (0.0, 3.0, 0.0)),
)


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(PhantomRequest(seed=4, fwhm_mm=15.0))


@pytest.fixture(scope="module")
def drawn(phantom: Phantom) -> list[Structure]:
    """Liver and perfused lobe on the CT's voxels."""
    grid = phantom.ct.grid
    x, y, z = np.moveaxis(grid.world_mm(np.stack(np.indices(grid.shape), -1)), -1, 0)
    return [
        Structure(one.name, one.role, one.shapes[0].inside(x, y, z), grid)
        for one in regions_of(spheres=False)
        if one.role in (Role.LIVER, Role.PERFUSED)
    ]


def points_of(structure: Structure) -> np.ndarray:
    cropped = structure.cropped()
    return cropped.grid.world_mm(np.argwhere(cropped.occupancy > 0)[::2000])


def displaced(
    phantom: Phantom,
    about: np.ndarray,
    shift_mm: tuple[float, float, float],
    turn_deg: tuple[float, float, float],
) -> tuple[Volume, SimpleITK.Transform]:
    """The SPECT as another scanner would see the patient, and from CT to there."""
    way = SimpleITK.Euler3DTransform()
    way.SetCenter(about.tolist())
    way.SetRotation(*np.radians(turn_deg).tolist())
    way.SetTranslation(shift_mm)
    moved = np.eye(4)
    moved[:3, :3] = np.reshape(way.GetMatrix(), (3, 3))
    moved[:3, 3] = way.TransformPoint((0.0, 0.0, 0.0))
    old = phantom.spect.grid
    grid = Grid(old.shape, moved @ old.affine_mm, "1.2.3")
    return replace(phantom.spect, grid=grid), way


@pytest.mark.parametrize(("shift_mm", "turn_deg"), MOTIONS)
def test_a_known_motion_comes_back_to_2_mm(
    phantom: Phantom,
    drawn: list[Structure],
    shift_mm: tuple[float, float, float],
    turn_deg: tuple[float, float, float],
) -> None:
    liver = points_of(drawn[0])
    spect, way = displaced(phantom, liver.mean(axis=0), shift_mm, turn_deg)
    found = register_by_outline(spect, phantom.ct, drawn)
    assert found.matrix is not None
    got = liver @ found.matrix[:3, :3].T + found.matrix[:3, 3]
    true = np.array([way.TransformPoint(one) for one in liver.tolist()])
    off = np.linalg.norm(got - true, axis=1)
    assert off.mean() < 1.5
    assert off.max() < 2.0
    assert found.outline is not None
    assert found.outline.overlap_after > 0.97
    assert found.outline.region == "perfused volume"
    assert found.metric_before is not None
    assert found.metric_after is not None
    assert found.metric_after < found.metric_before
    # Red, green and blue of three planes.
    assert [one.shape[-1] for one in found.pictures] == [3, 3, 3]


def test_the_same_images_register_the_same(
    phantom: Phantom, drawn: list[Structure]
) -> None:
    one, other = (
        register_by_outline(phantom.spect, phantom.ct, drawn) for _ in range(2)
    )
    np.testing.assert_array_equal(one.matrix, other.matrix)


def test_an_mr_with_other_contrast_does_as_well(
    phantom: Phantom, drawn: list[Structure]
) -> None:
    """Values turned upside down and bent: only their steps are the same."""
    values = np.exp(-np.asarray(phantom.ct.data, float) / 300)
    liver = points_of(drawn[0])
    spect, way = displaced(phantom, liver.mean(axis=0), *MOTIONS[1])
    found = register_by_outline(
        spect, phantom.ct.with_data(values), drawn, anatomy_is="MR"
    )
    assert found.matrix is not None
    got = liver @ found.matrix[:3, :3].T + found.matrix[:3, 3]
    true = np.array([way.TransformPoint(one) for one in liver.tolist()])
    assert np.linalg.norm(got - true, axis=1).max() < 2.5


def test_what_cannot_be_registered_is_refused(
    phantom: Phantom, drawn: list[Structure]
) -> None:
    with pytest.raises(StructureError, match="needs a liver"):
        register_by_outline(phantom.spect, phantom.ct, drawn[1:])
    empty = phantom.spect.with_data(np.zeros(phantom.spect.grid.shape))
    with pytest.raises(GeometryError, match="is empty"):
        register_by_outline(empty, phantom.ct, drawn)
