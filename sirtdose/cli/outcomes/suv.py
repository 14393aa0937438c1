"""`sirtdose suv`: uptake of a PET, measured by lesion."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import (
    ct_option,
    probability_option,
    role_options,
    roles_of,
    structures_of,
    structures_option,
)
from sirtdose.cli.words.option import Option, together
from sirtdose.cli.words.options import (
    acceptance_options,
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import acceptances_of
from sirtdose.cli.words.show import show_document
from sirtdose.io.output.folder import require_free
from sirtdose.model.units import ACTIVITY, BODY_HEIGHT, BODY_MASS

if TYPE_CHECKING:
    from sirtdose.workflows.suv.request import SuvRequest

_FILES = ("suv.json", "lesions.csv", "uptake.csv", "suv.html")
_TYPES = ("BW", "LBMJAMES128", "LBMJANMA", "IBW", "BSA")
_patient = together(
    Option("weight", BODY_MASS, "Weight of the patient, if the header's is wrong."),
    Option("height", BODY_HEIGHT, "Height of the patient, if the header's is wrong."),
    Option("sex", ("M", "F", "O"), "Sex, for lean body mass; O is the mean of both."),
    Option(
        "injected",
        ACTIVITY,
        "Injected activity at --injected-at, if the header's is wrong, e.g. 310MBq.",
    ),
    Option(
        "injected-at",
        str,
        "Time of injection, e.g. 2026-03-01T09:12; on the scanner's clock if it has no "
        "offset.",
        metavar="TIME",
    ),
    Option(
        "scan-at",
        str,
        "Time to which the PET is decay-corrected, if the header's is wrong.",
        metavar="TIME",
    ),
    Option(
        "suv-type",
        _TYPES,
        "What a PET stored as SUV is normalized to, if its header does not say.",
    ),
    Option(
        "ibsi",
        bool,
        "Assume what the IBSI manual assumes where a header leaves something open.",
    ),
)
_judged = together(
    Option(
        "lean-mass",
        ("janmahasatian", "james"),
        "Formula of lean body mass for SUL.",
        default="janmahasatian",
    ),
    Option(
        "liver-reference",
        str,
        "Structure drawn in normal liver.  [default: a sphere of 3 cm, placed in the "
        "right half of the liver, away from lesions and treated volume]",
        metavar="NAME",
    ),
    Option(
        "blood-pool",
        str,
        "Structure drawn in blood.  [default: the only one with aorta or blood pool in "
        "its name]",
        metavar="NAME",
    ),
    Option(
        "percist",
        ("2009", "2016"),
        "Rule for the blood pool: 2009 is 2 x mean + 2 SD, 2016 is 2 x mean.",
        default="2009",
    ),
    Option(
        "case-label",
        str,
        "Your label of the patient, which --out needs: case_id in the tables.",
        metavar="TEXT",
    ),
    Option(
        "deidentify",
        bool,
        "Leave out dates, names of files and their hashes, and which scanner it was.",
    ),
)


@command("suv")
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER")
@Option("image", Path, "PET to use, if the folder holds several.")
@ct_option
@structures_option(required=False)
@probability_option
@role_options
@_patient
@_judged
@acceptance_options
@out_option(required=False)
@force_option
@verbose_option
@json_option
def suv_command(
    *, out: Path | None, force: bool, as_json: bool, **options: Any
) -> None:
    """Standardized uptake values of a PET, by lesion, with their reference tissue.

    FOLDER is searched for the PET series, its CT and structures. Lesions are the
    structures that are tumors. Missing weight, height, activity or times are asked.

    Writes suv.json, suv.html, lesions.csv, and uptake.csv for `sirtdose response`.

    Example: sirtdose suv baseline/ --structures lesions.dcm --case-label p1 --out suv

    Example: sirtdose suv followup/ --weight 68kg --lean-mass james --case-label p1
    --out june
    """
    from sirtdose.report.documents import document_text, rounded
    from sirtdose.report.suv.document import SUV_FILE, suv_document
    from sirtdose.report.suv.lines import (
        lesions_csv,
        no_uptake_csv,
        suv_screen,
        uptake_csv,
    )
    from sirtdose.report.suv.page import suv_page
    from sirtdose.workflows.suv.run import measure_uptake

    request = _request(options)
    if out is not None:
        _require_label(request.case_label)
        require_free(out, _FILES, force=force)
    found = measure_uptake(request)
    document = rounded(suv_document(found))
    screen, pages = suv_screen(document), {}
    if out is not None:
        missing = no_uptake_csv(document)
        screen = replace(screen, last=[missing] if missing else ())
        pages = {"lesions.csv": lesions_csv(document)}
        pages |= {} if missing else {"uptake.csv": uptake_csv(document)}
        pages["suv.html"] = suv_page(document_text(document), found)
    show_document(
        document,
        screen,
        name=SUV_FILE,
        out=out,
        force=force,
        as_json=as_json,
        pages=pages,
    )


def _require_label(label: str | None) -> None:
    if not (label or "").strip():
        raise click.UsageError(
            "give --case-label, your own label of the patient: it is the case_id of "
            "lesions.csv and uptake.csv, by which `sirtdose response` joins scans"
        )


def _request(options: dict[str, Any]) -> "SuvRequest":
    from sirtdose.model.body_size import Body
    from sirtdose.model.request import ImageRequest
    from sirtdose.model.uptake import UptakeGiven
    from sirtdose.workflows.suv.request import SuvRequest

    injected_gbq, height_mm = options["injected"], options["height"]
    structures, readers = structures_of(options["source"], options["structures"])
    if readers:
        raise click.BadParameter(
            "uptake is measured in the contours of one reader: give that file without "
            "the reader's name",
            param_hint="--structures",
        )
    return SuvRequest(
        image=ImageRequest(
            options["source"],
            image=options["image"],
            ct=options["ct"],
            structures=structures,
            probability_threshold=options["probability_threshold"],
            roles=roles_of(options["roles"]),
            languages=options["languages"] or (),
        ),
        given=UptakeGiven(
            body=Body(
                options["weight"],
                None if height_mm is None else height_mm / 10,
                options["sex"],
            ),
            injected_mbq=None if injected_gbq is None else 1e3 * injected_gbq,
            injected_at=_clock(options["injected_at"], "--injected-at"),
            scan_at=_clock(options["scan_at"], "--scan-at"),
            suv_type=options["suv_type"],
            ibsi=options["ibsi"],
        ),
        lean_mass=options["lean_mass"],
        percist=options["percist"],
        liver_reference=options["liver_reference"],
        blood_pool=options["blood_pool"],
        case_label=options["case_label"],
        deidentify=options["deidentify"],
        acceptances=acceptances_of(options),
    )


def _clock(text: str | None, option: str) -> datetime | None:
    """A time as the scanner's clock shows it, or with an offset."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or len(text.strip()) <= len("2026-03-01"):
        raise click.BadParameter(
            f"'{text}' is not a time of a day: write it like 2026-03-01T09:12",
            param_hint=option,
        )
    return found
