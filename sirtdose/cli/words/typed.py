"""Options as a file or a record holds them, and as the words of a command line.

A table of options has their names with underscores for dashes, and values as they are
typed: a text, a list of texts for an option that may be repeated, true for a flag.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from sirtdose.cli.words.option import About, FileOrText
from sirtdose.errors import InputError
from sirtdose.model.metric import Metric
from sirtdose.model.node import Node
from sirtdose.model.site import Camera, SiteUsed

SITE_USED = "sirtdose.site.used"
# The option whose files may be of named readers.
_STRUCTURES = "structures"
SITE_CAMERAS = "sirtdose.site.cameras"
SITE_NODES = "sirtdose.site.nodes"


def option_table(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by their name in a table."""
    return {
        name.removeprefix("--").replace("-", "_"): parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
        if name.startswith("--")
    }


def options_about(command: click.Command, *about: About) -> dict[str, click.Option]:
    """Those that are about some of these; an option of click's is about the case."""
    return {
        key: option
        for key, option in option_table(command).items()
        if getattr(option, "about", "case") in about
    }


def asked_options(command: click.Command) -> dict[str, click.Option]:
    """Those that say what is to be computed, or who answers for it."""
    return options_about(command, "case", "secret", "person")


def file_options(command: click.Command) -> dict[str, tuple[str, ...]]:
    """Those that may name a file, with the words that are none."""
    return {
        key: getattr(option.type, "words", ())
        for key, option in option_table(command).items()
        if isinstance(option.type, (click.Path, FileOrText))
    }


def file_named(
    text: str, folders: Sequence[Path] = (Path(),), where: str = ""
) -> Path | None:
    """The file or folder that a text names, seen from some folders; None for none.

    Raises
    ------
    InputError
        What names nothing on any system, if `where` it was written is told.
    """
    try:
        there = (folder / Path(text).expanduser() for folder in folders)
        return next((one.absolute() for one in there if one.exists()), None)
    except (OSError, ValueError, RuntimeError):
        if where:
            raise InputError(f"{where}: '{text[:80]}' is not a path") from None
        return None


def split_reader(text: str, *folders: Path) -> tuple[str | None, str]:
    """The name of a reader and a file, of `reader A=a.dcm`; None where none is named.

    A file whose own name has that sign is no reader's.

    Examples
    --------
    >>> split_reader("reader A = a.dcm"), split_reader("a.dcm")
    (('reader A', 'a.dcm'), (None, 'a.dcm'))
    """
    name, equals, path = text.partition("=")
    if not equals or "/" in name or file_named(text, (Path(), *folders)) is not None:
        return None, text
    return name.strip(), path.strip()


def _with_reader(key: str, text: Any, found: Callable[[str], Path | None]) -> Any:
    """The file of a named reader, by its whole path where it is found; else as it is.

    Seen from elsewhere its name alone would find nothing.
    """
    if key != _STRUCTURES or not isinstance(text, str):
        return text
    name, path = split_reader(text)
    here = found(path) if name is not None else None
    return text if here is None else f"{name}={here}"


def located(
    options: Mapping[str, Any], folders: Sequence[Path], command: click.Command
) -> dict[str, Any]:
    """A table of options with files named by their whole path where they are found."""
    files = file_options(command)

    def found(name: str, text: Any) -> Any:
        is_word = not isinstance(text, str) or text.strip().lower() in files[name]
        here = None if is_word else file_named(text, folders)
        if here is not None:
            return str(here)
        return _with_reader(name, text, lambda path: file_named(path, folders))

    return {
        name: value
        if name not in files
        else [found(name, one) for one in value]
        if isinstance(value, list)
        else found(name, value)
        for name, value in options.items()
    }


