"""Figures of biologically effective and uniform doses, and of response models."""

import numpy as np

from sirtdose.dosimetry.histogram.radiobiology import (
    bed_gy,
    eqd2_gy,
    equivalent_uniform_dose_gy,
    generalized_eud_gy,
    probability,
)
from sirtdose.model.radiobiology import ResponseModel, TissueResponse
from sirtdose.validation.bench import Figure


def _bed_gy(*, dose_gy: float, **given: float) -> float:
    return float(bed_gy(dose_gy, **given))


def _tissue_bed_gy(*, tissue: str, dose_gy: float, half_life_h: float) -> float:
    """Biologically effective dose by the parameters of the table."""
    one = TissueResponse.named(tissue)
    return _bed_gy(
        dose_gy=dose_gy,
        alpha_beta_gy=one.alpha_beta_gy,
        repair_half_time_h=one.repair_half_time_h,
        half_life_h=half_life_h,
    )


def _tissue_uniform_gy(*, tissue: str, doses_gy: list[float], by: str) -> float:
    """Uniform dose that equals doses to equal volumes, by the table's parameters."""
    one, doses = TissueResponse.named(tissue), np.array(doses_gy)
    volume = np.ones(len(doses))
    if by == "survival":
        return equivalent_uniform_dose_gy(
            doses, volume, alpha_per_gy=one.alpha_per_gy or 0.0
        )
    return generalized_eud_gy(doses, volume, a=one.geud_a)


def _response(*, dose_gy: float, form: str, **parameters: float) -> float:
    """Probability by a model of the parameters given."""
    return probability(
        ResponseModel("tcp", "one", form, "mean", parameters, (), {}, "by hand"),
        dose_gy,
    )


FIGURES: dict[str, Figure] = {
    "bed_gy": _bed_gy,
    "tissue_bed_gy": _tissue_bed_gy,
    "tissue_uniform_gy": _tissue_uniform_gy,
    "eqd2_gy": lambda *, bed_gy, **given: float(eqd2_gy(bed_gy, **given)),
    "response": _response,
}
