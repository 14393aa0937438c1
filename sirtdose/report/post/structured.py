"""Results after treatment as a structured report holds them: post.json's numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sirtdose.model.dose_report import DoseReport, Measured, MeasuredGroup, Said
from sirtdose.model.metric import EFFECTS, Metric
from sirtdose.model.report_codes import QuantityCode, method_code, quantity_code
from sirtdose.report.findings import answered
from sirtdose.report.wording import method_words, significant, spoken

NOTICE = (
    "Not a medical device. For research and independent checks: verify every number "
    "with an approved system before it is used for a patient."
)
TREATMENT, LUNG_SHUNT, LEDGER = "treatment", "lung_shunt", "ledger"
_OF_LUNGS = (
    *("mass_kg", "activity_gbq", "dose_gy", "cumulative_dose_gy"),
    *("in_image_gbq", "in_image_dose_gy"),
)
_OF_TREATMENT = (
    *("administered_gbq", "residual_gbq", "delivered_gbq", "treated_gbq", "lung_gbq"),
    "lung_shunt_fraction",
)


def structured_report(
    document: Mapping[str, Any],
    *,
    segments: Mapping[str, Sequence[int]],
    doses: Mapping[str, str],
    tracking: Callable[[str], str],
) -> DoseReport:
    """The content of a report, from a document as post.json holds it.

    Parameters
    ----------
    document : mapping
        Of `post`, already de-identified where that is wanted.
    segments : mapping
        Numbers in the SEG by a structure's name; none where it is in none.
    doses : mapping
        The RTDOSE's UID by method.
    tracking : callable
        The UID that follows a structure, by its name.
    """
    groups = [*_structures(document, segments, doses, tracking)]
    groups.append(
        _group("lungs by the lung shunt", "lungs", LUNG_SHUNT, tracking)(
            _measured(document["lungs"], _OF_LUNGS, _of_lungs(document)),
            (f"mass of the lungs: {document['lungs']['mass_source']}",),
        )
    )
    groups.append(
        _group(TREATMENT, TREATMENT, LEDGER, tracking)(
            _measured(document["ledger"], _OF_TREATMENT, {}), ()
        )
    )
    said = answered(document["warnings"], document["accepted"])
    return DoseReport(
        tuple(groups),
        metrics=tuple(document["metrics"]),
        facts=tuple(_facts(document, said)),
        findings=tuple(
            Said(one["code"], one["severity"], _message(one)) for one in said
        ),
    )


def row_quantities(row: Mapping[str, Any]) -> dict[str, float]:
    """Every number of a structure's row by its key; what it has not is left out."""
    every = {
        **{key: row[key] for key in ("volume_ml", "mass_kg", "activity_gbq")},
        "integral_dose_j": row.get("integral_dose_j"),
        **row["dose_gy"],
        **{f"v{dose}": part for dose, part in row["volume_fraction_above"].items()},
        **{f"{key}_gy": row.get(f"{key}_gy") for key in EFFECTS},
    }
    return {key: value for key, value in every.items() if value is not None}


def _structures(
    document: Mapping[str, Any],
    segments: Mapping[str, Sequence[int]],
    doses: Mapping[str, str],
    tracking: Callable[[str], str],
) -> Iterator[MeasuredGroup]:
    uncertain = (document["uncertainty"] or {"methods": {}})["methods"]
    for method, result in document["doses"].items():
        known = {row["name"]: row["quantities"] for row in uncertain.get(method, ())}
        parameters = tuple(_parameters(document, method, result))
        for row in result["structures"]:
            values = row_quantities(row)
            made = _group(row["name"], row["role"], method, tracking)
            yield made(
                _measured(values, values, known.get(row["name"], {})),
                parameters,
                segments=tuple(segments.get(row["name"], ())),
                dose_uid=doses.get(method, ""),
                remark=row["definition"] or "",
            )


def _group(
    name: str, role: str, method: str, tracking: Callable[[str], str]
) -> Callable[..., MeasuredGroup]:
    def made(
        measured: Sequence[Measured], parameters: Sequence[str], **more: Any
    ) -> MeasuredGroup:
        return MeasuredGroup(
            name,
            role,
            method_code(method, method_words(method)),
            tuple(measured),
            tracking_uid=tracking(name),
            parameters=tuple(parameters),
            **more,
        )

    return made


def _measured(
    values: Mapping[str, Any], keys: Any, uncertain: Mapping[str, Mapping[str, Any]]
) -> Iterator[Measured]:
    for key in keys:
        if values.get(key) is None:
            continue
        code = quantity_code(key)
        yield Measured(
            code.code,
            code.text(values[key]),
            code.unit,
            code.derivation,
            _properties(code, uncertain.get(_uncertain_name(key), {})),
        )


def _uncertain_name(key: str) -> str:
    """The name of a quantity among the uncertain ones."""
    if key.endswith(("_ml", "_kg", "_gbq", "_gy", "_j", "_fraction", "_mass")):
        return key
    return Metric.parse(key).quantity


def _properties(code: QuantityCode, known: Mapping[str, Any]) -> dict[str, str]:
    names = ("standard_uncertainty", "low", "high")
    return {
        name: code.text(known[name]) for name in names if known.get(name) is not None
    }


def _of_lungs(document: Mapping[str, Any]) -> dict[str, Any]:
    known = (document["uncertainty"] or {}).get("lungs_gy")
    return {"dose_gy": known} if known else {}


def _parameters(
    document: Mapping[str, Any], method: str, result: Mapping[str, Any]
) -> Iterator[str]:
    """What a method's doses rest on."""
    nuclide, used = document["nuclide"], document["calibration"]
    yield (
        f"{nuclide['name']}, half-life {nuclide['half_life_h']:g} h, dose constant "
        f"{result['dose_constant_gy_kg_per_gbq']:g} Gy kg/GBq "
        f"({result['dose_constant_name']})"
    )
    over = f" over {used['over']}" if used["over"] else ""
    yield f"calibration: {used['used']}{over}"
    yield f"scale of doses: {document['scale']['doses']}"
    density = result["density_g_per_ml"]
    yield "density: " + (
        document["density"]["origin"] if density is None else f"{density:g} g/mL"
    )
    if result["medium"]:
        yield f"medium: {result['medium']}"
    blur = document["partial_volume"]
    if blur and blur["method"] in method:
        yield f"partial-volume correction: {blur['method']}"


def _facts(
    document: Mapping[str, Any], said: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """What decides, in words."""
    yield "Notice", NOTICE
    asked = sum(one["severity"] in ("ask", "stop") for one in said)
    yield "Open questions", f"{asked} that nobody accepted" if asked else "none"
    for one in document["limits"]:
        if one["value_gy"] is None:
            continue
        met = {True: "met", False: "not met"}.get(one["met"], "not decided")
        yield (
            "Limit",
            f"{spoken(one['name'])}: {significant(one['value_gy'])} Gy, limit "
            f"{significant(one['limit_gy'])} Gy, {met} ({one['source']})",
        )
    plan = document["plan"]
    if plan:
        yield "Plan", "approved" if plan["approval"] else "not approved"


def _message(one: Mapping[str, Any]) -> str:
    if not one["reason"]:
        return str(one["message"])
    return f"{one['message'].rstrip('.')}. Accepted: {one['reason']}"
