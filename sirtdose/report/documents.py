"""What result documents have in common."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sirtdose.model.acceptance import Acceptance, acceptances_used
from sirtdose.model.emitter import Emitter
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.self_test import SelfTest
from sirtdose.report.page_head import REMOVED

if TYPE_CHECKING:
    from sirtdose.model.volume import Source, Volume


def document_text(document: dict[str, Any]) -> str:
    """Write a document as JSON text; a number that is not finite is a bug."""
    return indented(rounded(document)) + "\n"


def indented(value: Any, depth: int = 0) -> str:
    r"""The text of ``json.dumps(value, indent=1)``, in less time.

    Python's own encoder takes what has no containers at once, but only without an
    indent: it is given separators that hold one.

    >>> print(indented({"a": [], "b": [{"c": 1.5}]}))
    {
     "a": [],
     "b": [
      {
       "c": 1.5
      }
     ]
    }
    """
    encode, between, end = (
        _encoder(depth),
        f",\n{' ' * (depth + 1)}",
        f"\n{' ' * depth}",
    )
    if not value or not isinstance(value, (dict, list, tuple)):
        return encode(value)
    items = value.values() if isinstance(value, dict) else value
    if not any(isinstance(one, (dict, list, tuple)) for one in items):
        text = encode(value)
        return f"{text[0]}{between[1:]}{text[1:-1]}{end}{text[-1]}"
    if isinstance(value, dict):
        parts = [
            f"{encode(str(key))}: {indented(one, depth + 1)}"
            for key, one in value.items()
        ]
        return f"{{{between[1:]}{between.join(parts)}{end}}}"
    parts = [indented(one, depth + 1) for one in value]
    return f"[{between[1:]}{between.join(parts)}{end}]"


@cache
def _encoder(depth: int) -> Callable[[Any], str]:
    between = f",\n{' ' * (depth + 1)}"
    return json.JSONEncoder(
        allow_nan=False, ensure_ascii=False, separators=(between, ": ")
    ).encode


def rounded(value: Any) -> Any:
    """Numbers at ten significant digits: what lies beyond depends on the machine.

    >>> rounded({"a": [1 / 3, 2]})
    {'a': [0.3333333333, 2]}
    """
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one) for one in value]
    return value


def grid_document(image: "Volume", dose_grid: str) -> dict[str, Any]:
    """The voxels that doses were computed on."""
    return {
        "of": dose_grid,
        "shape": list(image.grid.shape),
        "spacing_mm": list(image.grid.spacing_mm),
        "order": "slice, row, column",
        "right_handed": image.grid.right_handed,
    }


def nuclide_document(nuclide: Nuclide) -> dict[str, Any]:
    """A nuclide and its constants, with their sources, and its file if it has one."""
    return {
        **emitter_document(nuclide),
        "dose_constant_gy_kg_per_gbq": nuclide.dose_constant_gy_kg_per_gbq,
        "dose_constant_name": nuclide.dose_constant_name,
        "dose_constant_meaning": nuclide.dose_constant_meaning or None,
        "dose_constant_source": nuclide.dose_constant_source,
        "file_sha256": nuclide.file_sha256,
    }


def emitter_document(nuclide: Emitter) -> dict[str, Any]:
    """A nuclide by its decay alone."""
    return {
        "name": nuclide.name,
        "half_life_h": nuclide.half_life_h,
        "half_life_source": nuclide.half_life_source,
    }


def image_document(source: "Source | None") -> dict[str, Any] | None:
    """What the image's header says of scan and nuclide, and where it says it."""
    if source is None or source.modality == "file":
        return None
    return {
        "modality": source.modality,
        "scan_start": iso(source.scan_start),
        "scan_start_origin": source.scan_start_origin or None,
        "frame_duration_s": source.frame_duration_s,
        "frame_duration_origin": "ActualFrameDuration (0018,1242), not used",
        "nuclide_in_header": source.nuclide_in_header or None,
        "nuclide_in_header_words": list(source.nuclide_words),
        "half_life_in_header_h": source.half_life_in_header_h,
        "applied_half_life_h": source.applied_half_life_h,
        "decay_correction": source.decay_correction or None,
        "corrections": list(source.corrections),
        "energy_windows_kev": [list(window) for window in source.energy_windows_kev],
    }


def self_test_document(result: SelfTest | None) -> dict[str, Any] | None:
    """What the program's own comparisons said; None where there were none."""
    if result is None:
        return None
    return {"comparisons": result.comparisons, "failed": list(result.failed)}


def self_test_words(result: dict[str, Any] | None) -> str:
    """Whether the program's own comparisons passed, for a report.

    >>> self_test_words({"comparisons": 83, "failed": []})
    'Self-test of the same program files, within a day: 83 of 83 comparisons pass'
    """
    if result is None:
        return "No self-test was made before it"
    passed = result["comparisons"] - len(result["failed"])
    return (
        "Self-test of the same program files, within a day: "
        f"{passed} of {result['comparisons']} comparisons pass"
    )


def lungs_document(lungs: Lungs) -> dict[str, Any]:
    """What no shunt was given for is not known, rather than 0."""
    known = lungs.known
    return {
        "shunt_fraction": lungs.shunt_fraction if known else None,
        "shunt_source": lungs.shunt_source,
        "mass_kg": lungs.mass_kg,
        "mass_source": lungs.mass_source,
        "activity_gbq": lungs.activity_gbq if known else None,
        "dose_gy": lungs.dose_gy if known else None,
        "cumulative_dose_gy": lungs.cumulative_dose_gy if known else None,
    }


def findings_document(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as documents list them under `warnings`."""
    return [
        {
            "code": finding.code,
            "severity": str(finding.severity),
            "message": finding.message,
            "subject": finding.subject,
            "value": finding.value,
            "bound": finding.bound and finding.bound.value,
            "unit": finding.bound.unit if finding.bound else "",
            "bound_source": finding.bound.source if finding.bound else "",
            "remedy": finding.remedy,
        }
        for finding in findings
    ]


def without_names(accepted: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Acceptances of a document, without who accepted.

    >>> without_names([{"code": "H35", "reason": "seen", "by": "A. B"}])
    [{'code': 'H35', 'reason': 'seen', 'by': 'removed'}]
    """
    return [{**one, **({"by": REMOVED} if "by" in one else {})} for one in accepted]


def said_document(
    findings: Sequence[Finding], acceptances: Sequence[Acceptance]
) -> dict[str, Any]:
    """What checks said, and what a person accepted of what they asked, and why."""
    return {
        "warnings": findings_document(findings),
        "accepted": [
            {"code": one.code, "subject": one.subject, "reason": one.reason}
            | ({"by": one.by} if one.by else {})
            for one in acceptances_used(findings, acceptances)
        ],
    }


def iso(time: Any) -> str | None:
    """A time as ISO 8601, or None."""
    return None if time is None else str(time.isoformat())
