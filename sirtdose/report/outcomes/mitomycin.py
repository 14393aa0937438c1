"""A schedule of mitomycin C as a document and a summary."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sirtdose import __version__
from sirtdose.data.load import table as data_table
from sirtdose.outcomes.eligibility import CriteriaSet, Judged
from sirtdose.outcomes.mitomycin import Cycle
from sirtdose.report.outcomes.eligibility import judged_documents, judged_table
from sirtdose.report.screen import Screen
from sirtdose.report.wording import table

_ENTRY = (
    "the study's limits for entering it, as the case has them now: the study names no "
    "laboratory limit but platelets for later cycles"
)

# What every cycle has: platelets and progression.
_GATES = 2


def mitomycin_document(
    cycles: Sequence[Cycle],
    *,
    cohort: str,
    treated: date,
    interval_d: int | None,
    progressed: bool = False,
    entry: tuple[CriteriaSet, Sequence[Judged]] | None = None,
) -> dict[str, Any]:
    """What mmc.json holds.

    Parameters
    ----------
    cycles : sequence of Cycle
    cohort : str
    treated : date
    interval_d : int or None
        Days between cycles, by the user.
    progressed : bool
    entry : tuple of CriteriaSet and sequence of Judged, optional
        The study's laboratory limits at entry, held against a case.
    """
    protocol = data_table("mitomycin")
    return {
        "schema": "sirtdose.mmc/1",
        "sirtdose_version": __version__,
        "protocol": protocol["title"],
        "source": protocol["source"],
        "recommendation": False,
        "verified": protocol["verified"],
        "cohort": cohort,
        "treated": treated.isoformat(),
        "interval_d": interval_d,
        "interval_source": "the user: the study does not state it"
        if interval_d is not None
        else None,
        "imaging": protocol["imaging"],
        "platelets_unit": protocol["platelets_unit"],
        "cycles": [
            _cycle(one, treated, cohort, progressed=progressed) for one in cycles
        ],
        "entry_limits": None
        if entry is None
        else {
            "words": _ENTRY,
            "source": entry[0].source,
            "results": judged_documents(entry[1]),
        },
        "notes": [*protocol["notes"], *_outside(cycles, treated), *_moved(cycles)],
    }


def _outside(cycles: Sequence[Cycle], treated: date) -> list[str]:
    """A first cycle that holds or actual days moved out of the study's window."""
    earliest, _, latest = data_table("mitomycin")["first_after_weeks"]
    first = next((one for one in cycles if not one.hold), None)
    if first is None:
        return []
    weeks = (first.day - treated).days / 7
    said = (
        f"the first cycle is given {weeks:.3g} weeks after treatment: the study had "
        f"{earliest} to {latest}"
    )
    return [] if earliest <= weeks <= latest else [said]


def _moved(cycles: Sequence[Cycle]) -> list[str]:
    return [
        f"cycle {one.number} took place on {one.day}, {abs(days)} d "
        f"{'later' if days > 0 else 'earlier'} than planned: the days after it move"
        for one in cycles
        if one.planned and (days := (one.day - one.planned).days)
    ]


def _cycle(
    cycle: Cycle, treated: date, cohort: str, *, progressed: bool
) -> dict[str, Any]:
    protocol = data_table("mitomycin")
    return {
        "cycle": cycle.number,
        "date": cycle.day.isoformat(),
        "planned_date": (cycle.planned or cycle.day).isoformat(),
        "days_after_treatment": (cycle.day - treated).days,
        "dose_mg": cycle.dose_mg,
        "full_dose_mg": protocol["cohorts"][cohort]["dose_mg"],
        "dose_from": "the physician" if cycle.reduced else "the protocol",
        "cumulative_mg_if_all_given": cycle.cumulative_mg,
        "imaging_after": cycle.imaging_after,
        "gates": [
            _platelets_gate(cycle, protocol),
            {
                "gate": protocol["progression"],
                "value": None,
                "state": "held" if progressed else "to be assessed",
            },
            *_imaging_gate(cycle, protocol),
        ],
        "hold": cycle.hold or None,
    }


def _platelets_gate(cycle: Cycle, protocol: dict[str, Any]) -> dict[str, Any]:
    least, below = protocol["platelets_above"], protocol["platelets_reduced_below"]
    count, unit = cycle.platelets, protocol["platelets_unit"]
    first = cycle.number == 1
    enough = count is not None and (count > least if first else count >= below)
    state = "met" if enough else "reduced" if cycle.reduced else "held"
    return {
        "gate": f"platelets above {least:g} x {unit}"
        if first
        else f"platelets {below:g} x {unit} or more, or a reduced dose",
        "value": count,
        "state": "not known" if count is None else state,
    }


def _imaging_gate(cycle: Cycle, protocol: dict[str, Any]) -> list[dict[str, Any]]:
    if cycle.waits_for is None:
        return []
    held = cycle.response in protocol["response_stops"]
    return [
        {
            "gate": f"imaging after cycle {cycle.waits_for} without progression",
            "value": cycle.response,
            "state": "to be assessed"
            if cycle.response is None
            else "held"
            if held
            else "met",
        }
    ]


def mitomycin_screen(document: dict[str, Any]) -> Screen:
    """The cycles and their gates, as a table for a terminal."""
    gated = any(len(one["gates"]) > _GATES for one in document["cycles"])
    header = ["cycle", "date", "after", "dose", "in all", "imaging", "platelets"]
    header += ["response", "held"] if gated else ["held"]
    interval = document["interval_d"]
    apart = f", {interval} d apart (by the user)" if interval is not None else ""
    gates = dict.fromkeys(
        gate["gate"] for one in document["cycles"] for gate in one["gates"]
    )
    lines = [
        f"Mitomycin C, cohort {document['cohort']}, radioembolization "
        f"{document['treated']}{apart}",
        f"source: {document['source']}",
        "",
        table(
            header, [_row(one, gated=gated) for one in document["cycles"]], left=True
        ),
        "",
        f"before the cycles: {'; '.join(gates)}",
        f"imaging: {document['imaging']}",
    ]
    entry = document["entry_limits"]
    if entry is not None:
        lines += ["", judged_table(entry["results"])]
    words = [entry["words"]] if entry is not None else []
    return Screen(lines, remarks=[*words, *document["notes"]])


def _row(one: dict[str, Any], *, gated: bool) -> list[str]:
    less = f" of {one['full_dose_mg']:g}" * (one["dose_mg"] < one["full_dose_mg"])
    imaged = [
        f"{gate['gate'].partition(' without')[0]}: {gate['value'] or gate['state']}"
        for gate in one["gates"][_GATES:]
    ]
    return [
        str(one["cycle"]),
        one["date"],
        f"{one['days_after_treatment']} d",
        f"{one['dose_mg']:g}{less} mg",
        f"{one['cumulative_mg_if_all_given']:g} mg",
        "yes" if one["imaging_after"] else "-",
        one["gates"][0]["state"],
        *([imaged[0] if imaged else "-"] if gated else []),
        f"HELD: {one['hold']}" if one["hold"] else "-",
    ]
