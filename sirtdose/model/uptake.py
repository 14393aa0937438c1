"""Uptake in a PET: standardized uptake values, and what they were made with."""

from dataclasses import dataclass, field
from datetime import datetime

from sirtdose.errors import RangeError
from sirtdose.model.body_size import Body
from sirtdose.model.volume import Volume


@dataclass(frozen=True)
class UptakeGiven:
    """What a person says where a PET's header does not, or is wrong.

    Parameters
    ----------
    body : Body
        What is None is read from the header.
    injected_mbq : float, optional
        Activity that was injected, at `injected_at`.
    injected_at, scan_at : datetime, optional
        The injection, and the moment that the image is decay-corrected to; on the
        scanner's clock where they state no offset from UTC.
    suv_type : str, optional
        What an image in SUV is normalized to: BW, LBMJAMES128, LBMJANMA, IBW or BSA.
    ibsi : bool
        Whether the conventions of the IBSI manual stand in for what a header leaves
        open, where it would else be asked.
    """

    body: Body = field(default_factory=Body)
    injected_mbq: float | None = None
    injected_at: datetime | None = None
    scan_at: datetime | None = None
    suv_type: str | None = None
    ibsi: bool = False


@dataclass(frozen=True)
class Tracer:
    """What was injected and when, and the moment that a PET's values hold at.

    Parameters
    ----------
    injected_mbq, half_life_h : float, > 0, optional
        None of a PET that is stored as SUV and does not say.
    injected_at, reference_at : datetime, optional
        None where a PET is decay-corrected to the injection. Of a PET without decay
        correction the reference is that of its first bed.
    origin : str
        How the reference time is known.
    """

    injected_mbq: float | None
    half_life_h: float | None
    injected_at: datetime | None = None
    reference_at: datetime | None = None
    origin: str = ""

    def left_mbq(self, at: datetime | None) -> float:
        """The activity that is left at a moment, MBq; that injected where it is None.

        Examples
        --------
        An hour of F-18, 2^(-60 / 109.77):

        >>> start = datetime(2026, 5, 4, 9)
        >>> tracer = Tracer(300.0, 109.77 / 60, start)
        >>> round(tracer.left_mbq(datetime(2026, 5, 4, 10)), 2)
        205.39
        """
        injected_mbq = self.injected_mbq
        if injected_mbq is None:
            raise RangeError("the injected activity is not known: give --injected")
        if at is None or self.injected_at is None or self.half_life_h is None:
            return injected_mbq
        hours = (at - self.injected_at).total_seconds() / 3600
        return float(injected_mbq * 2 ** (-hours / self.half_life_h))


@dataclass(frozen=True)
class Uptake:
    """Standardized uptake values by body weight, and how they were made.

    Parameters
    ----------
    suv : Volume
        In g/mL, by body weight; its source's `scan_start` is when the scan began.
    body : Body
    units : str
        Of the file: BQML, CNTS, GML or CM2ML.
    suv_type : str
        What the file's own values are normalized to; empty of an activity.
    tracer : Tracer, optional
        None where the file has SUV already and does not say.
    uptake_time_min : float, optional
        From the injection to the start of the scan.
    tracer_words : tuple of str
        What the header calls the tracer.
    """

    suv: Volume
    body: Body
    units: str
    suv_type: str = ""
    tracer: Tracer | None = None
    uptake_time_min: float | None = None
    tracer_words: tuple[str, ...] = ()

    def part_of_injected(self) -> float:
        """The activity in the image as a part of that injected, decay aside."""
        total_g = float(self.suv.data.sum(dtype=float)) * self.suv.grid.voxel_volume_ml
        return total_g / (1e3 * self.body.weight())

    def lean_factor(self, formula: str) -> float:
        """What a value by body weight is multiplied with for one by lean body mass."""
        return self.body.lean_mass_kg(formula) / self.body.weight()

    def surface_factor(self) -> float:
        """What turns a value by body weight, g/mL, into one by surface, cm2/mL."""
        return self.body.surface_m2() * 1e4 / (self.body.weight() * 1e3)
