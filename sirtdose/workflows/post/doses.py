"""Doses by every method: the image as it is, corrected, and with earlier sessions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sirtdose.dosimetry.engine.dose import compute_dose
from sirtdose.dosimetry.histogram.structure_dose import structure_doses
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.model.request import PostRequest
from sirtdose.model.volume import Volume
from sirtdose.workflows.post.prior_session import TAG, summed_dose

if TYPE_CHECKING:
    from sirtdose.dosimetry.engine.dose import Dose
    from sirtdose.dosimetry.histogram.structure_dose import StructureDose
    from sirtdose.model.structure import Structure


def all_doses(
    request: PostRequest,
    images: Mapping[str, Volume],
    structures: "list[Structure]",
    density_g_per_ml: float | Volume,
    prior: Volume | None,
) -> "tuple[dict[str, Dose], dict[str, list[StructureDose]]]":
    """Maps and tables by method.

    `images` are activities at administration by the tag of their correction, empty for
    the image as it is, which comes first.
    """
    doses: dict[str, Dose] = {}
    tables: dict[str, list[StructureDose]] = {}
    for tag, activity in images.items():
        tia = time_integrated_activity(activity, request.given.nuclide)
        for method in request.dose.used_methods:
            dose = compute_dose(
                tia,
                nuclide=request.given.nuclide,
                density_g_per_ml=density_g_per_ml,
                method=method,
                medium=request.dose.medium,
            )
            key = f"{dose.method}{tag}"
            doses[key] = dose
            tables[key] = structure_doses(structures, dose, activity)
    if prior is None:
        return doses, tables
    for key in list(doses):
        _, plus, correction = key.partition("+")
        both = summed_dose(doses[key], prior)
        doses[f"{key}{TAG}"] = both
        tables[f"{key}{TAG}"] = structure_doses(
            structures, both, images[f"{plus}{correction}"]
        )
    return doses, tables
