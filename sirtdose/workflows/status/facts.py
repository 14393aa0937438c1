"""What each kind of document tells of its step; a wrong kind of value is refused."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sirtdose.errors import InputError
from sirtdose.model.field import Field
from sirtdose.model.standing import Input, Session
from sirtdose.planning.sessions import day_of

_MOST_GBQ = 1e3


def of_plan(plan: Field) -> dict[str, Any]:
    """A plan.json: what it was made from, and who approved it."""
    typed, assumed = plan["inputs"], plan["assumptions"]
    update, approval = plan.get("update"), plan.get("approval")
    shunt = plan["lungs"].get("shunt_fraction")
    listed = list(assumed.get("injections") or ())
    activities = {
        one["name"].text(): _gbq(one.get("draw_activity_gbq") or one["activity_gbq"])
        for one in listed
    } or {"injection": _gbq(plan["draw_activity_gbq"])}
    return {
        "hash": plan["hash"].text(),
        "inputs": _inputs(plan.get("images")),
        "updates": _updates(update),
        "after": tuple(_sessions(assumed.get("sessions"))),
        "patient_key": _text(typed.get("patient_key")),
        "day": _day(typed.get("treatment_at") or typed.get("treatment_date")),
        "at": _time(typed.get("treatment_at")),
        "approved": plan["status"].text("draft", "approved") == "approved",
        "approved_at": _time(approval["at"]) if approval else None,
        "method": plan["method"].text(),
        "activities_gbq": activities,
        "shunt_fraction": shunt and shunt.number(least=0, most=1),
        "is_shunt_typed": typed.get("lung_shunt_fraction") is not None,
        "vessel": _text(typed.get("vessel")),
        "is_drawn": update is not None
        and any(one.get("drawn_gbq") is not None for one in update["injections"]),
        "typed": {
            key: plan.value.get(key)
            for key in ("method", "inputs", "assumptions", "device", "density")
        },
    }


def of_order(order: Field) -> dict[str, Any]:
    """An order.json: for which plan, and how much at the time of use."""
    whose, plan = order["inputs"], order.get("plan")
    rows = list(order["injections"])
    at = min((_time(one["at"]) for one in rows), key=str, default=None)
    return {
        "hash": order["hash"].text(),
        "of_plan": plan["hash"].text() if plan else "",
        "approved": plan is not None and plan["status"].text() == "approved",
        "patient_key": _text(whose.get("patient_key")),
        "vessel": _text(whose.get("vessel")),
        "at": at,
        "day": at and at.date(),
        "activities_gbq": {
            one["name"].text(): _gbq(one["ordered_at_use_gbq"]) for one in rows
        },
        # Of resin a part is drawn: more is ordered than is given.
        "typed": {"part_drawn": order.value.get("device") == "resin"},
    }


def of_vial(vial: Field) -> dict[str, Any]:
    """A vial.json: what was measured on the day, if anything."""
    whose, plan = vial["inputs"], vial.get("plan")
    measured = [
        (one["name"].text(), one["measured"])
        for one in vial["injections"]
        if one.get("measured") is not None
    ]
    return {
        "hash": vial["hash"].text(),
        "of_plan": plan["hash"].text() if plan else "",
        "patient_key": _text(whose.get("patient_key")),
        "activities_gbq": {name: _gbq(one["at_use_gbq"]) for name, one in measured},
        "is_drawn": bool(measured),
    }


def of_post(post: Field) -> dict[str, Any]:
    """A post.json: of which treatment and plan; a scan.json alike, without doses."""
    ledger, plan = post.get("ledger"), post.get("plan")
    times = post.get("times")
    inputs = _inputs(post.get("inputs"))
    hidden = bool(inputs) and all(not one.sha256 for one in inputs)
    at = _time(times.get("administered_at")) if times else None
    rows = list(ledger.get("injections") or ()) if ledger else []
    given = ledger.get("administered_gbq") if ledger else None
    earlier = plan.get("earlier") if plan else None
    approval = plan.get("approval") if plan else None
    approved_at = approval.get("at") if approval else None
    sessions = (earlier.get("sessions") or ()) if earlier else ()
    updates = (earlier.get("updates") or ()) if earlier else ()
    return {
        "inputs": inputs,
        "of_plan": _text(plan.get("hash")) if plan else "",
        "approved_at": _time(approved_at),
        "updates": tuple(one.text() for one in updates),
        "after": tuple(_sessions(sessions)),
        "at": at,
        "day": at and at.date(),
        "activities_gbq": {
            one["name"].text(): _gbq(one["administered_gbq"]) for one in rows
        },
        "given_gbq": given and _gbq(given),
        "deidentified": hidden,
    }


def of_shunt(shunt: Field) -> dict[str, Any]:
    """A lsf.json: the fraction, and its images where there are any."""
    return {
        "inputs": _inputs(shunt.get("inputs")),
        "method": shunt["method"].text(),
        "shunt_fraction": shunt["lung_shunt_fraction"].number(least=0, most=1),
    }


def of_lesions(lesions: Field) -> dict[str, Any]:
    """A lesions.json: the results that it is made from, and its follow-ups."""
    visits = list(lesions["visits"])
    later = [one for one in visits if one["kind"].text() == "follow-up"]
    digests = (one.get("sha256") for one in visits)
    return {
        "hash": lesions["hash"].text(),
        "case_id": _text(lesions.get("case_id")),
        "refers": frozenset(one.text() for one in digests if one),
        "follow_ups": tuple(
            day for one in later for day in [_day(one.get("date"))] if day
        ),
        "follow_up_days": tuple(
            round(days.number(least=-1e5, most=1e5))
            for one in later
            for days in [one.get("days")]
            if days
        ),
        "deidentified": lesions["deidentified"].flag(),
    }


def of_uptake(suv: Field) -> dict[str, Any]:
    """A suv.json: one PET, before or after the treatment."""
    at = _time(suv["scan"].get("started"))
    hidden = suv["deidentified"].flag()
    return {
        "inputs": _inputs(suv.get("inputs")),
        "case_id": _text(suv.get("case_id")),
        "at": at,
        "day": at and at.date(),
        "follow_ups": (at.date(),) if at else (),
        "deidentified": hidden,
    }


def of_responses(response: Field) -> list[dict[str, Any]]:
    """A response.json: each of its cases, by the days after its baseline."""
    scans = response.get("scans")
    digests = [one.get("sha256") for one in scans["visits"]] if scans else []
    return [
        {
            "case_id": case["case_id"].text(),
            "refers": frozenset(one.text() for one in digests if one),
            "follow_ups": tuple(
                day
                for one in case["timepoints"]
                for day in [_day(one.get("date"))]
                if day
            ),
        }
        for case in response["cases"]
    ]


def _inputs(rows: Field | None) -> tuple[Input, ...]:
    return tuple(
        Input(
            kind=_text(one.get("kind")) or "image",
            file=one["file"].text(),
            sha256=_text(one.get("sha256")),
            files=round(files.number(least=1, most=1e7)) if files else 1,
            series=_text(one.get("series_instance_uid")),
        )
        for one in rows or ()
        for files in [one.get("files")]
    )


def _updates(update: Field | None) -> tuple[str, ...]:
    if update is None:
        return ()
    before = update.get("updates")
    return (update["hash"].text(), *(before.texts() if before else ()))


def _sessions(rows: Any) -> Iterator[Session]:
    for one in rows or ():
        before = one.get("includes")
        yield Session(
            one["kind"].text(),
            _text(one.get("hash")),
            before.texts() if before else (),
        )


def _gbq(value: Field) -> float:
    return value.number(least=0, most=_MOST_GBQ)


def _text(value: Field | None) -> str:
    return value.text() if value else ""


def _day(value: Field | None) -> date | None:
    return day_of(value.text()) if value else None


def _time(value: Field | None) -> datetime | None:
    """A time with its zone; of one without, as UTC."""
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value.text())
    except ValueError:
        raise InputError(f"{value.where} is no time: do not edit it") from None
