"""Graphs of a commissioning: profiles, recovery, dead time, drift."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sirtdose.dosimetry.commission.dead_time import DeadTimeFit
from sirtdose.dosimetry.commission.results import Drift
from sirtdose.dosimetry.commission.saturation import Saturation
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.model.commissioned import CameraRecovery, Measured
from sirtdose.model.uncertain import Z95
from sirtdose.report.commission.numbers import (
    ratio_words,
    recovery_at,
    shown,
)
from sirtdose.report.commission.plot import Axis, Curve, Plot, decades, plot
from sirtdose.report.commission.profiles import Profile
from sirtdose.report.ladder import nice_step
from sirtdose.report.wording import significant

# The same in every graph: what was measured is ink, what was fitted blue.
MEASURED, FITTED, PLAIN, QUIET = "#16191d", "#1a73d4", "#bd1b95", "#5f6772"
IMAGE_NAME, FIT_NAME, PLAIN_NAME = "image", "fit with tail", "plain Gaussian"
DASH, DOTTED = "7 4", "2 3"
_POINTS = 120
_LOWEST = 1e-4


def profile_plot(line: Profile) -> Plot:
    """One line: image as dots, the fit solid, a plain Gaussian dashed."""
    at = line.at_mm.tolist()
    curves = [
        Curve(PLAIN_NAME, PLAIN, _pairs(at, line.plain), dash=DASH),
        Curve(FIT_NAME, FITTED, _pairs(at, line.fit)),
        Curve(IMAGE_NAME, MEASURED, _pairs(at, line.image), dots=True),
    ]
    held = "the fill" if line.across else "the sphere"
    y_label = f"Over what {held} holds"
    if line.across:
        # What is below 0 in an image has no logarithm.
        seen = [one for one in (*line.fit, *line.image) if one > _LOWEST]
        y = Axis(y_label, *decades(seen), logarithmic=True)
    else:
        top = float(max(line.image.max(), line.fit.max(), line.plain.max()))
        y = _from_zero(y_label, top)
    x = Axis(f"{line.axis}, mm", float(at[0]), float(at[-1]))
    return plot(f"{line.name}: image, fit and plain Gaussian", curves, x, y,
                shades=line.inside)  # fmt: skip


def _pairs(xs: Iterable[float], ys: Iterable[float]) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in zip(xs, ys, strict=True)]


def _from_zero(label: str, top: float) -> Axis:
    step = nice_step(max(top, 1e-9) / 5)
    return Axis(label, 0.0, step * np.ceil(top / step - 1e-9))


def recovery_plot(scan: PhantomScan) -> Plot | None:
    """The smooth curve with its 95 % band, and the phantom's spheres twice."""
    if not scan.curve:
        return None
    low, high = scan.curve[0].diameter_mm, scan.curve[-1].diameter_mm
    at = [float(one) for one in np.linspace(low, high, _POINTS)]
    smooth = [(d, one) for d in at if (one := recovery_at(scan.curve, d)) is not None]
    ratio = scan.curve[0].ratio
    curves = [
        Curve(
            f"blurred model, spheres in a wide background ({ratio_words(ratio)}), "
            "with 95 % band",
            FITTED,
            [(d, 100 * one.value) for d, one in smooth],
            [(d, *_ends(one)) for d, one in smooth],
        ),
        Curve(
            "blurred model, the phantom's spheres",
            FITTED,
            [(one.diameter_mm, 100 * one.model.value) for one in scan.recovery],
            dots=True,
            open=True,
        ),
        Curve(
            "image, fractional voxels, with 95 % of noise",
            MEASURED,
            _images(scan.recovery),
            [(one.diameter_mm, *_ends(one.image)) for one in scan.recovery
             if one.image],
            dots=True,
        ),
    ]  # fmt: skip
    curves = [one for one in curves if one.points]
    top = max(b for one in curves for _, b in one.points)
    y = _from_zero("Recovery, %", max(top, 100.0))
    x = Axis("Sphere diameter, mm", 0.0, high)
    return plot("Recovery by diameter of the sphere", curves, x, y)


def _images(rows: Sequence[CameraRecovery]) -> list[tuple[float, float]]:
    return [(one.diameter_mm, 100 * one.image.value) for one in rows if one.image]


def _ends(one: Measured) -> tuple[float, float]:
    half = Z95 * one.standard
    return 100 * (one.value - half), 100 * (one.value + half)


