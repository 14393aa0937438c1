"""Radiobiology of a session, and the outcome studies its doses are held against."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sirtdose.data.load import table
from sirtdose.model.evidence import match
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.tissue_response import default_tissues
from sirtdose.workflows.post_request import PostRequest

if TYPE_CHECKING:
    from sirtdose.dosimetry.biology import Biology, ThresholdHeld
    from sirtdose.dosimetry.structure_dose import StructureDose
    from sirtdose.model.response_model import ResponseModel
    from sirtdose.model.volume import Volume

_IMAGING = {"PT": "PET", "NM": "SPECT"}


def biology_of(request: PostRequest, image: "Volume") -> "Biology":
    """Tissues and models as given, and what is known of the case."""
    from sirtdose.dosimetry.biology import Biology

    tissues = default_tissues()
    models: tuple[ResponseModel, ...] = ()
    if request.radiobiology is not None:
        from sirtdose.io.radiobiology_file import read_radiobiology

        tissues, models = read_radiobiology(request.radiobiology)
    modality = image.source.modality if image.source else ""
    case = {
        "nuclide": request.nuclide.name,
        "device": request.device,
        "disease": request.disease,
        "imaging": _IMAGING.get(modality),
    }
    return Biology(tissues, request.nuclide.half_life_h, models, case)


def model_findings(biology: "Biology", methods: list[str]) -> list[Finding]:
    """Models that were fitted on something else than this case (H25, H26)."""
    findings = []
    for model in biology.models:
        found = biology.match(model, methods[0])
        if found.differs:
            findings.append(
                Finding.of(
                    "H25",
                    f"{model.kind.upper()} '{model.name}' is not applied: fitted on "
                    f"another case ({'; '.join(found.differs)})",
                    severity=Severity.WARN,
                )
            )
        elif found.unstated:
            findings.append(
                Finding.of(
                    "H25",
                    f"{model.kind.upper()} '{model.name}': the file or the case does "
                    f"not say: {', '.join(found.unstated)}",
                    severity=Severity.NOTE,
                )
            )
    return findings


def thresholds_held(
    request: PostRequest,
    biology: "Biology",
    tables: "Mapping[str, list[StructureDose]]",
    findings: list[Finding],
) -> "tuple[ThresholdHeld, ...]":
    """Outcome studies' thresholds against the doses of the image as it is.

    Only studies of the case's disease are listed; one of another device, imaging or
    method is listed with why it is not held against the dose.
    """
    from sirtdose.dosimetry.biology import ThresholdHeld
    from sirtdose.dosimetry.radiobiology import metric_gy

    if request.disease is None or request.device is None:
        findings.append(
            Finding.of(
                "H25",
                "doses not held against outcome studies: needs --device and --disease",
                severity=Severity.NOTE,
            )
        )
        return ()
    method = next(iter(tables))
    held = []
    for threshold in table("thresholds")["outcome"]:
        if threshold["disease"] not in (None, request.disease):
            continue
        found = match(threshold, {**biology.case, "method": method})
        for row in tables[method]:
            effects = biology.effects(row)
            if row.structure.role != threshold["volume"] or effects is None:
                continue
            value = metric_gy(threshold["metric"], row.dvh, effects)
            held.append(
                ThresholdHeld(
                    threshold,
                    row.structure.name,
                    found,
                    value if found.holds else None,
                )
            )
    findings += _findings(held)
    return tuple(held)


def _findings(held: "list[ThresholdHeld]") -> list[Finding]:
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
