"""lesions.csv, and what a terminal shows of lesions through time."""

from collections.abc import Iterator, Mapping
from typing import Any

from sirtdose.report.screen import Screen
from sirtdose.report.tables import rows_csv
from sirtdose.report.wording import method_words, significant, table

_FIRST = ("case_id", "lesion", "first_seen", "mean_gy", "mean_of")


def lesions_csv(document: Mapping[str, Any]) -> str:
    """A row a lesion: doses, volumes and responses, for `sirtdose cohort`."""
    rows = [_row(document, one) for one in document["lesions"]]
    columns = dict.fromkeys(
        (*_FIRST, *(column for row in rows for column in row if column not in _FIRST))
    )
    return rows_csv(list(columns), rows)


def _row(document: Mapping[str, Any], lesion: Mapping[str, Any]) -> dict[str, Any]:
    """Its cells by column; visits give their names to columns of their own."""
    mean_gy, mean_of = dose_in_all(document, lesion)
    row = {
        "case_id": document["case_id"],
        "lesion": lesion["name"],
        "first_seen": lesion["first_seen"],
        "mean_gy": mean_gy,
        "mean_of": mean_of,
    }
    for visit in document["visits"]:
        label = _key(visit["label"])
        seen = seen_at(lesion, visit["label"])
        row[f"{label}_days"] = visit["days"]
        if visit["kind"] in ("plan", "treatment"):
            for method, dose in (seen["dose_gy"] if seen else {}).items():
                row[f"{label}_{_key(method)}_mean_gy"] = dose["mean"]
        row[f"{label}_name"] = seen and seen["name"]
        row[f"{label}_match"] = seen and seen["match"]
        row[f"{label}_ml"] = seen and seen["volume_ml"]
        for criteria, mm in (seen["diameter_mm"] if seen else {}).items():
            row[f"{label}_{_key(criteria)}_mm"] = mm
        if seen and seen["sul_peak"] is not None:
            row[f"{label}_sul_peak"] = seen["sul_peak"]
    row |= {f"sum_{_key(m)}_mean_gy": gy for m, gy in lesion["sum_gy"].items()}
    row |= {
        "volume_before_ml": lesion["volume_before_ml"],
        "volume_after_ml": lesion["volume_after_ml"],
        "volume_change": lesion["volume_change"],
    }
    for one in lesion["responses"]:
        row[f"{_key(one['criteria'])}_best"] = one["best"]["response"]
    return row


def _key(text: str) -> str:
    """A name as a column has it.

    >>> _key("follow-up 2"), _key("recist-1.1")
    ('follow_up_2', 'recist_1.1')
    """
    return text.replace("-", "_").replace(" ", "_").replace("+", "_")


def seen_at(lesion: Mapping[str, Any], label: str) -> Any:
    """What a visit has of a lesion; None where it has nothing."""
    return next((one for one in lesion["visits"] if one["visit"] == label), None)


def dose_in_all(
    document: Mapping[str, Any], lesion: Mapping[str, Any]
) -> tuple[float | None, str]:
    """The mean dose that a lesion had of all treatments, by the first method, and how.

    Where there were several it is the sum of their maps, never of their means: those
    may be of other contours. None where no sum is known.
    """
    treatments = [one for one in document["visits"] if one["kind"] == "treatment"]
    if len(treatments) > 1:
        for method, gy in lesion["sum_gy"].items():
            return gy, f"{method_words(method)}, sum of {len(treatments)} treatments"
        return None, ""
    seen = seen_at(lesion, treatments[0]["label"])
    for method, dose in (seen["dose_gy"] if seen else {}).items():
        return dose["mean"], method_words(method)
    return None, ""


def lesions_screen(document: Mapping[str, Any]) -> Screen:
    """How each lesion went, in few lines; matches on demand."""
    visits, lesions = document["visits"], document["lesions"]
    rows = [
        [one["name"], *(_cell(one, visit) for visit in visits), change_words(one)]
        for one in lesions
    ]
    result = [
        table(["lesion", *(one["label"] for one in visits), "volume"], rows),
        "",
        *response_lines(document),
    ]
    return Screen.of(document, result, list(match_lines(document)))


def _cell(lesion: Mapping[str, Any], visit: Mapping[str, Any]) -> str:
    """Mean dose of a plan or treatment; else volume, or diameter."""
    seen = seen_at(lesion, visit["label"])
    if seen is None:
        return "-"
    for dose in seen["dose_gy"].values():
        return f"{significant(dose['mean'])} Gy"
    if seen["volume_ml"] is not None:
        return f"{significant(seen['volume_ml'], 3)} mL"
    return next((f"{mm:g} mm" for mm in seen["diameter_mm"].values()), "seen")


def change_words(lesion: Mapping[str, Any]) -> str:
    """How its volume changed.

    >>> change_words({"volume_change": -0.62}), change_words({"volume_change": None})
    ('-62%', '')
    """
    change = lesion["volume_change"]
    return "" if change is None else f"{change:+.0%}"


def response_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The patient's response by each of the criteria."""
    for one in document["responses"]:
        points = ", ".join(
            f"{point['response']} at {point['visit']}" for point in one["timepoints"]
        )
        best = one["best"]
        each = f" ({points})" if points else ""
        yield f"{one['name']}: best {best['response']}{each}"


def match_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """How every match was made."""
    for lesion in document["lesions"]:
        for one in lesion["visits"]:
            yield f"{lesion['name']}, {one['visit']}: '{one['name']}' ({one['match']})"
