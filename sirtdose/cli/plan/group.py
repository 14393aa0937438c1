"""`sirtdose plan`: how much activity."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.plan.approve import approve_command
from sirtdose.cli.plan.bsa import bsa_command
from sirtdose.cli.plan.compare import compare_command
from sirtdose.cli.plan.image import image_command
from sirtdose.cli.plan.options import CASE_FILE, plan_options, plan_request, show_plan
from sirtdose.cli.plan.partition import partition_command
from sirtdose.cli.plan.vial import vial_command
from sirtdose.cli.words.case_file import case_words
from sirtdose.cli.words.options import density_option
from sirtdose.cli.words.quantities import QuantityType
from sirtdose.errors import InputError
from sirtdose.model.units import DOSE, VOLUME

# Where the name of a case file is kept once all words were understood.
_PARSED = "sirtdose.case_file_parsed"


class _PlanGroup(click.Group):
    """A word that is no subcommand is a case file."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        path = Path(args[0])
        if args[0] in self.commands or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        if not path.is_file():
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.commands, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(
                f"'{args[0]}' is no subcommand, and there is no such case file.{meant}"
            )
        from hashlib import sha256

        name, *words = case_words(path, self.commands)
        # Its name may be a patient's.
        ctx.meta[CASE_FILE] = sha256(path.read_bytes()).hexdigest()
        command = self.commands[name]
        try:
            # What the file says must stand on its own.
            command.make_context(name, list(words), parent=ctx)
        except click.UsageError as error:
            raise InputError(f"{path.name}: {error.format_message()}") from None
        words += args[1:]
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
            message = f"{ctx.meta[_PARSED]}: {error.format_message()}"
            raise InputError(message) from None


@click.group("plan", cls=_PlanGroup)
def plan_group() -> None:
    """Before treatment: how much activity, and what it gives each compartment.

    A word that is no subcommand is a case file: sirtdose plan CASE.toml --out DIR

    Example: sirtdose plan mird --dose 120Gy --perfused-volume 1000mL --lung-shunt 5%
    """


@plan_group.command("mird")
@click.option(
    "--dose",
    type=QuantityType(DOSE),
    required=True,
    help="Mean dose to the perfused volume, tumors included.",
)
@click.option(
    "--perfused-volume",
    type=QuantityType(VOLUME),
    required=True,
    help="Volume that is perfused, tumors included.",
)
@click.option(
    "--convention",
    type=click.Choice(("delivered", "label")),
    default="delivered",
    show_default=True,
    help="label: K 50 and no lung shunt in the formula, as the glass label has it.",
)
@density_option
@plan_options
def mird_command(
    *,
    dose: float,
    perfused_volume: float,
    convention: Any,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """One compartment: the activity for a mean dose to the perfused volume.

    Limits go by perfused, lungs and lungs_cumulative.

    Example: sirtdose plan mird --dose 120Gy --perfused-volume 1000mL --lung-shunt 5%
    """
    from sirtdose.workflows.plan.numbers import plan_mird

    plan = plan_mird(
        plan_request(options, {"perfused_volume_ml": perfused_volume}),
        dose_gy=dose,
        perfused_volume_ml=perfused_volume,
        convention=convention,
    )
    show_plan(plan, out=out, force=force, as_json=as_json)


plan_group.add_command(approve_command)
plan_group.add_command(bsa_command)
plan_group.add_command(compare_command)
plan_group.add_command(image_command)
plan_group.add_command(partition_command)
plan_group.add_command(vial_command)
