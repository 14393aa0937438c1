"""`sirtdose lesions`: the lesions of one patient through time."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import roles_of
from sirtdose.cli.words.option import Option, together
from sirtdose.cli.words.options import (
    acceptance_options,
    by_option,
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import acceptances_of, named_value
from sirtdose.cli.words.show import show_document
from sirtdose.cli.words.typed import split_reader
from sirtdose.io.output.folder import require_free

if TYPE_CHECKING:
    from sirtdose.workflows.lesions.request import LesionsRequest

_CRITERIA = ("recist-1.1", "mrecist", "percist")
_FILES = ("lesions.json", "lesions.csv", "lesions.html")
_inputs = together(
    Option(
        "follow-up",
        str,
        "Structures of a later scan, RTSTRUCT, SEG, mask or label image, with its date "
        "if the file states none, e.g. 2026-06-01=liver.nii.gz; may be repeated.",
        many=True,
        metavar="[DATE=]FILE",
        into="follow_ups",
    ),
    Option(
        "measurements",
        str,
        "Table of lesions as `sirtdose response` reads it, with its criteria: "
        f"{', '.join(_CRITERIA)}; e.g. recist-1.1=diameters.csv; may be repeated.",
        many=True,
        metavar="CRITERIA=TABLE.csv",
    ),
    Option(
        "case-label",
        str,
        "Your label of the patient: case_id in lesions.csv, and in the tables of "
        "--measurements.  [default: the only case of these tables]",
        metavar="TEXT",
    ),
    Option(
        "match",
        str,
        "Says that a lesion has another name elsewhere, e.g. 'Tumor 1=Lesion A', or "
        "only at one visit, e.g. 'Tumor 1=follow-up 2:Lesion A'; may be repeated.",
        many=True,
        metavar="LESION=NAME",
    ),
    Option(
        "new",
        str,
        "Says that a lesion is none of those before, e.g. 'follow-up 2:Lesion C'; may "
        "be repeated.",
        many=True,
        metavar="NAME",
    ),
)
_places = together(
    Option(
        "structures",
        str,
        "Structures that a plan or treatment was made from, if its folder has none, "
        "e.g. plan=structures.dcm, to compare lesions by place; may be repeated.",
        many=True,
        metavar="VISIT=FILE",
    ),
    Option(
        "registration",
        str,
        "How a visit in another frame of reference is brought to the first one with "
        "contours, e.g. 'follow-up 1=reg.dcm': a DICOM registration, or an ITK "
        "transform from the first visit to this one; may be repeated.",
        many=True,
        metavar="VISIT=FILE",
    ),
    Option(
        "role",
        str,
        "Role of a structure of a follow-up whose name is not recognized, e.g. "
        "'A=tumor'; may be repeated.",
        many=True,
        metavar="NAME=ROLE",
    ),
    Option(
        "deidentify",
        bool,
        "Leave out dates, names of files and their hashes; days since treatment stay.",
    ),
)


@command("lesions")
@click.argument(
    "results",
    type=click.Path(path_type=Path),
    nargs=-1,
    required=True,
    metavar="[PLAN_DIR] POST_DIR...",
)
@_inputs
@_places
@acceptance_options
@by_option
@out_option(required=False)
@force_option
@verbose_option
@json_option
def lesions_command(
    *, out: Path | None, force: bool, as_json: bool, **options: Any
) -> None:
    """Follow the lesions of one patient over plan, treatments and follow-ups.

    PLAN_DIR and POST_DIR are the --out folders of `sirtdose plan` and `sirtdose post`,
    in the order of time. A lesion keeps one name: it is matched by name, else by
    overlap or place where images share a frame of reference. Doubtful matches are
    asked; --match and --new answer.

    Writes lesions.json, lesions.csv for `sirtdose cohort`, and lesions.html.

    Example: sirtdose lesions plan/ doses/ --follow-up 2026-06-01=june.nii.gz
    --case-label p1 --out lesions

    Example: sirtdose lesions plan/ doses/ second/ --follow-up june.dcm --follow-up
    september.dcm --measurements mrecist=diameters.csv --match "Tumor 1=Lesion A" --out
    lesions
    """
    from sirtdose.report.lesions.document import LESIONS_FILE, lesions_document
    from sirtdose.report.lesions.lines import lesions_screen
    from sirtdose.report.lesions.page import history_pages
    from sirtdose.workflows.lesions.run import follow_lesions

    request = lesions_request(options)
    if out is not None:
        require_free(out, _FILES, force=force)
    document = lesions_document(follow_lesions(request))
    show_document(
        document,
        lesions_screen(document),
        name=LESIONS_FILE,
        out=out,
        force=force,
        as_json=as_json,
        pages={} if out is None else history_pages(document),
    )


def lesions_request(options: Mapping[str, Any]) -> "LesionsRequest":
    """What was asked, of the command's parameters."""
    from sirtdose.workflows.lesions.request import LesionsRequest

    return LesionsRequest(
        results=options["results"],
        follow_ups=tuple(_dated(one) for one in options["follow_ups"]),
        measurements={
            _criteria(name): path
            for name, path in _files(
                options["measurements"], "--measurements", "recist-1.1=diameters.csv"
            ).items()
        },
        structures=_files(options["structures"], "--structures", "plan=structures.dcm"),
        registrations=_files(
            options["registration"], "--registration", "'follow-up 1=reg.dcm'"
        ),
        match=tuple(_pair(one) for one in options["match"]),
        new=options["new"],
        roles=roles_of(options["role"]),
        case_label=options["case_label"],
        deidentify=options["deidentify"],
        acceptances=acceptances_of(options),
    )


def _files(texts: tuple[str, ...], option: str, example: str) -> dict[str, Path]:
    """Files by what stands before the first equals sign."""
    found: dict[str, Path] = {}
    for text in texts:
        name, path = split_reader(text)
        if not (name and path):
            raise click.BadParameter(
                f"'{text}': write it like {example}", param_hint=option
            )
        if name in found:
            raise click.BadParameter(
                f"'{name}' is given twice: give it once", param_hint=option
            )
        found[name] = Path(path)
    return found


def _dated(text: str) -> tuple[date | None, Path]:
    day, equals, path = text.partition("=")
    if not equals or Path(text).exists():
        return None, Path(text)
    try:
        return date.fromisoformat(day.strip()), Path(path.strip())
    except ValueError:
        raise click.BadParameter(
            f"'{day.strip()}' is not a date: write it like 2026-06-01={path.strip()}",
            param_hint="--follow-up",
        ) from None


def _criteria(text: str) -> str:
    name = text.casefold()
    if name not in _CRITERIA:
        raise click.BadParameter(
            f"'{text}' is not one of {', '.join(_CRITERIA)}",
            param_hint="--measurements",
        )
    return name


def _pair(text: str) -> tuple[str, str]:
    return named_value(text, "--match", "'Tumor 1=Lesion A'")
