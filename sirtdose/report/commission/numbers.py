"""What a commissioning found, as lines and tables that people read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, isfinite, log, log10
from typing import Any

from sirtdose.dosimetry.commission.averaged import weights
from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.dosimetry.commission.results import CommissionedScan, Commissioning
from sirtdose.dosimetry.commission.scan import PhantomScan, widths_differ
from sirtdose.model.commissioned import CameraBlur, CameraRecovery, Measured
from sirtdose.model.uncertain import Z95
from sirtdose.report.wording import significant

SHOWN_MM = (10.0, 20.0, 30.0, 40.0)
_DECIMALS_MAX = 5
_FORMS = {"gaussian": "Gaussian", "exponential": "exponential", "power": "power law"}


@dataclass(frozen=True)
class Line:
    """One number of the answer with its unit, 95 % interval and method."""

    name: str
    value: str
    unit: str
    interval: str
    method: str


def shown(
    measured: Measured, *, times: float = 1.0, digits: int | None = None
) -> tuple[str, str]:
    """A value and its 95 % interval, as finely as the interval tells.

    `digits` after the point where several are to be read together.

    >>> shown(Measured(14.934, 0.21)), shown(Measured(0.0712, 0.0021), times=100)
    (('14.93', '14.52 to 15.35'), ('7.12', '6.71 to 7.53'))
    >>> shown(Measured(5.0, 0.0))
    ('5.000', 'not known')
    """
    value, half = measured.value * times, Z95 * measured.standard * abs(times)
    if not half > 0:
        return significant(value), "not known"
    if digits is None:
        digits = min(max(1 - floor(log10(half)), 0), _DECIMALS_MAX)
    low, high = value - half, value + half
    return f"{value:.{digits}f}", f"{low:.{digits}f} to {high:.{digits}f}"


def ratio_words(ratio: float) -> str:
    """Spheres to background, as a person says it.

    >>> ratio_words(8.0), ratio_words(float("inf"))
    ('8:1', 'no background')
    """
    return f"{ratio:.3g}:1" if ratio and isfinite(ratio) else "no background"


def form_words(fit: PhantomFit) -> str:
    """A form of the tail, and the overshoot where one was fitted."""
    over = f", overshoot of power {fit.sharp}" if fit.sharp else ""
    return f"{_FORMS[fit.form]} tail{over}"


def answer_lines(one: Commissioning) -> list[Line]:
    """Everything that a camera is described by, the most used first."""
    lines = [*_factor(one), *_yield(one)]
    if one.camera.blur:
        lines += _blur(one.camera.blur, one.scans)
    return [*lines, *_dead_time(one), *_recovery(one), *_noise(one)]


def headline(one: Commissioning) -> list[tuple[str, str, str]]:
    """The answer in one sentence: words, the number that stands out, words."""
    found = []
    factor, blur = one.camera.factor, one.camera.blur
    if factor:
        value = f"{shown(factor.value)[0]} {factor.unit}"
        found.append(("calibration factor", value, ""))
    if blur:
        found.append(("FWHM", f"{shown(blur.in_plane_mm)[0]} mm", "in plane"))
        found.append(("", f"{shown(blur.axial_mm)[0]} mm", "axial"))
        tail = shown(blur.tail_fraction, times=100)[0]
        found.append(("", f"{tail} %", "of the counts in the wide tail"))
    if one.dead_time:
        lost = one.dead_time.loss_at_highest
        said = shown(Measured(lost.value, lost.standard), times=100)[0]
        at = significant(one.dead_time.measured_mbq[1] / 1000, 3)
        found.append(("", f"{said} %", f"lost to dead time at {at} GBq"))
    return found


def _factor(one: Commissioning) -> list[Line]:
    factor = one.camera.factor
    if factor is None:
        return []
    if factor.is_counts:
        how = "counts in a field without end, tail included, over activity in view"
    else:
        how = "concentration that the image shows over the true one, tail included"
    if factor.live_fraction is None:
        how += "; live fraction not known: it holds at the scanned activity alone"
    else:
        value, interval = shown(factor.live_fraction)
        how += f"; corrected by a live fraction of {value} ({interval})"
    own = [scan for scan in one.scans if scan.factor]
    how += f"; from {_scans(own)}" if own else ""
    return [Line("Calibration factor", *_with(factor.value, factor.unit), how)]


def _yield(one: Commissioning) -> list[Line]:
    if one.yield_factor is None:
        return []
    was, nuclide = one.nuclide_was or "another nuclide", one.filling.nuclide.name
    how = f"the scanner was told {was}, the phantom held {nuclide}: multiply by this"
    return [Line("Yield factor of the PET image", *_with(one.yield_factor, "1"), how)]


def _with(measured: Measured, unit: str, *, times: float = 1.0) -> tuple[str, str, str]:
    value, interval = shown(measured, times=times)
    return value, unit, interval


def _scans(scans: Sequence[CommissionedScan]) -> str:
    return f"{len(scans)} scan{'s' * (len(scans) != 1)}"


def _blur(blur: CameraBlur, scans: Sequence[CommissionedScan]) -> list[Line]:
    how = "phantom blurred by a Gaussian core and a wide tail, fitted to every voxel"
    uneven = [one for one in scans if one.scan.is_uneven]
    if uneven:
        how += "; outline and spheres show different widths: the interval holds both"
    name = _FORMS[blur.tail_form]
    return [
        Line("FWHM in plane", *_with(blur.in_plane_mm, "mm"), how),
        Line("FWHM axial", *_with(blur.axial_mm, "mm"), "the same fit"),
        Line(
            "Counts in the tail",
            *_with(blur.tail_fraction, "%", times=100),
            "the same fit, three forms of the tail weighed by how well each fits",
        ),
        Line(
            "FWHM of the tail",
            *_with(blur.tail_fwhm_mm, "mm"),
            f"the form that fits best: {name}",
        ),
    ]


def _dead_time(one: Commissioning) -> list[Line]:
    fit = one.dead_time
    if fit is None:
        return []
    highest = significant(fit.measured_mbq[1] / 1000, 3)
    lost = fit.loss_at_highest
    how = f"{len(fit.scans)} activities; {model_words(fit.found)}"
    lines = [
        Line(
            f"Dead-time loss at {highest} GBq",
            *_with(Measured(lost.value, lost.standard), "%", times=100),
            how,
        )
    ]
    for kept in fit.kept:
        name = f"Dead time, {kept.model}"
        if kept.model == "none":
            continue
        constant = Measured(kept.theta_per_mbq * 1000, kept.theta_standard * 1000)
        said = "per GBq in the field of view of an object like the phantom"
        lines.append(Line(name, *_with(constant, "1/GBq"), said))
        if kept.tau_us is not None:
            wide = Measured(kept.tau_us, kept.tau_standard_us or 0.0)
            said = "by the rate of the wide window"
            lines.append(Line(name, *_with(wide, "\N{MICRO SIGN}s"), said))
    linear = significant(fit.linear_to_mbq / 1000, 3)
    lines.append(
        Line(
            "Linear up to",
            linear,
            "GBq",
            "",
            "loss below 2 % by the fit",
        )
    )
    return lines


def model_words(found: str) -> str:
    """Which model of dead time was found.

    >>> model_words("not distinguishable")
    'paralyzable and non-paralyzable fit alike, so both are kept'
    """
    if found == "not distinguishable":
        return "paralyzable and non-paralyzable fit alike, so both are kept"
    if found == "none":
        return "no dead time found beyond its uncertainty"
    return f"{found}, chosen by chi-square"


def curves_by_ratio(one: Commissioning) -> Mapping[float, list[CameraRecovery]]:
    """The smooth recovery curve of each sphere-to-background ratio."""
    found: dict[float, list[CameraRecovery]] = {}
    for scan in one.scans:
        for row in scan.scan.curve[:1]:
            found.setdefault(row.ratio, list(scan.scan.curve))
    if not found:
        for row in sorted(one.camera.recovery, key=lambda row: row.diameter_mm):
            found.setdefault(row.ratio, []).append(row)
    return found


def recovery_at(rows: Sequence[CameraRecovery], diameter_mm: float) -> Measured | None:
    """Between the diameters of a curve, over their logarithm; None outside of them."""
    ordered = sorted(rows, key=lambda row: row.diameter_mm)
    for low, high in pairwise(ordered):
        a, b = low.diameter_mm, high.diameter_mm
        if a <= diameter_mm <= b and b > a:
            part = log(diameter_mm / a) / log(b / a)
            return Measured(
                low.model.value + part * (high.model.value - low.model.value),
                low.model.standard + part * (high.model.standard - low.model.standard),
            )
    return None


def _recovery(one: Commissioning) -> list[Line]:
    lines = []
    for ratio, rows in curves_by_ratio(one).items():
        for n, diameter in enumerate(SHOWN_MM):
            found = recovery_at(rows, diameter)
            if found is not None:
                said = f"Recovery of {diameter:g} mm, {ratio_words(ratio)}"
                how = "mean of the blurred model over the true sphere, over what it has"
                how = "the same" if n else how
                value, interval = shown(found, times=100, digits=1)
                lines.append(Line(said, value, "%", interval, how))
    return lines


def _noise(one: Commissioning) -> list[Line]:
    noise = one.camera.noise
    if noise is None:
        return []
    at = f"at {significant(noise.counts_per_ml, 3)} counts/mL"
    how = f"even part of the phantom, {at}; correlated over {noise.fwhm_mm:.1f} mm FWHM"
    said = significant(100 * noise.relative, 3)
    return [Line("Noise of a voxel", said, "%", "", how)]


def form_rows(scan: PhantomScan) -> list[dict[str, Any]]:
    """Every form of the blur that was fitted, the plain Gaussian last but one."""
    best = scan.best
    rows = [
        _form(form_words(fit), fit, best, weight=weight)
        for fit, weight in zip(scan.fits, weights(scan.fits), strict=True)
    ]
    rows.append(_form("plain Gaussian, no tail", scan.plain, best))
    if scan.apart is not None:
        differ = "they differ" if widths_differ(scan.apart) else "they agree"
        rows.append(_form(f"spheres apart: {differ}", scan.apart, best))
    return rows


def _form(
    name: str, fit: PhantomFit, best: PhantomFit, *, weight: float | None = None
) -> dict[str, Any]:
    plane, axial = fit.fwhm_mm
    tail = fit.tail_fraction > 0
    spheres = ""
    if fit.spheres_mm:
        part = plane / fit.in_plane_mm
        spheres = " x ".join(f"{part * one:.2f}" for one in fit.spheres_mm)
    return {
        "name": name,
        "best": fit is best,
        "in_plane": plus_minus(plane, fit.standard["in_plane_mm"], 2),
        "axial": plus_minus(axial, fit.standard["axial_mm"], 2),
        "spheres": spheres,
        "tail": plus_minus(
            100 * fit.tail_fraction, 100 * fit.standard["tail_fraction"], 2
        )
        if tail
        else "none",
        "tail_fwhm": f"{fit.tail_fwhm_mm:.1f}" if tail else "",
        "misfit": f"{fit.misfit / best.misfit:.4f}",
        "weight": "" if weight is None else f"{100 * weight:.1f}",
    }


def plus_minus(value: float, standard: float, digits: int) -> str:
    """A value with its standard uncertainty.

    >>> plus_minus(14.934, 0.213, 2)
    '14.93 ± 0.21'
    """
    return f"{value:.{digits}f} \N{PLUS-MINUS SIGN} {standard:.{digits}f}"


def recovery_rows(scan: PhantomScan) -> list[dict[str, str]]:
    """Recoveries of the phantom's own spheres, then of the smooth curve."""
    return [
        {
            "of": of,
            "diameter": f"{row.diameter_mm:g}",
            "ratio": ratio_words(row.ratio),
            "model": plus_minus(100 * row.model.value, 100 * row.model.standard, 1),
            "image": plus_minus(100 * row.image.value, 100 * row.image.standard, 1)
            if row.image
            else "",
        }
        for of, rows in (("of the phantom", scan.recovery), ("curve", scan.curve))
        for row in rows
    ]


def quality_lines(scan: PhantomScan) -> list[tuple[str, str]]:
    """Figures of background and cold parts, each with its unit."""
    quality = scan.quality
    found = [
        ("Noise of a voxel, standard deviation over mean", 100 * quality.noise, "%"),
        ("Correlation of the noise, FWHM", quality.noise_fwhm_mm, "mm"),
        (
            "Uniformity over 37 mm, (highest - lowest) / (highest + lowest)",
            100 * quality.uniformity,
            "%",
        ),
        *(
            (f"Middle of the {name}, over background", 100 * value, "%")
            for name, value in quality.cold.items()
        ),
    ]
    return [(name, f"{value:.1f} {unit}") for name, value, unit in found if value]


def contrast_rows(scan: PhantomScan) -> list[tuple[str, str, str]]:
    """Contrast recovery and background variability in percent, by size."""
    contrast, spread = scan.quality.contrast, scan.quality.variability
    names = sorted({*contrast, *spread}, key=lambda name: float(name.split()[0]))
    return [
        (name.split()[0], _percent(contrast, name), _percent(spread, name))
        for name in names
    ]


def _percent(found: Mapping[str, float], name: str) -> str:
    return f"{100 * found[name]:.1f}" if name in found else ""
