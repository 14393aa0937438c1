"""Where each patient of a folder stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sirtdose import __version__
from sirtdose.checks import standing as checks
from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.hashing import Hashes
from sirtdose.model.finding import Finding
from sirtdose.model.progress import counted
from sirtdose.model.standing import PatientStanding, Result, Standing, Unread
from sirtdose.workflows.status import after, before
from sirtdose.workflows.status.before import Seen
from sirtdose.workflows.status.commands import Places
from sirtdose.workflows.status.inputs import Inputs
from sirtdose.workflows.status.patients import Group, groups_of
from sirtdose.workflows.status.plans import versions_of
from sirtdose.workflows.status.read import read_folder
from sirtdose.workflows.status.treatments import Course, courses_of

_BY_PSEUDONYM = (
    "results by pseudonym hold no hash of their files: whether these changed, and "
    "whether other results here are of the same patient, is not known"
)


@dataclass(frozen=True)
class StatusRequest:
    """A folder of results, where their inputs are now, and whether names are shown."""

    folder: Path
    inputs: tuple[Path, ...] = ()
    show_patients: bool = False


@dataclass(frozen=True)
class Status:
    """Every patient of a folder, and what of it could not be read."""

    patients: tuple[PatientStanding, ...]
    unread: tuple[Unread, ...]
    copies: tuple[str, ...]
    results: int


def status_of(request: StatusRequest) -> Status:
    """Which step of each treatment is done, missing or outdated.

    Raises
    ------
    InputError
        There is no such folder, or it holds no result.
    """
    folder = request.folder
    if not folder.is_dir():
        raise FileFormatError(f"there is no folder {folder.name}")
    hashes = Hashes()
    read = read_folder(folder, hashes)
    if not (read.results or read.unread):
        raise InputError(
            f"{folder.name or 'the folder'} contains no result of sirtdose: give a "
            "folder that `sirtdose plan`, `sirtdose post` or `sirtdose batch` wrote to"
        )
    with Inputs(folder, request.inputs, hashes, read.results) as inputs:
        groups = groups_of(read.results, inputs)
        people = {it.place: one.people for one in groups for it in one.results}
        places = Places(folder, people, show=request.show_patients)
        known = _known(read.results)
        patients = tuple(
            _patient(
                f"Patient {n}",
                one,
                partial(Seen, inputs=inputs, places=places, known=known),
                show=request.show_patients,
            )
            for n, one in enumerate(counted("patients", groups), start=1)
        )
    shown = tuple(replace(one, place=places.shown(one.place)) for one in read.unread)
    copies = tuple(places.shown(one) for one in read.copies)
    return Status(patients, shown, copies, len(read.results))


def _known(results: Sequence[Result]) -> frozenset[str]:
    """All that a result may be known by: contents, files, and their images."""
    return frozenset(
        key
        for one in results
        for key in (one.sha256, one.hash, one.image, one.of_plan, *one.updates)
        if key
    )


def _patient(
    label: str, group: Group, seen: partial[Seen], *, show: bool
) -> PatientStanding:
    courses, unplaced = courses_of(group.results)
    treatments = tuple(
        _standing(
            f"treatment {n}" if len(courses) > 1 else "treatment",
            seen(course=course, versions=versions_of(course.of("plan"))),
            same_patient=bool({"key", "header"} & group.known_by),
        )
        for n, course in enumerate(courses, start=1)
    )
    hidden = any(one.deidentified for one in group.results)
    return PatientStanding(
        label=label,
        known_by=group.how,
        treatments=treatments,
        unplaced=tuple(seen.keywords["places"].shown(one.place) for one in unplaced),
        notes=(_BY_PSEUDONYM,) if hidden else (),
        findings=tuple(checks.several_people_findings(len(group.people))),
        identity=_identity(group) if show else {},
    )


def _identity(group: Group) -> dict[str, str]:
    """Whom the results name, where that was asked for."""
    found = {}
    if group.people:
        one = group.people[0]
        found = {
            "patient_id": one.patient_id,
            "name": one.patient_name,
            "birth_date": one.birth_date,
        }
    keys = {one.patient_key for one in group.results if one.patient_key}
    cases = {one.case_id for one in group.results if one.case_id}
    found |= {
        "patient_key": ", ".join(sorted(keys)),
        "case_id": ", ".join(sorted(cases)),
    }
    return {key: one for key, one in found.items() if one}


def _standing(label: str, seen: Seen, *, same_patient: bool) -> Standing:
    planned = before.plan_step(seen)
    approval = before.approval_step(seen, planned)
    course = seen.course
    return Standing(
        label=label,
        # A pseudonym's dates are moved.
        day=None if _is_hidden(course) else course.day,
        injections=course.injections,
        steps=(
            before.scout_step(seen),
            before.shunt_step(seen),
            planned,
            approval,
            before.order_step(seen),
            after.given_step(seen),
            after.post_step(seen),
            after.follow_up_step(seen),
        ),
        results=seen.shown(course.results),
        not_checked=tuple(
            seen.places.shown(one.place)
            for one in course.results
            if any(not it.is_known for it in seen.inputs.of(one))
        ),
        notes=tuple(_notes(seen)),
        findings=tuple(_findings(seen, same_patient=same_patient)),
    )


def _is_hidden(course: Course) -> bool:
    return any(one.deidentified for one in course.of("post", "scan"))


def _notes(seen: Seen) -> list[str]:
    """What changes no step: other versions, files elsewhere or not looked for."""
    found = []
    for one in seen.course.results:
        place = seen.places.shown(one.place)
        if one.version != __version__:
            found.append(f"{place} was made by sirtdose {one.version}")
        now = seen.inputs.of(one)
        moved = [it.input.kind for it in now if it.moved]
        unknown = [it.input.kind for it in now if not it.is_known]
        noted = [it.words for it in now if it.state == "changed" and not it.is_other]
        found += [f"{place}: moved, content unchanged: {', '.join(moved)}"] * bool(
            moved
        )
        if unknown:
            found.append(f"{place}: not found, so not compared: {', '.join(unknown)}")
        found += [f"{place}: {said}" for said in noted]
    old = [one for one in seen.versions.every if one is not seen.plan]
    newer = {one.hash for one in seen.versions.newer}
    found += [
        f"{seen.places.shown(one.place)} is another version of the plan"
        for one in old
        if one.hash not in newer
    ]
    return found


def _findings(seen: Seen, *, same_patient: bool) -> list[Finding]:
    """What results of one treatment say against each other."""
    plan, course, posts = seen.plan, seen.course, seen.posts
    shown = seen.places.shown
    found = list[Finding]()
    rivals = [shown(one.place) for one in (plan, *seen.versions.rivals) if one]
    found += checks.rival_plans_findings(rivals, same_patient=same_patient)
    post = posts[-1] if posts else None
    if plan is not None and post is not None:
        if not _is_hidden(course):
            late = checks.approved_late_findings(
                plan.approved_at, post.at, shown(plan.place)
            )
            found += late
        other = seen.versions.named(post.of_plan)
        if other is not None and other is not plan:
            found += checks.other_plan_findings(
                shown(post.place),
                shown(other.place),
                shown(plan.place),
                same_patient=same_patient,
            )
    for order in course.of("order"):
        if order.of_plan and not order.approved:
            found += checks.ordered_before_approval_findings(shown(order.place))
        if post is not None:
            found += _given_findings(order, post)
    given = {shown(one.place): one.given_gbq for one in posts}
    found += checks.two_records_findings(
        {place: gbq for place, gbq in given.items() if gbq is not None}
    )
    for one in course.of("lesions", "response"):
        day = None if one.deidentified or _is_hidden(course) else course.day
        found += checks.early_follow_up_findings(one.follow_ups, day, shown(one.place))
    if plan is not None and plan.shunt_fraction is not None and not plan.updates:
        for one in course.of("lsf"):
            found += checks.other_shunt_findings(
                one.shunt_fraction or 0.0, plan.shunt_fraction, shown(one.place)
            )
    return found


def _given_findings(order: Result, post: Result) -> list[Finding]:
    """By injection where both have several, else all of it."""
    ordered, given = dict(order.activities_gbq), dict(post.activities_gbq)
    if post.given_gbq is None:
        return []
    if len(ordered) < 2 or not given:
        ordered = {"all injections": sum(ordered.values())}
        given = {"all injections": post.given_gbq}
    return checks.given_findings(
        ordered, given, part_is_drawn=bool(order.typed.get("part_drawn"))
    )
