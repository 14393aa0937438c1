"""What a scan holds by its own unit or a camera factor, and its counts per activity."""

from dataclasses import dataclass

from sirtdose.dosimetry.image.calibrate import CalibrationRequest, in_image_gbq
from sirtdose.errors import InputError
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Volume


@dataclass(frozen=True)
class ScanTotal:
    """The activity in view when it was scanned, and at administration.

    `reference` says of which moment the activity is, `how` what it was computed by.
    `counts_per_mbq` and `cps_per_mbq` are of an image in counts, over the activity that
    was given. What is None cannot be said.
    """

    activity_gbq: float | None = None
    how: str = ""
    reference: str = ""
    at_administration_gbq: float | None = None
    counts_per_mbq: float | None = None
    cps_per_mbq: float | None = None


def scan_activity(
    volume: Volume, request: CalibrationRequest, nuclide: Nuclide
) -> tuple[float | None, str]:
    """Activity in view, GBq, at the image's reference time or the start of the scan.

    Parameters
    ----------
    volume : Volume
        Counts or Bq/mL.
    request : CalibrationRequest
        Its `elapsed_h` does not matter.
    nuclide : Nuclide
        Decays during the scan, for a camera factor.

    Returns
    -------
    float or None, str
        None of counts without a factor; and how it was had.

    Raises
    ------
    InputError
        A camera factor without the scan's duration.
    QuantityError
        Bq/mL asked of an image in counts, or a factor of one in Bq/mL (H12).
    """
    here = CalibrationRequest(
        method=request.method,
        cps_per_mbq=request.cps_per_mbq,
        elapsed_h=0.0,
        scan_duration_h=request.scan_duration_h,
    )
    if request.cps_per_mbq is not None and request.scan_duration_h is None:
        raise InputError(
            "a camera factor needs the duration of the scan: give --scan-duration, "
            "for example 20min"
        )
    found = in_image_gbq(volume, here, nuclide)
    if found is None:
        return None, ""
    if request.cps_per_mbq is None:
        return found, "the image's own unit, Bq/mL"
    minutes = (request.scan_duration_h or 0.0) * 60
    return found, f"{request.cps_per_mbq:g} cps/MBq over {minutes:g} min"


def counts_per_activity(
    counts: float,
    *,
    activity_gbq: float,
    duration_h: float | None,
    nuclide: Nuclide,
) -> tuple[float, float | None]:
    r"""Counts per MBq at the start of the scan, and the camera factor they stand for.

    .. math:: s = \frac{n}{t\,A\,\overline{f}(t)}

    Parameters
    ----------
    counts : float
        Of the whole image.
    activity_gbq : float, > 0
        In view at the start of the scan.
    duration_h : float, optional
        Of the scan; there is no factor without it.
    nuclide : Nuclide

    Examples
    --------
    36 million counts of 500 MBq: 72000 a MBq. In 1 h Y-90 decays to 0.9892, on average
    0.9946: 72000 / 3600 s / 0.9946 = 20.11 cps/MBq.

    >>> y90 = Nuclide.named("Y-90")
    >>> per_mbq, factor = counts_per_activity(
    ...     36e6, activity_gbq=0.5, duration_h=1.0, nuclide=y90)
    >>> per_mbq, round(factor, 2)
    (72000.0, 20.11)
    """
    per_mbq = counts / (activity_gbq * 1000)
    if not duration_h:
        return per_mbq, None
    mean = nuclide.mean_activity_factor(duration_h)
    return per_mbq, per_mbq / (duration_h * 3600 * mean)
