"""Follow lesions through plan, treatments and follow-ups."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sirtdose.checks import lesions as checks
from sirtdose.checks.kept_names import kept_name_findings
from sirtdose.dosimetry.compare.lesion_match import matched
from sirtdose.errors import InputError
from sirtdose.io.dicom.link import read_patient
from sirtdose.model.acceptance import Said
from sirtdose.model.finding import Finding
from sirtdose.model.history import Entry, Match, Seen, Source, Visit
from sirtdose.model.names import alike
from sirtdose.model.structure import Structure
from sirtdose.outcomes.history import History, Measured
from sirtdose.workflows.lesions.follow_up import (
    follow_up_source,
    segmented_findings,
    with_structures,
)
from sirtdose.workflows.lesions.measured import read_measured, renamed
from sirtdose.workflows.lesions.named import Typed, typed_of
from sirtdose.workflows.lesions.placed import Labeled, placed_sources, summed_doses
from sirtdose.workflows.lesions.request import (
    LesionsRequest,
    by_visit,
    labeled,
)
from sirtdose.workflows.lesions.results import result_source
from sirtdose.workflows.lesions.visits import (
    first_treated,
    in_order,
    patient_findings_of,
    planned_treatments,
    require_once,
)


def follow_lesions(request: LesionsRequest) -> History:
    """Join the lesions of a plan, of treatments and of follow-ups.

    Raises
    ------
    InputError
        Files that cannot be read or do not belong together, another order than that of
        time, a match that contradicts another or names nothing.
    SafetyStop
        Files of two patients, or doubtful matches that nobody confirmed.
    """
    said = Said(request.acceptances)
    measured = _measured_tables(request)
    sources = [said.take(result_source(path)) for path in request.results]
    follow_ups = [
        follow_up_source(path, day, request.roles) for day, path in request.follow_ups
    ]
    label = _case_label(request, measured)
    require_once(sources, follow_ups)
    treated = first_treated(sources)
    every = in_order(sources, follow_ups, measured, treated)
    visits = labeled(tuple(every))
    said.add(_day_findings(visits, measured, treated))
    names = [visit for visit, _ in visits]
    drawn = by_visit(request.structures, names, "--structures")
    visits = [
        (visit, with_structures(source, drawn[visit.label], request.roles))
        if visit.label in drawn
        else (visit, source)
        for visit, source in visits
    ]
    for visit, source in visits:
        if visit.kind == "follow-up" or visit.label in drawn:
            said.add(segmented_findings(source, nameless=request.deidentify))
    said.take((None, patient_findings_of(visits)))
    ways = by_visit(request.registrations, names, "--registration")
    visits, moved = said.take(placed_sources(visits, ways))
    typed = typed_of(request, visits, measured)
    lesions = said.take(_joined(visits, typed, moved))
    measured, lesions = said.take(_joined_measured(measured, lesions, typed))
    said.add(_kept_findings(request, visits, lesions))
    said.gate()
    lesions = _with_values(visits, lesions, measured)
    treatments = [one for one in visits if one[0].kind == "treatment"]
    sums, no_sum = summed_doses(treatments, moved, _contours(lesions, treatments))
    said.add(checks.sum_findings(no_sum))
    return History(
        visits=tuple(visits),
        lesions=lesions,
        measured=tuple(measured),
        sums_gy=sums,
        no_sum=no_sum,
        case_label=label,
        deidentified=request.deidentify,
        findings=tuple(said.findings),
        accepted=tuple(said.accepted),
    )


def _day_findings(
    visits: Labeled, measured: Sequence[Measured], treated: date
) -> list[Finding]:
    """Days that may be wrong: of a baseline, of a visit, of a plan (H48)."""
    findings = []
    for one in measured:
        baseline = one.case.baseline_day
        findings += checks.baseline_findings(one.criteria, baseline, treated)
    for visit, source in visits:
        findings += checks.date_findings(visit, source.stated_day)
    for plan, treatment in planned_treatments(visits):
        findings += checks.plan_date_findings(plan, treatment)
    return findings


def _measured_tables(request: LesionsRequest) -> list[Measured]:
    return [
        read_measured(criteria, path, request.case_label)
        for criteria, path in request.measurements.items()
    ]


def _case_label(request: LesionsRequest, measured: list[Measured]) -> str:
    label = request.case_label or next((one.case.case_id for one in measured), "")
    if not label:
        raise InputError(
            "give --case-label: it is the case_id of lesions.csv, by which `sirtdose "
            "cohort` tells patients apart"
        )
    return label


def _joined(
    visits: Labeled, typed: Typed, moved: Collection[str]
) -> tuple[dict[str, tuple[Entry, ...]], list[Finding]]:
    """Every visit's lesions by the names that they have throughout.

    `moved` are the visits whose contours a registration brought over.
    """
    found: dict[str, list[Entry]] = {}
    findings: list[Finding] = []
    for visit, source in visits:
        if not source.digests:
            continue
        first = not found
        known = {
            lesion: [
                one.seen.structure
                for one in reversed(entries)
                if one.seen.structure is not None
            ]
            for lesion, entries in found.items()
        }
        matches = matched(
            known,
            source.seen,
            given={**_given_then(source, found), **typed.given(visit, source.seen)},
            new=typed.new_at(visit, source.seen),
        )
        if not first:
            findings += checks.match_findings(visit, matches)
            apart = _to_register(visit, matches, found, moved)
            findings += checks.name_alone_findings(visit, matches, apart)
            findings += checks.unplaced_findings(visit, matches, apart)
        if visit.kind == "follow-up":
            bare = [
                one for one in matches if one.by == "name" and not known[one.lesion]
            ]
            of = _treatments({one.lesion for one in bare}, visits, found)
            findings += checks.undrawn_findings(visit, [one.name for one in bare], of)
        by_name = {one.name: one for one in source.seen}
        fresh = []
        for match in matches:
            if first:
                match = replace(match, by="first", doubt="")
            name = match.lesion
            if match.by == "new" and not first:
                name = _own_name(match.name, found, visit)
                fresh.append(name)
            match = replace(match, lesion=name)
            entry = Entry(visit.label, by_name[match.name], match)
            found.setdefault(name, []).append(entry)
        here = {one.lesion for one in matches}
        missing = [name for name in known if name not in here]
        findings += checks.new_lesion_findings(visit, fresh)
        findings += checks.gone_findings(visit, missing)
    return {name: tuple(entries) for name, entries in found.items()}, findings


def _treatments(
    lesions: Collection[str], visits: Labeled, known: Mapping[str, Sequence[Entry]]
) -> list[str]:
    """The treatments that have some of these lesions."""
    seen = {entry.visit for lesion in lesions for entry in known[lesion]}
    return [
        visit.label
        for visit, _ in visits
        if visit.kind == "treatment" and visit.label in seen
    ]


def _to_register(
    visit: Visit,
    matches: Sequence[Match],
    known: Mapping[str, Sequence[Entry]],
    moved: Collection[str],
) -> list[str]:
    """The visits without a registration that hinder a comparison by place."""
    if visit.label not in moved:
        return [visit.label]
    lesions = {one for match in matches for one in match.unplaced}
    drawn = {
        entry.visit: None
        for lesion in lesions
        for entry in known[lesion]
        if entry.seen.structure is not None and entry.visit not in moved
    }
    return list(drawn)


def _given_then(source: Source, known: Mapping[str, object]) -> dict[str, str]:
    """What was said of lesions when the treatment was assessed."""
    names = [one.name for one in source.seen]
    return {
        here[0]: lesions[0]
        for lesion, name in source.matches.items()
        for here, lesions in [(alike(name, names), alike(lesion, known))]
        if len(here) == len(lesions) == 1
    }


def _own_name(name: str, found: Mapping[str, object], visit: Visit) -> str:
    """The name of a new lesion; one that is taken is told apart by its visit."""
    return f"{name} ({visit.label})" if alike(name, found) else name


def _joined_measured(
    measured: list[Measured], lesions: Mapping[str, tuple[Entry, ...]], typed: Typed
) -> tuple[tuple[list[Measured], dict[str, tuple[Entry, ...]]], list[Finding]]:
    """Tables by the lesions' own names; a lesion that only a table has is one too."""
    found, own = dict(lesions), []
    findings: list[Finding] = []
    for table in measured:
        names: dict[str, str] = {}
        asked: dict[str, str] = {}
        for name in table.names:
            lesion = typed.measured(name) or _known(name, found)
            if lesion is None:
                lesion = name
                if not typed.is_new(name) and name not in table.elsewhere:
                    free = next(iter(lesions), "LESION")
                    asked[name] = f'"{free}={name}"'
                found[name] = ()
            if lesion in names.values():
                other = next(one for one, it in names.items() if it == lesion)
                raise InputError(
                    f"'{lesion}' would be both '{other}' and '{name}' of {table.file}, "
                    "but a lesion is one: correct --match"
                )
            names[name] = lesion
        findings += checks.unmatched_findings(table.file, asked)
        own.append(renamed(table, names.__getitem__))
    return (own, found), findings


