"""A group whose commands are loaded when they are used."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from sirtdose.cli.words.command import Group

# Of each section of a group's help the commands: their module below `sirtdose.cli`,
# which holds NAME_command, and one line of help.
Sections = Mapping[str, Mapping[str, tuple[str, str]]]


class LazyGroup(Group):
    """Knows of each command its name, where it is, and one line of help.

    `--help` of the group loads none of them.
    """

    def __init__(self, *args: Any, lazy: Sections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections_of_help = lazy
        self.lazy = {name: one for own in lazy.values() for name, one in own.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the order of the alphabet."""
        return sorted({*self.lazy, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, loaded now; None where there is none."""
        if cmd_name in self.lazy and cmd_name not in self.commands:
            module = import_module(f"sirtdose.cli.{self.lazy[cmd_name][0]}")
            self.add_command(getattr(module, f"{cmd_name}_command"), cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command with its words, and before them those of the site's file."""
        name, command, words = super().resolve_command(ctx, args)
        if command is None or isinstance(command, click.Group) or name == "site":
            return name, command, words
        return name, command, self.sited(ctx, command, words)

    def sited(
        self, ctx: click.Context, command: click.Command, words: list[str]
    ) -> list[str]:
        """A command's words after those of the site's file."""
        from sirtdose.cli.words.site import with_site

        group = ctx.command_path.split()[1:]
        return with_site(ctx, command, " ".join([*group, str(command.name)]), words)

    def command_of(self, ctx: click.Context, name: str) -> click.Command:
        """The command of a name that is known."""
        command = self.get_command(ctx, name)
        if command is None:
            raise KeyError(name)
        return command

    def format_commands(self, ctx: click.Context, formatter: Any) -> None:
        """List the commands by their lines, without loading them."""
        from cloup.formatting import HelpSection

        del ctx
        formatter.write_many_sections(
            [
                HelpSection(title, [(name, line) for name, (_, line) in own.items()])
                for title, own in self.sections_of_help.items()
            ]
        )
