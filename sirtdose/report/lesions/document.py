"""lesions.json: every lesion with its visits, its doses and its response."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sirtdose import __version__
from sirtdose.data.load import table
from sirtdose.model.history import Entry, Source, Visit
from sirtdose.outcomes.history import History, Measured
from sirtdose.outcomes.response import Best, TimePoint
from sirtdose.report.documents import rounded, said_document, without_names
from sirtdose.report.page_head import REMOVED
from sirtdose.report.plan.hash import signed
from sirtdose.report.post.deidentified import with_names_replaced

LESIONS_FILE = "lesions.json"
_DOSED = ("plan", "treatment")
_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_MESSAGES = ("message", "remedy", "subject", "rule", "reason", "no_sum")


def lesions_document(history: History) -> dict[str, Any]:
    """What lesions.json holds; without dates and files where it is de-identified.

    Its hash tells whether it was changed.
    """
    hidden = history.deidentified
    document = {
        "schema": "sirtdose.lesions/1",
        "sirtdose_version": __version__,
        "case_id": history.case_label,
        "deidentified": hidden,
        "rules": {
            name: {
                "value": one.get("min", one.get("max")),
                "source": one["source"],
                "verified": one["verified"],
            }
            for name, one in table("lesion_match").items()
        },
        "visits": [_visit(visit, source, history) for visit, source in history.visits],
        "lesions": [_lesion(name, history) for name in history.lesions],
        "no_sum": history.no_sum or None,
        "responses": [_response(one, history) for one in history.measured],
        **said_document(history.findings, history.accepted),
    }
    return signed(rounded(_hidden(document, history) if hidden else document))


def _days(day: date | None, since: date | None) -> int | None:
    return None if day is None or since is None else (day - since).days


def _visit(visit: Visit, source: Source, history: History) -> dict[str, Any]:
    treated = [
        one.day
        for one, _ in history.visits
        if one.kind == "treatment" and one.day and visit.day and one.day <= visit.day
    ]
    last, hidden = treated[-1] if treated else None, history.deidentified
    return {
        "label": visit.label,
        "kind": visit.kind,
        "date": _date(visit.day, history),
        "days": _days(visit.day, history.first_treated),
        "days_since_last_treatment": _days(visit.day, last),
        "file": visit.label if hidden else source.file.rpartition("/")[2],
        "sha256": None if history.deidentified else next(iter(source.digests), None),
        "contours": any(one.structure is not None for one in source.seen),
    }


def _date(day: date | None, history: History) -> str | None:
    return None if day is None or history.deidentified else day.isoformat()


def _lesion(name: str, history: History) -> dict[str, Any]:
    entries = history.lesions[name]
    by_label = {visit.label: visit for visit, _ in history.visits}
    volumes = [
        (by_label[one.visit], one.seen.volume_ml)
        for one in entries
        if one.seen.volume_ml is not None
    ]
    before = next((ml for visit, ml in volumes if visit.kind in _DOSED), None)
    later = [(one.label, ml) for one, ml in volumes if one.kind == "follow-up"]
    at, after = later[-1] if later else (None, None)
    change = None if not before or after is None else after / before - 1
    return {
        "name": name,
        "first_seen": entries[0].visit if entries else None,
        "not_seen": _not_seen(entries, history),
        "volume_before_ml": before,
        "volume_after_ml": after,
        "volume_after_visit": at,
        "volume_change": change,
        "sum_gy": dict(history.sums_gy.get(name, {})),
        "visits": [_entry(one) for one in entries],
        "responses": [
            {
                "criteria": one.criteria,
                "timepoints": [_point(it, history) for it in own.points],
                "best": _best(own.best, history),
            }
            for one in history.measured
            for own in [one.own.get(name)]
            if own is not None
        ],
    }


def _not_seen(entries: Sequence[Entry], history: History) -> list[str]:
    """Visits behind its first one that have lesions, but not this."""
    here = {one.visit for one in entries}
    labels = [visit.label for visit, source in history.visits if source.digests]
    own = [label for label in labels if label in here]
    first = labels.index(own[0]) if own else len(labels)
    return [label for label in labels[first:] if label not in here]


def _entry(one: Entry) -> dict[str, Any]:
    like = one.match.likeness
    return {
        "visit": one.visit,
        "name": one.seen.name,
        "matched_by": one.match.by,
        "match": one.match.words,
        "dice": like and like.dice,
        "part_of_smaller": like and like.part,
        "apart_mm": like and like.apart_mm,
        "frame_assumed": like and like.assumed,
        "doubt": one.match.doubt or None,
        "volume_ml": one.seen.volume_ml,
        "dose_gy": {
            method: {"mean": own["mean"], "d70": own.get("d70")}
            for method, own in one.seen.doses_gy.items()
        },
        "diameter_mm": dict(one.seen.diameter_mm),
        "sul_peak": one.seen.sul_peak,
    }


def _response(one: Measured, history: History) -> dict[str, Any]:
    rules = table("response_criteria")[one.criteria]
    return {
        "criteria": one.criteria,
        "name": rules["name"],
        "source": rules["source"],
        "verified": rules["verified"],
        "file": one.criteria if history.deidentified else one.file,
        "sha256": None if history.deidentified else one.digest,
        "baseline_days": _days(one.case.baseline_day, history.first_treated),
        "timepoints": [_point(it, history) for it in one.case.timepoints],
        "best": _best(one.case.best, history),
    }


def _point(point: TimePoint, history: History) -> dict[str, Any]:
    visit = next(
        one.label
        for one, _ in history.visits
        if one.kind == "follow-up" and one.day == point.day
    )
    return {
        "visit": visit,
        "days": _days(point.day, history.first_treated),
        "response": point.response,
        "rule": point.rule,
        "sum": point.sum,
        "change_from_baseline": point.change_from_baseline,
    }


def _best(best: Best, history: History) -> dict[str, Any]:
    return {
        "response": best.response,
        "rule": best.rule,
        "days": _days(best.day, history.first_treated),
    }


def _hidden(document: Mapping[str, Any], history: History) -> dict[str, Any]:
    """Messages without dates and names of files; acceptances without who accepted."""
    names = {source.file: visit.label for visit, source in history.visits}
    names |= {one.file: one.criteria for one in history.measured}
    # Of a result the folder's name stands before the file's.
    names |= {
        source.file.split("/")[0]: visit.label
        for visit, source in history.visits
        if "/" in source.file
    }
    told = {key: _told(one, names) for key, one in document.items()}
    return told | {"accepted": without_names(told["accepted"])}


def _told(value: Any, names: Mapping[str, str], key: str = "") -> Any:
    """A copy with dates and names of files taken out of what messages say."""
    if isinstance(value, str):
        if key not in _MESSAGES:
            return value
        return _DATE.sub(REMOVED, with_names_replaced(value, names))
    if isinstance(value, Mapping):
        return {own: _told(one, names, own) for own, one in value.items()}
    if isinstance(value, list):
        return [_told(one, names, key) for one in value]
    return value
