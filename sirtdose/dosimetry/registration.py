"""Bring what was drawn on another image into this image's place."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

Method = Literal["rigid", "affine", "bspline"]

# Coarse to fine: voxels taken together, and blur in mm.
_SHRINK, _SMOOTH_MM = (4, 2, 1), (4.0, 2.0, 0.0)
# Finer than this, images are made coarser first: registration gains nothing.
_SPACING_MM = 2.5
_BINS, _SAMPLED, _SEED = 40, 0.15, 20261121
_MESH_MM = 60.0
_STEPS = 200
# What a matrix of few decimals may miss a rotation by; a patient keeps their size.
_ORTHOGONAL, _SCALES = 1e-3, (0.5, 2.0)


@dataclass(frozen=True, eq=False)
class Registration:
    """Where points of one image lie in another.

    Parameters
    ----------
    method : str
        ``rigid``, ``affine``, ``bspline``, or ``file``.
    transform : SimpleITK.Transform
        From a point of the image (fixed) to the one drawn on (moving), mm, LPS.
    matrix : array of shape (4, 4), optional
        The other way, moving to fixed; None where it is no affine.
    shift_mm : (x, y, z)
        What a point in the middle of the fixed image moves by.
    rotation_deg : float
    metric_before, metric_after : float, optional
        Mutual information, negative: less is better. Of a file it is not known.
    inverse_error_mm : float
        How far there and back ends from where it began, at most.
    pictures : tuple of arrays of shape (rows, columns, 3)
        Middle planes of both images on each other: gray where they agree, green where
        only the fixed one is bright, magenta where the moving one is.
    """

    method: str
    transform: Any
    matrix: NDArray[np.float64] | None
    shift_mm: tuple[float, float, float]
    rotation_deg: float
    metric_before: float | None = None
    metric_after: float | None = None
    inverse_error_mm: float = 0.0
    pictures: tuple[NDArray[np.uint8], ...] = ()


def register(
    fixed: Volume, moving: Volume, *, method: Method = "rigid"
) -> Registration:
    """Find how one image lies on another, by mutual information.

    The same images give the same result: sampling is seeded, and one thread adds up.

    Parameters
    ----------
    fixed : Volume
        The image that doses are computed in, such as the CT of a SPECT/CT.
    moving : Volume
        The image that structures were drawn on, CT or MR.
    method : {"rigid", "affine", "bspline"}
        ``"affine"`` starts from rigid, ``"bspline"`` from affine.

    Raises
    ------
    GeometryError
        The two do not overlap enough to be compared.

    References
    ----------
    Mattes D et al. IEEE Trans Med Imaging 2003;22:120.
    """
    a, b = _image(fixed), _image(moving)
    with _one_thread():
        return _registered(a, b, fixed.grid, method)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums of several threads differ in their last digits from run to run."""
    import SimpleITK

    usual = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(usual)


def _registered(a: Any, b: Any, fixed: Grid, method: Method) -> Registration:
    import SimpleITK

    start = SimpleITK.CenteredTransformInitializer(
        a,
        b,
        SimpleITK.Euler3DTransform(),
        SimpleITK.CenteredTransformInitializerFilter.GEOMETRY,
    )
    try:
        before = _metric(a, b, SimpleITK.Transform(3, SimpleITK.sitkIdentity))
        # Where both scanners agree on places, that is the better start.
        near = SimpleITK.Euler3DTransform()
        near.SetCenter(SimpleITK.Euler3DTransform(start).GetCenter())
        if before <= _metric(a, b, start):
            start = near
        found = _optimized(a, b, SimpleITK.Euler3DTransform(start))
        if method != "rigid":
            wider = SimpleITK.AffineTransform(3)
            wider.SetMatrix(found.GetMatrix())
            wider.SetTranslation(found.GetTranslation())
            wider.SetCenter(found.GetCenter())
            found = _optimized(a, b, wider)
        if method == "bspline":
            found = _bent(a, b, found)
        after = _metric(a, b, found)
    except RuntimeError as error:
        raise GeometryError(
            "the images cannot be laid on each other: do both show the same part of "
            f"the patient? ({str(error).splitlines()[-1].strip()[:120]})"
        ) from None
    result = of_transform(found, fixed, method=method)
    return replace(
        result,
        metric_before=before,
        metric_after=after,
        pictures=_pictures(a, b, found),
    )


