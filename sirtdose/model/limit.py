"""A dose limit, and what is held against it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A dose limit, the dose there, and whether that meets it.

    Compared unrounded. A range runs from `limit_gy` to `upper_gy`; `strict` leaves
    the bound itself out. Of several volumes, `value_of` names the one that counts.

    Examples
    --------
    >>> Limit("lungs", "lungs", "at_most", 30.0, 30.001325, "", False, True).met
    False
    """

    name: str
    volume: str
    sense: str
    limit_gy: float
    value_gy: float | None
    source: str
    binding: bool
    verified: bool
    given_by_user: bool = False
    upper_gy: float | None = None
    strict: bool = False
    condition: str = ""
    value_of: str = ""
    activity_needed_gbq: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the value meets the limit; None where the value is not known."""
        value = self.value_gy
        if value is None:
            return None
        if self.strict and value in (self.limit_gy, self.upper_gy):
            return False
        low = self.limit_gy if self.sense != "at_most" else None
        high = self.limit_gy if self.sense == "at_most" else self.upper_gy
        return (low is None or value >= low) and (high is None or value <= high)
