"""The injections of one session: ledgers, names, and when one calibration serves."""

from collections.abc import Sequence
from dataclasses import replace

from sirtdose.dosimetry.results import Read
from sirtdose.errors import InputError
from sirtdose.model.ledger import Ledger
from sirtdose.model.request import Given
from sirtdose.model.structure import Structure, perfused_by
from sirtdose.planning.lung_shunt import all_shunts_known


def ledgers_of(given: Given) -> list[Ledger]:
    """The ledger of each injection.

    Raises
    ------
    InputError
        Two of one name, or shunts that are known for some of them only.
    """
    names = [one.name for one in given.injections]
    if len(set(names)) < len(names):
        raise InputError("two injections have the same name: give each its own")
    all_shunts_known(
        {
            one.name: given.lung_shunt_fraction
            if one.lung_shunt_fraction is None
            else one.lung_shunt_fraction
            for one in given.injections
        }
    )
    return [
        one.ledger(given.nuclide, given.lung_shunt_fraction) for one in given.injections
    ]


def in_own_names(read: Read, drawn: Sequence[Structure]) -> Read:
    """The same, with the structures that injections perfuse as these are spelled.

    Raises
    ------
    InputError
        A structure that is not there.
    """
    injections = tuple(
        replace(one, perfused=perfused_by(one.name, one.perfused, drawn).name)
        for one in read.given.injections
    )
    given = replace(read.given, injections=injections)
    return replace(read, given=given, injections=injections_given(given))


def summed(ledgers: Sequence[Ledger]) -> Ledger:
    """All injections as one: activities add up, the shunt is that of the whole."""
    administered = sum(one.administered_gbq for one in ledgers)
    residual = sum(one.residual_gbq for one in ledgers)
    return Ledger(
        administered,
        residual_gbq=residual,
        lung_shunt_fraction=sum(one.lung_gbq for one in ledgers)
        / (administered - residual),
    )


def require_one_moment(calibration: str, given: Given) -> None:
    """Refuse an absolute calibration of injections that lie apart in time.

    Raises
    ------
    InputError
        They do, or one has no time.
    """
    if calibration == "administered" or not given.injections:
        return
    if not given.at_one_moment:
        raise InputError(
            f"calibration '{calibration}' is decay-corrected to one administration: "
            "injections at different times need --calibration administered"
        )


def injections_given(given: Given) -> tuple[tuple[str, str, Ledger], ...]:
    """Name, perfused structure and ledger of each."""
    ledgers = ledgers_of(given) if given.injections else []
    return tuple(
        (one.name, one.perfused, ledger)
        for one, ledger in zip(given.injections, ledgers, strict=True)
    )
