"""Response models and outcome studies that do not fit the case (H25)."""

from collections.abc import Mapping, Sequence

from sirtdose.dosimetry.histogram.radiobiology import Biology, ThresholdHeld
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.model.finding import Finding, Severity


def model_findings(
    *, biology: Biology, tables: Mapping[str, list[StructureDose]]
) -> list[Finding]:
    """Response models fitted to cases unlike this one (H25, H26)."""
    findings = []
    own = {name: rows for name, rows in tables.items() if "with_prior" not in name}
    for model in biology.models:
        name = f"{model.kind.upper()} '{model.name}'"
        matches = {method: biology.match(model, method) for method in own}
        differs = {
            "; ".join(found.differs): None
            for found in matches.values()
            if found.differs
        }
        used = any(
            model.name in biology.probabilities(row, biology.effects(row), method)
            for method, rows in own.items()
            for row in rows
        )
        unstated = next(iter(matches.values())).unstated
        if not any(found.holds for found in matches.values()):
            said = (
                f"is not applied: it was fitted to other cases ({', '.join(differs)})"
            )
        elif not used:
            said = (
                f"is not applied: no structure of role {', '.join(model.roles)} has "
                f"the dose it needs, {model.metric}"
            )
        elif differs:
            said = f"is applied only in part ({', '.join(differs)})"
        elif unstated:
            said = (
                "is applied, but the file or the case does not state "
                f"{', '.join(unstated)}"
            )
        else:
            continue
        severity = Severity.NOTE if used else Severity.WARN
        findings.append(Finding.of("H25", f"{name} {said}", severity=severity))
    return findings


def study_findings(held: Sequence[ThresholdHeld] | None) -> list[Finding]:
    """Outcome studies not applied, incompletely stated or not verified (H25).

    `held` is None if too little is known of the case to apply any study.
    """
    if held is None:
        said = "outcome studies not checked: needs --device and --disease"
        return [Finding.of("H25", said, severity=Severity.NOTE)]
    apart, unsaid, unsure = [], [], []
    for one in held:
        name = f"'{one.threshold['name']}'"
        if one.match.differs:
            apart.append(f"{name} ({'; '.join(one.match.differs)})")
            continue
        if one.match.unstated:
            unsaid.append(f"{name} ({', '.join(one.match.unstated)})")
        if not one.threshold["verified"]:
            unsure.append(name)
    return [
        Finding.of(
            "H25", said + ", ".join(dict.fromkeys(names)), severity=Severity.NOTE
        )
        for said, names in (
            ("outcome studies not applied: ", apart),
            (
                "outcome studies whose conditions are not stated in full: ",
                unsaid,
            ),
            ("outcome studies known only from their abstracts, not verified: ", unsure),
        )
        if names
    ]
