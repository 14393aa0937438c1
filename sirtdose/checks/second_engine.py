"""Mean doses that another engine does not confirm, or that it did not come to know."""

from collections.abc import Sequence

from sirtdose.data.load import table
from sirtdose.dosimetry.second_engine.compared import Mean, Simulation
from sirtdose.model.finding import Bound, Finding, Severity


def second_engine_findings(
    *, rows: Sequence[Mean], simulation: Simulation
) -> list[Finding]:
    """Mean doses that differ from those of a second engine by more than allowed (H51).

    Also means that the simulation did not come to know as well as was asked for.
    """
    known = table("second_engine")["tolerance"]
    findings = [
        Finding.of(
            "H51",
            f"'{one.name}': mean dose by {one.method.replace('_', ' ')} is "
            f"{one.ours_gy:.4g} Gy, by {simulation.engine} {_theirs(one)}: they differ "
            f"by {one.apart_gy:+.3g} Gy, more than {one.allowed_gy:.3g} Gy",
            subject=f"{one.name} by {one.method}",
            value=abs(one.apart_gy),
            bound=Bound(
                one.allowed_gy, "Gy", known["source"], verified=known["verified"]
            ),
        )
        for one in rows
        if not one.passed
    ]
    if simulation.stopped:
        reached = simulation.reached
        wanted = f"{100 * simulation.known_to:.2g} %"
        far = (
            "a mean is not known at all"
            if reached is None
            else f"the least known mean has a standard uncertainty of "
            f"{100 * reached:.2g} %, not {wanted}"
        )
        findings.append(
            Finding.of(
                "H51",
                f"{simulation.engine} was stopped by the time limit: {far}",
                severity=Severity.WARN,
                subject="uncertainty",
                remedy="raise --time-limit or --jobs",
            )
        )
    return findings


def _theirs(one: Mean) -> str:
    known = one.known_to_gy
    if known is None:
        return f"{one.theirs_gy:.4g} Gy, which no history reached"
    return f"{one.theirs_gy:.4g} +- {known:.2g} Gy"
