"""Find how one image lies on another, by mutual information."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.registration import Registration, itk_image, of_transform
from sirtdose.errors import GeometryError
from sirtdose.model.grid import Grid
from sirtdose.model.progress import task
from sirtdose.model.volume import Volume

Method = Literal["rigid", "affine", "bspline"]

# Coarse to fine: voxels taken together, and blur in mm.
_SHRINK, _SMOOTH_MM = (4, 2, 1), (4.0, 2.0, 0.0)
# Finer than this, images are made coarser first: registration gains nothing.
_SPACING_MM = 2.5
_BINS, _SAMPLED, _SEED = 40, 0.15, 20261121
_STEPS = 200
# What a bent registration is fitted with: coarse voxels, but all of them, and few
# steps. More of them follow the noise: docs/measurements.md.
_MESH_MM, _BENT_SHRINK, _BENT_SMOOTH_MM, _BENT_STEPS = 80.0, [4], [3.0], 10


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
    with one_thread():
        return _registered(a, b, fixed.grid, method)


@contextmanager
def one_thread() -> Iterator[None]:
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
        found = _optimized(a, b, SimpleITK.Euler3DTransform(start), "rigid")
        if method != "rigid":
            wider = SimpleITK.AffineTransform(3)
            wider.SetMatrix(found.GetMatrix())
            wider.SetTranslation(found.GetTranslation())
            wider.SetCenter(found.GetCenter())
            found = _optimized(a, b, wider, "affine")
        affine = None
        if method == "bspline":
            affine = replace(
                of_transform(found, fixed, method="affine"),
                metric_before=before,
                metric_after=_metric(a, b, found),
            )
            found = _bent(a, b, found)
        after = _metric(a, b, found)
    except RuntimeError as error:
        raise GeometryError(
            "the images could not be registered: do both show the same part of the "
            f"patient? ({str(error).splitlines()[-1].strip()[:120]})"
        ) from None
    return replace(
        of_transform(found, fixed, method=method),
        start=affine,
        metric_before=before,
        metric_after=after,
        pictures=_pictures(a, b, found),
    )


def _image(volume: Volume) -> Any:
    """As SimpleITK has it, no finer than a registration needs."""
    import SimpleITK

    image = itk_image(np.asarray(volume.data, np.float32), volume.grid)
    factors = [
        max(1, int(_SPACING_MM / spacing))
        for spacing in reversed(volume.grid.spacing_mm)
    ]
    return SimpleITK.BinShrink(image, factors) if max(factors) > 1 else image


def _metric(fixed: Any, moving: Any, transform: Any) -> float:
    method = _method()
    method.SetInitialTransform(transform)
    return float(method.MetricEvaluate(fixed, moving))


def _method() -> Any:
    import SimpleITK

    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(_SAMPLED, seed=_SEED)
    method.SetInterpolator(SimpleITK.sitkLinear)
    return method


def _optimized(fixed: Any, moving: Any, start: Any, name: str) -> Any:
    method = _method()
    method.SetShrinkFactorsPerLevel(_SHRINK)
    method.SetSmoothingSigmasPerLevel(_SMOOTH_MM)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=1e-3, numberOfIterations=_STEPS, relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=True)
    executed(method, fixed, moving, (name, len(_SHRINK), _STEPS))
    return start


def executed(method: Any, fixed: Any, moving: Any, told: tuple[str, int, int]) -> None:
    """Run it, and tell how many of its levels' steps are done at most."""
    import SimpleITK

    name, levels, steps = told
    with task(f"registration, {name}", levels * steps) as going:

        def step() -> None:
            level, own = method.GetCurrentLevel(), method.GetOptimizerIteration()
            going.done(level * steps + min(own, steps))

        method.AddCommand(SimpleITK.sitkIterationEvent, step)
        method.Execute(fixed, moving)


def _bent(fixed: Any, moving: Any, start: Any) -> Any:
    import SimpleITK

    size = np.array(fixed.GetSize()) * np.array(fixed.GetSpacing())
    spline = SimpleITK.BSplineTransformInitializer(
        fixed, [max(2, round(float(s) / _MESH_MM)) for s in size]
    )
    method = _method()
    method.SetMovingInitialTransform(start)
    method.SetInitialTransform(spline, inPlace=True)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetShrinkFactorsPerLevel(_BENT_SHRINK)
    method.SetSmoothingSigmasPerLevel(_BENT_SMOOTH_MM)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsLBFGSB(
        gradientConvergenceTolerance=1e-5, numberOfIterations=_BENT_STEPS
    )
    executed(method, fixed, moving, ("bspline", len(_BENT_SHRINK), _BENT_STEPS))
    return SimpleITK.CompositeTransform([start, spline])


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
    return np.asarray(np.rint(255 * np.clip(scaled, 0, 1)), np.uint8)
