"""What the lungs get."""

from dataclasses import dataclass
from typing import Final

NOT_GIVEN: Final = "not given"


@dataclass(frozen=True)
class Lungs:
    """What the lungs get: this session, and with earlier ones."""

    shunt_fraction: float
    shunt_source: str
    mass_kg: float
    mass_source: str
    activity_gbq: float
    dose_gy: float
    cumulative_dose_gy: float

    @property
    def known(self) -> bool:
        """Whether a lung shunt was given at all."""
        return self.shunt_source != NOT_GIVEN
