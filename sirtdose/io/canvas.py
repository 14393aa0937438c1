"""How far the voxels of a segmentation reach, whatever is drawn on them."""

from sirtdose.io.dicom.header import reading_dicom
from sirtdose.io.dicom.seg import open_segmentation
from sirtdose.io.dicom.seg_frames import seg_frames
from sirtdose.io.found import Found, Kind
from sirtdose.io.image_file import read_image_file
from sirtdose.io.reading import reading
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity

# Of the cosine between slices' normals; and of a voxel, which rounding does not reach.
_PARALLEL, _DISPLACED = 0.999, 0.1


def leaves_out(found: Found, part: Grid) -> bool:
    """Whether a segmentation's planes cannot hold all of a part of an image.

    Contours have no voxels, and a SEG leaves out empty planes: only what is known
    counts.
    """
    grid, axes = _canvas(found)
    return grid is not None and _beyond(grid, part, axes=axes)


def is_displaced(found: Found, image: Grid) -> bool:
    """Whether a segmentation has the voxels of an image by number, but not by place.

    Its spacing or its position was changed then. Other numbers are of another grid.
    """
    grid, axes = _canvas(found)
    if grid is None:
        return False
    normals = [one.affine_mm[:3, 0] / one.spacing_mm[0] for one in (grid, image)]
    parallel = abs(float(normals[0] @ normals[1])) > _PARALLEL
    numbers = [[one.shape[axis] for axis in axes] for one in (grid, image)]
    if not parallel or numbers[0] != numbers[1]:
        return False
    theirs, ours = (image.index(one.corners_mm()) for one in (grid, image))
    ends = [(at.min(axis=0), at.max(axis=0)) for at in (theirs, ours)]
    return any(
        abs(float(a[axis] - b[axis])) > _DISPLACED
        for a, b in zip(*ends, strict=True)
        for axis in axes
    )


def _canvas(found: Found) -> tuple[Grid | None, tuple[int, ...]]:
    """The voxels of a segmentation, and the axes along which they are all there."""
    path = found.paths[0]
    if found.kind is Kind.SEGMENTATION:
        with reading(path, "DICOM SEG"), reading_dicom(path):
            return seg_frames(open_segmentation(path), path).grid, (1, 2)
    if found.kind is Kind.IMAGE_FILE:
        return read_image_file(path, Quantity.COUNTS).grid, (0, 1, 2)
    return None, ()


def _beyond(grid: Grid, part: Grid, *, axes: tuple[int, ...]) -> bool:
    """Whether corners of a part lie outside, by more than half a voxel of either."""
    index = grid.index(part.corners_mm())
    voxel = max(part.spacing_mm)
    return any(
        (index[:, axis] < -0.5 - 0.5 * voxel / grid.spacing_mm[axis]).any()
        or (
            index[:, axis]
            > grid.shape[axis] - 0.5 + 0.5 * voxel / grid.spacing_mm[axis]
        ).any()
        for axis in axes
    )
