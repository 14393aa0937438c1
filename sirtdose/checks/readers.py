"""Contours of several readers that do not match (H14, H19)."""

from collections.abc import Mapping, Sequence

from sirtdose.dosimetry.compare.readers import Agreement, Lacking
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.reader import STAPLE, reader_words, readers_words
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

_REGIONS = {
    "liver": "the liver",
    "perfused": "the perfused volume",
    "fov": "the whole field of view",
}
# Contours of one lesion share more (Dice), whoever draws them.
_ONE_LESION = 0.1


def reader_structure_findings(
    drawn: Mapping[str, Sequence[Structure]], shared: Sequence[Structure]
) -> list[Finding]:
    """Structures of one name with two roles, or twice, or that all have already (H19).

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
        findings += _doubled(who, own)
        for one in own:
            plain = one.name.strip().casefold()
            roles.setdefault(plain, {}).setdefault(str(one.role), []).append(who)
            if plain in spelled:
                findings.append(
                    Finding.of(
                        "H19",
                        f"'{one.name}' was drawn by {reader_words(who)}, and is in a "
                        "file without a reader's name too: leave one of the two out",
                        severity=Severity.STOP,
                    )
                )
    names = {one.name.strip().casefold(): one.name for o in drawn.values() for one in o}
    for plain, by_role in roles.items():
        if len(by_role) > 1:
            said = ", ".join(
                f"{role} by {readers_words(who)}" for role, who in by_role.items()
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


def _doubled(who: str, own: Sequence[Structure]) -> list[Finding]:
    """Two structures of one reader whose names go together with the same of others."""
    spelled: dict[str, str] = {}
    findings = []
    for one in own:
        known = spelled.setdefault(one.name.strip().casefold(), one.name)
        if known != one.name:
            findings.append(
                Finding.of(
                    "H19",
                    f"{reader_words(who)}: '{known}' and '{one.name}' differ in case "
                    "alone, and readers' structures go together whatever the case: "
                    "rename one of the two",
                    severity=Severity.STOP,
                )
            )
    return findings


def apart_findings(found: Agreement) -> list[Finding]:
    """Readers whose contours of one tumor share next to nothing (H19)."""
    tumors = {one.name for one in found.by_majority if one.role is Role.TUMOR}
    return [
        Finding.of(
            "H19",
            f"'{one.name}' of {reader_words(one.one)} and of {reader_words(one.other)} "
            f"share next to nothing (Dice {one.dice:.2f}), so one name is of two "
            "lesions: give each lesion one name in both files",
            severity=Severity.STOP,
            subject=one.name,
        )
        for one in found.overlaps
        if one.name in tumors and one.dice < _ONE_LESION
    ]


def region_findings(over: Mapping[str, str]) -> list[Finding]:
    """Activity that is shared over other regions by other readers (H14).

    Parameters
    ----------
    over : mapping of str to str
        The region by whose contours; of an image that calibrates itself, none.
    """
    by_region: dict[str, list[str]] = {}
    for who, region in over.items():
        if who != STAPLE:
            by_region.setdefault(_REGIONS.get(region, region), []).append(who)
    if len(by_region) < 2:
        return []
    said = ", ".join(
        f"over {region} by the contours of {readers_words(who)}"
        for region, who in by_region.items()
    )
    return [
        Finding.of(
            "H14",
            f"the administered activity is distributed {said}: doses by readers differ "
            "by that too. Draw the region in every reader's file or in a file without "
            "a reader's name, or give --calibrate-over fov",
            severity=Severity.WARN,
        )
    ]


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
            said = (
                f"'{one.name}' was drawn by {readers_words(one.drawn_by)}, but not by "
                f"{readers_words(one.lacking)}"
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
