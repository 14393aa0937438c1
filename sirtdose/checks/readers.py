"""Contours of several readers that do not go together (H19)."""

from collections.abc import Mapping, Sequence

from sirtdose.dosimetry.compare.readers import Lacking
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.structure import Structure


def reader_structure_findings(
    drawn: Mapping[str, Sequence[Structure]], shared: Sequence[Structure]
) -> list[Finding]:
    """Structures of one name with two roles, or that everybody has already (H19).

    Parameters
    ----------
    drawn : mapping of str to sequence of Structure
        By reader.
    shared : sequence of Structure
        Those of files without a reader's name.
    """
    roles: dict[str, dict[str, list[str]]] = {}
    spelled = {one.name.strip().casefold() for one in shared}
    findings = []
    for who, own in drawn.items():
        for one in own:
            plain = one.name.strip().casefold()
            roles.setdefault(plain, {}).setdefault(str(one.role), []).append(who)
            if plain in spelled:
                findings.append(
                    Finding.of(
                        "H19",
                        f"'{one.name}' was drawn by reader '{who}', and is in a file "
                        "without a reader's name too: leave one of the two out",
                        severity=Severity.STOP,
                    )
                )
    names = {one.name.strip().casefold(): one.name for o in drawn.values() for one in o}
    for plain, by_role in roles.items():
        if len(by_role) > 1:
            said = ", ".join(
                f"{role} by reader {_listed(who)}" for role, who in by_role.items()
            )
            findings.append(
                Finding.of(
                    "H19",
                    f"readers give '{names[plain]}' different roles ({said}): give "
                    f"--role '{names[plain]}={next(iter(by_role))}', or the other",
                    severity=Severity.STOP,
                )
            )
    return findings


def lacking_findings(lacking: Sequence[Lacking]) -> list[Finding]:
    """Structures that not all readers drew, and what becomes of them (H19)."""
    findings = []
    for one in lacking:
        if not one.drawn_by:
            said = (
                f"no part of '{one.name}' was drawn by more than half of the readers: "
                "it is left out of the consensus, and its tissue counts as what is "
                "around it"
            )
        else:
            whose = f"reader{'s' * (len(one.lacking) > 1)} {_listed(one.lacking)}"
            said = (
                f"'{one.name}' was not drawn by {whose}, but by {_listed(one.drawn_by)}"
            )
            said += (
                ": the consensus has it as those drew it"
                if one.used
                else ": the consensus leaves it out, and its tissue counts as what is "
                "around it"
            )
        findings.append(
            Finding.of("H19", said, severity=Severity.WARN, subject=one.name)
        )
    return findings


def _listed(names: Sequence[str]) -> str:
    *first, last = (f"'{one}'" for one in names)
    return f"{', '.join(first)} and {last}" if first else last
