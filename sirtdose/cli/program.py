"""The command `sirtdose`: its subcommands and its exit codes."""

import os
from typing import Any

import click

from sirtdose import __version__
from sirtdose.cli.interrupted import end_interrupted
from sirtdose.cli.lazy import LazyGroup
from sirtdose.cli.words.progress import progress_shown
from sirtdose.errors import SirtdoseError, foreseen

_COMMANDS = {
    "Plan": {
        "plan": (
            "plan.group",
            "Before treatment: how much activity, at what doses.",
        ),
        "lsf": ("plan.lsf", "Lung shunt fraction from planar views or SPECT/CT."),
    },
    "Assess": {
        "post": ("post.command", "After treatment: doses to tumors, liver and lungs."),
        "segment": ("segment", "Find tumors on an image, to be looked at."),
        "accept": ("accept", "Accept what was found, by a person's name."),
        "register": ("register", "See how a SPECT without its CT is registered."),
        "check": ("check.command", "Compare another system's dose, or check a plan."),
        "dvh": ("check.dvh", "Dose-volume histograms of any dose map."),
        "view": ("check.view", "Show a dose map in three planes."),
        "report": ("report", "Make the page of saved results again; read DICOM SR."),
    },
    "Many cases": {
        "worklist": (
            "worklist",
            "Treatments and their scans: what is ready to assess.",
        ),
        "batch": ("batch", "Assess many cases, from a table or a folder."),
        "cohort": ("outcomes.cohort", "Doses against response, toxicity and survival."),
    },
    "Outcomes": {
        "response": ("outcomes.response", "RECIST, mRECIST or PERCIST of each case."),
        "suv": ("outcomes.suv", "Uptake of a PET by lesion: SUV, SUL, peaks, volumes."),
        "lesions": (
            "outcomes.lesions",
            "One table of a patient's lesions: plan, doses, follow-ups.",
        ),
        "toxicity": (
            "outcomes.toxicity",
            "CTCAE grades, ALBI and Child-Pugh of each case.",
        ),
        "eligibility": (
            "outcomes.eligibility",
            "A patient's values against a study's criteria.",
        ),
        "mmc": ("outcomes.mmc", "Mitomycin C schedule of one study's cohorts."),
    },
    "Trust": {
        "validate": ("validate", "Compare this installation with published values."),
        "verify": ("check.verify", "Check that results and inputs are unchanged."),
        "demo": ("demo", "A digital patient from plan to report."),
        "phantom": ("phantom", "Write a digital patient as DICOM, with true doses."),
        "kernel": ("kernel", "Export the dose kernel of one voxel."),
        "commission": (
            "commission",
            "Factor, resolution and dead time of a camera from a phantom.",
        ),
        "site": ("site", "Start or check the file of your site's defaults."),
    },
    "DICOM": {
        "inspect": ("inspect", "List what a folder holds and what would be used."),
        "find": ("network.find", "List the studies that an archive has."),
        "fetch": ("network.fetch", "Fetch studies from an archive."),
        "listen": ("network.listen", "Receive studies over DICOM and process them."),
        "send": ("network.send", "Send DICOM files to a PACS."),
    },
}


class _Program(LazyGroup):
    """Ends with the exit code of the error, and its message, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        # https://no-color.org: click looks only whether it writes to a terminal.
        ctx.color = False if os.environ.get("NO_COLOR") else None
        try:
            with progress_shown():
                return super().invoke(ctx)
        except (SirtdoseError, UnicodeError, OSError, MemoryError) as error:
            from sirtdose.cli.words.show import show_refusal

            said, exit_code = foreseen(error) or (str(error), 1)
            show_refusal(error, said)
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
    help="Site file with your defaults for every command.  [default: SIRTDOSE_SITE, "
    "else site.toml in the user's configuration folder]",
)
def main(site: str | None) -> None:
    """Plan and assess radioembolization with Y-90 and Ho-166 microspheres.

    Write every quantity with its unit: 1.68GBq, 45mCi, 120Gy, 4.2%. Results go to
    --out, or with --json to standard output. Tables and warnings go to standard error.

    Exit codes: 0 done, 1 any other refusal, 2 usage, 3 input refused, 4 a limit
    that is not met, 5 output, 6 a batch with failed cases, 130 Ctrl-C.

    Not a medical device: verify every number with an approved system.

    Example: sirtdose demo

    Example: sirtdose plan mird --dose 120Gy --perfused-volume 1000mL --lung-shunt 5%
    """
