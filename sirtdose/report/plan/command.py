"""The command that would make a plan of another activity, from what a plan keeps."""

import re
from collections.abc import Mapping, Sequence
from math import isclose
from typing import Any

from sirtdose.report.plan.rows import injections_of

# Options by what a plan keeps them as; %s is the value.
_OPTIONS = {
    "perfused_volume_ml": "--perfused-volume %smL",
    "liver_volume_ml": "--liver-volume %smL",
    "tumors": "--tumor %s",
    "convention": "--convention %s",
    "density_g_per_ml": "--density %sg/mL",
    "density": "--density %s",
    "lung_shunt_fraction": "--lung-shunt %s",
    "lung_shunt_source": "--lung-shunt-source %s",
    "lung_mass_kg": "--lung-mass %skg",
    "residual_fraction": "--residual %s",
    "tlsf_fraction": "--tlsf %s",
    "limits": "--limit %s",
    "limit_table": "--limits %s",
    "aims": "--goal %s",
    "bilirubin_mg_per_dl": "--bilirubin %smg/dL",
    "liver_function": "--liver-function %s",
    "remnant_ml": "--remnant %smL",
    "slv": "--slv %s",
    "underlying_liver": "--underlying-liver %s",
    "prior_liver_dose_gy": "--prior-liver-dose %sGy",
    "prior_lung_dose_gy": "--prior-lung-dose %sGy",
    "scout_activity_gbq": "--scout-activity %sGBq",
    "device": "--device %s",
    "nuclide": "--nuclide %s",
    "half_life_h": "--half-life %sh",
    "dose_constant": "--dose-constant %s",
    "methods": "--method %s",
    "psf": "--psf %s",
    "psf_tail": "--psf-tail %s",
    "pvc": "--pvc %s",
    "medium": "--medium %s",
    "density_curve": "--density-curve %s",
    "density_in": "--density-in %s",
    "dose_grid_mm": "--dose-grid %smm",
    "roles": "--role %s",
    "languages": "--languages %s",
    "probability_threshold_fraction": "--probability-threshold %s",
    "image_shift": "--image-shift %s",
    "segment_perfused_fraction": "--segment-perfused %s",
    "segment_tumors_fraction": "--segment-tumors %s",
    "lung_margin_mm": "--lung-margin %smm",
    "metrics": "--metric %s",
    "uncertainty": "--uncertainty %s",
    "seed": "--seed %s",
    "height_cm": "--height %scm",
    "weight_kg": "--weight %skg",
    "patient_key": "--patient-key %s",
    "case_label": "--case-label %s",
    "vessel": "--vessel %s",
    "treatment_date": "--treatment-date %s",
    "treatment_at": "--treatment-at %s",
    "timezone": "--timezone %s",
    "catheter": "--catheter %s",
}
_TYPED_GOALS = {
    "dose_gy": "--dose %sGy",
    "tumor_dose_gy": "--tumor-dose %sGy",
    "normal_dose_gy": "--normal-dose %sGy",
    "activity_gbq": "--activity %sGBq",
}
_UNSAID = (None, False, "", "unknown", 0.0)
_GOALS = ("dose", "tumor-dose", "normal-dose", "activity", "maximize")
# What must still be reached by an activity that a reader chose; others are aims.
_AIMS = {"tumor_dose": "tumor:mean"}
_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
# Where a page puts the activity that its reader chose, one an injection.
ACTIVITY, DOSE = "{a%d}", "{dose}"


def command_words(
    document: Mapping[str, Any], goals: Sequence[str] | None = None
) -> str | None:
    """The command, with places for the activities; None where none can make it.

    The body surface area method has one activity for a patient, and a plan has one
    residual for all injections. Images, structures and earlier sessions and doses are
    not kept: the reader gives them again. Other `goals` take the activities' place.
    """
    method, typed = document["method"], document.get("inputs") or {}
    if method not in ("mird", "partition", "image") or not _one_residual(document):
        return None
    words = [f"sirtdose plan {method}"]
    if typed.get("height_mm"):
        typed = {**typed, "height_cm": typed["height_mm"] / 10}
    if method == "image":
        words.append("FOLDER")
        typed = {**typed, "density": _density(document)}
    words += _of_activity(document, typed) if goals is None else goals
    for name, form in _OPTIONS.items():
        value = typed.get(name)
        if name == "languages" and value:
            value = ",".join(value)
        each = value if isinstance(value, list) else [value]
        words += [_word(form, one) for one in each if one not in _UNSAID]
    for one in document["assumptions"].get("sessions", ()):
        if one["held"]:
            continue
        file = "plan.json" if one["kind"] == "planned" else "post.json"
        words.append(f"--after {file}")
    if "prior_dose" in document["assumptions"]:
        words.append("--prior-dose MAP")
    return " ".join(words)


