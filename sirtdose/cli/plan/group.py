"""`sirtdose plan`: how much activity."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.lazy import LazyGroup
from sirtdose.cli.plan.options import CASE_FILE
from sirtdose.cli.words.case_file import case_words
from sirtdose.cli.words.command import takes_one
from sirtdose.errors import InputError

# Where the name of a case file is kept once all words were understood.
_PARSED = "sirtdose.case_file_parsed"


_COMMANDS = {
    "Methods": {
        "mird": ("plan.mird", "One compartment: a mean dose to the perfused volume."),
        "partition": ("plan.partition", "Partition model: tumors and normal liver."),
        "bsa": ("plan.bsa", "Body surface area method for resin microspheres."),
        "image": ("plan.image", "From a 99mTc-MAA or Ho-166 scout image."),
        "compare": (
            "plan.compare",
            "BSA, MIRD and partition, or whole plans, side by side.",
        ),
    },
    "Next steps": {
        "approve": ("plan.approve", "Approve a plan as it was computed."),
        "update": ("plan.update", "Predict a plan again on the day of treatment."),
        "vial": ("plan.vial", "Choose the vial, and see what an hour changes."),
    },
}


class _PlanGroup(LazyGroup):
    """A word that is no subcommand is a case file."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        path = Path(args[0])
        if args[0] in self.lazy or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        if not path.is_file():
            from sirtdose.cli.words.near import command_refused

            if path.suffix == ".toml":
                ctx.fail(f"there is no case file {path.name}")
            ctx.fail(f"{command_refused(ctx, args[0])} There is no such case file.")
        from hashlib import sha256

        name, *words = case_words(path, partial(self.command_of, ctx))
        # Its name may be a patient's.
        ctx.meta[CASE_FILE] = sha256(path.read_bytes()).hexdigest()
        command = self.commands[name]
        try:
            # What the file says must stand on its own.
            command.make_context(name, list(words), parent=ctx)
        except click.UsageError as error:
            raise InputError(f"{path.name}: {error.format_message()}") from None
        words = self.sited(ctx, command, [*_kept(words, args[1:], command), *args[1:]])
        command.make_context(name, list(words), parent=ctx)
        ctx.meta[_PARSED] = path.name
        return name, command, words

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            # Past the words of the command line, it is the file that is wrong.
            if _PARSED not in ctx.meta:
                raise
            raise InputError(f"{ctx.meta[_PARSED]}: {error.format_message()}") from None


def _kept(
    words: Sequence[str], typed: Sequence[str], command: click.Command
) -> list[str]:
    """The words of a case file without the values that typed ones replace."""
    single = {name for one in command.params if takes_one(one) for name in one.opts}
    replaced = single & {word.partition("=")[0] for word in typed} & {*words}
    kept = list(words)
    for name in sorted(replaced):
        at = kept.index(name)
        said = f"{name} {kept[at + 1]} of the case file is replaced by the command line"
        click.echo(said, err=True)
        del kept[at : at + 2]
    return kept


@click.group("plan", cls=_PlanGroup, lazy=_COMMANDS)
def plan_command() -> None:
    """Before treatment: how much activity, and which dose each compartment gets.

    A word that is not a command is a case file: sirtdose plan CASE.toml --out DIR

    Example: sirtdose plan mird --dose 120Gy --perfused-volume 1000mL --lung-shunt 5%

    Example: sirtdose plan case.toml --out plan
    """
