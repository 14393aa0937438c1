"""Tables of `sirtdose response`: of the patient, and of each lesion alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.io.hashing import sha256_of
from sirtdose.io.tables.csv import Line, read_table
from sirtdose.outcomes.history import Measured, OwnResponse
from sirtdose.outcomes.percist import assess_pets, best_metabolic
from sirtdose.outcomes.percist import unmeasurable as unmeasurable_pet
from sirtdose.outcomes.recist import (
    Criteria,
    assess_scans,
    best_overall,
    unmeasurable,
)
from sirtdose.outcomes.response import Best, CaseResponse
from sirtdose.workflows.outcomes.case_lines import by_case, measured
from sirtdose.workflows.outcomes.diameters import (
    DiameterCase,
    diameter_cases,
    response_by_diameters,
)
from sirtdose.workflows.outcomes.uptakes import (
    UptakeCase,
    response_by_uptake,
    uptake_cases,
)

_MOST = {"diameter_mm": (1000.0, "mm"), "sul_peak": (1000.0, "g/mL")}


def read_measured(criteria: str, path: Path, case_label: str | None) -> Measured:
    """The one case of a table, or the one of a label.

    Raises
    ------
    InputError
        A table that cannot be read or judged, or without that case.
    """
    by_diameter = table("response_criteria")[criteria]["measures"] == "diameters"
    column = "diameter_mm" if by_diameter else "sul_peak"
    lines = read_table(
        path, required=("case_id", "date", "lesion", column), what="a table of lesions"
    )
    cases = by_case(lines, item="lesion")
    case_id = _the_case(list(cases), case_label, path.name)
    own: dict[str, OwnResponse]
    if by_diameter:
        case, own = _by_diameters(path, criteria, case_id)
    else:
        case, own = _by_uptake(path, criteria, case_id)
    names: dict[str, str] = {}
    return Measured(
        criteria,
        path.name,
        sha256_of([path]),
        case,
        {day: _values(some, column, names) for day, some in cases[case_id].items()},
        own,
        frozenset(
            names[line.text("lesion").casefold()]
            for some in cases[case_id].values()
            for line in some
            if by_diameter and _is_elsewhere(line)
        ),
    )


def _is_elsewhere(line: Line) -> bool:
    organ = line.text("organ").casefold()
    return line.text("kind") == "target-node" or organ not in ("", "liver")


def _values(
    lines: Sequence[Line], column: str, names: dict[str, str]
) -> dict[str, float]:
    """What was measured on a day, by names as they were first written."""
    most, unit = _MOST[column]
    found = {}
    for line in lines:
        text = line.text("lesion")
        name = names.setdefault(text.casefold(), text)
        value = measured(line, column, most=most, unit=unit)
        if value is not None:
            found[name] = value
    return found


def _the_case(known: list[str], label: str | None, file: str) -> str:
    if label is None and len(known) == 1:
        return known[0]
    if label is None:
        raise InputError(
            f"{file} has {len(known)} cases: say with --case-label which of them this "
            f"is ({', '.join(known[:8])})"
        )
    if label in known:
        return label
    raise InputError(
        f"{file} has no case '{label}' (--case-label): there are {', '.join(known[:8])}"
    )


def _by_diameters(
    path: Path, criteria: str, case_id: str
) -> tuple[CaseResponse, dict[str, OwnResponse]]:
    rules = table("response_criteria")[criteria]
    kind = cast("Criteria", rules["name"])
    cases, _ = response_by_diameters(
        path, criteria=kind, targets_max=rules["targets_max"]
    )
    own = next(one for one in diameter_cases(path) if one.case_id == case_id)
    return _of(cases, case_id), _lesions_by_diameter(own, kind)


def _lesions_by_diameter(
    case: DiameterCase, criteria: Criteria
) -> dict[str, OwnResponse]:
    found = {}
    for one in case.targets:
        reason = case.unmeasured or unmeasurable(
            [one], criteria=criteria, targets_max=1
        )
        scans = [
            replace(
                scan,
                diameters_mm={one.name: scan.diameters_mm.get(one.name)},
                non_targets="none",
                new_lesions=False,
                unmeasured="",
            )
            for scan in case.scans
        ]
        points = (
            []
            if reason
            else assess_scans([one], scans, criteria=criteria, targets_max=1)
        )
        best = Best("NE", reason) if reason else best_overall(points)
        found[one.name] = OwnResponse(tuple(points), best)
    return found


def _by_uptake(
    path: Path, criteria: str, case_id: str
) -> tuple[CaseResponse, dict[str, OwnResponse]]:
    rules = table("response_criteria")[criteria]
    cases = response_by_uptake(path, lesions_max=rules["lesions_max"])
    own = next(one for one in uptake_cases(path) if one.case_id == case_id)
    return _of(cases, case_id), _lesions_by_uptake(own)


def _lesions_by_uptake(case: UptakeCase) -> dict[str, OwnResponse]:
    found = {}
    for name in case.lesions:
        scans = [
            replace(
                scan,
                sul=tuple(v for n, v in scan.by_lesion.items() if n == name),
                by_lesion={n: v for n, v in scan.by_lesion.items() if n == name},
                sizes_mm={n: v for n, v in scan.sizes_mm.items() if n == name},
                # Glycolysis is of all lesions together.
                tlg=None,
                new_lesion=False,
                unmeasured=scan.unmeasured
                or ("" if name in scan.by_lesion else "not measured"),
            )
            for scan in case.scans
        ]
        reason = unmeasurable_pet(scans[0])
        points = [] if reason else assess_pets(scans)
        best = Best("NE", reason) if reason else best_metabolic(points)
        found[name] = OwnResponse(tuple(points), best)
    return found


def _of(cases: Sequence[CaseResponse], case_id: str) -> CaseResponse:
    return next(one for one in cases if one.case_id == case_id)


def renamed(one: Measured, lesion: Callable[[str], str]) -> Measured:
    """The same with lesions by the names that they have everywhere."""
    return replace(
        one,
        values={
            day: {lesion(name): value for name, value in some.items()}
            for day, some in one.values.items()
        },
        own={lesion(name): own for name, own in one.own.items()},
    )
