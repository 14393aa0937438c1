"""A lung shunt as a document and as text."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sirtdose import __version__
from sirtdose.dosimetry.image.spect_shunt import SpectShunt
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Finding
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.usual import LUNG_MASS_KG
from sirtdose.planning.lung_shunt import lung_dose_gy
from sirtdose.planning.shunt_counts import (
    Views,
    geometric_mean,
    planar_lung_shunt,
    poisson_uncertainty,
)
from sirtdose.report.documents import (
    nuclide_document,
    said_document,
)
from sirtdose.report.post.summary import constant_words, own_file_words
from sirtdose.report.screen import Screen
from sirtdose.report.wording import significant


def planar_document(
    lungs: Views,
    liver: Views,
    *,
    findings: Sequence[Finding] = (),
    accepted: Sequence[Acceptance] = (),
    **measured: Any,
) -> dict[str, Any]:
    """What lsf.json holds of two planar views; `measured` where they are an image."""
    fraction = planar_lung_shunt(lungs=lungs, liver=liver)
    return {
        "schema": "sirtdose.lsf/1",
        "sirtdose_version": __version__,
        "method": "planar",
        "lung_shunt_fraction": fraction,
        "counting_uncertainty": poisson_uncertainty(lungs=lungs, liver=liver),
        "lung_counts": geometric_mean(lungs),
        "liver_counts": geometric_mean(liver),
        "views": {"lungs": asdict(lungs), "liver": asdict(liver)},
        "lungs_covered_fraction": None,
        "lung_mass_kg": LUNG_MASS_KG,
        "lung_mass_source": "default",
        **measured,
        **said_document(findings, accepted),
    }


def spect_document(
    shunt: SpectShunt,
    *,
    lungs_covered: float,
    lung_mass_kg: float,
    lung_mass_source: str,
    nuclide: Nuclide,
    findings: Sequence[Finding] = (),
    accepted: Sequence[Acceptance] = (),
    **read: Any,
) -> dict[str, Any]:
    """What lsf.json holds of a SPECT: the shunt, the lungs, and their dose per GBq."""
    per_gbq = lung_dose_gy(
        activity_gbq=1.0,
        lung_shunt_fraction=shunt.fraction,
        lung_mass_kg=lung_mass_kg,
        dose_constant_gy_kg_per_gbq=nuclide.dose_constant_gy_kg_per_gbq,
    )
    return {
        "schema": "sirtdose.lsf/1",
        "sirtdose_version": __version__,
        **shunt_document(shunt, lungs_covered),
        "lung_mass_kg": lung_mass_kg,
        "lung_mass_source": lung_mass_source,
        "nuclide": nuclide_document(nuclide),
        "lung_dose_gy_per_gbq": per_gbq,
        **read,
        **said_document(findings, accepted),
    }


def shunt_document(shunt: SpectShunt, lungs_covered: float) -> dict[str, Any]:
    """A lung shunt measured on a SPECT."""
    return {
        "method": "spect",
        "lung_shunt_fraction": shunt.fraction,
        "lung_counts": shunt.lung_counts,
        "liver_counts": shunt.liver_counts,
        "lungs_covered_fraction": lungs_covered,
        "lung_volume_ml": shunt.lung_volume_ml,
        "shared_with_liver_ml": shunt.shared_ml,
        "margin_mm": shunt.margin_mm,
        "margin_ml": shunt.margin_ml,
        "negative_fraction": shunt.negative_fraction,
    }


def shunt_screen(document: dict[str, Any]) -> Screen:
    """A lung shunt and how it was found, in a few lines."""
    fraction = document["lung_shunt_fraction"]
    how = document["method"]
    if how == "planar":
        spread = document["counting_uncertainty"]
        head = (
            f"Lung shunt {fraction:.2%} (planar, geometric mean; +/- {spread:.2%} by "
            "counting alone)"
        )
        more = _views_lines(document)
        option = ""
    else:
        covered = document["lungs_covered_fraction"]
        head = f"Lung shunt {fraction:.2%} (SPECT; {covered:.0%} of the lungs in view)"
        mass = document["lung_mass_kg"]
        nuclide = document["nuclide"]
        more = [
            f"1 GBq of {nuclide['name']} (K "
            f"{constant_words(nuclide)}{own_file_words(nuclide)}) gives the lungs "
            f"{significant(document['lung_dose_gy_per_gbq'])} Gy, at "
            f"{significant(mass)} kg ({document['lung_mass_source']})"
        ]
        option = f" --lung-mass {mass:.4g}kg"
    screen = Screen.of(
        document,
        [
            head,
            f"lungs {significant(document['lung_counts'])}, liver "
            f"{significant(document['liver_counts'])} counts",
            *more,
        ],
    )
    typed = f"--lung-shunt {fraction:.4f} --lung-shunt-source {how}{option}"
    return replace(screen, last=[f"Try: sirtdose plan mird ... {typed}"])


def _views_lines(document: dict[str, Any]) -> list[str]:
    """How the views were told apart, where they are an image."""
    if "evidence" not in document:
        return []
    pixels = document["pixels"]
    return [
        f"views told apart by {document['evidence']}; {pixels['lungs']} pixels of "
        f"lungs, {pixels['liver']} of liver"
    ]
