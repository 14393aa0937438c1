"""From the image to activity at administration: as it is, and without its blur."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sirtdose.checks.balance import balance_findings
from sirtdose.checks.calibration import calibration_findings
from sirtdose.checks.camera import camera_findings
from sirtdose.checks.commissioned import camera_counts_findings
from sirtdose.checks.image import small_tumor_findings
from sirtdose.checks.injections import sharing_findings, unshared_findings
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.dosimetry.image.activity import Calibration, activity_at_administration
from sirtdose.dosimetry.image.calibrate import (
    TIMES_NEEDED,
    CalibrationRequest,
    Calibrations,
    calibrate,
    in_image_gbq,
)
from sirtdose.dosimetry.image.partial_volume import PartialVolume
from sirtdose.dosimetry.image.regional_uptake import RegionalUptake
from sirtdose.dosimetry.image.shared_injections import SharedInjections
from sirtdose.dosimetry.results import Calibrated, Placed, Read
from sirtdose.model.acceptance import Said
from sirtdose.model.finding import Finding
from sirtdose.model.request import DoseRequest, Given, PostRequest
from sirtdose.model.volume import Quantity, Source, Volume
from sirtdose.workflows.image.partial_volume import partial_volume
from sirtdose.workflows.post.camera import budget_of, ratio_standard
from sirtdose.workflows.post.injected import ledgers_of, require_one_moment
from sirtdose.workflows.post.ledger import require_times

_OF_INJECTIONS = (
    "--scan-at and times of all injections (activity:1.2GBq@TIME in each) within 15 "
    "min of each other: other injections have no second calibration"
)


def calibrated(
    read: Read, placed: Placed, asked: PostRequest
) -> tuple[Calibrated, tuple[Finding, ...]]:
    """The activity at administration that the image shows, by both calibrations.

    Raises
    ------
    InputError
        A time, a factor or a structure is missing.
    """
    said, request = Said(), asked.dose
    source, elapsed_h = placed.image.source, read.times.elapsed_h
    require_times(request.calibration, read.given, source=source, elapsed_h=elapsed_h)
    activities = Activities(read, request, placed)
    both = activities.calibrations(placed.image)
    said.add(
        calibration_findings(
            volume=placed.image,
            regions=placed.regions,
            request=activities.asked_for,
            found=both,
        )
    )
    said.add(_count_rate_findings(read, request, source))
    said.add(
        small_tumor_findings(
            drawn=placed.drawn,
            consequence="without correction, the dose is underestimated",
            by_camera=read.camera is not None and "blur" in read.camera.gives,
            **blur_of(placed.image, request),
        )
    )
    activity = activities.of_image(placed.image, both.used)
    if activities.by_injection:
        injected = activities.injected
        said.add(sharing_findings(injected=injected, image=placed.image))
        said.add(unshared_findings(injected=injected, placed=placed))
    said.add(
        balance_findings(
            activity=activity,
            structures=placed.on_grid,
            delivered_gbq=read.ledger.delivered_gbq,
            calibration=both.used,
        )
    )
    without_blur = said.take(activities.without_blur())
    images, uptakes = {"": activity}, {}
    if without_blur is not None:
        tag = f"+{without_blur.method}"
        if without_blur.undone is None:
            images[tag] = activities.corrected(without_blur)
        else:
            own = without_blur.undone.uptake
            uptakes[tag] = activities.uptake(without_blur, own)
    return Calibrated(
        ledger=replace(read.ledger, in_image_gbq=both.in_image_gbq),
        used=both.used,
        alternative=both.alternative,
        images=images,
        uptakes=uptakes,
        partial_volume=without_blur,
        ratio_standard=None
        if read.camera is None or read.camera.factor_relative is None
        else ratio_standard(both, budget_of(asked, read, placed), read.ledger),
    ), said.findings


def _count_rate_findings(
    read: Read, request: DoseRequest, source: Source | None
) -> list[Finding]:
    """Whether the camera lost counts, by its limit and by its own file."""
    return [
        *camera_findings(
            source=source,
            nuclide=read.given.nuclide,
            camera_limit_gbq=request.camera_limit_gbq,
            in_view_gbq=read.ledger.delivered_gbq,
            elapsed_h=read.times.elapsed_h,
            known=read.camera is not None and read.camera.live is not None,
        ),
        *camera_counts_findings(
            used=read.camera,
            calibration=request.calibration,
            needed=source is None or source.modality != "PT",
        ),
    ]


def blur_of(image: Volume, request: DoseRequest) -> dict[str, Any]:
    """What is known of an image's blur, as checks of it take it."""
    modality = image.source.modality if image.source else "file"
    known = None if isinstance(request.psf_mm, str) else request.psf_mm
    return {"modality": modality, "psf_mm": known}


