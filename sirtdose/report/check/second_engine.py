"""Our doses against those of another engine, as a document, a table and lines."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sirtdose import __version__
from sirtdose.data.load import table as known_table
from sirtdose.dosimetry.second_engine.compared import Mean, SecondEngine
from sirtdose.report.documents import findings_document, rounded
from sirtdose.report.screen import Screen
from sirtdose.report.tables import rows_csv
from sirtdose.report.wording import method_words, shown_name, significant, table

ENGINE_FILE, ENGINE_CSV = "second_engine.json", "second_engine.csv"
ENGINE_PAGE = "second_engine.html"
_COLUMNS = (
    *("method", "name", "role", "ours_gy", "theirs_gy", "theirs_standard_gy"),
    *("ratio", "ratio_standard", "allowed_gy", "passed"),
)
_LEAVES_OUT = {
    "local_deposition": (
        "Local deposition leaves all energy in the voxel of the decay. Electrons carry "
        "it a few millimeters, and farther in lung: too high a mean in small tumors "
        "and in the lungs is expected of this method, and so are a few percent in the "
        "liver"
    ),
    "kernel": (
        "The kernel carries energy as in one medium of one density: near and in the "
        "lungs a difference is expected of this method. In tumors and liver far from "
        "them it is not, and needs a reason"
    ),
}
_VERDICTS = {True: "pass", False: "FAIL"}


def second_engine_document(
    compared: SecondEngine, inputs: list[dict[str, Any]]
) -> dict[str, Any]:
    """Everything that a second engine found, with how it was computed."""
    simulation = asdict(compared.simulation)
    media = simulation.pop("media")
    document = {
        "schema": "sirtdose.second_engine/1",
        "sirtdose_version": __version__,
        "passed": compared.passed,
        "nuclide": {
            "name": compared.nuclide,
            "dose_constant_gy_kg_per_gbq": compared.dose_constant_gy_kg_per_gbq,
        },
        "density_g_per_ml": compared.density_g_per_ml,
        "simulation": {**simulation, "awaited": list(compared.simulation.awaited)},
        "physics": media,
        "emissions": {
            "source": compared.emissions_source,
            "left_out": compared.emissions_left_out,
        },
        "tolerance": {
            **known_table("second_engine")["tolerance"],
            "mean_fraction": compared.rows[0].tolerance_fraction,
        },
        "means": [_row(one) for one in compared.rows],
        "warnings": findings_document(compared.findings),
        "inputs": inputs,
    }
    found: dict[str, Any] = rounded(document)
    return found


def _row(one: Mean) -> dict[str, Any]:
    return {
        "method": one.method,
        "name": one.name,
        "role": one.role,
        "ours_gy": one.ours_gy,
        "theirs_gy": one.theirs_gy,
        "theirs_standard_gy": one.known_to_gy,
        "ratio": one.ratio,
        "ratio_standard": one.ratio_standard,
        "allowed_gy": one.allowed_gy,
        "passed": one.passed,
    }


def second_engine_csv(document: Mapping[str, Any]) -> str:
    """A row per method and structure."""
    return rows_csv(_COLUMNS, document["means"])


def second_engine_screen(document: Mapping[str, Any]) -> Screen:
    """The lines that a person sees on the terminal."""
    rows = [
        [
            shown_name(one["name"]),
            method_words(one["method"]),
            significant(one["ours_gy"]),
            significant(one["theirs_gy"]),
            known_words(one["theirs_standard_gy"]),
            *_ratio(one),
            _VERDICTS[one["passed"]],
        ]
        for one in document["means"]
    ]
    header = ["structure", "method", "ours Gy", "ompMC Gy", "+- Gy", "ratio", "+-", ""]
    result = [
        headline(document),
        *(f"{line}." for line in not_awaited_lines(document)),
        "",
        table(header, rows, left=(0, 1)),
        "",
        *(f"{line}." for line in expected_lines(document)),
        f"{histories_words(document)}; +- is the simulation's own standard uncertainty",
    ]
    last = ["Not a medical device: verify with an approved system"]
    screen = Screen.of(document, result, detail_lines(document))
    return replace(screen, last=last)


def headline(document: Mapping[str, Any]) -> str:
    """Pass or fail, of what, and how well it is known."""
    made, nuclide = document["simulation"], document["nuclide"]
    head = "PASS" if document["passed"] else "FAIL"
    return (
        f"{head}: mean doses of {nuclide['name']} against {made['engine']} "
        f"{made['version']}, {_known_to(made)}"
    )


def expected_lines(document: Mapping[str, Any]) -> list[str]:
    """What a failing method leaves out by its nature, where that may be the reason."""
    failed = {one["method"] for one in document["means"] if not one["passed"]}
    return [said for method, said in _LEAVES_OUT.items() if method in failed]


def not_awaited_lines(document: Mapping[str, Any]) -> list[str]:
    """Structures with so little dose that how well they are known did not count."""
    awaited = document["simulation"]["awaited"]
    others = dict.fromkeys(
        shown_name(one["name"])
        for one in document["means"]
        if one["name"] not in awaited
    )
    if not others:
        return []
    part = known_table("second_engine")["awaited"]["fraction_of_highest_mean"]
    return [
        f"That holds for means of {100 * part:g} % of the highest or more; not waited "
        f"for: {', '.join(others)}"
    ]


def known_words(standard_gy: float | None) -> str:
    """A standard uncertainty; nothing is known where no history left any energy."""
    return "not known" if standard_gy is None else f"{standard_gy:.2g}"


def histories_words(document: Mapping[str, Any]) -> str:
    """How many histories in which time."""
    made = document["simulation"]
    many = "es" if made["processes"] > 1 else ""
    return (
        f"{made['histories']:,} histories in {made['seconds']:.0f} s on "
        f"{made['processes']} process{many}"
    )


def detail_lines(document: Mapping[str, Any]) -> list[str]:
    """What is allowed, and what the simulation rests on."""
    made, nuclide = document["simulation"], document["nuclide"]
    tolerance = document["tolerance"]
    return [
        f"Allowed: {100 * tolerance['mean_fraction']:g} % of ompMC's mean, at least "
        f"{tolerance['least_gy']:g} Gy, and "
        f"{tolerance['standard_uncertainties']:g} standard uncertainties "
        "(not verified)",
        f"K {nuclide['dose_constant_gy_kg_per_gbq']:g} Gy kg/GBq for all that is "
        f"emitted; emissions: {document['emissions']['source']}; left out: "
        f"{document['emissions']['left_out']}",
        f"Energy that stays in the image: {100 * made['absorbed_fraction']:.1f} %; "
        "beyond it there is vacuum",
    ]


def _known_to(made: Mapping[str, Any]) -> str:
    if made["reached"] is None:
        return "stopped before all of them were known"
    much = f"{100 * made['reached']:.2g} %"
    if made["stopped"]:
        return f"stopped at {much}, not {100 * made['known_to']:.2g} %"
    return f"known to {much}"


def _ratio(one: Mapping[str, Any]) -> tuple[str, str]:
    if one["ratio"] is None:
        return "-", "-"
    return f"{one['ratio']:.4f}", f"{one['ratio_standard']:.4f}"
