"""What an activity image's header says, checked against what was asked."""

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.volume import Source, Volume
from sirtdose.workflows.image_corrections import correction_findings, header_findings
from sirtdose.workflows.post_request import PostRequest

_SAME_HALF_LIFE = 0.02


def image_findings(volume: Volume, request: PostRequest) -> list[Finding]:
    """Nuclide, decay correction, corrections and position (H10, H11, H17, H41)."""
    source = volume.source
    if source is None or source.modality == "file":
        return []
    findings = header_findings(source)
    if source.modality == "PT":
        findings += _pet_nuclide(source, request)
        findings += _pet_decay(source)
    else:
        findings += _spect_nuclide(source, request)
    return findings + correction_findings(source)


def _pet_nuclide(source: Source, request: PostRequest) -> list[Finding]:
    """A PET reconstructed for another nuclide has another decay correction."""
    if request.header_nuclide_was is not None:
        said = f"taken as labeled {request.header_nuclide_was} by mistake"
        return [Finding.of("H11", said, severity=Severity.WARN)]
    wanted = request.nuclide
    wrong = []
    if source.nuclide_in_header not in ("", wanted.name):
        wrong.append(f"the header says {source.nuclide_in_header}")
    for name, half_life_h in (
        ("the header's half-life is", source.half_life_in_header_h),
        ("the decay correction used a half-life of", source.applied_half_life_h),
    ):
        if half_life_h and abs(half_life_h / wanted.half_life_h - 1) > _SAME_HALF_LIFE:
            wrong.append(f"{name} {half_life_h:.4g} h")
    if not wrong:
        return []
    from sirtdose.io.dicom_pet import HALF_LIVES_H

    used_h = source.applied_half_life_h or 0.0
    label = next(
        (name for name, h in HALF_LIVES_H.items() if abs(used_h / h - 1) < 1e-3),
        source.nuclide_in_header or "F-18",
    )
    return [
        Finding.of(
            "H11",
            f"{', '.join(wrong)}, doses are for {wanted.name}: if the scanner was told "
            f"the wrong nuclide, give --header-nuclide-was {label}",
        )
    ]


def _spect_nuclide(source: Source, request: PostRequest) -> list[Finding]:
    """The header of a SPECT may name another nuclide, often wrongly: warn."""
    wanted = request.nuclide
    half_life_h = source.half_life_in_header_h
    said = []
    if source.nuclide_in_header not in ("", wanted.name):
        said.append(source.nuclide_in_header)
    if half_life_h and abs(half_life_h / wanted.half_life_h - 1) > _SAME_HALF_LIFE:
        said.append(f"a half-life of {half_life_h:.4g} h")
    if not said:
        return []
    message = f"the header says {', '.join(said)}, doses are for {wanted.name}"
    return [Finding.of("H11", message, severity=Severity.WARN)]


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
