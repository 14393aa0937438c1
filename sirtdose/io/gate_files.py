"""Respiratory gates that are an image each, as one image."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sirtdose.errors import GeometryError, InputError, QuantityError
from sirtdose.model.gates import Gates
from sirtdose.model.volume import Volume


def gates_together(images: Sequence[Volume]) -> Volume:
    """Gates of equal time on one grid, their counts added up or their mean.

    Raises
    ------
    InputError
        A gate with gates of its own, or of another time than the first.
    GeometryError
        A gate on another grid.
    QuantityError
        A gate in another unit.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((2, 3, 4), spacing_mm=(3.0, 2.0, 1.0))
    >>> feet, head = (
    ...     Volume(np.full(grid.shape, n), grid, Quantity.COUNTS) for n in (6.0, 2.0)
    ... )
    >>> image = gates_together([feet, head])
    >>> image.data.max().item(), image.gates.fractions
    (8.0, (0.5, 0.5))
    """
    first = images[0]
    for n, one in enumerate(images, 1):
        _require_like(one, first, n)
    count = len(images)
    data = np.stack([np.asarray(one.data, np.float32) for one in images])
    whole = data.sum(axis=0, dtype=np.float64)
    if first.quantity.adds_up:
        data *= count
    else:
        whole /= count
    gates = Gates((1 / count,) * count, data, "one image each, taken as equally long")
    source = first.source
    if source is not None:
        files = tuple(file for one in images if one.source for file in one.source.files)
        source = replace(source, files=files, remarks=(*source.remarks, gates.remark))
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
    same = (a.scan_start, a.decay_correction, a.nuclide_in_header)
    if same != (b.scan_start, b.decay_correction, b.nuclide_in_header):
        raise InputError(
            f"gate {n} has another scan time, decay correction or nuclide than gate 1: "
            "give the gates of one scan"
        )
    if a.frame_duration_s != b.frame_duration_s:
        raise InputError(
            f"gate {n} has another duration than gate 1 (ActualFrameDuration "
            "(0018,1242)): images of one gate each are added up as equally long"
        )
