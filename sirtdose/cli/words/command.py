"""Commands whose help has groups and examples, and which answer a near miss."""

import inspect
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import click

_EXAMPLE = "Example: "


class Context(click.Context):
    """Click's own, whose help is written by what is loaded for help alone."""

    def make_formatter(self) -> click.HelpFormatter:
        """Who writes the help, in the width of the terminal."""
        from sirtdose.cli.words.help import Formatter

        return Formatter(width=self.terminal_width, max_width=self.max_content_width)


class Command(click.Command):
    """A command with its options in groups, and examples below them.

    A paragraph of its docstring that begins with ``Example:`` is one of `examples`.
    """

    context_class = Context

    def __init__(self, *args: Any, **settings: Any) -> None:
        text = inspect.cleandoc(settings.pop("help", None) or "").split("\n\n")
        plain = [one for one in text if not one.startswith(_EXAMPLE)]
        settings["help"] = "\n\n".join(plain)
        super().__init__(*args, **settings)
        self.examples = tuple(
            " ".join(one.split()).removeprefix(_EXAMPLE)
            for one in text
            if one.startswith(_EXAMPLE)
        )

    def format_options(self, ctx: click.Context, formatter: Any) -> None:
        """Write the options by their groups."""
        from sirtdose.cli.words.help import option_sections

        formatter.write_many_sections(option_sections(self, ctx))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, as they are typed."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for one in self.examples:
                    formatter.write(_typed(one, formatter))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words; an option that is none is answered with what was meant."""
        try:
            _require_once(self, ctx, args)
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            # Found by all commands, which are loaded for it alone.
            from sirtdose.cli.words.near import option_refused

            said = option_refused(ctx, error.option_name)
            raise click.UsageError(said, ctx) from None


class Group(Command, click.Group):
    """A group of commands; a word that is none is answered with what was meant."""

    def format_options(self, ctx: click.Context, formatter: Any) -> None:
        """Write the commands before its own options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: Any) -> None:
        """Write each command beside as much of its first line as there is room for."""
        from sirtdose.cli.words.help import command_section

        formatter.write_many_sections([command_section(self, ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, its name, and its words."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            from sirtdose.cli.words.near import command_refused

            ctx.fail(command_refused(ctx, args[0]))
        return super().resolve_command(ctx, args)


def command(
    name: str, cls: type[Command] = Command, **settings: Any
) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command."""
    return click.command(name, cls=cls, **settings)


def takes_one(one: click.Parameter) -> bool:
    """Whether it is an option of one value, which a second would replace."""
    return isinstance(one, click.Option) and not (
        one.multiple or one.count or (one.is_flag and not one.secondary_opts)
    )


def _require_once(command: Command, ctx: click.Context, args: list[str]) -> None:
    """Refuse an option of one value that is given twice: click takes the last."""
    _, _, order = command.make_parser(ctx).parse_args(list(args))
    for one, times in Counter(order).items():
        if times > 1 and takes_one(one):
            raise click.UsageError(
                f"{one.opts[0]} is given {times} times, but has one value: keep the "
                "one that you mean, and leave the others out",
                ctx,
            )


def _typed(words: str, formatter: click.HelpFormatter) -> str:
    """A command line, continued as a shell reads it where it is long."""
    indent = " " * formatter.current_indent
    room = formatter.width - len(indent) - len("    \\")
    lines: list[str] = []
    for word in re.split(r" (?=--)", words):
        if lines and len(lines[-1]) + len(word) < room:
            lines[-1] += f" {word}"
        else:
            lines.append(f"    {word}" if lines else word)
    return indent + f" \\\n{indent}".join(lines) + "\n"
