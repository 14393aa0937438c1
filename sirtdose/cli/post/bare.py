"""`sirtdose post --no-structures`: which options a scan without structures takes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from sirtdose.cli.words.show import print_document
from sirtdose.cli.words.typed import option_table, site_used
from sirtdose.model.request import PostRequest

# Without structures there are no doses, and what belongs to them means nothing.
_TAKEN = (
    *("source", "no_structures", "image", "ct", "scan_at", "scan_duration"),
    *("header_nuclide_was", "positron_fraction_was"),
    *("administered", "administered_at", "assay", "assay_at", "timezone"),
    *("residual", "residual_at", "calibrator_factor", "calibration", "camera_limit"),
    *("device", "nuclide", "nuclide_file", "half_life"),
    *("accept", "reason", "by", "out", "force", "as_json", "no_report"),
    *("deidentify", "site_key"),
)


def require_bare(context: click.Context) -> None:
    """Refuse options that a scan without structures cannot follow.

    What the site's file gives is for doses, and is left aside.

    Raises
    ------
    click.UsageError
        Names every such option.
    """
    site = site_used()
    of_site = site.options if site else ()
    typed = [
        f"--{key.replace('_', '-')}"
        for key, option in option_table(context.command).items()
        if context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        and option.name not in _TAKEN
        and option.expose_value
        and key not in of_site
    ]
    if "--structures" in typed:
        raise click.UsageError(
            "--structures names structures and --no-structures says that there are "
            "none: leave one of them out"
        )
    if typed:
        raise click.UsageError(
            f"--no-structures computes no doses: leave out {', '.join(typed)}"
        )


def show_scan(
    request: PostRequest,
    out: Path,
    options: dict[str, Any],
    *,
    asked: Mapping[str, Any] | None,
    as_json: bool,
) -> None:
    """Read the scan, write its results and print them."""
    from sirtdose.report.scan.document import scan_screen
    from sirtdose.workflows.scan_files import scan_into

    report, force = not options["no_report"], options["force"]
    kept = scan_into(request, out, report=report, force=force, asked=asked)
    print_document(
        kept.document,
        scan_screen(kept.document),
        names=kept.names,
        out=out,
        as_json=as_json,
    )
