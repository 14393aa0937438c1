"""What the checks say of a plan whose activities its reader moves."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sirtdose.checks.again import begun
from sirtdose.checks.documented import treatment_of, wanted_of
from sirtdose.checks.following import following
from sirtdose.checks.limits import bound_findings, limit_findings
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.moving import CLOSED, OPENED, Comparison, Fork, Moves, outcomes
from sirtdose.report.plan.at_activities import (
    HeldRow,
    all_known,
    held_rows,
    limit_at,
    not_repeated,
    treatment_at,
)
from sirtdose.report.plan.rows import (
    Linear,
    injections_of,
    linear_doses,
    names_of,
)
from sirtdose.report.wording import shown_name, spoken

GRAVE = (Severity.STOP, Severity.ASK, Severity.WARN)
_NUMBER = re.compile(f"{OPENED}(\\d+){CLOSED}")


@dataclass(frozen=True)
class Followed:
    """The checks that a page repeats, as it holds them.

    `trees` has the outcomes of each check, `marks` where they change; `stay` are those
    findings of the plan that are the same at any activity, or that are not repeated.
    """

    trees: tuple[Any, ...]
    marks: tuple[dict[str, Any], ...]
    stay: tuple[dict[str, Any], ...]
    left_out: tuple[str, ...]


def followed(document: Mapping[str, Any]) -> Followed:
    """Every check of a plan whose outcome depends on its activities."""
    linear = linear_doses(document)
    moves = Moves(len(injections_of(document)))
    if not all_known(document):
        return Followed((), (), _staying(document, ()), not_repeated(document))
    case, wanted = treatment_of(document), wanted_of(document)
    found = {
        check: tree
        for check, moving in zip(
            following(case, wanted),
            following(treatment_at(case, document, moves.activities()), wanted),
            strict=True,
        )
        for tree in [outcomes(moving, moves)]
        if _depends(tree)
    }
    limits = [
        outcomes(partial(check, by_formula=case.by_formula), moves)
        for check in _limits(document, linear, moves)
    ]
    trees, names = [*found.values(), *filter(_depends, limits)], names_of(document)
    marks = [mark for one in found.values() for mark in _marks(one, names)]
    own = [one for check in found for one in check()]
    known = [one for one in wanted.limits if one.value_of in linear]
    own += limit_findings(known, len(case.injections), by_formula=case.by_formula)
    own += bound_findings(wanted.limits, len(case.injections), in_order=wanted.in_order)
    return Followed(
        trees=tuple(_tree(one, moves, names) for one in trees),
        marks=tuple(mark for i, mark in enumerate(marks) if mark not in marks[:i]),
        stay=_staying(document, set(_replaced(document, own, trees))),
        left_out=not_repeated(document),
    )


def _limits(
    document: Mapping[str, Any], linear: Mapping[str, Linear], moves: Moves
) -> Iterator[Callable[..., list[Finding]]]:
    """Each limit whose dose is known, with the reading of an image that decides."""
    for held in held_rows(document, linear):
        yield partial(_limit, held, document, moves)


def _limit(
    held: HeldRow, document: Mapping[str, Any], moves: Moves, *, by_formula: bool
) -> list[Finding]:
    gbq = moves.activities()
    return limit_findings(
        [limit_at(held, document, gbq)], len(gbq), planned=True, by_formula=by_formula
    )


def _replaced(
    document: Mapping[str, Any], own: Sequence[Finding], trees: Sequence[Any]
) -> Iterator[str]:
    """What the plan itself says by these checks, and of how its activity was found."""
    said = {one.message for one in own}
    known = {(one.code, begun(one.message)) for tree in trees for one in _leaves(tree)}
    for one in document["warnings"]:
        if one["message"] in said or (one["code"], begun(one["message"])) in known:
            yield one["message"]


def _depends(tree: Any) -> bool:
    """Whether an outcome, or a number that it says, follows the activities."""
    return isinstance(tree, Fork) or any(OPENED in one.message for one in tree)


def _leaves(tree: Any) -> list[Finding]:
    if isinstance(tree, Fork):
        return [*_leaves(tree.yes), *_leaves(tree.no)]
    return list(tree)


def _tree(tree: Any, moves: Moves, names: Mapping[str, str]) -> Any:
    """A check's outcomes as a page holds them: forks, and lists of findings."""
    if not isinstance(tree, Fork):
        return [_said(one, moves, names) for one in tree]
    yes, no = (_tree(one, moves, names) for one in (tree.yes, tree.no))
    if yes == no:
        return yes
    return {"if": _compared(tree.asked), "yes": yes, "no": no}


