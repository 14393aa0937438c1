"""Uptake of lesions in FDG PET over time, from a table, as PERCIST takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sirtdose.errors import InputError, RangeError
from sirtdose.io.csv_table import Line, read_table
from sirtdose.outcomes.percist import PetScan
from sirtdose.workflows.case_lines import Days, by_case, measured

REQUIRED = ("case_id", "date", "lesion", "sul_peak", "liver_mean", "liver_sd")
OPTIONAL = ("tlg", "new", "diameter_mm")
_MOST_SUL, _MOST_TLG, _MOST_MM = 1000.0, 1e6, 1000.0
_UNIT = "g/mL"


@dataclass(frozen=True)
class UptakeCase:
    """A case's scans in order, baseline first, and the names of its lesions there."""

    case_id: str
    where: str
    lesions: tuple[str, ...]
    scans: tuple[PetScan, ...]


def uptake_cases(path: Path) -> list[UptakeCase]:
    """Read a table of SULpeak.

    Raises
    ------
    InputError
        What is missing, unknown, there twice or contradicts itself, with its line.
    """
    lines = read_table(
        path, required=REQUIRED, optional=OPTIONAL, what="a table of uptake"
    )
    return [
        _case(path.name, case_id, days)
        for case_id, days in by_case(lines, item="lesion").items()
    ]


def _case(file: str, case_id: str, days: Days) -> UptakeCase:
    first = next(iter(days))
    for line in days[first]:
        if line.flag("new"):
            raise InputError(
                f"{line.at('new')}: a new lesion on {first}, the earliest day of its "
                "case, which is its baseline"
            )
    known = {line.text("lesion").casefold() for line in days[first]}
    for day, lines in days.items():
        _require_same_lesions(known, day, lines)
    new: set[str] = set()
    scans = tuple(_scan(day, lines, new) for day, lines in days.items())
    lesions = tuple(line.text("lesion") for line in days[first])
    return UptakeCase(case_id, f"{file}, case '{case_id}'", lesions, scans)


def _require_same_lesions(known: set[str], day: date, lines: Sequence[Line]) -> None:
    """Each lesion of the baseline is on every scan; another one says that it is new.

    One that is left out would count as gone.
    """
    for line in lines:
        name = line.text("lesion").casefold()
        if line.flag("new"):
            known.add(name)
        if name not in known:
            raise InputError(
                f"{line.at('lesion')}: '{line.text('lesion')}' is not on its case's "
                "baseline scan: write its uptake there, or yes under new"
            )
    seen = {line.text("lesion").casefold() for line in lines}
    missing = sorted(known - seen)
    if missing:
        raise InputError(
            f"{lines[0].where}: the scan of {day} has no line for lesion "
            f"'{missing[0]}', which earlier scans have: write its uptake, 0 if it is "
            "not seen"
        )


def _scan(day: date, lines: Sequence[Line], new: set[str]) -> PetScan:
    uptake: dict[str, float] = {}
    sizes: dict[str, float] = {}
    new_lesion = False
    for line in lines:
        name = line.text("lesion").casefold()
        if line.flag("new"):
            new.add(name)
        else:
            line.required("sul_peak")
        sul = measured(line, "sul_peak", most=_MOST_SUL, unit=_UNIT)
        uptake |= {} if sul is None else {name: sul}
        size = measured(line, "diameter_mm", most=_MOST_MM, unit="mm")
        sizes |= {} if size is None else {name: size}
        # What was new once is so, compared with baseline, as long as it is seen.
        new_lesion |= bool(line.flag("new")) or (name in new and bool(sul))
    mean, sd = (_one(lines, name, _MOST_SUL) for name in ("liver_mean", "liver_sd"))
    if not mean or sd is None:
        name = "liver_sd" if mean else "liver_mean"
        raise (InputError if mean is None or mean else RangeError)(
            f"{lines[0].at(name)} is {lines[0].text(name) or 'empty'} on every line of "
            f"{day}: the normal liver's uptake is needed, in {_UNIT}"
        )
    tlg = _one(lines, "tlg", _MOST_TLG)
    return PetScan(
        day=day,
        sul=tuple(sorted(uptake.values(), reverse=True)),
        liver_mean=mean,
        liver_sd=sd,
        tlg=tlg,
        new_lesion=new_lesion,
        by_lesion=uptake,
        sizes_mm=sizes,
    )


def _one(lines: Sequence[Line], column: str, most: float) -> float | None:
    """A value of the whole scan: all lines that have it agree."""
    found: float | None = None
    for line in lines:
        value = measured(line, column, most=most, unit="" if column == "tlg" else _UNIT)
        if value is None:
            continue
        if found is not None and value != found:
            raise InputError(
                f"{line.at(column)} is {value:g}: another line of the same case and "
                f"day has {found:g}, and a scan has one"
            )
        found = value
    return found
