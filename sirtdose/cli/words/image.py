"""What every command that reads an image and computes doses is asked."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import click

from sirtdose.cli.words.option import FileOrText, Option, together
from sirtdose.cli.words.options import by_option, density_option, medium_option
from sirtdose.cli.words.quantities import (
    LanguagesType,
    QuantityType,
    by_name,
    quantity,
    shift_of,
)
from sirtdose.cli.words.show import say_slower
from sirtdose.cli.words.typed import file_named, site_cameras, split_reader
from sirtdose.errors import InputError
from sirtdose.model.nuclide_words import nuclide_name
from sirtdose.model.reader import require_readers
from sirtdose.model.request import DoseRequest, ImageRequest
from sirtdose.model.role import GIVEN_ROLES, Role
from sirtdose.model.units import DENSITY, FRACTION, LENGTH

METHODS = ("local", "kernel", "collapsed-cone")
_REGISTRATIONS = ("rigid", "affine", "bspline", "liver")

languages_option = Option(
    "languages",
    LanguagesType(),
    "Languages in which names of structures are recognized, e.g. en,nl.  [default: "
    "all]",
    metavar="CODE,CODE",
)
role_options = together(
    Option(
        "role",
        str,
        "Role of a structure whose name is not recognized: "
        f"{', '.join(GIVEN_ROLES)}; may be repeated.",
        many=True,
        metavar="NAME=ROLE",
        into="roles",
    ),
    languages_option,
)
ct_option = Option("ct", Path, "CT to use, if the input holds several.")


def structures_option(*, required: bool, of_readers: bool = False) -> Option:
    """Files of structures, several if need be."""
    named = " For post, 'NAME=FILE' names the reader who drew it."
    return Option(
        "structures",
        Path,
        "Structures: RTSTRUCT, SEG, .seg.nrrd, mask or label image; may be repeated."
        + named * of_readers,
        many=True,
        required=required,
    )


probability_option = Option(
    "probability-threshold",
    FRACTION,
    "For a SEG of probabilities: voxels at or above this are inside, e.g. 50%.",
)
reading_options = together(
    Option("image", Path, "Activity image to use, if the input holds several."),
    Option(
        "gate",
        Path,
        "SPECT or PET of one respiratory gate, where each is an image of its own; give "
        "all gates, in their order.",
        many=True,
        into="gates",
    ),
    ct_option,
    structures_option(required=False, of_readers=True),
    probability_option,
    role_options,
)

registration_options = together(
    Option(
        "registration",
        FileOrText(*_REGISTRATIONS),
        "How structures are moved to the CT of this scan: by registering the CT or MR "
        "of --drawn-on, or by a file with a DICOM registration or an ITK transform. "
        "An ITK transform maps this image to the one drawn on. liver: without a CT of "
        "this scan, its image is registered by the outline of the liver.",
        metavar="rigid|affine|bspline|liver|FILE",
    ),
    Option(
        "drawn-on",
        Path,
        "CT or MR on which the structures were drawn; needed to register it. For liver "
        "also another camera's SPECT or PET.",
    ),
    Option(
        "image-shift",
        str,
        "Shifts the activity image relative to CT and contours, along x (patient's "
        "left), y (posterior) and z (head), e.g. -1.2mm,0mm,3mm.",
        metavar="X,Y,Z",
    ),
)

segmentation_options = together(
    Option(
        "segment-perfused",
        FRACTION,
        "Segment the perfused volume if none is drawn: threshold as a fraction of the "
        "image maximum, e.g. 15%. See it first with `sirtdose segment`.",
    ),
    Option(
        "segment-tumors",
        QuantityType(FRACTION, "adaptive"),
        "Segment tumors in liver or perfused volume if none are drawn: threshold as a "
        "fraction of the maximum there, e.g. 40%. adaptive: halfway between each "
        "tumor's maximum and its surroundings.",
        metavar="FRACTION|adaptive",
    ),
    by_option,
)

method_option = Option(
    "method",
    METHODS,
    "Dose method; may be repeated. local: the energy stays in its voxel. kernel: it "
    "spreads in one uniform medium. collapsed-cone: it spreads through the density of "
    "each voxel.  [default: local; with a density by voxel also collapsed-cone]",
    many=True,
    into="methods",
)
dose_options = together(
    method_option,
    medium_option,
    replace(
        density_option,
        kind=FileOrText("ct"),
        help="Density of the treated liver. ct: by voxel, from the CT. FILE: by "
        "voxel, from an image in g/mL.",
        metavar="VALUE|ct|FILE",
    ),
    Option(
        "density-curve",
        ("Schneider", "GEMINI"),
        "Curve from HU to density, for --density ct.  [default: Schneider]",
    ),
    Option(
        "density-in",
        str,
        "With --density ct or FILE: overrides the density of liver, tumors, lungs or "
        "a structure, e.g. liver=1.06g/mL; may be repeated.  [default with ct: the "
        "median in the liver and in each tumor, within 1.00 to 1.15 g/mL]",
        many=True,
        metavar="NAME=VALUE",
    ),
    Option(
        "dose-grid",
        QuantityType(LENGTH, "image", "ct"),
        "Voxels on which the dose is computed: those of the image, those of the CT, "
        "or cubes with this side, e.g. 2mm.",
        default="image",
        metavar="image|ct|SIDE",
    ),
)


def image_request(source: Path, options: Mapping[str, Any]) -> ImageRequest:
    """What is to be read, and where it lies."""
    structures, readers = structures_of(source, options["structures"])
    return ImageRequest(
        source,
        image=options["image"],
        gates=_gates(options),
        ct=options["ct"],
        structures=structures,
        readers=readers,
        probability_threshold=options["probability_threshold"],
        roles=roles_of(options["roles"]),
        languages=options["languages"] or (),
        header_nuclide_was=_nuclide(options.get("header_nuclide_was")),
        positron_fraction_was=options.get("positron_fraction_was"),
        dose_grid=options.get("dose_grid", "image"),
        segment_perfused=options.get("segment_perfused"),
        segment_tumors=options.get("segment_tumors"),
        image_shift_mm=shift_of(options.get("image_shift"), "--image-shift"),
        camera=options.get("camera"),
        cameras=site_cameras(),
        **_registration(options),
    )


def structures_of(
    source: Path, typed: tuple[Path, ...]
) -> tuple[tuple[Path, ...], dict[str, Path]]:
    """Files of structures that all share, and those of readers, by name."""
    shared, readers, names = [], {}, []
    for one in typed:
        name, path = split_reader(str(one), source)
        if name is None:
            shared.append(one)
        else:
            names.append(name)
            readers[name] = Path(path)
    try:
        require_readers(names)
    except InputError as error:
        raise click.BadParameter(str(error), param_hint="--structures") from None
    return tuple(shared), readers


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
        density_curve=options["density_curve"] or "Schneider",
        density_in=by_name(
            options["density_in"],
            "--density-in",
            "liver=1.06g/mL",
            lambda text: quantity(text, DENSITY, "--density-in"),
        ),
        **others,
    )
    if options["density_curve"] and request.density != "ct":
        raise click.UsageError("--density-curve is for --density ct: give both")
    if request.density_in and not request.density_by_voxel:
        raise click.UsageError(
            "--density-in is for --density ct or an image: give both, or --density "
            "1.06g/mL for one density everywhere"
        )
    if options["medium"] and request.used_methods == ("local",):
        raise click.UsageError(
            "--medium is for a dose kernel, which local deposition does not have: "
            "add --method kernel or collapsed-cone"
        )
    if "collapsed-cone" in request.used_methods:
        say_slower("collapsed-cone", "three times")
    return request


def _gates(options: Mapping[str, Any]) -> tuple[Path, ...]:
    gates = tuple(options.get("gates") or ())
    if gates and options["image"] is not None:
        raise click.UsageError("give --image, or --gate for each gate, not both")
    return gates


def _nuclide(text: str | None) -> str | None:
    """A nuclide as its table writes it, of `F18` or `18F`; others are refused later."""
    return text and (nuclide_name(text) or text)


def _registration(options: Mapping[str, Any]) -> dict[str, Any]:
    how, drawn_on = options.get("registration"), options.get("drawn_on")
    if how is None and drawn_on is not None:
        raise click.UsageError("--drawn-on is for --registration: give both")
    if how is None:
        return {}
    if how in _REGISTRATIONS:
        if drawn_on is None:
            raise click.UsageError(f"--registration {how} needs --drawn-on")
        return {"registration": how, "drawn_on": drawn_on}
    if not Path(how).suffix and not Path(how).exists():
        raise click.BadParameter(
            f"'{how}' is no file, nor one of {', '.join(_REGISTRATIONS)}",
            param_hint="--registration",
        )
    if drawn_on is not None:
        raise click.UsageError("a transform file needs no --drawn-on: leave it out")
    return {"registration": Path(how)}


def _density(text: str, source: Path) -> "float | Path | Literal['ct']":
    if text.strip().lower() == "ct":
        return "ct"
    here = file_named(text, (Path(), source))
    if here is not None and here.is_dir():
        raise click.BadParameter(
            f"'{text}' is a folder: give one image of densities in g/mL, or ct",
            param_hint="--density",
        )
    if here is not None:
        return here
    hint = "; or ct, or the path of an image in g/mL (there is no such file)"
    return quantity(text, DENSITY, "--density", hint)


def roles_of(texts: tuple[str, ...]) -> dict[str, Role]:
    """Roles by structure name, of options written NAME=ROLE."""
    like = f"NAME=ROLE with one of {', '.join(GIVEN_ROLES)}"

    def role(text: str) -> Role:
        if text.lower() in GIVEN_ROLES:
            return Role(text.lower())
        raise click.BadParameter(
            f"'{text}' is not a role: write {like}", param_hint="--role"
        )

    return by_name(texts, "--role", like, role)