def _compared(asked: Comparison) -> dict[str, Any]:
    return {
        **_sum(asked.over, asked.under),
        "sign": asked.sign,
        "bound": asked.bound,
    }


def _sum(over: Sequence[float], under: Sequence[float]) -> dict[str, Any]:
    """A number that follows the activities: a constant, and a slope each."""
    plain = under[0] == 1 and not any(under[1:])
    return {"over": list(over)} if plain else {"over": list(over), "under": list(under)}


def _said(one: Finding, moves: Moves, names: Mapping[str, str]) -> dict[str, Any]:
    message = _by_name(one.message, one.subject, names)
    said, remedy = sentences(message, one.remedy)
    return {
        "code": one.code,
        "severity": str(one.severity),
        "said": _words(said, moves),
        "do": _words(remedy, moves),
    }


def _staying(
    document: Mapping[str, Any], replaced: Collection[str]
) -> tuple[dict[str, Any], ...]:
    """Findings of the plan that a page keeps, with why they were accepted."""
    reasons = {
        (one["code"], one["subject"]): one["reason"]
        for one in document.get("accepted", ())
    }
    names, found = names_of(document), []
    for one in document["warnings"]:
        if one["message"] in replaced:
            continue
        message = _by_name(one["message"], one["subject"], names)
        said, remedy = sentences(message, one.get("remedy") or "")
        reason = reasons.get((one["code"], one["subject"]))
        found.append(
            {
                "code": one["code"],
                "severity": one["severity"],
                "said": [said],
                "do": [f"{remedy} Accepted: {reason}".strip() if reason else remedy],
            }
        )
    return tuple(found)


def _by_name(message: str, subject: str, names: Mapping[str, str]) -> str:
    """A message that calls a structure as the page's table does."""
    drawn = names.get(subject, subject)
    if drawn == shown_name(subject):
        return message
    return message.replace(f"'{subject}'", f"'{drawn}'")


def sentences(message: str, remedy: str = "") -> tuple[str, str]:
    """What a finding says, and what to do, each as a sentence.

    >>> sentences("'normal_whole' gets 80 Gy: inject less", "inject less")
    ("'normal whole liver' gets 80 Gy.", 'Inject less.')
    """
    apart = bool(remedy) and message.lower().endswith(remedy.lower())
    said = message[: -len(remedy)] if apart else message
    return _sentence(said), _sentence(remedy) if apart else ""


def _sentence(text: str) -> str:
    said = spoken(text).rstrip(" :")
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '?')) else '.'}"


def _words(text: str, moves: Moves) -> list[Any]:
    """A text in pieces: words, and numbers with how they are written."""
    pieces: list[Any] = []
    for place, piece in enumerate(_NUMBER.split(text)):
        if place % 2:
            number, form = moves.shown[int(piece)]
            pieces.append({**_sum(number.over, number.under), "form": form})
        elif piece:
            pieces.append(piece)
    return pieces


def _marks(tree: Any, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Where a warning of a check begins or ends, as a sum that reaches a bound."""
    if not isinstance(tree, Fork):
        return
    yield from _marks(tree.yes, names)
    yield from _marks(tree.no, names)
    asked = tree.asked
    yes, no = (
        {(f.code, f.severity, f.subject): f for f in _leaves_at(one, asked)}
        for one in (tree.yes, tree.no)
    )
    apart = [f for key, f in yes.items() if key not in no]
    apart += [f for key, f in no.items() if key not in yes]
    over = [n - asked.bound * d for n, d in zip(asked.over, asked.under, strict=True)]
    for one in apart[:1]:
        if one.severity in GRAVE and one.bound:
            name = names.get(one.subject, spoken(one.subject))
            bound = f"{one.bound.value:g} {one.bound.unit}"
            yield {
                "text": f"{one.code} {name} {bound}".strip(),
                "gy": -over[0],
                "k": over[1:],
                "c": 0.0,
                "kind": "warns" if one.severity is Severity.WARN else "asks",
            }


def _leaves_at(tree: Any, asked: Comparison) -> list[Finding]:
    """What is said where the sum of a comparison is at its bound."""
    if not isinstance(tree, Fork):
        return list(tree)
    own = tree.asked
    if (own.over, own.under) != (asked.over, asked.under):
        return [*_leaves_at(tree.yes, asked), *_leaves_at(tree.no, asked)]
    yes = (asked.bound > own.bound) == (own.sign[0] == ">")
    return _leaves_at(tree.yes if yes else tree.no, asked)
