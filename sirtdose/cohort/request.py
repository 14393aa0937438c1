"""What is asked of a cohort: its tables, and which columns mean what."""

from dataclasses import dataclass
from pathlib import Path

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
        the folder of a batch.
    outcomes : tuple of Path
        Tables of outcomes by case, or, with a column ``lesion``, by lesion; several of
        a kind are put beside each other.
    dose, lesion_dose, liver_dose : str or None
        Columns of doses: the patient's tumors, each lesion, the normal liver; the usual
        ones of a batch where None.
    response, toxicity : str or None
        Columns of yes or no, of response, or of a grade.
    responders : tuple of str
        Which responses count as yes.
    toxic_from : int
        The grade from which a toxicity counts.
    time, event : str or None
        Columns of the time to an event and whether it was seen.
    by : str or None
        The column whose groups have curves of their own; the response where None.
    landmark : float
        Patients whose time ended earlier are left out of curves by group, and times
        count from there; in the unit of `time`.
    threshold_gy : float or None
        A dose known beforehand, at which patients and lesions are divided.
    covariates : tuple of str
        For Cox models and for comparisons between groups.
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
    toxicity: str | None = None
    toxic_from: int = 3
    time: str | None = None
    event: str | None = None
    by: str | None = None
    landmark: float = 0.0
    threshold_gy: float | None = None
    covariates: tuple[str, ...] = ()
    interval: Interval = "log-log"
    ties: Ties = "efron"
    simulated: bool = False
