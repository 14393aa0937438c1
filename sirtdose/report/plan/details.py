"""What a plan's page says from its doses in full on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sirtdose.model.activity_scale import scale_words
from sirtdose.model.metric import metrics_in
from sirtdose.report.doses import asked_in, missing_lines
from sirtdose.report.limit_lines import limit_key, limit_scale_words
from sirtdose.report.plan.blur import blur_rows
from sirtdose.report.plan.full_doses import full_doses, method_name
from sirtdose.report.plan.remnant_rows import published_rows, remnant_rows
from sirtdose.report.plan.rows import (
    ALL_LUNGS,
    names_of,
    repeated,
)
from sirtdose.report.plan.uncertainty import (
    chance_words,
    prediction_words,
)
from sirtdose.report.post.summary import (
    other_constant_words,
    partial_volume_lines,
)
from sirtdose.report.post.uncertainty import interval_notes
from sirtdose.report.wording import shown_name

# A component with less of the variance is not worth a word.
_SHOWN = 0.01
# Units by the endings of what a plan assumes.
_UNITS = {
    "_gy_kg_per_gbq": "Gy kg/GBq",
    "_g_per_ml": "g/mL",
    "_mg_per_dl": "mg/dL",
    "_fraction": "%",
    "_gbq": "GBq",
    "_gy": "Gy",
    "_m2": "m\N{SUPERSCRIPT TWO}",
}


def details(document: Mapping[str, Any]) -> dict[str, Any]:
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
        "remnant": remnant_rows(document),
        "published": published_rows(document),
        "scale": _first_up(scale_words(document)) if "scale" in document else "",
        "limit_sources": _limit_sources(document),
        "assumptions": list(_assumptions(document)),
        "interval_notes": _interval_notes(document),
        "chances": _chances(document),
        "prediction": unsure
        and unsure["prediction"]
        and prediction_words(unsure["prediction"]),
        "shares": _shares(document),
    }


def _first_up(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


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
        source = f"{one['source']}{limit_scale_words(one)}"
        own = named.setdefault((source, one["verified"]), [])
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
    """The uncertainty of a plan; empty where the plan has none."""
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
            and one.get("value_of", each["value_of"]) == each["value_of"]
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
