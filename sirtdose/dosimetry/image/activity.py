"""From voxel values to activity: calibration, then decay."""

from dataclasses import dataclass

import numpy as np

from sirtdose.errors import QuantityError
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume


@dataclass(frozen=True)
class Calibration:
    """How one unit of the image becomes activity at administration.

    Parameters
    ----------
    method : str
        ``administered``, ``image`` or ``camera``.
    over : str
        The region whose total the activity was divided by; empty otherwise.
    numerator : str
        Which line of the ledger was divided, or which decay was undone.
    bq_per_unit : float
        Becquerel at administration, in one voxel, per unit of that voxel's value.
    """

    method: str
    over: str
    numerator: str
    bq_per_unit: float


def total_in(volume: Volume, region: Structure | None) -> float:
    """Sum of the voxel values in a region, or in the whole image.

    Negative voxels count as they are: clipping them would add activity.
    """
    if region is None:
        return volume.total()
    values, part = region.values_in(volume)
    return float((values.astype(np.float64) * part).sum())


def administered_calibration(
    volume: Volume,
    *,
    activity_gbq: float,
    region: Structure | None,
    over: str,
    numerator: str,
) -> Calibration:
    r"""Patient-relative calibration: a known activity shared out by the image.

    .. math:: c = \frac{A}{\sum_i f_i n_i}

    Decay, scan time and sensitivity cancel.

    Parameters
    ----------
    volume : Volume
        Counts or concentrations.
    activity_gbq : float, > 0
        What the region holds, at administration.
    region : Structure, optional
        On the volume's grid; the whole image without one.
    over, numerator : str
        The names printed for region and activity.

    Raises
    ------
    QuantityError
        The region's total is not above 0.

    References
    ----------
    EANM SOP for radioembolization dosimetry, 2021, doi:10.1186/s40658-021-00394-3.
    """
    total = total_in(volume, region)
    if not total > 0:
        raise QuantityError(
            f"the image adds up to {total:g} {volume.quantity.unit} over '{over}', "
            "but a patient-relative calibration needs a total above 0: check the "
            "image and --calibrate-over"
        )
    return Calibration("administered", over, numerator, activity_gbq * 1e9 / total)


def image_calibration(
    volume: Volume, *, nuclide: Nuclide, elapsed_h: float
) -> Calibration:
    """Calibration by the image's own unit, Bq/mL, at its reference time.

    Parameters
    ----------
    volume : Volume
        In Bq/mL.
    nuclide : Nuclide
    elapsed_h : float
        From administration to the image's reference time; what decayed in it is
        put back.

    Raises
    ------
    QuantityError
        The image is not in Bq/mL.
    """
    volume.require(Quantity.ACTIVITY_CONCENTRATION)
    return Calibration(
        "image",
        "",
        f"Bq/mL, decay of {elapsed_h:.4g} h corrected",
        volume.grid.voxel_volume_ml / nuclide.decay_factor(elapsed_h),
    )


def camera_calibration(
    *,
    cps_per_mbq: float,
    scan_duration_h: float,
    nuclide: Nuclide,
    elapsed_h: float,
    live_fraction: float = 1.0,
) -> Calibration:
    r"""Calibration by a camera's sensitivity, decay during the scan included.

    .. math:: A_0 = \frac{n}{t\,s\,l\; 2^{-\Delta/T}\; \overline{f}(t)}

    Parameters
    ----------
    cps_per_mbq : float, > 0
        Counts per second per MBq, without losses.
    scan_duration_h : float, > 0
    nuclide : Nuclide
    elapsed_h : float
        From administration to the start of the scan.
    live_fraction : float, above 0 to 1
        Part of the counts that the camera keeps at the scan.
    """
    mean_activity = nuclide.decay_factor(elapsed_h) * nuclide.mean_activity_factor(
        scan_duration_h
    )
    kept = "" if live_fraction == 1 else f" x live fraction {live_fraction:.4f}"
    counted = cps_per_mbq * live_fraction * scan_duration_h * 3600
    return Calibration(
        "camera",
        "",
        f"{cps_per_mbq:g} cps/MBq{kept} over {scan_duration_h * 60:g} min, decay of "
        f"{elapsed_h:.4g} h corrected",
        1e6 / (counted * mean_activity),
    )


def shown_calibration(
    volume: Volume, *, shown_over_true: float, nuclide: Nuclide, elapsed_h: float
) -> Calibration:
    """Calibration of an image in Bq/mL by what its camera shows of a known activity.

    Parameters
    ----------
    volume : Volume
        In Bq/mL.
    shown_over_true : float, > 0
        Of a phantom.
    nuclide : Nuclide
    elapsed_h : float
        As for :func:`image_calibration`.
    """
    own = image_calibration(volume, nuclide=nuclide, elapsed_h=elapsed_h)
    return Calibration(
        "camera",
        "",
        f"Bq/mL over {shown_over_true:g} (shown over true), decay of {elapsed_h:.4g} h "
        "corrected",
        own.bq_per_unit / shown_over_true,
    )


def activity_at_administration(volume: Volume, calibration: Calibration) -> Volume:
    """Activity in each voxel at administration, GBq."""
    return volume.with_data(
        np.asarray(volume.data, dtype=np.float64) * (calibration.bq_per_unit * 1e-9),
        Quantity.ACTIVITY,
    )


def time_integrated_activity(activity: Volume, nuclide: Nuclide) -> Volume:
    """Decays in each voxel, GBq h: nothing leaves but by physical decay."""
    return activity.with_data(
        activity.require(Quantity.ACTIVITY) * nuclide.mean_life_h,
        Quantity.TIME_INTEGRATED_ACTIVITY,
    )
