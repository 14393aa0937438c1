"""Several injections of one session: each with its own activity and volume."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sirtdose.errors import InputError
from sirtdose.model.ledger import Ledger
from sirtdose.model.structure import Structure, perfused_by
from sirtdose.planning.lung_shunt import all_shunts_known

if TYPE_CHECKING:
    from sirtdose.workflows.post.request import InjectionGiven, PostRequest

# Injections further apart have no one moment that an image's own unit decays to.
_ONE_MOMENT_H = 0.25


def ledgers_of(request: "PostRequest") -> list[Ledger]:
    """The ledger of each injection.

    Raises
    ------
    InputError
        Two of one name, or shunts that are known for some of them only.
    """
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


def in_own_names(
    injections: "Sequence[InjectionGiven]", drawn: Sequence[Structure]
) -> "tuple[InjectionGiven, ...]":
    """The same, with the structures that they perfuse as these are spelled.

    Raises
    ------
    InputError
        A structure that is not there.
    """
    return tuple(
        replace(one, perfused=perfused_by(one.name, one.perfused, drawn).name)
        for one in injections
    )


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
