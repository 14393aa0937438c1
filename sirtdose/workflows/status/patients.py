"""Which results are of one patient: by what they hold, and last by their folder."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

from sirtdose.errors import SirtdoseError
from sirtdose.io.dicom.link import read_patient
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.standing import Result
from sirtdose.workflows.status.inputs import Inputs

_BY_FOLDER = "folder"
# How a link is said, the surest first.
_WORDS = {
    "header": "patient in the DICOM header",
    "pseudonym": "pseudonym in the DICOM header",
    "key": "patient key",
    "hash": "hashes of each other's files",
    "file": "the same images",
    "case": "case_id",
    _BY_FOLDER: "folder",
}
# A result that is a treatment of its own is never put with others by its folder alone.
_TREATED = ("plan", "post", "scan")
# Inputs that are results themselves.
_OF_RESULTS = ("earlier dose", "plan", "plan's dose map")
_NAMING = ("header", "pseudonym", "key", "case")


@dataclass
class Group:
    """The results of one patient, what holds them together, and whom they name."""

    results: list[Result]
    known_by: set[str] = field(default_factory=set)
    people: list[PatientLink] = field(default_factory=list)

    @property
    def how(self) -> tuple[str, ...]:
        """What holds them together, in words."""
        return tuple(said for key, said in _WORDS.items() if key in self.known_by)


def groups_of(results: Sequence[Result], inputs: Inputs) -> list[Group]:
    """The results by patient, in the order of their places."""
    people = {one: _person(one, inputs) for one in results}
    links = {one: _links(one, people[one]) for one in results}
    groups = [
        Group(
            own,
            known_by=_shared(own, links),
            people=_each_once(people[one] for one in own if not one.deidentified),
        )
        for own in _joined(results, links)
    ]
    return _by_folder([one for one in groups if not _is_nobody(one)])


def _is_nobody(group: Group) -> bool:
    """Responses alone, such as those of a whole study: no treatment stands anywhere."""
    return all(one.kind == "response" for one in group.results)


def _person(result: Result, inputs: Inputs) -> PatientLink | None:
    """Whom a result names: by its own DICOM, else by that which it was made from."""
    own: list[Path] = []
    if result.kind in ("post", "scan"):
        own = sorted(result.path.parent.glob("dose_*.dcm"))[:1]
    if not own and not result.deidentified:
        found = (one.path for one in inputs.of(result) if not one.input.is_shared)
        own = [path for path in found if path is not None][:1]
    for path in own:
        with suppress(SirtdoseError, OSError):
            link = read_patient(path)
            return link if link.patient_id else None
    return None


def _links(result: Result, person: PatientLink | None) -> set[tuple[str, str]]:
    """What a result has in common with others of its patient."""
    found = {("hash", one) for one in (result.hash, result.of_plan, *result.updates)}
    # Responses of many cases are in one file.
    own = () if result.kind == "response" else (result.sha256,)
    found |= {("hash", one) for one in (*own, *result.refers, *result.maps)}
    for session in result.after:
        found |= {("hash", one) for one in (session.hash, *session.includes)}
    # Masks alone may be alike; what a session counts may be an image's hash.
    images = (one for n, one in enumerate(result.inputs) if n == 0 or one.series)
    shas = [one.sha256 for one in images if not one.is_shared]
    found |= {(kind, sha) for sha in shas for kind in ("file", "hash")}
    earlier = (one for one in result.inputs if one.kind in _OF_RESULTS)
    found |= {("hash", one.sha256) for one in earlier}
    found |= {("key", result.patient_key), ("case", result.case_id)}
    if person is not None:
        said = "\0".join((person.patient_id, person.birth_date))
        kind = "pseudonym" if result.deidentified else "header"
        found.add((kind, sha256(said.encode()).hexdigest()))
    return {(kind, key) for kind, key in found if key}


def _joined(
    results: Sequence[Result], links: dict[Result, set[tuple[str, str]]]
) -> list[list[Result]]:
    """Results that share a link, directly or by others."""
    group = list(range(len(results)))

    def root(n: int) -> int:
        while group[n] != n:
            group[n] = group[group[n]]
            n = group[n]
        return n

    first: dict[tuple[str, str], int] = {}
    for n, one in enumerate(results):
        for link in links[one]:
            group[root(n)] = root(first.setdefault(link, n))
    found: dict[int, list[Result]] = defaultdict(list)
    for n, one in enumerate(results):
        found[root(n)].append(one)
    return list(found.values())


def _shared(own: list[Result], links: dict[Result, set[tuple[str, str]]]) -> set[str]:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for one in own:
        for link in links[one]:
            counts[link] += 1
    known = {kind for (kind, _), count in counts.items() if count > 1}
    # These name a patient also where there is one result alone.
    return known | {kind for kind, _ in counts if kind in _NAMING}


def _each_once(people: Iterable[PatientLink | None]) -> list[PatientLink]:
    found = {(one.patient_id, one.birth_date): one for one in people if one is not None}
    return list(found.values())


def _by_folder(groups: list[Group]) -> list[Group]:
    """What nothing ties to a patient goes with the one patient of its folder.

    A plan or a treatment goes only with those in the very same folder: two patients in
    one list are worse than one patient in two.
    """
    kept = [one for one in groups if not _is_loose(one)]
    loose = [one for one in groups if _is_loose(one)]
    below: dict[PurePosixPath, dict[int, Group]] = defaultdict(dict)
    for one in kept:
        _place(one, one.results, below)
    for treated in (True, False):
        for group in [one for one in loose if _is_treated(one) is treated]:
            [result] = group.results
            home = _home(result, below, own_folder=treated)
            if home is None:
                kept.append(group)
                _place(group, [result], below)
            else:
                home.results.append(result)
                home.known_by.add(_BY_FOLDER)
                _place(home, [result], below)
    for one in kept:
        one.results.sort(key=lambda it: it.place)
    return sorted(kept, key=lambda one: one.results[0].place)


def _place(
    group: Group,
    results: Sequence[Result],
    below: dict[PurePosixPath, dict[int, Group]],
) -> None:
    """Note in which folders a group has results."""
    for one in results:
        for folder in PurePosixPath(one.place).parents:
            below[folder][id(group)] = group


def _is_loose(group: Group) -> bool:
    return len(group.results) == 1 and not group.known_by


def _is_treated(group: Group) -> bool:
    return group.results[0].kind in _TREATED


def _home(
    result: Result,
    below: Mapping[PurePosixPath, Mapping[int, Group]],
    *,
    own_folder: bool,
) -> Group | None:
    """The only group in the nearest parent folder with results; None for several."""
    for folder in PurePosixPath(result.place).parents:
        near = [*below.get(folder, {}).values()]
        if near or own_folder:
            return near[0] if len(near) == 1 else None
    return None
