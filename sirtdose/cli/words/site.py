"""The site's file, whose words stand before those that are typed."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.near import commands_of, require_options
from sirtdose.cli.words.typed import (
    SITE_CAMERAS,
    SITE_NODES,
    SITE_USED,
    located,
    option_table,
    option_words,
)
from sirtdose.errors import InputError, nearest_name
from sirtdose.io.home import from_home
from sirtdose.io.tables.site import line_of, read_site
from sirtdose.model.device import device_name
from sirtdose.model.site import Site, SiteUsed

VARIABLE = "SIRTDOSE_SITE"
# What a site decides once, beside whatever has a default of its own.
NAMED = (
    *("device", "limits", "metric", "density", "density_curve", "budget"),
    "density_in",
    *("radiobiology", "nuclide_file", "timezone", "calibrator_factor", "vial"),
    "catalogue",
    *(
        "method",
        "languages",
        "medium",
        "calibrate_over",
        "camera_limit",
        "psf",
        "psf_tail",
        "pvc",
        "uncertainty",
    ),
)
# A default of the file that means something beside another option alone.
_BESIDE = {
    **dict.fromkeys(("density_curve", "density_in"), ("density", "ct")),
    "budget": ("uncertainty", None),
}
# One is left out where the other is typed.
_INSTEAD = {
    "device": ("nuclide", "nuclide_file"),
    "nuclide_file": ("nuclide", "device"),
    "density_curve": ("density",),
}


def site_path(typed: str | None) -> Path | None:
    """The file that is typed, else the environment's, else the user's own.

    An empty variable stands for none.

    Raises
    ------
    InputError
        A file that was named and is not there.
    """
    named = typed if typed is not None else os.environ.get(VARIABLE)
    if named is not None:
        if not named:
            return None
        path = from_home(named)
        if not path.is_file():
            said = "--site" if typed is not None else VARIABLE
            raise InputError(f"{said} names '{named}', and there is no such file")
        return path
    own = user_site()
    return own if own.is_file() else None


def user_site() -> Path:
    """Where a user's own site.toml is looked for."""
    return Path(click.get_app_dir("sirtdose")) / "site.toml"


def without_site(args: Sequence[str]) -> tuple[list[str], str | None]:
    """The words without `--site FILE`, wherever it stands; and the file."""
    rest: list[str] = []
    found, words = None, iter(args)
    for word in words:
        if word == "--":
            return [*rest, word, *words], found
        name, _, value = word.partition("=")
        if name != "--site":
            rest.append(word)
            continue
        _require_one_site(found)
        found = value or next(words, "")
    return rest, found


def _require_one_site(before: str | None) -> None:
    if before is not None:
        raise click.UsageError(
            "--site is given 2 times, but has one value: keep the file that you mean"
        )


def with_site(
    ctx: click.Context, command: click.Command, path: str, args: Sequence[str]
) -> list[str]:
    """The words of the site's file for a command, and then those that are typed.

    What is typed wins. `path` is the command's name, such as ``"plan mird"``.

    Raises
    ------
    InputError
        A file that is wrong, by its line.
    """
    words, typed_path = without_site(args)
    before = ctx.find_root().params.get("site")
    if typed_path is not None:
        _require_one_site(before)
    file = site_path(before if typed_path is None else typed_path)
    if file is None:
        return words
    site = read_site(file)
    require_known(site, dict(commands_of(ctx.find_root())), file)
    typed = _typed(command, words)
    own = {
        key: value
        for key, value in site_options(site, command, path, file=file).items()
        if key not in typed and not any(one in typed for one in _INSTEAD.get(key, ()))
    }
    require_accepted_values(command, own, path, file=file)
    device = _device(str(typed.get("device", own.get("device", ""))))
    own = _of_device(site, command, device, typed) | own
    for key, (other, needed) in _BESIDE.items():
        there = {**own, **typed}.get(other)
        if key in own and (there is None or needed not in (None, str(there).lower())):
            del own[key]
    calibrator = site.calibrators.get(device) if "calibrator_factor" in own else None
    ctx.meta[SITE_USED] = SiteUsed(
        site.sha256, tuple(sorted(own)), file.absolute(), calibrator
    )
    ctx.meta[SITE_CAMERAS] = site.cameras
    ctx.meta[SITE_NODES] = site.nodes
    return [
        *option_words(
            own, command, where=file.name, text_of=lambda value, _: str(value)
        ),
        *words,
    ]


