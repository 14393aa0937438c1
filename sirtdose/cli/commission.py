"""`sirtdose commission`: a camera's file from scans of a phantom."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import ct_option
from sirtdose.cli.words.option import FileOrText, Option
from sirtdose.cli.words.options import (
    acceptance_options,
    device_option,
    force_option,
    half_life_option,
    json_option,
    nuclide_file_option,
    nuclide_option,
    out_option,
    timezone_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import (
    DaysType,
    acceptances_of,
    by_name,
    emitter_of,
    moment,
    quantity,
)
from sirtdose.cli.words.show import show_document
from sirtdose.io.output.folder import require_free
from sirtdose.model.nuclide_words import nuclide_name
from sirtdose.model.units import ACTIVITY, DURATION, FRACTION

if TYPE_CHECKING:
    from sirtdose.workflows.commission.request import CommissionRequest, Poured

_PATH = click.Path(path_type=Path)
_MBQ_PER_GBQ = 1000


def _list_phantoms(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the phantoms that are shipped, and end."""
    if not wanted:
        return
    from sirtdose.io.tables.phantom import read_phantom, shipped_phantoms

    for name, path in shipped_phantoms().items():
        one = read_phantom(path)
        click.echo(f"{name}: {one.title}")
        for fill in one.fills:
            known = "" if fill.known else ", activity not known: fitted only"
            click.echo(f"    {fill.name}: {fill.volume_ml:.5g} mL{known}")
        click.echo(f"    source: {one.source}")
    context.exit()


@command("commission")
@click.argument("scans", type=_PATH, metavar="SCANS...", nargs=-1, required=True)
@Option(
    "phantom",
    FileOrText(),
    "Phantom that was scanned: nema-iec, jaszczak, cylinder, sphere, vial, point, "
    "line, or a TOML file of your own shapes.",
    metavar="NAME|FILE",
    required=True,
)
@Option(
    "activity", ACTIVITY, "Activity in the whole phantom at the time --at, e.g. 1.2GBq."
)
@Option(
    "ratio",
    float,
    "Concentration in the spheres over that in the background, e.g. 8.",
    metavar="NUMBER",
)
@Option(
    "fill",
    str,
    "Activity of one fill at --at, e.g. spheres=20MBq; replaces --activity and "
    "--ratio. Fills that are not named are cold. May be repeated.",
    many=True,
    metavar="NAME=ACTIVITY",
    into="fills",
)
@Option(
    "activity-uncertainty",
    FRACTION,
    "Standard uncertainty of the poured activity, e.g. 2%; becomes part of the "
    "factor's.",
)
@Option(
    "at",
    str,
    "Time at which the activity was measured, e.g. 2026-03-01T08:00+01:00.",
    metavar="TIME",
    required=True,
)
@timezone_option
@replace(device_option, help="Microspheres whose nuclide is in the phantom.")
@replace(
    nuclide_option,
    help="Nuclide in the phantom: one of microspheres, Tc-99m for scouts, or a PET "
    "nuclide such as F-18.  [default: that of the nuclide file or the device, "
    "otherwise Y-90]",
    metavar="Y-90|Tc-99m|NAME",
)
@nuclide_file_option
@half_life_option
@Option(
    "name",
    str,
    "Name of the camera in its file.  [default: manufacturer and model of the header]",
    metavar="TEXT",
)
@Option(
    "valid-for",
    DaysType(),
    "How long the camera's file is valid after the last scan.",
    default="365d",
)
@replace(
    ct_option,
    help="CT of the phantom, if it is not beside a scan; it belongs to the scan in "
    "its frame of reference. May be repeated.",
    many=True,
)
@Option(
    "scan-at",
    str,
    "Start of the scan, if the header's is wrong; once for each scan, in their order.",
    many=True,
    metavar="TIME",
)
@Option(
    "scan-duration",
    DURATION,
    "Duration of a scan, e.g. 20min; once for all, or once for each, in their order. "
    "Needed for images in counts.",
    many=True,
)
@Option(
    "header-nuclide-was",
    str,
    "Nuclide that was set on the PET scanner by mistake, e.g. F-18: the yield factor "
    "is measured.",
    metavar="NUCLIDE",
)
@Option(
    "live-fraction",
    FRACTION,
    "Live fraction of the camera during the scans, e.g. 97%, if it shows one.",
)
@Option(
    "series",
    Path,
    "CSV of count rates of one decaying source, for the dead time: activity_mbq (mean "
    "of each measurement), duration_s, counts, and wide_cps if it is known.",
    metavar="FILE.csv",
)
@Option(
    "wide-rates",
    Path,
    "CSV of observed count rates of a wide energy window for each scan: file, "
    "wide_cps.",
    metavar="FILE.csv",
)
@Option(
    "before",
    Path,
    "The camera.toml of the last commissioning; the differences are reported.",
    metavar="camera.toml",
)
@Option(
    "tolerance",
    str,
    "Allowed difference from --before, e.g. factor=3%; may be repeated.  [default: "
    "factor=5%, width=5%, dead-time=10%]",
    many=True,
    metavar="NUMBER=PART",
    into="tolerances",
)
@acceptance_options
@out_option(required=True)
@Option("deidentify", bool, "Leave out station, serial number and names of files.")
@force_option
@verbose_option
@json_option
@click.option(
    "--list-phantoms",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_phantoms,
    help="List the phantoms with their fills and sources, and exit.",
)
def commission_command(
    *, scans: tuple[Path, ...], out: Path, force: bool, as_json: bool, **options: Any
) -> None:
    """Commission a camera: factor, resolution, recovery and dead time from a phantom.

    SCANS are reconstructed SPECT or PET images of one filling of a phantom, or folders
    with them and their CT. The phantom is found in each; factor and blur are fitted
    with a wide tail. Three scans while it decays give the dead time as well.

    Writes camera.toml, for your site file, commission.json, commission.html and tables.

    Example: sirtdose commission scans/ --phantom nema-iec --activity 1.2GBq --ratio 8
    --at 2026-03-01T08:00+01:00 --scan-duration 30min --out camera

    Example: sirtdose commission spheres.dcm --phantom nema-iec --fill spheres=400MBq
    --at 2026-03-01T08:00+01:00 --scan-duration 30min --series rates.csv --out camera
    """
    from sirtdose.io.tables.camera import camera_text
    from sirtdose.report.commission.document import (
        CAMERA_FILE,
        COMMISSION_FILE,
        commission_document,
    )
    from sirtdose.report.commission.lines import commission_screen
    from sirtdose.report.commission.page import COMMISSION_PAGES, commission_pages
    from sirtdose.report.documents import document_text
    from sirtdose.workflows.commission.run import commission

    request = _request(scans, options)
    files = (CAMERA_FILE, COMMISSION_FILE, *COMMISSION_PAGES)
    require_free(out, files, force=force)
    found = commission(request)
    document = commission_document(found)
    show_document(
        document,
        commission_screen(document),
        name=COMMISSION_FILE,
        out=out,
        force=force,
        as_json=as_json,
        pages={
            CAMERA_FILE: camera_text(found.camera),
            **commission_pages(found, document_text(document)),
        },
    )


