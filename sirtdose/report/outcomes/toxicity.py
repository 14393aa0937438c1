"""Toxicity of patients as a document, tables and a summary."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose import __version__
from sirtdose.data.load import table as data_table
from sirtdose.outcomes.adverse_events import (
    Graded,
    LiverDay,
    OfWindow,
    PatientToxicity,
)
from sirtdose.outcomes.arms import Study
from sirtdose.report.outcomes.arms import (
    arms_document,
    arms_notes,
    arms_pages,
)
from sirtdose.report.outcomes.columns import not_used_document
from sirtdose.report.tables import rows_csv

GRADE_COLUMNS = (
    *("case_id", "date", "days", "term", "value", "unit", "baseline"),
    *("baseline_from", "baseline_uln", "grade", "rule", "treated", "arm"),
)
WORST_COLUMNS = (
    *("case_id", "window", "term", "worst_grade", "date", "days", "rule", "value"),
    *("unit", "values", "not_gradable"),
)
LIVER_COLUMNS = (
    *("case_id", "date", "days", "albi", "albi_grade", "modified_albi_grade"),
    *("child_pugh", "child_pugh_points", "points_bilirubin", "points_albumin"),
    *("points_inr", "points_ascites", "points_encephalopathy"),
)
_INR_BANDS = (
    "Child-Pugh: INR of 1.7 to 2.3 has 2 points here, above 2.3 it has 3; other "
    "sources put the bound at 2.2"
)


def toxicity_document(
    patients: Sequence[PatientToxicity],
    *,
    version: str,
    ascites_from: int,
    study: Study | None = None,
    not_used: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """What toxicity.json holds.

    Parameters
    ----------
    patients : sequence of PatientToxicity
    version : str
        Of CTCAE.
    ascites_from : int
    study : Study, optional
        The arms, where treatments have one.
    not_used : mapping of str to sequence of str, optional
        Columns that nothing reads, by file.
    """
    criteria = data_table(f"ctcae_{version}")
    rule = criteria["hepatotoxicity"]
    arms = arms_document(study, patients, version=version)
    return {
        "schema": "sirtdose.toxicity/1",
        "sirtdose_version": __version__,
        "ctcae_version": version,
        "source": criteria["source"],
        "units_source": data_table("laboratory")["source"],
        "hepatotoxicity": {
            "words": rule["words"],
            "laboratory_grade_from": rule["grade_from"],
            "ascites_grade_from": ascites_from,
            "ascites_words": rule["ascites_words"],
            "source": rule["source"],
            "verified": rule["verified"],
        },
        "notes": [
            *_notes(patients, rule, ascites_from),
            *_not_verified(patients, criteria["not_verified"]),
            *arms_notes(arms),
        ],
        "columns_not_used": not_used_document(not_used or {}),
        "arms": arms,
        "cases": [_patient(one) for one in patients],
    }


def _notes(
    patients: Sequence[PatientToxicity], rule: dict[str, Any], ascites_from: int
) -> list[str]:
    borrowed = dict.fromkeys(
        f"{case.case_id} ({one.term})"
        for case in patients
        for one in case.graded
        if one.borrowed
    )
    missing = sum(one.grade is None for case in patients for one in case.graded)
    only_where_true = (
        (
            borrowed,
            "a baseline without an upper limit of normal of its own was held against "
            f"that of each later value: {', '.join(borrowed)}; write it under "
            "baseline_uln, or as uln of the baseline's line",
        ),
        (
            missing,
            f"not gradable (null, not grade 0): {missing} of all values; grades.csv "
            "says why",
        ),
        (any(day.child_pugh for case in patients for day in case.liver), _INR_BANDS),
    )
    return [
        "laboratory values of the day of treatment count as before it, grades by the "
        "user as after it",
        "baseline: as given, else the latest value on or before the day of treatment; "
        "values up to that day are graded by the limits of normal alone",
        f"ascites needs intervention from grade {ascites_from} (not verified: "
        f"{rule['ascites_words']}); ascites without a row is taken as none",
        *_without_day(patients),
        *(said for holds, said in only_where_true if holds),
    ]


def _without_day(patients: Sequence[PatientToxicity]) -> list[str]:
    without = [one for one in patients if one.treated is None]
    judged = [one.case_id for one in without if one.together.worst]
    others = [one.case_id for one in without if not one.together.worst]
    said = {
        "no day of treatment: all values count for": judged,
        "no day of treatment, so that nothing is known in any window:": others,
    }
    return [f"{words} {', '.join(names)}" for words, names in said.items() if names]


def _not_verified(
    patients: Sequence[PatientToxicity], recalled: dict[str, str]
) -> list[str]:
    """What of the criteria is not verified, of the terms that are there."""
    terms = {one.term for case in patients for one in case.graded}
    return [
        f"not verified, {term}: {words}"
        for term, words in recalled.items()
        if term in terms
    ]


def _patient(case: PatientToxicity) -> dict[str, Any]:
    albi = case.baseline_albi
    return {
        "case_id": case.case_id,
        "treated": None if case.treated is None else case.treated.isoformat(),
        "treatments": [
            {"date": one.day.isoformat(), "arm": one.arm or None}
            for one in case.treatments
        ],
        "baselines": {
            term: {
                "value": one.value,
                "unit": column_of(term)[1],
                "from": one.origin,
            }
            for term, one in case.baselines.items()
        },
        "baseline_albi": None
        if albi is None
        else {"score": albi.score, "grade": albi.grade},
        "grades": [_graded(one) for one in case.graded],
        "windows": [_window(one) for one in case.windows],
        "together": _window(case.together),
        "liver": [_liver(one) for one in case.liver],
        "arms": [
            {
                "arm": one.arm,
                "treated": [day.isoformat() for day in one.days],
                "windows": [_window(window) for window in one.windows],
                "together": _window(one.together),
                "ended_by_next_treatment": list(one.ended_by_next),
            }
            for one in case.arms
        ],
    }


def _graded(one: Graded) -> dict[str, Any]:
    return {
        "date": one.day.isoformat(),
        "days": one.days,
        "term": one.term,
        "value": one.value,
        "unit": one.unit or None,
        "baseline": one.baseline,
        "baseline_from": one.baseline_from or None,
        "baseline_uln": one.baseline_uln,
        "grade": one.grade,
        "rule": one.rule,
        "treated": None if one.treatment is None else one.treatment.day.isoformat(),
        "arm": (one.treatment.arm or None) if one.treatment else None,
    }


def _window(one: OfWindow) -> dict[str, Any]:
    return {
        "window": one.label,
        "hepatotoxicity_grade3": one.hepatotoxicity.present,
        "hepatotoxicity_why": one.hepatotoxicity.why,
        "worst": [
            {
                "term": worst.term,
                "worst_grade": worst.grade,
                "date": worst.found.day.isoformat(),
                "days": worst.found.days,
                "rule": worst.found.rule,
                "value": worst.found.value,
                "unit": worst.found.unit or None,
                "values": worst.values,
                "not_gradable": worst.not_gradable,
            }
            for worst in one.worst
        ],
    }


def _liver(one: LiverDay) -> dict[str, Any]:
    score = one.child_pugh
    parts = {} if score is None else score.parts
    return {
        "date": one.day.isoformat(),
        "days": one.days,
        "albi": one.albi.score,
        "albi_grade": one.albi.grade,
        "modified_albi_grade": one.albi.modified_grade,
        "child_pugh": None if score is None else score.letter,
        "child_pugh_points": None if score is None else score.points,
        **{
            f"points_{part.casefold()}": parts.get(part)
            for part in ("bilirubin", "albumin", "INR", "ascites", "encephalopathy")
        },
        "child_pugh_missing": list(one.missing),
    }


def toxicity_pages(document: dict[str, Any]) -> dict[str, str]:
    """The csv files, by their names."""
    cases = document["cases"]
    return {
        "grades.csv": rows_csv(
            GRADE_COLUMNS,
            ({"case_id": c["case_id"], **one} for c in cases for one in c["grades"]),
        ),
        "worst.csv": rows_csv(
            WORST_COLUMNS,
            (
                {"case_id": c["case_id"], "window": window["window"], **one}
                for c in cases
                for window in c["windows"]
                for one in window["worst"]
            ),
        ),
        "liver.csv": rows_csv(
            LIVER_COLUMNS,
            ({"case_id": c["case_id"], **one} for c in cases for one in c["liver"]),
        ),
        "patients.csv": rows_csv(
            patient_columns(cases), (_patient_row(case) for case in cases)
        ),
        **arms_pages(document),
    }


def _patient_row(case: dict[str, Any]) -> dict[str, Any]:
    worst = {
        column_of(one["term"])[0]: one["worst_grade"]
        for one in case["together"]["worst"]
    }
    albi = case["baseline_albi"] or {}
    return {
        "case_id": case["case_id"],
        "hepatotoxicity_grade3": case["together"]["hepatotoxicity_grade3"],
        **worst,
        **baseline_columns(case["baselines"]),
        "baseline_albi": albi.get("score"),
        "baseline_albi_grade": albi.get("grade"),
    }


def column_of(term: str) -> tuple[str, str, str]:
    """A term's column of worst grades, its unit, and its column of baselines.

    >>> column_of("bilirubin")
    ('worst_bilirubin_grade', 'umol/L', 'baseline_bilirubin_umol_per_l')
    >>> column_of("gastric ulcer")[0]
    'worst_gastric_ulcer_grade'
    """
    name = term.casefold().replace(" ", "_")
    known = data_table("laboratory")["terms"].get(term)
    if known is None:
        return f"worst_{name}_grade", "", f"baseline_{name}"
    unit = next(iter(data_table("laboratory")["units"][known["units"]]))
    own = f"_{known['column']}" if known["column"] else ""
    return f"worst_{name}_grade", unit, f"baseline_{name}{own}"


def baseline_columns(baselines: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Baselines by their columns."""
    return {column_of(term)[2]: one["value"] for term, one in baselines.items()}


def patient_columns(cases: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Columns of what any case has, in the order in which the table has them."""
    worst = dict.fromkeys(
        column_of(one["term"])[0] for case in cases for one in case["grades"]
    )
    baselines = dict.fromkeys(
        column for case in cases for column in baseline_columns(case["baselines"])
    )
    has_albi = any(case["baseline_albi"] for case in cases)
    return (
        *("case_id", "hepatotoxicity_grade3"),
        *worst,
        *baselines,
        *(("baseline_albi", "baseline_albi_grade") if has_albi else ()),
    )
