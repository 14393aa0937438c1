"""What a plan's page says at other activities, against new plans of these."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import pytest

from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning import bsa_plan, mird_plan, partition_plan
from sirtdose.planning.case_plan import plan_of
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.result import Plan
from sirtdose.report.documents import document_text
from sirtdose.report.plan.document import plan_document
from sirtdose.report.plan.moved import followed, sentences
from sirtdose.report.plan.rows import plan_rungs
from sirtdose.report.plan.what_if import what_if
from sirtdose.workflows.plan.numbers import PlanRequest, judged

GRAVE = ("stop", "ask", "warn")
T1, T2 = Tumor("T1", 150, 4.0), Tumor("T2", 40, 3.0)


@dataclass(frozen=True)
class Moved:
    """A plan, and how a new one of other activities is made."""

    request: PlanRequest
    make: Callable[[PlanRequest, Sequence[float]], Plan]
    gbq: tuple[float, ...]
    positions: tuple[tuple[float, ...], ...]
    rules: tuple[float, float | None] = field(default=(0.0, None))

    def plan(self, gbq: Sequence[float]) -> tuple[Plan, list[Finding]]:
        limited, _ = self.request.with_limits(*self.rules)
        plan = self.make(limited, gbq)
        return plan, judged(plan, limited)

    def said(self, *gbq: float) -> set[tuple[str, ...]]:
        """What a new plan says, as a page words it."""
        return {
            (one.code, str(one.severity), *sentences(one.message, one.remedy))
            for one in self.plan(gbq)[1]
        }

    @property
    def document(self) -> dict[str, Any]:
        plan, findings = self.plan(self.gbq)
        text = document_text(plan_document(replace(plan, findings=tuple(findings))))
        found: dict[str, Any] = json.loads(text)
        return found


def by_dose(request: PlanRequest, gbq: Sequence[float]) -> Plan:
    """1000 mL of 1.05 kg: the dose that gives this activity."""
    shunt = request.lung_shunt_fraction or 0.0
    dose = request.nuclide.dose_constant_gy_kg_per_gbq * gbq[0] * (1 - shunt) / 1.05
    return mird_plan.plan(request, dose_gy=dose, perfused_volume_ml=1000.0)


def by_whole_liver(request: PlanRequest, gbq: Sequence[float]) -> Plan:
    """The same, where these 1000 mL are all of the liver."""
    own = by_dose(request, gbq)
    return mird_plan.plan(
        request,
        dose_gy=own.compartments[0].dose_gy,
        perfused_volume_ml=1000.0,
        liver_volume_ml=1000.0,
    )


def by_surface(request: PlanRequest, gbq: Sequence[float]) -> Plan:
    own = bsa_plan.plan(
        request,
        height_cm=170,
        weight_kg=70,
        liver_volume_ml=1600,
        tumor_volume_ml=200,
    )
    assumed = own.assumptions
    return plan_of(gbq, own.case, request, method="bsa", assumptions=assumed)


def by_ratio(request: PlanRequest, gbq: Sequence[float]) -> Plan:
    one = Injection("right", 1000, (T1, T2), "activity", gbq[0])
    return partition_plan.plan(request, [one], liver_volume_ml=1700)


def two(request: PlanRequest, gbq: Sequence[float]) -> Plan:
    right = Injection("right", 700, (T1,), "activity", gbq[0], 0.05, None, 15.0)
    left = Injection("left", 200, (T2,), "activity", gbq[1], 0.4)
    return partition_plan.plan(request, [right, left], liver_volume_ml=1700)


RESIN, GLASS = Device.named("resin"), Device.named("glass")
HOLMIUM = {"device": Device.named("ho166"), "nuclide": Nuclide.named("Ho-166")}
SHUNT = {"lung_shunt_fraction": 0.06, "lung_shunt_source": "spect"}
CASES = {
    "by dose, glass": Moved(
        PlanRequest(device=GLASS, **SHUNT),
        by_dose,
        (2.7,),
        ((0.003,), (0.11,), (1.0,), (3.4,), (4.1,), (19.9,), (20.1,), (92.0,), (9e3,)),
    ),
    # 47.3 * 0.94 Gy per GBq: bounds at 1.124 and 1.687 GBq, 90 Gy at 2.024 GBq.
    "by dose, glass, high bilirubin": Moved(
        PlanRequest(device=GLASS, bilirubin_mg_per_dl=1.4, **SHUNT),
        by_whole_liver,
        (1.0,),
        ((0.5,), (1.1,), (1.15,), (1.65,), (1.7,), (2.1,), (4.0,)),
    ),
    "by dose, glass, low bilirubin": Moved(
        PlanRequest(device=GLASS, bilirubin_mg_per_dl=0.9, **SHUNT),
        by_whole_liver,
        (1.0,),
        ((0.5,), (1.15,), (1.7,), (2.0,), (2.05,), (4.0,)),
    ),
    "by dose, resin, treated before": Moved(
        PlanRequest(device=RESIN, prior_liver_dose_gy=20.0, **SHUNT),
        by_dose,
        (0.9,),
        ((0.05,), (1.1,), (1.25,), (2.3,), (3.0,), (3.001,), (12.0,)),
    ),
    "no microspheres": Moved(PlanRequest(), by_dose, (1.0,), ((0.1,), (2.0,), (30.0,))),
    "holmium": Moved(
        PlanRequest(**HOLMIUM, **SHUNT), by_dose, (4.0,), ((0.25,), (0.31,), (9.0,))
    ),
    "by surface": Moved(
        PlanRequest(limits_gy={"lungs": 5.0, "liver": 50.0}, **SHUNT),
        by_surface,
        (1.7,),
        ((1.2,), (1.85,), (2.6,), (3.2,)),
    ),
    "by dose, limits that are not known": Moved(
        PlanRequest(
            device=GLASS,
            limit_table="eanm2022:glass:hcc:lobectomy",
            bilirubin_mg_per_dl=0.9,
            **SHUNT,
        ),
        by_dose,
        (2.7,),
        ((2.0,), (4.0,), (8.0,)),
        rules=(1000.0, None),
    ),
    "by ratio, a table of limits": Moved(
        PlanRequest(
            device=GLASS,
            limit_table="eanm2022:glass:hcc:lobectomy",
            bilirubin_mg_per_dl=0.9,
            prior_liver_dose_gy=12.0,
            prior_lung_dose_gy=20.0,
            **SHUNT,
        ),
        by_ratio,
        (1.45,),
        ((0.9,), (2.0,), (3.0,), (4.4,), (5.6,), (8.0,), (11.0,)),
        rules=(1000.0, 1700.0),
    ),
    "by ratio, own limits": Moved(
        PlanRequest(
            device=RESIN,
            limits_gy={"normal": 40.0, "T1": 200.0, "lungs": 12.0},
            **SHUNT,
        ),
        by_ratio,
        (1.2,),
        ((1.0,), (1.5,), (2.2,), (3.3,), (4.5,)),
    ),
    "two injections": Moved(
        PlanRequest(
            device=RESIN,
            limits_gy={"normal": 60.0, "liver": 45.0},
            lung_shunt_source="planar",
        ),
        two,
        (1.0, 0.45),
        (
            *((0.5, 0.45), (1.0, 0.2), (0.7, 0.7), (0.7, 0.7036), (0.6, 1.8)),
            *((3.5, 3.4), (0.2, 6.0), (12.0, 9.0), (0.004, 0.006), (2.0, 0.01)),
        ),
    ),
}


def value(number: dict[str, Any], gbq: Sequence[float]) -> float:
    over, under = (
        sum(k * each for k, each in zip(terms[1:], gbq, strict=True)) + terms[0]
        for terms in (number["over"], number.get("under") or [1.0, *[0.0] * len(gbq)])
    )
    return over / under


def outcome(tree: Any, gbq: Sequence[float]) -> list[dict[str, Any]]:
    if isinstance(tree, list):
        return tree
    asked = tree["if"]
    is_so = {
        ">": float.__gt__,
        ">=": float.__ge__,
        "<": float.__lt__,
        "<=": float.__le__,
    }[asked["sign"]](value(asked, gbq), asked["bound"])
    return outcome(tree["yes" if is_so else "no"], gbq)


def written(pieces: Sequence[Any], gbq: Sequence[float]) -> str:
    texts = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        form = piece["form"]
        if form.startswith(("apart", "rounded")):
            form = ".4g"
        texts.append(format(value(piece, gbq), form))
    return "".join(texts)


def page_says(document: dict[str, Any], *gbq: float) -> set[tuple[str, ...]]:
    found = followed(document)
    own = {
        (
            one["code"],
            one["severity"],
            written(one["said"], gbq),
            written(one["do"], gbq),
        )
        for tree in found.trees
        for one in outcome(tree, gbq)
    }
    return own | {
        (one["code"], one["severity"], *one["said"], *one["do"]) for one in found.stay
    }


def without_activities(said: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Without what is rounded down or up: its fourth digit may be another."""
    rounded = r"(at most|less than|needs) .*(GBq \(.* mCi\)|GBq)"
    return {
        (*one[:2], *(re.sub(rounded, "", text) for text in one[2:])) for one in said
    }


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_is_what_a_new_plan_says(name: str) -> None:
    case = CASES[name]
    document = case.document
    seen = set()
    for gbq in (case.gbq, *case.positions):
        new = case.said(*gbq)
        page = without_activities(page_says(document, *gbq))
        assert page == without_activities(new)
        seen.add(frozenset(one[:2] for one in new if one[1] in GRAVE))
    assert len(seen) > 1, "no position changes what is said"


