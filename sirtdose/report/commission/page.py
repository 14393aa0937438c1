"""The page of a commissioning: commission.html, one file with its pictures in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sirtdose import __version__
from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.dosimetry.commission.results import CommissionedScan, Commissioning
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.model.solid import ScanPhantom
from sirtdose.report.commission import figures, places
from sirtdose.report.commission import numbers as said
from sirtdose.report.commission.profiles import Profile, profiles
from sirtdose.report.commission.tables import COMMISSION_TABLES, commission_tables
from sirtdose.report.documents import iso, said_document
from sirtdose.report.page_head import (
    NOT_GIVEN,
    PageHead,
    day_words,
    made_today,
    moment_words,
)
from sirtdose.report.render import case_hash, render
from sirtdose.report.wording import activity, significant

_PAGE = "commission.html"
# What is written beside commission.json and camera.toml.
COMMISSION_PAGES = (_PAGE, *COMMISSION_TABLES)
_ALL_NOISE = 3.0
_FACTS = {"manufacturer": "Manufacturer", "model": "Model", "collimator": "Collimator",
          "protocol": "Protocol", "station": "Station", "serial": "Serial number",
          "reconstruction": "Reconstruction"}  # fmt: skip


def commission_pages(one: Commissioning, text: str) -> dict[str, str]:
    """The page and the csv tables of a commissioning, by the names of their files."""
    return {_PAGE: commission_page(one, text), **commission_tables(one)}


def commission_page(one: Commissioning, text: str) -> str:
    """The page of a commissioning whose commission.json has this text.

    It shows no word of a header, and no name of a file, but those that it is given.
    """
    document = {
        "sirtdose_version": __version__,
        **said_document(one.findings, one.accepted),
    }
    return render(
        "commission.html",
        {},
        (),
        head=_head(one, text),
        d=document,
        headline=said.headline(one),
        lines=said.answer_lines(one),
        scans=[
            _scan(n, scan, one.filling.phantom)
            for n, scan in enumerate(one.scans, start=1)
        ],
        paints=places.shown_paints(one.filling.phantom),
        profile_key=_profile_key(),
        most_noise=f"{places.MOST_NOISE:g}",
        dead_time=_dead_time(one),
        drift=figures.drift_rows(one.drift),
        before=one.before,
        before_made=day_words(one.before.made.isoformat()) if one.before else "",
        phantom=_phantom(one),
        camera=_camera(one),
        files=["camera.toml", "commission.json", *COMMISSION_TABLES],
    )


def _head(one: Commissioning, text: str) -> PageHead:
    camera, half_life_h = one.camera, one.filling.nuclide.half_life_h
    missed = [row for row in one.drift if not row.passed]
    state, good = "", True
    if missed:
        state, good = f"Drift: {len(missed)} of {len(one.drift)} fail", False
    elif one.drift:
        state = "Drift: all pass"
    model = [camera.header.get(key, "") for key in ("manufacturer", "model")]
    until = day_words(camera.valid_until.isoformat())
    return PageHead(
        title="Camera commissioning",
        digest=case_hash(text, digits=64),
        key=camera.name,
        treated="",
        made=made_today(),
        state=state,
        good=good,
        who=(
            ("Camera", camera.name),
            ("Model", " ".join(filter(None, model)) or NOT_GIVEN),
            ("Collimator", camera.header.get("collimator") or NOT_GIVEN),
            ("Nuclide", f"{camera.nuclide}, half-life {half_life_h:g} h"),
            ("Last scan", day_words(one.made.isoformat())),
            ("Valid until", until),
        ),
    )


def _scan(n: int, one: CommissionedScan, phantom: ScanPhantom) -> dict[str, Any]:
    scan = one.scan
    lines = profiles(scan, phantom)
    recovery = figures.recovery_plot(scan)
    return {
        "number": n,
        "name": _named(n, one.file),
        "facts": _facts(one),
        "sha256": one.sha256,
        "planes": places.placement_planes(scan, phantom),
        "placed": _placed(one),
        "spheres": _plots([line for line in lines if not line.across]),
        "across": _plots([line for line in lines if line.across]),
        "aside": next((line.aside_mm for line in lines if line.aside_mm), 0.0),
        "across_of": next((line.fill for line in lines if line.across), ""),
        "residuals": places.residual_planes(scan, phantom),
        "left": _left_over(scan, phantom),
        "forms": said.form_rows(scan),
        "recovery_plot": recovery,
        "recovery": said.recovery_rows(scan),
        "quality": said.quality_lines(scan),
        "contrast": said.contrast_rows(scan),
        "uneven": scan.is_uneven,
        "ratio": scan.ratio and said.shown(scan.ratio),
    }


def _named(n: int, file: str) -> str:
    """A scan by its number, and by its file unless that is nameless."""
    return f"Scan {n}" if file in ("", f"scan {n}") else f"Scan {n}: {file}"


def _plots(lines: Sequence[Profile]) -> list[dict[str, Any]]:
    return [{"name": one.name, "plot": figures.profile_plot(one)} for one in lines]


def _facts(one: CommissionedScan) -> list[tuple[str, str]]:
    held = ", ".join(
        f"{name} {significant(value)} MBq" for name, value in one.activity_mbq.items()
    )
    length = "not given" if one.duration_s is None else f"{one.duration_s:.0f} s"
    facts = [
        ("Image", f"{one.modality}, {one.files} file{'s' * (one.files != 1)}"),
        ("Start, length", f"{moment_words(iso(one.scan_start))}; {length}"),
        ("Activity in view, mean during the scan",
         f"{activity(one.total_mbq / 1000)}: {held}"),
    ]  # fmt: skip
    unit = "cps/MBq" if one.rate_cps else "shown over true"
    for name, value, of in (
        ("Count rate, field without end", one.rate_cps, "cps"),
        ("Live fraction", one.live_fraction, ""),
        ("Calibration factor", one.factor, unit),
    ):
        if value is not None:
            facts.append((name, " ".join(filter(None, _with_interval(value, of)))))
    return facts


def _with_interval(value: Any, unit: str) -> tuple[str, str, str]:
    number, interval = said.shown(value)
    return number, unit, f"({interval})"


def _placed(one: CommissionedScan) -> list[str]:
    """How well the place is known, in sentences."""
    scan = one.scan
    x, y, z = scan.best.pose.middle_mm
    a, b, c = scan.best.pose.angles_deg
    placement = scan.placement
    lines = [
        f"Middle at x {x:.1f}, y {y:.1f}, z {z:.1f} mm; turned by {a:.1f}, {b:.1f}, "
        f"{c:.1f} degrees about x, y, z"
        f"{', seen from the other side' if scan.best.pose.mirrored else ''}",
        f"The first placement leaves {100 * placement.unexplained:.2f} % of the image "
        f"unexplained, the next best way round {100 * placement.otherwise:.2f} %",
    ]
    if one.ct_offset_mm is not None:
        x, y, z = one.ct_offset_mm
        lines.append(
            f"The phantom lies {x:+.1f}, {y:+.1f}, {z:+.1f} mm (x, y, z) from its "
            "place on the CT"
        )
    return [line.replace("-", "\N{MINUS SIGN}") for line in lines]


def _left_over(scan: PhantomScan, phantom: ScanPhantom) -> list[dict[str, str]]:
    """What the fit, and a plain Gaussian, leave of the counts, by where."""
    inside = places.inside_outline(scan, phantom)
    return [
        _left(scan, fit, inside, name=name)
        for name, fit in (
            (figures.FIT_NAME, scan.best),
            (figures.PLAIN_NAME, scan.plain),
        )
    ]


def _left(
    scan: PhantomScan, fit: PhantomFit, inside: Any, *, name: str
) -> dict[str, str]:
    total = float(scan.image.sum(dtype=float))
    apart = scan.image.astype(float) - fit.model
    noise = places.in_noise(scan, fit)
    beyond = float((np.abs(noise) > _ALL_NOISE).mean())
    return {
        "name": name,
        "inside": _percent(float(apart[inside].sum()) / total),
        "outside": _percent(float(apart[~inside].sum()) / total),
        "noise": f"{float(np.sqrt((noise.astype(float) ** 2).mean())):.2f}",
        "beyond": f"{100 * beyond:.2f}",
    }


def _percent(part: float) -> str:
    return f"{round(100 * part, 2) + 0.0:+.2f}".replace("-", "\N{MINUS SIGN}")


def _profile_key() -> list[tuple[str, str, str]]:
    return [
        ("dot", figures.MEASURED, figures.IMAGE_NAME),
        ("", figures.FITTED, figures.FIT_NAME),
        ("dash", figures.PLAIN, figures.PLAIN_NAME),
    ]


def _dead_time(one: Commissioning) -> dict[str, Any] | None:
    fit = one.dead_time
    if fit is None:
        return None
    deviations = [fit.deviations(kept) for kept in fit.kept]
    return {
        "found": said.model_words(fit.found),
        "rates": figures.rate_plot(fit),
        "off": figures.deviation_plot(fit),
        "models": [str(kept.model) for kept in fit.kept],
        "chi_squares": [
            (str(model), f"{value:.2f}") for model, value in fit.chi_squares.items()
        ],
        "degrees": fit.kept[0].degrees,
        "rows": [
            {
                "activity": significant(scan.activity_mbq / 1000, 4),
                "rate": f"{scan.rate_cps:.0f} \N{PLUS-MINUS SIGN} "
                f"{scan.standard_cps:.0f}",
                "wide": f"{scan.wide_cps:.0f}" if scan.wide_cps else "",
                "live": f"{fit.live_fraction(scan.activity_mbq).value:.4f}",
                "off": [_percent(off[n]) for off in deviations],
            }
            for n, scan in enumerate(fit.scans)
        ],
    }


def _phantom(one: Commissioning) -> dict[str, Any]:
    filling, phantom = one.filling, one.filling.phantom
    return {
        "title": phantom.title,
        "source": phantom.source,
        "verified": phantom.verified,
        "at": moment_words(iso(filling.at)),
        "activity": activity(filling.activity_mbq / 1000),
        "ratio": said.ratio_words(filling.ratio) if filling.ratio else "",
        "fills": [
            {
                "name": fill.name,
                "volume": significant(fill.volume_ml),
                "poured": _poured(filling.poured_mbq_per_ml.get(fill.name)),
                "known": fill.known,
            }
            for fill in phantom.fills
        ],
    }


def _poured(mbq_per_ml: float | None) -> str:
    if mbq_per_ml is None:
        return "not known"
    return "cold" if mbq_per_ml == 0 else significant(1000 * mbq_per_ml)


def _camera(one: Commissioning) -> Mapping[str, Any]:
    header = {
        _FACTS.get(key, key): value for key, value in one.camera.header.items() if value
    }
    return {"header": header, "notes": list(one.camera.notes)}
