"""From scans of a phantom to a camera: read, place and fit, rate, judge."""

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.linalg import LinAlgError

from sirtdose.checks.commission import dead_time_findings
from sirtdose.checks.commissioned_camera import (
    drift_findings,
    factor_findings,
    outside_findings,
    series_findings,
    yield_findings,
)
from sirtdose.checks.constants import own_file_findings
from sirtdose.checks.phantom_scan import (
    blur_findings,
    ct_findings,
    filling_findings,
    phantom_findings,
    ratio_findings,
    total_findings,
)
from sirtdose.dosimetry.commission.ct_outline import CtOutline, ct_outline
from sirtdose.dosimetry.commission.dead_time import DeadTimeFit
from sirtdose.dosimetry.commission.pooled import quotient
from sirtdose.dosimetry.commission.results import (
    CommissionedScan,
    Commissioning,
    Filling,
)
from sirtdose.dosimetry.commission.scan import PhantomScan, scan_of
from sirtdose.errors import GeometryError, InputError, QuantityError
from sirtdose.io.tables.camera import require_camera
from sirtdose.model.acceptance import Said
from sirtdose.model.commissioned import Commissioned, Measured
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.progress import counted
from sirtdose.workflows.commission.camera import camera_of_scans, drift_of
from sirtdose.workflows.commission.filling import filling_of
from sirtdose.workflows.commission.inputs import PhantomImage, images_of
from sirtdose.workflows.commission.rates import (
    Rated,
    dead_time_of,
    factor_of,
    live_of,
    rated,
    read_series,
    read_wide_rates,
)
from sirtdose.workflows.commission.request import CommissionRequest

# Fewer along an axis show no blur.
_VOXELS_MIN = 8


@dataclass(frozen=True, eq=False)
class _Fitted:
    """One scan: its image, the fitted phantom, and the outline on CT."""

    image: PhantomImage
    scan: PhantomScan
    outline: CtOutline | None


def commission(request: CommissionRequest) -> Commissioning:
    """Commission a camera by scans of one filling of a phantom.

    Raises
    ------
    InputError
        Whatever cannot be used or trusted; SafetyStop where a check stops or asks.
    """
    said = Said(request.acceptances)
    filling = filling_of(request.poured, request.nuclide)
    before = None if request.before is None else require_camera(request.before)
    _require_one_nuclide(filling.nuclide.name, before)
    _require_tables(request)
    said.add(filling_findings(filling, request.poured.uncertainty))
    if isinstance(filling.nuclide, Nuclide):
        said.add(own_file_findings(filling.nuclide))
    images = said.take(images_of(request, filling))
    _require_together(images, request)
    wide = (
        read_wide_rates(request.wide_rates, images)
        if request.wide_rates is not None
        else {}
    )
    said.gate()
    fitted = [
        said.take(_fitted(one, filling)) for one in counted("phantom, scans", images)
    ]
    said.gate()
    rates = [
        rated(one.image, one.scan, filling.phantom, wide.get(one.image.label))
        for one in fitted
    ]
    dead_time, by_series = dead_time_of(rates, request)
    offsets = [one.outline.offset_mm if one.outline else None for one in fitted]
    scans = tuple(
        _commissioned(one, dead_time, request, offset)
        for one, offset in zip(rates, offsets, strict=True)
    )
    camera = camera_of_scans(scans, dead_time, filling, request)
    shown = None if camera.factor is None or camera.factor.is_counts else camera.factor
    value = shown.value if shown else None
    yields = yield_findings(value, filling, request.nuclide_was)
    said.add(yields)
    series = dead_time if by_series else None
    said.add(_scan_findings(scans, series, before, camera, explained=bool(yields)))
    if dead_time is not None:
        said.add(dead_time_findings(dead_time))
    drift = () if before is None else drift_of(camera, before, request.tolerances)
    said.add(drift_findings(drift, before, camera.header))
    said.gate()
    return Commissioning(
        filling=filling,
        made=camera.made,
        scans=scans,
        dead_time=dead_time,
        camera=camera,
        before=before,
        drift=drift,
        findings=said.findings,
        accepted=said.accepted,
        nuclide_was=request.nuclide_was,
        yield_factor=quotient(Measured(1.0, 0.0), value)
        if value and request.nuclide_was
        else None,
    )


def _require_one_nuclide(name: str, before: Commissioned | None) -> None:
    """Refuse to compare what differs between nuclides."""
    if before is not None and before.nuclide != name:
        raise InputError(
            f"--before is a camera commissioned with {before.nuclide}, and this "
            f"phantom holds {name}: give the camera.toml of its last commissioning "
            f"with {name}, or leave --before out"
        )


