"""Activities as a dose calibrator reads them, brought to its own scale."""

from dataclasses import replace

from sirtdose.checks.vials import calibrator_findings
from sirtdose.model.calibrator import require_calibrator_factor
from sirtdose.model.finding import Finding
from sirtdose.workflows.post.request import PostRequest


def on_own_scale(request: PostRequest, findings: list[Finding]) -> PostRequest:
    """The same request with every activity times the calibrator's factor.

    Raises
    ------
    RangeError
        No factor of a calibrator.
    """
    factor = request.calibrator_factor
    require_calibrator_factor(factor)
    findings += calibrator_findings(factor)

    def scaled(read_gbq: float | None) -> float | None:
        return None if read_gbq is None else read_gbq * factor

    return replace(
        request,
        administered_gbq=scaled(request.administered_gbq),
        assay_gbq=scaled(request.assay_gbq),
        residual_gbq=scaled(request.residual_gbq),
        injections=tuple(
            replace(
                one,
                administered_gbq=one.administered_gbq * factor,
                residual_gbq=scaled(one.residual_gbq),
            )
            for one in request.injections
        ),
    )
