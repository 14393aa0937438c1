"""Methods or whole plans side by side, as a terminal shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.report.limit_lines import bound_words, dose_words
from sirtdose.report.plan.comparison import columns_of
from sirtdose.report.plan.goals import apart_words, wanted_words
from sirtdose.report.plan.remnant_rows import treated_lines
from sirtdose.report.post.summary import basis_words
from sirtdose.report.screen import Screen
from sirtdose.report.wording import activity, significant, spoken, table

_U = "u is the relative standard uncertainty (k = 1) of each dose, by first order"
_SAME, _WHOLE_FROM = 5e-4, 0.0095
REST = "unperfused liver"
WITH_EARLIER = "The same with all earlier doses"


def comparison_screen(document: dict[str, Any]) -> Screen:
    """Activities, the doses each would give, and why they differ."""
    columns = columns_of(document)
    names = [one["name"] for one in columns]
    methods = "methods" in document
    first, width = names[0], max(map(len, names))
    head = (
        f"Methods compared ({basis_words(document['nuclide'])}; "
        f"{document['density_g_per_ml']:g} g/mL)"
        if methods
        else f"Plans compared ({basis_words(document['nuclide'])})"
    )
    remnant, _ = treated_lines(document)
    doses = "Mean doses that each activity would give, all by the partition model:"
    return Screen.of(
        document,
        [
            head,
            "",
            *(
                f"{one['name']:<{width}}  {activity(one['activity_gbq'])}, "
                f"{against(one['to_first_ratio'], first) if n else 'reference'}; "
                f"{one['why']}"
                for n, one in enumerate(columns)
            ),
            *(line for one in columns for line in _origin_lines(one)),
            *left_out_lines(document),
            *_injection_table(columns),
            "",
            doses if methods else f"Mean doses, with the difference from {first}:",
            table(
                ["", *names, *(["u"] if methods else [])],
                [
                    *([] if methods else basis_rows(columns)),
                    *dose_rows(document),
                ],
            ),
            *_earlier_table(document),
            *(line for line in _goal_lines(columns) if not methods),
            "",
            _unmet(columns),
            *(["", *remnant] if remnant else []),
        ],
        [*([_U] if methods else _spread_lines(document)), *_vial_lines(columns)],
    )


def left_out_lines(document: Mapping[str, Any]) -> list[str]:
    """Methods that were asked for and are not compared, and why."""
    return [
        f"{one['message'][:1].upper()}{one['message'][1:]}"
        for one in document["warnings"]
        if "methods" in document and (one["code"], one["severity"]) == ("H26", "note")
    ]


def _spread_lines(document: Mapping[str, Any]) -> list[str]:
    """What each dose of whole plans is known to."""
    columns = columns_of(document)
    rows = [
        [spoken(name), *(relative(one, name, ".1%") for one in columns)]
        for name in doses_of(document)
    ]
    return [f"{_U}:", table(["u", *(one["name"] for one in columns)], rows)]


def against(ratio: float, first: str) -> str:
    """A later activity beside the first column's.

    >>> against(1.64, "bsa"), against(0.93, "bsa"), against(1.004, "bsa")
    ('64 % more than bsa', '7 % less than bsa', '0.4 % more than bsa')
    >>> against(1.0, "plan 1")
    'the same as plan 1'
    """
    apart = abs(ratio - 1)
    if apart < _SAME:
        return f"the same as {first}"
    digits = 0 if apart >= _WHOLE_FROM else 1
    more = "more" if ratio > 1 else "less"
    return f"{100 * apart:.{digits}f} % {more} than {first}"


def change_words(value: float, first: float | None) -> str:
    """The difference from the first plan's number, behind a later one's.

    >>> change_words(110.0, 100.0), change_words(110.0, None), change_words(2.0, 2.0)
    (' (+10.0 %)', '', ' (0 %)')
    """
    if not first:
        return ""
    change = value / first - 1
    return f" ({'0' if abs(change) < _SAME else f'{100 * change:+.1f}'} %)"


def parts_of(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every compartment once, by name and role, in the order of the first column."""
    return list(
        {
            part["name"]: (part["name"], part["role"])
            for one in columns_of(document)
            for part in one["compartments"]
        }.values()
    )


