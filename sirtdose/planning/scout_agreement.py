"""How doses planned on a scout image and those found after treatment have agreed."""

from math import exp, log, sqrt
from typing import Any

from sirtdose.data.load import table
from sirtdose.model.uncertain import Z95, Predicted

# Half the distance between the quartiles of a normal distribution, in its deviations.
_QUARTILE = 0.6744897501960817
# All of the normal liver agrees as its perfused part does: the rest gets nothing.
_AS = {"normal_whole": "normal_perfused"}


def agreement_of(role: str) -> dict[str, Any] | None:
    """What is published for a role, of ``data/scout_agreement.json``; else None."""
    known = table("scout_agreement")
    name = _AS.get(role, role)
    return known[name] if name in ("tumor", "normal_perfused") else None


def widened() -> float:
    """By what the spread grows where a scout tells less of the treatment (H24)."""
    return float(table("scout_agreement")["widened"]["factor"])


def predicted(role: str, dose_gy: float, *, wider: float = 1.0) -> Predicted | None:
    r"""What an image after treatment is to show where a scout led to a dose.

    .. math:: D\,m\,\exp(\pm 1.96\,w\,s)

    with the published median ratio m and the spread s of its logarithm.

    Parameters
    ----------
    role : str
        Of the region: ``"tumor"``, ``"normal_perfused"``, ``"normal_whole"``; None is
        returned for any other.
    dose_gy : float, >= 0
        As planned.
    wider : float, >= 1

    Notes
    -----
    The spread holds the errors of both images too. That of tumors is derived from a
    correlation and an assumed spread of doses, :math:`s = \sqrt{2 (1 - r)}\,s_D`; that
    of normal liver from a range read as quartiles. Neither is verified.

    Examples
    --------
    >>> one = predicted("tumor", 100.0)
    >>> round(one.median_gy), round(one.low_gy), round(one.high_gy)
    (101, 36, 284)
    """
    known = agreement_of(role)
    if known is None:
        return None
    spread = wider * log_spread(known)
    median = known["ratio_median"] * dose_gy
    return Predicted(median, median * exp(-Z95 * spread), median * exp(Z95 * spread))


def log_spread(known: dict[str, Any]) -> float:
    """The standard deviation of the logarithm of a ratio.

    >>> round(log_spread({"correlation": 0.5, "log_spread": 0.4}), 6)
    0.4
    """
    if "correlation" in known:
        return float(sqrt(2 * (1 - known["correlation"])) * known["log_spread"])
    low, high = known["quartiles"]
    return log(high / low) / (2 * _QUARTILE)
