"""Lesions of one patient from visit to visit: which is which, and what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.history import Match, Visit


def match_findings(visit: Visit, matches: Iterable[Match]) -> list[Finding]:
    """Lesions of two visits that may not be the same (H48).

    >>> visit = Visit("follow-up 1", "follow-up", date(2026, 6, 1))
    >>> [one] = match_findings(visit, [Match("T1", "A", "place", doubt="far apart")])
    >>> one.subject
    'A of follow-up 1'
    """
    return [
        Finding.of(
            "H48",
            _doubt_words(visit, one),
            subject=f"{one.name} of {visit.label}",
            accepted="it is taken as a lesion of its own"
            if one.by == "new"
            else f"it is taken as '{one.lesion}'",
        )
        for one in matches
        if one.doubt
    ]


def _doubt_words(visit: Visit, one: Match) -> str:
    typed = f"{visit.label}:{one.name}"
    if one.by == "new":
        return (
            f"'{one.name}' of {visit.label} may be no new lesion: {one.doubt}. If it "
            f'is new, give --new "{typed}"; if it is a known lesion under another '
            "name, give --match"
        )
    doubt = f"{one.doubt[:1].upper()}{one.doubt[1:]}"
    answers = _answers(one.likely or (one.lesion,), typed)
    return (
        f"is '{one.name}' of {visit.label} '{one.lesion}'? {doubt}. "
        f'{answers[:1].upper()}{answers[1:]}; if it is new, --new "{typed}"'
    )


def _answers(lesions: Sequence[str], typed: str) -> str:
    """What to type for each lesion that a name may be, in their order."""
    return "; ".join(
        f"if it is '{one}', give --match \"{one}={typed}\"" for one in lesions
    )


def name_alone_findings(
    visit: Visit, matches: Iterable[Match], register: Sequence[str]
) -> list[Finding]:
    """Lesions matched by a name that place could not confirm (H48).

    `register` are the visits that a registration would bring to where the first
    contours lie.

    >>> visit = Visit("follow-up 1", "follow-up", date(2026, 6, 1))
    >>> alone = Match("T1", "T1", "name", unplaced=("T1",))
    >>> [one] = name_alone_findings(visit, [alone], ["follow-up 1"])
    >>> one.message.rpartition(". ")[2]
    "Give --registration 'follow-up 1=FILE'"
    """
    names = [one.name for one in matches if one.unplaced and one.by != "new"]
    if not names:
        return []
    return [
        Finding.of(
            "H48",
            f"{_listed(names)} of {visit.label}: matched by name alone. Place could "
            "not confirm it, as these contours are in another frame of reference than "
            f"those before, or state none. Give {_to_register(register)}",
            severity=Severity.WARN,
            subject=visit.label,
        )
    ]


def undrawn_findings(
    visit: Visit, names: Sequence[str], treatments: Sequence[str]
) -> list[Finding]:
    """Contours matched by name with lesions that have none (H48).

    `treatments` are visits whose structures were not kept with their results.

    >>> visit = Visit("follow-up 1", "follow-up", date(2026, 6, 1))
    >>> [one] = undrawn_findings(visit, ["T1"], ["treatment"])
    >>> one.message.rpartition(". ")[2]
    "Give --structures 'treatment=FILE'"
    """
    if not names:
        return []
    give = " ".join(f"--structures '{one}=FILE'" for one in treatments)
    return [
        Finding.of(
            "H48",
            f"{_listed(names)} of {visit.label}: matched by name alone. Place could "
            "not confirm it, as there are no contours before to compare with"
            + (f". Give {give}" if give else ""),
            severity=Severity.WARN,
            subject=visit.label,
        )
    ]


def unplaced_findings(
    visit: Visit, matches: Iterable[Match], register: Sequence[str]
) -> list[Finding]:
    """New names that place could not compare with lesions before (H48).

    `register` are as in :func:`name_alone_findings`.
    """
    found = [one for one in matches if one.unplaced and one.by == "new"]
    if not found:
        return []
    known = list(dict.fromkeys(lesion for one in found for lesion in one.unplaced))
    typed = f"{visit.label}:{found[0].name}"
    return [
        Finding.of(
            "H48",
            f"{_listed([one.name for one in found])} of {visit.label} may be no new "
            "lesion: the contours are in another frame of reference than those of "
            f"{_listed(known)}, of which {visit.label} has none. To compare them, give "
            f"{_to_register(register)}; or, for each, --match "
            f'"{known[0]}={typed}" if it is that lesion, --new "{typed}" if it is new',
            subject=visit.label,
            accepted="each is taken as a lesion of its own",
        )
    ]


def _to_register(visits: Sequence[str]) -> str:
    return " ".join(f"--registration '{one}=FILE'" for one in visits)


def new_lesion_findings(visit: Visit, names: Sequence[str]) -> list[Finding]:
    """Lesions that appear (H48)."""
    if not names:
        return []
    said = f"new at {visit.label}: {_listed(names)}, in none of the visits before"
    return [
        Finding.of(
            "H48", said, severity=Severity.WARN, subject=", ".join(sorted(names))
        )
    ]


def gone_findings(visit: Visit, names: Sequence[str]) -> list[Finding]:
    """Lesions that a visit does not have any more (H48)."""
    if not names:
        return []
    return [
        Finding.of(
            "H48",
            f"not at {visit.label}: {_listed(names)}. Has it disappeared, or was it "
            "not drawn?",
            severity=Severity.WARN,
            subject=", ".join(sorted(names)),
        )
    ]


def unmatched_findings(file: str, names: Mapping[str, str]) -> list[Finding]:
    """Lesions of a table of measurements that no name tells (H48).

    `names` are the table's, with what to type for each.
    """
    return [
        Finding.of(
            "H48",
            f"'{name}' of {file} has the name of no lesion. If it is one, give "
            f"--match {typed}; if not, --new '{name}'",
            subject=name,
            accepted="it is taken as a lesion of its own",
        )
        for name, typed in names.items()
    ]


def baseline_findings(criteria: str, baseline: date, treated: date) -> list[Finding]:
    """Baseline of a response after the first treatment (H48)."""
    late = (baseline - treated).days
    if late <= 0:
        return []
    return [
        Finding.of(
            "H48",
            f"the baseline of {criteria} is {late} day{'s' * (late != 1)} after the "
            "first treatment: the response is not to the treatment alone. Add the scan "
            "before treatment to its table",
            severity=Severity.ASK,
            subject=f"baseline of {criteria}",
            accepted="the response is shown as it is",
        )
    ]


def date_findings(visit: Visit, stated: date | None) -> list[Finding]:
    """Follow-up whose file states another day than was typed (H48)."""
    if stated is None or visit.day is None or stated == visit.day:
        return []
    return [
        Finding.of(
            "H48",
            f"{visit.label} is given as of {visit.day}, but its file states "
            f"{stated} (StudyDate (0008,0020)): is the date right?",
            subject=f"date of {visit.label}",
            accepted="the date that was typed is used",
        )
    ]


def plan_date_findings(plan: Visit, treatment: Visit) -> list[Finding]:
    """Plan that is of a later day than the treatment it is joined with (H48).

    >>> plan = Visit("plan", "plan", date(2026, 3, 9))
    >>> [one] = plan_date_findings(plan, Visit("treatment", "treatment",
    ...                                        date(2026, 3, 2)))
    >>> one.message.partition(":")[0]
    'plan is for 2026-03-09, after treatment on 2026-03-02, which it is joined with'
    """
    if plan.day is None or treatment.day is None or plan.day <= treatment.day:
        return []
    return [
        Finding.of(
            "H48",
            f"{plan.label} is for {plan.day}, after {treatment.label} on "
            f"{treatment.day}, which it is joined with: is it the plan of this "
            "treatment?",
            subject=f"date of {plan.label}",
            accepted="their lesions are joined",
        )
    ]


def sum_findings(reason: str) -> list[Finding]:
    """Doses of treatments that cannot be added up (H48)."""
    if not reason:
        return []
    said = f"no sum of the treatments' doses: {reason}"
    return [Finding.of("H48", said, severity=Severity.NOTE)]


def patient_unknown_findings(labels: Sequence[str]) -> list[Finding]:
    """Visits that do not say whose they are (H01)."""
    if not labels:
        return []
    return [
        Finding.of(
            "H01",
            f"patient of {', '.join(labels)} not checked: needs DICOM files, which "
            "name their patient, or the plan's hash in the treatment",
            severity=Severity.NOTE,
        )
    ]


def key_findings(keys: Sequence[tuple[str, str]]) -> list[Finding]:
    """Plans with different patient keys (H01)."""
    return [
        Finding.of("H01", f"the patient key of {label} differs from that of {other}")
        for (label, key), (other, their) in pairwise(keys)
        if key != their
    ]


def other_plan_findings(
    plans: Sequence[str], compared: Mapping[str, str]
) -> list[Finding]:
    """Treatment that was compared with another plan than is given (H48).

    `plans` are the hashes of plans that are given, `compared` those that treatments
    were compared with.
    """
    return [
        Finding.of(
            "H48",
            f"{label} was compared with another plan than is given: are both of one "
            "patient and treatment?",
            subject=label,
            accepted="its lesions are joined with those of the plan",
        )
        for label, own in compared.items()
        if plans and own not in plans
    ]


def unrecorded_findings(name: str, why: str) -> list[Finding]:
    """Treatment that cannot be checked for changes (H02)."""
    if not why:
        return []
    said = f"{name} cannot be checked for changes: {why}"
    return [Finding.of("H02", said, severity=Severity.WARN, subject=name)]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{one}'" for one in names)
