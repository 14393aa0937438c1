"""Every file that an assessment rests on, besides image, CT and structures."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.io.discover import discover
from sirtdose.io.hashing import sha256_of
from sirtdose.model.bounds import printable
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import PostRequest
from sirtdose.workflows.image.scene import inputs_of, require_one_patient

if TYPE_CHECKING:
    from sirtdose.io.choose import Choice
    from sirtdose.model.finding import Finding

_NOT_KEPT = ("source", "acceptances", "self_test")


def all_inputs(choice: "Choice", request: PostRequest) -> tuple[dict[str, Any], ...]:
    """What was used: name only, hash, series; in the order of its use."""
    return (
        *inputs_of(choice, request.dose.density),
        *(
            {
                # Folders are often named after patients.
                "file": printable(path.name) if path.is_file() else "a folder",
                "files": len(paths),
                "kind": kind,
                "sha256": sha256_of(paths),
                "series_instance_uid": None,
            }
            for kind, path in named_files(request).items()
            if kind != "densities"
            for paths in [_files(path)]
        ),
    )


def named_files(request: PostRequest) -> dict[str, Path]:
    """What a request names besides image, CT and structures, by its kind."""
    named = {
        "earlier dose": request.judge.prior_dose,
        "transform of the earlier dose": request.judge.prior_transform,
        "registration": request.image.registration,
        "image drawn on": request.image.drawn_on,
        "densities": request.dose.density,
        "recovery coefficients": request.dose.pvc,
        "radiobiology": request.judge.radiobiology,
        "budget": request.dose.budget,
        "plan": request.judge.plan,
    }
    return {kind: path for kind, path in named.items() if isinstance(path, Path)}


def options_of(request: PostRequest) -> dict[str, Any]:
    """Every option of a request, as a result keeps them: files by their name only.

    Folders are often named after patients, and keys are secret: neither is kept; nor is
    a file's name where results are to name nobody.
    """
    nameless = request.privacy.nameless
    return {
        one.name: _plain(
            getattr(group, one.name), request.image.source, nameless=nameless
        )
        for group in (request.given, request.image, request.dose, request.judge)
        for one in fields(group)
        if one.name not in _NOT_KEPT
    }


def _plain(value: Any, source: Path, *, nameless: bool) -> Any:
    if isinstance(value, Path):
        known = value.is_file() or (source / value).is_file()
        name = "a file" if nameless else printable(value.name)
        return name if known else "a folder"
    if isinstance(value, Nuclide):
        return value.name
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: _plain(getattr(value, one.name), source, nameless=nameless)
            for one in fields(value)
        }
    if isinstance(value, Mapping):
        return {
            str(key): _plain(one, source, nameless=nameless)
            for key, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(one, source, nameless=nameless) for one in value]
    return str(value) if isinstance(value, StrEnum) else value


def _files(path: Path) -> tuple[Path, ...]:
    """A file, or every file of what a folder holds."""
    if path.is_file():
        return (path,)

    return tuple(one for item in discover(path) for one in item.paths)


def require_same_patients_prior(
    choice: "Choice", request: PostRequest, findings: "list[Finding]"
) -> None:
    """Refuse an earlier dose of somebody else (H01)."""
    if request.judge.prior_dose is None or not request.judge.prior_dose.exists():
        return

    require_one_patient([choice.image, *discover(request.judge.prior_dose)], findings)
