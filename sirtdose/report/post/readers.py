"""Several readers' contours: doses by each, as document, tables and lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.dosimetry.compare.readers import Observers
from sirtdose.model.reader import MAJORITY, STAPLE, reader_words
from sirtdose.report.doses import asked_in
from sirtdose.report.looks import drawn_name
from sirtdose.report.tables import (
    DVH_COLUMNS,
    csv_text,
    name_cell,
    rows_csv,
    structure_columns,
    structure_rows,
)
from sirtdose.report.wording import significant, spoken, table

READER_FILES = ("readers.csv", "readers_dvh.csv", "readers_overlap.csv")
_OVERLAP = ("name", "one", "other", "dice", "mean_mm", "p95_mm")


def readers_document(found: Observers | None) -> dict[str, Any] | None:
    """Doses by each reader's contours and how far readers agree; None without names."""
    if found is None:
        return None
    agreed = found.agreement
    methods = next(iter(found.rows.values()), {})
    return {
        "readers": list(found.readers),
        "doses_are_of": MAJORITY if agreed else found.readers[0],
        "methods": {
            method: {
                "structures": {
                    who: [dict(row) for row in rows[method]]
                    for who, rows in found.rows.items()
                },
                "spread": [
                    {
                        "name": one.name,
                        "role": one.role,
                        "readers": one.readers,
                        "shared": one.shared,
                        "volume_variation": one.volume_cv,
                        "mean_variation": one.mean_cv,
                        "mean_lowest_gy": one.lowest_gy,
                        "mean_highest_gy": one.highest_gy,
                    }
                    for one in found.spread(method)
                ],
            }
            for method in methods
        },
        "overlap": [
            {key: getattr(one, key) for key in _OVERLAP}
            for one in (agreed.overlaps if agreed else ())
        ],
        "borders": [
            {
                "name": one.name,
                "readers": one.readers,
                "outwards_mm": one.outwards_mm,
                "aside_mm": one.aside_mm,
                "outwards_factor": one.outwards_factor,
                "aside_factor": one.aside_factor,
            }
            for one in (agreed.borders if agreed else ())
        ],
        "lacking": [
            {
                "name": one.name,
                "role": one.role,
                "drawn_by": list(one.drawn_by),
                "lacking": list(one.lacking),
                "in_consensus": bool(one.drawn_by) and one.used,
            }
            for one in (agreed.lacking if agreed else ())
        ],
    }


def reader_tables(document: Mapping[str, Any], found: Observers) -> dict[str, str]:
    """The files of several readers by name: doses, histograms, overlap."""
    known = document["observers"]
    rows, curves = [], []
    for method, one in known["methods"].items():
        for who, structures in one["structures"].items():
            like = {
                "metrics": document["metrics"],
                "doses": {method: {"structures": structures}},
            }
            rows += [[name_cell(who), *row] for row in structure_rows(like)]
            for name, (doses, volumes) in found.curves[who][method].items():
                whole = float(volumes[0])
                curves += [
                    [
                        *(name_cell(who), method, name_cell(name)),
                        *(f"{gy:.6g}", f"{ml / whole:.6g}", f"{ml:.6g}"),
                    ]
                    for gy, ml in zip(doses.tolist(), volumes.tolist(), strict=True)
                ]
    columns = structure_columns(asked_in(document))
    texts = (
        csv_text(("contours_of", *columns), rows),
        csv_text(("contours_of", *DVH_COLUMNS), curves),
        rows_csv(_OVERLAP, known["overlap"]),
    )
    return dict(zip(READER_FILES, texts, strict=True))


def contours_words(observers: Mapping[str, Any] | None) -> str:
    """Whose contours the doses of a result are of, in a sentence; empty without names.

    >>> contours_words({"readers": ["A"], "doses_are_of": "A"})
    'Contours by reader A'
    >>> contours_words({"readers": ["A", "B", "C"], "doses_are_of": "majority"})
    'Doses are of the consensus of 3 readers by majority: every voxel that more than \
half of them drew'
    """
    if observers is None:
        return ""
    if observers["doses_are_of"] != MAJORITY:
        return f"Contours by {reader_words(observers['readers'][0])}"
    count = len(observers["readers"])
    half = "" if count % 2 else "; one that half of them drew counts half"
    return (
        f"Doses are of the consensus of {count} readers by majority: every voxel that "
        f"more than half of them drew{half}"
    )


