"""A perfused volume of the partition model: what 1 GBq into it does."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.errors import RangeError
from sirtdose.model.bounds import require_fraction, require_positive
from sirtdose.planning.partition import normal_dose_gy, uptake_fractions


@dataclass(frozen=True)
class Tumor:
    """A tumor of the partition model; `ratio` is its T/N, by concentration.

    With `by_activity` it is Kao's R instead: the tumor's activity over that of the
    perfused normal liver, see :mod:`sirtdose.planning.kao`.
    """

    name: str
    volume_ml: float
    ratio: float
    by_activity: bool = False


@dataclass(frozen=True)
class PerfusedVolume:
    """A volume that one injection perfuses, its tumors in it.

    Parameters
    ----------
    name : str
    volume_ml : float, > 0
        Tumors included.
    tumors : tuple of Tumor
    density_g_per_ml : float, > 0
    lung_shunt_fraction : float, 0 to below 1
    dose_constant_gy_kg_per_gbq : float, > 0

    Raises
    ------
    RangeError
        A value is outside its range, or the tumors are larger than the volume.

    Examples
    --------
    >>> right = PerfusedVolume("right", 1000, (Tumor("T1", 200, 3),), 1.03, 0.1, 49.67)
    >>> round(right.tumor_gy_per_gbq(right.tumors[0]) * 3.226, 1)
    300.0
    """

    name: str
    volume_ml: float
    tumors: tuple[Tumor, ...]
    density_g_per_ml: float
    lung_shunt_fraction: float
    dose_constant_gy_kg_per_gbq: float

    def __post_init__(self) -> None:
        require_positive(
            perfused_volume_ml=self.volume_ml, density_g_per_ml=self.density_g_per_ml
        )
        require_fraction(lung_shunt_fraction=self.lung_shunt_fraction)
        for tumor in self.tumors:
            require_positive(
                tumor_volume_ml=tumor.volume_ml, tumor_to_normal_ratio=tumor.ratio
            )
        if self.normal_volume_ml < 0:
            raise RangeError(
                f"the tumors of '{self.name}' are "
                f"{sum(t.volume_ml for t in self.tumors):g} mL, but the perfused "
                f"volume of {self.volume_ml:g} mL must include them: check both "
                "volumes"
            )

    @property
    def normal_volume_ml(self) -> float:
        """Perfused liver, tumors left out."""
        return self.volume_ml - sum(tumor.volume_ml for tumor in self.tumors)

    @property
    def mass_kg(self) -> float:
        """Mass of all that is perfused."""
        return self._mass_kg(self.volume_ml)

    @property
    def normal_mass_kg(self) -> float:
        """Mass of the perfused normal liver."""
        return self._mass_kg(self.normal_volume_ml)

    def tumor_mass_kg(self, tumor: Tumor) -> float:
        """Mass of a tumor."""
        return self._mass_kg(tumor.volume_ml)

    @property
    def normal_gy_per_gbq(self) -> float:
        """Dose to the perfused normal liver per GBq injected."""
        return normal_dose_gy(
            activity_gbq=1.0,
            normal_mass_kg=self.normal_mass_kg,
            tumor_masses_kg=self._tumor_masses_kg(),
            tumor_to_normal_ratios=self._ratios(),
            dose_constant_gy_kg_per_gbq=self.dose_constant_gy_kg_per_gbq,
            lung_shunt_fraction=self.lung_shunt_fraction,
        )

    def tumor_gy_per_gbq(self, tumor: Tumor) -> float:
        """Dose to a tumor per GBq injected."""
        return tumor.ratio * self.normal_gy_per_gbq

    @property
    def mean_gy_per_gbq(self) -> float:
        """Mean dose to all that is perfused, per GBq injected: one compartment's."""
        treated = 1 - self.lung_shunt_fraction
        return self.dose_constant_gy_kg_per_gbq * treated / self.mass_kg

    def uptakes(self) -> tuple[float, list[float]]:
        """Fractions of what is injected in normal liver and in each tumor."""
        return uptake_fractions(
            normal_mass_kg=self.normal_mass_kg,
            tumor_masses_kg=self._tumor_masses_kg(),
            tumor_to_normal_ratios=self._ratios(),
            lung_shunt_fraction=self.lung_shunt_fraction,
        )

    def _mass_kg(self, volume_ml: float) -> float:
        return volume_ml * self.density_g_per_ml / 1000

    def _tumor_masses_kg(self) -> Sequence[float]:
        return [self.tumor_mass_kg(tumor) for tumor in self.tumors]

    def _ratios(self) -> Sequence[float]:
        return [tumor.ratio for tumor in self.tumors]
