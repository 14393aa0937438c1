"""What sirtdose segmented: whether somebody looked at it (H35)."""

from collections.abc import Collection, Sequence

from sirtdose.checks.volumes import liver_size_findings, perfused_size_findings
from sirtdose.data.load import table
from sirtdose.dosimetry.derived import whole_voxels, with_role
from sirtdose.model.accepted import short, without_mark
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure


def candidate_findings(
    found: Sequence[Structure],
    *,
    severity: Severity = Severity.STOP,
    drawn: bool = True,
) -> list[Finding]:
    """Structures that were segmented, and that nobody accepted yet (H35).

    Files of candidates need a person's name: they stop, unless a dose is only looked
    at. What was not `drawn`, but found in this run by its options, is asked about.
    """
    return [
        Finding.of(
            "H35",
            f"'{one.name}', {one.volume_ml:.1f} mL, was segmented by sirtdose"
            f"{'' if drawn else ' in this run'}"
            f"{f' ({one.definition})' if one.definition else ''}"
            + (
                ", and nobody accepted it by name: accept it with `sirtdose accept`, "
                "and give accepted.dcm"
                if drawn
                else ": see it first with `sirtdose segment`, which shows it in "
                "pictures and what it changes"
            ),
            severity=severity if drawn else None,
            subject=one.name,
            accepted="it is used as a candidate, under the name of who accepts it",
        )
        for one in found
        if one.is_candidate
    ]


def accepted_findings(
    drawn: Sequence[Structure],
    *,
    nameless: bool = False,
    images: Collection[str] = (),
    severity: Severity | None = None,
) -> list[Finding]:
    """Who accepted a segmented structure, and whether it is still that one (H35).

    Where results are to name nobody, `nameless`, they do not name that person either.
    `images` are the digests of the images in use: what was found on another one is
    told. `severity` is that of one that was changed; it is asked about otherwise.
    """
    findings = []
    for one in drawn:
        given = one.accepted
        if given is None:
            continue
        by = "a named person" if nameless else given.by
        when = "" if nameless else f" at {given.at}"
        review = "" if nameless else f", review {given.review}"
        if not given.unchanged:
            said = (
                f"'{one.name}' was accepted with `sirtdose accept` once, and who "
                "accepted it is not in its file any more, so it was changed since"
                if given.lost
                else f"'{one.name}' was changed after {by} accepted it{when}{review}"
            )
            findings.append(
                Finding.of(
                    "H35",
                    f"{said}: accept the edited contours with `sirtdose accept`",
                    severity=severity,
                    subject=one.name,
                )
            )
            continue
        edited = "edited by hand and " if given.edited else ""
        findings.append(
            Finding.of(
                "H35",
                f"'{one.name}' was segmented by sirtdose ({given.how}), {edited}"
                f"accepted by {by}{when}{review}",
                severity=Severity.NOTE,
                subject=one.name,
            )
        )
        if _is_renamed(one):
            findings.append(
                Finding.of(
                    "H35",
                    f"'{one.name}' was accepted as '{given.name}' and has another name "
                    "since: its contour is as it was accepted. Look whether it is the "
                    "lesion of that name in the plan and in other results",
                    severity=Severity.WARN,
                    subject=one.name,
                )
            )
        if images and given.image not in {short(digest) for digest in images}:
            which = "" if nameless else f" (SHA-256 {given.image}...)"
            findings.append(
                Finding.of(
                    "H35",
                    f"'{one.name}' was found on another image{which} than the one in "
                    "use: its border is where that one had its uptake; look whether "
                    "it fits",
                    severity=Severity.WARN,
                    subject=one.name,
                )
            )
    return findings


def _is_renamed(one: Structure) -> bool:
    """Whether its name is another than the one that it was accepted by."""
    given = one.accepted
    if given is None or not given.name:
        return False
    return one.name.strip().casefold() != given.name.strip().casefold()


def doubled_findings(
    found: Sequence[Structure], drawn: Sequence[Structure]
) -> list[Finding]:
    """Candidates for what is drawn already, under a name or number of its own (H35).

    Parameters
    ----------
    found, drawn : sequence of Structure
        On one grid.
    """
    most = table("segmentation")["shared_part"]["value"]
    findings = []
    for one in map(whole_voxels, found):
        for other in map(whole_voxels, with_role(drawn, one.role)):
            shared_ml = (one & other).volume_ml
            if shared_ml <= most * min(one.volume_ml, other.volume_ml):
                continue
            name = without_mark(one.name)
            findings.append(
                Finding.of(
                    "H35",
                    f"'{one.name}' overlaps '{other.name}', which is drawn: "
                    f"{shared_ml:.1f} mL are in both, {shared_ml / one.volume_ml:.0%} "
                    f"of the candidate and {shared_ml / other.volume_ml:.0%} of "
                    f"'{other.name}'. If both are one, do not accept it, or compute "
                    f"with '{name}' or '{other.name}' alone",
                    severity=Severity.WARN,
                    subject=one.name,
                    value=shared_ml / one.volume_ml,
                )
            )
    return findings


def rest_findings(structures: Sequence[Structure]) -> list[Finding]:
    """What is left of a perfused volume by threshold is no liver by itself (H35)."""
    if any(one.role is Role.LIVER for one in structures):
        return []
    return [
        Finding.of(
            "H35",
            f"'{one.name}' was found by its uptake, and no liver is drawn: what tumors "
            "leave of it is judged as normal perfused liver, and is all of it, liver "
            "or not",
            severity=Severity.WARN,
            subject=one.name,
        )
        for one in structures
        if one.role is Role.PERFUSED and (one.accepted or one.is_candidate)
    ]


def size_findings(found: Sequence[Structure]) -> list[Finding]:
    """Candidates of a size that perfused volumes or livers seldom have (H19)."""
    findings: list[Finding] = []
    for one in found:
        if one.role is Role.PERFUSED:
            findings += perfused_size_findings(one.name, one.volume_ml)
        if one.role is Role.LIVER:
            findings += liver_size_findings(one.name, one.volume_ml)
    return findings