def reader_lines(document: Mapping[str, Any]) -> list[str]:
    """Means by each reader's contours, with how far they are apart, on a terminal."""
    observers = document.get("observers")
    if not observers:
        return []
    lines = [f"{contours_words(observers)}"]
    for method, own in observers["methods"].items():
        named = len(observers["methods"]) > 1
        how = f", {method.replace('_', ' ')}" if named else ""
        header = [f"mean Gy{how}", *reader_heads(observers)]
        header += ["readers", "CV mL", "CV Gy"]
        lines += [table(header, reader_rows(document, method, own))]
    return lines


def reader_heads(observers: Mapping[str, Any]) -> list[str]:
    """The columns of contours: the consensus first, then readers, then STAPLE."""
    readers = [reader_words(one) for one in observers["readers"]]
    return [MAJORITY, *readers, f"by {STAPLE}"]


def reader_rows(
    document: Mapping[str, Any], method: str, own: Mapping[str, Any]
) -> list[list[str]]:
    """A row a structure: mean dose by whose contours, and coefficients of variation.

    Each coefficient is of so many readers as stand in front of it; what all have by one
    contour is shared.
    """
    known = len(document["observers"]["readers"])
    columns = [
        document["doses"][method]["structures"],
        *own["structures"].values(),
    ]
    means = [{row["name"]: row["dose_gy"]["mean"] for row in rows} for rows in columns]
    return [
        [
            spoken(one["name"]),
            *(
                significant(each[one["name"]]) if one["name"] in each else "-"
                for each in means
            ),
            "shared" if one["shared"] else f"{one['readers']} of {known}",
            variation_words(one["volume_variation"]),
            variation_words(one["mean_variation"]),
        ]
        for one in own["spread"]
    ]


def readers_page(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Doses by each reader, and how far readers agree; None of one reader or none."""
    observers = document.get("observers")
    if not observers or not observers["methods"]:
        return None
    roles = {
        one["name"]: one["role"]
        for own in observers["methods"].values()
        for one in own["spread"]
    }
    return {
        "heads": reader_heads(observers),
        "methods": {
            method: [
                [drawn_name(one["name"], roles[one["name"]]), *cells]
                for one, (_, *cells) in zip(
                    own["spread"], reader_rows(document, method, own), strict=True
                )
            ]
            for method, own in observers["methods"].items()
        },
        "overlap": overlap_rows(observers),
    }


def overlap_rows(observers: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Every pair of readers by structure: Dice, mean and 95 % surface distance."""
    return [
        (
            spoken(one["name"]),
            f"{reader_words(one['one'])}, {reader_words(one['other'])}",
            f"{one['dice']:.3f}",
            f"{one['mean_mm']:.1f}",
            f"{one['p95_mm']:.1f}",
        )
        for one in observers["overlap"]
    ]


def variation_words(value: float | None) -> str:
    """A coefficient of variation in percent; a dash where there is but one contour.

    >>> variation_words(0.172), variation_words(None)
    ('17.2 %', '-')
    """
    return "-" if value is None else f"{100 * value:.1f} %"


def kept_names(observers: Mapping[str, Any] | None) -> list[str]:
    """Names of structures that readers wrote, such as one that only one of them has."""
    rows: Sequence[Mapping[str, Any]] = [
        row
        for method in (observers or {"methods": {}})["methods"].values()
        for own in method["structures"].values()
        for row in own
    ]
    names = [row["name"] for row in rows if not row["definition"]]
    return [*dict.fromkeys([*names, *(o["name"] for o in _lacking(observers))])]


def _lacking(observers: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = (observers or {"lacking": ()})["lacking"]
    return found
