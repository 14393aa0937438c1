"""A treatment as it is judged: what is injected where, and what each part gets.

Planners and assessments build the same record, so that one case cannot be judged
differently by two commands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sirtdose.model.device import Device
from sirtdose.model.guard_rails import rail
from sirtdose.model.ledger import Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.rounded import amount_at_most

_LIVERS = ("liver", "normal_whole")
# The other reading of an image: what lies outside of all that is perfused counts too.
ALL_COUNTS = "all counts of the map"


@dataclass(frozen=True)
class Injected:
    """One injection: its name, its activity, and its own lung shunt where known.

    `residual_gbq` is what of its activity was not delivered.
    """

    name: str
    activity_gbq: float
    lung_shunt_fraction: float | None = None
    residual_gbq: float = 0.0


@dataclass(frozen=True)
class Part:
    """A part of the body with one mean dose.

    Parameters
    ----------
    name, role : str
    volume_ml, mass_kg : float
    doses_gy : tuple of float
        What each injection gives it, in their order; one sum where they are not known
        apart.
    prior_gy : float
        What earlier treatments gave.
    of : tuple of str
        The injections that perfuse it.
    assumed : str
        How its volume is known, where it is neither drawn nor typed.
    all_counts_gy : tuple of float
        The doses by all counts of the image, where those are others.
    hottest_gy, focus_gy : float
        What its hottest 2 % get at least, and the peak of a hot spot that reaches into
        it; 0 where not known, or none.
    """

    name: str
    role: str
    volume_ml: float
    mass_kg: float
    doses_gy: tuple[float, ...]
    prior_gy: float = 0.0
    of: tuple[str, ...] = ()
    assumed: str = ""
    all_counts_gy: tuple[float, ...] = ()
    hottest_gy: float = 0.0
    focus_gy: float = 0.0

    @property
    def most(self) -> "Part":
        """By all counts of the image, where that is more: what at most holds for.

        >>> part = Part("liver", "liver", 1500, 1.58, (30.0,), all_counts_gy=(40.0,))
        >>> part.most.name
        'liver, all counts of the map'
        """
        if sum(self.all_counts_gy) <= self.dose_gy:
            return self
        name = f"{self.name}, {ALL_COUNTS}"
        return replace(self, name=name, doses_gy=self.all_counts_gy, all_counts_gy=())

    @property
    def dose_gy(self) -> float:
        """Mean dose by all injections, this session."""
        return sum(self.doses_gy)

    @property
    def total_gy(self) -> float:
        """Mean dose with earlier treatments.

        >>> Part("liver", "liver", 1500.0, 1.58, (30.0, 10.0), prior_gy=20.0).total_gy
        60.0
        """
        return self.dose_gy + self.prior_gy


@dataclass(frozen=True)
class Treatment:
    """Injections, the parts they reach, the lungs, and what was injected.

    `given` is True once it was: a remedy is then no smaller activity. `typed_tumors_ml`
    is what of the liver is tumor, where no part says it. Volumes that were `drawn` were
    judged as structures. `prescribed_gy` is the highest dose goal that an activity was
    computed from; 0 where there was none. `bilirubin_mg_per_dl` is None where it is not
    known. `by_formula` is True where the activity follows from the patient's size, and
    its command takes no other.
    """

    injections: tuple[Injected, ...]
    parts: tuple[Part, ...]
    lungs: Lungs
    nuclide: Nuclide
    device: Device | None = None
    given: bool = False
    drawn: bool = False
    typed_tumors_ml: float = 0.0
    prescribed_gy: float = 0.0
    bilirubin_mg_per_dl: float | None = None
    by_formula: bool = False

    @property
    def tumors_ml(self) -> float:
        """Tumors in all."""
        return self.typed_tumors_ml or sum(t.volume_ml for t in self.held("tumor"))

    @property
    def activity_gbq(self) -> float:
        """What is injected in all."""
        return sum(one.activity_gbq for one in self.injections)

    def subject_of(self, one: Injected) -> str:
        """What an injection is called, whoever asks: by its name among several."""
        return one.name if len(self.injections) > 1 else "the injection"

    def held(self, *roles: str) -> list[Part]:
        """The parts of some roles."""
        return [one for one in self.parts if one.role in roles]

    def of_injection(self, name: str, *roles: str) -> list[Part]:
        """The parts of some roles that an injection perfuses."""
        return [one for one in self.held(*roles) if name in one.of]

    def whole_liver(self, role: str = "liver") -> Part | None:
        """The whole liver, or its normal part, as far as it can be known.

        Drawn or typed as it is; else its other reading; else the perfused volumes
        together, in a liver of the usual size where they are smaller.
        """
        known = (one for wanted in (role, *_LIVERS) for one in self.held(wanted))
        return next(known, None) or self._liver_of_usual_size()

    def _liver_of_usual_size(self) -> Part | None:
        perfused = self.held("perfused")
        volume_ml = sum(one.volume_ml for one in perfused)
        if not volume_ml > 0:
            return None
        mass_kg = sum(one.mass_kg for one in perfused)
        usual_ml = rail("usual_liver_ml")
        whole_kg = mass_kg + max(usual_ml - volume_ml, 0.0) * mass_kg / volume_ml
        doses = zip(*(one.doses_gy for one in perfused), strict=True)
        masses = [one.mass_kg for one in perfused]
        # What all of the liver had, the rest of it had too.
        everywhere = min(one.prior_gy for one in perfused)
        more = _weighted([one.prior_gy - everywhere for one in perfused], masses)
        return Part(
            name="whole liver",
            role="liver",
            volume_ml=max(usual_ml, volume_ml),
            mass_kg=whole_kg,
            doses_gy=tuple(_weighted(each, masses) / whole_kg for each in doses),
            prior_gy=everywhere + more / whole_kg,
            of=tuple(one.name for one in self.injections),
            assumed="the perfused volumes together"
            if volume_ml >= usual_ml
            else f"the usual {usual_ml:g} mL",
        )

    def at_most(self, part: Part, bound_gy: float) -> str:
        """The activity, or activities, at which a part gets no more than a dose."""
        room = bound_gy - part.prior_gy
        if room <= 0:
            return ""
        apart = len(part.doses_gy) == len(self.injections)
        each = [
            one
            for i, one in enumerate(self.injections)
            if (part.doses_gy[i] > 0 if apart else one.name in part.of or not part.of)
        ]
        share = room / part.dose_gy
        return " and ".join(
            amount_at_most(one.activity_gbq * share)
            + (f" to '{one.name}'" if len(self.injections) > 1 else "")
            for one in each
        )


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True))
