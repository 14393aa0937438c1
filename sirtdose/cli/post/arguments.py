"""What the options of `sirtdose post` mean together."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.quantities import along_xyz, quantity
from sirtdose.errors import InputError
from sirtdose.model.units import FRACTION, LENGTH

CORRECTIONS = ("iterative-yang", "gtm")
_KEY_BYTES = 16


def require_no_idle(options: dict[str, Any]) -> None:
    """An option that would change nothing was meant to change something."""
    if options["injections"] and (options["residual"] or options["calibrate_over"]):
        raise click.UsageError(
            "each --injection has its own residual and volume: leave out --residual "
            "and --calibrate-over"
        )
    shunted = options["lung_shunt"] is not None or options["injections"]
    by_factor = not isinstance(options["calibration"], str)
    if options["show_patient"] and (options["no_report"] or options["deidentify"]):
        raise click.UsageError(
            "--show-patient shows the patient's name on the report: leave out "
            "--no-report and --deidentify"
        )
    plan = options["plan_file"]
    idle = (
        (
            options["prior_transform"],
            options["prior_dose"],
            "--prior-transform",
            "a --prior-dose",
        ),
        *(
            (options[key], plan, f"--{key.replace('_', '-')}", "a --plan")
            for key in ("patient_key", "plan_dose", "plan_transform")
        ),
        (options["budget"], options["uncertainty"], "--budget", "--uncertainty"),
        (
            options["seed"] is not None,
            options["uncertainty"],
            "--seed",
            "--uncertainty",
        ),
        (
            options["lung_shunt_source"] != "unknown",
            shunted,
            "--lung-shunt-source",
            "a --lung-shunt",
        ),
        (
            options["scan_duration"],
            by_factor,
            "--scan-duration",
            "a camera factor in --calibration",
        ),
    )
    for given, needed, name, what in idle:
        if given and not needed:
            raise click.UsageError(f"{name} is for {what}: give both")


def site_key(options: dict[str, Any]) -> bytes | None:
    """The secret of pseudonyms: of a file, or made for this run alone."""
    path = options["site_key"]
    if path is None:
        import secrets

        return secrets.token_bytes(32) if options["deidentify"] else None
    if not options["deidentify"]:
        raise click.UsageError("--site-key is for --deidentify: give both")
    try:
        key: bytes = path.read_bytes().strip()
    except OSError as error:
        raise InputError(f"cannot read {path.name}: {error.strerror}") from None
    if len(key) < _KEY_BYTES:
        raise InputError(
            f"--site-key {path.name} holds {len(key)} bytes: a secret has at least "
            f"{_KEY_BYTES}"
        )
    return key


def partial_volume(options: dict[str, Any]) -> dict[str, Any]:
    """Width, tail and method of a correction of blur."""
    width, tail, method = options["psf"], options["psf_tail"], options["pvc"]
    if width is None and tail is not None:
        raise click.UsageError("--psf-tail needs --psf, such as 15mm")
    psf_mm: Any = width
    if width is not None and width.strip().lower() != "fit":
        psf_mm = along_xyz(width, "--psf")
    elif width is not None:
        psf_mm = "fit"
    blur = {"psf_mm": psf_mm, "psf_tail": _tail(tail) if tail else None}
    if method is None:
        return blur | {"pvc": "iterative-yang" if psf_mm else None}
    if method in CORRECTIONS:
        if psf_mm is None:
            raise click.UsageError(f"--pvc {method} needs --psf, such as 15mm")
        return blur | {"pvc": method}
    if psf_mm is not None:
        raise click.UsageError(
            "--psf is not used with recovery coefficients: leave it out"
        )
    path = Path(method)
    if not path.is_file():
        raise click.BadParameter(
            f"'{method}' is neither iterative-yang nor gtm nor a file of recovery "
            "coefficients: write one of them",
            param_hint="--pvc",
        )
    return blur | {"pvc": path}


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


def require_times(options: dict[str, Any], times: dict[str, Any]) -> None:
    """A time is asked for where it enters a decay, and only there."""
    needed = []
    if options["assay"] is not None:
        needed += ["assay_at", "administered_at"]
    if options["residual"]:
        needed += ["residual_at", "administered_at"]
    missing = [name for name in dict.fromkeys(needed) if times[name] is None]
    if missing:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise click.UsageError(
            f"activity decays between its measurement and administration: give {names}"
        )
