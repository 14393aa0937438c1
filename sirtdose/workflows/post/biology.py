"""Radiobiology of a session, and the outcome studies its doses are held against."""

from collections.abc import Mapping

from sirtdose.checks.biology import study_findings
from sirtdose.data.load import table
from sirtdose.dosimetry.histogram.radiobiology import Biology, ThresholdHeld, case_match
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.io.tables.radiobiology import read_radiobiology
from sirtdose.model.finding import Finding
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


def thresholds_held(
    biology: Biology, tables: Mapping[str, list[StructureDose]]
) -> tuple[tuple[ThresholdHeld, ...], list[Finding]]:
    """Outcome studies' thresholds against the doses of the image as it is.

    Only studies of the case's disease are listed; one of another device, imaging or
    method is listed with why it is not held against the dose.
    """
    disease = biology.case["disease"]
    if disease is None or biology.case["device"] is None:
        return (), study_findings(None)
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
            value = Metric.parse(threshold["metric"]).of(row.dvh, biology.effects(row))
            held.append(
                ThresholdHeld(
                    threshold,
                    row.structure.name,
                    found,
                    value if found.holds else None,
                )
            )
    return tuple(held), study_findings(held)
