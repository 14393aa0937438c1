"""A camera's file after treatment: factor, dead time, and what they are known to."""

from collections.abc import Mapping
from dataclasses import replace
from math import hypot, sqrt

from sirtdose.dosimetry.image.activity import total_in
from sirtdose.dosimetry.image.calibrate import Calibrations
from sirtdose.dosimetry.results import Placed, Read
from sirtdose.errors import InputError
from sirtdose.io.tables.own_file import read_budget
from sirtdose.model.bounds import printable
from sirtdose.model.commissioned import CameraNoise, CameraUsed, ScanLive
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest, PostRequest
from sirtdose.model.volume import Quantity, Volume
from sirtdose.uncertainty.budget import Budget
from sirtdose.workflows.image.camera import NEEDED, with_blur_of
from sirtdose.workflows.plan.uncertainty import budget_at
from sirtdose.workflows.post.uncertain_scene import factors_of

# What differs between two calibrations of one image; all else cancels.
_OF_ACTIVITY = (
    *("administered", "residual", "lung_shunt"),
    *("image_calibration", "camera_factor"),
)
# What a budget takes at most.
_NOISE_MOST, _VOXELS_MOST = 1.0, 10.0


def at_scan(
    used: CameraUsed,
    image: Volume,
    ledger: Ledger,
    *,
    nuclide: Nuclide,
    request: PostRequest,
    elapsed_h: float | None,
) -> CameraUsed:
    """The camera with what it keeps of its counts, with what was delivered in view.

    The activity is the mean over the scan where its duration is known.
    """
    dead_time, source = used.camera.dead_time, image.source
    to_administration = source is not None and source.decay_correction == "ADMIN"
    if dead_time is None or elapsed_h is None or to_administration:
        return used
    in_view = ledger.delivered_gbq * nuclide.decay_factor(elapsed_h)
    in_view *= nuclide.mean_activity_factor(request.dose.scan_duration_h or 0.0)
    relative = budget_at(request.dose.budget, request.judge.site)["administered"]
    live = dead_time.live_fraction(in_view, relative)
    return replace(used, live=ScanLive(in_view, live, dead_time.outside(in_view)))


def by_camera(
    request: DoseRequest, image: Volume, used: CameraUsed | None
) -> tuple[DoseRequest, CameraUsed | None]:
    """The request with the camera's blur and factor, where none was typed.

    Raises
    ------
    InputError
        They were asked for, and no camera has what this image needs.
    """
    why = _without_factor(request, image, used)
    if why and _asks(request):
        raise InputError(f"--calibration camera: {why}")
    if request.pvc == "recovery":
        _require_curve(used)
    kept = _kept_of_typed(request, used)
    found = with_blur_of(request, used)
    if used is None:
        return found, None
    part = "tail" if request.psf_mm == "fit" else "blur"
    gives = [part] if found != request else []
    gives += ["recovery"] if request.pvc == "recovery" else []
    if kept is not None:
        gives.append("dead time")
        found = replace(found, live_fraction=kept)
    factor = used.camera.factor
    if why or factor is None:
        return found, replace(used, gives=tuple(gives), without_factor=why)
    gives.append("factor")
    if not factor.is_counts:
        found = replace(found, shown_over_true=factor.value.value)
    else:
        kept = used.live.fraction.value if used.live and factor.live_fraction else None
        gives += [] if kept is None else ["dead time"]
        found = replace(found, cps_per_mbq=factor.value.value, live_fraction=kept)
    return found, replace(used, gives=tuple(gives))


def _kept_of_typed(request: DoseRequest, used: CameraUsed | None) -> float | None:
    """The live fraction at the scan for a factor that was typed, if it was asked for.

    Raises
    ------
    InputError
        It is not known, or no factor was typed.
    """
    if request.dead_time != "camera":
        return None
    asked = "--dead-time camera"
    if request.calibration != "camera" or request.cps_per_mbq is None:
        raise InputError(
            f"{asked} corrects the counts of a factor that is typed, such as "
            "--calibration '12.3 cps/MBq': leave it out"
        )
    if used is None:
        raise InputError(f"{asked}: {NEEDED}")
    if used.camera.dead_time is None:
        why = used.without_factor or f"camera '{used.camera.name}' has no dead time"
        raise InputError(f"{asked}: {why}")
    if used.live is None:
        raise InputError(
            f"{asked}: the activity in view at the scan is not known; give "
            "--administered-at and the time of the scan, of an image that is not "
            "decay-corrected to the administration"
        )
    return used.live.fraction.value


