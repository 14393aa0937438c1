"""What a center has shared: kept beside the shared files, and never sent."""

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.cohort.disclosure import (
    numbers_of,
    require_apart,
    require_few_numbers,
    require_same_rows,
)
from sirtdose.errors import InputError
from sirtdose.report.plan.hash import require_unchanged, signed

LEDGER = "shared_ledger.json"
Document = dict[str, Any]


def ledger_of(folder: Path) -> Document:
    """The ledger of a folder, a new one where there is none.

    Raises
    ------
    InputError
        One that cannot be read, or was changed.
    """
    path = folder / LEDGER
    if not path.exists():
        return {
            "schema": "sirtdose.ledger/1",
            "sirtdose_version": __version__,
            "says": "what this center has shared: keep it, and do not send it",
            "salt": secrets.token_hex(16),
            "shares": [],
        }
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("schema") != "sirtdose.ledger/1":
        raise InputError(
            f"{path} cannot be read as the list of what was shared before, without "
            "which nothing more is shared: bring it back from a backup"
        )
    require_unchanged(found, LEDGER)
    return found


def with_share(
    ledger: Mapping[str, Any], share: Document, rows: Mapping[str, str], name: str
) -> Document:
    """The ledger with one more share, provided that nobody follows from all of them.

    Parameters
    ----------
    ledger : dict
    share : dict
        What is to be shared.
    rows : mapping of str to str
        What the models see of each patient, by case.
    name : str
        Of the file that it is shared in.

    Raises
    ------
    InputError
        Patients could be told apart, or rows be solved for.
    """
    coded = {_code(ledger, one): _code(ledger, own) for one, own in rows.items()}
    shares: list[Document] = ledger["shares"]
    center = share["center"].casefold()
    earlier = [
        one
        for one in shares
        if one["center"].casefold() == center or _is_of(coded, one["patients"])
    ]
    require_apart(list(coded), _named(earlier))
    definitions = [one["definition"] for one in share["models"]]
    for one in earlier:
        if [own["definition"] for own in one["models"]] == definitions:
            require_same_rows(coded, one["patients"], one["file"])
    entry = {
        "file": name,
        "center": share["center"],
        "round": share["at"]["round"],
        "models": [
            {key: one[key] for key in ("name", "definition", "names", "point")}
            for one in share["models"]
        ],
        "patients": coded,
    }
    together = [one for one in earlier if not coded.keys().isdisjoint(one["patients"])]
    models = [model for one in (*together, entry) for model in one["models"]]
    require_few_numbers(
        told=told_by(models),
        patients=len(coded),
        columns=len({name for one in models for name in one["names"]}),
    )
    known = [one for one in earlier if _is_same(one, entry)]
    content = {key: one for key, one in ledger.items() if key != "hash"}
    return signed(content | {"shares": shares if known else [*shares, entry]})


def _is_of(coded: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether shares under two names are of the same patients: by what most have.

    Two centers that write into one folder may both call a patient p1.
    """
    both = coded.keys() & other.keys()
    return 2 * sum(coded[one] == other[one] for one in both) > len(both) > 0


def told_by(models: Iterable[Mapping[str, Any]]) -> int:
    """How many numbers are shared: of each point once, and each center's own fit."""
    points, fits = {}, {}
    for one in models:
        model = json.dumps([one["name"], one["definition"]])
        points[model, tuple(one["point"])] = numbers_of(one)
        fits[model] = 2 * len(one["names"])
    return sum(points.values()) + sum(fits.values())


def _is_same(one: Document, other: Document) -> bool:
    return all(one[key] == other[key] for key in ("models", "patients"))


def _named(shares: Iterable[Document]) -> dict[str, list[str]]:
    """Who is in each share, by its file; each set of patients once."""
    found: dict[str, list[str]] = {}
    for one in shares:
        own = sorted(one["patients"])
        if own not in found.values():
            found[f"{one['file']} (round {one['round']})"] = own
    return found


def _code(ledger: Mapping[str, Any], text: str) -> str:
    """A patient, or a row, as the ledger has it: nobody can read it there."""
    return hmac.new(bytes.fromhex(ledger["salt"]), text.encode(), "sha256").hexdigest()[
        :32
    ]
