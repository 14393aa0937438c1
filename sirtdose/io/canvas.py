"""How far the voxels of a segmentation reach, whatever is drawn on them."""

from sirtdose.io.dicom.header import reading_dicom
from sirtdose.io.dicom.seg import open_segmentation
from sirtdose.io.dicom.seg_frames import seg_frames
from sirtdose.io.found import Found, Kind
from sirtdose.io.image_file import read_image_file
from sirtdose.io.reading import reading
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity


def leaves_out(found: Found, part: Grid) -> bool:
    """Whether a segmentation's planes cannot hold all of a part of an image.

    Contours have no voxels, and a SEG leaves out empty planes: only what is known
    counts.
    """
    path = found.paths[0]
    if found.kind is Kind.SEGMENTATION:
        with reading(path, "DICOM SEG"), reading_dicom(path):
            grid = seg_frames(open_segmentation(path), path).grid
        return _beyond(grid, part, axes=(1, 2))
    if found.kind is Kind.IMAGE_FILE:
        grid = read_image_file(path, Quantity.COUNTS).grid
        return _beyond(grid, part, axes=(0, 1, 2))
    return False


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
