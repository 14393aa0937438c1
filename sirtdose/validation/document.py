"""What a validation says: validation.json, validation.csv, the page, the terminal."""

import csv
import io
import json
import platform
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sirtdose import __version__
from sirtdose.report.page_head import PageHead, made_today
from sirtdose.report.render import case_hash, render
from sirtdose.report.wording import table
from sirtdose.validation.run import Outcome, left_out

VALIDATION_FILES = ("validation.json", "validation.csv", "validation.html")
_SCHEMA = "sirtdose.validation/1"
_PACKAGES = (
    *("numpy", "scipy", "pydicom", "nibabel", "SimpleITK", "pynrrd"),
    *("scikit-image", "numba", "lifelines", "matplotlib", "jinja2", "click"),
)
_COLUMNS = (
    *("group", "name", "source", "expected", "figure", "unit", "tolerance"),
    *("relative", "passed", "seconds", "error"),
)
_DIGEST_SHOWN, _DIGEST_LENGTH = 12, 64


def validation_document(
    outcomes: Sequence[Outcome], *, quick: bool, started: datetime, seconds: float
) -> dict[str, Any]:
    """Everything that was compared, and with which versions on what machine.

    The time of the run stands under `run` alone.
    """
    failed = sum(not one.passed for one in outcomes)
    return {
        "schema": _SCHEMA,
        "sirtdose_version": __version__,
        "quick": quick,
        "left_out": left_out(),
        "passed": not failed,
        "counts": {"passed": len(outcomes) - failed, "failed": failed},
        "checks": [one.row() for one in outcomes],
        "run": {
            "started_at": started.isoformat(timespec="seconds"),
            "seconds": round(seconds, 2),
            "platform": f"{platform.system()} {platform.release()}, "
            f"{platform.machine()}",
            "versions": _versions(),
        },
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def validation_csv(document: dict[str, Any]) -> str:
    """A row a check."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in document["checks"]:
        words = {key: "yes" if row[key] else "no" for key in ("relative", "passed")}
        writer.writerow({key: row[key] for key in _COLUMNS} | words)
    return stream.getvalue()


def validation_page(text: str) -> str:
    """The page of validation.json's text: a sheet for a commissioning file."""
    document = json.loads(text)
    return render(
        "validation.html",
        {},
        (),
        d=document,
        head=PageHead(
            "Validation of this installation",
            case_hash(text, digits=64),
            key=f"sirtdose {document['sirtdose_version']}",
            treated="",
            made=made_today(),
            state="Pass" if document["passed"] else "Fail",
            good=document["passed"],
        ),
        failed=[_shown(row) for row in document["checks"] if not row["passed"]],
        groups=by_group(document),
    )


def by_group(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Rows of a document as they are shown, group after group."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in document["checks"]:
        groups.setdefault(row["group"], []).append(_shown(row))
    return groups


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "group": row["group"],
        "name": row["name"],
        "source": row["source"],
        "expected": value_words(row["expected"]),
        "figure": row["error"] or value_words(row["figure"]),
        "unit": row["unit"],
        "difference": _difference(row),
        "tolerance": tolerance_words(row),
        "passed": row["passed"],
    }


def value_words(value: float | str | None) -> str:
    """Write a figure at six digits, or the beginning of a digest.

    >>> value_words(0.123456789), value_words("none"), value_words("0a" * 32)
    ('0.123457', 'none', '0a0a0a0a0a0a')
    """
    if isinstance(value, str):
        return value[:_DIGEST_SHOWN] if len(value) == _DIGEST_LENGTH else value
    return "" if value is None else f"{value:.6g}"


def _difference(row: dict[str, Any]) -> str:
    figure, expected = row["figure"], row["expected"]
    if isinstance(expected, str) or not isinstance(figure, (int, float)):
        return ""
    return (
        f"{100 * (figure / expected - 1):+.3f} %"
        if row["relative"] and expected
        else f"{figure - expected:+.2g}"
    )


def tolerance_words(row: dict[str, Any]) -> str:
    """Say how far a figure may be off.

    >>> tolerance_words({"expected": 2.3, "tolerance": 0.002, "relative": True})
    '0.2 %'
    >>> tolerance_words({"expected": 2.3, "tolerance": 0.0, "relative": False})
    'the same'
    """
    if isinstance(row["expected"], str) or not row["tolerance"]:
        return "the same"
    tolerance = row["tolerance"]
    return f"{100 * tolerance:g} %" if row["relative"] else f"{tolerance:g}"


def validation_summary(document: dict[str, Any]) -> str:
    """What the terminal shows: failures first, then how many passed by group."""
    counts = document["counts"]
    failed = [_shown(row) for row in document["checks"] if not row["passed"]]
    lines = [
        f"FAIL {row['group']}: {row['name']}: {row['figure']} instead of "
        f"{row['expected']}{row['unit'] and ' '}{row['unit']}, {row['source']} "
        f"(tolerance {row['tolerance']})"
        for row in failed
    ]
    rows = [
        [group, str(len(own)), str(sum(row["passed"] for row in own))]
        for group, own in by_group(document).items()
    ]
    lines += [""] * bool(failed) + [table(["comparisons", "all", "passed"], rows), ""]
    every = counts["passed"] + counts["failed"]
    which = ", without the slow ones" if document["quick"] else ""
    lines.append(
        f"PASS: every comparison passed{which}"
        if document["passed"]
        else f"FAIL: {counts['failed']} of {every} comparisons failed{which}"
    )
    lines += [
        f'{count} comparisons were left out: they need pip install "sirtdose[{name}]"'
        for name, count in document["left_out"].items()
    ]
    lines.append(f"{every} comparisons in {document['run']['seconds']:.0f} s")
    return "\n".join(lines)
