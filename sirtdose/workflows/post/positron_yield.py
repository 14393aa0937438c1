"""The positron fraction that a PET was divided by: said, undone on request."""

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.ledger import PositronYield
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import ImageRequest
from sirtdose.model.volume import Quantity, Source, Volume

# Positron fractions of one nuclide in use differ by less.
_SAME_FRACTION = 0.1


def own_yield(
    image: Volume, request: ImageRequest, nuclide: Nuclide
) -> tuple[Volume, PositronYield | None]:
    """The image, with another positron fraction undone if asked, and that fraction.

    Raises
    ------
    InputError
        An image that is no PET in Bq/mL, or doses of another nuclide.
    """
    positrons = _yield_of(
        fraction_was=request.positron_fraction_was,
        nuclide_was=request.header_nuclide_was,
        source=image.source,
        nuclide=nuclide,
    )
    if request.positron_fraction_was is not None:
        image = _rescaled(image, positrons, nuclide)
    return image, positrons


def _yield_of(
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
        found = PositronYield(
            stated, own, "RadionuclidePositronFraction (0018,1076)", applied=False
        )
    elif nuclide_was is not None:
        fraction = table("positron_emitters")[nuclide_was]["positrons_per_decay"]
        found = PositronYield(fraction, own, f"that of {nuclide_was}", applied=False)
    else:
        return None
    return found if abs(found.factor - 1) > _SAME_FRACTION else None


def _rescaled(image: Volume, undone: PositronYield | None, nuclide: Nuclide) -> Volume:
    modality = image.source.modality if image.source else "file"
    if (
        image.quantity is not Quantity.ACTIVITY_CONCENTRATION
        or modality not in ("PT", "file")
        or undone is None
    ):
        raise InputError(
            "--positron-fraction-was rescales a PET of Y-90 in Bq/mL, or of another "
            f"nuclide with known positrons per decay. This image is {modality} in "
            f"{image.quantity.unit}, for {nuclide.name}: leave it out"
        )
    return image.with_data(image.data * undone.factor)
