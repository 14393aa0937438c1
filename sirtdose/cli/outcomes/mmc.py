"""`sirtdose mmc`: mitomycin C after radioembolization, as one study gave it."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.outcomes.eligibility import read_case
from sirtdose.cli.words.command import command
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import DaysType
from sirtdose.cli.words.show import show_document
from sirtdose.data.load import table
from sirtdose.outcomes.eligibility import CriteriaSet, Judged, judge, study_criteria
from sirtdose.outcomes.mitomycin import schedule
from sirtdose.report.outcomes.mitomycin import mitomycin_document, mitomycin_screen

_FIRST_YEAR, _LAST_YEAR = 1950, 2200
_UNKNOWN = ("", "-", "?")


@command("mmc")
@click.option(
    "--cohort",
    type=click.Choice(tuple(table("mitomycin")["cohorts"]), case_sensitive=False),
    required=True,
    help="Cohort of the study: A 1 x 6 mg, B 1 x 12 mg, C 2 x 12 mg, D up to 6 x 12 "
    "mg.",
)
@click.option(
    "--treated",
    required=True,
    metavar="DAY",
    help="Day of radioembolization, e.g. 2026-03-02.",
)
@click.option(
    "--interval",
    type=DaysType(),
    help="Interval between cycles, e.g. 28d. The study does not state it; cohorts "
    "with more than one cycle need it.",
)
@click.option(
    "--first-after",
    type=DaysType(),
    default="8wk",
    show_default=True,
    help="Interval from radioembolization to the first cycle; 6 to 10 weeks in the "
    "study.",
)
@click.option(
    "--platelets",
    metavar="COUNTS",
    help="Platelets on each day of the schedule in 10^9/L, e.g. 150,90; - if unknown. "
    "A cycle that is withheld is tried again one interval later.",
)
@click.option(
    "--progressed",
    is_flag=True,
    help="Untreatable progression by RECIST 1.1: no cycle is given.",
)
@click.option(
    "--case",
    type=click.Path(path_type=Path),
    metavar="CASE.toml",
    help="CASE.toml as for `sirtdose eligibility`: shows the study's laboratory "
    "limits at entry for this case.",
)
@out_option(required=False)
@force_option
@verbose_option
@json_option
def mmc_command(
    *,
    cohort: str,
    treated: str,
    case: Path | None,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Mitomycin C by the protocol of one study: days, doses, gates; no recommendation.

    The prospective study gave resin radioembolization, then mitomycin C, to 16 women
    with liver metastases of breast cancer. A cycle is withheld at 100 x 10^9/L
    platelets or fewer. The study does not say by how much it lowered doses, and no dose
    is invented here.

    Writes mmc.json.

    Example: sirtdose mmc --cohort A --treated 2026-03-02

    Example: sirtdose mmc --cohort C --treated 2026-03-02 --interval 28d --platelets
    150,90
    """
    day, platelets = _day(treated), _counts(options["platelets"])
    cycles = schedule(
        cohort,
        treated=day,
        interval_d=options["interval"],
        first_after_weeks=options["first_after"] / 7,
        platelets=platelets,
        progressed=options["progressed"],
    )
    document = mitomycin_document(
        cycles,
        cohort=cohort,
        treated=day,
        # Of one day there is nothing between.
        interval_d=None if len(cycles) == 1 else options["interval"],
        platelets=platelets,
        progressed=options["progressed"],
        entry=None if case is None else _entry(case),
    )
    show_document(
        document,
        mitomycin_screen(document),
        name="mmc.json",
        out=out,
        force=force,
        as_json=as_json,
    )


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = date.min
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise click.BadParameter(
            f"'{text}' is not a day from {_FIRST_YEAR} to {_LAST_YEAR}: write it like "
            "2026-03-02",
            param_hint="--treated",
        )
    return day


def _counts(text: str | None) -> list[float | None]:
    if text is None:
        return []
    found: list[float | None] = []
    for part in text.split(","):
        try:
            found.append(None if part.strip() in _UNKNOWN else float(part))
        except ValueError:
            raise click.BadParameter(
                f"'{part.strip()}' is not a platelet count: write 10^9/L without a "
                "unit, such as 150,90",
                param_hint="--platelets",
            ) from None
    return found


def _entry(path: Path) -> tuple[CriteriaSet, list[Judged]]:
    criteria = study_criteria()
    _, given = read_case(path, criteria)
    return criteria, [one for one in judge(criteria, given) if one.criterion.laboratory]
