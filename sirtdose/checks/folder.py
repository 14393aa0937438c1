"""Damaged files in a folder, and the patient that files belong to."""

from collections.abc import Sequence

from sirtdose.model.finding import Finding, Severity


def damaged_findings(lines: Sequence[str]) -> list[Finding]:
    """Files that could not be read, one line each (H17)."""
    if not lines:
        return []
    return [Finding.of("H17", "; ".join(lines), severity=Severity.WARN)]


def unshown_ct_findings(error: Exception) -> list[Finding]:
    """CT that was found, not named by the user, and cannot be used (H17)."""
    return [Finding.of("H17", f"the CT is not shown: {error}")]


def names_findings(names: int, *, severity: Severity = Severity.ASK) -> list[Finding]:
    """Patient names that differ although the patient ID agrees (H01).

    `names` is the number of different names.
    """
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
