"""Image header: unusual entries, and corrections of the image (H41)."""

from sirtdose.checks.nuclide import header_nuclide_findings
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Source


def image_findings(
    *,
    source: Source | None,
    nuclide: Nuclide,
    nuclide_given: bool,
    header_nuclide_was: str | None,
    device: str | None,
) -> list[Finding]:
    """Header nuclide, decay and other corrections, position (H10, H11, H17, H41)."""
    if source is None or source.modality == "file":
        return header_findings(source=source)
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


def header_findings(*, source: Source | None) -> list[Finding]:
    """Unusual header entries, and those to be accepted (H10, H12, H17)."""
    if source is None:
        return []
    return [
        *(
            Finding.of("H10" if "decay" in remark else "H17", remark)
            for remark in source.remarks
        ),
        *(
            Finding.of(one.code, one.said, severity=Severity.ASK, accepted=one.used)
            for one in source.doubts
        ),
    ]


def remark_findings(what: str, source: Source | None) -> list[Finding]:
    """Unusual header entries of an additional image (H17)."""
    remarks = source.remarks if source else ()
    return [Finding.of("H17", f"{what}: {remark}") for remark in remarks]


def pet_decay_findings(*, source: Source) -> list[Finding]:
    """Decay correction of a PET image (H10)."""
    found = source.applied_half_life_h
    used = f"half-life {found:.4g} h" if found else "an unknown half-life"
    when = source.scan_start.isoformat() if source.scan_start else "administration"
    return [
        Finding.of(
            "H10",
            f"decay correction {source.decay_correction} with {used}, to {when} "
            f"({source.scan_start_origin})",
        )
    ]


def correction_findings(
    *, source: Source, uncorrected_spect: Severity = Severity.WARN
) -> list[Finding]:
    """Attenuation or scatter not corrected; for PET this asks."""
    if not source.corrections:
        return [
            Finding.of(
                "H41",
                "attenuation and scatter correction not checked: the header has no "
                "CorrectedImage (0028,0051)",
                severity=Severity.NOTE,
            )
        ]
    done = {one.upper() for one in source.corrections}
    names = {"ATTN": "attenuation", "SCAT": "scatter"}
    # PET writes the method behind a colon or the code alone.
    missing = [
        word
        for code, word in names.items()
        if not any(one.startswith(code) for one in done)
    ]
    if not missing:
        return []
    severity = Severity.ASK if source.modality == "PT" else uncorrected_spect
    said = f"not corrected for {' and '.join(missing)} (CorrectedImage (0028,0051))"
    return [Finding.of("H41", said, severity=severity)]
