"""`sirtdose eligibility`: does a patient meet a study's criteria."""

from collections.abc import Mapping
from pathlib import Path

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.show import show_document
from sirtdose.errors import InputError
from sirtdose.io.tables.own_file import read_own_file
from sirtdose.outcomes.eligibility import (
    CriteriaSet,
    Given,
    criteria_set,
    given_values,
    judge,
    overall,
    study_criteria,
)
from sirtdose.report.outcomes.eligibility import (
    eligibility_document,
    eligibility_screen,
)

_PATH = click.Path(path_type=Path)


@command("eligibility")
@click.argument("case", type=_PATH, metavar="CASE.toml")
@click.option(
    "--criteria",
    "criteria_path",
    type=_PATH,
    metavar="FILE",
    help="File with your own criteria, .json or .toml.  [default: those of a "
    "prospective study of resin radioembolization, then mitomycin C]",
)
@out_option(required=False)
@force_option
@verbose_option
@json_option
def eligibility_command(
    *,
    case: Path,
    criteria_path: Path | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Compare a patient's values with the inclusion and exclusion criteria of a study.

    CASE.toml has a table [values], e.g. lung_shunt_fraction = "12%", bilirubin = {value
    = "18 umol/L", uln = "20 umol/L"}, histology_proven = true. Values that are left out
    are unknown. Each criterion is met, failed or unknown; met always means that it
    allows inclusion. The exit code is 0 for every answer.

    Writes eligibility.json.

    Example: sirtdose eligibility case.toml

    Example: sirtdose eligibility case.toml --criteria own.toml --out eligibility
    """
    criteria, sha256 = _criteria(criteria_path)
    case_id, given = read_case(case, criteria)
    judged = judge(criteria, given)
    asked = {one.value for one in criteria.criteria}
    document = eligibility_document(
        criteria,
        judged,
        answer=overall(judged),
        case_id=case_id,
        sha256=sha256,
        not_used=[key for key in given if key not in asked],
    )
    show_document(
        document,
        eligibility_screen(document),
        name="eligibility.json",
        out=out,
        force=force,
        as_json=as_json,
    )


def read_case(path: Path, criteria: CriteriaSet) -> tuple[str | None, dict[str, Given]]:
    """The case_id, if there is one, and the values of a case file."""
    data, _ = read_own_file(path)
    unknown = [key for key in data if key not in ("case_id", "values")]
    if unknown:
        raise InputError(
            f"{path.name}: '{unknown[0]}' is not known: write a table [values], and "
            "case_id if you like"
        )
    case_id, values = data.get("case_id"), data.get("values")
    if case_id is not None and not (isinstance(case_id, str) and case_id.isprintable()):
        raise InputError(f"{path.name}: case_id is {case_id!r}: write it in quotes")
    if not isinstance(values, Mapping):
        raise InputError(f"{path.name} has no table [values] with the patient's values")
    return case_id, given_values(values, criteria, path.name)


def _criteria(path: Path | None) -> tuple[CriteriaSet, str | None]:
    if path is None:
        return study_criteria(), None
    data, digest = read_own_file(path)
    return criteria_set(data, path.name), digest