def again_words(document: Mapping[str, Any]) -> str | None:
    """The command that made a plan, with its own goals; None where it is not kept."""
    typed = document.get("inputs") or {}
    texts = typed.get("injections") or []
    goals = [f"--injection {_quoted(text)}" for text in texts]
    goals += [
        _word(form, typed[name])
        for name, form in _TYPED_GOALS.items()
        if not texts and typed.get(name)
    ]
    goals += ["--maximize"] if typed.get("maximize") and not texts else []
    order = typed.get("maximize_order")
    if order:
        named = order if isinstance(order, str) else ",".join(order)
        goals.append(f"--maximize-order {_quoted(named)}")
    return command_words(document, goals)


def _one_residual(document: Mapping[str, Any]) -> bool:
    """Whether what is drawn per GBq is the same for every injection."""
    pairs = zip(draw_per_gbq(document), injections_of(document), strict=True)
    drawn = [draw for draw, one in pairs if one["activity_gbq"]]
    return not drawn or isclose(min(drawn), max(drawn), rel_tol=1e-6)


def _density(document: Mapping[str, Any]) -> str:
    """Where densities come from; files are not kept."""
    origin = str(document["density"]["origin"])
    if origin.startswith("CT"):
        return "ct"
    if origin.startswith("image"):
        return "DENSITY_FILE"
    return f"{document['assumptions']['density_g_per_ml']:.10g}g/mL"


def _of_activity(document: Mapping[str, Any], typed: Mapping[str, Any]) -> list[str]:
    if document["method"] == "mird":
        return [f"--dose {DOSE}Gy"]
    texts = typed.get("injections") or []
    own = injections_of(document)
    if not texts:
        return [
            f"--activity {ACTIVITY % 0}GBq",
            *(f"--goal {aim}" for aim in _aims(own[0])),
        ]
    return [
        f"--injection {_quoted(_with_activity(text, number, _aims(one)))}"
        for number, (text, one) in enumerate(zip(texts, own, strict=True))
    ]


def _aims(injection: Mapping[str, Any]) -> list[str]:
    """The goal that set an activity, as one that is held against another.

    >>> _aims({"goal": "tumor_dose", "value": 205.0}), _aims({"goal": "maximize"})
    (['tumor:mean=205Gy'], [])
    """
    aim = _AIMS.get(injection.get("goal", ""))
    return [f"{aim}={injection['value']:.10g}Gy"] if aim else []


def _with_activity(text: str, number: int, aims: Sequence[str] = ()) -> str:
    """An injection as it was typed, its goal held against an activity.

    >>> _with_activity("A=perfused:700mL,tumor:T1=150mL@4,tumor-dose:40Gy", 0,
    ...                ["tumor:mean=40Gy"])
    'A=perfused:700mL,tumor:T1=150mL@4,activity:{a0}GBq,goal:tumor:mean=40Gy'
    """
    name, _, parts = text.partition("=")
    kept = [
        one
        for one in parts.split(",")
        if one.strip().partition(":")[0].lower() not in _GOALS
    ]
    kept += [f"activity:{ACTIVITY % number}GBq", *(f"goal:{aim}" for aim in aims)]
    return f"{name}={','.join(kept)}"


def _word(form: str, value: Any) -> str:
    """An option with its value; a word that stands for a number has no unit."""
    option, _, place = form.partition(" ")
    if isinstance(value, float):
        return f"{option} {_quoted(place % f'{value:.10g}')}"
    return f"{option} {_quoted(str(value))}"


def _quoted(text: str) -> str:
    """A word that a shell reads as one.

    >>> _quoted("right hepatic artery"), _quoted("5%")
    ("'right hepatic artery'", '5%')
    """
    if _SAFE.fullmatch(text.replace("{", "").replace("}", "")):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def draw_per_gbq(document: Mapping[str, Any]) -> list[float]:
    """What is drawn up of each injection, per GBq injected."""
    return [
        one["draw_activity_gbq"] / one["activity_gbq"] if one["activity_gbq"] else 1.0
        for one in injections_of(document)
    ]
