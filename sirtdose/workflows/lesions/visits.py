"""Visits in the order of time, each once, and all of one patient."""

from datetime import date
from itertools import pairwise

from sirtdose.checks import lesions as checks
from sirtdose.errors import InputError, SafetyStop
from sirtdose.io.discover import discover
from sirtdose.io.found import patients_in
from sirtdose.model.finding import Finding
from sirtdose.model.history import Source, Visit
from sirtdose.outcomes.history import Measured
from sirtdose.workflows.lesions.placed import Labeled


def require_once(sources: list[Source], follow_ups: list[Source]) -> None:
    """Refuse a file, or a day, that stands there twice."""
    seen: dict[str, str] = {}
    for one in [*sources, *follow_ups]:
        for digest in one.digests:
            if digest in seen:
                raise InputError(
                    f"{one.file} and {seen[digest]} have the same content: give each "
                    "visit once"
                )
            seen[digest] = one.file
    images: dict[str, str] = {}
    for one in (it for it in sources if it.kind == "treatment" and it.image):
        if one.image in images:
            raise InputError(
                f"{one.file} and {images[one.image]} are results of one image, "
                "so of one treatment: give the one that holds"
            )
        images[one.image] = one.file
    days: dict[date | None, str] = {}
    for one in follow_ups:
        if one.day in days:
            raise InputError(
                f"follow-ups {days[one.day]} and {one.file} are both of {one.day}: "
                "give one structure file for each day"
            )
        days[one.day] = one.file
        of = next((s.file for s in sources if set(one.digests) & set(s.used)), None)
        if of is not None:
            raise InputError(
                f"{one.file} is a file that {of} was made from: give as --follow-up "
                "the contours of a later scan"
            )


def first_treated(sources: list[Source]) -> date:
    """The day of the first treatment; results have to stand in the order of time."""
    treatments = [one for one in sources if one.kind == "treatment"]
    if not treatments:
        raise InputError(
            "no treatment is given: give the --out of `sirtdose post`, behind that of "
            "its plan"
        )
    for one, other in pairwise(treatments):
        if other.day and one.day and other.day <= one.day:
            raise InputError(
                f"{other.file} ({other.day}) is given behind {one.file} ({one.day}): "
                "give treatments in the order of time, each once"
            )
    for n, one in enumerate(sources):
        if one.kind != "plan":
            continue
        behind = sources[n + 1 :]
        if any(it.keys.get("of") == one.keys["plan"] for it in sources[:n]) or not any(
            it.kind == "treatment" for it in behind
        ):
            raise InputError(
                f"{one.file} is given behind its treatment: give each plan before it"
            )
    day = treatments[0].day
    if day is None:
        raise InputError(f"{treatments[0].file} has no date of treatment")
    return day


def in_order(
    sources: list[Source],
    follow_ups: list[Source],
    measured: list[Measured],
    treated: date,
) -> list[Source]:
    """All visits in the order of time; days of a table have one too."""
    for one in follow_ups:
        if one.day is not None and one.day <= treated:
            raise InputError(
                f"follow-up {one.file} is of {one.day}, not after the treatment of "
                f"{treated}: correct its date, or leave it out"
            )
    known = {one.day for one in follow_ups}
    found = list(follow_ups)
    baselines = []
    for table in measured:
        for day in table.values:
            if day == table.case.baseline_day:
                baselines.append(Source("baseline", day, (), table.file))
            elif day <= treated:
                raise InputError(
                    f"{table.file}: the scan of {day} is not after the treatment of "
                    f"{treated}, but after the baseline of {table.case.baseline_day}: "
                    "keep one scan before treatment, as baseline"
                )
            elif day not in known:
                known.add(day)
                found.append(Source("follow-up", day, (), table.file))
    first = min(baselines, key=lambda one: one.day or treated, default=None)
    found.sort(key=lambda one: one.day or treated)
    return [*([first] if first else []), *_in_time(sources, found)]


def _in_time(sources: list[Source], later: list[Source]) -> list[Source]:
    """Results keep their order; a follow-up stands behind treatments before it."""
    found: list[Source] = []
    later = list(later)
    for n, one in enumerate(sources):
        day = next((it.day for it in sources[n:] if it.kind == "treatment"), None)
        while later and day and later[0].day and later[0].day <= day:
            found.append(later.pop(0))
        found.append(one)
    return [*found, *later]


def planned_treatments(visits: Labeled) -> list[tuple[Visit, Visit]]:
    """Each plan with its treatment: the one compared with it, else the next one."""
    found = []
    for n, (plan, source) in enumerate(visits):
        if plan.kind != "plan":
            continue
        behind = [one for one in visits[n:] if one[0].kind == "treatment"]
        own = [it for it, of in behind if of.keys.get("of") == source.keys["plan"]]
        found.append((plan, (own or [it for it, _ in behind])[0]))
    return found


def patient_findings_of(visits: Labeled) -> list[Finding]:
    """Files of two patients (H01), and visits that do not say whose they are."""
    items = [
        item
        for _, source in visits
        for path in source.patient_from
        for item in discover(path)
    ]
    people = patients_in(items)
    if people > 1:
        raise SafetyStop(
            f"the files belong to {people} patients (H01: PatientID, name, birth date "
            "or sex differ): give the files of one patient"
        )
    plans = {source.keys.get("plan"): visit.label for visit, source in visits}
    tied = {plans.get(source.keys.get("of")) for _, source in visits}
    unknown = [
        visit.label
        for visit, source in visits
        if source.digests and not source.patient_from and visit.label not in tied
    ]
    keys = [(visit.label, source.keys.get("patient")) for visit, source in visits]
    return [
        *checks.patient_unknown_findings(unknown),
        *checks.key_findings([(label, key) for label, key in keys if key]),
        *checks.other_plan_findings(
            [one for one in plans if one],
            {
                visit.label: source.keys["of"]
                for visit, source in visits
                if "of" in source.keys
            },
        ),
    ]
