"""A check of another system's dose as a document, tables and maps."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy import nan_to_num

from sirtdose import __version__
from sirtdose.dosimetry.compare.comparison import LEAST_GY, Comparison, StatedHistogram
from sirtdose.dosimetry.compare.dose_check import DoseCheck, Row
from sirtdose.dosimetry.compare.dose_pair import DosePair
from sirtdose.dosimetry.compare.gamma import GAMMA_MAX
from sirtdose.dosimetry.compare.known_factors import SAME_WITHIN
from sirtdose.io.image_file import write_nifti
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.report.check.page import check_page
from sirtdose.report.check.words import as_ours_and_theirs, cause_words
from sirtdose.report.documents import document_text, findings_document, rounded
from sirtdose.report.tables import csv_text, name_cell

CHECK_FILES = (
    "check.json",
    "check.csv",
    "difference.nii.gz",
    "gamma.nii.gz",
    "check.html",
)
# The folder in it that a dose recomputed from the image goes to.
RECOMPUTED = "recomputed"
# A cause that takes away less than this does not explain a difference.
_EXPLAINS = 0.5
# A ratio of sums nearer to 1 than this is no factor where nothing explains the rest.
_SUMS_WITHIN = 0.02
_COLUMNS = ("of", "name", "number", "unit", "ours", "theirs", "difference", "relative")


def check_document(check: DoseCheck) -> dict[str, Any]:
    """Everything a check found, with how it was computed."""
    document: dict[str, Any] = {
        "schema": "sirtdose.check/1",
        "sirtdose_version": __version__,
        "passed": check.passed,
        "failures": check.failures,
        "metrics": [one.words for one in check.asked],
        "tolerances": {**check.tolerances, "least_gy": LEAST_GY},
        "ours": {
            "known": check.choices_known,
            "method": check.method,
            **asdict(check.choices),
        },
        "grid": _grid(check.pair),
        "total": _total(check),
        "difference": _difference(check),
        "lone_dose": [{**asdict(one), "at_mm": list(one.at_mm)} for one in check.lone],
        "structures": [_row(row) for row in check.rows],
        "reported": [_row(row) for row in check.reported],
        "histograms": {
            "compared": [_stated(one) for one in check.stated.compared],
            "findings": check.stated.findings,
            "left_out": dict(check.stated.left_out),
        },
        "unmatched": list(check.unmatched),
        "table_remarks": list(check.table_remarks),
        "left_out": dict(check.left_out),
        "warnings": findings_document(check.findings),
        "gamma": [
            {
                "criterion": str(one.criterion),
                **asdict(one.criterion),
                "norm_gy": one.norm_gy,
                "points": one.points,
                "not_covered": one.not_covered,
                "pass_fraction": one.pass_fraction,
                "mean": one.mean,
                "greatest": one.greatest,
                "cap": GAMMA_MAX,
                "judged": one in check.judged_gammas,
            }
            for one in check.gammas
        ],
        "gamma_left_out": check.ignored_gamma or None,
        "causes": [_cause(asdict(one), one.explained_fraction) for one in check.causes],
        "unexplained": _unexplained(check),
        "factor": _factor(check),
        "structure_causes": [
            {
                **asdict(one.reported),
                "says": one.says,
                "before_fraction": _finite(one.before_fraction),
                "after_fraction": _finite(one.after_fraction),
            }
            for one in check.structure_causes
        ],
        "inputs": [dict(one) for one in check.inputs],
    }
    found: dict[str, Any] = rounded(document)
    return found


def _grid(pair: DosePair) -> dict[str, Any]:
    ours, theirs = pair.ours.grid, pair.theirs.grid
    return {
        "same": pair.same_points,
        "interpolation": "trilinear, theirs at our voxels' centers",
        "covered_fraction": pair.covered_fraction,
        "frames_known": None
        not in (ours.frame_of_reference_uid, theirs.frame_of_reference_uid),
        "our_shape": list(ours.shape),
        "our_spacing_mm": list(ours.spacing_mm),
        "their_shape": list(theirs.shape),
        "their_spacing_mm": list(theirs.spacing_mm),
        "order": "slice, row, column",
    }


def _cause(cause: dict[str, Any], explained: float) -> dict[str, Any]:
    cause["explained_fraction"] = explained
    return {**cause, "says": cause_words(cause)}


def _unexplained(check: DoseCheck) -> str | None:
    if (
        check.causes[0].explained_fraction >= _EXPLAINS
        if check.causes
        else check.pair.rms_gy < 1e-3 * check.pair.ours.data.max()
    ):
        return None
    return (
        "none of these explains it: most of the difference is left (another image, "
        "reconstruction, correction of blur, or registration that bends)"
    )


def _factor(check: DoseCheck) -> dict[str, Any] | None:
    if not check.causes or abs(check.factor - 1) < 1e-3:
        return None
    best = check.causes[0]
    explains = best.explained_fraction >= _EXPLAINS
    # What two doses differ by besides moves their sums by about as much.
    if (explains and best.factor is None) or (
        not explains and abs(check.factor - 1) < _SUMS_WITHIN
    ):
        return None
    return {
        "value": check.factor,
        "within": SAME_WITHIN,
        "ours_known": check.choices_known,
        "known": [asdict(one) for one in check.factors],
    }


def _total(check: DoseCheck) -> dict[str, Any]:
    ratio, treated = check.pair.total_ratio, check.treated_gbq
    theirs = None if treated is None else ratio * treated
    return {
        "ratio": ratio,
        "treated_gbq": treated,
        "their_gbq": theirs,
        "their_mci": None if theirs is None else theirs * MCI_PER_GBQ,
    }


def _difference(check: DoseCheck) -> dict[str, Any]:
    apart = check.pair.difference.data[check.pair.compared]
    return {
        "rms_gy": check.pair.rms_gy,
        "mean_gy": float(apart.mean(dtype=float)),
        "least_gy": float(apart.min()),
        "greatest_gy": float(apart.max()),
        "voxels": int(apart.size),
        "cutoff_gy": check.pair.cutoff_gy,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "our_structure": row.ours_of.name,
        "role": str(row.ours_of.role),
        "definition": row.ours_of.definition or None,
        "volume_ml": row.ours.volume_ml,
        "voxels": row.ours.voxels,
        "met": row.met,
        "numbers": {one.metric.key: _number(one) for one in row.comparisons},
    }


def _number(
    one: Comparison, ours: str = "ours", theirs: str = "theirs"
) -> dict[str, Any]:
    return {
        "unit": one.metric.unit,
        ours: one.ours,
        theirs: one.theirs,
        "difference": one.difference,
        "relative": one.relative,
        "tolerance": one.tolerance,
        "met": one.met,
    }


def _stated(one: StatedHistogram) -> dict[str, Any]:
    return {
        "name": one.name,
        "bin_gy": one.bin_gy,
        "mean_tag": one.tag_gy,
        "remarks": list(one.remarks),
        "met": one.met,
        "numbers": {
            number.metric.key: _number(number, "recomputed", "stated")
            for number in one.comparisons
        },
    }


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None


def write_check(check: DoseCheck, document: Mapping[str, Any], folder: Path) -> None:
    """Write the document, its table, the maps and the page."""
    text = document_text(dict(document))
    (folder / "check.json").write_text(text, "utf-8")
    (folder / "check.csv").write_text(_csv(document), "utf-8")
    write_nifti(check.pair.difference, folder / "difference.nii.gz")
    if check.gammas:
        # An image of doses has no gap: -1 is a voxel without a gamma.
        known = check.pair.ours.with_data(nan_to_num(check.gammas[0].values, nan=-1.0))
        write_nifti(known, folder / "gamma.nii.gz")
    (folder / "check.html").write_text(check_page(text, check), "utf-8")


def _csv(document: Mapping[str, Any]) -> str:
    rows = [
        [
            of,
            name_cell(row["name"]),
            number,
            one["unit"],
            *(f"{one[key]:.10g}" for key in ("ours", "theirs", "difference")),
            "" if one["relative"] is None else f"{one['relative']:.6g}",
            "" if one["tolerance"] is None else f"{one['tolerance']:g}",
            {None: "", True: "yes", False: "no"}[one["met"]],
        ]
        for of, rows_of in (
            ("maps", document["structures"]),
            ("reported", document["reported"]),
            ("histograms", as_ours_and_theirs(document["histograms"]["compared"])),
        )
        for row in rows_of
        for number, one in row["numbers"].items()
    ]
    return csv_text((*_COLUMNS, "tolerance", "met"), rows)