def of_transform(transform: Any, fixed: Grid, *, method: str) -> Registration:
    """A registration by a transform from the fixed to the moving image's points.

    Raises
    ------
    GeometryError
        A matrix that mirrors, or makes a patient twice or half as large.
    """
    matrix = _matrix(transform)
    center = fixed.world_mm((np.array(fixed.shape) - 1) / 2)
    there = np.array(transform.TransformPoint(tuple(center.tolist())))
    shift = (center - there).tolist()
    rotation, error = 0.0, 0.0
    if matrix is not None:
        turn = _nearest_rotation(matrix)
        rotation = float(
            np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
        )
        corners = fixed.corners_mm()
        ends = [transform.TransformPoint(tuple(c)) for c in corners.tolist()]
        again = np.array(ends) @ matrix[:3, :3].T + matrix[:3, 3]
        error = float(np.abs(again - corners).max())
    return Registration(
        method=method,
        transform=transform,
        matrix=matrix,
        shift_mm=(float(shift[0]), float(shift[1]), float(shift[2])),
        rotation_deg=rotation,
        inverse_error_mm=error,
    )


def of_matrix(matrix: NDArray[np.float64], fixed: Grid) -> Registration:
    """A registration by a matrix from the moving to the fixed image's points.

    Raises
    ------
    GeometryError
        As of a transform.
    """
    import SimpleITK

    inverse = _inverse(matrix)
    transform = SimpleITK.AffineTransform(3)
    transform.SetMatrix(inverse[:3, :3].ravel().tolist())
    transform.SetTranslation(inverse[:3, 3].tolist())
    return of_transform(transform, fixed, method="file")


def read_transform(path: Path, fixed: Grid) -> Registration:
    """A transform as ITK writes it: from the image's points to those drawn on.

    Raises
    ------
    FileFormatError
        Damaged, or no transform in three dimensions.
    """
    import SimpleITK

    try:
        transform = SimpleITK.ReadTransform(str(path))
    except RuntimeError:
        raise FileFormatError(
            f"{path.name} is no transform that ITK reads (.tfm, .txt, .h5, .mat), nor "
            "a DICOM registration"
        ) from None
    if transform.GetDimension() != 3:
        raise FileFormatError(f"{path.name} is a transform in another dimension than 3")
    return of_transform(transform, fixed, method="file")


def write_transform(registration: Registration, path: Path) -> None:
    """Save a transform as ITK text: fixed to moving."""
    import SimpleITK

    SimpleITK.WriteTransform(registration.transform, str(path))


def moved(structure: Structure, registration: Registration, fixed: Grid) -> Structure:
    """A structure at its place in the fixed image.

    A rigid transform moves its voxels' own grid, without sampling; another samples the
    structure on the fixed grid's lattice.

    Raises
    ------
    GeometryError
        Nothing of it comes to lie in the fixed image.
    """
    grid = moved_grid(structure.grid, registration, fixed)
    if grid is not None:
        return replace(structure, grid=grid)
    import SimpleITK

    source = _itk_image(structure.occupancy.astype(np.float32), structure.grid)
    target = SimpleITK.Image(*_size(fixed), SimpleITK.sitkUInt8)
    _place(target, fixed)
    sampled = SimpleITK.Resample(
        source,
        target,
        registration.transform,
        SimpleITK.sitkLinear,
        0.0,
        SimpleITK.sitkFloat32,
    )
    part: NDArray[Any] = np.clip(SimpleITK.GetArrayFromImage(sampled), 0, 1)
    if not (part >= 0.5).any():
        raise GeometryError(
            f"'{structure.name}' comes to lie outside the image by this registration"
        )
    return replace(structure, occupancy=part >= 0.5, grid=fixed).cropped()


def moved_grid(grid: Grid, registration: Registration, fixed: Grid) -> Grid | None:
    """A grid at its place in the fixed image; None where its axes would not stay.

    Of a matrix of few decimals it is the nearest rotation that moves it, about the
    middle of the fixed image.
    """
    matrix = registration.matrix
    if matrix is None:
        return None
    turn = matrix[:3, :3]
    if np.abs(turn.T @ turn - np.eye(3)).max() > _ORTHOGONAL:
        return None
    center = fixed.world_mm((np.array(fixed.shape) - 1) / 2)
    there = np.linalg.solve(turn, center - matrix[:3, 3])
    exact = np.eye(4)
    exact[:3, :3] = _nearest_rotation(matrix)
    exact[:3, 3] = center - exact[:3, :3] @ there
    frame = fixed.frame_of_reference_uid
    return Grid(grid.shape, exact @ grid.affine_mm, frame)


