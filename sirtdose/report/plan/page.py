"""The page of a plan, and its files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.report.documents import document_text, self_test_words
from sirtdose.report.dose_points import sampled_words
from sirtdose.report.doses import places_of
from sirtdose.report.ladder import Rung, ladder
from sirtdose.report.page_head import PageHead, made_today, moment_words
from sirtdose.report.plan.details import details
from sirtdose.report.plan.full_doses import method_name
from sirtdose.report.plan.goals import growth_lines, missed_goal_words, page_goals
from sirtdose.report.plan.lines import scout_lines
from sirtdose.report.plan.moved import followed
from sirtdose.report.plan.rows import (
    goal_words,
    injections_of,
    met_words,
    names_of,
    part_rows,
    plan_rungs,
    repeated,
    unchecked,
)
from sirtdose.report.plan.uncertainty import (
    PLAN_UNCERTAINTY_FILE,
    plan_uncertainty_csv,
)
from sirtdose.report.plan.update import session_lines, update_line
from sirtdose.report.plan.what_if import what_if
from sirtdose.report.render import render
from sirtdose.report.who import head_of
from sirtdose.report.wording import shown_name, significant

_PICTURES = ("viewer.js", "dose_points.js", "histograms.js")
# What follows another activity.
_MOVING = ("numbers.js", "moved_checks.js", "what_if.js")
# What no plan by numbers has, or none that was made before there was any.
_OPTIONAL = ("approval", "measured", "images", "uncertainty", "extrahepatic")


@dataclass(frozen=True)
class Made:
    """When a page is made, and whether it may name keys and dates."""

    on: str = ""
    deidentified: bool = False

    @classmethod
    def today(cls, *, deidentified: bool = False) -> "Made":
        """A page of this day."""
        return cls(made_today(), deidentified)


def plan_page(
    text: str, data: Mapping[str, Any] | None = None, made: Made | None = None
) -> str:
    """The page of a plan; `data` are its planes, where an image was planned on."""
    document = json.loads(text)
    made = made or Made.today()
    rungs = plan_rungs(document)
    checks = followed(document)
    moves = what_if(document, rungs, checks, (data or {}).get("goal_points"))
    embedded: dict[str, Any] = {"plan-json": text, "what-if-data": moves}
    if data:
        from sirtdose.report.dvh_plot import curves_alone

        data = with_names(document, data)
        embedded |= {
            "view-data": data["view"],
            "dvh-data": curves_alone(data["histograms"]),
        }
    return render(
        "plan.html",
        embedded,
        (*(_PICTURES if data else ()), *_MOVING),
        head=plan_head(document, made),
        page=data,
        places=_places(document, data) if data else {},
        what_if=moves,
        left_out=checks.left_out,
        sampled=sampled_words(data) if data else "",
        **page_one(document, rungs),
        **details(document),
    )


def plan_head(
    document: Mapping[str, Any], made: Made, title: str = "Treatment plan"
) -> PageHead:
    """Whose a plan is, and whether somebody approved it."""
    approval = document.get("approval")
    state = "Draft, not approved"
    if approval and made.deidentified:
        state = "Approved"
    elif approval:
        state = f"Approved by {approval['by']}, {moment_words(approval['at'])}"
    return head_of(
        document,
        title,
        digest=document.get("hash", ""),
        made=made.on,
        state=state,
        good=bool(approval),
        deidentified=made.deidentified,
    )


def page_one(document: Mapping[str, Any], rungs: Sequence[Rung]) -> dict[str, Any]:
    """The answer, the ladder and the warnings: the same on the page and the sheet."""
    goal = goal_words(document)
    names = names_of(document)
    goals = page_goals(document, names)
    missed, met = met_words(rungs, unchecked(document))
    residual = document["assumptions"].get("residual_fraction") or 0.0
    return {
        "d": {**dict.fromkeys(_OPTIONAL), **document, "warnings": _warnings(document)},
        "injections": _injections(document),
        "residual": f"Expected residual {100 * residual:.3g} %." if residual else "",
        "goal": goal,
        "answer": (f"{missed} {missed_goal_words(goals)}".strip(), met),
        "goals": goals,
        "image_doses": _image_doses(document),
        "ladder": ladder(rungs, goal=f": {goal}" if goal else ""),
        "under_ladder": _under_ladder(document),
        "self_test": self_test_words(document.get("self_test")),
        "method_name": method_name,
        "names": names,
    }


def _warnings(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Findings that call a structure as the table of the page does.

    A plan's own "perfused volume" is "Right lobe" there, if it was drawn so.
    """
    names = names_of(document)
    found = []
    for one in document["warnings"]:
        own, said = one["subject"], one["message"]
        drawn = names.get(own, own)
        if drawn != shown_name(own):
            said = said.replace(f"'{own}'", f"'{drawn}'")
            said = f"{drawn}{said[len(own) :]}" if said.startswith(own) else said
        found.append({**one, "message": said, "called": names.get(own, "")})
    return found


