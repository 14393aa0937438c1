"""What an activity image's header says, checked against what was asked."""

from sirtdose.checks.header import (
    correction_findings,
    header_findings,
    pet_decay_findings,
)
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
        *(pet_decay_findings(source=source) if source.modality == "PT" else []),
        *correction_findings(source=source),
    ]
