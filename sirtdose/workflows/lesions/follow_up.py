"""Structure files as visits, and contours of results that have none of their own."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from sirtdose.checks.candidates import accepted_findings, candidate_findings
from sirtdose.errors import InputError
from sirtdose.io.dicom.link import read_patient
from sirtdose.io.discover import discover, require_there
from sirtdose.io.found import STRUCTURES, Found, Kind
from sirtdose.io.hashing import sha256_of_item
from sirtdose.io.read import read_found_structures
from sirtdose.model.finding import Finding
from sirtdose.model.history import Seen, Source
from sirtdose.model.names import alike
from sirtdose.model.patient_link import dashed
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

_TUMORS = (Role.TUMOR, Role.TUMOR_OUTSIDE)
_DRAWN = (*STRUCTURES, Kind.IMAGE_FILE)


def follow_up_source(path: Path, day: date | None, roles: Mapping[str, Role]) -> Source:
    """A structure file as a visit.

    Raises
    ------
    InputError
        No structures, no tumor among them, or no date.
    """
    item = structures_item(path, "--follow-up")
    stated = _stated_day(item)
    day = day or stated
    if day is None:
        raise InputError(
            f"{item.label} does not state its date: write --follow-up "
            f"2026-06-01={item.label}, with the date of its scan"
        )
    tumors = tumors_of(item, roles)
    return Source(
        kind="follow-up",
        day=day,
        seen=tuple(Seen(one.name, one.volume_ml, structure=one) for one in tumors),
        file=item.label,
        digests=(sha256_of_item(item),),
        patient_from=item.paths[:1] if any(item.patient) else (),
        stated_day=stated,
    )


def structures_item(path: Path, option: str) -> Found:
    """The one set of structures of a file or folder.

    Raises
    ------
    InputError
        None, or several.
    """
    require_there(path, option)
    found = [one for one in discover(path) if one.kind in _DRAWN]
    if len(found) != 1:
        raise InputError(
            f"{path.name} contains {len(found)} sets of structures: give one RTSTRUCT, "
            "SEG, .seg.nrrd, mask or label image"
        )
    return found[0]


def tumors_of(item: Found, roles: Mapping[str, Role]) -> list[Structure]:
    """The tumors of a file, but not parts of them, such as ``Tumor 1/viable``.

    Raises
    ------
    InputError
        No tumor, or two of one name.
    """
    drawn = [_given(one, roles) for one in read_found_structures(item)]
    names = [one.name for one in drawn]
    tumors = [
        one for one in drawn if one.role in _TUMORS and not _is_part(one.name, names)
    ]
    if not tumors:
        raise InputError(
            f"{item.label} contains no tumor (structures: {', '.join(names)}): name "
            "it with --role NAME=tumor"
        )
    own = [one.name for one in tumors]
    twice = next((name for name in own if len(_same(name, own)) > 1), None)
    if twice is not None:
        raise InputError(
            f"{item.label} contains '{twice}' more than once: rename one, so that one "
            "lesion is not two"
        )
    # One that has disappeared may be left as an empty segment.
    return [one for one in tumors if not one.empty]


def segmented_findings(source: Source, *, nameless: bool) -> list[Finding]:
    """What sirtdose segmented of a visit's contours: who accepted it, if anybody."""
    drawn = [one.structure for one in source.seen if one.structure is not None]
    return [
        *candidate_findings(drawn),
        *accepted_findings(drawn, nameless=nameless),
    ]


def _same(name: str, names: list[str]) -> list[str]:
    plain = name.strip().casefold()
    return [one for one in names if one.strip().casefold() == plain]


def _is_part(name: str, names: list[str]) -> bool:
    whole, slash, _ = name.partition("/")
    return bool(slash) and bool(alike(whole, names))


def _given(structure: Structure, roles: Mapping[str, Role]) -> Structure:
    own = alike(structure.name, roles)
    return structure.given(roles[own[0]]) if len(own) == 1 else structure


def _stated_day(item: Found) -> date | None:
    if item.kind not in (Kind.CONTOURS, Kind.SEGMENTATION):
        return None
    said = dashed(read_patient(item.paths[0]).study_date)
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def with_structures(source: Source, path: Path, roles: Mapping[str, Role]) -> Source:
    """A result with the contours that it was made from.

    Raises
    ------
    InputError
        A file that the result was not made from.
    """
    item = structures_item(path, "--structures")
    if source.used and sha256_of_item(item) not in source.used:
        raise InputError(
            f"{item.label} is not a file that {source.file} was made from (by its "
            "SHA-256): give the structures that were used"
        )
    drawn = {one.name: one for one in tumors_of(item, roles)}
    seen = []
    for one in source.seen:
        own = alike(one.name, drawn)
        seen.append(replace(one, structure=drawn[own[0]]) if len(own) == 1 else one)
    named = item.paths[:1] if any(item.patient) else ()
    return replace(
        source, seen=tuple(seen), patient_from=(*source.patient_from, *named)
    )
