"""The blur of an image, as it is typed."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.option import Option, together
from sirtdose.cli.words.quantities import along_xyz, quantity
from sirtdose.cli.words.typed import site_cameras
from sirtdose.model.units import FRACTION, LENGTH

CORRECTIONS = ("iterative-yang", "gtm")
# The word for recovery coefficients of the camera's own file.
CURVE = "recovery"

blur_options = together(
    Option(
        "psf",
        str,
        "FWHM of the image blur, e.g. 15mm, or three along x,y,z; the blur is then "
        "corrected. fit: the width is estimated from the image. camera: width and tail "
        "are those of the camera's own file.",
        metavar="WIDTH[,WIDTH,WIDTH]|fit|camera",
    ),
    Option(
        "psf-tail",
        str,
        "Fraction of the counts in a wide scatter tail, and the FWHM of the tail, e.g. "
        "8%@60mm; only if known for the camera.",
        metavar="PART@WIDTH",
    ),
    Option(
        "camera",
        Path,
        "The camera's own file, camera.toml of its commissioning.  [default: the "
        "camera in the site file that the image's header matches]",
        metavar="FILE",
    ),
)
_WORDS = ("fit", "camera")


def partial_volume(options: dict[str, Any]) -> dict[str, Any]:
    """Width, tail and method of a correction of blur."""
    tail, method = options["psf_tail"], options["pvc"]
    psf_mm = _width(options)
    if psf_mm is None and tail is not None:
        raise click.UsageError("--psf-tail needs --psf, such as 15mm")
    if psf_mm == "camera" and tail is not None:
        raise click.UsageError(
            "the camera's own file has a tail that belongs to its width: leave "
            "--psf-tail out, or give --psf too, such as 15mm"
        )
    blur = {"psf_mm": psf_mm, "psf_tail": _tail(tail) if tail else None}
    if method is None:
        return blur | {"pvc": "iterative-yang" if psf_mm else None}
    if method in CORRECTIONS:
        if psf_mm is None:
            raise click.UsageError(
                f"--pvc {method} needs --psf, such as 15mm, or the camera's file with "
                "--camera"
            )
        return blur | {"pvc": method}
    if psf_mm is not None:
        raise click.UsageError(
            "--psf is not used with recovery coefficients: leave it out"
        )
    if method == CURVE:
        if not knows_cameras(options):
            raise click.UsageError(
                f"--pvc {CURVE} takes the curve of the camera's own file: name it with "
                "--camera, or give a file of recovery coefficients instead"
            )
        return blur | {"pvc": CURVE}
    path = Path(method)
    if not path.is_file():
        raise click.BadParameter(
            f"'{method}' is neither iterative-yang nor gtm nor {CURVE} nor a file of "
            "recovery coefficients: write one of them",
            param_hint="--pvc",
        )
    return blur | {"pvc": path}


def _width(options: dict[str, Any]) -> Any:
    """The width that is typed, in mm or as a word; the camera's for a method alone."""
    text = options["psf"]
    if text is None:
        by_camera = options["pvc"] in CORRECTIONS and knows_cameras(options)
        return "camera" if by_camera else None
    word = text.strip().lower()
    return word if word in _WORDS else along_xyz(text, "--psf")


def knows_cameras(options: dict[str, Any]) -> bool:
    """Whether a camera's file is named, or the site file has one."""
    return options["camera"] is not None or any(one.file for one in site_cameras())


def _tail(text: str) -> tuple[float, float]:
    """The part of the counts in a tail (0 to 1), and its FWHM in mm."""
    part, at, width = text.partition("@")
    if not at:
        raise click.BadParameter(
            f"'{text}' has no width: write the fraction of the counts in the tail and "
            "its FWHM, such as 8%@60mm",
            param_hint="--psf-tail",
        )
    return quantity(part, FRACTION, "--psf-tail"), quantity(width, LENGTH, "--psf-tail")
