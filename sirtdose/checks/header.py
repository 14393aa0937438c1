"""What an image's header says of it: what the reader noticed, and corrections (H41)."""

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.volume import Source


def header_findings(*, source: Source) -> list[Finding]:
    """What the reader noticed, and what of it must be accepted (H10, H12, H17)."""
    said = [
        Finding.of("H10" if "decay" in remark else "H17", remark)
        for remark in source.remarks
    ]
    asked = [
        Finding.of(one.code, one.said, severity=Severity.ASK, accepted=one.used)
        for one in source.doubts
    ]
    return said + asked


def correction_findings(
    *, source: Source, uncorrected_spect: Severity = Severity.WARN
) -> list[Finding]:
    """Whether attenuation and scatter were corrected; a PET without them asks."""
    if not source.corrections:
        return [
            Finding.of(
                "H41",
                "not checked: the header has no CorrectedImage (0028,0051)",
                severity=Severity.NOTE,
            )
        ]
    done = {one.upper() for one in source.corrections}
    names = {"ATTN": "attenuation", "SCAT": "scatter"}
    missing = [word for code, word in names.items() if not _has(done, code)]
    if not missing:
        return []
    severity = Severity.ASK if source.modality == "PT" else uncorrected_spect
    said = f"not corrected for {' and '.join(missing)} (CorrectedImage (0028,0051))"
    return [Finding.of("H41", said, severity=severity)]


def _has(done: set[str], code: str) -> bool:
    # PET writes the method behind a colon or the code alone.
    return any(one.startswith(code) for one in done)
