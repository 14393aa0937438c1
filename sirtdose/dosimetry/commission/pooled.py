"""One number from several scans of a camera."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import hypot, sqrt

from sirtdose.model.commissioned import CameraBlur, Measured


def pooled(values: Sequence[Measured]) -> Measured:
    """The mean of several measurements of one number, by their weights.

    What one scan leaves open, the next of the same phantom mostly leaves open too: the
    mean is no surer than its parts, and less sure where they differ by more.

    Examples
    --------
    >>> pooled([Measured(10.0, 0.1), Measured(10.2, 0.1)])
    Measured(value=10.1, standard=0.1)
    >>> round(pooled([Measured(10.0, 0.1), Measured(11.0, 0.1)]).standard, 3)
    0.5
    """
    weights = _weights(values)
    mean = sum(part * one.value for part, one in zip(weights, values, strict=True))
    own = sum(part * one.standard for part, one in zip(weights, values, strict=True))
    if len(values) == 1:
        return Measured(mean, own)
    spread = sum(
        part * (one.value - mean) ** 2
        for part, one in zip(weights, values, strict=True)
    )
    return Measured(mean, max(own, sqrt(spread / (len(values) - 1))))


def _weights(values: Sequence[Measured]) -> list[float]:
    if any(one.standard == 0 for one in values):
        return [1 / len(values)] * len(values)
    raw = [one.standard**-2 for one in values]
    return [one / sum(raw) for one in raw]


def pooled_blur(blurs: Sequence[CameraBlur]) -> CameraBlur:
    """The blur of several scans: widths together, the tail of the surest.

    A tail's form is one of few, and cannot be averaged; nor can what belongs to it.
    """
    surest = min(blurs, key=lambda one: one.in_plane_mm.relative)

    def together(number: Callable[[CameraBlur], Measured]) -> Measured:
        return pooled([number(one) for one in blurs])

    return replace(
        surest,
        in_plane_mm=together(lambda one: one.in_plane_mm),
        axial_mm=together(lambda one: one.axial_mm),
        tail_fraction=together(lambda one: one.tail_fraction),
    )


def quotient(over: Measured, *under: Measured | float) -> Measured:
    """One number over others, with the uncertainties of all.

    >>> quotient(Measured(200.0, 2.0), 10.0, Measured(0.5, 0.0))
    Measured(value=40.0, standard=0.4)
    """
    value, relative = over.value, over.relative
    for one in under:
        value /= one.value if isinstance(one, Measured) else one
        relative = hypot(relative, one.relative if isinstance(one, Measured) else 0.0)
    return Measured(value, abs(value) * relative)
