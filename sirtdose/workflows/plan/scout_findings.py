"""What is to be said of a scout image and of a plan by it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import TYPE_CHECKING

from sirtdose.dosimetry.derived import union
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role
from sirtdose.workflows.image.corrections import correction_findings, header_findings
from sirtdose.workflows.image.nuclide import not_understood

if TYPE_CHECKING:
    from sirtdose.dosimetry.image.uptake import Perfusion
    from sirtdose.dosimetry.results import Prediction
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Source
    from sirtdose.planning.result import Plan
    from sirtdose.planning.terms import Terms
    from sirtdose.workflows.plan.imaged_case import Part

# Nuclides of particles that are given to find out where microspheres go.
_SCOUTS = ("Tc-99m", "Ho-166", "Ga-68", "Y-90")
# Those of them that treat: their scout is as a rule of the same particles.
_THERAPIES = ("Ho-166", "Y-90")
_INTERVAL_MAX_D = 14.0
_OUTSIDE_WARN, _OUTSIDE_ASK = 0.20, 0.80
_OTHER_VOLUME = 0.10
# A map and a formula that say the same agree to this.
_SAME_DOSE, _BORDER_DOSE = 0.03, 0.15
# Shunts, typed and measured, that differ by more than both are said.
_OTHER_SHUNT, _OTHER_SHUNT_PART = 0.01, 0.25
_BEYOND = 0.005
# Neighbors share border voxels: less of the smaller volume than this is no overlap.
_SHARED = 0.02


def scout_findings(
    *,
    source: "Source | None",
    treatment_at: datetime | None,
    same_catheter: bool | None,
    measures_shunt: bool,
    planned: Nuclide,
    nuclide_given: bool,
) -> list[Finding]:
    """The image's header, and how near to the treatment it is (H11, H17, H24, H41)."""
    findings = _interval_findings(source, treatment_at, same_catheter)
    if source is None or source.modality == "file":
        return findings
    findings += header_findings(source=source)
    findings += scout_nuclide_findings(
        source=source, planned=planned, nuclide_given=nuclide_given
    )
    asks = Severity.ASK if measures_shunt else Severity.WARN
    return findings + correction_findings(source=source, uncorrected_spect=asks)


def scout_nuclide_findings(
    *,
    source: "Source",
    planned: Nuclide | None = None,
    nuclide_given: bool = True,
    own: Nuclide | None = None,
) -> list[Finding]:
    """A header that names no nuclide of a scout, or the particles of another (H11).

    A few of the treatment's `own` particles are a scout too.
    """
    named = source.nuclide_in_header
    words = ", ".join(f"'{one}'" for one in source.nuclide_words)
    own = planned or own
    findings = not_understood(source, "a scout's nuclide", own)
    if named and named not in (*_SCOUTS, own and own.name):
        findings.append(
            Finding.of(
                "H11",
                f"the header says {named} ({words}), a scout image is of "
                f"{', '.join(_SCOUTS)}: is this the scout?",
                severity=Severity.ASK,
                accepted="the image is used as it is",
            )
        )
    if planned is None or named not in _THERAPIES or named == planned.name:
        return findings
    wanted = planned.name
    findings.append(
        Finding.of(
            "H11",
            f"the header says {named} ({words}), the plan is for {wanted}"
            + (
                ""
                if nuclide_given
                else f", as nothing was typed: give --nuclide {named} or --nuclide "
                f"{wanted}"
            ),
            severity=Severity.WARN if nuclide_given else Severity.ASK,
            accepted=f"the plan is for {wanted}",
        )
    )
    return findings


def _interval_findings(
    source: "Source | None",
    treatment_at: datetime | None,
    same_catheter: bool | None,
) -> list[Finding]:
    """A scout long before the treatment, or from another catheter position (H24)."""
    findings = []
    scan = source.scan_start if source else None
    if treatment_at is None or scan is None:
        needs = "--treatment-at" if treatment_at is None else "an image with its date"
        findings.append(
            Finding.of(
                "H24",
                f"interval to the treatment not checked: needs {needs}",
                severity=Severity.NOTE,
            )
        )
    else:
        if scan.tzinfo is None:
            scan = scan.replace(tzinfo=treatment_at.tzinfo)
        days = (treatment_at - scan).total_seconds() / 86400
        if days < 0:
            findings.append(
                Finding.of(
                    "H24",
                    f"the image was taken {-days:.1f} d after the planned treatment: "
                    "is the date right?",
                    severity=Severity.ASK,
                )
            )
        elif days > _INTERVAL_MAX_D:
            findings.append(
                Finding.of(
                    "H24",
                    f"the image was taken {days:.1f} d before the treatment, over "
                    f"{_INTERVAL_MAX_D:g} d: perfusion may have changed",
                )
            )
    if same_catheter is None:
        findings.append(
            Finding.of(
                "H24",
                "catheter position not checked: needs --catheter same or other",
                severity=Severity.NOTE,
            )
        )
    elif not same_catheter:
        findings.append(
            Finding.of(
                "H24",
                "the catheter was elsewhere at the scout: its distribution does not "
                "predict the treatment's",
            )
        )
    return findings


