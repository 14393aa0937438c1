"""The csv tables of a commissioning."""

from collections.abc import Mapping

from sirtdose.dosimetry.commission.averaged import weights
from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.dosimetry.commission.results import Commissioning
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.report.commission.profiles import profiles
from sirtdose.report.tables import rows_csv

Row = Mapping[str, object]
_RECOVERY = (
    *("scan", "of", "diameter_mm", "ratio", "model", "model_standard"),
    *("image", "image_standard"),
)
_WIDTHS = (
    *("scan", "form", "overshoot_power", "overshoot", "in_plane_mm"),
    *("in_plane_standard_mm", "axial_mm", "axial_standard_mm"),
    *("spheres_in_plane_mm", "spheres_axial_mm", "tail_fraction"),
    *("tail_fraction_standard", "tail_fwhm_mm", "tail_fwhm_standard_mm"),
    *("misfit", "weight"),
)
_DEAD_TIME = (
    *("activity_mbq", "rate_cps", "rate_standard_cps", "wide_cps", "model"),
    *("fitted_cps", "deviation"),
)
_PROFILES = ("scan", "line", "axis", "of", "at_mm", "image", "fit", "plain_gaussian")
_QUALITY = ("scan", "figure", "of", "value", "unit")


def commission_tables(one: Commissioning) -> dict[str, str]:
    """Every table by the name of its file; scans count from 1, as on the page.

    Values of ``profiles.csv`` are over what the fill `of` holds by the fit.
    """
    scans = [(n, scan.scan) for n, scan in enumerate(one.scans, start=1)]
    phantom = one.filling.phantom
    return {
        "recovery.csv": rows_csv(
            _RECOVERY, [row for n, scan in scans for row in _recovery(n, scan)]
        ),
        "widths.csv": rows_csv(
            _WIDTHS, [row for n, scan in scans for row in _widths(n, scan)]
        ),
        "dead_time.csv": rows_csv(_DEAD_TIME, _dead_time(one)),
        "profiles.csv": rows_csv(
            _PROFILES,
            [
                {"scan": n, "line": line.name, "axis": line.axis, "of": line.fill,
                 "at_mm": float(at), "image": float(image), "fit": float(fit),
                 "plain_gaussian": float(plain)}
                for n, scan in scans
                for line in profiles(scan, phantom)
                for at, image, fit, plain in zip(
                    line.at_mm, line.image, line.fit, line.plain, strict=True
                )
            ],
        ),
        "quality.csv": rows_csv(
            _QUALITY, [row for n, scan in scans for row in _quality(n, scan)]
        ),
    }  # fmt: skip


COMMISSION_TABLES = (
    *("recovery.csv", "widths.csv", "dead_time.csv", "profiles.csv", "quality.csv"),
)


def _recovery(n: int, scan: PhantomScan) -> list[Row]:
    return [
        {
            "scan": n,
            "of": of,
            "diameter_mm": row.diameter_mm,
            "ratio": row.ratio,
            "model": row.model.value,
            "model_standard": row.model.standard,
            "image": row.image and row.image.value,
            "image_standard": row.image and row.image.standard,
        }
        for of, rows in (("phantom", scan.recovery), ("curve", scan.curve))
        for row in rows
    ]


def _widths(n: int, scan: PhantomScan) -> list[Row]:
    rows: list[Row] = [
        {**_form(n, fit, fit.form), "weight": weight}
        for fit, weight in zip(scan.fits, weights(scan.fits), strict=True)
    ]
    rows.append(_form(n, scan.plain, "no tail"))
    if scan.apart is not None:
        rows.append(_form(n, scan.apart, f"{scan.apart.form}, spheres apart"))
    return rows


def _form(n: int, fit: PhantomFit, form: str) -> Row:
    plane, axial = fit.fwhm_mm
    tail = fit.tail_fraction > 0
    part = plane / fit.in_plane_mm
    spheres = fit.spheres_mm and [part * one for one in fit.spheres_mm]
    return {
        "scan": n,
        "form": form,
        "overshoot_power": fit.sharp,
        "overshoot": fit.edge if fit.sharp else 0.0,
        "in_plane_mm": plane,
        "in_plane_standard_mm": fit.standard["in_plane_mm"],
        "axial_mm": axial,
        "axial_standard_mm": fit.standard["axial_mm"],
        "spheres_in_plane_mm": spheres and spheres[0],
        "spheres_axial_mm": spheres and spheres[1],
        "tail_fraction": fit.tail_fraction,
        "tail_fraction_standard": fit.standard["tail_fraction"],
        "tail_fwhm_mm": fit.tail_fwhm_mm if tail else None,
        "tail_fwhm_standard_mm": fit.standard["tail_fwhm_mm"] if tail else None,
        "misfit": fit.misfit,
    }


def _dead_time(one: Commissioning) -> list[Row]:
    fit = one.dead_time
    if fit is None:
        return []
    return [
        {
            "activity_mbq": scan.activity_mbq,
            "rate_cps": scan.rate_cps,
            "rate_standard_cps": scan.standard_cps,
            "wide_cps": scan.wide_cps,
            "model": str(kept.model),
            "fitted_cps": scan.rate_cps / (1 + deviation),
            "deviation": deviation,
        }
        for kept in fit.kept
        for scan, deviation in zip(fit.scans, fit.deviations(kept), strict=True)
    ]


def _quality(n: int, scan: PhantomScan) -> list[Row]:
    quality = scan.quality
    rows: list[tuple[str, str, float, str]] = [
        ("noise", "background", quality.noise, "1"),
        ("noise_fwhm", "background", quality.noise_fwhm_mm, "mm"),
        ("mean", "background", quality.per_voxel, "image units per voxel"),
        ("uniformity", "background", quality.uniformity, "1"),
    ]
    for figure, values in (
        ("contrast", quality.contrast),
        ("variability", quality.variability),
        ("cold", quality.cold),
    ):
        rows += [(figure, of, value, "1") for of, value in values.items()]
    # What the phantom has no part for is 0.
    return [
        {"scan": n, "figure": figure, "of": of, "value": value, "unit": unit}
        for figure, of, value, unit in rows
        if value
    ]
