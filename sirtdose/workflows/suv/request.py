"""What a person gives to measure uptake in a PET."""

from dataclasses import dataclass, field

from sirtdose.model.acceptance import Acceptance
from sirtdose.model.request import ImageRequest
from sirtdose.model.uptake import UptakeGiven


@dataclass(frozen=True)
class SuvRequest:
    """The PET with its structures, and what its header does not say.

    Parameters
    ----------
    image : ImageRequest
    given : UptakeGiven
    lean_mass : str
        The formula that SUL are by, of
        :data:`sirtdose.model.body_size.LEAN_MASS`.
    percist : str
        Which version's rule for the blood pool, "2009" or "2016".
    liver_reference, blood_pool : str, optional
        Structures that were drawn in normal liver and in blood, by name.
    case_label : str, optional
    deidentify : bool
        Leave out dates, names of files and their hashes, and which scanner it was.
    acceptances : tuple of Acceptance
    """

    image: ImageRequest
    given: UptakeGiven = field(default_factory=UptakeGiven)
    lean_mass: str = "janmahasatian"
    percist: str = "2009"
    liver_reference: str | None = None
    blood_pool: str | None = None
    case_label: str | None = None
    deidentify: bool = False
    acceptances: tuple[Acceptance, ...] = ()
