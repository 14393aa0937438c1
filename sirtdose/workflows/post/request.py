"""What is to be assessed after treatment."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.errors import InputError
from sirtdose.model.ledger import Ledger
from sirtdose.model.metric import Metric
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.self_test import SelfTest
from sirtdose.model.usual import LUNG_MASS_KG
from sirtdose.workflows.image.request import ImageRequest

if TYPE_CHECKING:
    from sirtdose.dosimetry.image.calibrate import Over

_RESIDUAL_MAX_H = 200.0


@dataclass(frozen=True)
class InjectionGiven:
    """What was injected into which structure, and what stayed behind of it.

    `at` is of the injection; a residual needs it and its own time, and one that is
    None was not given and is taken as none.
    """

    name: str
    administered_gbq: float
    perfused: str
    at: datetime | None = None
    residual_gbq: float | None = None
    residual_at: datetime | None = None
    lung_shunt_fraction: float | None = None

    def ledger(self, nuclide: Nuclide, lung_shunt_fraction: float | None) -> Ledger:
        """Its own ledger, at its own time; the shunt given holds where it has none.

        Raises
        ------
        InputError
            A residual without the times between which it decayed.
        RangeError
            A residual that is not less than what was administered.
        """
        residual = self.residual_gbq or 0.0
        if residual > 0:
            if self.at is None or self.residual_at is None:
                raise InputError(
                    f"the residual of '{self.name}' decays to its injection: write "
                    "both times, name=1.2GBq@TIME;...;residual=20MBq@TIME"
                )
            elapsed_h = (self.residual_at - self.at).total_seconds() / 3600
            if not 0 <= elapsed_h <= _RESIDUAL_MAX_H:
                raise InputError(
                    f"the residual of '{self.name}' was measured {elapsed_h:.1f} h "
                    f"after its injection, outside 0 to {_RESIDUAL_MAX_H:g} h: check "
                    "dates and offsets"
                )
            residual /= nuclide.decay_factor(elapsed_h)
        own = self.lung_shunt_fraction
        return Ledger(
            self.administered_gbq,
            residual_gbq=residual,
            lung_shunt_fraction=(lung_shunt_fraction if own is None else own) or 0.0,
        )


@dataclass(frozen=True)
class PostRequest(ImageRequest):
    """What is to be assessed, and what was given when.

    Exactly one of `administered_gbq`, `assay_gbq` with `assay_at`, and `injections` is
    needed; several injections share the image out by their own perfused volumes.
    A residual that is None is taken as none, and said to be so.
    Times know their offset from UTC; `timezone` places an image's own clock.
    `device` and `disease` say which outcome studies the doses are held against,
    `radiobiology` is a TOML file of a department's own parameters and models.
    The `metrics` of each structure are given beside the usual ones.
    With a `site_key` results as DICOM carry a pseudonym made with it.
    True activities are `calibrator_factor` times those given, as a dose calibrator
    read them.
    Up to `camera_limit_gbq` in view the gamma camera counts in proportion. `pvc` is
    ``"iterative-yang"``, ``"gtm"`` or the path of recovery coefficients, `psf_mm` the
    widths (FWHM) of the blur along the patient's x, y and z. With `uncertainty` every
    dose has its interval, of so many realizations drawn with `seed`, by the package's
    budget or the TOML file `budget`. `self_test` is what the program's own comparisons
    said.
    """

    administered_gbq: float | None = None
    assay_gbq: float | None = None
    assay_at: datetime | None = None
    administered_at: datetime | None = None
    residual_gbq: float | None = None
    residual_at: datetime | None = None
    lung_shunt_fraction: float | None = None
    calibration: str = "administered"
    cps_per_mbq: float | None = None
    calibrate_over: "Over | None" = None
    scan_at: datetime | None = None
    scan_duration_h: float | None = None
    camera_limit_gbq: float | None = None
    calibrator_factor: float = 1.0
    timezone: str | None = None
    lung_mass_kg: float = LUNG_MASS_KG
    lung_mass_source: str = "default"
    lung_shunt_source: str = "unknown"
    prior_lung_dose_gy: float = 0.0
    psf_mm: tuple[float, float, float] | None = None
    pvc: str | Path | None = None
    plan: Path | None = None
    patient_key: str | None = None
    prior_dose: Path | None = None
    prior_transform: Path | None = None
    injections: tuple[InjectionGiven, ...] = ()
    site_key: bytes | None = None
    device: str | None = None
    disease: str | None = None
    radiobiology: Path | None = None
    metrics: tuple[Metric, ...] = ()
    uncertainty: int | None = None
    budget: Path | None = None
    seed: int | None = None
    self_test: SelfTest | None = None
