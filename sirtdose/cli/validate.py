"""`sirtdose validate`: whether this installation computes as it should."""

from pathlib import Path

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.options import force_option, json_option, out_option
from sirtdose.cli.words.show import show_document
from sirtdose.io.output.folder import require_free
from sirtdose.model.progress import counted
from sirtdose.report.documents import document_text
from sirtdose.validation.document import (
    VALIDATION_FILES,
    validation_csv,
    validation_document,
    validation_page,
    validation_summary,
)
from sirtdose.validation.run import all_checks, run_checks


@command("validate")
@click.option(
    "--quick",
    is_flag=True,
    help="Skip the slow comparisons; takes under 30 s, e.g. after an update.",
)
@out_option(required=False)
@force_option
@json_option
def validate_command(
    *, quick: bool, out: Path | None, force: bool, as_json: bool
) -> None:
    """Compare this installation with published, analytic and simulated values.

    Covers constants and decay, planning cases, dose kernels, spheres, Monte Carlo on
    real anatomy, tissue borders, registration, blur, histograms of solids, resampling,
    contours, a digital patient, statistics, tables and units. The digest of every
    shipped file is compared too. Each value has its source and tolerance.

    With --out, validation.html is a sheet for your commissioning file; validation.json
    and validation.csv hold the same for programs. The exit code is 1 if anything fails.

    Example: sirtdose validate --quick

    Example: sirtdose validate --out validation
    """
    from datetime import UTC, datetime
    from time import perf_counter

    if out is not None:
        require_free(out, VALIDATION_FILES, force=force)
    started, start = datetime.now(UTC), perf_counter()
    outcomes = run_checks(counted("comparisons", all_checks(quick=quick)))
    document = validation_document(
        outcomes, quick=quick, started=started, seconds=perf_counter() - start
    )
    name, table, page = VALIDATION_FILES
    show_document(
        document,
        validation_summary(document),
        name=name,
        out=out,
        force=force,
        as_json=as_json,
        pages={
            table: validation_csv(document),
            page: validation_page(document_text(document)),
        }
        if out is not None
        else None,
    )
    if not document["passed"]:
        click.get_current_context().exit(1)
