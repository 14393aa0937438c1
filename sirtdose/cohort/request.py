"""What is asked of a cohort: its tables, and which columns mean what."""

from dataclasses import dataclass
from pathlib import Path

from sirtdose.errors import InputError
from sirtdose.outcomes.hazards_over_time import Ties
from sirtdose.outcomes.survival import Interval

RESPONDERS = ("CR", "PR", "CMR", "PMR")


@dataclass(frozen=True)
class CohortRequest:
    """Columns by their meaning; None where nothing is asked.

    Parameters
    ----------
    doses : tuple of Path
        Tables with a line a case (or, with a column ``lesion``, a line a lesion), or
        the folder of a batch. Without any, outcomes are described and compared by
        covariates, not by dose.
    outcomes : tuple of Path
        Tables of outcomes by case, or, with a column ``lesion``, by lesion; several of
        a kind are put beside each other.
    dose, lesion_dose, liver_dose : str or None
        Columns of doses: the patient's tumors, each lesion, the normal liver; the usual
        ones of a batch where None.
    response : str or None
        Column of yes or no, or of response.
    toxicity : tuple of str
        Columns of yes or no, or of a grade: a patient with any of them has it, and one
        without any in whom one is missing is not known.
    responders : tuple of str
        Which responses count as yes.
    toxic_from : int
        The grade from which a toxicity counts.
    time, event : str or None
        Columns of the time to an event and whether it was seen.
    start, end : str or None, tuple of str
        Columns of dates instead of `time`: from which, and to which. Of two to which,
        the first is of the event and the second of the last contact.
    by : tuple of str
        The columns whose groups have curves of their own; the response where none.
    strata : tuple of str
        Columns within whose groups log-rank tests and Cox models compare.
    landmark : float
        Patients whose time ended earlier are left out of curves by group, and times
        count from there; in the unit of `time`.
    threshold_gy : float or None
        A dose known beforehand, at which patients and lesions are divided.
    covariates : tuple of str
        For Cox models and for comparisons between groups.
    describe : tuple of str
        For the table of patients and comparisons between groups, not for Cox models.
    simulated : bool
        Whether the tables are made up: every page says so.
    """

    doses: tuple[Path, ...]
    outcomes: tuple[Path, ...]
    dose: str | None = None
    lesion_dose: str | None = None
    liver_dose: str | None = None
    response: str | None = None
    responders: tuple[str, ...] = RESPONDERS
    toxicity: tuple[str, ...] = ()
    toxic_from: int = 3
    time: str | None = None
    event: str | None = None
    start: str | None = None
    end: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    landmark: float = 0.0
    threshold_gy: float | None = None
    covariates: tuple[str, ...] = ()
    describe: tuple[str, ...] = ()
    interval: Interval = "log-log"
    ties: Ties = "efron"
    simulated: bool = False

    def __post_init__(self) -> None:
        for name in ("toxicity", "end", "by", "strata", "covariates", "describe"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise InputError(
                    f"{name} is '{value}': give a tuple of columns, ('{value}',)"
                )

    @property
    def timed(self) -> bool:
        """Whether a time to an event is asked for."""
        return self.time is not None or self.start is not None or bool(self.end)

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns that describe patients, each once."""
        return tuple(dict.fromkeys((*self.describe, *self.covariates)))
