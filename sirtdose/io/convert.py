"""Arrays, and what SimpleITK and nibabel hold, to nouns: nothing is written."""

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, StructureError
from sirtdose.io.image_file import voxels_of_nifti
from sirtdose.model.grid import Grid, affine_of, to_lps
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Source, Volume


class SitkImage(Protocol):
    """What is used of a SimpleITK image, in LPS and mm."""

    def GetDirection(self) -> Any:  # noqa: N802
        """Steps along columns, rows and slices, row by row."""

    def GetSize(self) -> Any:  # noqa: N802
        """Columns, rows, slices."""


class NiftiImage(Protocol):
    """What is used of a nibabel image, in RAS."""

    @property
    def affine(self) -> Any:
        """From voxels to mm."""

    @property
    def dataobj(self) -> Any:
        """The voxels."""


ImageLike: TypeAlias = Volume | NDArray[Any] | SitkImage | NiftiImage


def volume_of(
    image: ImageLike,
    quantity: Quantity,
    *,
    grid: Grid | None = None,
    what: str = "the image",
) -> Volume:
    """A volume of an array on a grid, or of a SimpleITK or nibabel image.

    A Volume stays as it is. Arrays are (slice, row, column), on `grid`.

    Raises
    ------
    GeometryError
        An array without a grid, or of another shape; a place that is not said.
    FileFormatError
        Not a single 3-D image of numbers.

    Examples
    --------
    >>> place = Grid.regular((2, 3, 4), spacing_mm=(5, 4, 4))
    >>> volume_of(np.ones((2, 3, 4)), Quantity.COUNTS, grid=place).total()
    24.0
    """
    if isinstance(image, Volume):
        return image
    data, place = _voxels(image, grid, what)
    return Volume(data, place, quantity, Source(modality="file"))


def structure_of(
    mask: ImageLike | Structure, name: str, *, grid: Grid | None = None
) -> Structure:
    """A structure of a mask: 0 and 1, or the part of each voxel inside.

    Raises
    ------
    GeometryError
        As for an image.
    StructureError
        Voxels outside 0 to 1, as those of a label image.
    """
    if isinstance(mask, Structure):
        return mask
    what = f"structure '{name}'"
    data, place = (
        (mask.data, mask.grid)
        if isinstance(mask, Volume)
        else _voxels(mask, grid, what)
    )
    if data.dtype.kind in "iu" and data.size and (data.min() < 0 or data.max() > 1):
        raise StructureError(
            f"{what} contains whole numbers from {data.min()} to {data.max()}: a mask "
            "contains 0 and 1; for a label image give one mask per label, such as "
            "labels == 2"
        )
    if data.dtype.kind != "b" and np.isin(data, (0, 1)).all():
        data = data == 1
    return Structure.named(name, data, place).cropped()


def _voxels(image: Any, grid: Grid | None, what: str) -> tuple[NDArray[Any], Grid]:
    if hasattr(image, "GetDirection"):
        return _of_sitk(image, what)
    if hasattr(image, "dataobj"):
        return voxels_of_nifti(image, what)
    data = np.asarray(image)
    if data.dtype.kind not in "biuf":
        raise FileFormatError(
            f"{what} is not an array of numbers: give a NumPy array, or an image of "
            "SimpleITK or nibabel"
        )
    if grid is None:
        raise GeometryError(
            f"{what} is an array without a position in space: give "
            "grid=Grid.regular(...), or an image of SimpleITK or nibabel"
        )
    if data.shape != grid.shape:
        raise GeometryError(
            f"{what} is an array of shape {data.shape}, but its grid has "
            f"{grid.shape}: give (slice, row, column) on that grid, or a Structure, "
            "SimpleITK or nibabel image on its own"
        )
    return data, grid


def _of_sitk(image: Any, what: str) -> tuple[NDArray[Any], Grid]:
    import SimpleITK

    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise FileFormatError(
            f"{what} has {image.GetDimension()} dimensions and "
            f"{image.GetNumberOfComponentsPerPixel()} numbers per voxel: a single 3-D "
            "image of one number per voxel is needed"
        )
    steps_mm = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    grid = Grid(*to_lps(affine_of(steps_mm, image.GetOrigin()), image.GetSize()))
    return SimpleITK.GetArrayFromImage(image), grid
