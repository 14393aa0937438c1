"""`sirtdose mmc`: mitomycin C after radioembolization, as one study gave it."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

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
from sirtdose.outcomes.mitomycin import Known, schedule
from sirtdose.report.outcomes.mitomycin import mitomycin_document, mitomycin_screen

_FIRST_YEAR, _LAST_YEAR = 1950, 2200
_UNKNOWN = ("", "-", "?")
_HOLD = ("hold", "0mg")
_DOSE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)mg")
_T = TypeVar("_T")


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
    "The first cycle is held at 100 and below, and tried again one interval later.",
)
@click.option(
    "--reduced-dose",
    metavar="DOSES",
    help="The physician's dose for each later cycle below 100 x 10^9/L platelets, in "
    "order, e.g. 9mg,hold.",
)
@click.option(
    "--response",
    metavar="RESPONSES",
    help="RECIST 1.1 response of each imaging after two cycles of cohort D, e.g. "
    "SD,PR; - if unknown. PD ends the schedule.",
)
@click.option(
    "--actual-days",
    metavar="DAYS",
    help="Days on which the schedule's days took place, e.g. 2026-04-29,-; - if as "
    "planned. All later days move.",
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
    with liver metastases of breast cancer. The first cycle needs more than 100 x 10^9/L
    platelets. Below that, later doses are reduced. The study does not say by how much:
    the reduced dose is the physician's, and none is computed here.

    Writes mmc.json.

    Example: sirtdose mmc --cohort A --treated 2026-03-02

    Example: sirtdose mmc --cohort C --treated 2026-03-02 --interval 28d --platelets
    150,90 --reduced-dose 9mg
    """
    day, known = _day(treated, "--treated"), _known(options)
    cycles = schedule(
        cohort,
        treated=day,
        interval_d=options["interval"],
        first_after_weeks=options["first_after"] / 7,
        known=known,
    )
    document = mitomycin_document(
        cycles,
        cohort=cohort,
        treated=day,
        # Of one day there is nothing between.
        interval_d=None if len(cycles) == 1 else options["interval"],
        progressed=known.progressed,
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


def _known(options: dict[str, Any]) -> Known:
    def read(option: str, each: Callable[[str], _T | None]) -> list[_T | None]:
        text = options[option.strip("-").replace("-", "_")]
        parts = [] if text is None else [one.strip() for one in text.split(",")]
        return [None if one in _UNKNOWN else each(one) for one in parts]

    doses = read("--reduced-dose", _dose_mg)
    if None in doses:
        raise click.BadParameter(
            "'-' is not a dose: write the physician's, such as 9mg, or hold",
            param_hint="--reduced-dose",
        )
    return Known(
        platelets=read("--platelets", _count),
        reduced_mg=[one for one in doses if one is not None],
        responses=read("--response", str.upper),
        days=read("--actual-days", lambda text: _day(text, "--actual-days")),
        progressed=options["progressed"],
    )


def _day(text: str, option: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = date.min
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise click.BadParameter(
            f"'{text}' is not a day from {_FIRST_YEAR} to {_LAST_YEAR}: write it like "
            "2026-03-02",
            param_hint=option,
        )
    return day


def _count(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(
            f"'{text}' is not a platelet count: write 10^9/L without a unit, such as "
            "150,90",
            param_hint="--platelets",
        ) from None


def _dose_mg(text: str) -> float:
    """The dose of one day; 0 where none is given."""
    plain = text.casefold().replace(" ", "")
    if plain in _HOLD:
        return 0.0
    match = _DOSE.fullmatch(plain)
    if match is None:
        raise click.BadParameter(
            f"'{text}' is not a dose: write it in mg, such as 9mg, or hold",
            param_hint="--reduced-dose",
        )
    return float(match[1])


def _entry(path: Path) -> tuple[CriteriaSet, list[Judged]]:
    criteria = study_criteria()
    _, given = read_case(path, criteria)
    return criteria, [one for one in judge(criteria, given) if one.criterion.laboratory]
