"""Write docs/commands.md from the program itself: `make reference`."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from sirtdose.cli.lazy import LazyGroup
from sirtdose.cli.main import main
from sirtdose.cli.words.command import Command
from sirtdose.cli.words.groups import grouped

PAGE = Path(__file__).with_name("commands.md")
HEAD = """# Commands

*For everyone who types `sirtdose`.*

This page shows what `--help` says. `make reference` writes it from the program; do not
edit it.

Write a quantity with its unit (`1.68GBq`, `45mCi`, `120Gy`, `1500mL`, `1.05g/mL`), a
fraction as `4.2%` or `0.042`, and a time as `2026-03-01T10:30+01:00`. You may repeat
an option marked `...`. Every command also has `-h` and `--help`.
"""
_DEFAULT_SAID = re.compile(r"\s*\[default: (.*)\]$")


def page() -> str:
    """The whole page, the same at any width of the terminal."""
    parts = [HEAD]
    root = click.Context(main, info_name="sirtdose", **main.context_settings)
    for context in _commands(root):
        parts += _section(context)
    return "\n".join(parts)


def _commands(context: click.Context) -> Iterator[click.Context]:
    """A command and all below it, in the order of their names."""
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _commands(
                    click.Context(below, info_name=name, parent=context)
                )


def _section(context: click.Context) -> list[str]:
    command = context.command
    level = "##" if context.parent is None or context.parent.parent is None else "###"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"{level} {context.command_path}", "", "```text", usage, "```", ""]
    for paragraph in (command.help or "").split("\n\n"):
        parts += [_cell(" ".join(paragraph.split())), ""]
    if isinstance(command, Command) and command.examples:
        parts += ["```text", *command.examples, "```", ""]
    if isinstance(command, LazyGroup):
        parts += _listed(command)
    rows = _rows(command, context)
    if rows:
        parts += ["| option | what | default |", "|---|---|---|", *rows, ""]
    return parts


def _listed(group: LazyGroup) -> list[str]:
    """The commands of a group by the sections of its help."""
    parts = ["| commands | |", "|---|---|"]
    for title, own in group.sections_of_help.items():
        parts.append(f"| **{title}** | |")
        parts += [f"| `{name}` | {_cell(line)} |" for name, (_, line) in own.items()]
    return [*parts, ""]


def _rows(command: click.Command, context: click.Context) -> list[str]:
    """The options by the groups of the help, then those in none."""
    groups = [] if isinstance(command, click.Group) else list(grouped(command.params))
    rows = [
        line
        for title, own in groups
        for line in (f"| **{title}** | | |", *(_row(one, context) for one in own))
    ]
    inside = [one for _, own in groups for one in own]
    rest = [one for one in command.params if one not in inside and _has_row(one)]
    return [*rows, *(_row(one, context) for one in rest)]


def _has_row(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not param.hidden


def _row(param: click.Parameter, context: click.Context) -> str:
    assert isinstance(param, click.Option)
    names = ", ".join(f"`{name}`" for name in param.opts)
    if param.secondary_opts:
        names += " or " + ", ".join(f"`{name}`" for name in param.secondary_opts)
    if not param.is_flag:
        names += f" {_value(param, context)}"
    if param.multiple:
        names += " ..."
    said = param.help or ""
    default = param.get_help_extra(context).get("default", "")
    inside = _DEFAULT_SAID.search(said)
    if inside:
        said, default = said[: inside.start()], inside[1]
    if param.required:
        default = "required"
    cells = (names, _cell(said), _cell(str(default)))
    return "| " + " | ".join(cell.strip() for cell in cells) + " |"


def _value(param: click.Option, context: click.Context) -> str:
    """What is to be written after the option's name."""
    if isinstance(param.type, click.Choice):
        return "one of " + ", ".join(f"`{choice}`" for choice in param.type.choices)
    if isinstance(param.type, click.types.IntParamType):
        return "`N`"
    written = param.make_metavar(context).replace("|", " or ")
    return f"`{written}`"


def _cell(text: str) -> str:
    """Text that means itself: no mark-up and no further column in it."""
    plain = re.sub(r"([\\*_<>\[\]|])", r"\\\1", text)
    # Names of options and what is in quotes are typed as they stand.
    return re.sub(r"(?<![\w`-])--[a-z][a-z-]*\b", r"`\g<0>`", plain)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    print(f"Written: {PAGE.name}")
