"""The steps before a treatment: scout, shunt, plan, approval and order."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.model.standing import Result, State, Step
from sirtdose.workflows.status import commands
from sirtdose.workflows.status.commands import Places
from sirtdose.workflows.status.inputs import Inputs
from sirtdose.workflows.status.plans import Versions
from sirtdose.workflows.status.treatments import Course

# A shunt may be typed in whole percent: more is another one.
_SAME_SHUNT = 0.00501
_HASH = 12


@dataclass(frozen=True)
class Seen:
    """What the steps of a treatment are judged by."""

    course: Course
    versions: Versions
    inputs: Inputs
    places: Places
    known: frozenset[str]

    @property
    def plan(self) -> Result | None:
        """The plan that holds."""
        return self.versions.current

    @property
    def posts(self) -> list[Result]:
        """Assessments with doses, those that hold for the plan last."""
        own = self.plan.hash if self.plan else ""
        return sorted(
            self.course.of("post"), key=lambda one: (one.of_plan == own, one.written)
        )

    @property
    def is_given(self) -> bool:
        """Whether the treatment was given."""
        return bool(self.course.of("post", "scan"))

    def shown(self, results: Sequence[Result]) -> tuple[str, ...]:
        """The places of results."""
        return tuple(self.places.shown(one.place) for one in results)


def scout_step(seen: Seen) -> Step:
    """The image that a treatment is planned by."""
    plan = seen.plan
    if plan is None:
        shunts = [one for one in seen.course.of("lsf") if one.method == "spect"]
        if shunts:
            return _scout_of(shunts[0], seen)
        if seen.is_given:
            return Step(
                "scout", State.NOT_NEEDED, ("already given; no plan in this folder",)
            )
        return Step("scout", State.MISSING, next=commands.plan_again(None))
    if plan.method != "image":
        return Step("scout", State.NOT_NEEDED, (f"planned by {plan.method}",))
    return _scout_of(plan, seen)


def _scout_of(result: Result, seen: Seen) -> Step:
    now = seen.inputs.of(result)
    bad = tuple(one.words for one in now[:1] if one.is_other)
    state = State.OUTDATED if bad else State.DONE
    why = bad or tuple(one.words for one in now[:1] if one.state != "unchanged")
    again = commands.plan_again(seen.plan) if bad else ""
    return Step("scout", state, why, seen.shown([result]), again)


def shunt_step(seen: Seen) -> Step:
    """The lung shunt: measured, or typed in the plan."""
    measured, plan = seen.course.of("lsf"), seen.plan
    if measured:
        last = max(measured, key=lambda one: one.written)
        bad = [last.damaged] if last.damaged else []
        bad += [one.words for one in seen.inputs.of(last) if one.is_other]
        return Step(
            "shunt",
            State.OUTDATED if bad else State.DONE,
            tuple(bad) or (f"{last.shunt_fraction or 0:.1%} by {last.method}",),
            seen.shown([last]),
            commands.measure_shunt(last.method) if bad else "",
        )
    if plan is None or plan.shunt_fraction is None:
        if seen.is_given:
            return Step("shunt", State.NOT_NEEDED, ("already given",))
        return Step("shunt", State.MISSING, next=commands.measure_shunt())
    said = f"{plan.shunt_fraction:.1%} " + (
        "typed in the plan, no lsf.json" if plan.is_shunt_typed else "measured there"
    )
    return Step("shunt", State.DONE, (said,), seen.shown([plan]))


def plan_step(seen: Seen) -> Step:
    """The plan that holds, and whether it would be another one now."""
    plan = seen.plan
    if plan is None:
        named = next((one.of_plan for one in seen.course.results if one.of_plan), "")
        if named:
            said = f"plan {named[:_HASH]} is not in this folder: give one with both"
            return Step("plan", State.MISSING, (said,), (), "sirtdose status FOLDER")
        if seen.is_given:
            said = "already given; no result names a plan"
            return Step("plan", State.NOT_NEEDED, (said,))
        return Step("plan", State.MISSING, next=commands.plan_again(None))
    bad = [plan.damaged] if plan.damaged else []
    bad += [one.words for one in seen.inputs.of(plan) if one.is_other]
    bad += _other_shunt(plan, seen)
    bad += _other_sessions(plan, seen)
    state = State.OUTDATED if bad else State.DONE
    again = commands.plan_again(plan) if bad else ""
    return Step("plan", state, tuple(bad), seen.shown([plan]), again)


def _other_shunt(plan: Result, seen: Seen) -> list[str]:
    """A shunt that was measured, where the plan has another."""
    measured = seen.course.of("lsf")
    planned = plan.shunt_fraction
    # What is drawn up on the day may have the shunt of the day.
    if not measured or planned is None or plan.updates:
        return []
    if any(abs((one.shunt_fraction or 0) - planned) < _SAME_SHUNT for one in measured):
        return []
    last = max(measured, key=lambda one: one.written)
    after = plan.approved_at and last.written > plan.approved_at.timestamp()
    return [
        f"the lung shunt is {last.shunt_fraction or 0:.1%} by "
        f"{seen.places.shown(last.place)}{', after the approval' if after else ''}; "
        f"the plan has {planned:.1%}"
    ]


def _other_sessions(plan: Result, seen: Seen) -> list[str]:
    """Earlier sessions that were computed again since."""
    return [
        f"the earlier session {one.hash[:_HASH]} that it counts is not below this "
        "folder any more: it was assessed or planned again"
        for one in plan.after
        if one.kind in ("planned", "delivered")
        and one.hash
        and one.hash not in seen.known
        and any(it in seen.known for it in one.includes)
    ]


def approval_step(seen: Seen, planned: Step) -> Step:
    """A person's name under the plan that holds."""
    plan = seen.plan
    if plan is None:
        told = [one for one in seen.posts if one.approved_at]
        if told:
            said = f"{_day(told[-1])}, as its assessment says"
            return Step("approval", State.DONE, (said,), seen.shown(told[-1:]))
        if planned.state is State.NOT_NEEDED:
            return Step("approval", State.NOT_NEEDED, ("there is no plan",))
        again = commands.approve(None, seen.places)
        return Step("approval", State.MISSING, next=again)
    own = seen.shown([plan])
    if not plan.approved:
        again = planned.next or commands.approve(plan, seen.places)
        return Step("approval", State.MISSING, ("the plan is a draft",), own, again)
    if seen.versions.newer:
        newest = max(seen.versions.newer, key=lambda one: one.written)
        how = "updates it" if plan.hash in newest.updates else "is a newer file"
        said = f"{seen.places.shown(newest.place)} {how} and is not approved"
        again = commands.approve(newest, seen.places)
        return Step("approval", State.OUTDATED, (said,), own, again)
    if planned.state is State.OUTDATED:
        said = "the plan that was approved is outdated"
        return Step("approval", State.OUTDATED, (said,), own, planned.next)
    return Step("approval", State.DONE, (_day(plan),), own)


