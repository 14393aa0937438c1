"""Names that de-identified results keep, held against the patient's own (H33)."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sirtdose.io.choose import Choice
from sirtdose.io.dicom.link import read_patient
from sirtdose.io.discover import discover
from sirtdose.io.found import Found
from sirtdose.io.hashing import companions
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.request import ImageRequest
from sirtdose.report.post.deidentified import with_names_replaced

_SHOWN_MAX = 8


def people_of(choice: Choice, others: Iterable[Path | None]) -> tuple[PatientLink, ...]:
    """Whom the DICOM files name, and the other ones that are read."""
    items: list[Found | None] = [choice.image, choice.ct, *choice.structures]
    for path in others:
        items += discover(path) if path is not None and path.exists() else []
    found = [
        read_patient(item.paths[0])
        for item in items
        if item is not None and any(item.patient)
    ]
    return tuple(dict.fromkeys(found))


def kept_name_findings(
    texts: Sequence[tuple[str, str]], people: Sequence[PatientLink]
) -> list[Finding]:
    """Ask where a name that results keep is the patient's.

    Parameters
    ----------
    texts : sequence of (str, str)
        What it is, such as "structure names", and the text itself.
    people : sequence of PatientLink
        Whom the inputs are of; empty where they do not say.
    """
    if not any(one.patient_id or one.patient_name for one in people):
        kept = sorted({text for what, text in texts if what == "structure names"})
        if not kept:
            return []
        return [
            Finding.of(
                "H33",
                "no input says whose it is, so no name could be compared with the "
                f"patient's: results keep {_listed(kept)}",
                severity=Severity.WARN,
            )
        ]
    telling: dict[str, int] = {}
    for what, text in texts:
        if any(one.names(text) for one in people):
            telling[what] = telling.get(what, 0) + 1
    if not telling:
        return []
    # The names themselves are not repeated: they are the patient's.
    listed = ", ".join(f"{what} ({count})" for what, count in telling.items())
    return [
        Finding.of(
            "H33",
            "the patient's name, ID, birth date or accession number stands in what "
            f"results keep: {listed}; rename it in the input or on the command line",
        )
    ]


def without_file_names(text: str, request: ImageRequest, named: Iterable[Path]) -> str:
    """A message in which no file's name stands that could have been read."""
    given = [request.image, request.ct, *request.structures]
    paths = [request.source, *named, *filter(None, given)]
    names = {
        one.name: "a file"
        for path in paths
        for one in (path, *(path.rglob("*") if path.is_dir() else ()))
    }
    return with_names_replaced(text, names)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{one}'" for one in names[:_SHOWN_MAX])
    more = len(names) - _SHOWN_MAX
    return f"{shown} and {more} more" if more > 0 else shown


def file_names(choice: Choice, named: Mapping[str, Path]) -> dict[str, str]:
    """What stands for each file's name, where results are to name nobody."""
    found: dict[str, str] = {}
    items = [choice.image, choice.ct, *choice.structures]
    for number, item in enumerate((one for one in items if one is not None), start=1):
        for path in item.paths:
            for one in (path, *companions(path)):
                found.setdefault(one.name, f"{item.kind} {number}")
    for kind, path in named.items():
        found.setdefault(path.name, kind)
        if path.is_dir():
            below = (one for one in path.rglob("*") if one.is_file())
            found |= {one.name: kind for one in below if one.name not in found}
    return found
