"""What an activity image's header says, checked against what was asked."""

from sirtdose.checks.header import correction_findings, header_findings
from sirtdose.model.finding import Finding
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Source
from sirtdose.workflows.image.nuclide import header_nuclide_findings


def image_findings(
    *,
    source: Source | None,
    nuclide: Nuclide,
    nuclide_given: bool,
    header_nuclide_was: str | None,
    device: str | None,
) -> list[Finding]:
    """Nuclide, decay correction, corrections and position (H10, H11, H17, H41)."""
    if source is None or source.modality == "file":
        return []
    return [
        *header_findings(source=source),
        *header_nuclide_findings(
            source=source,
            nuclide=nuclide,
            nuclide_given=nuclide_given,
            header_nuclide_was=header_nuclide_was,
            device=device,
        ),
        *(_pet_decay(source) if source.modality == "PT" else []),
        *correction_findings(source=source),
    ]


def _pet_decay(source: Source) -> list[Finding]:
    found = source.applied_half_life_h
    used = f"half-life {found:.4g} h" if found else "a half-life that cannot be told"
    when = source.scan_start.isoformat() if source.scan_start else "administration"
    return [
        Finding.of(
            "H10",
            f"decay correction {source.decay_correction} with {used}, to {when} "
            f"({source.scan_start_origin})",
        )
    ]
