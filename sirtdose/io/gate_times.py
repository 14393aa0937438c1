"""Images of respiratory gates as one, each by its part of the time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import QuantityError
from sirtdose.model.gates import Gates
from sirtdose.model.guard_rails import rail
from sirtdose.model.volume import Doubt, Quantity

Together = tuple[NDArray[np.float64], Gates, tuple[Doubt, ...]]


def gates_by_time(
    images: Sequence[NDArray[Any]],
    durations: Sequence[float] | None,
    *,
    timed: str,
    quantity: Quantity,
    voxel_ml: float,
) -> Together:
    """One image of all gates, each of them, and what a person must accept (H12).

    Counts add up, whatever the durations; a concentration is the mean by time. The
    activity in view is the same in each gate. So where counts differ and durations are
    not known, each gate's part of the time is that of its counts; where concentrations
    do, it is not known, and all are taken as equal.

    Parameters
    ----------
    images : sequence of array
        As they were read.
    durations : sequence of float, optional
        In any unit; None where they are not known.
    timed : str
        What the durations were read from, or what is taken in their place.
    quantity : Quantity
    voxel_ml : float

    Raises
    ------
    QuantityError
        A gate without any activity.

    Examples
    --------
    1000 counts in a quarter of the time, and 3000 in the rest, are at one rate:

    >>> low, high = np.full((1, 1, 1), 1000.0), np.full((1, 1, 1), 3000.0)
    >>> how = {"quantity": Quantity.COUNTS, "voxel_ml": 1.0}
    >>> whole, gates, asked = gates_by_time([low, high], (5, 15), timed="", **how)
    >>> whole.item(), gates.data.ravel().tolist(), asked
    (4000.0, [4000.0, 4000.0], ())
    >>> _, gates, [asked] = gates_by_time([low, high], None, timed="equal", **how)
    >>> gates.fractions, asked.code
    ((0.25, 0.75), 'H12')
    """
    data = np.stack([np.asarray(one, np.float32) for one in images])
    totals = data.sum(axis=(1, 2, 3), dtype=np.float64)
    for n, total in enumerate(totals, 1):
        if total <= 0:
            raise QuantityError(
                f"gate {n} has no {_WHAT[quantity.adds_up]}: give all gates of one "
                "reconstruction, or one image of the whole scan"
            )
    times = np.ones(len(data)) if durations is None else np.array(durations, float)
    parts = times / times.sum()
    rates = totals / parts if quantity.adds_up else totals
    differs = np.abs(rates / np.dot(parts, rates) - 1).max() > rail("gate_totals")
    if differs and quantity.adds_up and durations is None:
        parts, timed = totals / totals.sum(), "taken from their counts"
    asked: tuple[Doubt, ...] = ()
    if differs:
        known = timed if durations is not None else ""
        asked = (_doubt(totals, parts, quantity=quantity, known=known, ml=voxel_ml),)
    if quantity.adds_up:
        whole = data.sum(axis=0, dtype=np.float64)
        data /= parts.astype(np.float32)[:, None, None, None]
        return whole, Gates(tuple(parts.tolist()), data, timed), asked
    gates = Gates(tuple(parts.tolist()), data, timed)
    return gates.mean(), gates, asked


_WHAT = {True: "counts", False: "activity"}


def _doubt(
    totals: NDArray[np.float64],
    parts: NDArray[np.float64],
    *,
    quantity: Quantity,
    known: str,
    ml: float,
) -> Doubt:
    """Respiratory gates that differ by more than counting and breathing (H12)."""
    adds_up = quantity.adds_up
    each = ", ".join(
        f"gate {n} {_total(total, adds_up, ml)}"
        + f" in {part:.0%} of the time" * bool(known)
        for n, (total, part) in enumerate(zip(totals, parts, strict=True), 1)
    )
    what, most = _WHAT[adds_up], f"{rail('gate_totals'):.0%}"
    if adds_up and known:
        said = (
            f"the gates' counts do not follow their durations ({known}) within {most}: "
            f"{each}. Are these counts and not rates, and the durations the gates' own?"
        )
        used = "the counts are added up, and each gate lasts as stated"
    elif adds_up:
        shares = ", ".join(f"gate {n} {part:.0%}" for n, part in enumerate(parts, 1))
        said = (
            f"the gates differ in {what} by more than {most} of their mean, and no "
            f"durations tell why: {each}. Are they all gates of one scan?"
        )
        used = f"the counts are added up, and each gate's time is by them ({shares})"
    else:
        said = (
            f"the gates differ in {what} by more than {most} of their mean: {each}. "
            "Was each gate reconstructed with its own duration?"
        )
        used = "the image is their mean by time" if known else "the image is their mean"
    return Doubt("H12", f"{said} If not, give one image of the whole scan", used)


def _total(total: float, adds_up: bool, ml: float) -> str:
    return f"{total:.4g} counts" if adds_up else f"{total * ml / 1e6:.4g} MBq"
