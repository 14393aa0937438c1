"""Scans of a phantom: which files, when, how long, of which camera."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sirtdose.checks.commissioned_camera import camera_findings, nuclide_findings
from sirtdose.checks.header import (
    correction_findings,
    header_findings,
    pet_decay_findings,
)
from sirtdose.checks.phantom_scan import elapsed_findings
from sirtdose.checks.times import time_doubts
from sirtdose.dosimetry.commission.results import Filling
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.archive import opened
from sirtdose.io.discover import discover
from sirtdose.io.found import Found, Kind, listed
from sirtdose.io.hashing import sha256_of_item
from sirtdose.io.read import read_found_image
from sirtdose.model.acceptance import Said
from sirtdose.model.emitter import Emitter
from sirtdose.model.finding import Finding
from sirtdose.model.units import localized
from sirtdose.model.volume import Quantity, Source, Volume
from sirtdose.workflows.commission.request import CommissionRequest

_SCANS_MAX = 40
_NAMED_MAX = 6
_KINDS = (Kind.SPECT, Kind.PET)
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class PhantomImage:
    """One image with its moment; `ct` where there is one in its frame of reference.

    `activity_mbq` is by fill, the mean during the scan; 0 is cold.
    """

    found: Found
    label: str
    sha256: str
    volume: Volume
    start: datetime
    duration_s: float | None
    activity_mbq: dict[str, float]
    ct: Volume | None = None

    @property
    def source(self) -> Source:
        """What its header says."""
        return self.volume.source or Source()

    @property
    def is_counts(self) -> bool:
        """Whether its voxels hold counts, as against Bq/mL."""
        return self.volume.quantity is Quantity.COUNTS

    @property
    def per_voxel(self) -> NDArray[np.float32]:
        """Counts in each voxel, or Bq."""
        data = np.asarray(self.volume.data, np.float32)
        part = 1.0 if self.is_counts else self.volume.grid.voxel_volume_ml
        return data * np.float32(part)


def images_of(
    request: CommissionRequest, filling: Filling
) -> tuple[tuple[PhantomImage, ...], tuple[Finding, ...]]:
    """Read every scan, in the order of their times.

    Raises
    ------
    InputError
        No scan, two of one time, or a time or duration that is missing.
    """
    said = Said()
    with ExitStack() as stack:
        places = [stack.enter_context(opened(one)) for one in request.scans]
        others = [stack.enter_context(opened(one)) for one in request.ct]
        scans, cts = _found(places, others)
        for name, given in (
            ("scan-at", request.scan_at),
            ("scan-duration", request.scan_duration_h),
        ):
            if len(given) not in (0, 1, len(scans)):
                raise InputError(
                    f"--{name} is given {len(given)} times for {len(scans)} scans: "
                    "give it once for all, or once for each, in their order"
                )
        if len(request.scan_at) == 1 < len(scans):
            raise InputError(
                f"--scan-at is given once for {len(scans)} scans: give it for each, "
                "in their order, or leave it out"
            )
        anatomy = [read_found_image(one, quantity=Quantity.CT_NUMBER) for one in cts]
        images = [
            said.take(_image(number, one, request, filling=filling, cts=anatomy))
            for number, one in enumerate(scans)
        ]
    images.sort(key=lambda one: one.start)
    _require_apart(images)
    said.add(camera_findings([one.source.camera for one in images]))
    return tuple(images), said.findings


def _found(
    places: Sequence[Path], others: Sequence[Path]
) -> tuple[list[Found], list[Found]]:
    """Activity images of the paths, in their order, and every CT."""
    scans: list[Found] = []
    cts: list[Found] = []
    seen: list[Found] = []
    for place in places:
        found = discover(place)
        seen += found
        own = [one for one in found if one.kind in _KINDS]
        if not own and place.is_file():
            own = [one for one in found if one.kind is Kind.IMAGE_FILE]
        scans += [one for one in own if one.paths not in {s.paths for s in scans}]
        cts += [one for one in found if one.kind is Kind.CT]
    for place in others:
        cts += [one for one in discover(place) if one.kind is Kind.CT]
    if not scans:
        there = listed([f"{one.label} ({one.kind})" for one in seen], _NAMED_MAX)
        raise InputError(
            "no scan found: give reconstructed SPECT or PET images of the phantom, or "
            f"folders that hold them. There is {there or 'nothing'}"
        )
    if len(scans) > _SCANS_MAX:
        raise InputError(
            f"{len(scans)} scans were found: give at most {_SCANS_MAX}, of one filling"
        )
    unique = {one.paths: one for one in cts}
    return scans, list(unique.values())


def _image(
    number: int,
    found: Found,
    request: CommissionRequest,
    *,
    filling: Filling,
    cts: Sequence[Volume],
) -> tuple[PhantomImage, tuple[Finding, ...]]:
    said = Said()
    label = f"scan {number + 1}" if request.deidentify else found.label
    volume = read_found_image(
        found,
        header_nuclide_was=request.nuclide_was if found.kind is Kind.PET else None,
        nuclide=request.nuclide,
    )
    if volume.quantity not in (Quantity.COUNTS, Quantity.ACTIVITY_CONCENTRATION):
        raise QuantityError(
            f"{label} is in {volume.quantity.unit}: counts or Bq/mL are needed"
        )
    source = volume.source or Source()
    typed = _of_scan(request.scan_at, number)
    start = typed or _start(source, request.timezone, label)
    said.add(
        time_doubts(
            source=source,
            scan_at=typed,
            administered_at=None,
            timezone=request.timezone,
        )
    )
    said.add(_header_findings(label, source, request))
    duration_h = _of_scan(request.scan_duration_h, number)
    if volume.quantity is Quantity.COUNTS and duration_h is None:
        raise InputError(
            f"{label} is in counts: give --scan-duration, for example 20min. The "
            "frame duration in a header is of one view, of all views, or of nothing"
        )
    activity = _activity(filling, source, start, duration_h)
    said.add(
        elapsed_findings(
            label,
            elapsed_h=(start - filling.at).total_seconds() / 3600,
            half_life_h=filling.nuclide.half_life_h,
        )
    )
    return PhantomImage(
        found=found,
        label=label,
        sha256=sha256_of_item(found),
        volume=volume,
        start=start,
        duration_s=None if duration_h is None else duration_h * 3600,
        activity_mbq=activity,
        ct=_ct_of(volume, cts),
    ), said.findings


def _header_findings(
    label: str, source: Source, request: CommissionRequest
) -> list[Finding]:
    """What the header says of nuclide, decay, corrections and geometry."""
    if source.modality in ("", "file"):
        return header_findings(source=source)
    return [
        *header_findings(source=source),
        *nuclide_findings(
            label,
            source=source,
            nuclide=request.nuclide,
            device=request.device,
            nuclide_was=request.nuclide_was,
        ),
        *(pet_decay_findings(source=source) if source.modality == "PT" else []),
        *correction_findings(source=source),
    ]


def _of_scan(given: Sequence[_T], number: int) -> _T | None:
    """What is given for one scan: its own, or the one for all."""
    if not given:
        return None
    return given[number] if len(given) > 1 else given[0]


def _start(source: Source, timezone: str | None, label: str) -> datetime:
    start = source.scan_start
    if source.modality != "PT" and source.decay_correction == "DECY":
        raise InputError(
            f"{label} is decay-corrected (DECY in CorrectedImage (0028,0051)) to a "
            "time that its header does not state; give it with --scan-at"
        )
    if start is not None and start.tzinfo is not None:
        return start
    if start is not None and timezone:
        return localized(start, timezone)
    if start is not None:
        raise InputError(
            f"{label}: the header's time {start.isoformat()} has no offset from UTC; "
            "give --timezone, for example Europe/Brussels"
        )
    why = f" ({source.scan_start_origin})" if source.scan_start_origin else ""
    raise InputError(
        f"{label} has no time of its scan{why}: give --scan-at, for example "
        "2026-03-01T10:30+01:00"
    )


def _activity(
    filling: Filling, source: Source, start: datetime, duration_h: float | None
) -> dict[str, float]:
    """MBq by fill: the mean during a scan, or what the image was corrected to."""
    nuclide: Emitter = filling.nuclide
    left = nuclide.decay_factor((start - filling.at).total_seconds() / 3600)
    corrected = source.decay_correction not in ("", "NONE")
    if duration_h is not None and not corrected:
        left *= nuclide.mean_activity_factor(duration_h)
    return {
        name: held * filling.phantom.fill(name).volume_ml * left
        for name, held in filling.poured_mbq_per_ml.items()
        if filling.phantom.fill(name).known
    }


def _ct_of(volume: Volume, cts: Sequence[Volume]) -> Volume | None:
    """The one CT in an image's frame of reference; of several, none."""
    own = volume.grid.frame_of_reference_uid
    named = [one for one in cts if own and one.grid.frame_of_reference_uid == own]
    if len(named) == 1:
        return named[0]
    loose = [one for one in cts if volume.grid.shares_frame(one.grid)]
    return loose[0] if not named and len(loose) == 1 else None


def _require_apart(images: Sequence[PhantomImage]) -> None:
    """Refuse two images of one acquisition: they are not two scans."""
    for one, other in pairwise(images):
        if other.start - one.start < timedelta(seconds=30):
            raise InputError(
                f"{one.label} and {other.label} are of one time, "
                f"{one.start.isoformat()}: give one reconstruction of each scan"
            )