def typed_volume_findings(
    *,
    typed_ml: Mapping[str, float],
    perfused: "Sequence[Structure]",
    drawn: "Sequence[Structure]",
) -> list[Finding]:
    """Volumes as they were typed against those drawn on the image (H06)."""
    livers = [one for one in drawn if one.role is Role.LIVER]
    in_image = {"perfused": perfused, "liver": livers}
    findings = []
    for name, ml in typed_ml.items():
        if not in_image[name]:
            findings.append(
                Finding.of(
                    "H06",
                    f"the {name} volume was typed, and is not drawn on the image",
                    severity=Severity.WARN,
                )
            )
            continue
        found_ml = union(in_image[name]).volume_ml
        off = ml / found_ml - 1
        said = f"the {name} volume is {found_ml:.0f} mL, {ml:.0f} mL was typed"
        if abs(off) > _OTHER_VOLUME:
            findings.append(
                Finding.of("H06", f"{said} ({off:+.0%}): another region's?")
            )
        else:
            findings.append(Finding.of("H06", said, severity=Severity.NOTE))
    return findings


def outside_findings(*, part: float) -> list[Finding]:
    """Counts outside of what is perfused, lungs aside (H14)."""
    said = (
        f"{part:.0%} of the image's counts lie outside the perfused volume and the "
        "lungs: blur, other organs, or a volume that is too small?"
    )
    if part > _OUTSIDE_ASK:
        return [Finding.of("H14", said, severity=Severity.ASK)]
    return [Finding.of("H14", said)] if part > _OUTSIDE_WARN else []


def method_findings(*, method: str, terms: "Terms") -> list[Finding]:
    """Published thresholds held against another method's doses (H26)."""
    if not terms.rules or method == "local":
        return []
    return [
        Finding.of(
            "H26",
            f"the limits are of {terms.rules[0].source}, whose doses are means by "
            f"local deposition; this plan's are by {method}",
        )
    ]


def typed_shunt_findings(*, typed: float, measured: float) -> list[Finding]:
    """The shunt that was typed beside the one that the image shows (H22)."""
    said = (
        f"the lung shunt was typed, {typed:.2%}, and is used; the image shows "
        f"{measured:.2%}"
    )
    far = abs(typed - measured) > max(_OTHER_SHUNT, _OTHER_SHUNT_PART * measured)
    severity = Severity.WARN if far else Severity.NOTE
    return [Finding.of("H22", said, severity=severity)]


def overlapping_findings(*, perfusions: "Sequence[Perfusion]") -> list[Finding]:
    """Perfused volumes that overlap: whose counts the scout shows there (H24)."""
    findings = []
    for one, other in combinations(perfusions, 2):
        shared_ml = (one.structure & other.structure).volume_ml
        smaller_ml = min(one.structure.volume_ml, other.structure.volume_ml)
        if shared_ml <= _SHARED * smaller_ml:
            continue
        findings.append(
            Finding.of(
                "H24",
                f"the volumes of '{one.name}' and '{other.name}' overlap by "
                f"{shared_ml:.1f} mL. If the scout was injected at both places, its "
                "counts there are of both, and each planned injection is spread by all "
                "of them: the dose in the overlap is overestimated, and that of the "
                "rest underestimated. Plan each by a scout of its own",
            )
        )
    return findings


def unperfused_findings(*, parts: "Sequence[Part]") -> list[Finding]:
    """Tumors that no injection reaches (H19)."""
    missed = [part.name for part in parts if part.role == "tumor" and not part.of]
    if not missed:
        return []
    return [
        Finding.of(
            "H19",
            f"no injection perfuses {', '.join(missed)}: no dose in this plan, and no "
            "goal counts it",
        )
    ]


def map_findings(*, plan: "Plan", prediction: "Prediction") -> list[Finding]:
    """The map against the plan: means that both give (H06), counts beyond (H14)."""
    findings = []
    extra = prediction.in_map_gbq - plan.activity_gbq + plan.lungs.activity_gbq
    if extra > _BEYOND * plan.activity_gbq:
        findings.append(
            Finding.of(
                "H14",
                f"the map shows counts outside of what is perfused at the same scale: "
                f"{extra:.3g} GBq more than is injected, in no region of the plan",
                severity=Severity.NOTE,
            )
        )
    dose = prediction.doses.get("local_deposition")
    if dose is None or plan.assumptions["dose_method"] != "local_deposition":
        return findings
    rows = [row for row in plan.compartments if row.role == "perfused"]
    alone, grid = len(rows) == 1, prediction.image.grid
    for one, row in zip(prediction.perfusions, rows, strict=True):
        by_map = dose.mean_by_mass_gy(occupancy_on(one.structure, grid))
        off = by_map / row.dose_gy - 1
        said = (
            f"'{row.name}' ({one.structure.name}, {row.volume_ml:.0f} mL, "
            f"{row.mass_kg:.3f} kg): {by_map:.4g} Gy by the map, {row.dose_gy:.4g} "
            f"Gy by the formula ({round(off, 3) + 0:+.1%})"
        )
        severity = Severity.NOTE
        if abs(off) > _SAME_DOSE:
            # Voxels on a border that two volumes share are split evenly in the map.
            severe = alone or abs(off) > _BORDER_DOSE
            severity = Severity.STOP if severe else Severity.WARN
        findings.append(Finding.of("H06", said, severity=severity))
    return findings
