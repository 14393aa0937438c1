"""suv.html: lesions with their peaks, pictures of each, and how SUV were made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sirtdose.dosimetry.suv.results import UptakeMeasurement
from sirtdose.model.structure import Structure
from sirtdose.report.close_ups import CloseUp, close_up
from sirtdose.report.looks import WASH_ABOVE, WASH_BELOW, structure_looks
from sirtdose.report.outlines import smooth
from sirtdose.report.page_head import PageHead, day_words, made_today, moment_words
from sirtdose.report.palette import ISODOSES
from sirtdose.report.planes import INVERTED_SUV, Scale
from sirtdose.report.render import case_hash, render
from sirtdose.report.wording import significant

_PICTURES_MAX = 12
# The color on a CT starts here.
_FROM_SUV = 2.5
PEAK_WORDS = {
    "anywhere": "highest anywhere in the lesion",
    "at_maximum": "around the maximum",
    "between": "centered between voxels",
}


def suv_page(text: str, found: UptakeMeasurement) -> str:
    """The page of suv.json's text."""
    d = json.loads(text)
    hidden = d["deidentified"]
    shown, ct_shown = _pictures(found)
    return render(
        "suv.html",
        {"suv-json": text},
        (),
        head=PageHead(
            "Uptake of a PET",
            case_hash(text, digits=64),
            key=d["case_id"],
            treated="",
            made="" if hidden else made_today(),
            deidentified=hidden,
        ),
        d=d,
        answer=answer(d),
        peaks=PEAK_WORDS,
        facts=_facts(d),
        pictures=shown,
        on_ct=ct_shown,
        colors=_colors(found),
        top=INVERTED_SUV[1],
        bar=[(f"{10 * at:.0f}", color) for at, color in _bar()],
    )


def answer(d: Mapping[str, Any]) -> str:
    """The first sentence: how many lesions, and the peak of the hottest."""
    lesions, primary = d["lesions"], d["peak"]["primary"]
    if not lesions:
        return "No lesions: no contours of tumors were given"
    hottest = max(lesions, key=lambda one: float(one["sul"]["peak"][primary]))
    said = f"{len(lesions)} lesion{'s' * (len(lesions) != 1)}"
    said += f", hottest {hottest['name']}: SULpeak "
    return said + f"{hottest['sul']['peak'][primary]:.2f} g/mL"


def _facts(d: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How SUV were made: what each number is from."""
    scan, body, tracer = d["scan"], d["body"], d["scan"]["tracer"]
    kind = scan["suv_type_in_file"]
    formula = body["lean_mass_formula"].capitalize()
    unit = scan["units_in_file"] + (f", SUV by {kind}" if kind else "")
    strict = "strict: what the header leaves open is asked"
    ibsi = "IBSI: its assumptions where the header leaves something open"
    rows = [
        ("Scan began", "" if d["deidentified"] else day_words(scan["started"])),
        ("Scanner", ", ".join(scan["camera"].values())),
        ("Values in the file", unit),
        ("Conventions", ibsi if scan["conventions"] == "IBSI" else strict),
        ("Tracer", ", ".join(tracer["named"])),
        ("Injected", _injected(d)),
        ("Decay correction", _decay(scan)),
        ("Left then", _mbq(tracer["left_at_reference_mbq"])),
        (
            "Patient",
            f"{body['weight_kg']:g} kg, {body['height_cm']:g} cm, sex {body['sex']}",
        ),
        ("Lean body mass", f"{body['lean_mass_kg']:.1f} kg by {formula}"),
        ("Body surface", f"{body['surface_m2']:.3f} m2 by DuBois"),
    ]
    return [(name, said) for name, said in rows if said]


def _mbq(value: float | None) -> str:
    return "" if value is None else f"{significant(value, 4)} MBq"


def _injected(d: Mapping[str, Any]) -> str:
    tracer, minutes = d["scan"]["tracer"], d["scan"]["uptake_time_min"]
    parts = [_mbq(tracer["injected_mbq"])]
    parts += [moment_words(tracer["injected_at"])] if tracer["injected_at"] else []
    parts += [] if minutes is None else [f"{minutes:.0f} min before the scan"]
    return ", ".join(one for one in parts if one)


def _decay(scan: Mapping[str, Any]) -> str:
    tracer, kind = scan["tracer"], scan["decay_correction"]
    if not kind:
        return ""
    half = tracer["half_life_h"]
    said = f"{kind}, half-life {60 * half:.2f} min" if half else kind
    if tracer["reference_at"]:
        said += f", to {moment_words(tracer['reference_at'])}"
    origin = tracer["reference_origin"]
    return f"{said} ({origin})" if origin else said


def _regions(found: UptakeMeasurement) -> list[Structure]:
    """The hottest lesions, and the tissue that they are compared with."""
    hottest = sorted(found.lesions, key=lambda one: -one.suv_peak)
    tissue = [one.region for one in (found.liver, found.blood_pool) if one]
    return [*(one.drawn for one in hottest[:_PICTURES_MAX]), *tissue]


def _colors(found: UptakeMeasurement) -> dict[str, str]:
    looks = structure_looks(_all(found))
    return {name: one.color for name, one in looks.items()}


def _all(found: UptakeMeasurement) -> list[Structure]:
    tissue = [one.region for one in (found.liver, found.blood_pool) if one]
    return [*(one.drawn for one in found.lesions), *tissue]


def _pictures(
    found: UptakeMeasurement,
) -> tuple[list[tuple[str, CloseUp]], dict[str, CloseUp]]:
    """Planes of the PET through each region, and of the CT where there is one."""
    suv, every = found.uptake.suv, _all(found)
    looks = structure_looks(every)
    outlines = [smooth(one, suv.grid) for one in every]
    # Black lines' own colors: a PET is shown on white.
    on_white = {name: replace(one, dark=one.color) for name, one in looks.items()}
    lesions = {one.drawn.name for one in found.lesions}
    shown, on_ct = [], {}
    for one in _regions(found):
        shown.append(
            (
                one.name,
                close_up(
                    one, suv, suv, outlines, looks=on_white, scale=Scale((), _bar())
                ),
            )
        )
        if found.ct is not None and one.name in lesions:
            on_ct[one.name] = close_up(
                one, suv, found.ct, outlines, looks=looks, scale=Scale((), _bar())
            )
    return shown, on_ct


def _bar() -> Sequence[tuple[float, str]]:
    """SUV and their colors on a CT."""
    colors = (WASH_BELOW, *ISODOSES, WASH_ABOVE)
    step = (INVERTED_SUV[1] - _FROM_SUV) / (len(colors) - 1)
    return [(_FROM_SUV + n * step, color) for n, color in enumerate(colors)]
