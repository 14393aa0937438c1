"""A structured report of doses: measured groups and what decides about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sirtdose.model.report_codes import Code

FORMAT = "sirtdose.report/1"


@dataclass(frozen=True, slots=True)
class Measured:
    """One number of a group, in the coded unit, as text with all its digits.

    `properties` are its standard uncertainty and interval, by ``standard_uncertainty``,
    ``low`` and ``high``, in the same unit.
    """

    code: Code
    text: str
    unit: Code
    derivation: Code | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasuredGroup:
    """What was measured of one structure by one method, or of the treatment.

    `segments` are numbers of the SEG; without one it is a group without a region.
    `parameters` say what the method rests on.
    """

    name: str
    role: str
    method: Code | None
    measured: tuple[Measured, ...]
    segments: tuple[int, ...] = ()
    tracking_uid: str = ""
    dose_uid: str = ""
    parameters: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Said:
    """A finding: its hazard code, its severity, and what it says.

    The severity is ``ask`` of an open question, ``accepted`` of an answered one.
    """

    code: str
    severity: str
    message: str


@dataclass(frozen=True)
class DoseReport:
    """All that a structured report holds but whose it is.

    `made_by` and `version` name the program; `metrics` are those asked for besides the
    default ones; `facts` are statements with their heading, in words. `uid` is that of
    the file it was read from, `own` whether this program wrote it.
    """

    groups: tuple[MeasuredGroup, ...]
    made_by: str = ""
    version: str = ""
    metrics: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    findings: tuple[Said, ...] = ()
    own: bool = False
    uid: str = ""

    @property
    def open_questions(self) -> int:
        """How many questions nobody has answered."""
        return sum(one.severity in ("ask", "stop") for one in self.findings)
