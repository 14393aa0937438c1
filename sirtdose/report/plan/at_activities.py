"""A plan's treatment and limits with other activities than its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sirtdose.checks.documented import treatment_of, wanted_of
from sirtdose.checks.judge import judge_plan
from sirtdose.model.finding import Finding
from sirtdose.model.limit import Limit
from sirtdose.model.treatment import Treatment
from sirtdose.planning.limits import held_against, rule_of
from sirtdose.planning.partition_case import Line
from sirtdose.report.plan.document import readings
from sirtdose.report.plan.rows import Linear, injections_of, linear_doses

# What needs the image again, by the checks' codes.
_OF_THE_IMAGE = {
    "H14": "counts outside the perfused volumes",
    "H22": "lung dose by the image",
    "H28": "hot spots",
}
_PICK = {"at_most": max, "at_least": min}
HeldRow = tuple[Mapping[str, Any], Sequence[Line]]


def all_known(document: Mapping[str, Any]) -> bool:
    """Whether every dose of a plan is known for other activities."""
    known = linear_doses(document)
    return all(one["name"] in known for one in readings(document))


def not_repeated(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The checks that are not repeated for other activities.

    All that said something, where a dose by injection is not known.
    """
    if not all_known(document):
        return tuple(sorted({one["code"] for one in document["warnings"]}))
    if document["method"] != "image":
        return ()
    return tuple(f"{code} ({what})" for code, what in _OF_THE_IMAGE.items())


def judged_at(document: Mapping[str, Any], gbq: Sequence[float]) -> list[Finding]:
    """What the checks of plans say of these activities, one of each injection.

    Those that need the image again are not repeated.
    """
    wanted = wanted_of(document)
    known = linear_doses(document)
    case = treatment_at(treatment_of(document), document, gbq)
    limits = [limit_at(one, document, gbq) for one in held_rows(document, known)]
    limits += [one for one in wanted.limits if one.value_of not in known]
    # Activities are typed here, and computed from no goal.
    return judge_plan(
        replace(case, prescribed_gy=0.0), replace(wanted, limits=tuple(limits))
    )


def treatment_at(
    case: Treatment, document: Mapping[str, Any], gbq: Sequence[Any]
) -> Treatment:
    """The same treatment with other activities, which may be numbers that move."""
    linear = linear_doses(document)
    alone = len(gbq) == 1
    first = case.injections[0].activity_gbq
    shunted = sum(
        (one.lung_shunt_fraction or 0.0) * each
        for one, each in zip(case.injections, gbq, strict=True)
    )
    second = {
        one["name"]: one["all_counts"]["name"]
        for one in document["compartments"]
        if one.get("all_counts")
    }
    return replace(
        case,
        injections=tuple(
            replace(one, activity_gbq=each)
            for one, each in zip(case.injections, gbq, strict=True)
        ),
        parts=tuple(
            replace(
                one,
                doses_gy=_doses(linear[one.name], gbq),
                all_counts_gy=_doses(linear[second[one.name]], gbq)
                if one.name in second
                else (),
                # Hot spots of several injections do not follow any one of them.
                focus_gy=one.focus_gy / first * gbq[0]
                if alone and one.focus_gy
                else one.focus_gy,
            )
            for one in case.parts
        ),
        lungs=replace(case.lungs, shunt_fraction=shunted / sum(gbq))
        if case.lungs.known
        else case.lungs,
        prescribed_gy=case.prescribed_gy / first * gbq[0]
        if case.prescribed_gy
        else 0.0,
    )


def _doses(linear: Linear, gbq: Sequence[Any]) -> tuple[float, ...]:
    return tuple(k * each for k, each in zip(linear.gy_per_gbq, gbq, strict=True))


def held_rows(
    document: Mapping[str, Any], linear: Mapping[str, Linear]
) -> Iterator[HeldRow]:
    """Each limit whose dose is known, with the readings of an image it can be of."""
    same = [
        {own["name"], own["all_counts"]["name"]}
        for own in document["compartments"]
        if own.get("all_counts")
    ]
    for row in document["limits"]:
        of = row["value_of"]
        if of not in linear:
            continue
        names = {of}
        if row["sense"] in _PICK:
            names = next((pair for pair in same if of in pair), names)
        yield (
            row,
            [
                Line(name, linear[name].prior_gy, linear[name].gy_per_gbq)
                for name in sorted(names)
            ],
        )


def limit_at(held: HeldRow, document: Mapping[str, Any], gbq: Sequence[Any]) -> Limit:
    """A limit with the dose that decides, by the reading that is nearest to it."""
    row, lines = held
    pick = _PICK.get(row["sense"], max)
    line = pick(lines, key=lambda one: one.value_gy(gbq))
    names = [one["name"] for one in injections_of(document)]
    return held_against(rule_of(row), line, names, gbq)
