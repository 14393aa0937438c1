"""PETs of one patient, each measured by `sirtdose suv`, in the order of time."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sirtdose.checks.pet_visits import (
    gone_findings,
    new_findings,
    returned_findings,
    visit_findings,
)
from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.io.hashing import sha256_of
from sirtdose.model.finding import Finding
from sirtdose.model.names import alike, named
from sirtdose.outcomes.pet_variants import MeasuredPet, PetLesion

_FILE = "suv.json"
_SCHEMA = "sirtdose.suv/1"


@dataclass(frozen=True)
class PetVisit:
    """One PET: its folder's name, when it was, and what was measured.

    `label` is ``scan 1`` for the baseline, and so on.
    """

    label: str
    folder: str
    day: date
    document: Mapping[str, Any]
    sha256: str

    @property
    def lesions(self) -> dict[str, Mapping[str, Any]]:
        """Its lesions by the names that they have here."""
        return {one["name"]: one for one in self.document["lesions"]}


def read_visits(folders: Sequence[Path]) -> list[PetVisit]:
    """Read what `sirtdose suv` wrote into some folders, the baseline first.

    Raises
    ------
    InputError
        A folder without suv.json, or with another document; scans that are not in the
        order of time, of two patients, or fewer than two.
    """
    if len(folders) < 2:
        raise InputError(
            "a response needs at least two scans: give the --out folders of `sirtdose "
            "suv`, the baseline first"
        )
    visits = [_visit(n, folder) for n, folder in enumerate(folders, start=1)]
    for before, after in pairwise(visits):
        if after.day <= before.day:
            raise InputError(
                f"{after.label} ({after.folder}) is of {after.day}, and {before.label} "
                f"({before.folder}) of {before.day}: give scans in the order of their "
                "dates, the baseline first"
            )
    labels = {one.document["case_id"] for one in visits} - {None}
    if len(labels) > 1:
        listed = ", ".join(f"'{one}'" for one in sorted(labels))
        raise InputError(
            f"the scans are of several cases ({listed}, by --case-label of `sirtdose "
            "suv`): give those of one patient"
        )
    return visits


def _visit(number: int, folder: Path) -> PetVisit:
    path = folder / _FILE
    if not path.is_file():
        raise InputError(
            f"{folder.name} has no {_FILE}: measure the PET with `sirtdose suv` first, "
            "and give its --out folder"
        )
    try:
        document = json.loads(path.read_text("utf-8"))
        schema = document.get("schema")
    except (ValueError, AttributeError) as error:
        raise InputError(f"{folder.name}/{_FILE} cannot be read: {error}") from None
    if schema != _SCHEMA:
        raise InputError(
            f"{folder.name}/{_FILE} has schema '{schema}': {_SCHEMA} is needed; "
            "measure the PET again with `sirtdose suv`"
        )
    started = document["scan"]["started"]
    if started is None and document.get("deidentified"):
        raise InputError(
            f"{folder.name}/{_FILE} is de-identified, and a response needs the date of "
            "each scan: measure the PET again with `sirtdose suv`, not de-identified"
        )
    if started is None:
        raise InputError(
            f"{folder.name}/{_FILE} does not state when the scan was: measure the PET "
            "again with `sirtdose suv --scan-at`"
        )
    return PetVisit(
        f"scan {number}",
        folder.name,
        datetime.fromisoformat(started).date(),
        document,
        sha256_of([path]),
    )


def measured_pets(
    visits: Sequence[PetVisit],
    *,
    match: Sequence[tuple[str, str]],
    new: Collection[str],
    gone: Collection[str],
    organs: Mapping[str, str],
) -> tuple[list[MeasuredPet], list[Finding]]:
    """Each PET with its lesions by one name throughout, and what is asked of them.

    Parameters
    ----------
    visits : sequence of PetVisit
    match : sequence of (str, str)
        A lesion of the baseline, and its name elsewhere; ``scan 2:`` may precede it.
    new, gone : collection of str
        Lesions that are new, or not seen any more; ``scan 2:`` may precede the name.
    organs : mapping of str to str
        Organs of lesions by name.

    Raises
    ------
    InputError
        A name that no scan has, or two names of a scan for one lesion.
    """
    findings: list[Finding] = []
    # Whether each is new, and its organ.
    known: dict[str, tuple[bool, str]] = {}
    pets: list[MeasuredPet] = []
    references = [one.document["reference"] for one in visits]
    by_blood = not all(one["liver"] for one in references) and all(
        one["blood_pool"] for one in references
    )
    # Those that the scan before did not have.
    before: Sequence[str] = ()
    unheard = list(gone)
    _require_known(visits, [name for _, name in match], "--match")
    _require_known(visits, list(new), "--new")
    _require_known(visits, list(organs), "--organ")
    for visit in visits:
        first = not pets
        own = _own_names(visit, known, match, first=first)
        said_new = _said(visit, new)
        unsaid = [
            own[name]
            for name in own
            if not first and own[name] not in known and name not in said_new
        ]
        findings += new_findings(visit.label, unsaid)
        findings += returned_findings(
            visit.label, [one for one in before if one in own.values()]
        )
        missing = [name for name in known if name not in own.values()]
        said_gone = _said(visit, gone)
        unheard = [
            text
            for text in unheard
            if not any(alike(one, _said(visit, [text])) for one in missing)
        ]
        findings += gone_findings(
            visit.label, [one for one in missing if not alike(one, said_gone)]
        )
        for name, lesion in own.items():
            organ = _organ(lesion, visit.lesions[name], organs)
            known.setdefault(lesion, (not first, organ))
        pets.append(_pet(visit, own, known, missing, by_blood=by_blood))
        before = missing
    if unheard:
        raise InputError(
            f"--gone '{unheard[0]}' is of no lesion that is missing at that scan: "
            "leave it out, or remove its contour and measure the scan again"
        )
    for visit in visits[1:]:
        findings += visit_findings(
            visit.label, visits[0].document, visit.document, table("uptake")["between"]
        )
    return pets, findings


def require_reference(visits: Sequence[PetVisit]) -> None:
    """Refuse scans without the tissue that PERCIST compares them by: one of all.

    Raises
    ------
    InputError
        Neither normal liver nor blood pool, or not the same at every scan.
    """
    if all(one.document["reference"]["liver"] for one in visits):
        return
    without = next(one for one in visits if not one.document["reference"]["liver"])
    bare = [one for one in visits if not one.document["reference"]["blood_pool"]]
    if bare:
        also = "" if without is bare[0] else f", and {bare[0].label} no blood pool"
        raise InputError(
            f"{without.label} ({without.folder}) has no normal liver{also}, which "
            "PERCIST compares scans by: draw the liver and measure it again, or "
            "measure it with `sirtdose suv --liver-reference`; where the liver is "
            "diseased, with `sirtdose suv --blood-pool`, each scan"
        )


def _reference(visit: PetVisit, *, by_blood: bool) -> dict[str, Any]:
    """The reference of a PET: normal liver, or blood pool if every scan has it."""
    reference = visit.document["reference"]
    if not by_blood:
        liver = reference["liver"] or {"sul_mean": 0.0, "sul_sd": 0.0}
        return {"liver_mean": liver["sul_mean"], "liver_sd": liver["sul_sd"]}
    blood = reference["blood_pool"]
    rule = table("uptake")["measurable"][reference["blood_pool_rule"]]
    deviations = rule["deviations"]
    return {
        "liver_mean": blood["sul_mean"],
        "liver_sd": blood["sul_sd"],
        "tissue": "blood pool",
        "least": rule["factor"] * blood["sul_mean"] + deviations * blood["sul_sd"],
        "least_rule": f"{rule['factor']:g} x blood pool mean"
        + (f" + {deviations:g} SD" if deviations else ""),
    }


def _require_known(
    visits: Sequence[PetVisit], names: Sequence[str], option: str
) -> None:
    labels = [one.label for one in visits]
    for text in names:
        label, colon, name = text.partition(":")
        of = [one for one in visits if one.label == label.strip()]
        if not (colon and of):
            of, name = list(visits), text
        listed = list(dict.fromkeys(n for one in of for n in one.lesions))
        said = f"{option} '{text}' names no lesion of {', '.join(labels)}"
        named(name, listed, said, offered=listed)


def _said(visit: PetVisit, texts: Collection[str]) -> list[str]:
    """The names that were said of a visit, or of any."""
    found = []
    for text in texts:
        label, colon, name = text.partition(":")
        if colon and label.strip() == visit.label:
            found.append(name.strip())
        elif not colon:
            found.append(text.strip())
    return [own for text in found for own in (alike(text, visit.lesions) or [text])]


def _own_names(
    visit: PetVisit,
    known: Collection[str],
    match: Sequence[tuple[str, str]],
    *,
    first: bool,
) -> dict[str, str]:
    """The name that each lesion of a visit has throughout."""
    found: dict[str, str] = {}
    for lesion, name in match:
        for own in _said(visit, [name]):
            if own in visit.lesions and not first:
                found[own] = (alike(lesion, known) or [lesion])[0]
    for name in visit.lesions:
        same = alike(name, known)
        found.setdefault(name, same[0] if len(same) == 1 else name)
    for lesion in found.values():
        names = [name for name, one in found.items() if one == lesion]
        if len(names) > 1:
            raise InputError(
                f"'{lesion}' would be both '{names[0]}' and '{names[1]}' of "
                f"{visit.label}, but a lesion is one: correct --match; where it split, "
                "draw its parts as one structure"
            )
    return found


def _pet(
    visit: PetVisit,
    own: Mapping[str, str],
    known: Mapping[str, tuple[bool, str]],
    missing: Sequence[str],
    *,
    by_blood: bool,
) -> MeasuredPet:
    tlg = table("uptake")["tlg"]["threshold"]
    lesions = [
        PetLesion(
            name=own[name],
            organ=known[own[name]][1],
            peaks={**one["sul"]["peak"], "max": one["sul"]["max"]},
            size_mm=one["diameters_mm"]["longest"],
            glycolysis=one["above"][tlg]["glycolysis_sul"],
            new=known[own[name]][0],
            short_mm=one["diameters_mm"]["short_axis"],
            size_centers_mm=one["diameters_mm"]["longest_between_centers"],
            short_centers_mm=one["diameters_mm"]["short_axis_between_centers"],
        )
        for name, one in visit.lesions.items()
    ]
    zero = dict.fromkeys(("anywhere", "at_maximum", "between", "max"), 0.0)
    lesions += [
        PetLesion(
            name,
            known[name][1],
            zero,
            size_mm=0.0,
            new=known[name][0],
            short_mm=0.0,
            size_centers_mm=0.0,
            short_centers_mm=0.0,
        )
        for name in missing
    ]
    return MeasuredPet(
        visit.day, tuple(lesions), **_reference(visit, by_blood=by_blood)
    )


def _organ(name: str, lesion: Mapping[str, Any], organs: Mapping[str, str]) -> str:
    own = alike(name, organs)
    if own:
        return organs[own[0]].strip().casefold()
    return "liver" if lesion["role"] == "tumor" else "outside the liver"
