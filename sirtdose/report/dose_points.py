"""Doses of a structure by 1 GBq of each injection, as a page's script reads them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sirtdose.dosimetry.histogram.dose_sample import DoseSample
    from sirtdose.dosimetry.results import Prediction

_STEPS = 65535
# Samples that are farther from all voxels say so.
_NEAR = 0.005


def dose_points(sample: "DoseSample") -> dict[str, Any]:
    """Gy per GBq of each injection, and mL, of the same points.

    Doses are in 65535 steps from `least` to `most`, in 16 bits; volumes are 32-bit
    floats. Both have the least byte first, in base64.

    Examples
    --------
    >>> import numpy as np
    >>> from sirtdose.dosimetry.histogram.dose_sample import DoseSample
    >>> own = dose_points(DoseSample(np.array([[1.0]]), np.array([0.5]), 0.0))
    >>> own["gy_per_gbq"], own["ml"]
    ([{'least': 0.0, 'most': 1.0, 'steps': '//8='}], 'AAAAPw==')
    """
    return {
        "gy_per_gbq": [_steps(one) for one in sample.gy_per_gbq.T],
        "ml": _text(sample.volume_ml, "<f4"),
        "within": float(f"{sample.within:.2g}"),
    }


def with_points(
    histogram: Mapping[str, Any], prediction: "Prediction", method: str
) -> dict[str, Any]:
    """A histogram whose curves a page can draw again at other activities.

    That of a sum with earlier sessions has the points of the treatment alone, by its
    number: only what they had before is its own.
    """
    base, summed, _ = method.partition("+with_prior")
    points = _earlier_points if summed else dose_points
    curves = [
        {**one, "points": points(prediction.samples[base][one["name"]])}
        for one in histogram["curves"]
    ]
    more = {"sum_of": list(prediction.rows).index(base)} if summed else {}
    return {**histogram, **more, "curves": curves}


def sampled_words(data: Mapping[str, Any]) -> str:
    """How exact a page's histograms of other activities are, where that is to be said.

    >>> def page(within):
    ...     curve = {"points": {"within": within}}
    ...     return {"histograms": [{"curves": [curve]}], "goal_points": {}}
    >>> sampled_words(page(0.004))
    ''
    >>> sampled_words(page(0.0081))[-21:]
    'right to about 0.8 %.'
    """
    curves = [curve for one in data["histograms"] for curve in one["curves"]]
    points = [one["points"] for one in curves if "points" in one]
    if not points:
        return "The histogram shows the plan, not the moved activities."
    for readings in data["goal_points"].values():
        points += readings
    within = max(one.get("within", 0.0) for one in points)
    if within <= _NEAR:
        return ""
    return (
        "At moved activities, the histogram, D and V are from a sample of the voxels, "
        f"right to about {100 * within:.1g} %."
    )


def _earlier_points(sample: "DoseSample") -> dict[str, Any]:
    """What earlier sessions gave the same points, Gy; nothing where there were none."""
    gy = sample.earlier_gy
    return {} if gy is None else {"earlier_gy": _steps(gy)}


def _steps(doses: "NDArray[np.float64]") -> dict[str, Any]:
    least, most = min(float(doses.min()), 0.0), max(float(doses.max()), 0.0)
    steps = (_STEPS * (doses - least) / ((most - least) or 1.0)).round()
    return {"least": least, "most": most, "steps": _text(steps, "<u2")}


def _text(values: "NDArray[np.float64]", kind: str) -> str:
    return b64encode(values.astype(kind).tobytes()).decode()
