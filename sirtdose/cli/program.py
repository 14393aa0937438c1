"""The command `sirtdose`: its subcommands and its exit codes."""

from typing import Any

import click

from sirtdose import __version__
from sirtdose.cli.batch import batch_command
from sirtdose.cli.check.command import check_command
from sirtdose.cli.check.dvh import dvh_command
from sirtdose.cli.check.verify import verify_command
from sirtdose.cli.check.view import view_command
from sirtdose.cli.demo import demo_command
from sirtdose.cli.inspect import inspect_command
from sirtdose.cli.kernel import kernel_command
from sirtdose.cli.main import end_interrupted
from sirtdose.cli.network.listen import listen_command
from sirtdose.cli.network.send import send_command
from sirtdose.cli.outcomes.cohort import cohort_command
from sirtdose.cli.outcomes.eligibility import eligibility_command
from sirtdose.cli.outcomes.mmc import mmc_command
from sirtdose.cli.outcomes.response import response_command
from sirtdose.cli.outcomes.toxicity import toxicity_command
from sirtdose.cli.phantom import phantom_command
from sirtdose.cli.plan.group import plan_group
from sirtdose.cli.plan.lsf import lsf_group
from sirtdose.cli.post.command import post_command
from sirtdose.cli.report import report_command
from sirtdose.cli.validate import validate_command
from sirtdose.errors import SirtdoseError, foreseen


class _Program(click.Group):
    """Ends with the exit code of the error, and its message, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (SirtdoseError, UnicodeError, OSError, MemoryError) as error:
            said, exit_code = foreseen(error) or (str(error), 1)
            click.secho(f"Error: {said}", fg="red", err=True)
            ctx.exit(exit_code)
        except KeyboardInterrupt:
            end_interrupted()


@click.group(
    cls=_Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sirtdose")
def main() -> None:
    """Plan and assess radioembolization with Y-90 and Ho-166 microspheres.

    Every quantity is written with its unit: 1.68GBq, 45mCi, 120Gy, 4.2%. Results
    go to --out and, with --json, to the standard output; tables and warnings go to
    the standard error.

    Exit codes: 0 done, 2 usage, 3 input refused, 4 a limit that you gave
    cannot be met, 5 output, 6 a batch with failed cases, 130 Ctrl-C, 1 any other
    refusal.

    Not a medical device: verify every number with an approved system.

    Example: sirtdose demo
    """


for _command in (
    plan_group,
    post_command,
    batch_command,
    cohort_command,
    check_command,
    inspect_command,
    listen_command,
    send_command,
    report_command,
    view_command,
    verify_command,
    validate_command,
    dvh_command,
    kernel_command,
    lsf_group,
    response_command,
    toxicity_command,
    eligibility_command,
    mmc_command,
    phantom_command,
    demo_command,
):
    main.add_command(_command)