def require_known(site: Site, commands: dict[str, click.Command], path: Path) -> None:
    """Every default is one of some command, and every table a command's."""
    known = sorted({key for one in commands.values() for key in may_be_set(one)})
    groups = {name.split()[0] for name in commands}
    for key in site.defaults:
        if key not in known:
            where = f"{path.name}, line {line_of(path, 'defaults', key)}"
            require_options([key], known, where)
    for name in site.of_command:
        if name not in commands and name not in groups:
            near = nearest_name(name, commands)
            meant = f": was {near} meant?" if near else ""
            line = line_of(path, "defaults", *name.split())
            raise InputError(
                f"{path.name}, line {line}: '{name}' is not a command{meant}"
            )


def may_be_set(command: click.Command) -> list[str]:
    """The options of a command that a site's file may set."""
    return [
        key
        for key, option in option_table(command).items()
        if (key in NAMED or option.show_default is True)
        and not option.required
        and not option.hidden
        and getattr(option, "about", "case") in ("case", "results")
    ]


def site_options(
    site: Site, command: click.Command, path: str, *, file: Path
) -> dict[str, Any]:
    """What the file says of a command's options: of all commands, and of this one.

    A file that it names is looked for beside it first.

    Raises
    ------
    InputError
        An option that this command does not have, or that no file may set.
    """
    known = may_be_set(command)
    own = site.of_command.get(path, {})
    for key in own:
        if key not in known:
            line = line_of(file, "defaults", *path.split(), key)
            raise InputError(
                f"{file.name}, line {line}: '{key}' cannot be set for {path}: use one "
                f"of {', '.join(known)}"
            )
    table = option_table(command)
    everywhere = {
        key: one
        for key, one in site.defaults.items()
        # A method of doses is none of `segment`, which finds candidates by one.
        if key in known and (key != "method" or table[key].multiple)
    }
    return located(everywhere | dict(own), (file.absolute().parent,), command)


def require_accepted_values(
    command: click.Command, own: Mapping[str, Any], path: str, *, file: Path
) -> None:
    """Refuse a value of the file that its option does not take, by its line.

    Raises
    ------
    InputError
        It does not.
    """
    table = option_table(command)
    for key, value in own.items():
        words = option_words(
            {key: value}, command, where=file.name, text_of=lambda text, _: str(text)
        )
        option = table[key]
        try:
            for word in words[1::2]:
                if isinstance(option.type, click.Path) and not Path(word).is_absolute():
                    raise click.BadParameter(f"there is no '{word}' beside {file.name}")
                option.type.convert(word, option, click.Context(command))
        except click.UsageError as error:
            line = max(
                line_of(file, "defaults", *path.split(), key),
                line_of(file, "defaults", key),
            )
            raise InputError(
                f"{file.name}, line {line}: {key}: {error.message}"
            ) from None


def _device(text: str) -> str:
    """A device by its name here; what is none is refused later."""
    try:
        return device_name(text)
    except InputError:
        return text


def _of_device(
    site: Site, command: click.Command, device: str, typed: Mapping[str, Any]
) -> dict[str, Any]:
    """The calibrator's factor and the vials of the microspheres that are used."""
    known = may_be_set(command)
    found: dict[str, Any] = {}
    if device in site.calibrators and "calibrator_factor" in known:
        found["calibrator_factor"] = f"{site.calibrators[device].factor:g}"
    if device in site.vials and "vial" in known:
        found["vial"] = list(site.vials[device])
    return {key: one for key, one in found.items() if key not in typed}


def _typed(command: click.Command, words: Sequence[str]) -> dict[str, Any]:
    """What was typed of a command's options; what is wrong is said later."""
    try:
        # As the command reads them: a group would stop at the first plain word. click
        # keeps the first help option that is asked for: it has to be the right one.
        own = click.Context(command, help_option_names=["-h", "--help"])
        values, _, _ = command.make_parser(own).parse_args(list(words))
    except click.UsageError:
        return {key: "" for key in option_table(command) if f"--{key}" in words}
    names = {str(option.name): key for key, option in option_table(command).items()}
    return {names[name]: one for name, one in values.items() if name in names}
