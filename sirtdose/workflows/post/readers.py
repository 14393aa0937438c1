"""Contours of several readers: their consensus, and doses by each of them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sirtdose.checks.candidates import accepted_findings, candidate_findings
from sirtdose.checks.readers import (
    apart_findings,
    lacking_findings,
    reader_structure_findings,
)
from sirtdose.checks.structures import reading_findings
from sirtdose.dosimetry.compare.consensus import PackedMask
from sirtdose.dosimetry.compare.readers import (
    Agreement,
    Curve,
    Observers,
    agreement,
)
from sirtdose.dosimetry.derived import with_role
from sirtdose.dosimetry.results import Calibrated, Dosed, Placed, Read
from sirtdose.errors import GeometryError, InputError
from sirtdose.io.choose import Choice
from sirtdose.io.found import Found, Held, Kind
from sirtdose.io.read import read_found_structures
from sirtdose.model.acceptance import Said
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.grid import Grid
from sirtdose.model.progress import counted
from sirtdose.model.reader import STAPLE, reader_words
from sirtdose.model.request import ImageRequest, PostRequest
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure, given_roles
from sirtdose.report.doses import dose_document

# Corners of a reader's histogram that differ by more than this part are kept.
_STEP = 0.01
_NUMBERS = re.compile(r"\d+(\.\d+)?")
Stage = Callable[
    [Choice, Read, PostRequest],
    tuple[tuple[Placed, Calibrated, Dosed], Sequence[Finding]],
]


def nameless_readers(request: ImageRequest) -> ImageRequest:
    """The same with readers by number: their names may be those of people."""
    numbered = {
        f"reader {n}": path for n, path in enumerate(request.readers.values(), start=1)
    }
    return replace(request, readers=numbered)


@dataclass(frozen=True, eq=False)
class Agreed:
    """What readers agree on, as a choice of structures, and each one's own.

    `several_tumors` if anybody drew more than one: then all tumors have a row by
    everybody's contours.
    """

    choice: Choice
    found: Agreement
    names: Mapping[str, tuple[str, ...]]
    shared: tuple[Structure, ...]
    several_tumors: bool

    @property
    def spelled(self) -> dict[str, str]:
        """Each name by itself in lower case, as the consensus spells it."""
        found: dict[str, str] = {}
        for own in self.names.values():
            for name in own:
                found.setdefault(_plain(name), name)
        return found

    def held(self, structures: Sequence[Structure]) -> Choice:
        """The choice with other structures beside those that all share."""
        return with_structures(self.choice, (*self.shared, *structures))


def with_structures(choice: Choice, structures: Sequence[Structure]) -> Choice:
    """The choice with structures that are in memory."""
    held = Held(
        Kind.ARRAY, (), name="the consensus of readers", structures=tuple(structures)
    )
    return replace(choice, structures=(held,), readers=())


def agreed_contours(
    choice: Choice, request: ImageRequest, image: Grid
) -> tuple[Agreed | None, tuple[Finding, ...]]:
    """The consensus of two readers or more; None of fewer.

    Raises
    ------
    InputError
        Files that cannot be read or do not go together; SafetyStop where structures of
        one name are not one structure (H19).
    """
    if len(choice.readers) < 2:
        return None, ()
    said = Said()
    shared = _read(choice.shared, request)
    drawn: dict[str, list[PackedMask]] = {}
    # One reader's masks at a time are whole: lungs take 20 MB a reader.
    for who, item in choice.readers:
        own = _read([item], request)
        said.add(_of_reader(who, own, shared=shared))
        _require_frame(who, own, image, moved=request.registration is not None)
        drawn[who] = [PackedMask.of(one) for one in own if not one.empty]
        if not drawn[who]:
            raise InputError(f"{reader_words(who)} drew nothing: leave the file out")
    drawn, shared = _given(drawn, shared, request.roles)
    outlines = {who: [one.empty for one in own] for who, own in drawn.items()}
    said.add(reader_structure_findings(outlines, shared))
    said.gate()
    try:
        found = agreement(drawn)
    except GeometryError as error:
        raise GeometryError(
            f"readers drew in different frames of reference: {error}"
        ) from None
    said.add(apart_findings(found))
    said.gate()
    said.add(lacking_findings(found.lacking))
    agreed = Agreed(
        choice,
        found,
        {who: tuple(one.name for one in own) for who, own in outlines.items()},
        tuple(shared),
        any(
            len(with_role([*shared, *own], Role.TUMOR)) > 1 for own in outlines.values()
        ),
    )
    return agreed, tuple(one for one in said.findings if one.severity is Severity.WARN)


def compared(
    agreed: Agreed, seen: Read, request: PostRequest, stage: Stage
) -> tuple[Observers, list[Finding]]:
    """Doses by each reader's contours alone, and by STAPLE's.

    What a reader's contours give beside the doses is not kept: at no time are there two
    readers' maps.

    Raises
    ------
    InputError
        Contours of one reader that have no doses.
    """
    sets = [*agreed.found.readers, STAPLE]
    found = {
        who: _by_contours(agreed, seen, request, who=who, stage=stage)
        for who in counted("contours of each reader", sets)
    }
    observers = Observers(
        agreed.found.readers,
        replace(agreed.found, by_majority=(), by_staple=()),
        {who: one.rows for who, one in found.items()},
        {who: one.curves for who, one in found.items()},
        {who: one.outlines for who, one in found.items() if one.outlines},
        {who: one.over for who, one in found.items()},
        frozenset((*(one.name for one in agreed.shared), *agreed.found.alike)),
    )
    return observers, [said for one in found.values() for said in one.findings]


@dataclass(frozen=True, eq=False)
class _Kept:
    """What is kept of one set of contours: as in :class:`Observers`."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    curves: Mapping[str, Mapping[str, Curve]]
    outlines: tuple[Structure, ...]
    over: str
    findings: list[Finding]


