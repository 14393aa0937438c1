"""Read what earlier sessions gave, from a plan.json or from a post.json."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.hashing import sha256_of
from sirtdose.planning.hand_number import readings
from sirtdose.planning.sessions import (
    PERFUSED,
    WHOLE_LIVER,
    EarlierSession,
    SessionPart,
    digests_before,
    injection_name,
    plans_updated,
)
from sirtdose.report.plan.hash import plan_of_file
from sirtdose.report.run_record import RUN_RECORD, read_run_record

_PRIOR = "+with_prior"
# Rows of an assessment that are no part of a plan.
_NOT_PLANNED = ("lungs", "other", "normal_given", "tumor_outside")
_ROLE_IN_PLAN = {"gallbladder": "organ"}


def read_sessions(paths: Sequence[Path]) -> tuple[EarlierSession, ...]:
    """The sessions before a plan, in the order in which they are given.

    Raises
    ------
    InputError
        No plan.json and no post.json, one that was edited, or one that another holds.
    """
    several = len(paths) > 1
    found = [
        _read(path, f"earlier session {i}" if several else "the earlier session")
        for i, path in enumerate(paths, start=1)
    ]
    for (i, one), (k, other) in combinations(enumerate(found), 2):
        if one.known_as & other.known_as:
            raise InputError(
                f"--after {paths[i].name} ({one.called}) and --after {paths[k].name} "
                f"({other.called}) count the same session: one is, updates, delivered "
                "or includes the other, or both do so with a third. Give only the "
                "later one"
            )
    return tuple(found)


def _read(path: Path, called: str) -> EarlierSession:
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except (ValueError, RecursionError):
        document = None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == "sirtdose.plan/1":
        return planned_session(plan_of_file(path), called)
    if schema != "sirtdose.post/1":
        raise InputError(
            f"--after {path.name} is neither a plan.json nor a post.json of sirtdose"
        )
    try:
        return _delivered(document, path, called)
    except (KeyError, TypeError, AttributeError, StopIteration):
        raise InputError(f"{path.name} is damaged: run `sirtdose post` again") from None


def planned_session(plan: Mapping[str, Any], called: str) -> EarlierSession:
    """A session as its plan foretells it.

    Examples
    --------
    >>> part = {"name": "T1", "role": "tumor", "volume_ml": 100.0, "mass_kg": 0.105,
    ...         "dose_gy": 120.0, "cumulative_dose_gy": 120.0}
    >>> lungs = {"dose_gy": 12.0, "cumulative_dose_gy": 12.0}
    >>> plan = {"hash": "", "status": "draft", "nuclide": {"name": "Y-90"},
    ...         "compartments": [part], "lungs": lungs, "assumptions": {}}
    >>> planned_session(plan, "the earlier session").parts[0].dose_gy
    120.0
    """
    lungs, assumed = plan["lungs"], plan["assumptions"]
    names = [one["name"] for one in assumed.get("injections") or ()] or ["injection"]
    return EarlierSession(
        called=called,
        kind="planned",
        digest=plan["hash"],
        nuclide=plan["nuclide"]["name"],
        parts=tuple(
            SessionPart(
                name=one["name"],
                role=one["role"],
                volume_ml=one["volume_ml"],
                mass_kg=one["mass_kg"],
                dose_gy=_most(one),
                of=tuple(one.get("dose_by_injection_gy") or names),
            )
            for one in plan["compartments"]
        ),
        lungs_gy=lungs["cumulative_dose_gy"] if lungs["dose_gy"] is not None else None,
        status=plan["status"],
        patient_key=(plan.get("inputs") or {}).get("patient_key"),
        after_others=any(
            one["cumulative_dose_gy"] != one["dose_gy"]
            for one in (*plan["compartments"], lungs)
        ),
        includes=(
            *plans_updated(plan),
            *digests_before(assumed.get("sessions", ())),
        ),
    )


def _most(part: Mapping[str, Any]) -> float:
    """Of an image's two readings the higher one; of a tumor by what is injected."""
    found = readings(part)[:1] if part["role"] == "tumor" else readings(part)
    return float(max(one["cumulative_dose_gy"] for one in found))


