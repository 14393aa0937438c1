"""Tumors that an image's blur makes look colder than they are (H20)."""

from collections.abc import Sequence
from math import pi
from typing import TYPE_CHECKING

from sirtdose.dosimetry.image.blur_loss import blur_loss, sphere_recovery
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role

if TYPE_CHECKING:
    from sirtdose.model.structure import Structure

# Widths at half maximum usual after reconstruction, mm; not measured here, and not
# verified for any one scanner: --psf gives the image's own.
_USUAL_FWHM_MM = {"PT": 7.0}
_SPECT_FWHM_MM = 15.0
_WIDTHS = 3
_TUMORS = (Role.TUMOR, Role.TUMOR_OUTSIDE)


def small_tumor_findings(
    *,
    drawn: "Sequence[Structure]",
    consequence: str,
    modality: str = "NM",
    psf_mm: Sequence[float] | None = None,
) -> list[Finding]:
    """Tumors under three widths of the blur.

    `consequence` ends the sentence: what of them is too low. The blur is the one given,
    or the modality's usual; of an image file nobody says whose blur it has.
    """
    if modality == "file" and not psf_mm:
        said = "small tumors not checked: needs the width of the image's blur, --psf"
        return [Finding.of("H20", said, severity=Severity.NOTE)]
    fwhm_mm = _width_mm(modality, psf_mm)
    small = [
        f"'{one.name}' ({_diameter_mm(one.volume_ml):.0f} mm)"
        for one in drawn
        if one.role in _TUMORS and _diameter_mm(one.volume_ml) < _WIDTHS * fwhm_mm
    ]
    if not small:
        return []
    blur = "the blur given" if psf_mm else f"a {_named(modality)}'s usual blur"
    said = f"under {_WIDTHS} widths of {blur}, {fwhm_mm:g} mm: {consequence}"
    return [Finding.of("H20", f"{', '.join(small)}: {said}")]


def estimated_losses(
    means_gy: Sequence[tuple[str, str, float, float]],
    *,
    modality: str = "NM",
    psf_mm: Sequence[float] | None = None,
) -> dict[str, float]:
    """What blur takes from the mean of each tumor, as a part of what was measured.

    Parameters
    ----------
    means_gy : sequence of tuple
        Name, role, volume (mL) and mean dose (Gy) of each structure. A tumor of the
        liver lies in its perfused normal part, else in the whole of it.
    modality, psf_mm
        As for :func:`small_tumor_findings`.
    """
    doses = {role: gy for _, role, _, gy in reversed(means_gy)}
    normal_gy = doses.get(Role.NORMAL_PERFUSED, doses.get(Role.NORMAL_WHOLE, 0.0))
    fwhm_mm = _width_mm(modality, psf_mm)
    return {
        name: blur_loss(
            mean_gy=gy,
            around_gy=normal_gy if role == Role.TUMOR else 0.0,
            recovery=sphere_recovery(
                diameter_mm=_diameter_mm(volume_ml), fwhm_mm=fwhm_mm
            ),
        )
        for name, role, volume_ml, gy in means_gy
        if role in _TUMORS and volume_ml > 0
    }


def _width_mm(modality: str, psf_mm: Sequence[float] | None) -> float:
    return max(psf_mm) if psf_mm else _USUAL_FWHM_MM.get(modality, _SPECT_FWHM_MM)


def _named(modality: str) -> str:
    return "PET" if modality == "PT" else "SPECT"


def _diameter_mm(volume_ml: float) -> float:
    """Of a sphere of this volume."""
    return float((6000 * volume_ml / pi) ** (1 / 3))
