"""Activities as a dose calibrator reads them, brought to its own scale."""

from dataclasses import replace

from sirtdose.model.calibrator import calibrator_findings, require_calibrator_factor
from sirtdose.model.finding import Finding
from sirtdose.model.request import Given


def on_own_scale(given: Given, findings: list[Finding]) -> Given:
    """The same with every activity times the calibrator's factor.

    Raises
    ------
    RangeError
        No factor of a calibrator.
    """
    factor = given.calibrator_factor
    require_calibrator_factor(factor)
    findings += calibrator_findings(factor)

    def scaled(read_gbq: float | None) -> float | None:
        return None if read_gbq is None else read_gbq * factor

    return replace(
        given,
        administered_gbq=scaled(given.administered_gbq),
        assay_gbq=scaled(given.assay_gbq),
        residual_gbq=scaled(given.residual_gbq),
        injections=tuple(
            replace(
                one,
                administered_gbq=one.administered_gbq * factor,
                residual_gbq=scaled(one.residual_gbq),
            )
            for one in given.injections
        ),
    )
