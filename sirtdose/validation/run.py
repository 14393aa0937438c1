"""Run the checks: every one of them, each judged by itself."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import FileFormatError, has_extra
from sirtdose.model.self_test import SelfTest
from sirtdose.validation.bench import Bench, Figure
from sirtdose.validation.figures import planning, tables
from sirtdose.validation.figures.tables import checksum_checks

# No image and no array: formulas, constants, and files by their digest.
GROUPS = ("constants and decay", "planning", "files as shipped")
# Figures whose libraries an extra brings.
_EXTRAS = {"survival": "cohort"}
FIGURES_BY_NUMBERS = {**planning.FIGURES, **tables.FIGURES}


@dataclass(frozen=True)
class Check:
    """What a figure is held against.

    Parameters
    ----------
    group, name, source : str
        `source` is where the expected figure comes from.
    expected : float or str
        A word, such as a digest, must be the same.
    figure : str
        Which function gives it, with what is `given` to it.
    tolerance : float
        Of `expected` if `relative`, else in `unit`.
    slow : bool
        Left out of a quick run.
    """

    group: str
    name: str
    source: str
    expected: float | str
    figure: str
    given: dict[str, Any]
    unit: str = ""
    tolerance: float = 0.0
    relative: bool = True
    slow: bool = False

    @property
    def tolerance_absolute(self) -> float:
        """The tolerance in the check's unit."""
        return (
            self.tolerance
            if isinstance(self.expected, str) or not self.relative
            else self.tolerance * abs(self.expected)
        )


@dataclass(frozen=True)
class Outcome:
    """What came of a check; no `figure`, and why, where it could not be computed."""

    check: Check
    figure: float | str | None
    passed: bool
    seconds: float
    error: str = ""

    def row(self) -> dict[str, Any]:
        """As validation.json lists it."""
        unlisted = ("figure", "given", "slow")
        row = {
            key: told for key, told in vars(self.check).items() if key not in unlisted
        }
        return row | {
            "figure": self.figure,
            "passed": self.passed,
            "seconds": round(self.seconds, 3),
            "error": self.error or None,
        }


def all_checks(*, quick: bool = False) -> list[Check]:
    """Every comparison that can be made here; without the slow ones on request.

    Raises
    ------
    FileFormatError
        The lists of comparisons or digests are missing or damaged.

    Examples
    --------
    >>> len(all_checks(quick=True)) < len(all_checks())
    True
    """
    try:
        checks = [
            Check(**{"given": {}} | one)
            for one in (*table("validation")["checks"], *checksum_checks())
        ]
    except (OSError, ValueError, KeyError, TypeError):
        raise FileFormatError(
            "validation.json or checksums.json of sirtdose/data is missing or damaged: "
            "install sirtdose again"
        ) from None
    return [one for one in checks if not (quick and one.slow) and _can_run(one)]


def left_out() -> dict[str, int]:
    """How many comparisons need an extra that is not installed, by its name."""
    needed = (_EXTRAS.get(one["figure"]) for one in table("validation")["checks"])
    return dict(Counter(one for one in needed if one and not has_extra(one)))


def _can_run(check: Check) -> bool:
    return check.figure not in _EXTRAS or has_extra(_EXTRAS[check.figure])


def figures(bench: Bench) -> dict[str, Figure]:
    """Every figure by its name."""
    # What reads images takes a second to load, and no plan by numbers needs it.
    from sirtdose.validation.figures import (
        anatomy,
        corrections,
        images,
        kernels,
        radiobiology,
        uptake,
    )

    shared = {
        **images.SHARED_FIGURES,
        **anatomy.SHARED_FIGURES,
        **kernels.SHARED_FIGURES,
        **corrections.SHARED_FIGURES,
    }
    return {
        **FIGURES_BY_NUMBERS,
        **images.FIGURES,
        **corrections.FIGURES,
        **kernels.FIGURES,
        **radiobiology.FIGURES,
        **uptake.FIGURES,
        **{name: partial(figure, bench) for name, figure in shared.items()},
    }


def run_checks(
    checks: Iterable[Check], *, known: Mapping[str, Figure] | None = None
) -> list[Outcome]:
    """Run checks one after the other: one that fails to run does not stop the rest.

    Parameters
    ----------
    checks : iterable of Check
    known : mapping, optional
        Figures by name.  [default: :func:`figures`]
    """
    with TemporaryDirectory(prefix="sirtdose-validate-") as folder:
        by_name = figures(Bench(Path(folder))) if known is None else known
        return [run_check(check, by_name[check.figure]) for check in checks]


def run_check(check: Check, figure: Figure) -> Outcome:
    """Run one check; whatever it raises is a failure with its message."""
    started = perf_counter()
    try:
        found = figure(**check.given)
    # Nothing that a damaged installation does may end the run.
    except Exception as error:  # noqa: BLE001
        said = f"{type(error).__name__}: {error}"
        return Outcome(check, None, False, perf_counter() - started, said)
    return Outcome(check, found, _holds(check, found), perf_counter() - started)


def _holds(check: Check, found: float | str) -> bool:
    if isinstance(check.expected, str) or isinstance(found, str):
        return found == check.expected
    # Rounding of the last bit is none of the tolerance's business.
    allowed = check.tolerance_absolute * (1 + 1e-9) + 1e-12 * abs(check.expected)
    return abs(found - check.expected) <= allowed


@cache
def self_test() -> SelfTest:
    """Compare constants, decay, planning cases and shipped files, once a process.

    Raises
    ------
    FileFormatError
        The lists of comparisons or digests are missing or damaged.

    Examples
    --------
    >>> self_test().failed
    ()
    """
    outcomes = run_checks(
        [one for one in all_checks(quick=True) if one.group in GROUPS],
        known=FIGURES_BY_NUMBERS,
    )
    return SelfTest(
        len(outcomes), tuple(one.check.name for one in outcomes if not one.passed)
    )
