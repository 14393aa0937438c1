"""What a folder holds: damaged files, and whose they are."""

from collections.abc import Sequence

from sirtdose.model.finding import Finding, Severity


def damaged_findings(lines: Sequence[str]) -> list[Finding]:
    """Files that could not be read, a line each (H17)."""
    if not lines:
        return []
    return [Finding.of("H17", "; ".join(lines), severity=Severity.WARN)]


def unshown_ct_findings(error: Exception) -> list[Finding]:
    """A CT that was found, not named, and cannot be used (H17)."""
    return [Finding.of("H17", f"the CT is not shown: {error}")]


def names_findings(names: int, *, severity: Severity = Severity.ASK) -> list[Finding]:
    """Files that agree in the patient's ID, under so many different names (H01)."""
    if names <= 1:
        return []
    return [
        Finding.of(
            "H01",
            "the patient's name differs between files, while PatientID and birth date "
            "agree",
            severity=severity,
            accepted="results carry the name in the image",
        )
    ]
