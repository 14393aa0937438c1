"""What the options of `sirtdose post` mean together."""

from typing import Any

import click

from sirtdose.cli.words.blur import knows_cameras
from sirtdose.cli.words.injections import given_injection_of
from sirtdose.errors import InputError
from sirtdose.model.request import InjectionGiven

_KEY_BYTES = 16


def require_no_idle(options: dict[str, Any]) -> None:
    """An option that would change nothing was meant to change something."""
    if options["injections"] and (options["residual"] or options["calibrate_over"]):
        raise click.UsageError(
            "each --injection has its own residual and volume: leave out --residual "
            "and --calibrate-over"
        )
    shunted = options["lung_shunt"] is not None or options["injections"]
    typed = not isinstance(options["calibration"], str)
    by_factor = typed or knows_cameras(options)
    _require_agreeing(options)
    plan = options["plan_file"]
    idle = (
        (
            options["prior_transform"],
            options["prior_dose"],
            "--prior-transform",
            "a --prior-dose",
        ),
        (
            options["residual_method"],
            options["residual"] or options["injections"],
            "--residual-method",
            "a --residual",
        ),
        *(
            (options[key], plan, f"--{key.replace('_', '-')}", "a --plan")
            for key in ("patient_key", "plan_dose", "plan_transform", "match")
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
            options["dead_time"] != "none",
            typed,
            "--dead-time",
            "a camera factor in --calibration, such as '12.3 cps/MBq'",
        ),
        (
            options["scan_duration"],
            by_factor or options.get("no_structures"),
            "--scan-duration",
            "a camera factor in --calibration, or the camera's file in --camera",
        ),
    )
    for given, needed, name, what in idle:
        if given and not needed:
            raise click.UsageError(f"{name} is for {what}: give both")


def _require_agreeing(options: dict[str, Any]) -> None:
    """Options about what is written that exclude each other."""
    if options["show_patient"] and (options["no_report"] or options["deidentify"]):
        raise click.UsageError(
            "--show-patient shows the patient's name on the report: leave out "
            "--no-report and --deidentify"
        )
    for name, without in (("pdf", "no_report"), ("key_images", "no_dicom")):
        if options.get(name) and options.get(without):
            raise click.UsageError(
                f"--{name.replace('_', '-')} and --{without.replace('_', '-')} "
                "contradict each other: leave one of them out"
            )


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


def injections_of(
    texts: tuple[str, ...], zone: str | None, times: dict[str, Any]
) -> tuple[InjectionGiven, ...]:
    """Injections as written; the first one's time stands for the administration."""
    injections = tuple(given_injection_of(text, zone) for text in texts)
    known = [one.at for one in injections if one.at is not None]
    if known and times["administered_at"] is not None:
        raise click.UsageError(
            "each --injection has its own time: leave out --administered-at"
        )
    if known:
        times["administered_at"] = min(known)
    return injections