def _require_tables(request: CommissionRequest) -> None:
    """Refuse before anything is fitted what could only be refused at the end."""
    if request.series is not None:
        if request.live_fraction is not None:
            raise InputError(
                "--series gives the live fraction: leave out --live-fraction"
            )
        read_series(request.series)


def _require_together(
    images: Sequence[PhantomImage], request: CommissionRequest
) -> None:
    """Refuse scans that are not of one unit, or of one live fraction."""
    if request.live_fraction is not None and len(images) > 1:
        raise InputError(
            f"--live-fraction is one number for {len(images)} scans: commission one "
            "scan with it, or give --series"
        )
    if len({one.is_counts for one in images}) > 1:
        counts = next(one.label for one in images if one.is_counts)
        others = next(one.label for one in images if not one.is_counts)
        raise QuantityError(
            f"{counts} is in counts and {others} in Bq/mL: commission them apart"
        )


def _fitted(
    image: PhantomImage, filling: Filling
) -> tuple[_Fitted, tuple[Finding, ...]]:
    """The phantom in one image, and whether it is there."""
    said = Said()
    phantom = filling.phantom
    poured = dict(filling.poured_mbq_per_ml)
    # A recovery is over what is around, also where no sphere is of this phantom.
    poured.setdefault("spheres", float("inf"))
    _require_image(image)
    try:
        scan = scan_of(image.per_voxel, image.volume.grid, phantom, poured)
    except QuantityError as error:
        raise QuantityError(f"{image.label}: {error}") from None
    except (LinAlgError, ArithmeticError):
        raise QuantityError(
            f"{image.label}: the phantom '{phantom.name}' cannot be fitted to this "
            "image: check the image, --phantom and the activities of its fills"
        ) from None
    said.add(phantom_findings(image.label, scan, phantom))
    # What another phantom's fit says of a camera only hides why it stops.
    if any(one.severity is Severity.STOP for one in said.findings):
        return _Fitted(image, scan, None), said.findings
    said.add(ratio_findings(image.label, scan.ratio, filling.ratio))
    said.add(total_findings(image.label, scan))
    said.add(blur_findings(image.label, scan))
    outline = (
        None if image.ct is None else ct_outline(image.ct, phantom, scan.best.pose)
    )
    said.add(ct_findings(image.label, outline))
    return _Fitted(image, scan, outline), said.findings


def _require_image(image: PhantomImage) -> None:
    """Refuse what is no image of a phantom before anything is fitted."""
    shape = image.volume.grid.shape
    if min(shape) < _VOXELS_MIN:
        raise GeometryError(
            f"{image.label} has {' x '.join(map(str, shape))} voxels: at least "
            f"{_VOXELS_MIN} along each axis are needed"
        )
    if not image.volume.total() > 0:
        raise QuantityError(
            f"{image.label}: the sum of its voxels is {image.volume.total():.4g}, not "
            "above 0: give a scan of a phantom with activity"
        )


def _commissioned(
    one: Rated,
    dead_time: DeadTimeFit | None,
    request: CommissionRequest,
    offset: tuple[float, float, float] | None,
) -> CommissionedScan:
    image = one.image
    live = live_of(one, dead_time, request.live_fraction)
    header = {
        key: text
        for key, text in image.source.camera.items()
        if not (request.deidentify and key in ("station", "serial"))
    }
    return CommissionedScan(
        file=image.label,
        sha256=image.sha256,
        files=len(image.found.paths),
        scan_start=image.start,
        duration_s=image.duration_s,
        activity_mbq=image.activity_mbq,
        scan=one.scan,
        rate_cps=one.rate if image.is_counts else None,
        factor=factor_of(one, live, request.poured.uncertainty),
        live_fraction=live,
        ct_offset_mm=offset,
        header=header,
        modality=image.source.modality or "file",
    )


def _scan_findings(
    scans: Sequence[CommissionedScan],
    series: DeadTimeFit | None,
    before: Commissioned | None,
    camera: Commissioned,
    *,
    explained: bool,
) -> list[Finding]:
    found: list[Finding] = []
    for one in scans:
        found += factor_findings(
            one, before, nuclide=camera.nuclide, explained=explained
        )
        if series is not None:
            found += outside_findings(one, series.measured_mbq)
            found += series_findings(one, series.factor_cps_per_mbq.value)
    return found
