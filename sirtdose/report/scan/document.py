"""scan.json, and what a terminal shows of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sirtdose import __version__
from sirtdose.dosimetry.image.scan_total import ScanTotal
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Ledger, Times
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.scan import ScanFacts
from sirtdose.model.self_test import SelfTest
from sirtdose.model.volume import Volume
from sirtdose.report.documents import (
    grid_document,
    image_document,
    iso,
    said_document,
    self_test_document,
)
from sirtdose.report.post.deidentified import deidentified
from sirtdose.report.run_record import RUN_RECORD
from sirtdose.report.screen import Screen
from sirtdose.report.wording import activity, significant

SCAN_FILES = ("scan.json", "scan.html", RUN_RECORD)
_UNKNOWN = "not known"


@dataclass(frozen=True)
class Hidden:
    """How results name nobody: dates moved back by days, and names of files replaced.

    `people` are those whom the inputs name.
    """

    shifted_d: int
    file_names: Mapping[str, str]
    people: tuple[PatientLink, ...]


@dataclass(frozen=True, eq=False)
class Scan:
    """A scan without structures: everything that its report needs.

    `hidden` is None where results may name the patient.
    """

    image: Volume
    facts: ScanFacts
    ct: Volume | None
    nuclide: Nuclide | None
    times: Times
    ledger: Ledger | None
    total: ScanTotal
    self_test: SelfTest | None
    choices: tuple[str, ...]
    inputs: tuple[dict[str, Any], ...]
    options: dict[str, Any]
    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]
    hidden: Hidden | None = None


def scan_document(scan: Scan) -> dict[str, Any]:
    """A scan as scan.json holds it; what cannot be said is null."""
    document = _scan_document(scan)
    if scan.hidden is None:
        return document
    days, names = scan.hidden.shifted_d, scan.hidden.file_names
    return deidentified(document, days=days, file_names=names)


def _scan_document(scan: Scan) -> dict[str, Any]:
    nuclide = scan.nuclide
    return {
        "schema": "sirtdose.scan/1",
        "sirtdose_version": __version__,
        "image": image_document(scan.facts.source),
        "voxels": facts_document(scan.facts),
        "grid": grid_document(scan.image, "image"),
        "nuclide": nuclide
        and {
            "name": nuclide.name,
            "half_life_h": nuclide.half_life_h,
            "half_life_source": nuclide.half_life_source,
        },
        "times": {
            "administered_at": iso(scan.times.administered_at),
            "scan_at": iso(scan.times.scan_at),
            "elapsed_h": scan.times.elapsed_h,
        },
        "total": {
            "activity_gbq": scan.total.activity_gbq,
            "how": scan.total.how or None,
            "reference": scan.total.reference or None,
            "at_administration_gbq": scan.total.at_administration_gbq,
            "counts_per_mbq": scan.total.counts_per_mbq,
            "cps_per_mbq": scan.total.cps_per_mbq,
        },
        "ledger": _ledger(scan.ledger),
        "self_test": self_test_document(scan.self_test),
        **said_document(scan.findings, scan.accepted),
        "choices": list(scan.choices),
        "inputs": list(scan.inputs),
        "options": scan.options,
    }


def facts_document(facts: ScanFacts) -> dict[str, Any]:
    """The voxels of a scan and what they add up to, as documents have them."""
    return {
        "unit": facts.quantity.unit,
        "shape": list(facts.shape),
        "spacing_mm": list(facts.spacing_mm),
        "voxel_volume_ml": facts.voxel_volume_ml,
        "sum": facts.total,
        "maximum": facts.maximum,
        "negative_fraction": facts.negative_fraction,
        "activity_gbq": facts.activity_gbq,
    }


def _ledger(ledger: Ledger | None) -> dict[str, Any] | None:
    if ledger is None:
        return None
    found = ledger.in_image_gbq
    return {
        "administered_gbq": ledger.administered_gbq,
        "residual_gbq": ledger.residual_gbq,
        "delivered_gbq": ledger.delivered_gbq,
        "in_image_gbq": found,
        "image_to_delivered_ratio": None
        if found is None
        else found / ledger.delivered_gbq,
    }


def scan_screen(document: Mapping[str, Any]) -> Screen:
    """The total first, then what the header says."""
    rows = list(scan_rows(document))
    width = max(len(name) for name, _ in rows)
    return Screen.of(
        dict(document),
        ["Scan without structures: no doses", ""]
        + [f"{name:<{width}}  {said}" for name, said in rows],
        details=document["choices"],
    )


def scan_rows(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every fact of a scan with its name."""
    total, ledger, times = (document[key] for key in ("total", "ledger", "times"))
    found = total["activity_gbq"]
    yield (
        "Activity in view",
        _UNKNOWN
        if found is None
        else f"{activity(found)} at {total['reference']}, by {total['how']}",
    )
    if ledger is not None:
        yield from _ledger_rows(ledger, times["elapsed_h"])
    if total["counts_per_mbq"] is not None:
        yield "Sensitivity", _sensitivity(total)
    yield from fact_rows(document["voxels"], document["image"])
    nuclide = document["nuclide"]
    yield (
        "Decay",
        f"{nuclide['name']}, half-life {nuclide['half_life_h']:g} h "
        f"({nuclide['half_life_source']})"
        if nuclide
        else _UNKNOWN,
    )