def _delivered(document: Mapping[str, Any], path: Path, called: str) -> EarlierSession:
    """A session as it was delivered, by the first method of its assessment."""
    doses, lungs = document["doses"], document["lungs"]
    method = next(iter(doses))
    summed = doses.get(f"{method}{_PRIOR}")
    injections = {
        one["perfused"]: one["name"] for one in document["ledger"]["injections"]
    }
    names = tuple(injections.values()) or ("injection",)
    known = lungs["dose_gy"] is not None
    plan = document.get("plan") or {}
    before = plan.get("earlier") or {"updates": (), "sessions": (), "doses": ()}
    parts = [
        SessionPart(
            name=row["name"],
            role=_ROLE_IN_PLAN.get(row["role"], row["role"]),
            volume_ml=row["volume_ml"],
            mass_kg=row["mass_kg"],
            dose_gy=row["dose_gy"]["mean_by_mass"],
            of=(injections[row["name"]],) if row["name"] in injections else names,
        )
        for row in (summed or doses[method])["structures"]
        if row["role"] not in _NOT_PLANNED
    ]
    own_gy = {
        row["name"]: row["dose_gy"]["mean_by_mass"]
        for row in doses[method]["structures"]
    }
    return EarlierSession(
        called=called,
        kind="delivered",
        digest=sha256_of([path]),
        nuclide=document["nuclide"]["name"],
        parts=tuple(_with_earlier(parts, own_gy, before["doses"])),
        lungs_gy=lungs["cumulative_dose_gy"] if known else None,
        after_others=summed is not None
        or bool(before["doses"])
        or (known and lungs["cumulative_dose_gy"] != lungs["dose_gy"]),
        includes=(
            *([plan["hash"]] if plan.get("hash") else []),
            *before["updates"],
            *digests_before(before["sessions"]),
        ),
        unverified=_unverified(path),
    )


def _with_earlier(
    parts: Sequence[SessionPart],
    own_gy: Mapping[str, float],
    rows: Sequence[Mapping[str, Any]],
) -> Iterator[SessionPart]:
    """The parts of a treatment with what its plan counted of earlier ones.

    Where an earlier dose map was summed too, the higher of both counts. A role that
    the plan divides into other parts than the treatment has those of the plan.
    """
    before = {row["structure"]: row["dose_gy"] for row in rows if row["structure"]}
    divided = {row["role"] for row in rows if not row["structure"]} & {
        *PERFUSED,
        *WHOLE_LIVER,
    }
    for one in parts:
        gy = own_gy.get(one.name, one.dose_gy) + before.get(one.name, 0.0)
        if one.role not in divided:
            yield replace(one, dose_gy=max(one.dose_gy, gy))
    for row in rows:
        if row["structure"] and row["role"] not in divided:
            continue
        of = {injection_name(name) for name in row["of"]}
        same = [one for one in parts if one.role == row["role"] in divided]
        near = [one for one in same if of & {injection_name(name) for name in one.of}]
        given_gy = max((one.dose_gy for one in near or same), default=0.0)
        yield SessionPart(
            name=row["name"],
            role=row["role"],
            volume_ml=row["volume_ml"],
            mass_kg=row["mass_kg"],
            dose_gy=given_gy + row["dose_gy"],
            of=tuple(row["of"]),
        )


def _unverified(path: Path) -> str:
    """Why a post.json cannot be held against its record; empty where it fits.

    Raises
    ------
    InputError
        It was changed after it was written.
    """
    if not path.with_name(RUN_RECORD).is_file():
        return f"there is no {RUN_RECORD} beside {path.name}"
    results = read_run_record(path.resolve().parent)["results"]
    if results.get(path.name) != sha256_of([path]):
        raise InputError(
            f"{path.name} is not what was computed: its content does not fit its hash "
            f"in {RUN_RECORD}; run `sirtdose post` again, do not edit it"
        )
    return ""