_DEAD_LOOKS = ((FITTED, ""), (PLAIN, DASH))


def rate_plot(fit: DeadTimeFit) -> Plot:
    """Count rates by activity, and each model that was kept."""
    top = fit.measured_mbq[1]
    at = [float(one) for one in np.linspace(0.0, 1.05 * top, _POINTS)[1:]]
    factor = fit.factor_cps_per_mbq.value
    curves = [
        Curve("without losses", QUIET, [(a / 1000, factor * a / 1000) for a in at],
              dash=DOTTED),
        *(
            Curve(str(kept.model), color, [(a / 1000, _rate(kept, a)) for a in at],
                  dash=dash)
            for kept, (color, dash) in zip(fit.kept, _DEAD_LOOKS, strict=False)
            if kept.model != "none"
        ),
        Curve(
            "measured",
            MEASURED,
            [(one.activity_mbq / 1000, one.rate_cps / 1000) for one in fit.scans],
            dots=True,
        ),
    ]  # fmt: skip
    highest = max(b for one in curves for _, b in one.points)
    return plot(
        "Count rate by activity in the field of view",
        curves,
        _from_zero("Activity in the field of view, GBq", 1.05 * top / 1000),
        _from_zero("Count rate, kcps", highest),
    )


def _rate(kept: Saturation, activity_mbq: float) -> float:
    return kept.factor_cps_per_mbq * activity_mbq * kept.live_at(activity_mbq)[0] / 1000


def deviation_plot(fit: DeadTimeFit) -> Plot:
    """Measured over fitted rate, less 1, with 95 % of the rates' own noise."""
    curves = [Curve("fitted", QUIET, [(0.0, 0.0), (1e6, 0.0)], dash=DOTTED)]
    for n, (kept, (color, _)) in enumerate(zip(fit.kept, _DEAD_LOOKS, strict=False)):
        rows = list(zip(fit.scans, fit.deviations(kept), strict=True))
        spans = [
            (
                one.activity_mbq / 1000,
                100 * (off - Z95 * one.standard_cps / one.rate_cps),
                100 * (off + Z95 * one.standard_cps / one.rate_cps),
            )
            for one, off in rows
        ]
        points = [(one.activity_mbq / 1000, 100 * off) for one, off in rows]
        name = "no dead time" if kept.model == "none" else str(kept.model)
        curves.append(Curve(name, color, points, spans, dots=True, open=n > 0))
    most = max(
        abs(end) for one in curves for _, low, high in one.spans for end in (low, high)
    )
    step = nice_step(max(most, 1e-3) / 2)
    end = step * float(np.ceil(most / step - 1e-9))
    return plot(
        "Deviation of the measured count rates from the fit",
        curves,
        _from_zero("Activity in the field of view, GBq",
                   1.05 * fit.measured_mbq[1] / 1000),
        Axis("Measured less fitted, %", -end, end),
    )  # fmt: skip


@dataclass(frozen=True)
class DriftRow:
    """One number now and before, with its place on the drawing (0 to 100)."""

    name: str
    unit: str
    now: str
    before: str
    change: str
    tolerance: str
    passed: bool
    at: float
    low: float
    high: float
    allowed: tuple[float, float]


def drift_rows(drift: Sequence[Drift]) -> list[DriftRow]:
    """Changes since the last commissioning, all on one scale."""
    most = max(
        (max(abs(one.relative) + Z95 * one.standard, one.tolerance) for one in drift),
        default=1.0,
    )

    def place(relative: float) -> float:
        return round(50 + 48 * relative / (most or 1.0), 1)

    return [
        DriftRow(
            name=one.name,
            unit=one.unit,
            now=shown(one.now)[0],
            before=shown(one.before)[0],
            change=f"{100 * one.relative:+.2f} ({_half(one)})".replace(
                "-", "\N{MINUS SIGN}"
            ),
            tolerance=f"\N{PLUS-MINUS SIGN} {significant(100 * one.tolerance, 2)}",
            passed=one.passed,
            at=place(one.relative),
            low=place(one.relative - Z95 * one.standard),
            high=place(one.relative + Z95 * one.standard),
            allowed=(place(-one.tolerance), place(one.tolerance)),
        )
        for one in drift
    ]


def _half(one: Drift) -> str:
    return f"\N{PLUS-MINUS SIGN} {100 * Z95 * one.standard:.2f}"
