"""The positron fraction that a PET was divided by: said, undone on request."""

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.ledger import Ledger, PositronYield
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity, Source, Volume

# Positron fractions of one nuclide in use differ by less.
_SAME_FRACTION = 0.1


def yield_of(
    *,
    fraction_was: float | None,
    nuclide_was: str | None,
    source: Source | None,
    nuclide: Nuclide,
) -> PositronYield | None:
    """The fraction that was typed, else one of another nuclide than the one given.

    That is the header's, else the fraction of the nuclide that the scanner was told.
    """
    own = nuclide.positrons_per_decay
    if own is None:
        return None
    if fraction_was is not None:
        return PositronYield(fraction_was, own, "as typed", applied=True)
    if source is None or source.modality != "PT":
        return None
    stated = source.positron_fraction_in_header
    if stated is not None:
        origin = "RadionuclidePositronFraction (0018,1076)"
        found = PositronYield(stated, own, origin, applied=False)
    elif nuclide_was is not None:
        fraction = table("positron_emitters")[nuclide_was]["positrons_per_decay"]
        found = PositronYield(fraction, own, f"that of {nuclide_was}", applied=False)
    else:
        return None
    return found if abs(found.factor - 1) > _SAME_FRACTION else None


def rescaled(image: Volume, undone: PositronYield | None, nuclide: Nuclide) -> Volume:
    """The image with another positron fraction undone, as was asked for.

    Raises
    ------
    InputError
        An image that is no PET in Bq/mL, or doses of another nuclide.
    """
    modality = image.source.modality if image.source else "file"
    if (
        image.quantity is not Quantity.ACTIVITY_CONCENTRATION
        or modality not in ("PT", "file")
        or undone is None
    ):
        raise InputError(
            "--positron-fraction-was rescales a PET of Y-90 in Bq/mL, or of another "
            "nuclide whose positrons per decay are known; this image is in "
            f"{image.quantity.unit}, of kind {modality}, for "
            f"{nuclide.name}: leave it out"
        )
    return image.with_data(image.data * undone.factor)


def yield_findings(
    *, ledger: Ledger, nuclide: Nuclide, calibration: str, nuclide_was: str | None
) -> list[Finding]:
    """The image's total with and without the fraction, beside what was given (H11)."""
    found, in_image_gbq = ledger.positron_yield, ledger.in_image_gbq
    if found is None or in_image_gbq is None:
        return []
    stored, undone = found.totals_gbq(in_image_gbq)
    given = f"{ledger.administered_gbq:.4g} GBq were administered"
    if found.applied:
        return [
            Finding.of(
                "H11",
                f"the image was multiplied by {found.factor:.4g}, for a positron "
                f"fraction of {found.fraction_was:.4g} instead of {nuclide.name}'s "
                f"{found.fraction:.2g}: it holds {undone:.4g} GBq at administration, "
                f"{stored:.4g} GBq without; {given}",
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
            f"the image holds {stored:.4g} GBq at administration as it stands, "
            f"{undone:.4g} GBq if the scanner divided by a positron fraction of "
            f"{found.fraction_was:.4g} ({found.origin}) instead of "
            f"{nuclide.name}'s {found.fraction:.2g}; {given}"
            f"{'' if asks else f'. Its values stay as they are; {multiply}'}",
            severity=Severity.ASK if asks else Severity.NOTE,
            accepted=f"its values stay as they are; {multiply}",
        )
    ]


def _nearer(one_gbq: float, other_gbq: float, to_gbq: float) -> bool:
    """Whether the first is nearer to an activity than the second, as a ratio."""
    apart = [
        max(gbq, to_gbq) / min(gbq, to_gbq) if gbq > 0 else float("inf")
        for gbq in (one_gbq, other_gbq)
    ]
    return apart[0] < apart[1]
