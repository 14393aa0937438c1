"""Results of one treatment that contradict each other, found in a folder of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import combinations

from sirtdose.checks.vials import order_severity
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.guard_rails import rail
from sirtdose.model.names import the_one_alike
from sirtdose.model.rounded import amount

# Of one measurement typed twice: what is left of a difference is rounding.
_SAME_GBQ = 0.005
_SAME_SHUNT = 0.01
_PART_OF_IT = 0.25


def several_people_findings(people: int) -> list[Finding]:
    """Results that are tied to each other and name several patients (H01).

    >>> [one.code for one in several_people_findings(2)], several_people_findings(1)
    (['H01'], [])
    """
    if people < 2:
        return []
    said = (
        f"these results are made from each other, but their DICOM files name {people} "
        "patients: does one plan or image belong to another patient?"
    )
    return [Finding.of("H01", said)]


def rival_plans_findings(places: Sequence[str], *, same_patient: bool) -> list[Finding]:
    """Several approved plans for one treatment, none an update of another (H02).

    Whether it is one treatment is known for sure only of the `same_patient`.
    """
    if len(places) < 2:
        return []
    said = (
        f"{len(places)} plans of this treatment are approved, and none updates "
        f"another: {', '.join(places)}. Keep the one that holds, or say in each for "
        "which day, vessel or injection it is"
    )
    severity = None if same_patient else Severity.WARN
    return [Finding.of("H02", said, severity=severity, subject="the plan")]


def approved_late_findings(
    approved_at: datetime | None, given_at: datetime | None, place: str
) -> list[Finding]:
    """A plan that was approved after its treatment was given (H02).

    >>> at = [datetime(2026, 3, 2, hour) for hour in (9, 11)]
    >>> approved_late_findings(at[0], at[1], "plan.json")
    []
    >>> [one.message.partition(",")[0]
    ...  for one in approved_late_findings(at[1], at[0], "plan.json")]
    ['the plan was approved at 2026-03-02T11:00']
    """
    if approved_at is None or given_at is None or not _is_later(approved_at, given_at):
        return []
    said = (
        f"the plan was approved at {approved_at.isoformat(timespec='minutes')}, after "
        f"the treatment of {given_at.isoformat(timespec='minutes')}: {place}"
    )
    return [Finding.of("H02", said, severity=Severity.ASK, subject="the plan")]


def other_plan_findings(
    place: str, plan: str, current: str, *, same_patient: bool
) -> list[Finding]:
    """A treatment assessed with another plan than the newest approved one (H02)."""
    said = f"{place} was assessed with {plan}, but {current} is the approved plan"
    severity = None if same_patient else Severity.WARN
    return [Finding.of("H02", said, severity=severity, subject="the plan")]


def ordered_before_approval_findings(place: str) -> list[Finding]:
    """Vials that were ordered for a plan before it was approved (H04)."""
    said = f"{place} was made while the plan was a draft"
    return [Finding.of("H04", said, severity=Severity.WARN, subject="the order")]


def given_findings(
    ordered_gbq: Mapping[str, float],
    given_gbq: Mapping[str, float],
    *,
    part_is_drawn: bool,
) -> list[Finding]:
    """Activity given that differs from the activity ordered by more than 10 % (H03).

    Of resin a part of the vial is drawn: only more than was ordered is judged.

    Examples
    --------
    >>> [str(one.severity)
    ...  for one in given_findings({"a": 2.0}, {"a": 2.3}, part_is_drawn=False)]
    ['ask']
    """
    found = []
    for name, ordered in ordered_gbq.items():
        own = the_one_alike(name, given_gbq)
        if own is None or ordered <= 0:
            continue
        off = given_gbq[own] / ordered - 1
        severity = order_severity(off if part_is_drawn else abs(off))
        if severity is Severity.NOTE:
            continue
        said = (
            f"'{name}': {amount(given_gbq[own])} were given, {off:+.1%} from the "
            f"{amount(ordered)} ordered at the time of use"
        )
        found.append(Finding.of("H03", said, severity=severity, subject=name))
    return found


def two_records_findings(given_gbq: Mapping[str, float]) -> list[Finding]:
    """Assessments of one treatment with different activities given (H08).

    `given_gbq` has the activity of each by its place.

    Examples
    --------
    >>> [one.code for one in two_records_findings({"a": 2.0, "b": 2.1})]
    ['H08']
    """
    found = []
    for (a, x), (b, y) in combinations(given_gbq.items(), 2):
        if abs(x - y) <= _SAME_GBQ * max(x, y):
            continue
        far = abs(x - y) > rail("delivered_activity") * max(x, y)
        said = (
            f"{a} has {amount(x)} given, but {b} has {amount(y)}: which one is right?"
        )
        found.append(
            Finding.of("H08", said, severity=Severity.ASK if far else Severity.WARN)
        )
    return found


def early_follow_up_findings(
    days: Sequence[date], treated: date | None, place: str
) -> list[Finding]:
    """A follow-up that is before its treatment, or on its day (H09).

    >>> day = date(2026, 3, 2)
    >>> [one.message for one in early_follow_up_findings([day], day, "suv.json")]
    ['suv.json has a follow-up of 2026-03-02, not after the treatment of 2026-03-02']
    """
    early = [one for one in days if treated is not None and one <= treated]
    return [
        Finding.of(
            "H09",
            f"{place} has a follow-up of {one}, not after the treatment of {treated}",
            subject="follow-up",
        )
        for one in early
    ]


def other_shunt_findings(measured: float, planned: float, place: str) -> list[Finding]:
    """Lung shunt of a plan that is not the one that was measured (H22).

    >>> [str(one.severity)
    ...  for one in other_shunt_findings(0.12, 0.05, "lsf.json")]
    ['warn']
    """
    off = abs(measured - planned)
    if off <= _SAME_SHUNT or off <= _PART_OF_IT * max(measured, planned):
        return []
    said = (
        f"the plan has a lung shunt of {planned:.1%}, but {place} measured "
        f"{measured:.1%}"
    )
    return [Finding.of("H22", said, severity=Severity.WARN, subject="lung shunt")]


def _is_later(one: datetime, other: datetime) -> bool:
    """By the day alone where one of both has no zone."""
    if (one.tzinfo is None) != (other.tzinfo is None):
        return one.date() > other.date()
    return one > other
