"""The steps of the day and after it: given, post and follow-up."""

from sirtdose.model.rounded import amount
from sirtdose.model.standing import Result, State, Step
from sirtdose.workflows.status import commands
from sirtdose.workflows.status.before import Seen

_HASH = 12


def given_step(seen: Seen) -> Step:
    """What was given, by its assessment; or what was drawn up for it."""
    given = [one for one in seen.posts if one.given_gbq is not None]
    if given:
        said = f"{amount(given[-1].given_gbq or 0.0)} in its assessment"
        return Step("given", State.DONE, (said,), seen.shown(given[-1:]))
    if scans := seen.course.of("scan"):
        return Step("given", State.DONE, ("by its scan",), seen.shown(scans))
    drawn = [one for one in seen.course.of("plan", "vial") if one.is_drawn]
    if drawn:
        said = "drawn up, but no result records the administration"
        again = commands.assess(seen.plan, seen.places)
        return Step("given", State.MISSING, (said,), seen.shown(drawn), again)
    return Step("given", State.MISSING, next=commands.drawn(seen.plan, seen.places))


def post_step(seen: Seen) -> Step:
    """Doses after treatment, with the plan and the files of today."""
    if not seen.posts:
        again = commands.assess(seen.plan, seen.places)
        scans = seen.course.of("scan")
        said = ("a scan without structures has no doses",) if scans else ()
        return Step("post", State.MISSING, said, seen.shown(scans), again)
    post = seen.posts[-1]
    bad = [post.damaged] if post.damaged else []
    bad += [one.words for one in seen.inputs.of(post) if one.is_other]
    bad += _other_plan(post, seen)
    own = seen.shown([post])
    if bad:
        again = commands.assess_again(post, seen.plan, seen.places)
        return Step("post", State.OUTDATED, tuple(bad), own, again)
    why = [post.unchecked] if post.unchecked else []
    if seen.plan is not None and not post.of_plan:
        why.append("not compared with the plan: `sirtdose post --plan`")
    return Step("post", State.DONE, tuple(why), own)


def _other_plan(post: Result, seen: Seen) -> list[str]:
    """An assessment with another plan, or an older version of it."""
    plan, key = seen.plan, post.of_plan
    if plan is None or not key or key == plan.hash:
        return []
    other = seen.versions.named(key)
    holds = seen.places.shown(plan.place)
    if seen.versions.is_replaced(key):
        return [f"assessed with plan {key[:_HASH]}, which {holds} updates"]
    called = seen.places.shown(other.place) if other else f"plan {key[:_HASH]}"
    return [f"assessed with {called}, not with the plan that holds, {holds}"]


def follow_up_step(seen: Seen) -> Step:
    """Lesions, uptake or response after the treatment."""
    found = seen.course.of("lesions", "response", "suv")
    later = [one for one in found if is_after(one, seen)]
    post = seen.posts[-1] if seen.posts else None
    approved = seen.plan if seen.plan and seen.plan.approved else None
    again = commands.follow(approved, post, seen.places)
    if not later:
        said = ("those that are here are not after it",) if found else ()
        return Step("follow-up", State.MISSING, said, seen.shown(found), again)
    bad = [
        f"{seen.places.shown(one.place)} holds an assessment that was made again since"
        for one in later
        if one.kind == "lesions"
        and one.refers
        and post
        and _is_of_another(one, post, seen)
    ]
    bad += [one.damaged for one in later if one.damaged]
    state = State.OUTDATED if bad else State.DONE
    return Step("follow-up", state, tuple(bad), seen.shown(later), again if bad else "")


def _is_of_another(lesions: Result, post: Result, seen: Seen) -> bool:
    """Whether it holds a file that is here no more, and not today's assessment."""
    return post.sha256 not in lesions.refers and not lesions.refers <= seen.known


def is_after(one: Result, seen: Seen) -> bool:
    """Whether a follow-up is after the treatment, as far as days are known."""
    day = seen.course.day
    if one.kind == "lesions" and (day is None or not one.follow_ups):
        # Days are counted from the first treatment.
        return bool(one.follow_ups) or max(one.follow_up_days, default=0) > 0
    if one.kind != "lesions" and not seen.is_given:
        return False
    return bool(one.follow_ups) and (day is None or max(one.follow_ups) > day)
