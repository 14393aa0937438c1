"""How an activity image lies on a CT or MR, to be looked at before doses."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sirtdose.checks.candidates import candidate_findings
from sirtdose.dosimetry.grid.registration import Registration
from sirtdose.errors import InputError, SafetyStop
from sirtdose.io.archive import opened
from sirtdose.io.discover import discover, require_there
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.request import ImageRequest
from sirtdose.model.structure import given_roles, with_given_roles
from sirtdose.workflows.image.registration import registered
from sirtdose.workflows.image.scene import (
    activity_image,
    chosen,
    inputs_of,
    one_patient_findings,
)
from sirtdose.workflows.image.structures import read_drawn

Registered = tuple[Registration, tuple[Finding, ...], tuple[dict[str, Any], ...]]


def register_image(request: ImageRequest) -> Registered:
    """Register an activity image by the liver's outline, and say what was found.

    Nothing is asked of a person yet, who is to see it first. What nobody accepted as
    drawn is no outline to register by.

    Raises
    ------
    InputError
        Whatever cannot be used; SafetyStop where the registration is no good.
    """
    drawn_on = request.drawn_on
    if drawn_on is None:
        raise InputError(
            "a registration needs the image on which structures were drawn: give "
            "--drawn-on"
        )
    require_there(drawn_on, "--drawn-on")
    with opened(request.source) as source:
        request = replace(request, source=source)
        choice, said = chosen(request, [])
        said += one_patient_findings([choice.image, *discover(drawn_on)])
        drawn = read_drawn(choice, request)
        drawn = with_given_roles(drawn, given_roles(drawn, request.roles))
        said += candidate_findings(drawn)
        _require_no_stop(said)
        image = activity_image(choice)
        (_, found), own = registered(request, drawn, image=image, ct=None)
        inputs = inputs_of(choice, drawn_on)
    findings = (*said, *own)
    _require_no_stop(findings)
    # One was asked for, or it was refused above.
    assert found is not None
    return found, findings, inputs


def _require_no_stop(findings: Iterable[Finding]) -> None:
    stops = [one for one in findings if one.severity is Severity.STOP]
    if stops:
        raise SafetyStop("; ".join(f"{one.code} {one.message}" for one in stops))