def _sensitivity(total: Mapping[str, Any]) -> str:
    said = f"{significant(total['counts_per_mbq'])} counts per MBq of what was given"
    if total["cps_per_mbq"] is None:
        return f"{said}; with --scan-duration as cps/MBq"
    return f"{said}: {significant(total['cps_per_mbq'])} cps/MBq"


def _ledger_rows(
    ledger: Mapping[str, Any], elapsed_h: float | None
) -> Iterator[tuple[str, str]]:
    residual = ledger["residual_gbq"]
    less = f", less a residual of {activity(residual)}" if residual else ""
    when = "" if elapsed_h is None else f", {elapsed_h:.4g} h before the scan"
    yield "Administered", f"{activity(ledger['administered_gbq'])}{less}{when}"
    found, ratio = ledger["in_image_gbq"], ledger["image_to_delivered_ratio"]
    yield (
        "Image / administered",
        f"{_UNKNOWN}: needs activity in view, --administered-at and the time of the "
        "scan"
        if found is None
        else f"{significant(ratio)} ({activity(found)} at administration)",
    )


def fact_rows(
    voxels: Mapping[str, Any], image: Mapping[str, Any] | None
) -> Iterator[tuple[str, str]]:
    """What voxels and header of a scan say, in words."""
    unit = voxels["unit"]
    shape = " x ".join(str(one) for one in voxels["shape"])
    spacing = " x ".join(f"{one:.3g}" for one in voxels["spacing_mm"])
    yield "Voxels", f"{shape} of {spacing} mm (slice, row, column)"
    most = significant(voxels["maximum"])
    if unit == "counts":
        yield "Sum", f"{significant(voxels['sum'])} counts, {most} in the hottest voxel"
    else:
        yield "Maximum", concentration(voxels["maximum"])
    if image is None:
        yield "Header", "none: a file of voxels alone, with no time, nuclide or unit"
        return
    yield "Unit", f"{unit}, {image['modality']}"
    start, frame_s = image["scan_start"], image["frame_duration_s"]
    origin = image["scan_start_origin"]
    yield "Start", f"{start or _UNKNOWN}{f' ({origin})' if origin else ''}"
    yield (
        "Duration",
        f"{frame_s:g} s (ActualFrameDuration (0018,1242): of a view, a bed position "
        "or all)"
        if frame_s
        else f"{_UNKNOWN}: the header has no ActualFrameDuration (0018,1242)",
    )
    words = ", ".join(f"'{one}'" for one in image["nuclide_in_header_words"])
    label = image["nuclide_in_header"]
    yield "Nuclide", f"{label or _UNKNOWN}{f' ({words})' if words else ''}"
    windows = ", ".join(f"{low:g} to {high:g}" for low, high in image_windows(image))
    yield "Energy window", f"{windows} keV" if windows else _UNKNOWN
    yield "Decay correction", image["decay_correction"] or "none stated"
    yield "Corrections", ", ".join(image["corrections"]) or "none stated"


def image_windows(image: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The energy windows of an image's header, keV."""
    return [(low, high) for low, high in image["energy_windows_kev"]]


def concentration(bq_per_ml: float) -> str:
    """An activity concentration in a unit that is easily read.

    >>> concentration(32019.2), concentration(19013281.0), concentration(12.0)
    ('32.02 kBq/mL', '19.01 MBq/mL', '12.00 Bq/mL')
    """
    for least, unit in ((1e6, "MBq/mL"), (1e3, "kBq/mL")):
        if abs(bq_per_ml) >= least:
            return f"{significant(bq_per_ml / least)} {unit}"
    return f"{significant(bq_per_ml)} Bq/mL"
