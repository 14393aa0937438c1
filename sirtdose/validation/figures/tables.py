"""Figures of tables and units: devices, laboratory, what is typed."""

from sirtdose.model import units, usual
from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.outcomes.laboratory import factor
from sirtdose.planning.bsa_plan import empirical_activity_gbq, lung_shunt_reduction
from sirtdose.planning.delivered import delivered_activity_gbq
from sirtdose.planning.hand_check import hand_check
from sirtdose.planning.limits import lung_rules
from sirtdose.validation.bench import Figure


def _usual(*, name: str) -> float:
    """What is taken where nothing is given."""
    return float(getattr(usual, name))


def _typed(*, measure: str, text: str) -> float:
    """A quantity as it is typed, in the unit used inside."""
    return float(getattr(units, measure).parse(text))


def _laboratory_factor(*, term: str, unit: str) -> float:
    return factor(term, unit)


def _shunt_reduction(*, shunt: float) -> float:
    """What the BSA method takes off its activity for a lung shunt."""
    return lung_shunt_reduction(shunt)


def _empirical_gbq(*, involvement: float) -> float:
    return empirical_activity_gbq(involvement)


def _device_mean(*, device: str, of: str) -> float:
    """One number of a device; of its vials the mean."""
    one = Device.named(device)
    if of == "vial_activity_gbq":
        return sum(one.vial_activity_gbq) / len(one.vial_activity_gbq)
    return float(getattr(one, of))


def _lung_limit_gy(*, name: str) -> float:
    [rule] = [one for one in lung_rules() if one.volume == name]
    return float(rule.limit_gy)


def _delivered_gbq(
    *, dispensed_gbq: float, residual_gbq: float, residual_after_h: float, nuclide: str
) -> float:
    return delivered_activity_gbq(
        dispensed_gbq=dispensed_gbq,
        residual_gbq=residual_gbq,
        residual_after_h=residual_after_h,
        nuclide=Nuclide.named(nuclide),
    )


def _second_mci(*, activity_gbq: float) -> float:
    """Activity in mCi as the second calculation of a plan has it."""
    plan = {
        "nuclide": {"dose_constant_gy_kg_per_gbq": 49.67},
        "activity_gbq": activity_gbq,
        "activity_mci": 1.0,
        "draw_activity_gbq": activity_gbq,
        "compartments": [],
        "lungs": {"shunt_fraction": 0.1, "mass_kg": 1.0, "dose_gy": 1.0},
        "assumptions": {"density_g_per_ml": 1.0, "residual_fraction": 0.0},
    }
    [found] = [one.by_hand for one in hand_check(plan) if one.unit == "mCi"]
    return found


FIGURES: dict[str, Figure] = {
    "usual": _usual,
    "typed": _typed,
    "laboratory_factor": _laboratory_factor,
    "shunt_reduction": _shunt_reduction,
    "empirical_gbq": _empirical_gbq,
    "device": _device_mean,
    "lung_limit_gy": _lung_limit_gy,
    "delivered_gbq": _delivered_gbq,
    "second_mci": _second_mci,
}