def _require_curve(used: CameraUsed | None) -> None:
    if used is None:
        raise InputError(f"the recovery of the camera is not known: {NEEDED}")
    if used.camera.recovery_curve is None:
        raise InputError(
            f"camera '{used.camera.name}' has recoveries of fewer than two spheres: "
            "give a file of recovery coefficients, or commission it again"
        )


def _asks(request: DoseRequest) -> bool:
    typed = request.cps_per_mbq is not None or request.shown_over_true is not None
    return request.calibration == "camera" and not typed


def _without_factor(
    request: DoseRequest, image: Volume, used: CameraUsed | None
) -> str:
    """Why the camera's factor does not calibrate an image; empty if it does."""
    if used is None:
        return NEEDED
    if used.without_factor:
        return used.without_factor
    factor, source = used.camera.factor, image.source
    if factor is None:
        return f"camera '{used.camera.name}' has no factor"
    if request.calibration == "camera" and not _asks(request):
        return "another factor was typed"
    if request.calibration == "image":
        return "the image's own unit is used"
    in_counts = image.quantity is Quantity.COUNTS
    if factor.is_counts != in_counts:
        return f"it is in {factor.unit}, and the image in {image.quantity.unit}"
    corrected = source.decay_correction if source and in_counts else ""
    if corrected not in ("", "NONE", "START"):
        return f"the image's counts are decay-corrected ({corrected})"
    if in_counts and request.scan_duration_h is None and not _asks(request):
        return "the duration of the scan is needed, --scan-duration"
    return ""


def camera_entries(
    used: CameraUsed, image: Volume, placed: Placed
) -> Mapping[str, float]:
    """Entries of the budget that the camera's file knows better, of an `image`."""
    camera, found = used.camera, {}
    if used.factor_relative is not None:
        found["camera_factor"] = used.factor_relative
    if camera.blur is not None and "blur" in used.gives:
        found["psf"] = camera.blur.relative
    if camera.noise is not None:
        side = float(image.grid.voxel_volume_ml * 1000) ** (1 / 3)
        found["noise"] = _noise(camera.noise, placed)
        found["noise_fwhm_voxels"] = min(camera.noise.fwhm_mm / side, _VOXELS_MOST)
    return found


def _noise(noise: CameraNoise, placed: Placed) -> float:
    """Noise at what the liver holds: by its counts, where the image has counts."""
    region = placed.regions.get("liver") or placed.regions.get("perfused")
    scale = 1.0
    if region is not None and placed.image.quantity is Quantity.COUNTS:
        own = total_in(placed.image, region) / region.volume_ml
        if own > 0 and noise.counts_per_ml > 0:
            scale = sqrt(noise.counts_per_ml / own)
    return min(noise.relative * scale, _NOISE_MOST)


def budget_of(request: PostRequest, read: Read, placed: Placed) -> Budget:
    """Uncertainty budget with the camera file's values; a typed budget wins."""
    path = request.dose.budget
    budget = budget_at(path, request.judge.site).measured(read.given.residual_method)
    if read.camera is None:
        return budget
    typed = read_budget(path)[0] if path is not None else {}
    known = camera_entries(read.camera, read.image, placed)
    camera, live = read.camera.camera, read.camera.live
    file = f"{printable(read.camera.path.name)}, camera '{camera.name}', {camera.made}"
    budget = budget.replaced(
        {name: one for name, one in known.items() if name not in typed}, file
    )
    if live is None or not read.camera.corrects or "camera_factor" in known:
        return budget
    # The typed factor's own uncertainty, with that of the live fraction.
    own = budget.components["camera_factor"]
    both = hypot(own.value, live.fraction.relative)
    return budget.replaced(
        {"camera_factor": both}, f"{own.source}; with dead time of {file}"
    )


def ratio_standard(both: Calibrations, budget: Budget, ledger: Ledger) -> float | None:
    """Standard uncertainty (k = 1) of the other calibration over the used one.

    The live fraction goes with the administered activity, which is left out of account:
    it makes the ratio a little surer than is said.
    """
    if both.alternative is None:
        return None
    used, other = (
        {one.name: one.power for one in factors_of(budget, method, ledger)}
        for method in (both.used, both.alternative)
    )
    relative = hypot(*(budget[n] * (other[n] - used[n]) for n in _OF_ACTIVITY))
    return relative * both.alternative.bq_per_unit / both.used.bq_per_unit
