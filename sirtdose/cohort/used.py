"""Options of a cohort that would change nothing."""

from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.errors import InputError

_TIMES = "--time, or --from and --to"


def require_used(request: CohortRequest, levels: dict[str, Level]) -> None:
    """Refuse what was given and would change nothing, or contradicts itself.

    Raises
    ------
    InputError
        Says which option, and what it needs.
    """
    for option, (given, used, what) in _needs(request, levels).items():
        if given and not used:
            raise InputError(
                f"{option} has no effect without {what}: give both, or leave it out"
            )
    for option, columns in (
        ("--by", request.by),
        ("--covariate", request.covariates),
    ):
        both = [one for one in request.strata if one in columns]
        if both:
            raise InputError(
                f"--stratum {both[0]} is given for {option} too: within its strata it "
                "is the same for all, so leave out one of the two"
            )


def require_shared_use(request: CohortRequest) -> None:
    """Refuse what a shared file cannot hold: curves, groups and made-up patients.

    Raises
    ------
    InputError
        Says which option to leave out.
    """
    given = {
        "--by": bool(request.by),
        "--landmark": request.landmark > 0,
        "--describe": bool(request.describe),
        "--interval": request.interval != "log-log",
        "--threshold": request.threshold_gy is not None,
        "--lesion-dose": request.lesion_dose is not None,
        "--simulated": request.simulated,
        "--ties": request.ties != "efron" and not request.timed,
    }
    useless = [option for option, is_given in given.items() if is_given]
    if useless:
        raise InputError(
            f"{useless[0]} has no effect on what is shared, which is logistic and Cox "
            "models of patients: leave it out"
        )


def _needs(
    request: CohortRequest, levels: dict[str, Level]
) -> dict[str, tuple[bool, bool, str]]:
    """Of each option: whether it is given, whether it is used, and what it needs."""
    timed, dosed = request.timed, request.threshold_gy is not None
    is_compared = bool(request.by or request.covariates or request.response or dosed)
    by_patient = "patient" in levels
    return {
        "--event": (request.event is not None, timed, _TIMES),
        "--by": (bool(request.by), timed, _TIMES),
        "--landmark": (request.landmark > 0, timed, _TIMES),
        "--stratum": (
            bool(request.strata),
            timed and is_compared,
            f"{_TIMES}, and --by or --covariate",
        ),
        "--describe": (bool(request.describe), by_patient, "a table by case"),
        "--liver-dose": (
            request.liver_dose is not None,
            bool(request.toxicity),
            "--toxicity",
        ),
        "--lesion-dose": (
            request.lesion_dose is not None,
            "lesion" in levels and request.response is not None,
            "--response and outcomes by lesion",
        ),
        "--threshold": (
            dosed,
            request.response is not None or timed,
            "--response or --time",
        ),
        "--dose": (
            request.dose is not None,
            by_patient and (request.response is not None or (timed and dosed)),
            "--response by case, or --time with --threshold",
        ),
    }