def _day(approved: Result) -> str:
    at = approved.approved_at
    return at.date().isoformat() if at else "no day"


def order_step(seen: Seen) -> Step:
    """The order of vials for the plan that holds."""
    orders, plan = seen.course.of("order"), seen.plan
    if not orders:
        if seen.is_given:
            return Step("order", State.NOT_NEEDED, ("already given",))
        return Step("order", State.MISSING, next=commands.order(plan, seen.places))
    bad = {one.place: _outdated_order(one, seen) for one in orders}
    good = [one for one in orders if not bad[one.place]]
    if good:
        alone = plan is not None and not any(one.of_plan for one in good)
        why = ("made without the plan",) if alone else ()
        return Step("order", State.DONE, why, seen.shown(good))
    again = commands.order(plan, seen.places)
    return Step("order", State.OUTDATED, tuple(bad.values()), seen.shown(orders), again)


def _outdated_order(order: Result, seen: Seen) -> str:
    if order.damaged:
        return order.damaged
    plan, key = seen.plan, order.of_plan
    # Of an update of the day the vials were there already.
    if plan is None or not key or key == plan.hash or seen.versions.is_replaced(key):
        return ""
    other = seen.versions.named(key)
    called = seen.places.shown(other.place) if other else f"plan {key[:_HASH]}"
    return (
        f"{seen.places.shown(order.place)} is for {called}, not for the plan that "
        f"holds, {seen.places.shown(plan.place)}"
    )
