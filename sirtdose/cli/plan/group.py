"""`sirtdose plan`: how much activity."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.lazy import LazyGroup
from sirtdose.cli.plan.options import CASE_FILE
from sirtdose.cli.words.case_file import case_words
from sirtdose.errors import InputError

# Where the name of a case file is kept once all words were understood.
_PARSED = "sirtdose.case_file_parsed"


_COMMANDS = {
    "approve": ("plan.approve", "Approve a plan as it was computed."),
    "bsa": ("plan.bsa", "Body surface area method, resin microspheres."),
    "compare": ("plan.compare", "BSA, MIRD and partition side by side."),
    "image": ("plan.image", "By a 99mTc-MAA or Ho-166 scout image."),
    "mird": ("plan.mird", "One compartment: a mean dose to the perfused volume."),
    "partition": ("plan.partition", "Partition model: tumors and normal liver."),
    "vial": ("plan.vial", "Which vial, and what another hour changes."),
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
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.lazy, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(
                f"'{args[0]}' is no subcommand, and there is no such case file.{meant}"
            )
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
        words = self.sited(ctx, command, [*words, *args[1:]])
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


@click.group("plan", cls=_PlanGroup, lazy=_COMMANDS)
def plan_command() -> None:
    """Before treatment: how much activity, and what it gives each compartment.

    A word that is no subcommand is a case file: sirtdose plan CASE.toml --out DIR

    Example: sirtdose plan mird --dose 120Gy --perfused-volume 1000mL --lung-shunt 5%
    """
