"""`sirtdose demo`: phantom, plan, doses and report in one."""

from pathlib import Path

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.options import force_option, seed_option, verbose_option
from sirtdose.cli.words.self_test import self_test
from sirtdose.cli.words.show import is_verbose, show
from sirtdose.io.output.folder import output_folder
from sirtdose.report.documents import rounded
from sirtdose.report.plan.document import plan_document
from sirtdose.report.plan.hash import signed
from sirtdose.report.plan.lines import plan_head, plan_screen
from sirtdose.report.plan.page import write_plan
from sirtdose.report.post.document import post_document
from sirtdose.report.post.lines import post_screen
from sirtdose.report.run_record import write_run_record
from sirtdose.report.screen import Screen


@command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default=Path("demo"),
    show_default=True,
    help="Folder for phantom, plan and doses.",
)
@seed_option
@force_option
@verbose_option
def demo_command(*, out: Path, seed: int, force: bool) -> None:
    """Make a digital patient, plan the treatment, assess the doses and report them.

    Example: sirtdose demo --out demo

    Example: sirtdose demo --out demo --seed 7 --force
    """
    from datetime import UTC, datetime

    from sirtdose.report.post.files import write_post
    from sirtdose.workflows.demo import run_demo

    started = datetime.now(UTC)
    with output_folder(out, ("patient", "plan", "doses"), force=force) as folder:
        for name in ("patient", "plan", "doses"):
            (folder / name).mkdir()
        demo = run_demo(folder / "patient", seed=seed, self_test=self_test())
        plan = signed(plan_document(demo.plan))
        doses = rounded(post_document(demo.assessment))
        write_plan(plan, folder / "plan")
        write_post(demo.assessment, doses, folder / "doses", report=True)
        write_run_record(
            folder / "doses",
            started=started,
            asked=None,
            fingerprint=None,
            nuclide=doses["nuclide"],
            kept_in=out / "doses",
        )
    truth = ["Doses after treatment, against the true ones", demo.comparison]
    after = post_screen(doses)
    if is_verbose():
        show(plan_screen(plan))
        show(Screen(["", *after.result], after.details, after.findings))
        show(Screen(["", *truth]))
    else:
        show(Screen.of(doses, [*plan_head(plan), "", *truth]))
    click.echo(f"\nThe report is at {(out / 'doses' / 'report.html').resolve()}")
