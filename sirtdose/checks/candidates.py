"""What sirtdose segmented: whether somebody looked at it (H35)."""

from collections.abc import Sequence

from sirtdose.model.accepted import is_candidate
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.structure import Structure


def candidate_findings(found: Sequence[Structure]) -> list[Finding]:
    """Structures that were segmented, and that nobody accepted yet (H35)."""
    return [
        Finding.of(
            "H35",
            f"'{one.name}', {one.volume_ml:.1f} mL, was segmented by sirtdose"
            f"{f' ({one.definition})' if one.definition else ''}: see it first with "
            "`sirtdose segment`, which writes candidates with pictures and what each "
            "changes, and accept it with `sirtdose accept`",
            subject=one.name,
        )
        for one in found
        if is_candidate(one.name)
    ]


def accepted_findings(
    drawn: Sequence[Structure], *, nameless: bool = False
) -> list[Finding]:
    """Who accepted a segmented structure, and whether it is still that one (H35).

    Where results are to name nobody, `nameless`, they do not name that person either.
    """
    findings = []
    for one in drawn:
        given = one.accepted
        if given is None:
            continue
        by = "a named person" if nameless else given.by
        when = "" if nameless else f" at {given.at}"
        if not given.unchanged:
            findings.append(
                Finding.of(
                    "H35",
                    f"'{one.name}' was changed after {by} accepted it{when} (review "
                    f"{given.review}): accept the edited contours with `sirtdose "
                    "accept`",
                    subject=one.name,
                )
            )
            continue
        edited = "edited by hand and " if given.edited else ""
        findings.append(
            Finding.of(
                "H35",
                f"'{one.name}' was segmented by sirtdose ({given.how}), {edited}"
                f"accepted by {by}{when}, review {given.review}",
                severity=Severity.NOTE,
                subject=one.name,
            )
        )
    return findings
