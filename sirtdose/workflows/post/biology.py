"""Radiobiology of a session, and the outcome studies its doses are held against."""

from collections.abc import Mapping

from sirtdose.data.load import table
from sirtdose.dosimetry.histogram.radiobiology import Biology, ThresholdHeld, case_match
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.io.tables.radiobiology import read_radiobiology
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.metric import Metric
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.radiobiology import ResponseModel, default_tissues
from sirtdose.model.request import JudgeRequest

_IMAGING = {"PT": "PET", "NM": "SPECT"}


def biology_of(request: JudgeRequest, nuclide: Nuclide, modality: str) -> Biology:
    """Tissues and models as given, and what is known of the case."""
    tissues = default_tissues()
    models: tuple[ResponseModel, ...] = ()
    if request.radiobiology is not None:
        tissues, models = read_radiobiology(request.radiobiology)
    case = {
        "nuclide": nuclide.name,
        "device": request.device,
        "disease": request.disease,
        "imaging": _IMAGING.get(modality),
    }
    return Biology(tissues, nuclide.half_life_h, models, case)


def model_findings(
    *, biology: Biology, tables: Mapping[str, list[StructureDose]]
) -> list[Finding]:
    """Models that were fitted on something else than this case (H25, H26)."""
    findings = []
    own = {name: rows for name, rows in tables.items() if "with_prior" not in name}
    for model in biology.models:
        name = f"{model.kind.upper()} '{model.name}'"
        matches = {method: biology.match(model, method) for method in own}
        differs = {
            "; ".join(found.differs): None
            for found in matches.values()
            if found.differs
        }
        used = any(
            model.name in biology.probabilities(row, biology.effects(row), method)
            for method, rows in own.items()
            for row in rows
        )
        unstated = next(iter(matches.values())).unstated
        if not any(found.holds for found in matches.values()):
            said = f"is not applied: fitted on another case ({', '.join(differs)})"
        elif not used:
            said = (
                f"is not applied: no structure of {', '.join(model.roles)} has its "
                f"dose, {model.metric}"
            )
        elif differs:
            said = f"is not applied everywhere ({', '.join(differs)})"
        elif unstated:
            said = f"the file or the case does not say: {', '.join(unstated)}"
        else:
            continue
        severity = Severity.NOTE if used else Severity.WARN
        findings.append(Finding.of("H25", f"{name}: {said}", severity=severity))
    return findings


def thresholds_held(
    biology: Biology, tables: Mapping[str, list[StructureDose]]
) -> tuple[tuple[ThresholdHeld, ...], list[Finding]]:
    """Outcome studies' thresholds against the doses of the image as it is.

    Only studies of the case's disease are listed; one of another device, imaging or
    method is listed with why it is not held against the dose.
    """
    disease = biology.case["disease"]
    if disease is None or biology.case["device"] is None:
        said = "doses not held against outcome studies: needs --device and --disease"
        return (), [Finding.of("H25", said, severity=Severity.NOTE)]
    held = []
    for threshold in table("thresholds")["outcome"]:
        if threshold["disease"] not in (None, disease):
            continue
        wanted = threshold["method"]
        method = wanted if wanted in tables else next(iter(tables))
        found = case_match(threshold, {**biology.case, "method": method})
        for row in tables[method]:
            if row.structure.role != threshold["volume"]:
                continue
            metric = Metric.parse(threshold["metric"])
            value = metric.of(row.dvh, biology.effects(row))
            held.append(
                ThresholdHeld(
                    threshold,
                    row.structure.name,
                    found,
                    value if found.holds else None,
                )
            )
    return tuple(held), _findings(held)


def _findings(held: list[ThresholdHeld]) -> list[Finding]:
    """What was not held against the doses, what is left open, what is unverified."""
    apart, unsaid, unsure = [], [], []
    for one in held:
        name = f"'{one.threshold['name']}'"
        if one.match.differs:
            apart.append(f"{name} ({'; '.join(one.match.differs)})")
            continue
        if one.match.unstated:
            unsaid.append(f"{name} ({', '.join(one.match.unstated)})")
        if not one.threshold["verified"]:
            unsure.append(name)
    return [
        Finding.of(
            "H25", said + ", ".join(dict.fromkeys(names)), severity=Severity.NOTE
        )
        for said, names in (
            ("outcome studies not applied: ", apart),
            ("outcome studies that do not say, or the case does not: ", unsaid),
            ("outcome studies read in abstracts, not verified: ", unsure),
        )
        if names
    ]
