"""Published dose goals beside what a plan gives: reached or not, and never a limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sirtdose.data.load import table
from sirtdose.model.activity_scale import Scale
from sirtdose.model.device import Device
from sirtdose.model.guard_rails import rail
from sirtdose.model.limit import above, below
from sirtdose.planning.limit_table import table_words
from sirtdose.planning.partition_case import Case


@dataclass(frozen=True)
class PublishedGoal:
    """A dose that a study aimed at, or that went with its outcome.

    `disease` and `scenario` are those that it holds for; empty for any. `scale` is that
    of the study's doses. `value_gy` is what the plan gives there at least, to
    `value_of`; None where a plan cannot know.
    """

    volume: str
    statistic: str
    dose_gy: float
    strict: bool
    disease: tuple[str, ...]
    scenario: tuple[str, ...]
    predicts: str
    patients: int | None
    source: str
    verified: bool
    scale: Scale
    value_gy: float | None = None
    value_of: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the plan reaches it; None where that cannot be known."""
        if self.value_gy is None:
            return None
        return not below(self.value_gy, self.dose_gy, strict=self.strict)


@dataclass(frozen=True)
class Treated:
    """What is treated, as `--limits` names it; empty where it does not."""

    disease: str = ""
    scenario: str = ""

    @classmethod
    def named(cls, limit_table: str) -> "Treated":
        """The disease and the scenario of published limits.

        >>> Treated.named("eanm2022:glass:hcc:lobectomy").scenario
        'lobectomy'
        """
        if not limit_table:
            return cls()
        _, _, disease, scenario = table_words(limit_table)
        return cls(disease, scenario)


def published_goals(
    case: Case,
    activities: Sequence[float],
    *,
    device: Device | None,
    treated: Treated,
) -> tuple[PublishedGoal, ...]:
    """The goals of ``data/published_goals.json`` for a device, with what a plan gives.

    Doses are this treatment's; of several tumors or volumes, the lowest counts. Where
    no scenario is named, how much of the liver is treated tells which it can be.
    """
    rows = table("published_goals")["rows"] if device else []
    disease, named = treated.disease, treated.scenario
    scenarios = {named} if named else _scenarios_of(case)
    return tuple(
        _goal(row, case, activities)
        for row in rows
        if device is not None and row["device"] == device.name
        if not disease or disease in row.get("disease", [disease])
        if "scenario" not in row or scenarios & set(row["scenario"])
        if _parts(row, case) is not None
    )


def _scenarios_of(case: Case) -> set[str]:
    """The scenarios that treat as much of the liver; none where it is not known."""
    liver_ml = sum(one.volume_ml for one in case.held("liver"))
    treated_ml = sum(one.volume_ml for one in case.held("perfused"))
    if not liver_ml:
        return set()
    if not above(treated_ml, rail("segments") * liver_ml):
        return {"segmentectomy"}
    return {"lobectomy", "unilobar"} if below(treated_ml, liver_ml) else {"bilobar"}


def _parts(row: Mapping[str, Any], case: Case) -> list[Any] | None:
    """The regions that a goal holds for; None where all of them are too small."""
    regions = case.held(row["volume"])
    large = [one for one in regions if one.volume_ml >= row.get("from_ml", 0.0)]
    return None if regions and not large else large


def _goal(
    row: Mapping[str, Any], case: Case, activities: Sequence[float]
) -> PublishedGoal:
    doses = [
        (reading.dose_gy(activities), one.name)
        for one in _parts(row, case) or []
        if row["statistic"] == "mean"
        for reading in one.readings
    ]
    value_gy, value_of = min(doses, default=(None, ""))
    return PublishedGoal(
        volume=row["volume"],
        statistic=row["statistic"],
        dose_gy=float(row["dose_gy"]),
        strict=row.get("strict", False),
        disease=tuple(row.get("disease", ())),
        scenario=tuple(row.get("scenario", ())),
        predicts=row["predicts"],
        patients=row["patients"],
        source=row["source"],
        verified=row["verified"],
        scale=row["scale"],
        value_gy=value_gy,
        value_of=value_of,
    )