def _by_contours(
    agreed: Agreed, seen: Read, request: PostRequest, *, who: str, stage: Stage
) -> _Kept:
    """Doses by one set of contours; maps and masks go when this is left."""
    choice, asked = _alone(agreed, request, who)
    try:
        (placed, activity, doses), said = stage(choice, seen, asked)
    except InputError as error:
        raise type(error)(f"by the contours of {_whose(who)}: {error}") from None
    spelled, own = agreed.spelled, {_plain(one) for one in agreed.names.get(who, ())}
    doses = _spelled(doses, spelled)
    return _Kept(
        {
            method: dose_document(
                doses.doses[method], table, asked=request.judge.metrics
            )["structures"]
            for method, table in doses.structure_doses.items()
        },
        _curves(doses),
        tuple(
            replace(one, name=spelled[_plain(one.name)])
            for one in placed.on_grid
            if _plain(one.name) in own
        ),
        activity.used.over,
        [_by(who, one) for one in said],
    )


def news(by_readers: Iterable[Finding], known: Iterable[Finding]) -> list[Finding]:
    """What a reader's contours ask that the consensus does not, but for the numbers.

    Warnings are said of what results rest on; of a reader's, those of a code that
    these have no warning of.
    """
    said = list(known)
    seen = {_told(one.message) for one in said}
    codes = {one.code for one in said if one.severity is not Severity.NOTE}
    found = []
    for one in by_readers:
        _, _, message = one.message.partition(": ")
        asks = one.severity in (Severity.ASK, Severity.STOP)
        warns = one.severity is Severity.WARN and one.code not in codes
        if (asks or warns) and _told(message) not in seen:
            found.append(one)
    return found


def _plain(name: str) -> str:
    return name.strip().casefold()


def _spelled(doses: Dosed, spelled: Mapping[str, str]) -> Dosed:
    """The doses with structures that go together under one name."""
    tables = {
        method: [
            replace(
                row,
                structure=replace(
                    row.structure,
                    name=spelled.get(_plain(row.structure.name), row.structure.name),
                ),
            )
            for row in table
        ]
        for method, table in doses.structure_doses.items()
    }
    return replace(doses, structure_doses=tables)


def _told(message: str) -> str:
    return _NUMBERS.sub("#", message)


def _by(who: str, one: Finding) -> Finding:
    subject = f"{one.subject} by {who}" if one.subject else who
    return replace(one, message=f"{_whose(who)}: {one.message}", subject=subject)


def _whose(who: str) -> str:
    return "the consensus by STAPLE" if who == STAPLE else f"{reader_words(who)}"


def _alone(
    agreed: Agreed, request: PostRequest, who: str
) -> tuple[Choice, PostRequest]:
    """One set of contours with what all share, and the roles given to those."""
    if who == STAPLE:
        masks = [one.structure() for one in agreed.found.by_staple]
        choice, names = agreed.held(masks), [one.name for one in masks]
    else:
        item = dict(agreed.choice.readers)[who]
        choice = replace(
            agreed.choice, structures=(*agreed.choice.shared, item), readers=()
        )
        names = [*agreed.names[who]]
    here = {_plain(one) for one in names}
    here |= {_plain(one.name) for one in agreed.shared}
    roles = {
        name: role for name, role in request.image.roles.items() if _plain(name) in here
    }
    return choice, replace(request, image=replace(request.image, roles=roles))


def _curves(doses: Dosed) -> dict[str, dict[str, Curve]]:
    return {
        method: {row.structure.name: row.dvh.staircase(_STEP) for row in table}
        for method, table in doses.structure_doses.items()
    }


def _read(items: Iterable[Found], request: ImageRequest) -> list[Structure]:
    return [
        one
        for item in items
        for one in read_found_structures(
            item,
            probability_threshold=request.probability_threshold,
            languages=request.languages,
        )
    ]


def _given(
    drawn: Mapping[str, Sequence[PackedMask]],
    shared: Sequence[Structure],
    roles: Mapping[str, Role],
) -> tuple[dict[str, list[PackedMask]], list[Structure]]:
    """The structures with the roles that a person gives, by name for all readers."""
    every = [*shared, *(one.empty for own in drawn.values() for one in own)]
    plain = {_plain(name): role for name, role in given_roles(every, roles).items()}

    def given(one: Structure) -> Structure:
        role = plain.get(_plain(one.name))
        return one if role is None else one.given(role)

    found = {
        who: [replace(one, empty=given(one.empty)) for one in own]
        for who, own in drawn.items()
    }
    return found, [given(one) for one in shared]


def _of_reader(
    who: str, own: Sequence[Structure], *, shared: Sequence[Structure]
) -> list[Finding]:
    """What stops in one reader's file: two of one name, an empty one, a candidate."""
    found = [
        *reading_findings([*shared, *own]),
        *candidate_findings(own),
        # Of the consensus nobody can ask any more whose acceptance was changed.
        *accepted_findings(own, nameless=True, severity=Severity.STOP),
    ]
    return [
        replace(one, message=f"{reader_words(who)}: {one.message}")
        for one in found
        if one.severity is Severity.STOP
    ]


def _require_frame(
    who: str, own: Sequence[Structure], image: Grid, *, moved: bool
) -> None:
    """A reader's structures in another frame of reference than the image's (H15)."""
    for one in () if moved else own:
        try:
            image.require_frame(one.grid, what=f"structure '{one.name}'")
        except GeometryError as error:
            raise GeometryError(f"{reader_words(who)}: {error}") from None
