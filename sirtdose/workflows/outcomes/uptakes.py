"""Response by uptake in FDG PET: a table of lesions over time, as PERCIST takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sirtdose.errors import said_at
from sirtdose.io.tables.csv import Line, read_table
from sirtdose.outcomes.percist import PetScan, assess_pets, best_metabolic, unmeasurable
from sirtdose.outcomes.response import Best, CaseResponse, TimePoint
from sirtdose.workflows.outcomes.case_lines import (
    Days,
    by_case,
    measured,
    place,
    require_one,
)

REQUIRED = ("case_id", "date", "lesion", "sul_peak", "liver_mean", "liver_sd")
OPTIONAL = ("tlg", "new", "diameter_mm")
UPTAKE_COLUMNS = (*REQUIRED, *OPTIONAL)
_MOST_SUL, _MOST_TLG, _MOST_MM = 1000.0, 1e6, 1000.0
_UNIT = "g/mL"


@dataclass(frozen=True)
class UptakeCase:
    """A case's scans in order, baseline first, and the names of its lesions there."""

    case_id: str
    where: str
    lesions: tuple[str, ...]
    scans: tuple[PetScan, ...]


def response_by_uptake(path: Path, *, lesions_max: int) -> list[CaseResponse]:
    """Metabolic response of each case of a table.

    A case whose baseline cannot be followed is not evaluable, and says why.

    Parameters
    ----------
    path : Path
        Of the csv.
    lesions_max : int
        How many of the hottest lesions of each scan are summed; 1 in PERCIST 1.0.

    Raises
    ------
    InputError
        A table that cannot be read, with its line and column, or none of whose cases
        can be followed.
    """
    cases = uptake_cases(path)
    found = []
    for case in cases:
        first = case.scans[0]
        reason = unmeasurable(first)
        points: list[TimePoint] = []
        best = Best("NE", reason)
        if not reason:
            with said_at(case.where):
                points = assess_pets(case.scans, lesions_max=lesions_max)
            best = best_metabolic(points)
        partial = any(one.response == "PMR" for one in points)
        found.append(
            CaseResponse(
                case_id=case.case_id,
                baseline_day=first.day,
                baseline=None if first.unmeasured else sum(first.sul[:lesions_max]),
                lesions=case.lesions,
                timepoints=tuple(points),
                best=best,
                unmeasurable=reason,
                not_given=("diameter_mm",) if partial and not _has_sizes(case) else (),
            )
        )
    require_one([case.where for case in cases], found)
    return found


def _has_sizes(case: UptakeCase) -> bool:
    """Whether the size of every lesion of the baseline is known at every scan."""
    return all(
        name in scan.sizes_mm
        for scan in case.scans
        if not scan.unmeasured
        for name in case.scans[0].by_lesion
    )


def uptake_cases(path: Path) -> list[UptakeCase]:
    """Read a table of SULpeak; a scan that cannot be judged says why, with its line.

    Raises
    ------
    InputError
        What cannot be read, is unknown or there twice, with its line.
    """
    lines = read_table(
        path, required=REQUIRED, optional=OPTIONAL, what="a table of uptake", extra=True
    )
    return [
        _case(path.name, case_id, days)
        for case_id, days in by_case(lines, item="lesion").items()
    ]


def _case(file: str, case_id: str, days: Days) -> UptakeCase:
    names: dict[str, str] = {}
    new: set[str] = set()
    scans = tuple(_scan(day, lines, names, new) for day, lines in days.items())
    return UptakeCase(
        case_id,
        f"{file}, case '{case_id}'",
        tuple(line.text("lesion") for line in days[scans[0].day]),
        scans,
    )


def _scan(
    day: date, lines: Sequence[Line], names: dict[str, str], new: set[str]
) -> PetScan:
    """One scan; `names`, as first written, and `new` grow with each."""
    is_baseline = not names
    reasons = _lesion_reasons(day, lines, names)
    uptake: dict[str, float] = {}
    sizes: dict[str, float] = {}
    new_lesion = False
    for line in lines:
        key = line.text("lesion").casefold()
        name = names.get(key, line.text("lesion"))
        if line.flag("new"):
            new.add(key)
        elif not line.text("sul_peak"):
            reasons.append(
                f"{place(line, 'sul_peak')} is empty: '{name}' was not measured on "
                f"{day}; write 0 if it is not seen"
            )
        sul = measured(line, "sul_peak", most=_MOST_SUL, unit=_UNIT)
        uptake |= {} if sul is None else {name: sul}
        size = measured(line, "diameter_mm", most=_MOST_MM, unit="mm")
        sizes |= {} if size is None else {name: size}
        # What was new once is so, compared with baseline, as long as it is seen.
        new_lesion |= bool(line.flag("new")) or (key in new and bool(sul))
    mean = _one(lines, "liver_mean", _MOST_SUL, reasons)
    sd = _one(lines, "liver_sd", _MOST_SUL, reasons)
    # The deviation tells what can be followed from baseline, and nothing later.
    if not mean or (is_baseline and sd is None):
        column = "liver_sd" if mean else "liver_mean"
        reasons.append(
            f"{place(lines[0], column)} is {lines[0].text(column) or 'empty'} on "
            f"every line of {day} of its case, but the uptake of the normal liver is "
            f"needed, in {_UNIT}"
        )
    return PetScan(
        day=day,
        sul=tuple(sorted(uptake.values(), reverse=True)),
        liver_mean=mean or 0.0,
        liver_sd=sd or 0.0,
        tlg=_one(lines, "tlg", _MOST_TLG, reasons),
        new_lesion=new_lesion,
        by_lesion=uptake,
        sizes_mm=sizes,
        unmeasured=reasons[0] if reasons else "",
    )


def _lesion_reasons(
    day: date, lines: Sequence[Line], names: dict[str, str]
) -> list[str]:
    """Each lesion of the baseline is on every scan; another one says that it is new.

    One that is left out would count as gone.
    """
    is_baseline = not names
    reasons = []
    for line in lines:
        key = line.text("lesion").casefold()
        if is_baseline and line.flag("new"):
            reasons.append(
                f"{place(line, 'new')}: a new lesion on {day}, the earliest date of "
                "its case, which is its baseline: write no"
            )
        if is_baseline or line.flag("new"):
            names.setdefault(key, line.text("lesion"))
        elif key not in names:
            reasons.append(
                f"{place(line, 'lesion')}: '{line.text('lesion')}' is not on its "
                "case's baseline scan: write its uptake there, or yes under new"
            )
    seen = {line.text("lesion").casefold() for line in lines}
    missing = [name for key, name in names.items() if key not in seen]
    if missing:
        reasons.append(
            f"{lines[0].where.rpartition(', ')[2]}: the scan of {day} has no line for "
            f"lesion '{missing[0]}', which is on earlier scans: write its uptake, 0 "
            "if it is not seen"
        )
    return reasons


def _one(
    lines: Sequence[Line], column: str, most: float, reasons: list[str]
) -> float | None:
    """A value of the whole scan, or why its lines do not agree on one."""
    found: float | None = None
    for line in lines:
        value = measured(line, column, most=most, unit="" if column == "tlg" else _UNIT)
        if value is None:
            continue
        if found is not None and value != found:
            reasons.append(
                f"{place(line, column)} is {value:g}, but another line of the same "
                f"case and day has {found:g}: write one value for each scan"
            )
        found = value if found is None else found
    return found
