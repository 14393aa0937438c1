"""An injection whose perfused volume is drawn on an image."""

from dataclasses import dataclass

from sirtdose.planning.partition_goal import Goal


@dataclass(frozen=True)
class ImagedInjection:
    """What is injected into which structure, and what it is to do.

    `perfused` is the structure's name; None for the one of role perfused, else the
    liver. `value` is in Gy, or in GBq where the goal is an activity.
    """

    name: str
    perfused: str | None
    goal: Goal
    value: float | None = None
    lung_shunt_fraction: float | None = None
    prior_dose_gy: float | None = None