def options_kept(context: click.Context) -> dict[str, Any]:
    """The options of a run as a plan keeps them: the case's, by name and unit.

    Files are left out, as their names may be a patient's.
    """
    files = file_options(context.command)
    return {
        f"{option.name}{getattr(option.type, 'suffix', '')}": _plain(
            context.params[str(option.name)]
        )
        for key, option in options_about(context.command, "case").items()
        if key not in files
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.words if isinstance(value, Metric) else value


def parsed_options(
    command: click.Command, source: Path, options: Mapping[str, Any], *, where: str
) -> dict[str, Any]:
    """The parameters that a command makes of a source and a table of options.

    The environment adds nothing: see :func:`with_environment`.

    Raises
    ------
    click.UsageError
        What the command line would be refused for.
    InputError
        A value that the option cannot have.
    """
    words = option_words(
        options, command, where=where, text_of=lambda value, _: str(value)
    )
    # click keeps the first help option that is asked for: it has to be the right one.
    context = command.make_context(
        str(command.name),
        [str(source), *words, "--out", "."],
        help_option_names=["-h", "--help"],
    )
    of_environment = [
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT
    ]
    return context.params | dict.fromkeys(of_environment, ())


def with_environment(
    command: click.Command, options: Mapping[str, Any]
) -> dict[str, Any]:
    """A table of options with those that the environment gives where it has none."""
    context = click.Context(command)
    found = {
        key: option.value_from_envvar(context)
        for key, option in asked_options(command).items()
        if option.envvar
    }
    return {key: list(value) for key, value in found.items() if value} | dict(options)


def typed_options(
    command: click.Command, context: click.Context, words: Sequence[str]
) -> tuple[str, dict[str, Any]]:
    """The source and the table of options that were typed, as they were typed."""
    values, _, _ = command.make_parser(context).parse_args(list(words))
    by_parameter = {
        str(option.name): key for key, option in asked_options(command).items()
    }
    table = {
        by_parameter[name]: value
        for name, value in values.items()
        if name in by_parameter
    }
    return str(values["source"]), with_environment(command, table)


def request_asked(
    source: Path, options: Mapping[str, Any], command: click.Command
) -> dict[str, Any]:
    """A request as a record keeps it: what is a file from here as a Path.

    What is not is the name of something in the source, or no file at all.
    """
    files, secret = file_options(command), options_about(command, "secret")

    def told(key: str, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [told(key, one) for one in value]
        if key not in files or str(value).lower() in files[key]:
            return value
        name, path = split_reader(str(value)) if key == _STRUCTURES else (None, "")
        here = file_named(path) if name is not None else None
        if here is not None:
            return {"reader": name, "file": here}
        return file_named(str(value)) or value

    asked = {
        "source": source.absolute(),
        "options": {
            key: told(key, one) for key, one in options.items() if key not in secret
        },
    }
    used = site_used()
    if used is not None:
        asked |= {"site": used.path, "site_options": used.options}
    return asked


def site_used() -> SiteUsed | None:
    """The site's file that this run was made with."""
    context = click.get_current_context(silent=True)
    return context.meta.get(SITE_USED) if context else None


def site_cameras() -> tuple[Camera, ...]:
    """The cameras of the site's file that this run was made with."""
    context = click.get_current_context(silent=True)
    return context.meta.get(SITE_CAMERAS, ()) if context else ()


def site_nodes() -> Mapping[str, Node]:
    """The nodes of the site's file that this run was made with."""
    context = click.get_current_context(silent=True)
    return context.meta.get(SITE_NODES, {}) if context else {}


def option_words(
    options: Mapping[str, Any],
    command: click.Command,
    *,
    where: str,
    text_of: Callable[[Any, str], str],
) -> list[str]:
    """The words of a table of options; a list repeats its option.

    Parameters
    ----------
    options : mapping
        Whose keys are options of the command.
    command : click.Command
    where : str
        The file that the options are of, for messages.
    text_of : callable
        Of a value and its key: the word, or an InputError.

    Raises
    ------
    InputError
        A value that the option cannot have.
    """
    known = option_table(command)
    words = []
    for key, value in options.items():
        option = known[key]
        name = next(one for one in option.opts if one.startswith("--"))
        if option.is_flag:
            if not isinstance(value, bool):
                raise InputError(f"{where}: {key} is true or false, not '{value}'")
            words += [name] if value else []
            continue
        values = value if isinstance(value, (list, tuple)) else [value]
        if len(values) > 1 and not option.multiple:
            raise InputError(f"{where}: {key} takes one value, not {len(values)}")
        for one in values:
            words += [name, text_of(one, key)]
    return words
