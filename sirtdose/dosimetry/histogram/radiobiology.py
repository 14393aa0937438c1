"""Biologically effective and equivalent uniform doses, and probabilities by models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import erf, exp, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.errors import RangeError
from sirtdose.model.metric import Metric
from sirtdose.model.radiobiology import (
    Match,
    ResponseModel,
    TissueResponse,
    match,
    tissue_of,
)

_EXPONENT_MAX = 700.0


def bed_gy(
    dose_gy: Any,
    *,
    alpha_beta_gy: float,
    repair_half_time_h: float,
    half_life_h: float,
) -> Any:
    r"""Biologically effective dose of a permanent implant that decays.

    .. math::

        BED = D \left[1 + \frac{D\,T_{rep}}{(T_{rep} + T_{1/2})\,\alpha/\beta}\right]

    Parameters
    ----------
    dose_gy : float or array
        Absorbed dose to full decay, Gy.
    alpha_beta_gy : float
        Above 0.
    repair_half_time_h : float
        Of sublethal damage, above 0.
    half_life_h : float
        Physical half-life, above 0.

    Returns
    -------
    float or array
        Gy.

    Raises
    ------
    RangeError
        A parameter that is not above 0.

    Notes
    -----
    The linear-quadratic model with one repair half-time, no repopulation, and spheres
    that stay where they are.

    References
    ----------
    Dale, Br J Radiol 1985;58:515, for a dose rate that decays.

    Examples
    --------
    100 Gy of Y-90 (64.1 h), alpha/beta 10 Gy, repair 1.5 h:
    100 * (1 + 100 * 1.5 / (65.6 * 10)) = 122.866 Gy.

    >>> round(bed_gy(100.0, alpha_beta_gy=10.0, repair_half_time_h=1.5,
    ...              half_life_h=64.1), 3)
    122.866
    """
    for name, value in (
        ("alpha/beta", alpha_beta_gy),
        ("the repair half-time", repair_half_time_h),
        ("the half-life", half_life_h),
    ):
        if not value > 0:
            raise RangeError(f"{name} is {value}: a number above 0 is needed")
    share = repair_half_time_h / (repair_half_time_h + half_life_h)
    return dose_gy * (1 + dose_gy * (share / alpha_beta_gy))


def eqd2_gy(bed: Any, *, alpha_beta_gy: float) -> Any:
    """Dose in fractions of 2 Gy with the same biologically effective dose.

    Examples
    --------
    87.14 / (1 + 2 / 2.5) = 48.41 Gy.

    >>> round(eqd2_gy(87.14, alpha_beta_gy=2.5), 2)
    48.41
    """
    return bed / (1 + 2 / alpha_beta_gy)


def equivalent_uniform_dose_gy(
    dose_gy: NDArray[np.float64], volume: NDArray[np.float64], *, alpha_per_gy: float
) -> float:
    r"""Uniform dose with the same mean cell survival: ``-ln<exp(-alpha D)> / alpha``.

    Of BED instead of dose it is the EUBED.

    Examples
    --------
    Half at 0, half at 100 Gy with alpha 0.036: -ln((1 + exp(-3.6)) / 2) / 0.036.

    >>> round(equivalent_uniform_dose_gy(
    ...     np.array([0.0, 100.0]), np.array([1.0, 1.0]), alpha_per_gy=0.036), 3)
    18.505
    """
    dose, volume = dose_gy[volume > 0], volume[volume > 0]
    # From the coldest voxel: its exponent is the largest.
    least = float(dose.min())
    mean = np.average(np.exp(-alpha_per_gy * (dose - least)), weights=volume)
    return least - float(np.log(mean)) / alpha_per_gy


def generalized_eud_gy(
    dose_gy: NDArray[np.float64], volume: NDArray[np.float64], *, a: float
) -> float:
    """Generalized equivalent uniform dose, the power mean ``<D^a>^(1/a)``.

    Doses below 0, which noise gives, count as 0.

    Raises
    ------
    RangeError
        An exponent of 0.

    References
    ----------
    Niemierko, Med Phys 1999;26:1100.

    Examples
    --------
    Of 1 and 3 Gy with a = 2: sqrt((1 + 9) / 2).

    >>> round(generalized_eud_gy(np.array([1.0, 3.0]), np.array([1.0, 1.0]), a=2.0), 4)
    2.2361
    """
    if a == 0:
        raise RangeError(
            "a generalized EUD with a = 0 is not defined: use a = 1 for the mean"
        )
    dose, volume = np.maximum(dose_gy[volume > 0], 0.0), volume[volume > 0]
    if float(dose.max()) == 0 or (a < 0 and (dose == 0).any()):
        return 0.0
    logarithms = np.log(np.maximum(dose, 1e-300)) * a
    most = float(logarithms.max())
    mean = np.average(np.exp(logarithms - most), weights=volume)
    return float(np.exp((most + np.log(mean)) / a))


@dataclass(frozen=True)
class Effects:
    """What a histogram means to a tissue; doses in Gy.

    `bed_mean_gy` is the mean of the voxels' BED, not the BED of the mean dose.
    """

    tissue: TissueResponse
    bed_mean_gy: float
    eqd2_mean_gy: float
    eud_gy: float | None
    eubed_gy: float | None
    geud_gy: float


def effects(dvh: Dvh, tissue: TissueResponse, half_life_h: float) -> Effects:
    """Biologically effective and equivalent uniform doses of a histogram.

    Of one session: doses of several sessions do not add up before the BED.
    """
    dose, volume = dvh.dose_gy, dvh.volumes_ml
    bed = bed_gy(
        dose,
        alpha_beta_gy=tissue.alpha_beta_gy,
        repair_half_time_h=tissue.repair_half_time_h,
        half_life_h=half_life_h,
    )
    mean = float(np.average(bed, weights=volume))
    alpha = tissue.alpha_per_gy
    return Effects(
        tissue=tissue,
        bed_mean_gy=mean,
        eqd2_mean_gy=eqd2_gy(mean, alpha_beta_gy=tissue.alpha_beta_gy),
        eud_gy=None
        if alpha is None
        else equivalent_uniform_dose_gy(dose, volume, alpha_per_gy=alpha),
        eubed_gy=None
        if alpha is None
        else equivalent_uniform_dose_gy(bed, volume, alpha_per_gy=alpha),
        geud_gy=generalized_eud_gy(dose, volume, a=tissue.geud_a),
    )


def probability(model: ResponseModel, dose_gy: float) -> float:
    r"""Probability by a model at a dose.

    * ``logistic``: :math:`1 / (1 + (D_{50}/D)^{4\gamma_{50}})`
    * ``logit``: :math:`1 / (1 + e^{-(b_0 + b_1 D)})`
    * ``lyman``: :math:`\Phi\left((D - D_{50}) / (m D_{50})\right)`

    References
    ----------
    Niemierko, Med Phys 1999;26:1100 (logistic); Lyman, Radiat Res 1985;104:S13.

    Examples
    --------
    At its D50 every model gives one half.

    >>> lyman = ResponseModel("ntcp", "one", "lyman", "mean",
    ...                       {"d50_gy": 52.0, "m": 0.3}, (), {}, "an example")
    >>> probability(lyman, 52.0), round(probability(lyman, 52.0 + 0.3 * 52.0), 4)
    (0.5, 0.8413)
    """
    values = model.parameters
    if model.form == "lyman":
        t = (dose_gy - values["d50_gy"]) / (values["m"] * values["d50_gy"])
        return 0.5 * (1 + erf(t / sqrt(2)))
    if model.form == "logistic":
        return (
            0.0
            if dose_gy <= 0
            else _sigmoid(4 * values["gamma50"] * log(dose_gy / values["d50_gy"]))
        )
    return _sigmoid(values["b0"] + values["b1_per_gy"] * dose_gy)


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(min(max(-x, -_EXPONENT_MAX), _EXPONENT_MAX)))


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
        return (
            None
            if tissue is None
            else effects(row.dvh, self.tissues[tissue], self.half_life_h)
        )

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
        return Match((*found.differs, "imaging: MAA, here after treatment"), unstated)
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
        return (
            None
            if self.value_gy is None
            else self.value_gy >= float(str(self.threshold["threshold_gy"]))
        )
