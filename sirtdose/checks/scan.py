"""A scan without structures: its unit, nuclide, negative voxels, and its total."""

from sirtdose.checks.calibration import RATIO_RANGE
from sirtdose.checks.nuclide import not_understood
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.scan import ScanFacts
from sirtdose.model.volume import Source

# Filtered reconstructions hold some negative voxels, iterative ones none.
_NEGATIVE_MAX = 0.01
_SAME_HALF_LIFE = 0.02


def scan_findings(facts: ScanFacts, *, activity_known: bool) -> list[Finding]:
    """Unit and sum of a scan's voxels (H12, H14)."""
    return [
        *unit_findings(facts, activity_known=activity_known),
        *sum_findings(facts),
    ]


def unit_findings(facts: ScanFacts, *, activity_known: bool) -> list[Finding]:
    """Image in counts without a camera factor, or a file that states no unit (H12)."""
    found = []
    if facts.source is None or facts.source.modality == "file":
        counts = facts.counts is not None
        read = "counts; if it is in Bq/mL, give --calibration image"
        read = read if counts else "Bq/mL, as --calibration image says"
        said = f"the file does not state its unit: it was read as {read}"
        found.append(Finding.of("H12", said, severity=Severity.WARN))
    if not activity_known:
        found.append(
            Finding.not_checked(
                "H12",
                "total activity",
                needs="an image in Bq/mL, or a camera factor such as --calibration "
                "'12.3 cps/MBq' with --scan-duration",
            )
        )
    return found


def sum_findings(facts: ScanFacts) -> list[Finding]:
    """Negative voxels that make up a relevant part of a scan, or no counts (H14)."""
    if facts.total <= 0:
        said = f"the voxels add up to {facts.total:g} {facts.quantity.unit}"
        return [Finding.of("H14", said, remedy="is it the right image?")]
    if facts.negative_fraction <= _NEGATIVE_MAX:
        return []
    said = (
        f"negative voxels make up {facts.negative_fraction:.0%} of the image: they are "
        "part of the total; is an offset missing?"
    )
    return [Finding.of("H14", said)]


def scan_nuclide_findings(
    source: Source | None, nuclide: Nuclide | None, *, typed: bool
) -> list[Finding]:
    """Nuclide of a scan: unknown, or typed against its header (H11)."""
    if nuclide is None:
        name = source.nuclide_in_header if source else ""
        named = f" ({name})" if name else ""
        said = Finding.not_checked(
            "H11",
            f"decay of the scan's nuclide{named}",
            needs="--nuclide, or a --nuclide-file that has it",
        )
        unread = [] if source is None else not_understood(source, "a nuclide")
        return [said, *unread]
    if source is None or source.modality == "file":
        return []
    found = not_understood(source, nuclide.name, nuclide)
    if not typed:
        return found
    applied_h = source.applied_half_life_h
    wrong = []
    if source.nuclide_in_header not in ("", nuclide.name):
        wrong.append(f"the header says {source.nuclide_in_header}")
    if applied_h and abs(applied_h / nuclide.half_life_h - 1) > _SAME_HALF_LIFE:
        wrong.append(f"its decay correction used a half-life of {applied_h:.4g} h")
    if not wrong:
        return found
    return [
        *found,
        Finding.of(
            "H11",
            f"{', and '.join(wrong)}, but the scan is read as {nuclide.name}, with "
            f"{nuclide.half_life_h:.4g} h",
            severity=Severity.ASK,
            accepted="the values of the image stay as they are, and later decay is "
            f"that of {nuclide.name}",
        ),
    ]


def total_findings(ratio: float | None) -> list[Finding]:
    """Activity in a scan that differs from what was given (H13)."""
    if ratio is None:
        return []
    low, high = RATIO_RANGE
    said = f"the scan holds {ratio:.4g} times the activity that was given"
    if low <= ratio <= high:
        within = f"{said}, within {low:g} to {high:g}"
        return [Finding.of("H13", within, severity=Severity.NOTE)]
    return [
        Finding.of(
            "H13",
            f"{said}, outside {low:g} to {high:g}",
            severity=Severity.WARN,
            value=ratio,
            bound=Bound(low if ratio < low else high, "", "as for two calibrations"),
            remedy="check activity, residual, times, unit, dead time, and whether all "
            "of it is in the field of view",
        )
    ]
