"""`sirtdose site`: the site's own file, and the trend of its calibrations."""

from importlib.resources import files
from pathlib import Path

import click

from sirtdose.cli.words.command import Command, Group
from sirtdose.cli.words.near import commands_of
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.show import show_document
from sirtdose.cli.words.site import (
    require_accepted_values,
    require_known,
    site_options,
    site_path,
    user_site,
)
from sirtdose.errors import InputError, OutputError
from sirtdose.io.tables.camera import require_camera
from sirtdose.io.tables.site import read_site
from sirtdose.model.node import Node
from sirtdose.model.site import Camera


@click.group("site", cls=Group)
def site_command() -> None:
    """Site file: your defaults, calibrators, vials, cameras, nodes and approvers.

    Example: sirtdose site init site.toml

    Example: sirtdose site check site.toml

    Example: sirtdose site trend doses/
    """


@site_command.command("init", cls=Command)
@click.argument("path", type=click.Path(path_type=Path), required=False)
def init_command(*, path: Path | None) -> None:
    """Write a commented site file to fill in, by default to your configuration folder.

    Example: sirtdose site init site.toml

    Example: sirtdose site init
    """
    path = path or user_site()
    text = files("sirtdose.data").joinpath("site.toml").read_text("utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise OutputError(
            f"{path.name} exists already: name another, or check it with `sirtdose "
            "site check`"
        ) from None
    except OSError as error:
        raise OutputError(f"cannot write {path.name}: {error.strerror}") from error
    click.echo(f"Written to {path}: fill it in, then `sirtdose site check`", err=True)


@site_command.command("check", cls=Command)
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.pass_context
def check_command(context: click.Context, *, path: Path | None) -> None:
    """Report errors in a site file, or which defaults each command takes from it.

    Example: sirtdose site check site.toml

    Example: sirtdose site check
    """
    path = path or site_path(context.find_root().params.get("site"))
    if path is None:
        raise InputError(
            "there is no site file: name one, set SIRTDOSE_SITE, or start one with "
            "`sirtdose site init`"
        )
    site = read_site(path)
    commands = dict(commands_of(context.find_root()))
    require_known(site, commands, path)
    lines = [f"{path.name}, SHA-256 {site.sha256[:12]}"]
    for name, command in commands.items():
        own = site_options(site, command, name, file=path)
        require_accepted_values(command, own, name, file=path)
        words = [f"{key.replace('_', ' ')} {_shown(one)}" for key, one in own.items()]
        lines += [f"{name}: {', '.join(words)}"] if words else []
    lines += [
        f"calibrator for {device}: factor {one.factor:g}, {one.uncertainty:.2g} (k = 1)"
        for device, one in site.calibrators.items()
    ]
    lines += [f"vials of {name}: {', '.join(own)}" for name, own in site.vials.items()]
    lines += [_camera_line(one) for one in site.cameras]
    lines += [_node_line(one) for one in site.nodes.values()]
    lines += [f"may approve: {', '.join(site.approvers)}"] if site.approvers else []
    click.echo("\n".join(lines))


@site_command.command("trend", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path), metavar="BATCH_DIR")
@out_option(required=False)
@force_option
@verbose_option
@json_option
def trend_command(
    *, folder: Path, out: Path | None, force: bool, as_json: bool
) -> None:
    """Draw a control chart of the calibrations of many cases, with their drift.

    BATCH_DIR is the --out of `sirtdose batch`, or a folder with those of `sirtdose
    post`. Each case that has two calibrations is a point. Writes trend.json, trend.csv
    and trend.html.

    Example: sirtdose site trend doses/

    Example: sirtdose site trend doses/ --out trend
    """
    from sirtdose.report.documents import document_text, rounded
    from sirtdose.report.trend.document import trend_csv, trend_screen
    from sirtdose.report.trend.page import trend_page
    from sirtdose.workflows.trend import trend_of

    document = rounded(trend_of(folder))
    pages = {}
    if out is not None:
        page = trend_page(document_text(document))
        pages = {"trend.csv": trend_csv(document), "trend.html": page}
    show_document(
        document,
        trend_screen(document),
        name="trend.json",
        out=out,
        force=force,
        as_json=as_json,
        pages=pages,
    )


def _node_line(one: Node) -> str:
    """Where a node is, and how objects come from it."""
    own, ours = one.address, one.receiver
    said = [] if own is None else [f"{own.host}:{own.port}, {own.aet}"]
    said += ["over TLS"] if own is not None and one.has_tls else []
    said += [] if one.web is None else [one.web]
    said.append(f"retrieve {one.retrieve}")
    if ours is not None:
        said.append(f"receive as {ours.aet} at {ours.host}:{ours.port}")
    return f"node {one.name}: {', '.join(said)}"


def _camera_line(one: Camera) -> str:
    """A camera, and what its own file says of itself, which is read for that."""
    if one.file is None:
        return f"camera: {one.name}"
    found = require_camera(one.file)
    return (
        f"camera: {one.name}, {one.file.name}: {found.nuclide}, commissioned "
        f"{found.made}, valid until {found.valid_until}, SHA-256 {found.sha256[:12]}"
    )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
