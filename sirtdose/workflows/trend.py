"""The calibrations of a site's cases over time."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from sirtdose.checks.trend import trend_findings, unused_findings
from sirtdose.dosimetry.image.calibration_trend import (
    RatioOfCase,
    Trend,
    ratio_standard,
)
from sirtdose.errors import InputError
from sirtdose.io.hashing import sha256_of
from sirtdose.io.output.unfinished import finish
from sirtdose.report.trend.document import trend_document
from sirtdose.workflows.inspect import names_its_patient

# A camera, and what is compared.
Group: TypeAlias = tuple[str, str]
_RESULT = "post.json"
_SCHEMA = "sirtdose.post/1"
_MAX_BYTES = 50_000_000
_ABSOLUTE = {"image": "image in", "camera": "camera factor"}
_REGIONS = {"fov": "field of view", "perfused": "perfused volume"}
_FACTORS = {"image": "image_calibration", "camera": "camera_factor"}


def trend_of(folder: Path) -> dict[str, Any]:
    """The trend document of every result in a folder, or in the folders of one.

    Raises
    ------
    InputError
        No result of `sirtdose post` is there, or none has two calibrations.
    """
    found: dict[str, tuple[Group, RatioOfCase]] = {}
    unused: dict[str, str] = {}
    digests: dict[str, str] = {}
    scans: dict[str, str] = {}
    for key, path in _results(folder).items():
        try:
            post = _read(path)
            own = _ratio_of(post, key)
            _require_other_scan(post, scans, key)
        except InputError as error:
            unused[key] = str(error)
            continue
        found[key], digests[key] = own, sha256_of([path])
    if not found:
        reasons = "; ".join(f"{key}: {why}" for key, why in list(unused.items())[:3])
        raise InputError(
            "no result has two calibrations to compare: give `sirtdose post` the time "
            f"of administration and an image in Bq/mL or a camera factor ({reasons})"
        )
    groups = dict.fromkeys(group for group, _ in found.values())
    trends = [
        Trend.of_cases(
            [case for of, case in found.values() if of == group],
            camera=group[0],
            of=group[1],
        )
        for group in groups
    ]
    findings = [one for trend in trends for one in trend_findings(trend)]
    findings += unused_findings(unused)
    return trend_document(trends, findings, unused=unused, digests=digests)


def _results(folder: Path) -> dict[str, Path]:
    """The post.json of a folder, and of those in it, by the case's own key.

    A folder named after its patient gives no key.
    """
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder.name}: give the --out of `sirtdose batch`, or "
            "a folder with those of `sirtdose post`"
        )
    folders = [folder, *sorted(one for one in folder.iterdir() if one.is_dir())]
    found = {}
    for number, one in enumerate(folders):
        if not one.name.startswith("."):
            finish(one)
        if (one / _RESULT).is_file():
            found[_key(one, number)] = one / _RESULT
    if not found:
        raise InputError(
            f"{folder.name} holds no {_RESULT}, nor do the folders in it: give the "
            "--out of `sirtdose batch`, or a folder with those of `sirtdose post`"
        )
    return found


def _key(folder: Path, number: int) -> str:
    try:
        hidden = names_its_patient(folder)
    except InputError:
        hidden = True
    return f"folder-{number}" if hidden else folder.resolve().name


def _read(path: Path) -> dict[str, Any]:
    """A result document.

    Raises
    ------
    InputError
        Something else, or a damaged one.
    """
    try:
        large = path.stat().st_size > _MAX_BYTES
        post = None if large else json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        post = None
    if not isinstance(post, dict) or post.get("schema") != _SCHEMA:
        raise InputError(f"its {_RESULT} is damaged or of another version")
    return post


def _ratio_of(post: Mapping[str, Any], key: str) -> tuple[Group, RatioOfCase]:
    """Which chart a case is on, and its ratio.

    Raises
    ------
    InputError
        A result with one calibration, or one that was edited.
    """
    try:
        calibration, ledger = post["calibration"], post["ledger"]
        other, ratio = (
            calibration["alternative"],
            calibration["alternative_to_used_ratio"],
        )
        if other is None or ratio is None:
            raise InputError("it has one calibration only")
        used, relative = calibration["used"], calibration
        if used == "administered":
            absolute = other["method"]
        else:
            absolute, ratio, relative = used, 1 / ratio, other
        unit = f" {calibration['unit']}" if absolute == "image" else ""
        over = _REGIONS.get(relative["over"], relative["over"])
        of = (
            f"{(post['image'] or {}).get('modality') or 'file'}, "
            f"{_ABSOLUTE[absolute]}{unit}, over the {over}"
        )
        case = RatioOfCase(
            key,
            float(ratio),
            _scanned_at(post),
            _standard(post, ledger, absolute, relative["numerator"]),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError) as error:
        raise InputError(f"its {_RESULT} was edited or is damaged") from error
    if not 0 < case.ratio < float("inf"):
        raise InputError(f"its ratio is {case.ratio:g}")
    return (_camera(post), f"{of}, {post['nuclide']['name']}"), case


def _camera(post: Mapping[str, Any]) -> str:
    """The site's name of the camera; empty where a result does not tell."""
    camera = post.get("camera")
    name = camera.get("name") if isinstance(camera, Mapping) else camera
    return str(name or "")


def _scanned_at(post: Mapping[str, Any]) -> datetime | None:
    """When it was scanned, by the scanner's own clock.

    Dates of a de-identified result are moved, by other days for each patient.
    """
    if all(one["sha256"] is None for one in post["inputs"]):
        return None
    stated = (post["image"] or {}).get("scan_start") or post["times"]["scan_at"]
    return stated and datetime.fromisoformat(stated).replace(tzinfo=None)


def _standard(
    post: Mapping[str, Any], ledger: Mapping[str, Any], absolute: str, numerator: str
) -> float | None:
    """The ratio's own relative standard uncertainty, where the result has a budget."""
    if post["uncertainty"] is None:
        return None
    parts = {one["name"]: one["value"] for one in post["uncertainty"]["budget"]}
    treated = numerator.startswith("treated")
    return ratio_standard(
        administered_gbq=ledger["administered_gbq"],
        residual_gbq=ledger["residual_gbq"],
        lung_shunt_fraction=ledger["lung_shunt_fraction"] if treated else 0.0,
        components={
            "administered": parts["administered"],
            "residual": parts["residual"],
            "lung_shunt": parts["lung_shunt"],
            "factor": parts[_FACTORS[absolute]],
        },
    )


def _require_other_scan(
    post: Mapping[str, Any], scans: dict[str, str], key: str
) -> None:
    """Refuse a scan that another case has, which would count twice; and remember it.

    Raises
    ------
    InputError
        Names the other case.
    """
    inputs = post.get("inputs")
    first = inputs[0] if isinstance(inputs, list) and inputs else None
    digest = first.get("sha256") if isinstance(first, dict) else None
    if digest and (other := scans.setdefault(digest, key)) != key:
        raise InputError(f"it is the scan of case {other}")
