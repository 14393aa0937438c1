"""A plan or a treatment as a visit: its tumors, with doses by method."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sirtdose.checks.lesions import unrecorded_findings
from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.hashing import sha256_of
from sirtdose.io.read import read_structures
from sirtdose.model.bounds import printable
from sirtdose.model.field import Field
from sirtdose.model.finding import Finding
from sirtdose.model.history import Seen, Source
from sirtdose.planning.sessions import day_of
from sirtdose.report.plan.hash import plan_of_file
from sirtdose.report.post.dicom_files import STRUCTURES_FILE
from sirtdose.report.post.files import dicom_file
from sirtdose.report.run_record import RUN_RECORD, read_run_record
from sirtdose.workflows.plan.sessions import unverified

_PLAN, _POST = "plan.json", "post.json"
_SCHEMAS = {_PLAN: "sirtdose.plan/1", _POST: "sirtdose.post/1"}
_TUMORS = ("tumor", "tumor_outside")
_MOST_GY, _MOST_ML, _NOISE_GY = 1e6, 1e5, 1e3
_METRICS = ("mean", "d70")
_MAX_BYTES = 50_000_000


def result_source(path: Path) -> tuple[Source, list[Finding]]:
    """A folder with plan.json or post.json, or one of these files.

    Raises
    ------
    InputError
        Neither or both there, of another program or version, edited, or a treatment
        without a date.
    """
    file = _document(path)
    document, name = _read(file), f"{printable(file.parent.name)}/{file.name}"
    if document["schema"] == _SCHEMAS[_PLAN]:
        return _plan(file, name), []
    return _treatment(file, name, document)


def _document(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise FileFormatError(f"there is no file or folder {printable(path.name)}")
    there = [path / name for name in (_PLAN, _POST) if (path / name).is_file()]
    if len(there) != 1:
        said = "both plan.json and post.json" if there else "no plan.json or post.json"
        what = "give one of the two files"
        if not there:
            what = (
                "give the --out of `sirtdose plan` or `sirtdose post`, and structure "
                "files with --follow-up"
            )
        raise InputError(f"{printable(path.name)} contains {said}: {what}")
    return there[0]


def _read(file: Path) -> dict[str, Any]:
    try:
        large = file.stat().st_size > _MAX_BYTES
        document = None if large else json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        document = None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema not in _SCHEMAS.values():
        what = f"of {printable(str(schema))}" if schema else "damaged, or no document"
        raise InputError(
            f"{printable(file.name)} is {what}: plan.json ({_SCHEMAS[_PLAN]}) or "
            f"post.json ({_SCHEMAS[_POST]}) of this version of sirtdose is needed"
            f"{'' if schema else '; give structures of a later scan with --follow-up'}"
        )
    return dict(document or {})


def _plan(file: Path, name: str) -> Source:
    plan = Field(plan_of_file(file), f"{name}:")
    typed = plan["inputs"].value
    images = plan.value.get("images") or []
    doses = plan.get("doses")
    seen = {one.name: one for one in (_of_doses(doses) if doses else ())}
    for part in plan["compartments"]:
        if part["role"].text() in _TUMORS and part["name"].text() not in seen:
            method = plan.value["assumptions"].get("dose_method", "local_deposition")
            gy = part["dose_gy"].number(least=0, most=_MOST_GY)
            one = Seen(part["name"].text(), _ml(part), {method: {"mean": gy}})
            seen[one.name] = one
    return Source(
        kind="plan",
        day=day_of(typed.get("treatment_date") or typed.get("treatment_at")),
        seen=tuple(seen.values()),
        file=name,
        digests=(sha256_of([file]),),
        used=tuple(str(one.get("sha256")) for one in images),
        keys={"plan": plan["hash"].text()}
        | ({"patient": str(typed["patient_key"])} if typed.get("patient_key") else {}),
    )


def _treatment(
    file: Path, name: str, document: Mapping[str, Any]
) -> tuple[Source, list[Finding]]:
    post = Field(document, f"{name}:")
    inputs = [one.get("sha256") for one in post["inputs"]]
    if None in inputs:
        raise InputError(
            f"{name} is de-identified, and its dates were moved: give the result with "
            "its own dates, and --deidentify here"
        )
    at = post["times"].get("administered_at")
    day = day_of(at.text() if at else None)
    if day is None:
        raise InputError(
            f"{name} does not state when the treatment was: run `sirtdose post "
            "--administered-at TIME` again"
        )
    findings = unrecorded_findings(f"the treatment of {day}", unverified(file, name))
    seen = {one.name: one for one in _of_doses(post["doses"])}
    contours = file.with_name(STRUCTURES_FILE)
    if contours.is_file():
        seen |= _with_contours(contours, seen)
    plan_hash = (document.get("plan") or {}).get("hash")
    maps = {
        method: file.with_name(dicom_file(method))
        for method in document["doses"]
        if "with_prior" not in method and file.with_name(dicom_file(method)).is_file()
    }
    _require_recorded(file.parent, [contours, *maps.values()])
    return Source(
        kind="treatment",
        day=day,
        seen=tuple(seen.values()),
        file=name,
        digests=(sha256_of([file]),),
        used=tuple(one.text() for one in inputs if one),
        image=inputs[0].text() if inputs and inputs[0] else "",
        nuclide=post["nuclide"]["name"].text(),
        maps=maps,
        patient_from=(contours,) if contours.is_file() else (),
        keys={"of": str(plan_hash)} if plan_hash else {},
        matches=_matches(post),
    ), findings


def _matches(post: Field) -> dict[str, str]:
    """What `sirtdose post --match` said of the plan's lesions."""
    options = post.get("options")
    typed = options.get("matches") if options else None
    return {} if typed is None else {key: one.text() for key, one in typed.items()}


def _require_recorded(folder: Path, files: list[Path]) -> None:
    """Refuse maps and contours that are not those that were computed."""
    if not (folder / RUN_RECORD).is_file():
        return
    results = read_run_record(folder.resolve())["results"]
    for one in files:
        if one.is_file() and results.get(one.name) != sha256_of([one]):
            raise InputError(
                f"{printable(folder.name)}/{one.name} is not what was computed: its "
                f"content does not fit its hash in {RUN_RECORD}; run `sirtdose post` "
                "again"
            )


def _with_contours(file: Path, seen: Mapping[str, Seen]) -> dict[str, Seen]:
    return {
        one.name: replace(seen[one.name], structure=one)
        for one in read_structures(file)
        if one.name in seen
    }


def _of_doses(doses: Field) -> Iterator[Seen]:
    """Tumors of a document, each with every method that has it."""
    found: dict[str, Seen] = {}
    for method, result in doses.items():
        if "with_prior" in method:
            continue
        for row in result["structures"]:
            if row["role"].text() not in _TUMORS:
                continue
            name = row["name"].text()
            before = found.get(name) or Seen(name, _ml(row))
            own = {
                metric: value.number(least=-_NOISE_GY, most=_MOST_GY)
                for metric in _METRICS
                for value in [row["dose_gy"].get(metric)]
                if value is not None
            }
            found[name] = replace(before, doses_gy={**before.doses_gy, method: own})
    yield from found.values()


def _ml(row: Field) -> float:
    return row["volume_ml"].number(least=0, most=_MOST_ML)
