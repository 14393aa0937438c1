"""What was typed for `sirtdose post`, to repeat the run or to go on with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.command import Command
from sirtdose.cli.words.typed import request_asked, typed_options

_ASKED, _WORDS = "sirtdose.asked", "sirtdose.words"


class Remembering(Command):
    """Keeps what was typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words, and keep them as a request and as they are."""
        typed = list(args)
        rest = super().parse_args(ctx, args)
        source, options = typed_options(self, ctx, typed)
        ctx.meta[_ASKED] = request_asked(Path(source), options, self)
        ctx.meta[_WORDS] = tuple(typed)
        return rest


def request_typed() -> Mapping[str, Any] | None:
    """The request of this run, as a record keeps it."""
    found: Mapping[str, Any] | None = click.get_current_context().meta.get(_ASKED)
    return found


def words_typed() -> tuple[str, ...]:
    """The words behind `sirtdose post`."""
    words: tuple[str, ...] = click.get_current_context().meta.get(_WORDS, ())
    return words
