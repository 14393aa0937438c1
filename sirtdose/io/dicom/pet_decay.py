"""How a PET scanner corrected for decay: the half-life that explains its factors."""

from collections.abc import Callable, Iterable, Sequence
from math import expm1, log
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.data.load import table
from sirtdose.io.dicom.header import half_life_in_header_h

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Half-lives a PET may have been corrected with, h.
HALF_LIVES_H: dict[str, float] = {
    name: emitter["half_life_h"] for name, emitter in table("positron_emitters").items()
}
# A frame that begins later than this after its series is of a later bed.
_FIRST_BED_MS = 1000.0


def average_time_s(duration_s: float, half_life_h: float) -> float:
    r"""Time in a frame at which the activity is its mean over the frame.

    .. math:: t = \frac{1}{\lambda} \ln \frac{\lambda T}{1 - e^{-\lambda T}}

    Examples
    --------
    For a short frame it is the middle: 60 s of F-18, 30 s.

    >>> round(average_time_s(60.0, 6586.2 / 3600), 2)
    29.98
    """
    decay = log(2) / (half_life_h * 3600)
    x = decay * duration_s
    if x < 1e-8:
        return duration_s / 2
    return log(x / -expm1(-x)) / decay


def decay_factor_siemens(dataset: "Dataset", half_life_h: float) -> float:
    """DecayFactor as Siemens writes it: from series start to the frame's mean."""
    seconds = float(dataset.FrameReferenceTime) / 1000
    return float(2.0 ** (seconds / 3600 / half_life_h))


def decay_factor_ge(dataset: "Dataset", half_life_h: float) -> float:
    """DecayFactor as GE writes it: the decay during the frame.

    Of the first bed only: what a later one adds is not known.
    """
    if float(dataset.get("FrameReferenceTime") or 0) > _FIRST_BED_MS:
        raise ValueError("a later bed")
    x = log(2) * float(dataset.ActualFrameDuration) / 3.6e6 / half_life_h
    return x / -expm1(-x)


IDENTITIES = (decay_factor_siemens, decay_factor_ge)


def applied_half_life_h(
    datasets: "Sequence[Dataset]", path: Path, half_lives_h: Iterable[float]
) -> float | None:
    """Which half-life explains the slices' DecayFactor, the header's own included.

    Philips writes 1 always, which says nothing.
    """
    candidates = dict.fromkeys(half_lives_h)
    stated = half_life_in_header_h(datasets[0], path)
    if stated:
        candidates = dict.fromkeys([stated, *candidates])
    best: tuple[float, float] | None = None
    for half_life_h in candidates:
        for identity in IDENTITIES:
            error = misfit(datasets, identity, half_life_h)
            if error is not None and (best is None or error < best[0]):
                best = error, half_life_h
    return best[1] if best is not None and best[0] < 0.02 else None


def misfit(
    datasets: "Sequence[Dataset]",
    identity: "Callable[[Dataset, float], float]",
    half_life_h: float,
) -> float | None:
    """Largest deviation of the factors' excess over 1, as a part of that excess."""
    worst = 0.0
    for dataset in datasets:
        try:
            written = float(dataset.DecayFactor)
            expected = identity(dataset, half_life_h)
        except (AttributeError, TypeError, ValueError, OverflowError):
            return None
        excess = max(abs(written - 1), abs(expected - 1))
        if abs(written - 1) < 1e-6 and excess < 1e-6:
            return None
        worst = max(worst, abs(written - expected) / excess)
    return worst