def doses_of(document: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """Mean doses in Gy by structure, the rest of the liver and the lungs last.

    None where a plan does not have a structure.
    """
    rest = document["unperfused"]
    return _doses(document, ("dose_gy", "lungs_gy"), rest["dose_gy"] if rest else None)


def with_earlier(document: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """The same with all earlier doses, of what had any by one of the columns."""
    rest = document["unperfused"]
    total = _doses(
        document,
        ("cumulative_dose_gy", "lungs_cumulative_gy"),
        rest["cumulative_dose_gy"] if rest else None,
    )
    alone = doses_of(document)
    return {name: gy for name, gy in total.items() if gy != alone[name]}


def _doses(
    document: Mapping[str, Any], keys: tuple[str, str], rest_gy: float | None
) -> dict[str, list[float | None]]:
    columns, (key, of_lungs) = columns_of(document), keys
    each = [{part["name"]: part[key] for part in c["compartments"]} for c in columns]
    found = {name: [own.get(name) for own in each] for name, _ in parts_of(document)}
    if rest_gy is not None:
        found[REST] = [rest_gy] * len(columns)
    return {**found, "lungs": [one[of_lungs] for one in columns]}


def dose_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """Each structure in Gy, of methods with what its dose is known to."""
    doses = doses_of(document)
    if "methods" not in document:
        return _compared(document, doses)
    first = columns_of(document)[0]
    return [
        [*row, relative(first, name, ".1%")]
        for row, name in zip(_compared(document, doses), doses, strict=True)
    ]


def _compared(
    document: Mapping[str, Any], doses: Mapping[str, Sequence[float | None]]
) -> list[list[str]]:
    """A row for each structure; of plans with the difference from the first."""
    words = _values if "methods" in document else _changes
    return [[f"{spoken(name)} Gy", *words(gy)] for name, gy in doses.items()]


def _values(values: Sequence[float | None]) -> list[str]:
    return ["-" if one is None else significant(one) for one in values]


def _earlier_table(document: Mapping[str, Any]) -> list[str]:
    rows = _compared(document, with_earlier(document))
    names = [one["name"] for one in columns_of(document)]
    return ["", f"{WITH_EARLIER}:", table(["", *names], rows)] if rows else []


def basis_rows(columns: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """What the plans' doses follow from: activity, lung shunt and T/N."""
    shunts = [one["lung_shunt_fraction"] for one in columns]
    percent = [None if one is None else 100 * one for one in shunts]
    tumors = dict.fromkeys(name for c in columns for name in c["tumor_to_normal_ratio"])
    return [
        ["activity GBq", *_changes([one["activity_gbq"] for one in columns])],
        ["lung shunt %", *_changes(percent)],
        *(
            [
                f"{name} T/N",
                *_changes([one["tumor_to_normal_ratio"].get(name) for one in columns]),
            ]
            for name in tumors
        ),
    ]


def _changes(values: Sequence[float | None]) -> list[str]:
    return [
        "-"
        if one is None
        else significant(one) + change_words(one, values[0] if n else None)
        for n, one in enumerate(values)
    ]


def relative(column: Mapping[str, Any], name: str, form: str) -> str:
    """What a dose is known to; the same for every activity. Empty where not known."""
    for row in column["uncertainty"]:
        own = row["dose_by_first_order_gy"]
        if row["name"] == name and own["value"] > 0:
            return f"{own['standard_uncertainty'] / own['value']:{form}}"
    return "-"


def origin_words(column: Mapping[str, Any]) -> str:
    """Which plan a column is, and how much its checks said."""
    plan = column["plan"]
    said = plan["said"]
    # Documents of before do not list it.
    open_asks = said.get("unaccepted", 0)
    device = plan["device"]
    catheter = plan["catheter"]
    return ", ".join(
        filter(
            None,
            [
                f"{plan['nuclide']} {device}" if device else plan["nuclide"],
                plan["case_label"],
                plan["vessel"],
                f"catheter position: {catheter}" if catheter else "",
                plan["treatment_date"],
                plan["status"],
                f"hash {plan['hash'][:12]}" if plan["hash"] else "",
                f"{open_asks} not accepted" if open_asks else "",
                f"{said['ask'] - open_asks} accepted, {said['warn']} warnings, "
                f"{said['note']} notes",
            ],
        )
    )


def _origin_lines(column: Mapping[str, Any]) -> list[str]:
    return [f"  {column['name']}: {origin_words(column)}"] if "plan" in column else []


def _injection_table(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each of several injections is, by every column."""
    rows = injection_rows(columns)
    if not rows:
        return []
    names = [one["name"] for one in columns]
    return ["", table(["inject", *names], [[f"{n} GBq", *own] for n, own in rows])]


def injection_rows(columns: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Activities in GBq by injection; nothing where no column has several."""
    if max(len(one["injections"]) for one in columns) < 2:
        return []
    each = [
        {own["name"]: own["activity_gbq"] for own in one["injections"]}
        for one in columns
    ]
    names = dict.fromkeys(name for one in each for name in one)
    return [
        (name, [significant(one[name]) if name in one else "-" for one in each])
        for name in names
    ]


def _goal_lines(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every goal of whole plans, and whether it is reached."""
    rows = [
        [
            one["name"],
            f"{spoken(goal['structure'])} {goal['metric']}",
            wanted_words(goal),
            apart_words(goal, missed="MISSED"),
        ]
        for one in columns
        for goal in one["goals"]
    ]
    if not rows:
        return []
    return ["", table(["plan", "goal", "wanted", ""], rows, left={0, 1, 3})]


def _unmet(columns: Sequence[Mapping[str, Any]]) -> str:
    """The limits that an activity does not meet, by method or plan."""
    rows = [
        [
            one["name"],
            spoken(limit["value_of"] or limit["name"]),
            dose_words(limit),
            bound_words(limit),
            "NOT MET",
        ]
        for one in columns
        for limit in one["limits"]
        if limit["met"] is False
    ]
    kind = "plan" if "plan" in columns[0] else "method"
    if not rows:
        return f"Every limit that could be checked is met by every {kind}."
    return table([kind, "limit", "Gy", "limit Gy", ""], rows, left={0, 1, 4})


def _vial_lines(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{one['name']}{of}: {vial_words(own)}"
        for one in columns
        for own in one["injections"]
        if own["spheres"]
        for of in [f", {own['name']}" if len(one["injections"]) > 1 else ""]
    ]


def vial_words(injection: Mapping[str, Any]) -> str:
    """Spheres and what part of a vial they are, where both are known.

    >>> vial_words({"spheres": 2.4e6, "vial_gbq": 7.0, "vial_fraction": 0.857})
    '2.4 million spheres, 86 % of a vial of 7 GBq, both at calibration'
    >>> vial_words({"spheres": 2.4e6, "vial_gbq": None, "vial_fraction": None})
    '2.4 million spheres at calibration'
    """
    if not injection["spheres"]:
        return "n/a"
    spheres = f"{injection['spheres'] / 1e6:.2g} million spheres"
    if injection["vial_gbq"] is None:
        return f"{spheres} at calibration"
    return (
        f"{spheres}, {100 * injection['vial_fraction']:.0f} % of a vial of "
        f"{injection['vial_gbq']:g} GBq, both at calibration"
    )