def _known(name: str, lesions: Mapping[str, object]) -> str | None:
    same = alike(name, lesions)
    return same[0] if len(same) == 1 else None


def _with_values(
    visits: Labeled,
    lesions: Mapping[str, tuple[Entry, ...]],
    measured: list[Measured],
) -> dict[str, tuple[Entry, ...]]:
    """The lesions with what tables say of them at the visits of the same days."""
    found = {}
    for lesion, entries in lesions.items():
        by_label = {one.visit: one for one in entries}
        for visit, _ in visits:
            if visit.kind not in ("baseline", "follow-up"):
                continue
            for table in measured:
                day = visit.day
                if visit.kind == "baseline":
                    day = table.case.baseline_day
                value = table.values.get(day, {}).get(lesion) if day else None
                if value is None:
                    continue
                one = by_label.get(visit.label) or Entry(
                    visit.label, Seen(lesion), Match(lesion, lesion, "name")
                )
                by_label[visit.label] = _measured(one, table.criteria, value)
        order = [visit.label for visit, _ in visits]
        found[lesion] = tuple(by_label[one] for one in order if one in by_label)
    return found


def _measured(entry: Entry, criteria: str, value: float) -> Entry:
    if criteria == "percist":
        return replace(entry, seen=replace(entry.seen, sul_peak=value))
    sizes = {**entry.seen.diameter_mm, criteria: value}
    return replace(entry, seen=replace(entry.seen, diameter_mm=sizes))


def _contours(
    lesions: Mapping[str, tuple[Entry, ...]], treatments: Labeled
) -> dict[str, Structure]:
    """Contours of the last treatment that has them."""
    labels = [visit.label for visit, _ in treatments]
    found = {}
    for lesion, entries in lesions.items():
        for one in entries:
            if one.visit in labels and one.seen.structure is not None:
                found[lesion] = one.seen.structure
    return found


def _kept_findings(
    request: LesionsRequest,
    visits: Labeled,
    lesions: Mapping[str, tuple[Entry, ...]],
) -> list[Finding]:
    """A patient's name in what de-identified results keep (H33)."""
    if not request.deidentify:
        return []
    texts = [("structure names", name) for name in lesions]
    texts += [
        ("structure names", one.name) for _, source in visits for one in source.seen
    ]
    texts += [("the case label", request.case_label)] if request.case_label else []
    texts += [("reasons of --accept", one.reason) for one in request.acceptances]
    people = dict.fromkeys(
        read_patient(path) for _, source in visits for path in source.patient_from
    )
    return kept_name_findings(texts, list(people))
