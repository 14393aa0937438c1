"""From the image to activity at administration: as it is, and without its blur."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sirtdose.dosimetry.image.activity import activity_at_administration
from sirtdose.dosimetry.image.calibrate import (
    TIMES_NEEDED,
    CalibrationRequest,
    calibrate,
    in_image_gbq,
)
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Ledger
from sirtdose.model.request import PostRequest
from sirtdose.model.volume import Volume
from sirtdose.workflows.post.injected import Injected
from sirtdose.workflows.post.injections import require_one_moment
from sirtdose.workflows.post.partial_volume import partial_volume

if TYPE_CHECKING:
    from sirtdose.dosimetry.image.activity import Calibration
    from sirtdose.dosimetry.image.calibrate import Calibrated
    from sirtdose.dosimetry.image.partial_volume import PartialVolume
    from sirtdose.workflows.image.structures import Placed

_OF_INJECTIONS = (
    "--scan-at and times of all injections (--injection NAME=ACTIVITY@TIME) within 15 "
    "min of each other: injections apart in time have no other calibration"
)


def with_image_total(
    ledger: Ledger, request: PostRequest, image: Volume, times: Mapping[str, Any]
) -> Ledger:
    """The ledger with what the image holds by its own unit; it needs no structure."""
    require_one_moment(request)
    asked = _asked_for(request, times)
    total_gbq = in_image_gbq(image, asked, request.given.nuclide)
    return replace(ledger, in_image_gbq=total_gbq)


def _asked_for(request: PostRequest, times: Mapping[str, Any]) -> "CalibrationRequest":
    return CalibrationRequest(
        method=request.dose.calibration,
        over=request.dose.calibrate_over,
        cps_per_mbq=request.dose.cps_per_mbq,
        elapsed_h=times["elapsed_h"] if request.given.at_one_moment else None,
        needed=_OF_INJECTIONS if request.given.injections else TIMES_NEEDED,
        scan_duration_h=request.dose.scan_duration_h,
    )


@dataclass(frozen=True, eq=False)
class Activities:
    """What an image's activity rests on: structures, ledger and times.

    `on` is the image, or any other on its grid.
    """

    request: PostRequest
    on: Volume
    placed: "Placed"
    ledger: Ledger
    times: Mapping[str, Any]

    @property
    def by_injection(self) -> bool:
        """Whether each injection's activity is shared over its own volume."""
        request = self.request
        return (
            bool(request.given.injections)
            and request.dose.calibration == "administered"
        )

    @cached_property
    def injected(self) -> Injected:
        """The injections with the parts of their volumes, found once."""
        return Injected.of(self.request, self.placed.drawn, self.on)

    def calibrated(self, volume: Volume) -> "Calibrated":
        """Both calibrations of an image, and what to know of them."""
        request = self.request
        require_one_moment(request)
        calibrated = calibrate(
            volume,
            self.placed.regions,
            request=_asked_for(request, self.times),
            ledger=self.ledger,
            nuclide=request.given.nuclide,
            lungs_covered=self.placed.lungs_covered,
        )
        if not self.by_injection:
            return calibrated
        return replace(calibrated, used=self.injected.calibration(volume))

    def of_image(self, image: Volume, calibration: "Calibration") -> Volume:
        """Activity at administration, in each voxel."""
        if not self.by_injection:
            return activity_at_administration(image, calibration)
        return self.injected.activity(image)

    def without_blur(
        self,
        volume: Volume,
        findings: list[Finding],
        psf_mm: tuple[float, float, float] | None = None,
    ) -> "PartialVolume | None":
        """The image without its blur, of another width where one is given."""
        dose = self.request.dose
        if psf_mm is not None:
            dose = replace(dose, psf_mm=psf_mm)
        return partial_volume(
            dose,
            volume,
            self.placed,
            lambda image: self.calibrated(image).used,
            findings,
        )
