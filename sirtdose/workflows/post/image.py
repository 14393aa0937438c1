"""What an activity image's header says, checked against what was asked."""

from sirtdose.model.finding import Finding
from sirtdose.model.request import PostRequest
from sirtdose.model.volume import Source, Volume
from sirtdose.workflows.image.corrections import correction_findings, header_findings
from sirtdose.workflows.image.nuclide import header_nuclide_findings


def image_findings(volume: Volume, request: PostRequest) -> list[Finding]:
    """Nuclide, decay correction, corrections and position (H10, H11, H17, H41)."""
    source = volume.source
    if source is None or source.modality == "file":
        return []
    findings = header_findings(source)
    findings += header_nuclide_findings(
        source,
        request.given,
        header_nuclide_was=request.image.header_nuclide_was,
        device=request.judge.device,
    )
    if source.modality == "PT":
        findings += _pet_decay(source)
    return findings + correction_findings(source)


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
