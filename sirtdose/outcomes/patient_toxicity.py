"""What is known of one patient's toxicity: grades, the worst of them, the liver."""

from dataclasses import dataclass
from datetime import date

from sirtdose.outcomes.adverse_events import Graded, Hepatotoxicity, Worst
from sirtdose.outcomes.liver_function import Albi, ChildPugh


@dataclass(frozen=True)
class Baseline:
    """A term's value before treatment, in the unit inside, and where it is from.

    `uln` is the upper limit of normal of the laboratory that measured it.
    """

    value: float
    origin: str
    uln: float | None = None


@dataclass(frozen=True)
class LiverDay:
    """Liver function on a day; `missing` is what a Child-Pugh score lacks."""

    day: date
    days: int | None
    albi: Albi
    child_pugh: ChildPugh | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class OfWindow:
    """The worst grades of a window of days, and whether they are hepatotoxicity."""

    label: str
    worst: tuple[Worst, ...]
    hepatotoxicity: Hepatotoxicity


@dataclass(frozen=True)
class PatientToxicity:
    """A patient; `together` is of all windows as one."""

    case_id: str
    treated: date | None
    graded: tuple[Graded, ...]
    windows: tuple[OfWindow, ...]
    together: OfWindow
    baselines: dict[str, Baseline]
    liver: tuple[LiverDay, ...]

    @property
    def baseline_albi(self) -> Albi | None:
        """The latest ALBI on or before the day of treatment."""
        before = [one for one in self.liver if one.days is not None and one.days <= 0]
        return before[-1].albi if before else None
