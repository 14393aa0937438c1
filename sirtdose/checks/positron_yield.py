"""Positron fraction that a PET image was divided by (H11)."""

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide


def yield_findings(
    *, ledger: Ledger, nuclide: Nuclide, calibration: str, nuclide_was: str | None
) -> list[Finding]:
    """Image activity with and without a corrected positron fraction (H11)."""
    found, in_image_gbq = ledger.positron_yield, ledger.in_image_gbq
    if found is None or in_image_gbq is None:
        return []
    stored, undone = found.totals_gbq(in_image_gbq)
    given = f"{ledger.administered_gbq:.4g} GBq were administered"
    if found.applied:
        return [
            Finding.of(
                "H11",
                f"the image was multiplied by {found.factor:.4g} to correct a "
                f"positron fraction of {found.fraction_was:.4g} instead of "
                f"{nuclide.name}'s {found.fraction:.2g}: it contains {undone:.4g} GBq "
                f"at administration, {stored:.4g} GBq before the correction; {given}",
                severity=Severity.WARN,
            )
        ]
    relative = (
        "; doses of --calibration administered do not depend on it"
        if calibration == "administered"
        else ""
    )
    multiply = (
        f"to multiply them by {found.factor:.4g}, give --positron-fraction-was "
        f"{found.fraction_was:.6g}{relative}"
    )
    asks = nuclide_was is not None or _nearer(undone, stored, ledger.delivered_gbq)
    return [
        Finding.of(
            "H11",
            f"the image contains {stored:.4g} GBq at administration as stored; this "
            f"would be {undone:.4g} GBq if the scanner divided by a positron fraction "
            f"of {found.fraction_was:.4g} ({found.origin}) instead of "
            f"{nuclide.name}'s {found.fraction:.2g}; "
            f"{given}{'' if asks else f'. Its values stay as they are; {multiply}'}",
            severity=Severity.ASK if asks else Severity.NOTE,
            accepted=f"its values stay as they are; {multiply}",
        )
    ]


def _nearer(one_gbq: float, other_gbq: float, to_gbq: float) -> bool:
    """Whether the first activity is, by ratio, nearer to the third than the second."""
    apart = [
        max(gbq, to_gbq) / min(gbq, to_gbq) if gbq > 0 else float("inf")
        for gbq in (one_gbq, other_gbq)
    ]
    return apart[0] < apart[1]
