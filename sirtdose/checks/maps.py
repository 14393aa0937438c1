"""Dose map, and the structures that were read with it."""

from collections.abc import Sequence

from sirtdose.checks.candidates import accepted_findings, candidate_findings
from sirtdose.checks.header import remark_findings
from sirtdose.checks.structures import reading_remarks
from sirtdose.model.density_note import lung_doubt
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


def map_findings(
    structures: Sequence[Structure], *, dose: Volume | None = None
) -> list[Finding]:
    """Unusual input, undecided roles, and lung dose at the liver's density.

    Parameters
    ----------
    structures : sequence of Structure
        As they were read.
    dose : Volume, optional
        The dose map that the structures are evaluated on.
    """
    findings = remark_findings("the dose", dose.source if dose else None)
    # Where a dose is only looked at, an open role changes no number: said, not asked.
    findings += reading_remarks(structures, severity=Severity.WARN)
    findings += candidate_findings(structures, severity=Severity.WARN)
    findings += accepted_findings(structures, severity=Severity.WARN)
    doubt = "" if dose is None else lung_density_doubt(dose)
    if not doubt:
        return findings
    return findings + [
        Finding.of(
            "H27",
            f"'{one.name}': no lung dose ({doubt}): at the liver's density the lungs "
            "show about a third of their dose",
            severity=Severity.WARN,
        )
        for one in structures
        if one.role is Role.LUNGS and not one.empty
    ]


def lung_density_doubt(dose: Volume) -> str:
    """Why a map has no valid lung dose, by its description; empty if it has.

    A missing description is a reason, too.
    """
    return lung_doubt(dose.source.described if dose.source else "")


def negative_dose_findings(*, dose: Volume) -> list[Finding]:
    """Negative doses, which RTDOSE cannot store (H30)."""
    count = int((dose.data < 0).sum())
    if not count:
        return []
    said = (
        f"RTDOSE cannot hold negative doses: {count} of {dose.data.size} voxels are 0 "
        "there; the NIfTI and the tables keep them"
    )
    return [Finding.of("H30", said, severity=Severity.NOTE)]