def image_total_gbq(
    image: Volume, given: Given, request: DoseRequest, *, elapsed_h: float | None
) -> float | None:
    """What the image holds by its own unit; it needs no structure."""
    require_one_moment(request.calibration, given)
    asked = calibration_asked(given, request, elapsed_h)
    return in_image_gbq(image, asked, given.nuclide)


def calibration_asked(
    given: Given, request: DoseRequest, elapsed_h: float | None
) -> CalibrationRequest:
    """How counts become activity, as options say it."""
    return CalibrationRequest(
        method=request.calibration,
        over=request.calibrate_over,
        cps_per_mbq=request.cps_per_mbq,
        live_fraction=request.live_fraction or 1.0,
        shown_over_true=request.shown_over_true,
        elapsed_h=elapsed_h if given.at_one_moment else None,
        needed=_OF_INJECTIONS if given.injections else TIMES_NEEDED,
        scan_duration_h=request.scan_duration_h,
    )


@dataclass(frozen=True, eq=False)
class Activities:
    """What the activity in an image rests on: structures, ledger and times."""

    read: Read
    request: DoseRequest
    placed: Placed

    @property
    def given(self) -> Given:
        """What was given when."""
        return self.read.given

    @property
    def by_injection(self) -> bool:
        """Whether each injection's activity is shared over its own volume."""
        return bool(self.given.injections) and (
            self.request.calibration == "administered"
        )

    @property
    def asked_for(self) -> CalibrationRequest:
        """What the user asked of the calibration."""
        return calibration_asked(self.given, self.request, self.read.times.elapsed_h)

    @cached_property
    def injected(self) -> SharedInjections:
        """The injections with the parts of their volumes, found once."""
        return SharedInjections.of(
            self.given,
            ledgers_of(self.given),
            drawn=self.placed.drawn,
            image=self.placed.image,
        )

    def calibrations(self, volume: Volume) -> Calibrations:
        """Both calibrations of the image, or of another one on its grid."""
        require_one_moment(self.request.calibration, self.given)
        both = calibrate(
            volume,
            self.placed.regions,
            request=self.asked_for,
            ledger=self.read.ledger,
            nuclide=self.given.nuclide,
            lungs_covered=self.placed.lungs_covered,
        )
        if not self.by_injection:
            return both
        return replace(both, used=self.injected.calibration(volume))

    def of_image(self, image: Volume, calibration: Calibration) -> Volume:
        """Activity at administration, in each voxel."""
        return (
            self.injected.activity(image)
            if self.by_injection
            else activity_at_administration(image, calibration)
        )

    def without_blur(self) -> tuple[PartialVolume | None, list[Finding]]:
        """The image without its blur."""
        return partial_volume(
            self.read.image,
            self.placed,
            lambda image: self.calibrations(image).used,
            request=self.request,
            camera=self.read.camera,
        )

    def corrected(self, result: PartialVolume) -> Volume:
        """Activity at administration in each voxel of the dose grid, without blur."""
        return self.of_image(result.volume, result.calibration)

    def uptake(self, result: PartialVolume, uptake: RegionalUptake) -> RegionalUptake:
        """Activity at administration at every point, GBq per voxel of the image."""
        image = result.volume
        worth = (
            self.injected.gbq_per_unit(image)
            if self.by_injection
            else np.full(image.grid.shape, result.calibration.bq_per_unit * 1e-9)
        )
        own = uptake.image.grid
        if not own.matches(image.grid):
            by_voxel = Volume(worth, image.grid, Quantity.ENERGY_FRACTION)
            worth, _ = mean_on(by_voxel, own)
        if not image.quantity.adds_up:
            worth = worth * (own.voxel_volume_ml / image.grid.voxel_volume_ml)
        return uptake.times(worth, Quantity.ACTIVITY)
