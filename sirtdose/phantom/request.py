"""What kind of digital patient to make."""

from dataclasses import dataclass, field

from sirtdose.errors import RangeError
from sirtdose.model.bounds import require_not_negative
from sirtdose.model.nuclide import Nuclide

PHANTOM_ID = "PHANTOM"


@dataclass(frozen=True)
class PhantomRequest:
    """What to make.

    Parameters
    ----------
    seed : int, 0 or more
    fwhm_mm : float, 0 or more
        Blur of the SPECT; 0 for none.
    noise : bool
        Poisson noise in the SPECT and noise in the CT.
    follow_voxels : bool
        Structures that are whole SPECT voxels, so that doses are exact.
    spheres : bool
        Tumors are spheres of 10, 20 and 40 mm, each at 8 times the normal liver's
        concentration, to judge corrections of blur by.
    patient_id : str
        PatientID of every file.
    """

    seed: int = 1
    fwhm_mm: float = 15.0
    noise: bool = True
    follow_voxels: bool = False
    spheres: bool = False
    patient_id: str = PHANTOM_ID
    nuclide: Nuclide = field(default_factory=lambda: Nuclide.named("Y-90"))

    def __post_init__(self) -> None:
        require_not_negative(fwhm_mm=self.fwhm_mm)
        if self.fwhm_mm > 100:
            raise RangeError(f"fwhm is {self.fwhm_mm:g} mm: it must be at most 100 mm")
        if self.seed < 0:
            raise RangeError(f"seed is {self.seed}: it must be 0 or more")
