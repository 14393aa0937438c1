"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from sirtdose.cli.words.quantities import DEVICES, DOSE_CONSTANTS, QuantityType
from sirtdose.data.load import table
from sirtdose.model.units import DENSITY, DOSE, DURATION, FRACTION, MASS
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML, LUNG_MASS_KG

_Command = TypeVar("_Command", bound=Callable[..., Any])


def together(*options: Callable[[Any], Any]) -> Callable[[_Command], _Command]:
    """Several options as one decorator, in their order."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


nuclide_options = together(
    click.option(
        "--nuclide",
        metavar="|".join((*table("nuclides"), "NAME")),
        help="Default: the nuclide file's, the device's, after treatment else the one "
        "that the image's header names, otherwise Y-90.",
    ),
    click.option(
        "--nuclide-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="TOML or JSON with nuclides of your own, each with its sources; --nuclide "
        "chooses one of several.",
    ),
)

physics_options = together(
    click.option(
        "--device",
        type=click.Choice(DEVICES, case_sensitive=False),
        help="Microspheres used.",
    ),
    nuclide_options,
    click.option(
        "--half-life", type=QuantityType(DURATION), help="Instead of the nuclide's own."
    ),
    click.option(
        "--dose-constant",
        metavar="NAME|VALUE",
        help=f"{', '.join(DOSE_CONSTANTS)}, one of the nuclide file's, or a value such "
        "as '49.67 Gy kg/GBq'.",
    ),
)

density_option = click.option(
    "--density",
    type=QuantityType(DENSITY),
    default=LIVER_DENSITY_G_PER_ML,
    show_default=f"{LIVER_DENSITY_G_PER_ML:g}g/mL",
    help="Of the treated liver.",
)

lung_options = together(
    click.option(
        "--lung-shunt-source",
        type=click.Choice(("planar", "spect", "unknown")),
        default="unknown",
        show_default=True,
        help="What the lung shunt was measured on.",
    ),
    click.option(
        "--lung-mass",
        type=QuantityType(MASS),
        help=f"Of both lungs.  [default: {LUNG_MASS_KG:g}kg]",
    ),
    click.option(
        "--prior-lung-dose",
        type=QuantityType(DOSE),
        default=0.0,
        show_default="0Gy",
        help="Lung dose of earlier treatments.",
    ),
)

acceptance_options = together(
    click.option(
        "--accept",
        "accept",
        multiple=True,
        metavar="CODE",
        help="Go on past a check that asks; needs a --reason each.",
    ),
    click.option("--reason", multiple=True, metavar="TEXT", help="Why it is accepted."),
)

json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the result document on the standard output.",
)

force_option = click.option(
    "--force", is_flag=True, help="Overwrite what is already there."
)


def out_option(*, required: bool) -> Callable[[_Command], _Command]:
    """Where results go."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="DIR",
        required=required,
        help="Folder for the results; made if need be.",
    )


medium_option = click.option(
    "--medium",
    type=click.Choice(("soft-tissue", "water")),
    help="Of the dose kernel; water for phantoms.  [default: soft-tissue]",
)

calibrator_factor_option = click.option(
    "--calibrator-factor",
    type=float,
    default=1.0,
    metavar="FACTOR",
    help="True activity over what your dose calibrator reads.  [default: 1]",
)

lung_shunt_option = click.option(
    "--lung-shunt",
    type=QuantityType(FRACTION),
    help="Part of the activity that goes to the lungs, such as 4.2%.",
)

seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of the image's noise.",
)
