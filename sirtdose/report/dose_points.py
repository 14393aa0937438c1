"""Doses of a structure by 1 GBq of each injection, as a page's script reads them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sirtdose.dosimetry.histogram.dose_sample import DoseSample


def dose_points(sample: "DoseSample") -> dict[str, Any]:
    """Gy per GBq of each injection, and mL, of the same points.

    Each is 32-bit floats with the least byte first, in base64.

    Examples
    --------
    >>> import numpy as np
    >>> from sirtdose.dosimetry.histogram.dose_sample import DoseSample
    >>> own = dose_points(DoseSample(np.array([[1.0, 2.0]]), np.array([0.5]), 0.0))
    >>> own["gy_per_gbq"], own["ml"]
    (['AACAPw==', 'AAAAQA=='], 'AAAAPw==')
    """
    return {
        "gy_per_gbq": [_text(one) for one in sample.gy_per_gbq.T],
        "ml": _text(sample.volume_ml),
        "within": float(f"{sample.within:.2g}"),
    }


def sampled_words(data: Mapping[str, Any]) -> str:
    """How exact a page's histograms of other activities are."""
    curves = [curve for one in data["histograms"] for curve in one["curves"]]
    points = [one["points"] for one in curves if "points" in one]
    if not points:
        return "The histogram shows the plan, not the moved activities."
    for readings in data["goal_points"].values():
        points += readings
    within = max(1e-3, *(one["within"] for one in points))
    return (
        "At moved activities, the histogram, D and V are from a sample of the voxels, "
        f"within {100 * within:.1g} % of the values of all voxels."
    )


def _text(values: "NDArray[np.float64]") -> str:
    return b64encode(values.astype("<f4").tobytes()).decode()