def _nearest_rotation(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    left, _, right = np.linalg.svd(matrix[:3, :3])
    found: NDArray[np.float64] = left @ right
    return found


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.isfinite(matrix).all():
        raise GeometryError("the transform's matrix is not finite (H16)")
    scales = np.linalg.svd(matrix[:3, :3], compute_uv=False)
    low, high = _SCALES
    if scales.min() < low or scales.max() > high or np.linalg.det(matrix) < 0:
        raise GeometryError(
            "the transform's matrix mirrors the patient, or scales by "
            f"{scales.min():.3g} to {scales.max():.3g}: {low:g} to {high:g} is what "
            "a registration can be (H16)"
        )
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _matrix(transform: Any) -> NDArray[np.float64] | None:
    """Moving to fixed, from what the transform does to points; None if it bends."""
    if not transform.IsLinear():
        return None
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [
        np.array(transform.TransformPoint(tuple(unit))) - origin
        for unit in np.eye(3).tolist()
    ]
    forward = np.eye(4)
    forward[:3, :3] = np.column_stack(columns)
    forward[:3, 3] = origin
    return _inverse(forward)


def _image(volume: Volume) -> Any:
    """As SimpleITK has it, no finer than a registration needs."""
    import SimpleITK

    image = _itk_image(np.asarray(volume.data, np.float32), volume.grid)
    factors = [
        max(1, int(_SPACING_MM / spacing))
        for spacing in reversed(volume.grid.spacing_mm)
    ]
    return SimpleITK.BinShrink(image, factors) if max(factors) > 1 else image


def _itk_image(values: NDArray[Any], grid: Grid) -> Any:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values))
    _place(image, grid)
    return image


def _size(grid: Grid) -> tuple[int, int, int]:
    slices, rows, columns = grid.shape
    return columns, rows, slices


def _place(image: Any, grid: Grid) -> None:
    spacing = np.array(grid.spacing_mm)
    directions: NDArray[Any] = (grid.affine_mm[:3, :3] / spacing)[:, ::-1]
    image.SetOrigin(grid.affine_mm[:3, 3].tolist())
    image.SetSpacing(spacing[::-1].tolist())
    image.SetDirection(directions.ravel().tolist())


def _method() -> Any:
    import SimpleITK

    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(_SAMPLED, seed=_SEED)
    method.SetInterpolator(SimpleITK.sitkLinear)
    return method


def _metric(fixed: Any, moving: Any, transform: Any) -> float:
    method = _method()
    method.SetInitialTransform(transform)
    return float(method.MetricEvaluate(fixed, moving))


def _optimized(fixed: Any, moving: Any, start: Any) -> Any:
    method = _method()
    method.SetShrinkFactorsPerLevel(_SHRINK)
    method.SetSmoothingSigmasPerLevel(_SMOOTH_MM)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=1e-3, numberOfIterations=_STEPS, relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=True)
    method.Execute(fixed, moving)
    return start


def _pictures(fixed: Any, moving: Any, transform: Any) -> tuple[NDArray[np.uint8], ...]:
    """Axial, coronal and sagittal middle planes, 1 pixel to a voxel of the coarser."""
    import SimpleITK

    least = float(SimpleITK.GetArrayViewFromImage(moving).min())
    laid = SimpleITK.Resample(moving, fixed, transform, SimpleITK.sitkLinear, least)
    one, other = (
        _brightness(SimpleITK.GetArrayFromImage(image)) for image in (fixed, laid)
    )
    planes = []
    for axis in range(3):
        middle = one.shape[axis] // 2
        a, b = (image.take(middle, axis=axis) for image in (one, other))
        picture = np.stack([b, a, b], axis=-1)
        planes.append(picture if axis == 0 else picture[::-1])
    return tuple(planes)


def _brightness(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Soft tissue between black and white, whatever the modality."""
    low, high = np.percentile(values, (2, 99.5))
    scaled = (values - low) / max(float(high - low), 1e-6)
    found: NDArray[np.uint8] = np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8)
    return found


def _bent(fixed: Any, moving: Any, start: Any) -> Any:
    import SimpleITK

    size = np.array(fixed.GetSize()) * np.array(fixed.GetSpacing())
    mesh = [max(2, round(float(s) / _MESH_MM)) for s in size]
    spline = SimpleITK.BSplineTransformInitializer(fixed, mesh)
    method = _method()
    method.SetMovingInitialTransform(start)
    method.SetInitialTransform(spline, inPlace=True)
    method.SetShrinkFactorsPerLevel(_SHRINK[:1])
    method.SetSmoothingSigmasPerLevel(_SMOOTH_MM[:1])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsLBFGSB(
        gradientConvergenceTolerance=1e-5, numberOfIterations=60
    )
    method.Execute(fixed, moving)
    return SimpleITK.CompositeTransform([start, spline])


def distance_mm(one: Registration, other: Registration, grid: Grid) -> float:
    """Mean distance between where two registrations take the corners of a grid."""
    corners = grid.corners_mm().tolist()
    ends = [
        np.array([each.transform.TransformPoint(tuple(c)) for c in corners])
        for each in (one, other)
    ]
    return float(np.linalg.norm(ends[0] - ends[1], axis=1).mean())
