"""Several injections of one session: each with its own activity and volume."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sirtdose.errors import InputError
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide

if TYPE_CHECKING:
    from sirtdose.workflows.post.request import PostRequest

# Injections further apart have no one moment that an image's own unit decays to.
_ONE_MOMENT_H = 0.25
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


def ledgers_of(request: "PostRequest") -> list[Ledger]:
    """The ledger of each injection.

    Raises
    ------
    InputError
        Two of one name, or shunts that are known for some of them only.
    """
    from sirtdose.planning.lung_shunt import all_shunts_known

    names = [one.name for one in request.injections]
    if len(set(names)) < len(names):
        raise InputError("two injections have the same name: give each its own")
    all_shunts_known(
        {
            one.name: request.lung_shunt_fraction
            if one.lung_shunt_fraction is None
            else one.lung_shunt_fraction
            for one in request.injections
        }
    )
    return [
        one.ledger(request.nuclide, request.lung_shunt_fraction)
        for one in request.injections
    ]


def summed(ledgers: Sequence[Ledger]) -> Ledger:
    """All injections as one: activities add up, the shunt is that of the whole."""
    administered = sum(one.administered_gbq for one in ledgers)
    residual = sum(one.residual_gbq for one in ledgers)
    lungs = sum(one.lung_gbq for one in ledgers)
    return Ledger(
        administered,
        residual_gbq=residual,
        lung_shunt_fraction=lungs / (administered - residual),
    )


def require_one_moment(request: "PostRequest") -> None:
    """Refuse an absolute calibration of injections that lie apart in time.

    Raises
    ------
    InputError
        They do, or one has no time.
    """
    if request.calibration == "administered" or not request.injections:
        return
    if not at_one_moment(request):
        raise InputError(
            f"calibration '{request.calibration}' decays to one administration: "
            "injections that lie apart need --calibration administered"
        )


def at_one_moment(request: "PostRequest") -> bool:
    """Whether all injections have times, within 15 min of each other."""
    times = [one.at for one in request.injections if one.at is not None]
    apart = (max(times) - min(times)).total_seconds() / 3600 if times else 0.0
    return len(times) == len(request.injections) and apart <= _ONE_MOMENT_H


def shunts_given(request: "PostRequest") -> bool:
    """Whether the injections' own lung shunts are known, none of them 0 for lack."""
    return bool(request.injections) and all(
        one.lung_shunt_fraction is not None or request.lung_shunt_fraction is not None
        for one in request.injections
    )


def injections_given(request: "PostRequest") -> tuple[tuple[str, str, Ledger], ...]:
    """Name, perfused structure and ledger of each."""
    ledgers = ledgers_of(request) if request.injections else []
    pairs = zip(request.injections, ledgers, strict=True)
    return tuple((one.name, one.perfused, ledger) for one, ledger in pairs)
