"""Residual activity: how it was measured, and whether it is a usual one (H08)."""

from typing import Any

from sirtdose.data.load import table
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail

_SURVEY_METER = "survey-meter"
# A scout's activity is drawn up to within this factor.
_SCOUT_DRAWN = 1.2


def measured_residual_findings(
    residual_fraction: float,
    *,
    method: str | None,
    device: str | None,
    drawn_gbq: float,
    subject: str = "",
) -> list[Finding]:
    """What is said of a residual that was given, as a fraction of what was drawn."""
    return [
        *survey_meter_findings(method),
        *usual_residual_findings(
            residual_fraction, device=device, drawn_gbq=drawn_gbq, subject=subject
        ),
    ]


def survey_meter_findings(method: str | None) -> list[Finding]:
    """Residual by a method that is known to disagree with others (H08).

    >>> [len(survey_meter_findings(one)) for one in (None, "pet", "survey-meter")]
    [0, 0, 1]
    """
    if method != _SURVEY_METER:
        return []
    known = table("residual")["survey_meter"]
    own = table("budget")["residual_by"][method]["value"]
    return [
        Finding.of(
            "H08",
            f"the residual is by survey meter, with a standard uncertainty of "
            f"{own:.0%}: {known['says']} ({known['source']}). Measure it in a dose "
            "calibrator or by PET",
            severity=Severity.WARN,
            subject="residual",
        )
    ]


def usual_residual_findings(
    residual_fraction: float,
    *,
    device: str | None,
    drawn_gbq: float,
    subject: str = "",
) -> list[Finding]:
    """Residual that is far from what is usual for the microspheres (H08).

    >>> [one.severity.value for part in (0.01, 0.05, 0.17) for one in
    ...  usual_residual_findings(part, device="glass", drawn_gbq=3.0)]
    ['note', 'warn']
    """
    usual = _usual(device, drawn_gbq)
    if usual is None:
        return []
    if residual_fraction == 0:
        said = f"the residual is 0: was it measured? Usual is {_words(usual)}"
        return [Finding.of("H08", said, severity=Severity.NOTE, subject=subject)]
    if residual_fraction <= usual["note_above"]:
        return []
    warned = usual["warn_above"] is not None and (
        residual_fraction > usual["warn_above"]
    )
    # Above this it is warned of anyway, as possibly reportable.
    grave = warned and residual_fraction <= rail("residual_fraction")
    bound = usual["warn_above"] if warned else usual["note_above"]
    return [
        Finding.of(
            "H08",
            f"the residual is {100 * residual_fraction:.3g} %, unusual for "
            f"{usual['product']}: {_words(usual)}",
            severity=Severity.WARN if grave else Severity.NOTE,
            subject=subject,
            value=residual_fraction,
            bound=Bound(bound, "", usual["source"], usual["verified"]),
        )
    ]


def _usual(device: str | None, drawn_gbq: float) -> dict[str, Any] | None:
    """The usual residual of the microspheres; of a scout where so little is drawn."""
    product = device or ""
    if device == "ho166" and drawn_gbq <= rail("scout_gbq", "Ho-166") * _SCOUT_DRAWN:
        product = "ho166 scout"
    found = table("residual")["usual"].get(product)
    return None if found is None else {**found, "product": product}


def _words(usual: dict[str, Any]) -> str:
    return f"{usual['says']} ({usual['source']})"
