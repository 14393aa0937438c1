"""What a camera's own scans of known activity leave in doubt."""

from sirtdose.dosimetry.commission.dead_time import LINEAR_LOSS, DeadTimeFit
from sirtdose.model.finding import Finding, Severity

# Errors that were given right reach this in 5 % of series of 3 scans, 0.1 % of 7.
_SCATTER = 2.0


def dead_time_findings(fit: DeadTimeFit) -> list[Finding]:
    """What a fit of the dead time says: loss, models left open, scatter."""
    return [_loss(fit), *_left_open(fit), *_scatter(fit)]


def _loss(fit: DeadTimeFit) -> Finding:
    """Counts that the camera loses at the highest activity scanned (H13)."""
    highest, loss = fit.measured_mbq[1], fit.loss_at_highest
    if fit.found == "none":
        said = (
            f"no dead time was found up to {highest:.4g} MBq in the field of view; the "
            f"loss there is at most {max(loss.high, 0):.2%} (95 %)"
        )
    else:
        said = (
            f"with {highest:.4g} MBq in the field of view the camera loses "
            f"{loss.value:.1%} +/- {loss.standard:.1%} of its counts (k = 1); it loses "
            f"less than {LINEAR_LOSS:.0%} up to {fit.linear_to_mbq:.4g} MBq"
        )
    return Finding.of("H13", said, severity=Severity.NOTE, value=loss.value)


def _left_open(fit: DeadTimeFit) -> list[Finding]:
    """Scans that two models of the dead time fit (H13)."""
    if len(fit.kept) == 1:
        return []
    said = (
        "paralyzable and non-paralyzable dead time are not distinguishable by these "
        "scans. Both are kept, and half of their difference is part of the uncertainty"
    )
    remedy = "scan higher activities, with a loss above 20 %, to tell them apart"
    return [Finding.of("H13", said, severity=Severity.NOTE, remedy=remedy)]


def _scatter(fit: DeadTimeFit) -> list[Finding]:
    """Count rates that scatter more than their errors explain (H13)."""
    one = min(fit.kept, key=lambda kept: kept.chi_square)
    if not one.degrees or (ratio := (one.chi_square / one.degrees) ** 0.5) < _SCATTER:
        return []
    apart = fit.deviations(one)
    worst = max(range(len(apart)), key=lambda at: abs(apart[at]))
    said = (
        f"the count rates scatter {ratio:.1f} times as much as their errors explain, "
        "which widens the uncertainties. The largest deviation is "
        f"{apart[worst]:+.2%} at {fit.scans[worst].activity_mbq:.4g} MBq"
    )
    remedy = "check that scan's activity, duration and position"
    return [Finding.of("H13", said, severity=Severity.NOTE, remedy=remedy)]
