"""Messages to callers from Python: of arguments, not of options."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from sirtdose.errors import SirtdoseError

# Options whose argument is not their own name with underscores.
ARGUMENTS = {
    "accept": "acceptances",
    "administered": "administered_gbq",
    "assay": "assay_gbq",
    "bilirubin": "bilirubin_mg_per_dl",
    "camera-limit": "camera_limit_gbq",
    "catheter": "same_catheter",
    "covariate": "covariates",
    "deidentify": "site_key",
    "dose-constant": "nuclide",
    "dose-cutoff": "cutoff_fraction",
    "gamma": "criteria",
    "half-life": "nuclide",
    "height": "height_cm",
    "injected": "injected_mbq",
    "injection": "injections",
    "limit": "limit_table",
    "limits": "limits_gy",
    "liver-volume": "liver_volume_ml",
    "lung-margin": "margin_mm",
    "lung-mass": "lung_mass_kg",
    "lung-shunt": "lung_shunt_fraction",
    "match": "matches",
    "method": "methods",
    "metric": "metrics",
    "nuclide-file": "nuclide",
    "perfused-volume": "perfused_volume_ml",
    "prior-liver-dose": "prior_liver_dose_gy",
    "prior-lung-dose": "prior_lung_dose_gy",
    "psf": "psf_mm",
    "psf-tail": "psf_tail",
    "residual": "residual_gbq",
    "role": "roles",
    "scout-activity": "scout_activity_gbq",
    "scan-duration": "scan_duration_h",
    "shunt-reduction": "reductions",
    "threshold": "threshold_gy",
    "tlsf": "tumor_lung_shunt_fraction",
    "tolerance": "tolerances",
    "treated-volume": "treated_volume_ml",
    "tumor": "tumors",
    "tumor-volume": "tumor_volume_ml",
    "weight": "weight_kg",
}
_ACCEPT = re.compile(
    r"--accept (\"?)(H\d\d)(?::([^\"]*))?\1 --reason '\.\.\.'( --by NAME)?"
)
_PERCENT = re.compile(r"(--[a-z][a-z-]*[a-z]) (\d+(?:\.\d+)?)%")
# What is typed in a terminal, in backticks.
_COMMAND = re.compile(r"(`sirtdose [^`]*`)")
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*[a-z])(?![\w-])")


def in_arguments(message: str) -> str:
    """A message with the arguments of Python for the options of the command line.

    A command in backticks stays as it is typed.

    Examples
    --------
    >>> in_arguments("give --lung-shunt 5%, and --density ct")
    'give lung_shunt_fraction = 0.05, and density ct'
    >>> in_arguments("To go on: --accept H13 --reason '...'")
    "To go on: acceptances=[Acceptance('H13', '...')]"
    """
    return "".join(
        part if part.startswith("`") else _said(part)
        for part in _COMMAND.split(message)
    )


def _said(part: str) -> str:
    part = _PERCENT.sub(
        lambda found: f"{found[1]} = {float(found[2]) / 100:g}",
        _ACCEPT.sub(_acceptance, part),
    )
    return _OPTION.sub(
        lambda found: ARGUMENTS.get(found[1], found[1].replace("-", "_")), part
    )


def _acceptance(found: re.Match[str]) -> str:
    subject = f", {found[3]!r}" if found[3] else ""
    by = ", by='NAME'" * bool(found[4])
    return f"acceptances=[Acceptance('{found[2]}', '...'{subject}{by})]"


def for_python(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A function whose errors speak of arguments; pickled by its public name."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except SirtdoseError as error:
            error.args = (in_arguments(str(error)),)
            raise

    call.__module__, call.__qualname__ = "sirtdose", name
    return call
