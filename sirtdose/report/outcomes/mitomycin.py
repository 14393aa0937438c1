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


def mitomycin_document(
    cycles: Sequence[Cycle],
    *,
    cohort: str,
    treated: date,
    interval_d: int | None,
    platelets: Sequence[float | None] = (),
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
    platelets : sequence of float or None
        10^9/L before each cycle, as far as known.
    progressed : bool
    entry : tuple of CriteriaSet and sequence of Judged, optional
        The study's laboratory limits at entry, held against a case.
    """
    protocol = data_table("mitomycin")
    counts = [*platelets, *[None] * (len(cycles) - len(platelets))]
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
            _cycle(one, treated, count, progressed=progressed)
            for one, count in zip(cycles, counts, strict=True)
        ],
        "entry_limits": None
        if entry is None
        else {
            "words": _ENTRY,
            "source": entry[0].source,
            "results": judged_documents(entry[1]),
        },
        "notes": [*protocol["notes"], *_late(cycles, treated)],
    }


def _late(cycles: Sequence[Cycle], treated: date) -> list[str]:
    """What holds have moved out of the study's window for the first cycle."""
    earliest, _, latest = data_table("mitomycin")["first_after_weeks"]
    first = next((one for one in cycles if not one.hold), None)
    weeks = 0.0 if first is None else (first.day - treated).days / 7
    said = (
        f"the first cycle is given {weeks:.3g} weeks after treatment: the study had "
        f"{earliest} to {latest}"
    )
    return [said] if weeks > latest else []


def _cycle(
    cycle: Cycle, treated: date, count: float | None, *, progressed: bool
) -> dict[str, Any]:
    protocol = data_table("mitomycin")
    least = protocol["platelets_above"]
    enough = None if count is None else count > least
    return {
        "cycle": cycle.number,
        "date": cycle.day.isoformat(),
        "days_after_treatment": (cycle.day - treated).days,
        "dose_mg": cycle.dose_mg,
        "cumulative_mg_if_all_given": cycle.cumulative_mg,
        "imaging_after": cycle.imaging_after,
        "gates": [
            {
                "gate": f"platelets above {least:g} x 10^9/L",
                "value": count,
                "state": {None: "not known", True: "met", False: "held"}[enough],
            },
            {
                "gate": protocol["progression"],
                "value": None,
                "state": "held" if progressed else "to be assessed",
            },
        ],
        "hold": cycle.hold or None,
    }


def mitomycin_screen(document: dict[str, Any]) -> Screen:
    """The cycles and their gates, as a table for a terminal."""
    rows = [
        [
            str(one["cycle"]),
            one["date"],
            f"{one['days_after_treatment']} d",
            f"{one['dose_mg']:g} mg",
            f"{one['cumulative_mg_if_all_given']:g} mg",
            "yes" if one["imaging_after"] else "-",
            one["gates"][0]["state"],
            f"HELD: {one['hold']}" if one["hold"] else "-",
        ]
        for one in document["cycles"]
    ]
    header = ["cycle", "date", "after", "dose", "in all", "imaging", "platelets"]
    interval = document["interval_d"]
    apart = f", {interval} d apart (by the user)" if interval is not None else ""
    lines = [
        f"Mitomycin C, cohort {document['cohort']}, radioembolization "
        f"{document['treated']}{apart}",
        f"source: {document['source']}",
        "",
        table([*header, "held"], rows, left=True),
        "",
        "before each cycle: "
        + "; ".join(gate["gate"] for gate in document["cycles"][0]["gates"]),
        f"imaging: {document['imaging']}",
    ]
    entry = document["entry_limits"]
    if entry is not None:
        lines += ["", judged_table(entry["results"])]
    words = [entry["words"]] if entry is not None else []
    return Screen(lines, remarks=[*words, *document["notes"]])
