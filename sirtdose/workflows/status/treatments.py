"""The treatments of a patient: which plans, orders and assessments are of one."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from pathlib import PurePosixPath

from sirtdose.model.standing import Result
from sirtdose.planning.sessions import injection_name

# What may be there before any plan.
_BEGUN = ("lsf", "suv", "lesions")
_OWN = ("plan", "post", "scan", "order", "vial")


@dataclass
class Course:
    """The documents of one treatment, each kind in the order of their places."""

    results: list[Result] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Result]:
        """Those of some kinds."""
        return [one for one in self.results if one.kind in kinds]

    @property
    def day(self) -> date | None:
        """When it was given, else when it is planned for."""
        ordered = [*self.of("post"), *self.of("order"), *self.of("plan")]
        return next((one.day for one in ordered if one.day), None)

    @property
    def injections(self) -> tuple[str, ...]:
        """What its injections are called."""
        ordered = [*self.of("post"), *self.of("plan"), *self.of("order")]
        return next(
            (tuple(one.activities_gbq) for one in ordered if one.activities_gbq), ()
        )


def courses_of(results: Sequence[Result]) -> tuple[list[Course], list[Result]]:
    """The treatments in the order of time, and what is of none of them."""
    own = [one for one in results if one.kind in _OWN]
    courses = _given_apart(_tied(own))
    rest = [one for one in results if one.kind not in _OWN]
    if not courses and any(one.kind in _BEGUN for one in rest):
        return [Course(rest)], []
    unplaced = []
    for one in rest:
        homes = _homes(one, courses)
        for home in homes:
            home.results.append(one)
        unplaced += [] if homes else [one]
    courses.sort(key=lambda one: (one.day or date.max, one.results[0].place))
    return courses, unplaced


def _tied(own: Sequence[Result]) -> list[Course]:
    """Treatments by the hashes of plans, by images, and plans by what they are for."""
    tied: dict[int, int] = {n: n for n in range(len(own))}

    def root(n: int) -> int:
        while tied[n] != n:
            n = tied[n]
        return n

    first: dict[str, int] = {}
    for n, one in enumerate(own):
        for key in _keys(one):
            tied[root(n)] = root(first.setdefault(key, n))
    for (n, one), (m, other) in combinations(enumerate(own), 2):
        if one.kind == other.kind == "plan" and _is_replanned(one, other):
            tied[root(n)] = root(m)
    found: dict[int, Course] = defaultdict(Course)
    for n, one in enumerate(own):
        found[root(n)].results.append(one)
    return list(found.values())


def _keys(one: Result) -> list[str]:
    hashes = [one.of_plan, *one.updates, one.hash if one.kind == "plan" else ""]
    found = [f"plan {it}" for it in hashes if it]
    return found or _given_as(one)


def _given_as(one: Result) -> list[str]:
    """The image and the time of an assessment: of one time are a SPECT and a PET."""
    if one.kind not in ("post", "scan"):
        return []
    names = sorted(one.activities_gbq)
    at = [f"at {one.at.isoformat()} {names}"] if one.at else []
    return [*([f"image {one.image}"] if one.image else []), *at]


def _is_replanned(one: Result, other: Result) -> bool:
    """Whether two plans are of one treatment: planned again, not planned after it."""
    counted = {
        key
        for plan in (one, other)
        for session in plan.after
        for key in (session.hash, *session.includes)
    }
    if counted & {one.hash, other.hash, *one.updates, *other.updates}:
        return False
    if {it.hash for it in one.after} != {it.hash for it in other.after}:
        return False
    names = [
        {injection_name(it) for it in plan.activities_gbq} for plan in (one, other)
    ]
    known = (
        (one.day, other.day),
        (one.vessel.casefold(), other.vessel.casefold()),
        (one.image, other.image),
    )
    return names[0] == names[1] and all(
        not mine or not theirs or mine == theirs for mine, theirs in known
    )


def _given_apart(courses: list[Course]) -> list[Course]:
    """Those without a plan go with the one plan that they can be of."""
    planned = [one for one in courses if one.of("plan")]
    for wanted in ("post", "order", "vial"):
        for course in [one for one in courses if one not in planned]:
            if not course.of(wanted):
                continue
            # A plan that is named and is not here is another one.
            if any(one.of_plan for one in course.results):
                continue
            home = _only(planned, lambda it: _may_be(it, course))  # noqa: B023
            if home is not None:
                home.results += course.results
                courses.remove(course)
    return courses


def _may_be(planned: Course, course: Course) -> bool:
    """By image and time, else by the day, else as the only one without such."""
    given = {key for one in planned.results for key in _given_as(one)}
    if any(key in given for one in course.results for key in _given_as(one)):
        return True
    if planned.day and course.day:
        return planned.day == course.day
    return not any(planned.of(one.kind) for one in course.results)


def _only(courses: Sequence[Course], fits: Callable[[Course], bool]) -> Course | None:
    found = [one for one in courses if fits(one)]
    return found[0] if len(found) == 1 else None


def _homes(one: Result, courses: Sequence[Course]) -> list[Course]:
    """The treatments that a shunt or a follow-up is of."""
    if one.kind == "lsf":
        return _of_shunt(one, courses)
    last = max(one.follow_ups, default=None)
    return [
        it
        for it in courses
        if len(courses) == 1
        or any(post.sha256 in one.refers for post in it.of("post"))
        or (last and it.day and it.day < last)
    ]


def _of_shunt(one: Result, courses: Sequence[Course]) -> list[Course]:
    """By its image, else by the nearest folder, else the only treatment."""
    files = {it.sha256 for it in one.inputs if it.sha256}
    found = [
        it
        for it in courses
        if any(files & {f.sha256 for f in plan.inputs} for plan in it.of("plan"))
    ]
    if found or len(courses) == 1:
        return found or list(courses)
    for folder in PurePosixPath(one.place).parents:
        near = [
            it
            for it in courses
            if any(folder in PurePosixPath(r.place).parents for r in it.results)
        ]
        if near:
            return near if len(near) == 1 else []
    return []
