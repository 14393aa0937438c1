"""Say what became of many cases, as each ends."""

import sys
from collections.abc import Generator
from time import perf_counter
from typing import TYPE_CHECKING

import click

from sirtdose.cli.words.progress import piped_json
from sirtdose.errors import SirtdoseError, foreseen

if TYPE_CHECKING:
    from sirtdose.batch.work import Outcome


def refusal_of(error: click.ClickException | SirtdoseError) -> tuple[str, int]:
    """What a case is refused for, and what the program would end with."""
    if isinstance(error, click.ClickException):
        return error.format_message(), error.exit_code
    return foreseen(error) or (str(error), 1)


def with_progress(
    finished: "Generator[Outcome, None, None]", count: int
) -> "Generator[Outcome, None, None]":
    """Say how far it is: a bar on a terminal, else a line for each case."""
    if sys.stderr.isatty() and not piped_json():
        with click.progressbar(
            length=count, label="cases", show_pos=True, file=sys.stderr
        ) as bar:
            for one in finished:
                if one.error:
                    click.echo("\r\033[K", nl=False, err=True)
                    say_outcome(one)
                bar.update(1)
                yield one
        return
    started = perf_counter()
    for number, one in enumerate(finished, 1):
        left_s = (perf_counter() - started) / number * (count - number)
        say_outcome(one, f"{number} of {count}, {_time(left_s)} left: ")
        yield one


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def say_outcome(outcome: "Outcome", before: str = "") -> None:
    """Say of one whether it is done, or why not."""
    said = f": {outcome.error}" if outcome.error else f", {outcome.seconds:.1f} s"
    click.secho(
        f"{before}{outcome.case_id} {outcome.state}{said}",
        fg="red" if outcome.error else None,
        err=True,
    )
