"""Whom the inputs name, and their files' names as results may keep them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from sirtdose.io.choose import Choice
from sirtdose.io.dicom.link import read_patient
from sirtdose.io.discover import discover
from sirtdose.io.hashing import companions
from sirtdose.model.commissioned import CameraUsed
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.request import ImageRequest
from sirtdose.report.post.deidentified import with_names_replaced


def people_of(choice: Choice, others: Iterable[Path | None]) -> tuple[PatientLink, ...]:
    """Whom the DICOM files name, and the other ones that are read."""
    items = list(choice.items)
    for path in others:
        items += discover(path) if path is not None and path.exists() else []
    return tuple(
        dict.fromkeys(
            read_patient(item.paths[0]) for item in items if any(item.patient)
        )
    )


def without_file_names(text: str, request: ImageRequest, named: Iterable[Path]) -> str:
    """A message in which no file's name stands that could have been read."""
    given = [
        *(request.image, *request.gates, request.ct, *request.structures),
        *request.readers.values(),
    ]
    return without_names_of(text, [request.source, *named, *filter(None, given)])


def without_names_of(text: str, paths: Iterable[Path]) -> str:
    """A message without the names of files, and of all that folders hold."""
    names = {
        one.name: "a file"
        for path in paths
        for one in (path, *(path.rglob("*") if path.is_dir() else ()))
    }
    return with_names_replaced(text, names)


def file_names(choice: Choice, named: Mapping[str, Path]) -> dict[str, str]:
    """What stands for each file's name, where results are to name nobody."""
    found: dict[str, str] = {}
    for number, item in enumerate(choice.items, start=1):
        for path in item.paths:
            for one in (path, *companions(path)):
                found.setdefault(one.name, f"{item.kind} {number}")
    for kind, path in named.items():
        found.setdefault(path.name, kind)
        if path.is_dir():
            below = (one for one in path.rglob("*") if one.is_file())
            found |= {one.name: kind for one in below if one.name not in found}
    return found


def camera_names(used: CameraUsed | None) -> dict[str, str]:
    """What stands for the names of a camera and its station."""
    if used is None:
        return {}
    station = used.header.get("station", ""), used.camera.header.get("station", "")
    return {used.camera.name: "the camera"} | {
        one: "its station" for one in station if one
    }
