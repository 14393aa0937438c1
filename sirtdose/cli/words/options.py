"""Options that several commands share."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from sirtdose.cli.words.option import NamedOption, Option, together
from sirtdose.cli.words.quantities import DOSE_CONSTANTS, DeviceType
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

device_option = Option(
    "device",
    DeviceType(),
    "Microspheres: resin (SIR-Spheres), glass (TheraSphere), ho166 (QuiremSpheres).",
)
half_life_option = Option(
    "half-life",
    DURATION,
    "Half-life of the nuclide, e.g. 64.05h; overrides the tabulated one.",
)
nuclide_option = Option(
    "nuclide",
    str,
    "Nuclide to compute with.  [default: that of the nuclide file, the device or "
    "the image header, otherwise Y-90]",
    metavar="|".join((*table("nuclides"), "NAME")),
)
nuclide_file_option = Option(
    "nuclide-file",
    Path,
    "TOML or JSON file with your own nuclides and their sources; if it holds "
    "several, --nuclide selects one.",
    metavar="FILE",
)
nuclide_options = together(nuclide_option, nuclide_file_option)
physics_options = together(
    device_option,
    nuclide_options,
    half_life_option,
    Option(
        "dose-constant",
        str,
        "Dose constant: a value, e.g. '49.67 Gy kg/GBq', or the name of a tabulated "
        f"one: {', '.join(DOSE_CONSTANTS)}, or one of --nuclide-file.",
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
    "Lung shunt fraction: part of the injected activity that reaches the lungs, e.g. "
    "4.2%.",
)
lung_mass_option = Option(
    "lung-mass", MASS, f"Mass of both lungs.  [default: {LUNG_MASS_KG:g}kg]"
)
lung_shunt_source_option = Option(
    "lung-shunt-source",
    ("planar", "spect", "unknown"),
    "Image on which the lung shunt was measured.",
    default="unknown",
)
ct_lung_mass_option = replace(
    lung_mass_option,
    help=f"Mass of both lungs.  [default: from the CT, otherwise {LUNG_MASS_KG:g}kg]",
)
lung_options = together(
    lung_shunt_source_option,
    Option(
        "prior-lung-dose",
        DOSE,
        "Lung dose from earlier treatments; added to the cumulative lung dose.",
        default="0Gy",
    ),
)

# Unlike other lengths, it may be 0.
lung_margin_option = Option(
    "lung-margin",
    replace(LENGTH, allows_zero=True),
    "Excludes lung closer to the liver than this from the measured shunt, e.g. 2cm; "
    "the mean of the other lung replaces it.",
    default="0cm",
)

plan_option = Option("plan", Path, "Plan file, plan.json.", into="plan_file")
patient_key_option = Option(
    "patient-key",
    str,
    "Your own key for the patient; `sirtdose post` compares it with the plan's.",
    metavar="KEY",
    about="secret",
)

match_option = Option(
    "match",
    str,
    "Says that a lesion of the plan has another name here, e.g. 'Tumor 1=Lesion A'; "
    "may be repeated.",
    many=True,
    metavar="LESION=NAME",
)

assay_options = together(
    Option(
        "assay",
        ACTIVITY,
        "Activity measured in the dose calibrator; for resin, that of the part drawn "
        "from the vial.",
    ),
    Option(
        "assay-at",
        str,
        "Time of the assay, e.g. 2026-03-01T08:00+01:00.",
        metavar="TIME",
    ),
)
timezone_option = Option(
    "timezone",
    str,
    "Time zone of times written without an offset, e.g. Europe/Brussels.",
    metavar="ZONE",
)
residual_method_option = Option(
    "residual-method",
    ("calibrator", "survey-meter", "pet"),
    "How the residual was measured; it sets the residual's uncertainty. Survey meters "
    "are known to disagree with dose calibrators and PET.",
)

calibrator_factor_option = Option(
    "calibrator-factor",
    float,
    "True activity divided by the reading of your dose calibrator.",
    default="1",
    metavar="FACTOR",
)

uncertainty_option = Option(
    "uncertainty",
    click.IntRange(20, 100_000),
    "Number of realizations from which intervals are computed, e.g. 200.",
    metavar="N",
)
budget_options = together(
    Option(
        "budget",
        Path,
        "TOML file with your own standard uncertainties.",
        metavar="FILE",
    ),
    Option(
        "seed",
        click.IntRange(min=0),
        "Random seed of the uncertainty realizations.  [default: 0]",
    ),
)

acceptance_options = together(
    Option(
        "accept",
        str,
        "Code of a check that asks, e.g. H22: continue although it asks. Each needs "
        "its own --reason.",
        many=True,
        metavar="CODE",
        about="person",
    ),
    Option(
        "reason",
        str,
        "Why the check is accepted: one for each --accept, in the same order.",
        many=True,
        metavar="TEXT",
        about="person",
    ),
)

by_option = Option(
    "by",
    str,
    "Name of the person who accepts, kept with each --accept. What sirtdose segmented "
    "(H35) is accepted by name only.",
    metavar="NAME",
    about="person",
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
    "Print the result document as JSON to standard output.",
    into="as_json",
    about="results",
)
force_option = Option("force", bool, "Overwrite existing results.", about="results")


def out_option(*, required: bool) -> Option:
    """Where results go."""
    return Option(
        "out",
        Path,
        "Folder for the results; created if it does not exist.",
        metavar="DIR",
        required=required,
        about="results",
    )


medium_option = Option(
    "medium",
    ("soft-tissue", "water"),
    "Medium of the dose kernel; use water for phantoms.  [default: soft-tissue]",
)
seed_option = Option(
    "seed", click.IntRange(min=0), "Random seed of the image noise.", default="1"
)
