"""How help is written: what can be typed is never cut by the end of a line."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import click
from cloup import HelpFormatter
from cloup.formatting import HelpSection

from sirtdose.cli.words.groups import grouped

_KEPT = str.maketrans({" ": "\u00a0", "-": "\u2011"})
_BACK = str.maketrans({"\u00a0": " ", "\u2011": "-"})
# What is in quotes, a number with its unit, a default, and any word with a hyphen.
_WHOLE = re.compile(
    r"(?<!\w)'[^']*'(?!\w)|\d (?:%|[kMG]?Bq|m?Ci|Gy|mL|mm|cm|mg|g|kg|h|s)(?!\w)"
    r"|\[[^\[\]]{,24}\]|[^\s-]*-\S+"
)
# Click's words for a number.
_NUMBER = re.compile(r"(INTEGER|FLOAT)( RANGE)?\b")


class Formatter(HelpFormatter):
    """Cloup's own, which keeps words whole."""

    def write_text(self, text: str, *args: Any, **settings: Any) -> None:
        """Write paragraphs."""
        super().write_text(_kept(text), *args, **settings)

    def write_dl(self, rows: Iterable[Any], *args: Any, **settings: Any) -> None:
        """Write names, and beside each what it is; below it where it is long."""
        kept = [(_NUMBER.sub("N", names), _said(said)) for names, said in rows]
        super().write_dl(kept, *args, **settings)

    def getvalue(self) -> str:
        """All that was written."""
        return super().getvalue().translate(_BACK)


def option_sections(command: click.Command, ctx: click.Context) -> list[HelpSection]:
    """A command's options by their groups, and last those that are in none."""
    params = [one for one in command.get_params(ctx) if isinstance(one, click.Option)]
    # A group of commands has few options.
    listed = [] if isinstance(command, click.Group) else list(grouped(params))
    inside = [one for _, own in listed for one in own]
    rest = [one for one in params if one not in inside]
    listed.append(("Other options" if listed else "Options", rest))
    return [
        HelpSection(title, [row for one in own if (row := one.get_help_record(ctx))])
        for title, own in listed
    ]


def command_section(group: click.Group, ctx: click.Context) -> HelpSection:
    """The commands of a group that has them loaded."""
    names = group.list_commands(ctx)
    return HelpSection(
        "Commands", [(one, group.commands[one].get_short_help_str) for one in names]
    )


def _said(said: str | Callable[[int], str]) -> str | Callable[[int], str]:
    """What an option or a command is; of a command it is made for the room it has."""
    return _kept(said) if isinstance(said, str) else lambda room: _kept(said(room))


def _kept(text: str) -> str:
    return _WHOLE.sub(lambda found: found[0].translate(_KEPT), text)
