"""An activity image registered by the outline of the liver (H16)."""

from sirtdose.data.load import table
from sirtdose.dosimetry.grid.registration import Registration
from sirtdose.model.finding import Finding, Severity

_SUBJECT = "image"
# Voxels at a border that change sides when an image is sampled anew.
_LOST = 0.02


def outline_findings(found: Registration) -> list[Finding]:
    """Registration of an activity image itself: figures, limits and outlines (H16).

    Nobody but a person can say that it is right: it is always asked about.
    """
    if found.outline is None:
        return []
    return [
        _asked(found),
        *_limit_findings(found),
        *_overlap_findings(found),
        *_lobe_findings(found),
    ]


def _asked(found: Registration) -> Finding:
    fit = found.outline
    assert fit is not None
    x, y, z = found.shift_mm
    size = sum(one**2 for one in found.shift_mm) ** 0.5
    before, after = -(found.metric_before or 0.0), -(found.metric_after or 0.0)
    gained = "" if after > before else ", which did not improve"
    return Finding.of(
        "H16",
        f"the image was registered to the {fit.anatomy} by the outline of the "
        f"{fit.region}: structures moved by {size:.1f} mm (x {x:.1f}, y {y:.1f}, z "
        f"{z:.1f}) and {found.rotation_deg:.1f} degrees; mutual information "
        f"{before:.3f} before and {after:.3f} after{gained}; overlap of outlines "
        f"{fit.overlap_before:.0%} before and {fit.overlap_after:.0%} after",
        subject=_SUBJECT,
        remedy="look at the picture that `sirtdose register` makes, then accept it",
    )


def _limit_findings(found: Registration) -> list[Finding]:
    """A search that went too far found something else than the liver."""
    fit = found.outline
    assert fit is not None
    reached = [
        words
        for words, value, name in (
            (
                f"a shift of {fit.searched_mm:.1f} mm",
                fit.searched_mm,
                "outline_search_mm",
            ),
            (
                f"a rotation of {fit.rotation_deg:.1f} degrees",
                fit.rotation_deg,
                "outline_rotation_deg",
            ),
        )
        if value > _bound(name, "max")
    ]
    if not reached:
        return []
    return [
        Finding.of(
            "H16",
            f"the registration of the image reached its limits: {' and '.join(reached)}"
            f", of at most {_bound('outline_search_mm', 'max'):g} mm and "
            f"{_bound('outline_rotation_deg', 'max'):g} degrees",
            severity=Severity.STOP,
            subject=_SUBJECT,
            remedy="check that both images show the same patient and liver, or use a "
            "transform file",
        )
    ]


def _overlap_findings(found: Registration) -> list[Finding]:
    """Outlines that do not come to lie on each other."""
    fit = found.outline
    assert fit is not None
    least = _bound("outline_overlap", "min")
    if fit.overlap_after >= max(least, fit.overlap_before - _LOST):
        return []
    lost = fit.overlap_after < fit.overlap_before - _LOST
    than = (
        f"less than the {fit.overlap_before:.0%} before"
        if lost
        else f"less than {least:.0%}"
    )
    return [
        Finding.of(
            "H16",
            f"after registration {fit.overlap_after:.0%} of the {fit.region} is among "
            f"the brightest voxels of the image, {than}: is the activity where it is "
            "drawn?",
            subject=_SUBJECT,
        )
    ]


def _lobe_findings(found: Registration) -> list[Finding]:
    """A liver's outline cannot place the activity of a lobe."""
    fit = found.outline
    assert fit is not None
    if fit.is_perfused:
        return []
    return [
        Finding.of(
            "H16",
            "no perfused volume is drawn, so the image was centered on the whole "
            "liver. If only a lobe or segment was treated, all doses are shifted "
            "towards the untreated part (6 mm in a phantom)",
            severity=Severity.WARN,
            subject=_SUBJECT,
            remedy="unless all of the liver was treated, draw the treated part, name "
            "it 'perfused', and register again",
        )
    ]


def _bound(name: str, side: str) -> float:
    return float(table("registration")[name][side])
