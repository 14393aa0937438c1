"""Whose a plan is, and whose the treatment."""

from sirtdose.model.finding import Finding, Severity


def patient_findings(
    there: str | None,
    here: str | None,
    *,
    what: str = "the plan",
    than: str = "the treatment",
) -> list[Finding]:
    """Patient key that differs between a plan and what it is used with (H01)."""
    if there is None or here is None:
        said = f"{what} and patient not checked: needs --patient-key in both"
        said = said.removeprefix("the ")
        return [Finding.of("H01", said, severity=Severity.NOTE)]
    said = f"the --patient-key of {what} differs from that of {than}"
    return [] if there == here else [Finding.of("H01", said)]
