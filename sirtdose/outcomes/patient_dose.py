"""One dose of a patient with several treatments, or several treated lobes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_not_negative, require_positive

BY_MAP = "sum of registered dose maps"
ONE = "one treatment"


@dataclass(frozen=True)
class TreatedPart:
    """Tumors, or normal liver, of one treated part, such as a lobe.

    Parameters
    ----------
    region : str
        What was treated, such as "right lobe"; no two parts are of one region.
    volume_ml : float, > 0
    mean_gy : float, >= 0
    """

    region: str
    volume_ml: float
    mean_gy: float

    def __post_init__(self) -> None:
        require_positive(volume_ml=self.volume_ml)
        require_not_negative(mean_gy=self.mean_gy)


@dataclass(frozen=True)
class PatientDose:
    """Mean dose of a patient, and how it was obtained."""

    mean_gy: float
    method: str


def patient_dose(
    parts: Sequence[TreatedPart], *, summed_gy: float | None = None
) -> PatientDose:
    r"""The sum of registered maps where there is one, else a mean weighted by volume.

    .. math:: D = \frac{\sum_k V_k D_k}{\sum_k V_k}

    Parameters
    ----------
    parts : sequence of TreatedPart
        Each treated region once.
    summed_gy : float, >= 0, optional
        Mean of the summed map in the patient's contours, as of
        ``sirtdose post --prior-dose``; it replaces the parts.

    Raises
    ------
    InputError
        No part, or a region that was treated twice and whose maps were not summed:
        means of different contours cannot be added.

    Examples
    --------
    (300 * 120 + 100 * 80) / 400 = 110 Gy.

    >>> patient_dose([TreatedPart("right", 300, 120), TreatedPart("left", 100, 80)])
    PatientDose(mean_gy=110.0, method='mean of 2 parts, weighted by volume')
    """
    if summed_gy is not None:
        require_not_negative(summed_gy=summed_gy)
        return PatientDose(summed_gy, BY_MAP)
    if not parts:
        raise InputError("no treated part: give the volume and dose of each")
    regions = [one.region for one in parts]
    again = sorted({one for one in regions if regions.count(one) > 1})
    if again:
        raise InputError(
            f"'{again[0]}' was treated more than once, and means of different contours "
            "cannot be added: sum the registered dose maps, with `sirtdose post "
            "--prior-dose`"
        )
    total_ml = sum(one.volume_ml for one in parts)
    mean_gy = sum(one.volume_ml * one.mean_gy for one in parts) / total_ml
    several = f"mean of {len(parts)} parts, weighted by volume"
    return PatientDose(mean_gy, ONE if len(parts) == 1 else several)