def _injections(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each with what its activities are per GBq of every injection."""
    injections = injections_of(document)
    found = []
    for number, one in enumerate(injections):
        own = [float(number == other) for other in range(len(injections))]
        drawn = one["draw_activity_gbq"] / one["activity_gbq"]
        found.append(
            {
                **one,
                "unit": own,
                "unit_mci": [MCI_PER_GBQ * k for k in own],
                "unit_draw": [drawn * k for k in own],
                "unit_draw_mci": [MCI_PER_GBQ * drawn * k for k in own],
            }
        )
    return found


def _under_ladder(document: Mapping[str, Any]) -> list[str]:
    """Lung shunt, T/N, and whose formula it is."""
    lungs, lines = document["lungs"], growth_lines(document)
    if lungs["shunt_fraction"] is not None:
        source = lungs["shunt_source"]
        origin = {"unknown": "origin not given", "spect": "SPECT"}.get(source, source)
        lines.append(
            f"Lungs: shunt {100 * lungs['shunt_fraction']:.3g} % ({origin}), mass "
            f"{lungs['mass_kg']:.3g} kg ({lungs['mass_source']})"
        )
    ratios = [
        f"{name} {significant(ratio, 2)}"
        for one in injections_of(document)
        for name, ratio in (one.get("tumor_to_normal_ratio") or {}).items()
    ]
    if ratios:
        lines.append(f"T/N: {', '.join(ratios)}")
    parts = [*document["compartments"], lungs]
    if any(one["cumulative_dose_gy"] != one["dose_gy"] for one in parts):
        lines.append("Open dot: with earlier treatments")
    lines += scout_lines(document)
    lines += [one for one in (update_line(document), *session_lines(document)) if one]
    assumed = document["assumptions"]
    if assumed.get("convention") == "label":
        lines.append(
            f"Label convention: {assumed['prescribed_dose_gy']:g} Gy by the label's "
            "formula, without a lung shunt"
        )
    return lines


def _image_doses(document: Mapping[str, Any]) -> list[str]:
    """Doses that differ where all counts of an image are taken."""
    names = names_of(document)
    return [
        f"{names[part['name']]} by all counts of the image: "
        f"{part['all_counts']['dose_gy']:.1f} Gy"
        for part in document["compartments"]
        if part.get("all_counts")
    ]


def with_names(document: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A page's data with its curves under the names of the plan's own rows."""
    from sirtdose.report.looks import drawn_name

    called, again = names_of(document), repeated(document)
    names: dict[str, str] = {}
    for part, row in part_rows(document).items():
        for name in (row["name"], drawn_name(row["name"], row["role"])):
            names[name] = called.get(part, part)

    def renamed(curves: Sequence[Mapping[str, Any]], key: str) -> list[dict[str, Any]]:
        own = [one for one in curves if one["name"] not in again]
        return [{**one, key: names.get(one["name"], one["name"])} for one in own]

    histograms = [
        {
            **one,
            "curves": renamed(one["curves"], "shown"),
            "plot": {**one["plot"], "curves": renamed(one["plot"]["curves"], "name")},
        }
        for one in data["histograms"]
    ]
    return {**data, "histograms": histograms}


def _places(
    document: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, list[float]]:
    """Where a finding's subject lies, by the plan's names and the image's."""
    places, names = places_of(document, data), names_of(document)
    for part, row in part_rows(document).items():
        if row["name"] in places:
            at = places[row["name"]]
            places |= {part: at, names.get(part, part): at}
    return places


def write_plan(
    document: dict[str, Any], folder: Path, data: Mapping[str, Any] | None = None
) -> None:
    """Write plan.json, its page and its table."""
    text = document_text(document)
    (folder / "plan.json").write_text(text, "utf-8")
    (folder / "plan.html").write_text(plan_page(text, data), "utf-8")
    (folder / PLAN_UNCERTAINTY_FILE).write_text(
        plan_uncertainty_csv(document["uncertainty"]), "utf-8"
    )
