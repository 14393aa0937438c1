"""What every plan rests on, whatever its method."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_not_negative
from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML, LUNG_MASS_KG
from sirtdose.planning.limits import Rule, given_rules, lung_rules
from sirtdose.planning.sessions import EarlierSession, lungs_of


@dataclass(frozen=True)
class Terms:
    """What every plan rests on, whatever its method.

    `lung_shunt_fraction` is that of an injection which has none of its own; None where
    it was not measured: no shunt is assumed, and said to be. `maximize_order` names
    injections that are maximized one after another, not together. `scout_activity_gbq`
    is that of a scout of the same microspheres, whose dose stays. The prior doses are
    those of treatments that no session of `sessions` holds: they add up. A lung mass of
    None is not known: the CT's is used where there is one, else 1 kg. The patient's
    bilirubin decides between limits of the whole liver.

    Raises
    ------
    InputError
        A device that carries another nuclide.
    """

    nuclide: Nuclide = field(default_factory=lambda: Nuclide.named("Y-90"))
    device: Device | None = None
    density_g_per_ml: float = LIVER_DENSITY_G_PER_ML
    residual_fraction: float = 0.0
    lung_shunt_fraction: float | None = None
    lung_shunt_source: str = "unknown"
    lung_mass_kg: float | None = None
    lung_mass_source: str = "given"
    prior_lung_dose_gy: float = 0.0
    prior_liver_dose_gy: float = 0.0
    scout_activity_gbq: float = 0.0
    sessions: tuple[EarlierSession, ...] = ()
    limits_gy: Mapping[str, float] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    maximize_order: tuple[str, ...] = ()
    bilirubin_mg_per_dl: float | None = None

    def __post_init__(self) -> None:
        if self.device and self.device.nuclide_name != self.nuclide.name:
            raise InputError(
                f"{self.device.product} carry {self.device.nuclide_name}, not "
                f"{self.nuclide.name}"
            )
        require_not_negative(
            prior_liver_dose_gy=self.prior_liver_dose_gy,
            prior_lung_dose_gy=self.prior_lung_dose_gy,
            bilirubin_mg_per_dl=self.bilirubin_mg_per_dl or 0.0,
        )

    @property
    def used_lung_mass(self) -> tuple[float, str]:
        """The mass of the lungs in kg, and where it is from.

        >>> Terms(lung_mass_kg=0.8).used_lung_mass, Terms().used_lung_mass
        ((0.8, 'given'), (1.0, 'default'))
        """
        if self.lung_mass_kg is None:
            return LUNG_MASS_KG, "default"
        return self.lung_mass_kg, self.lung_mass_source

    @property
    def earlier_lung_gy(self) -> float:
        """What the lungs got before: as typed, and of earlier sessions."""
        return self.prior_lung_dose_gy + lungs_of(self.sessions)

    @property
    def all_rules(self) -> list[Rule]:
        """Every limit: those always listed, those typed, those of a table."""
        return [*lung_rules(), *given_rules(self.limits_gy), *self.rules]
