"""A plan's own dose map beside the treatment's: whose it is, and where it lies."""

from collections.abc import Sequence

from sirtdose.checks.earlier_dose import partly_covered
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

_NOT_SHOWN = "the plan's dose map is not shown"


def unlabeled_findings(name: str) -> list[Finding]:
    """Dose map that does not say which plan it is of (H02)."""
    return [
        Finding.of(
            "H02",
            f"--plan-dose {name} does not say which plan it belongs to: is it this "
            "plan's dose, at the planned activities?",
            severity=Severity.ASK,
            subject="plan's dose map",
        )
    ]


def no_map_findings() -> list[Finding]:
    """Plan by an image without a dose map beside it (H02)."""
    said = (
        f"{_NOT_SHOWN}: none beside plan.json belongs to this plan: give --plan-dose, "
        "the dose map that `sirtdose plan image` wrote with it"
    )
    return [Finding.of("H02", said, severity=Severity.NOTE)]


def changed_findings(name: str) -> list[Finding]:
    """Dose map that was changed since it was planned (H02)."""
    said = f"{_NOT_SHOWN}: {name} was changed since `sirtdose plan image` wrote it"
    return [Finding.of("H02", said, severity=Severity.WARN)]


def unplaced_findings(*, known: bool) -> list[Finding]:
    """Dose map that cannot be brought to the image (H15).

    `known` says that both frames of reference are, and differ.
    """
    why = (
        "it lies on another scan, in another frame of reference (0020,0052)"
        if known
        else "its frame of reference or the image's is not known"
    )
    said = (
        f"{_NOT_SHOWN}: {why}: give --plan-transform, a rigid DICOM registration or "
        "ITK transform from this image to the planning scan"
    )
    return [Finding.of("H15", said, severity=Severity.NOTE)]


def part_findings(covered: Volume, structures: Sequence[Structure]) -> list[Finding]:
    """Structures that a plan's dose map does not fully cover (H19)."""
    parts = partly_covered(covered, structures)
    if not parts:
        return []
    listed = ", ".join(f"{part:.0%} of '{name}'" for name, part in parts.items())
    said = f"the plan's dose map covers {listed}: no mean of it is given there"
    return [Finding.of("H19", said, severity=Severity.WARN)]