def _request(scans: tuple[Path, ...], options: dict[str, Any]) -> "CommissionRequest":
    from sirtdose.model.commissioned import Measured
    from sirtdose.workflows.commission.request import TOLERANCES, CommissionRequest

    live, was = options["live_fraction"], options["header_nuclide_was"]
    zone = options["timezone"]
    tolerances = by_name(
        options["tolerances"],
        "--tolerance",
        "factor=3%",
        lambda text: quantity(text, FRACTION, "--tolerance"),
    )
    strange = [name for name in tolerances if name not in TOLERANCES]
    if strange:
        raise click.BadParameter(
            f"'{strange[0]}' is not compared: use {', '.join(TOLERANCES)}",
            param_hint="--tolerance",
        )
    if tolerances and options["before"] is None:
        raise click.UsageError("--tolerance is for --before: give both")
    if live is not None and not live > 0:
        raise click.BadParameter("it must be above 0", param_hint="--live-fraction")
    times = [moment(text, "--scan-at", zone) for text in options["scan_at"]]
    return CommissionRequest(
        scans=scans,
        poured=_poured(options),
        nuclide=emitter_of(options),
        device=options["device"],
        nuclide_was=was and (nuclide_name(was) or was),
        ct=options["ct"],
        timezone=zone,
        scan_at=tuple(one for one in times if one is not None),
        scan_duration_h=options["scan_duration"],
        live_fraction=None if live is None else Measured(live, 0.0),
        series=options["series"],
        wide_rates=options["wide_rates"],
        name=options["name"],
        valid_for_d=options["valid_for"],
        before=options["before"],
        tolerances=tolerances,
        deidentify=options["deidentify"],
        acceptances=acceptances_of(options),
    )


def _poured(options: dict[str, Any]) -> "Poured":
    from sirtdose.workflows.commission.request import Poured

    at = moment(options["at"], "--at", options["timezone"])
    if at is None:
        raise click.UsageError("give --at, the time at which the activity was measured")
    fills = by_name(
        options["fills"],
        "--fill",
        "spheres=20MBq",
        lambda text: _MBQ_PER_GBQ * quantity(text, ACTIVITY, "--fill"),
    )
    whole = options["activity"]
    return Poured(
        phantom=options["phantom"],
        at=at,
        activity_mbq=None if whole is None else _MBQ_PER_GBQ * whole,
        ratio=options["ratio"],
        fills_mbq=fills,
        uncertainty=options["activity_uncertainty"],
    )