def test_every_check_that_follows_the_activity_is_met_somewhere() -> None:
    said = {
        one[:2]
        for case in CASES.values()
        for gbq in case.positions
        for one in case.said(*gbq)
    }
    assert {
        *(("H04", "warn"), ("H05", "ask"), ("H05", "note"), ("H07", "ask")),
        *(("H07", "warn"), ("H22", "warn"), ("H22", "ask"), ("H25", "warn")),
        *(("H42", "ask"), ("H43", "ask"), ("H43", "warn")),
    } <= said


def begins(case: Moved, gbq: float, n: int) -> float:
    """The activity near a mark at which new plans say another thing, by halving."""

    def said(at: float) -> tuple[Any, ...]:
        each = [*case.gbq]
        each[n] = at
        plan, found = case.plan(each)
        met = tuple(one.met for one in plan.limits)
        return met, {(one.code, one.severity, one.subject) for one in found}

    low, high = gbq * 0.995, gbq * 1.005
    first = said(low)
    if said(high) == first:
        return inf
    while high - low > 1e-8 * gbq:
        middle = (low + high) / 2
        low, high = (middle, high) if said(middle) == first else (low, middle)
    return high


@pytest.mark.parametrize(
    "name", ["by dose, glass", "by ratio, own limits", "two injections"]
)
def test_a_mark_is_where_new_plans_begin_to_say_it(name: str) -> None:
    case = CASES[name]
    document = case.document
    data = what_if(document, plan_rungs(document), followed(document))
    found = 0
    for mark in data["marks"]:
        for n, slope in enumerate(mark["k"]):
            others = sum(
                k * gbq
                for m, (k, gbq) in enumerate(zip(mark["k"], case.gbq, strict=True))
                if m != n
            )
            at = (mark["gy"] - mark["c"] - others) / slope if slope else 0.0
            # No plan is of a thousand GBq, and none of a dose that is there already.
            if mark["kind"] == "goal" or not 1e-4 < at < 1e3:
                continue
            assert begins(case, at, n) == pytest.approx(at, rel=1e-7), mark["text"]
            found += 1
    assert found >= 4


def test_at_a_bound_nothing_is_said_and_just_beyond_it_is() -> None:
    """150 Gy to the perfused volume of glass, whatever the last digits are."""
    case = CASES["by dose, glass"]
    at = 150 * 1.05 / 49.67 / 0.94
    document = case.document
    for gbq, says in ((at, False), (at * (1 + 2e-10), False), (at * (1 + 1e-8), True)):
        for said in (case.said(gbq), page_says(document, gbq)):
            assert any("unusual with" in one[2] for one in said) is says


def test_what_an_image_is_needed_for_is_named() -> None:
    document = CASES["by ratio, own limits"].document | {"method": "image"}
    assert [one[:3] for one in followed(document).left_out] == ["H14", "H22", "H28"]


def test_a_plan_without_its_doses_per_gbq_repeats_nothing() -> None:
    """As plans of two injections were written before they listed these."""
    document = CASES["two injections"].document
    for one in document["compartments"]:
        del one["dose_gy_per_gbq"]
    found = followed(document)
    assert found.trees == ()
    assert set(found.left_out) == {one["code"] for one in document["warnings"]}
    assert len(found.stay) == len(document["warnings"])
