"""The command `sirtdose`: its subcommands and its exit codes."""

from typing import Any

import click

from sirtdose import __version__
from sirtdose.cli.interrupted import end_interrupted
from sirtdose.cli.lazy import LazyGroup
from sirtdose.errors import SirtdoseError, foreseen

_COMMANDS = {
    "batch": ("batch", "Doses of many cases: one table row or folder each."),
    "check": ("check.command", "Another system's dose or plan, computed again."),
    "cohort": ("outcomes.cohort", "Dose against response, toxicity and survival."),
    "demo": ("demo", "A digital patient from plan to report."),
    "dvh": ("check.dvh", "Dose-volume histograms of any system's dose map."),
    "eligibility": (
        "outcomes.eligibility",
        "A patient's values against a study's criteria.",
    ),
    "inspect": ("inspect", "What a folder holds, what is used, what is missing."),
    "kernel": ("kernel", "Export the dose kernel of one voxel."),
    "listen": ("network.listen", "Receive studies over DICOM and process them."),
    "lsf": ("plan.lsf", "Lung shunt fraction, from planar views or SPECT/CT."),
    "mmc": ("outcomes.mmc", "Mitomycin C schedule of one study's cohorts."),
    "phantom": ("phantom", "Write a digital patient as DICOM, with true doses."),
    "plan": ("plan.group", "Before treatment: how much activity, at what doses."),
    "post": ("post.command", "After treatment: doses to tumors, liver and lungs."),
    "report": ("report", "Make a page again from saved results."),
    "response": ("outcomes.response", "RECIST, mRECIST or PERCIST of each case."),
    "send": ("network.send", "Send DICOM files to a PACS."),
    "site": ("site", "The site's own file: begin one, or check it."),
    "toxicity": (
        "outcomes.toxicity",
        "CTCAE grades, ALBI and Child-Pugh of each case.",
    ),
    "validate": ("validate", "This installation against known values."),
    "verify": ("check.verify", "Are results as written, of unchanged inputs?"),
    "view": ("check.view", "Look at a dose map in three planes."),
}


class _Program(LazyGroup):
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
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sirtdose")
@click.option(
    "--site",
    metavar="FILE",
    help="The site's own file, whose defaults every command takes. [default: "
    "SIRTDOSE_SITE, else site.toml in the user's configuration folder]",
)
def main(site: str | None) -> None:
    """Plan and assess radioembolization with Y-90 and Ho-166 microspheres.

    Every quantity is written with its unit: 1.68GBq, 45mCi, 120Gy, 4.2%. Results
    go to --out and, with --json, to the standard output; tables and warnings go to
    the standard error.

    Exit codes: 0 done, 2 usage, 3 input refused, 4 a limit that
    is not met, 5 output, 6 a batch with failed cases, 130 Ctrl-C, 1 any other
    refusal.

    Not a medical device: verify every number with an approved system.

    Example: sirtdose demo
    """
