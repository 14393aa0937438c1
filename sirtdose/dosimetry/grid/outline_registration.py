"""Find how an activity image lies on a CT or MR, by the outline of the liver.

A camera's image without its own CT shows little of anatomy. What it shows is where
microspheres are: in what is perfused, inside the liver, and nowhere else. So the CT or
MR is painted with what is drawn on it. Its own values stay inside the liver, one step
lies between what is perfused and what is not, another at the liver's border, and all
beyond is one value. Mutual information of that picture and the activity is sought
around the liver alone. It needs no likeness of values, only that different tissues take
up differently.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.derived import with_role
from sirtdose.dosimetry.grid.mutual_information import executed, one_thread
from sirtdose.dosimetry.grid.outline_fit import OutlineFit
from sirtdose.dosimetry.grid.registration import Registration, itk_image, of_transform
from sirtdose.dosimetry.grid.resample import occupancy_on, placed_on
from sirtdose.errors import GeometryError, StructureError
from sirtdose.model.grid import Grid, three
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

# Around the liver this is looked at, on cubes of this side, in mm.
_MARGIN_MM, _SIDE_MM = 30.0, 4.0
_BINS, _SHRINK, _SMOOTH_MM, _STEPS = 40, (2, 1), (6.0, 0.0), 150
# Heights of the painted steps, and of the image's own contrast on the highest.
_STEP_LIVER, _STEP_PERFUSED, _CONTRAST = 1.0, 2.0, 0.5
# A camera's noise, which would fill bins of its own.
_NOISE_SIGMA_VOXELS = 1.0
_LEAST_ML, _LEAST_IN_VIEW = 20.0, 0.5
# Of nearly the brightest voxel: less is background.
_BRIGHT = 0.1
_BLUE, _ENLARGED = (0, 200, 255), 4


@dataclass(frozen=True, eq=False)
class _Painted:
    """The anatomy on cubes around the liver, and what is drawn there."""

    grid: Grid
    values: NDArray[np.float32]
    around: NDArray[np.bool_]
    region: NDArray[np.bool_]
    liver: NDArray[np.bool_]
    gray: NDArray[np.float32]


def register_by_outline(
    activity: Volume,
    anatomy: Volume,
    drawn: Sequence[Structure],
    *,
    anatomy_is: str = "CT",
) -> Registration:
    """Find how a SPECT or PET lies on the image that its structures were drawn on.

    The same images give the same result.

    Parameters
    ----------
    activity : Volume
        The fixed image of the registration, where doses are computed.
    anatomy : Volume
        The moving one: CT, MR or another camera's image that structures lie in.
    drawn : sequence of Structure
        A liver; and what is perfused of it, where it is not all.
    anatomy_is : str

    Raises
    ------
    StructureError
        No liver is drawn.
    GeometryError
        The images cannot be laid on each other.

    References
    ----------
    Mattes D et al. IEEE Trans Med Imaging 2003;22:120.
    """
    livers, perfused = with_role(drawn, Role.LIVER), with_role(drawn, Role.PERFUSED)
    if not livers or all(one.empty for one in livers):
        raise StructureError(
            "a registration by the liver's outline needs a liver: draw one, or give "
            "its structure a role with --role NAME=liver"
        )
    painted = _painted(anatomy, livers, perfused)
    smooth = _smoothed(activity)
    fixed = itk_image(painted.values, painted.grid)
    mask = itk_image(painted.around.astype(np.uint8), painted.grid)
    center = _center(painted.region, painted.grid)
    still = _rigid(center, (0.0, 0.0, 0.0))
    start_mm = _start(activity, center)
    start, before = _rigid(center, start_mm), None
    with one_thread():
        try:
            begun = _metric(fixed, smooth, mask, start)
            if _in_view(activity, painted) >= _LEAST_IN_VIEW:
                before = _metric(fixed, smooth, mask, still)
            if before is not None and (before <= begun):
                start, start_mm, begun = still, (0.0, 0.0, 0.0), before
            found = _searched(fixed, smooth, mask, start)
            after = _metric(fixed, smooth, mask, found)
        except RuntimeError:
            raise GeometryError(
                "the activity image and the liver could not be registered: do both "
                "show the same part of the patient?"
            ) from None
    if after >= begun:
        found, after = start, begun
    first = begun if before is None else before
    way = of_transform(found.GetInverse(), activity.grid, method="outline")
    return replace(
        way,
        metric_before=first,
        metric_after=after,
        pictures=_pictures(painted, smooth, found),
        outline=OutlineFit(
            anatomy=anatomy_is,
            region="perfused volume" if perfused else "liver",
            is_perfused=bool(perfused),
            start_shift_mm=start_mm,
            searched_mm=_distance(start, found, center),
            rotation_deg=way.rotation_deg,
            overlap_before=_overlap(painted, smooth, still),
            overlap_after=_overlap(painted, smooth, found),
        ),
    )


def _painted(
    anatomy: Volume, livers: Sequence[Structure], perfused: Sequence[Structure]
) -> _Painted:
    """The anatomy on cubes around the liver, in steps by what is drawn."""
    import SimpleITK
    from scipy.ndimage import distance_transform_edt

    grid = _cubes(livers)
    inside = _within(livers, grid)
    volume_ml = float(inside.sum()) * grid.voxel_volume_ml
    if volume_ml < _LEAST_ML:
        raise StructureError(
            f"the liver has {volume_ml:.1f} mL: too little of it to register by"
        )
    within = _within(perfused, grid) if perfused else inside
    sampled = SimpleITK.Resample(
        _coarse(anatomy),
        itk_image(np.zeros(grid.shape, np.float32), grid),
        SimpleITK.Transform(3, SimpleITK.sitkIdentity),
        SimpleITK.sitkLinear,
        float(anatomy.data.min()),
    )
    gray = SimpleITK.GetArrayFromImage(sampled)
    low, high = np.percentile(gray[inside], (1, 99))
    contrast = np.clip((gray - low) / max(float(high - low), 1e-6), 0, 1)
    values = np.where(inside, _STEP_LIVER, 0.0)
    values[within] = _STEP_PERFUSED + _CONTRAST * contrast[within]
    reach = distance_transform_edt(~inside) * _SIDE_MM
    return _Painted(
        grid,
        values.astype(np.float32),
        reach <= _MARGIN_MM,
        region=within,
        liver=inside,
        gray=gray,
    )


def _within(structures: Sequence[Structure], grid: Grid) -> NDArray[np.bool_]:
    placed = [placed_on(occupancy_on(one, grid), grid) for one in structures]
    return np.asarray(np.max(placed, axis=0) >= 0.5)


def _cubes(livers: Sequence[Structure]) -> Grid:
    """Cubes around the liver, with room to look at."""
    corners = np.vstack([one.cropped().grid.corners_mm() for one in livers])
    low, high = corners.min(0) - _MARGIN_MM, corners.max(0) + _MARGIN_MM
    count = np.ceil((high - low) / _SIDE_MM).astype(int)[::-1]
    return Grid.regular(
        three(count.tolist()),
        spacing_mm=(_SIDE_MM,) * 3,
        origin_mm=three(low.tolist()),
        frame_of_reference_uid=livers[0].grid.frame_of_reference_uid,
    )


def _coarse(anatomy: Volume) -> Any:
    """As fine as the cubes are: each is a mean, not one voxel of many."""
    import SimpleITK

    image = itk_image(np.asarray(anatomy.data, np.float32), anatomy.grid)
    factors = [
        max(1, round(_SIDE_MM / spacing))
        for spacing in reversed(anatomy.grid.spacing_mm)
    ]
    return SimpleITK.BinShrink(image, factors) if max(factors) > 1 else image


def _smoothed(activity: Volume) -> Any:
    """The activity with less noise, and its hottest tumor nearer to the rest."""
    from scipy.ndimage import gaussian_filter

    values = gaussian_filter(np.asarray(activity.data, np.float32), _NOISE_SIGMA_VOXELS)
    return itk_image(np.sqrt(np.clip(values, 0, None)), activity.grid)


def _center(region: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
    return np.asarray(grid.world_mm(np.argwhere(region).mean(axis=0)))


def _rigid(center: NDArray[np.float64], shift_mm: Sequence[float]) -> Any:
    import SimpleITK

    transform = SimpleITK.Euler3DTransform()
    transform.SetCenter(center.tolist())
    transform.SetTranslation(list(shift_mm))
    return transform


def _start(activity: Volume, center: NDArray[np.float64]) -> tuple[float, float, float]:
    """From the middle of the region to the middle of what the image shows."""
    values = np.asarray(activity.data, float)
    # Background and a field of view that is no box would draw the middle aside.
    bright = values > _BRIGHT * np.percentile(values, 99.9)
    if not bright.any():
        raise GeometryError("the activity image is empty: nothing can be registered")
    at = np.argwhere(bright)
    weight = values[bright]
    middle = activity.grid.world_mm((at * weight[:, None]).sum(0) / weight.sum())
    return three((middle - center).tolist())


def _in_view(activity: Volume, painted: _Painted) -> float:
    """Part of the region inside the image, where both agree on places."""
    points = painted.grid.world_mm(np.argwhere(painted.region))
    index = activity.grid.index(points)
    within = (index > -0.5) & (index < np.array(activity.grid.shape) - 0.5)
    return float(within.all(axis=1).mean())


def _method(mask: Any) -> Any:
    import SimpleITK

    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=_BINS)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetMetricFixedMask(mask)
    method.SetInterpolator(SimpleITK.sitkLinear)
    return method


def _metric(fixed: Any, moving: Any, mask: Any, transform: Any) -> float:
    method = _method(mask)
    method.SetInitialTransform(transform)
    return float(method.MetricEvaluate(fixed, moving))


def _searched(fixed: Any, moving: Any, mask: Any, start: Any) -> Any:
    import SimpleITK

    found = SimpleITK.Euler3DTransform(start)
    method = _method(mask)
    method.SetShrinkFactorsPerLevel(_SHRINK)
    method.SetSmoothingSigmasPerLevel(_SMOOTH_MM)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=4.0, minStep=5e-3, numberOfIterations=_STEPS, relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(found, inPlace=True)
    executed(method, fixed, moving, ("liver outline", len(_SHRINK), _STEPS))
    return found


def _distance(start: Any, found: Any, center: NDArray[np.float64]) -> float:
    ends = (one.TransformPoint(center.tolist()) for one in (start, found))
    return float(np.linalg.norm(np.subtract(*ends)))


def _laid(painted: _Painted, smooth: Any, way: Any) -> NDArray[np.float32]:
    """The activity on the cubes."""
    import SimpleITK

    cubes = itk_image(np.zeros(painted.grid.shape, np.float32), painted.grid)
    laid = SimpleITK.Resample(smooth, cubes, way, SimpleITK.sitkLinear, 0.0)
    return np.asarray(SimpleITK.GetArrayFromImage(laid))


def _overlap(painted: _Painted, smooth: Any, way: Any) -> float:
    """Part of the region among the brightest voxels of as large a volume."""
    laid = _laid(painted, smooth, way)
    count = int(painted.region.sum())
    bright = laid >= np.partition(laid.ravel(), -count)[-count]
    return float((painted.region & bright & (laid > 0)).sum() / count)


def _pictures(
    painted: _Painted, smooth: Any, way: Any
) -> tuple[NDArray[np.uint8], ...]:
    """Axial, coronal and sagittal planes through the region, borders in green.

    The anatomy is gray and the activity red.
    """
    from scipy.ndimage import binary_erosion

    laid = _laid(painted, smooth, way)
    gray = _brightness(painted.gray, painted.around)
    red = _brightness(laid, painted.around)
    middle = np.rint(np.argwhere(painted.region).mean(axis=0)).astype(int)
    planes = []
    for axis in range(3):
        one, hot = (image.take(middle[axis], axis=axis) for image in (gray, red))
        under = 0.7 * one * (1 - hot)
        picture = np.stack([under + 0.9 * hot, under, under], axis=-1)
        picture = np.asarray(np.rint(255 * picture), np.uint8)
        for name, color in ((painted.liver, (0, 255, 0)), (painted.region, _BLUE)):
            plane = name.take(middle[axis], axis=axis)
            picture[plane & ~binary_erosion(plane)] = color
        picture = picture.repeat(_ENLARGED, axis=0).repeat(_ENLARGED, axis=1)
        planes.append(picture if axis == 0 else picture[::-1])
    return tuple(planes)


def _brightness(values: NDArray[Any], around: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Between 0 and 1, whatever the modality."""
    low, high = np.percentile(values[around], (2, 99.5))
    return np.asarray(np.clip((values - low) / max(float(high - low), 1e-6), 0, 1))
