"""Lesions through time with the response of the patient and of each lesion."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Finding
from sirtdose.model.history import Entry, Source, Visit
from sirtdose.outcomes.response import Best, CaseResponse, TimePoint


@dataclass(frozen=True)
class OwnResponse:
    """The response of one lesion by itself, as if it were the only target."""

    points: tuple[TimePoint, ...]
    best: Best


@dataclass(frozen=True)
class Measured:
    """A table of one case by its criteria.

    Parameters
    ----------
    criteria : str
        A key of ``data/response_criteria.json``.
    file : str
    digest : str
        SHA-256 of the file.
    case : CaseResponse
        The response of the patient.
    values : mapping
        By day and lesion, mm or g/mL; what was not measured is not there.
    own : mapping of str to OwnResponse
        By lesion; of targets only.
    elsewhere : frozenset of str
        Lesions outside of the liver, and lymph nodes, which no plan has.
    """

    criteria: str
    file: str
    digest: str
    case: CaseResponse
    values: Mapping[date, Mapping[str, float]]
    own: Mapping[str, OwnResponse]
    elsewhere: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        """The lesions of the table, in its order."""
        return list(dict.fromkeys(n for one in self.values.values() for n in one))


@dataclass(frozen=True, eq=False)
class History:
    """All lesions through time.

    Parameters
    ----------
    visits : tuple of (Visit, Source)
        In the order of time.
    lesions : mapping of str to tuple of Entry
        By the name that a lesion has throughout.
    measured : tuple of Measured
        By the same names.
    sums_gy : mapping
        Dose of all treatments by lesion and method; `no_sum` says why there is none.
    """

    visits: tuple[tuple[Visit, Source], ...]
    lesions: Mapping[str, tuple[Entry, ...]]
    measured: tuple[Measured, ...]
    sums_gy: Mapping[str, Mapping[str, float]]
    no_sum: str
    case_label: str
    deidentified: bool
    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]

    @property
    def first_treated(self) -> date | None:
        """The day of the first treatment."""
        days = [one.day for one, _ in self.visits if one.kind == "treatment"]
        return days[0] if days else None
