"""What was typed, to repeat the run or to go on from it with none of it left out."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.command import Command
from sirtdose.cli.words.site import site_path
from sirtdose.cli.words.typed import (
    file_named,
    file_options,
    option_table,
    options_about,
    request_asked,
    site_used,
    split_reader,
    typed_options,
)
from sirtdose.model.next_run import NextRun, Typed

_WORDS = "sirtdose.words"


class Remembering(Command):
    """Keeps what was typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words, and keep them as they are."""
        ctx.meta[_WORDS] = tuple(args)
        return super().parse_args(ctx, args)


def request_typed() -> Mapping[str, Any]:
    """The request of this run, as a record keeps it."""
    context = click.get_current_context()
    command = context.command
    source, options = typed_options(command, context, context.meta[_WORDS])
    return request_asked(Path(source), options, command)


def next_run(command: str, *, without: Collection[str] = ()) -> NextRun:
    """Another run of a command with what was typed for this one, but some options.

    What the site's file gave was not typed: that file is told, unless the next run
    finds it by itself.
    """
    site = site_used()
    own = site_path(None)
    is_found = site and own and own.absolute() == site.path
    return NextRun(
        command,
        tuple(_typed({*without, *(site.options if site else ())})),
        site.path if site and not is_found else None,
    )


def _typed(left_out: Collection[str]) -> Iterator[Typed]:
    """Each option that was typed, as often as it was."""
    context = click.get_current_context()
    table, files = option_table(context.command), file_options(context.command)
    secret = options_about(context.command, "secret")
    keys = {str(one.name): key for key, one in table.items()}
    values, _, _ = context.command.make_parser(context).parse_args(
        list(context.meta[_WORDS])
    )
    for name, value in values.items():
        key = keys.get(name, "")
        if key in left_out or key not in table:
            continue
        option = next(one for one in table[key].opts if one.startswith("--"))
        if table[key].is_flag:
            yield Typed(option)
        elif key in secret:
            yield Typed(option, "KEY")
        else:
            many = value if isinstance(value, (list, tuple)) else [value]
            yield from (_of_value(option, key, one, files.get(key)) for one in many)


def _of_value(option: str, key: str, text: str, words: tuple[str, ...] | None) -> Typed:
    """One value, with the file that it names; `words` of its option name none."""
    if words is None or text.lower() in words:
        return Typed(option, text)
    if key == "out":
        # It may be there only later.
        return Typed(option, text, Path(text).absolute())
    reader, path = split_reader(text) if key == "structures" else (None, text)
    return Typed(option, text, file_named(path), reader)
