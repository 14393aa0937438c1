"""The page of a plan, and its files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sirtdose.model.metric import metrics_in
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.report.documents import document_text, self_test_words
from sirtdose.report.dose_points import sampled_words
from sirtdose.report.doses import asked_in, missing_lines, places_of
from sirtdose.report.ladder import Rung, ladder
from sirtdose.report.limit_lines import limit_key
from sirtdose.report.page_head import PageHead, made_today, moment_words
from sirtdose.report.plan.blur import blur_rows
from sirtdose.report.plan.full_doses import full_doses, method_name
from sirtdose.report.plan.goals import growth_lines, missed_goal_words, page_goals
from sirtdose.report.plan.moved import followed
from sirtdose.report.plan.rows import (
    ALL_LUNGS,
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
    chance_words,
    plan_uncertainty_csv,
    prediction_words,
)
from sirtdose.report.plan.what_if import what_if
from sirtdose.report.post.summary import (
    other_constant_words,
    partial_volume_lines,
)
from sirtdose.report.post.uncertainty import interval_notes
from sirtdose.report.render import render
from sirtdose.report.who import head_of
from sirtdose.report.wording import shown_name, significant

_PICTURES = ("viewer.js", "dose_points.js", "histograms.js")
# What follows another activity.
_MOVING = ("numbers.js", "moved_checks.js", "what_if.js")
# What no plan by numbers has, or none that was made before there was any.
_OPTIONAL = ("approval", "measured", "images", "uncertainty", "extrahepatic")
# A component with less of the variance is not worth a word.
_SHOWN = 0.01
# Units by the endings of what a plan assumes.
_UNITS = {
    "_gy_kg_per_gbq": "Gy kg/GBq",
    "_g_per_ml": "g/mL",
    "_fraction": "%",
    "_gbq": "GBq",
    "_gy": "Gy",
    "_m2": "m\N{SUPERSCRIPT TWO}",
}


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
        **_details(document),
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


def _details(document: Mapping[str, Any]) -> dict[str, Any]:
    """Everything from the doses in full on."""
    metrics = metrics_in("plan", asked_in(document))
    unsure = document.get("uncertainty")
    return {
        "full": full_doses(document, metrics),
        "repeated": repeated(document),
        "blur": blur_rows(document),
        "blur_words": [
            line
            for line in partial_volume_lines(
                (document.get("measured") or {}).get("blur")
            )
            if line
        ],
        "full_notes": _full_notes(document, metrics),
        "limit_sources": _limit_sources(document),
        "assumptions": list(_assumptions(document)),
        "interval_notes": _interval_notes(document),
        "chances": _chances(document),
        "prediction": unsure
        and unsure["prediction"]
        and prediction_words(unsure["prediction"]),
        "shares": _shares(document),
    }


def _assumptions(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was assumed, each with its unit."""
    for name, value in document["assumptions"].items():
        if value is None or isinstance(value, (list, dict)):
            continue
        if name == "dose_method":
            yield "Dose method", method_name(value)
            continue
        said, unit = next(
            (
                (name.removesuffix(ending), unit)
                for ending, unit in _UNITS.items()
                if name.endswith(ending)
            ),
            (name, ""),
        )
        if unit == "%":
            value = 100 * value
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        yield said.replace("_", " ").capitalize(), f"{text} {unit}".strip()


def _full_notes(document: Mapping[str, Any], metrics: Sequence[Any]) -> list[str]:
    lines = []
    for method, result in (document.get("doses") or {}).items():
        lines.append(
            f"{method_name(method)}: over volume, all counts of the image"
            f"{other_constant_words(result, document['nuclide'])}"
        )
        lines += missing_lines(result["structures"], metrics)
    return lines


def _limit_sources(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each source of limits once, with what it limits."""
    named: dict[tuple[str, bool], list[str]] = {}
    names = names_of(document)
    for one in document["limits"]:
        of = one["value_of"] or one["volume"]
        said = f"{names.get(of, shown_name(of))} {one['limit_gy']:g} Gy"
        own = named.setdefault((one["source"], one["verified"]), [])
        if said not in own:
            own.append(said)
    return [
        (", ".join(names), f"{source}{'' if verified else ' (not verified)'}")
        for (source, verified), names in named.items()
    ]


def _interval_notes(document: Mapping[str, Any]) -> list[str]:
    """Why a structure has no interval."""
    names = names_of(document)
    return interval_notes(
        (names.get(one["name"], one["name"]), one.get("interval_left_out"))
        for one in _unsure(document)["doses"]
        if ", all counts" not in one["name"]
    )


def _unsure(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """How sure the doses are; of nothing where a plan has none of it."""
    return document.get("uncertainty") or {"doses": (), "limits": ()}


def _chances(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How probable it is that each limit is met."""
    names = names_of(document)
    found = {}
    for one in _unsure(document)["limits"]:
        held = {
            each["value_of"] or each["volume"]
            for each in document["limits"]
            if limit_key(each) == limit_key(one)
        }
        name = ", ".join(sorted(names.get(of, of) for of in held))
        said = chance_words(one)
        more = " over all sessions" if held == {ALL_LUNGS} else ""
        least = "at least " if one.get("sense") == "at_least" else ""
        limit = f"{name}{more}, {least}{one['limit_gy']:g} Gy"
        found[limit] = f"{said[:1].upper()}{said[1:]}"
    return list(found.items())


def _shares(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """What each component adds to the variance of each dose, in words."""
    found, names = [], names_of(document)
    for one in _unsure(document)["doses"]:
        own = one["dose_by_first_order_gy"]
        if ", all counts" in one["name"] or not own["value"]:
            continue
        parts = sorted(
            (
                (each["part_of_variance"], name.removesuffix("_mm").replace("_", " "))
                for name, each in one["components"].items()
            ),
            reverse=True,
        )
        found.append(
            {
                "name": names.get(one["name"], one["name"]),
                "spread": f"{100 * own['standard_uncertainty'] / own['value']:.0f} %",
                "shares": ", ".join(
                    f"{name} {100 * part:.0f} %"
                    for part, name in parts
                    if part >= _SHOWN
                ),
            }
        )
    return found


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
