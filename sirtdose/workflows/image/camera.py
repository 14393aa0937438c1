"""The camera of an image, by its header or by name, and the blur that its file has."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sirtdose.checks.commissioned import (
    camera_file_findings,
    no_camera_findings,
    typed_instead_findings,
)
from sirtdose.errors import InputError
from sirtdose.io.tables.camera import require_camera
from sirtdose.model.bounds import printable
from sirtdose.model.commissioned import CameraUsed, Commissioned
from sirtdose.model.finding import Finding
from sirtdose.model.request import DoseRequest, ImageRequest
from sirtdose.model.site import Camera, cameras_of
from sirtdose.model.volume import Volume

NEEDED = (
    "name a camera's file with --camera, or in the site file the camera that the "
    "image's header matches, commissioned with its nuclide"
)


def camera_of_image(
    image: Volume,
    request: ImageRequest,
    *,
    nuclide: str,
    day: date | None = None,
    nameless: bool = True,
) -> tuple[CameraUsed | None, list[Finding]]:
    """The camera that is named, else the site's one that the header matches.

    Of the site's, only one that was commissioned with the `nuclide` of the image, where
    that is known; one that is named and has another gives no more than its blur. `day`
    is that of the scan, where the header does not say it.

    Raises
    ------
    InputError
        Several match, or a file that cannot be read.
    """
    source = image.source
    header = dict(source.camera) if source else {}
    others: list[Commissioned] = []
    path = request.camera
    if path is None:
        path, others = _of_site(header, request.cameras, nuclide)
    if path is None:
        return None, no_camera_findings(
            header, request.cameras, nuclide=nuclide, others=others
        )
    used = CameraUsed(require_camera(path), path, header)
    if day is None and source and source.scan_start:
        day = source.scan_start.date()
    findings = camera_file_findings(
        used=used, nuclide=nuclide, day=day, nameless=nameless
    )
    return _blur_alone(used, nuclide), findings


def _blur_alone(used: CameraUsed, nuclide: str) -> CameraUsed:
    """A camera of another nuclide without what is of no use for this one."""
    camera = used.camera
    if nuclide in ("", camera.nuclide):
        return used
    return replace(
        used,
        camera=replace(camera, factor=None, dead_time=None, noise=None),
        without_factor=(
            f"camera '{camera.name}' was commissioned with {camera.nuclide}, and the "
            f"image is of {nuclide}"
        ),
    )


def camera_of_scout(
    image: Volume, request: ImageRequest, dose: DoseRequest
) -> tuple[CameraUsed | None, list[Finding]]:
    """The camera of a scout, whose nuclide is that of its header."""
    source = image.source
    nuclide = source.nuclide_in_header if source else ""
    used, findings = camera_of_image(image, request, nuclide=nuclide)
    return used, [*findings, *typed_findings(dose, used)]


def _of_site(
    header: dict[str, str], cameras: Sequence[Camera], nuclide: str
) -> tuple[Path | None, list[Commissioned]]:
    """The camera's file, and those that match the header but have another nuclide."""
    fitting, others = [], []
    for one in cameras:
        known = None
        if one.file is not None and nuclide and one.matches(header):
            known = require_camera(one.file)
        if known is not None and known.nuclide != nuclide:
            others.append(known)
        else:
            fitting.append(one)
    found = cameras_of(header, fitting)
    if len(found) < 2:
        return (found[0].file if found else None), others
    names = " and ".join(f"'{printable(one.name)}'" for one in found)
    raise InputError(
        f"the image's header matches {names} of the site file equally: tell them "
        "apart there, by station or serial, or name one with --camera"
    )


def with_blur_of(request: DoseRequest, used: CameraUsed | None) -> DoseRequest:
    """The request with the camera's blur, where none was typed.

    A width that is fitted to the image goes with the camera's tail and edges.

    Raises
    ------
    InputError
        It was asked for, and no camera has it.
    """
    blur = used.camera.blur if used else None
    if request.psf_mm == "fit" and blur is not None:
        tail = request.psf_tail or blur.tail
        return replace(request, psf_tail=tail, psf_edges=blur.edges)
    if request.psf_mm not in (None, "camera"):
        return request
    if blur is None:
        if request.psf_mm == "camera":
            why = f"camera '{used.camera.name}' has none: " if used else ""
            raise InputError(f"the blur of the camera is not known: {why}{NEEDED}")
        return request
    return replace(
        request, psf_mm=blur.widths_mm, psf_tail=blur.tail, psf_edges=blur.edges
    )


def typed_findings(
    request: DoseRequest, used: CameraUsed | None, *others: str
) -> list[Finding]:
    """Which options were typed although the camera's file has it, and `others`."""
    if used is None:
        return []
    typed = {
        "--psf": request.psf_mm not in (None, "camera", "fit"),
        "--pvc": isinstance(request.pvc, Path),
    }
    known = [name for name, there in typed.items() if there and used.camera.blur]
    return typed_instead_findings(used.camera, [*known, *others])


def camera_input(used: CameraUsed | None) -> tuple[dict[str, Any], ...]:
    """The camera's file as results list it among what was used."""
    if used is None:
        return ()
    return (
        {
            "file": printable(used.path.name),
            "files": 1,
            "kind": "camera",
            "sha256": used.camera.sha256,
            "series_instance_uid": None,
        },
    )
