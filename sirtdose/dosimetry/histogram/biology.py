"""What doses mean: tissues, models, and outcome studies held against them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sirtdose.dosimetry.histogram.radiobiology import (
    Effects,
    effects,
    probability,
)
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.model.metric import Metric
from sirtdose.model.radiobiology import (
    Match,
    ResponseModel,
    TissueResponse,
    match,
    tissue_of,
)


@dataclass(frozen=True)
class Biology:
    """Parameters and models in use, and the case that models must match.

    `case` has nuclide, device, disease and imaging as far as they are known.
    """

    tissues: Mapping[str, TissueResponse]
    half_life_h: float
    models: tuple[ResponseModel, ...] = ()
    case: Mapping[str, str | None] = field(default_factory=dict)

    def effects(self, row: StructureDose) -> Effects | None:
        """Of a structure whose tissue is known."""
        tissue = tissue_of(row.structure.role)
        if tissue is None:
            return None
        return effects(row.dvh, self.tissues[tissue], self.half_life_h)

    def match(self, model: ResponseModel, method: str) -> Match:
        """Whether a model was fitted on what this case is (H25, H26)."""
        return case_match(model.conditions, {**self.case, "method": method})

    def probabilities(
        self, row: StructureDose, found: Effects | None, method: str
    ) -> dict[str, float]:
        """Of the models that hold for a structure, by name."""
        values = {}
        for model in self.models:
            if row.structure.role not in model.roles:
                continue
            dose = Metric.parse(model.metric).of(row.dvh, found)
            if dose is not None and self.match(model, method).holds:
                values[model.name] = probability(model, dose)
        return values


def case_match(
    study: Mapping[str, str | None], case: Mapping[str, str | None]
) -> Match:
    """Whether a study holds for a treatment: never where it was on scout images."""
    found = match(study, case)
    if study.get("imaging") == "MAA" and case.get("imaging") is None:
        unstated = tuple(key for key in found.unstated if key != "imaging")
        said = "imaging: MAA, here after treatment"
        return Match((*found.differs, said), unstated)
    return found


@dataclass(frozen=True)
class ThresholdHeld:
    """An outcome study's threshold, and a structure's dose against it.

    `value_gy` is None where the threshold does not hold for the case; `match` says why.
    """

    threshold: Mapping[str, object]
    structure: str
    match: Match
    value_gy: float | None

    @property
    def reached(self) -> bool | None:
        """Whether the dose is the threshold's or more; None where it does not hold."""
        if self.value_gy is None:
            return None
        return self.value_gy >= float(str(self.threshold["threshold_gy"]))
