"""Options that several commands share."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from sirtdose.cli.words.option import NamedOption, Option, together
from sirtdose.cli.words.quantities import DEVICES, DOSE_CONSTANTS
from sirtdose.data.load import table
from sirtdose.model.units import (
    ACTIVITY,
    DENSITY,
    DOSE,
    DURATION,
    FRACTION,
    LENGTH,
    MASS,
)
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML, LUNG_MASS_KG

_Command = TypeVar("_Command", bound=Callable[..., Any])

device_option = Option("device", DEVICES, "Microspheres used.")
half_life_option = Option("half-life", DURATION, "Overrides the tabulated half-life.")
nuclide_options = together(
    Option(
        "nuclide",
        str,
        "Default: the nuclide file's, the device's, after treatment else the one that "
        "the image's header names, otherwise Y-90.",
        metavar="|".join((*table("nuclides"), "NAME")),
    ),
    Option(
        "nuclide-file",
        Path,
        "TOML or JSON with nuclides of your own, each with its sources; --nuclide "
        "chooses one of several.",
        metavar="FILE",
    ),
)
physics_options = together(
    device_option,
    nuclide_options,
    half_life_option,
    Option(
        "dose-constant",
        str,
        f"{', '.join(DOSE_CONSTANTS)}, one of the nuclide file's, or a value such as "
        "'49.67 Gy kg/GBq'.",
        metavar="NAME|VALUE",
    ),
)

density_option = Option(
    "density",
    DENSITY,
    "Density of the treated liver.",
    default=f"{LIVER_DENSITY_G_PER_ML:g}g/mL",
)

lung_shunt_option = Option(
    "lung-shunt",
    FRACTION,
    "Part of the activity that goes to the lungs, such as 4.2%.",
)
lung_mass_option = Option(
    "lung-mass", MASS, f"Mass of both lungs.  [default: {LUNG_MASS_KG:g}kg]"
)
lung_options = together(
    Option(
        "lung-shunt-source",
        ("planar", "spect", "unknown"),
        "What the lung shunt was measured on.",
        default="unknown",
    ),
    lung_mass_option,
    Option("prior-lung-dose", DOSE, "Lung dose of earlier treatments.", default="0Gy"),
)

# Unlike other lengths, it may be 0.
lung_margin_option = Option(
    "lung-margin",
    replace(LENGTH, allows_zero=True),
    "Lung nearer to the liver is left out of the measured shunt, such as 2cm; the mean "
    "of the rest stands for it.",
    default="0cm",
)

plan_option = Option("plan", Path, "A plan.json.", into="plan_file")
patient_key_option = Option(
    "patient-key", str, "Ties a plan to later results.", metavar="KEY", about="secret"
)

assay_options = together(
    Option("assay", ACTIVITY, "Activity when assayed; of resin, of the part drawn."),
    Option("assay-at", str, "When it was assayed.", metavar="TIME"),
)
timezone_option = Option(
    "timezone", str, "For times without an offset.", metavar="ZONE"
)
calibrator_factor_option = Option(
    "calibrator-factor",
    float,
    "True activity over what your dose calibrator reads.",
    default="1",
    metavar="FACTOR",
)

uncertainty_option = Option(
    "uncertainty",
    click.IntRange(20, 100_000),
    "Intervals of N realizations.",
    metavar="N",
)
budget_options = together(
    Option(
        "budget",
        Path,
        "TOML with your own standard uncertainties.",
        metavar="FILE",
    ),
    Option("seed", click.IntRange(min=0), "Seed of the realizations.  [default: 0]"),
)

acceptance_options = together(
    Option(
        "accept",
        str,
        "Go on past a check that asks; needs a --reason each.",
        many=True,
        metavar="CODE",
        about="person",
    ),
    Option(
        "reason",
        str,
        "Why it is accepted.",
        many=True,
        metavar="TEXT",
        about="person",
    ),
)

VERBOSE = "sirtdose.verbose"


def verbose_option(command: _Command) -> _Command:
    """Show notes and details too; kept for the whole run, no parameter."""

    def keep(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        context.meta[VERBOSE] = wanted

    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        cls=NamedOption,
        about="results",
        expose_value=False,
        callback=keep,
        help="Show all notes and details on the terminal.",
    )(command)


json_option = Option(
    "json",
    bool,
    "Print the result document on the standard output.",
    into="as_json",
    about="results",
)
force_option = Option(
    "force", bool, "Overwrite what is already there.", about="results"
)


def out_option(*, required: bool) -> Option:
    """Where results go."""
    return Option(
        "out",
        Path,
        "Folder for the results; made if need be.",
        metavar="DIR",
        required=required,
        about="results",
    )


medium_option = Option(
    "medium",
    ("soft-tissue", "water"),
    "Medium of the dose kernel; water for phantoms.  [default: soft-tissue]",
)
seed_option = Option(
    "seed", click.IntRange(min=0), "Seed of the image's noise.", default="1"
)
