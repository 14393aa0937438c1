"""The options of `sirtdose post` for a treatment, and what they lack."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sirtdose.model.nuclide import Nuclide
from sirtdose.model.treatment_record import Stated, TreatmentRecord
from sirtdose.model.worklist import Choice, Session

RESIDUAL, STRUCTURES = "residual", "structures"
_NET = (
    "0 GBq: the activity of the dose report has the residual subtracted already "
    "(PS3.16, TID 10022)"
)
_SHARED = ("device", "nuclide", "structures", "residual_method", "lung_shunt_source")
_DIGITS = 10
# The activity of a vial is the first of these that its record has.
_GIVEN = ("administered", "assay", "delivered")


def options_of(
    session: Session, *, without: Collection[str] = ()
) -> tuple[dict[str, Choice], list[str]]:
    """Columns of a manifest with the places that they are from, and what is missing."""
    groups = _by_injection(session.records)
    options, missing = _shared(session.records)
    if len(groups) == 1:
        own, lacks = _single(groups[0], session.nuclide, without)
        options |= own
        missing += lacks
    else:
        texts, places = [], []
        for number, group in enumerate(groups, 1):
            own, lacks = _single(group, session.nuclide, without)
            text, more = _injection(group[0], own, session.nuclide)
            missing += [f"{one} of injection {number}" for one in (*lacks, *more)]
            texts.append(text)
            places += [place for one in own.values() for place in one.places]
        options["injection"] = Choice("|".join(texts), tuple(dict.fromkeys(places)))
    if "residual" not in options and "injection" not in options:
        options.pop("residual_method", None)
    if "lung_shunt" not in options and "injection" not in options:
        options.pop("lung_shunt_source", None)
    return options, missing


def _by_injection(records: Sequence[TreatmentRecord]) -> list[list[TreatmentRecord]]:
    """The vials of each injection: those of one name are given as one."""
    groups: defaultdict[str | int, list[TreatmentRecord]] = defaultdict(list)
    for number, one in enumerate(records):
        groups[one.text("injection") or number].append(one)
    return list(groups.values())


def _shared(
    records: Sequence[TreatmentRecord],
) -> tuple[dict[str, Choice], list[str]]:
    """What holds for all injections of a session."""
    options: dict[str, Choice] = {}
    missing = []
    for key in (*_SHARED, "study_uid"):
        found = [one.values[key] for one in records if key in one.values]
        texts = {one.text for one in found}
        if len(texts) > 1:
            missing.append(
                f"one {key} for all of its lines: {' or '.join(sorted(texts))}"
            )
        elif found:
            options[key] = Choice(found[0].text, (found[0].where,))
    # The study is joined already.
    options.pop("study_uid", None)
    if "device" in options:
        options.pop("nuclide", None)
    elif "nuclide" not in options:
        missing.append("nuclide or device")
    return options, missing


def _single(
    vials: Sequence[TreatmentRecord], nuclide: str, without: Collection[str]
) -> tuple[dict[str, Choice], list[str]]:
    """Activity, residual and times of one injection, of one vial or several."""
    if len(vials) > 1:
        return _summed(vials, nuclide, without)
    values = vials[0].values
    options: dict[str, Choice] = {}
    missing: list[str] = []
    if "administered" in values:
        _take(options, values, "administered")
    elif "delivered" in values and "assay_at" not in values:
        options["administered"] = _of(values["delivered"])
        options["residual"] = Choice("0 GBq", (f"{values['delivered'].where}: {_NET}",))
    elif "assay" in values:
        _take(options, values, "assay", "assay_at")
        if "assay_at" not in values:
            missing.append("time that the activity is calibrated to (assay_at)")
    else:
        missing.append("activity (administered, or assay and assay_at)")
    _take(options, values, "administered_at", "lung_shunt")
    if "administered_at" not in values:
        missing.append("time of the administration (time, or administered_at)")
    if RESIDUAL not in options:
        missing += _residual(options, values, without)
    return options, missing


def _residual(
    options: dict[str, Choice], values: Mapping[str, Stated], without: Collection[str]
) -> list[str]:
    if RESIDUAL not in values:
        lacks = "residual (0 GBq if nothing was left)"
        return [] if RESIDUAL in without else [lacks]
    _take(options, values, RESIDUAL)
    if not values[RESIDUAL].amount:
        return []
    _take(options, values, "residual_at")
    lacks = "time that the residual was measured (residual_at)"
    return [] if "residual_at" in values else [lacks]


def _take(options: dict[str, Choice], values: Mapping[str, Stated], *keys: str) -> None:
    options |= {key: _of(values[key]) for key in keys if key in values}


def _of(stated: Stated) -> Choice:
    return Choice(stated.text, (stated.where,))


def _summed(
    vials: Sequence[TreatmentRecord], nuclide: str, without: Collection[str]
) -> tuple[dict[str, Choice], list[str]]:
    """Several vials of one injection: their sum at the time of the first."""
    each = [_single([one], nuclide, without) for one in vials]
    lacks = [said for _, missing in each for said in missing]
    perfused = {one.text("perfused") for one in vials} - {""}
    if len(perfused) > 1:
        each_one = " or ".join(sorted(perfused))
        lacks.append(f"one perfused for the vials of one injection: {each_one}")
    if lacks or not nuclide:
        return {}, list(dict.fromkeys(lacks))
    first = min(one.at for one in vials if one.at is not None)
    given = [_administered(one) for one in vials]
    activity = sum(gbq / _decay(nuclide, first, at) for gbq, at, _ in given)
    options = {
        "administered": Choice(
            f"{activity:.{_DIGITS}g} GBq", tuple(where for _, _, where in given)
        ),
        "administered_at": Choice(
            first.isoformat(), (next(w for _, at, w in given if at == first),)
        ),
    }
    # Of a net activity nothing is left to subtract.
    own = [
        one
        for one, (found, _) in zip(vials, each, strict=True)
        if one.amount(RESIDUAL) and "residual_at" in found
    ]
    left = [one.values[RESIDUAL] for one in own]
    if left:
        times = [one.values["residual_at"].at for one in own]
        start = min(at for at in times if at is not None)
        gbq = sum(
            (one.amount or 0.0) / _decay(nuclide, start, at)
            for one, at in zip(left, times, strict=True)
            if at is not None
        )
        places = tuple(one.where for one in left)
        options[RESIDUAL] = Choice(f"{gbq:.{_DIGITS}g} GBq", places)
        options["residual_at"] = Choice(start.isoformat(), places)
    elif all(RESIDUAL in found for found, _ in each):
        options[RESIDUAL] = Choice(
            "0 GBq", tuple(p for f, _ in each for p in f[RESIDUAL].places)
        )
    shunts = {found["lung_shunt"].text for found, _ in each if "lung_shunt" in found}
    if len(shunts) > 1:
        lacks = [f"one lung_shunt for its vials: {' or '.join(sorted(shunts))}"]
    elif shunts:
        options["lung_shunt"] = next(
            f["lung_shunt"] for f, _ in each if "lung_shunt" in f
        )
    return options, lacks


def _administered(record: TreatmentRecord) -> tuple[float, datetime, str]:
    """What was given, GBq, when, and where that is written."""
    at = record.at
    assert at is not None
    key = next(one for one in _GIVEN if one in record.values)
    return record.given_gbq or 0.0, at, record.values[key].where


def _decay(nuclide: str, start: datetime, end: datetime) -> float:
    """What is left of an activity at the end, as a fraction."""
    hours = (end - start).total_seconds() / 3600
    return float(Nuclide.named(nuclide).decay_factor(hours))


def _injection(
    record: TreatmentRecord, own: Mapping[str, Choice], nuclide: str
) -> tuple[str, list[str]]:
    """An injection as `--injection` takes it, and what it lacks."""
    perfused = record.text("perfused")
    name = record.text("injection") or perfused
    missing = [] if perfused else ["structure that it perfused (perfused)"]
    if any(sign in f"{name}{perfused}" for sign in "|="):
        missing.append("name without '|' and '=' (injection, perfused)")
    activity = own.get("administered")
    at = own.get("administered_at")
    if "assay" in own and "assay_at" in own and at is not None and nuclide:
        gbq, _, _ = _administered(record)
        text = f"{gbq:.{_DIGITS}g} GBq"
    else:
        text = activity.text if activity else ""
    parts = [f"perfused:{perfused}", f"activity:{text}@{at.text if at else ''}"]
    if RESIDUAL in own:
        when = own.get("residual_at")
        parts.append(
            f"residual:{own[RESIDUAL].text}" + (f"@{when.text}" if when else "")
        )
    if "lung_shunt" in own:
        parts.append(f"lung-shunt:{own['lung_shunt'].text}")
    return f"{name}={','.join(parts)}", missing
