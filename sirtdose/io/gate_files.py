"""Respiratory gates that are an image each, as one image."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sirtdose.errors import GeometryError, InputError, QuantityError
from sirtdose.io.gate_times import gates_by_time
from sirtdose.model.volume import Volume

_FRAME = "ActualFrameDuration (0018,1242)"


def gates_together(images: Sequence[Volume]) -> Volume:
    """Gates on one grid, their counts added up or their mean by time.

    ActualFrameDuration of a SPECT may be that of a view or of all gates: where it is
    the same in each, it does not tell how long they were.

    Raises
    ------
    InputError
        A gate with gates of its own, of another time than the first, or without a
        duration where others have one.
    GeometryError
        A gate on another grid.
    QuantityError
        A gate in another unit.

    Examples
    --------
    >>> import numpy as np
    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((2, 3, 4), spacing_mm=(3.0, 2.0, 1.0))
    >>> feet, head = (
    ...     Volume(np.full(grid.shape, n), grid, Quantity.COUNTS) for n in (4.1, 3.9)
    ... )
    >>> image = gates_together([feet, head])
    >>> image.data.max().item(), image.gates.fractions
    (8.0, (0.5, 0.5))
    """
    first = images[0]
    for n, one in enumerate(images, 1):
        _require_like(one, first, n)
    durations = _durations(images)
    whole, gates, asked = gates_by_time(
        [one.data for one in images],
        durations,
        timed=f"by {_FRAME}" if durations else "one image each, taken as equally long",
        quantity=first.quantity,
        voxel_ml=first.grid.voxel_volume_ml,
    )
    source = first.source
    if source is not None:
        files = tuple(file for one in images if one.source for file in one.source.files)
        source = replace(
            source,
            files=files,
            remarks=(*_said(images, "remarks"), gates.remark),
            doubts=(*_said(images, "doubts"), *asked),
        )
    return Volume(whole, first.grid, first.quantity, source, gates)


def _require_like(one: Volume, first: Volume, n: int) -> None:
    if one.gates is not None:
        raise InputError(f"gate {n} has gates of its own: give that file alone")
    if one.quantity is not first.quantity:
        raise QuantityError(
            f"gate {n} is in {one.quantity.unit}, gate 1 in {first.quantity.unit}: "
            "give the gates of one reconstruction"
        )
    if not one.grid.matches(first.grid):
        raise GeometryError(
            f"gate {n} is on another grid than gate 1: give the gates of one "
            "reconstruction"
        )
    a, b = first.source, one.source
    if a is None or b is None:
        return
    differs = [
        what
        for what, mine, its in (
            ("scan time", a.scan_start, b.scan_start),
            ("decay correction", a.decay_correction, b.decay_correction),
            ("nuclide", a.nuclide_in_header, b.nuclide_in_header),
            ("CorrectedImage (0028,0051)", set(a.corrections), set(b.corrections)),
        )
        if mine != its
    ]
    if differs:
        raise InputError(
            f"gate {n} has another {' and '.join(differs)} than gate 1: give the gates "
            "of one scan"
        )


def _said(images: Sequence[Volume], what: str) -> tuple[Any, ...]:
    """What the headers of all gates say, each thing once."""
    sources = [one.source for one in images if one.source]
    return tuple(dict.fromkeys(said for one in sources for said in getattr(one, what)))


def _durations(images: Sequence[Volume]) -> list[float] | None:
    """How long each gate was, s, where the headers tell them apart."""
    stated = [one.source.frame_duration_s if one.source else None for one in images]
    known = [one for one in stated if one]
    if len(set(stated)) == 1 or not known:
        return None
    if len(known) < len(stated):
        without = next(n for n, one in enumerate(stated, 1) if not one)
        raise InputError(
            f"gate {without} does not state its duration ({_FRAME}), others do: give "
            "the gates of one reconstruction, or one image of the whole scan"
        )
    return known
