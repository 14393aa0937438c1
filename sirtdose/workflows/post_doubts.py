"""Activities, times and doses of a treatment that are unlikely to be meant."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sirtdose.data.load import table
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.ledger import Ledger
from sirtdose.model.role import Role
from sirtdose.workflows.post_request import PostRequest

if TYPE_CHECKING:
    from sirtdose.dosimetry.structure_dose import StructureDose
    from sirtdose.model.lungs import Lungs
    from sirtdose.model.volume import Volume

# Two notes of one moment agree to this.
_SAME_TIME_H = 0.25
_SAME_SHUNT = 0.01
_PART_OF_IT = 0.25


def size_doubts(ledger: Ledger, rows: "Sequence[StructureDose]") -> list[Finding]:
    """An activity, or the dose it gave, of another unit's size (H05)."""
    from sirtdose.planning.activity_checks import size_findings

    perfused = [
        (row.structure.name, row.mean_by_mass_gy)
        for row in rows
        if row.structure.role is Role.PERFUSED
    ]
    return size_findings(ledger.administered_gbq, perfused)


def ceiling_doubts(
    request: PostRequest, rows: "Sequence[StructureDose]"
) -> list[Finding]:
    """Doses above what is usual with these microspheres (H07)."""
    if request.device is None:
        return []
    device = table("devices")[request.device]
    return [
        Finding.of(
            "H07",
            f"'{row.structure.name}' got {row.mean_by_mass_gy:.4g} Gy, above "
            f"{ceiling['dose_gy']:g} Gy, which is not usual with {device['product']} "
            f"outside of one or two segments ({ceiling['source']}"
            f"{'' if ceiling['verified'] else '; not verified'}): is the activity "
            "right, and the volume?",
            severity=Severity.WARN,
        )
        for ceiling in device["ceilings"]
        for row in rows
        if row.structure.role == ceiling["volume"]
        and row.mean_by_mass_gy > ceiling["dose_gy"]
    ]


def plan_doubts(
    plan: Mapping[str, Any], request: PostRequest, ledger: Ledger, method: str
) -> list[Finding]:
    """Microspheres, units, shunt and method other than the plan's."""
    from sirtdose.planning.activity_checks import mixed_units_finding

    findings = []
    mixed = mixed_units_finding(
        ledger.delivered_gbq, plan["activity_gbq"], "the activities given and planned"
    )
    if mixed is not None:
        findings.append(mixed)
    planned = plan.get("device")
    if planned and request.device and planned != request.device:
        findings.append(
            Finding.of(
                "H25",
                f"the plan is for {planned} microspheres, the treatment is assessed "
                f"for {request.device}: their doses do not compare",
                severity=Severity.ASK,
            )
        )
    elif planned and request.device is None:
        findings.append(
            Finding.of(
                "H25",
                f"not checked: the plan is for {planned} microspheres, which --device "
                "confirms",
                severity=Severity.NOTE,
            )
        )
    shunt = (plan.get("lungs") or {}).get("shunt_fraction")
    found = request.lung_shunt_fraction
    if shunt is not None and found is not None:
        off = abs(found - shunt)
        if off > _SAME_SHUNT and off > _PART_OF_IT * max(found, shunt):
            findings.append(
                Finding.of(
                    "H22",
                    f"the lung shunt is {found:.1%}, the plan's {shunt:.1%}: which of "
                    "the two is right?",
                )
            )
    wanted = next(iter(plan.get("doses") or {"local_deposition": None}))
    if method != wanted:
        findings.append(
            Finding.of(
                "H26",
                f"the plan's doses are by {wanted.replace('_', ' ')}, those given by "
                f"{method.replace('_', ' ')}: they do not compare",
            )
        )
    return findings


def time_doubts(request: PostRequest, volume: "Volume") -> list[Finding]:
    """A time or zone typed against the header's (H09, H10)."""
    start = volume.source.scan_start if volume.source else None
    if start is None:
        return []
    findings = []
    if request.timezone and start.tzinfo is not None:
        from sirtdose.model.units import localized

        typed = localized(start.replace(tzinfo=None), request.timezone)
        if typed.utcoffset() != start.utcoffset():
            findings.append(
                Finding.of(
                    "H09",
                    f"--timezone {request.timezone} is not the image's own offset "
                    f"({start.isoformat()}), which is used",
                    severity=Severity.WARN,
                )
            )
    if request.scan_at is None:
        return findings
    if start.tzinfo is None:
        start = start.replace(tzinfo=request.scan_at.tzinfo)
    apart_h = (request.scan_at - start).total_seconds() / 3600
    if abs(apart_h) > _SAME_TIME_H:
        findings.append(
            Finding.of(
                "H10",
                f"--scan-at {request.scan_at.isoformat()} is used, the header says "
                f"{start.isoformat()}, {apart_h:+.2f} h from it: which is right?",
                severity=Severity.WARN,
            )
        )
    return findings


def residual_doubts(request: PostRequest) -> list[Finding]:
    """A residual that nobody gave is taken as none (H08)."""
    silent = [one.name for one in request.injections if one.residual_gbq is None]
    if request.residual_gbq is not None or (request.injections and not silent):
        return []
    said = "not checked: needs --residual; what stayed behind is taken as none"
    if silent:
        said = (
            f"not checked for {', '.join(silent)}: needs residual=ACTIVITY@TIME in "
            "--injection; what stayed behind is taken as none"
        )
    return [Finding.of("H08", said, severity=Severity.NOTE)]


def lungs_in_image_doubts(
    request: PostRequest, lungs: "Lungs", in_image_gbq: float | None
) -> list[Finding]:
    """The lungs' dose by the image against their limit (H22)."""
    if in_image_gbq is None:
        return []
    limit_gy = table("limits")["lungs"]["limit_gy"]
    gy = request.nuclide.dose_constant_gy_kg_per_gbq * in_image_gbq / lungs.mass_kg
    if gy <= limit_gy:
        return []
    return [
        Finding.of(
            "H22",
            f"the lungs have {gy:.4g} Gy by the image, at {lungs.mass_kg:g} kg, above "
            f"{limit_gy:g} Gy (this session): blur of the liver's dome, or a shunt?",
        )
    ]
