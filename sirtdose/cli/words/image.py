"""What every command that reads an image and computes doses is asked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import click

from sirtdose.cli.words.options import medium_option, together
from sirtdose.cli.words.quantities import QuantityType
from sirtdose.errors import QuantityError
from sirtdose.model.request import DoseRequest, ImageRequest
from sirtdose.model.role import GIVEN_ROLES, Role
from sirtdose.model.units import DENSITY, FRACTION, LENGTH
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML

_PATH = click.Path(path_type=Path)
_METHODS = ("local", "kernel", "collapsed-cone")
_CURVES = ("TOPAS_Schneider", "GEMINI")

role_option = click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="NAME=ROLE",
    help=f"Where a name does not tell: {', '.join(GIVEN_ROLES)}.",
)


def structures_option(*, required: bool) -> Callable[[Any], Any]:
    """Files of structures, several if need be."""
    return click.option(
        "--structures",
        type=_PATH,
        multiple=True,
        required=required,
        help="RTSTRUCT, SEG, .seg.nrrd, or a mask or label image; may be repeated.",
    )


reading_options = together(
    click.option(
        "--image", type=_PATH, help="The activity image, if there are several."
    ),
    click.option("--ct", type=_PATH, help="The CT, if there are several."),
    structures_option(required=False),
    click.option(
        "--probability-threshold",
        type=QuantityType(FRACTION),
        help="For a SEG of probabilities: inside from here on, such as 50%.",
    ),
    role_option,
)

registration_options = together(
    click.option(
        "--registration",
        metavar="rigid|affine|bspline|FILE",
        help="Brings structures from the image they were drawn on to the CT of this "
        "scan; or by a DICOM registration, or an ITK transform (image to drawn on).",
    ),
    click.option(
        "--drawn-on",
        type=_PATH,
        help="The CT or MR that structures were drawn on.",
    ),
)

segmentation_options = together(
    click.option(
        "--segment-liver",
        type=QuantityType(FRACTION),
        help="Delineate the liver where none is drawn: above so much of the image's "
        "most, such as 15%.",
    ),
    click.option(
        "--segment-tumors",
        metavar="PART|adaptive",
        help="Delineate tumors in the liver where none are drawn: above so much of its "
        "most, such as 40%, or half-way between two means.",
    ),
)

dose_options = together(
    click.option(
        "--method",
        "methods",
        type=click.Choice(_METHODS),
        multiple=True,
        help="local: all energy stays in its voxel. kernel: spread in one medium. "
        "collapsed-cone: spread through each voxel's own density. May be repeated.  "
        "[default: local; with a density by voxel also collapsed-cone]",
    ),
    medium_option,
    click.option(
        "--density",
        metavar="VALUE|ct|FILE",
        default=f"{LIVER_DENSITY_G_PER_ML:g}g/mL",
        show_default=True,
        help="Of the treated liver, or by voxel: from the CT, or an image in g/mL.",
    ),
    click.option(
        "--density-curve",
        type=click.Choice(_CURVES),
        help="HU to density, for --density ct.  [default: TOPAS_Schneider]",
    ),
    click.option(
        "--dose-grid",
        metavar="image|ct|SIDE",
        default="image",
        show_default=True,
        help="Voxels to compute the dose on: the image's, the CT's, or cubes such as "
        "2mm.",
    ),
)


def image_request(source: Path, options: Mapping[str, Any]) -> ImageRequest:
    """What is to be read, and where it lies."""
    return ImageRequest(
        source,
        image=options["image"],
        ct=options["ct"],
        structures=options["structures"],
        probability_threshold=options["probability_threshold"],
        roles=roles_of(options["roles"]),
        header_nuclide_was=options.get("header_nuclide_was"),
        positron_fraction_was=options.get("positron_fraction_was"),
        dose_grid=_dose_grid(options.get("dose_grid", "image")),
        **_segmentation(options),
        **_registration(options),
    )


def _segmentation(options: Mapping[str, Any]) -> dict[str, Any]:
    tumors = options.get("segment_tumors")
    if tumors is not None and tumors.strip().lower() != "adaptive":
        try:
            tumors = FRACTION.parse(tumors)
        except QuantityError as error:
            raise click.BadParameter(
                f"{error}; or adaptive", param_hint="--segment-tumors"
            ) from None
    elif tumors is not None:
        tumors = "adaptive"
    return {"segment_liver": options.get("segment_liver"), "segment_tumors": tumors}


def dose_request(
    source: Path, options: Mapping[str, Any], **others: Any
) -> DoseRequest:
    """How doses are computed; `others` are fields beside those of every command.

    Raises
    ------
    click.UsageError
        An option that would change nothing was meant to change something.
    """
    request = DoseRequest(
        methods=tuple(dict.fromkeys(options["methods"])),
        medium=options["medium"] or "soft-tissue",
        density=_density(options["density"], source),
        density_curve=options["density_curve"] or "TOPAS_Schneider",
        **others,
    )
    if options["density_curve"] and request.density != "ct":
        raise click.UsageError("--density-curve is for --density ct: give both")
    if options["medium"] and request.used_methods == ("local",):
        raise click.UsageError(
            "--medium is of a kernel, and local deposition has none: add --method "
            "kernel or collapsed-cone"
        )
    return request


def _registration(options: Mapping[str, Any]) -> dict[str, Any]:
    how, drawn_on = options.get("registration"), options.get("drawn_on")
    if how is None and drawn_on is not None:
        raise click.UsageError("--drawn-on is for a --registration: give both")
    if how is None:
        return {}
    if how in ("rigid", "affine", "bspline"):
        if drawn_on is None:
            raise click.UsageError(f"--registration {how} needs --drawn-on")
        return {"registration": how, "drawn_on": drawn_on}
    if drawn_on is not None:
        raise click.UsageError("a transform file needs no --drawn-on: leave it out")
    return {"registration": Path(how)}


def _density(text: str, source: Path) -> "float | Path | Literal['ct']":
    if text.strip().lower() == "ct":
        return "ct"
    for path in (Path(text), source / text):
        try:
            is_file, is_folder = path.is_file(), path.is_dir()
        except OSError:
            continue
        if is_file:
            return path
        if is_folder:
            raise click.BadParameter(
                f"'{text}' is a folder: give one image of densities in g/mL, or ct",
                param_hint="--density",
            )
    try:
        return DENSITY.parse(text)
    except QuantityError as error:
        raise click.BadParameter(
            f"{error}; or ct, or the path of an image in g/mL (there is no such file)",
            param_hint="--density",
        ) from None


def _dose_grid(text: str) -> "float | Literal['image', 'ct']":
    word = text.strip().lower()
    if word == "image":
        return "image"
    if word == "ct":
        return "ct"
    try:
        return LENGTH.parse(text)
    except QuantityError as error:
        raise click.BadParameter(
            f"{error}; or image or ct", param_hint="--dose-grid"
        ) from None


def roles_of(texts: tuple[str, ...]) -> dict[str, Role]:
    """Roles by structure name, of options written NAME=ROLE."""
    roles = {}
    for text in texts:
        name, equals, role = text.rpartition("=")
        if not equals or role not in GIVEN_ROLES:
            raise click.BadParameter(
                f"'{text}': write NAME=ROLE with one of {', '.join(GIVEN_ROLES)}",
                param_hint="--role",
            )
        roles[name] = Role(role)
    return roles
