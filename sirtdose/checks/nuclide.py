"""Nuclide in the image header, compared with the nuclide of the doses (H11)."""

from dataclasses import dataclass

from sirtdose.data.load import table
from sirtdose.model.emitter import Emitter
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.nuclide_words import contradicted_by, nuclide_name
from sirtdose.model.volume import Source

_SAME_HALF_LIFE = 0.02
# Half-lives of one emitter in headers differ by less.
_SAME_EMITTER = 1e-3


@dataclass(frozen=True)
class _Expected:
    """What an image is said to be of, and what to type if its header is right."""

    said: str
    of: str
    right: str
    otherwise: str = ""


def named_by_header_findings(source: Source) -> list[Finding]:
    """Nuclide taken from the image header because none was typed (H11)."""
    said = (
        f"doses are for {source.nuclide_in_header}, the nuclide in the image's header "
        f"({_quoted(source)}), because none was typed: for another one give --nuclide"
    )
    return [Finding.of("H11", said, severity=Severity.WARN)]


def header_nuclide_findings(
    *,
    source: Source,
    nuclide: Emitter,
    nuclide_given: bool = True,
    header_nuclide_was: str | None = None,
    device: str | None = None,
    phantom: bool = False,
) -> list[Finding]:
    """Header nuclide or half-life that differs from the nuclide of the doses.

    Of a `phantom`, from the nuclide that it is said to hold.
    """
    if header_nuclide_was is not None:
        said = (
            f"the image is assumed to have been reconstructed as {header_nuclide_was} "
            "by mistake"
        )
        return [Finding.of("H11", said, severity=Severity.WARN)]
    name = nuclide.name
    doses_for = f"{name} (--device {device})" if device else name
    if not nuclide_given:
        doses_for = f"{name} by default"
    right = _if_right(source, nuclide, device)
    expected = _Expected(f"doses are for {doses_for}", "treatment", right)
    if phantom:
        right = if_right_of_phantom(source, name, device)
        said = f"the phantom is said to hold {doses_for}"
        expected = _Expected(said, "phantom", right, right)
    judged = _of_pet if source.modality == "PT" else _of_spect
    return not_understood(source, name, nuclide) + judged(source, nuclide, expected)


def not_understood(
    source: Source, wanted: str, own: Emitter | None = None
) -> list[Finding]:
    """Header nuclide or tracer that is contradictory or not recognized (H11)."""
    findings = [
        Finding.of(
            "H11",
            f"the header names '{one}', but its code (RadionuclideCodeSequence "
            f"(0054,0300)) is that of {contradicted_by(one)}: the name is used",
            severity=Severity.WARN,
        )
        for one in source.nuclide_words
        if contradicted_by(one)
    ]
    words = [one for one in source.nuclide_words if not nuclide_name(one, own)]
    if not words:
        return findings
    said = ", ".join(f"'{one}'" for one in words)
    return [
        *findings,
        Finding.of(
            "H11",
            f"the header's nuclide or radiopharmaceutical, {said}, is not recognized: "
            f"that the image is of {wanted} was not checked",
            severity=Severity.WARN,
        ),
    ]


def _of_spect(source: Source, wanted: Emitter, expected: _Expected) -> list[Finding]:
    """Header nuclide or half-life of a SPECT image that differs from the doses'.

    Another name asks; a half-life asks only if the header has no name.
    """
    half_life_h = source.half_life_in_header_h
    said = []
    if source.nuclide_in_header not in ("", wanted.name):
        said.append(_named(source))
    if _other(half_life_h, wanted):
        said.append(f"a half-life of {half_life_h:.4g} h")
    if not said:
        return []
    agrees = source.nuclide_in_header == wanted.name
    message = f"the header says {', '.join(said)}, but {expected.said}"
    if agrees:
        return [Finding.of("H11", message, severity=Severity.WARN)]
    return [
        Finding.of(
            "H11",
            f"{message}: is this the image of the {expected.of}?",
            severity=Severity.ASK,
            accepted=f"doses are for {wanted.name}{expected.right}",
        )
    ]


def _of_pet(source: Source, wanted: Emitter, expected: _Expected) -> list[Finding]:
    """PET reconstructed or decay-corrected for another nuclide."""
    wrong = []
    if source.nuclide_in_header not in ("", wanted.name):
        wrong.append(f"the header says {_named(source)}")
    if _other(source.half_life_in_header_h, wanted):
        wrong.append(f"the header's half-life is {source.half_life_in_header_h:.4g} h")
    applied_h = source.applied_half_life_h
    misapplied = _other(applied_h, wanted)
    if misapplied:
        wrong.append(f"the decay correction used a half-life of {applied_h:.4g} h")
    if not wrong:
        return []
    said = f"{', '.join(wrong)}, but {expected.said}"
    if misapplied:
        return [
            Finding.of("H11", f"{said}: {_undone(source, wanted)}{expected.otherwise}")
        ]
    used = (
        f"its decay correction is that of {wanted.name}"
        if applied_h
        else "the header does not state which half-life its decay correction used"
    )
    return [
        Finding.of(
            "H11",
            f"{said}: is this the image of the {expected.of}? "
            f"{used[0].upper()}{used[1:]}",
            severity=Severity.ASK,
            accepted=f"its values are used as they are, for {wanted.name}"
            f"{expected.right}",
        )
    ]


def _undone(source: Source, wanted: Emitter) -> str:
    """How to undo a decay correction for another nuclide, if possible."""
    used_h = source.applied_half_life_h or 0.0
    labels = [
        name
        for name, emitter in table("positron_emitters").items()
        if abs(used_h / emitter["half_life_h"] - 1) < _SAME_EMITTER
    ]
    shown = wanted.positrons_per_decay is not None
    if not (labels and shown and source.decay_correction == "START"):
        return f"reconstruct it as {wanted.name}"
    return (
        "if the scanner was set to the wrong nuclide, give --header-nuclide-was "
        f"{labels[0]}"
    )


def _other(half_life_h: float | None, wanted: Emitter) -> bool:
    ratio = (half_life_h or wanted.half_life_h) / wanted.half_life_h
    return abs(ratio - 1) > _SAME_HALF_LIFE


def _named(source: Source) -> str:
    name, quoted = source.nuclide_in_header, _quoted(source)
    return name if quoted == f"'{name}'" else f"{name} ({quoted})"


def _quoted(source: Source) -> str:
    return ", ".join(f"'{one}'" for one in source.nuclide_words)


def _if_right(source: Source, wanted: Emitter, device: str | None) -> str:
    """What to type if the header's nuclide is right: --device or --nuclide."""
    name = source.nuclide_in_header
    if name not in table("nuclides"):
        return ""
    if isinstance(wanted, Nuclide) and wanted.file is not None:
        return f"; for {name} leave --nuclide-file out and give --nuclide {name}"
    if device is None:
        return f"; for {name} give --nuclide {name}"
    carry = [key for key, one in table("devices").items() if one["nuclide"] == name]
    if not carry:
        return f"; for {name} leave --device out and give --nuclide {name}"
    return f"; for {name} give {' or '.join(f'--device {one}' for one in carry)}"


def if_right_of_phantom(source: Source, wanted: str, device: str | None) -> str:
    """What to type if a phantom holds what its scan's header says."""
    name = source.nuclide_in_header
    if name == wanted or not (name in table("nuclides") or Emitter.tabulated(name)):
        return ""
    without = "leave --device out and " if device else ""
    return f"; for a phantom of {name} {without}give --nuclide {name}"
