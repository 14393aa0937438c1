"""A dose limit, and what is held against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sirtdose.model.activity_scale import Scale

# Doses that agree to this are one.
SAME = 1e-9


@dataclass(frozen=True)
class Limit:
    """A dose limit, the dose there, and whether that meets it.

    Compared unrounded. A range runs from `limit_gy` to `upper_gy`; `strict` leaves
    the bound itself out. `value_of` names the volume whose dose it is, `activity_of`
    the injection that would have to give `activity_needed_gbq`. `at_most_gbq` are the
    activities, by injection, that would meet a limit that is passed; none where
    earlier treatments alone pass it. `injection` is the one whose own limit it is;
    empty for a limit of the whole patient. `scale` is that of the doses that the limit
    was found with.

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
    activity_of: str = ""
    injection: str = ""
    scale: Scale = "unknown"
    at_most_gbq: Mapping[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the dose is known, and more than the limit allows."""
        high = self.limit_gy if self.sense == "at_most" else self.upper_gy
        return (
            self.value_gy is not None
            and high is not None
            and self.sense != "at_least"
            and above(self.value_gy, high, strict=self.strict)
        )

    @property
    def met(self) -> bool | None:
        """Whether the value meets the limit; None where the value is not known."""
        if self.value_gy is None:
            return None
        low = self.limit_gy if self.sense != "at_most" else None
        enough = low is None or not below(self.value_gy, low, strict=self.strict)
        return enough and not self.passed


def above(value_gy: float, bound_gy: float, *, strict: bool = False) -> bool:
    """Whether a dose is more than a bound allows, the same everywhere.

    A dose that equals the bound but for the last digits of a computer's arithmetic is
    at the bound: allowed, unless the bound itself is left out.

    >>> above(40.0, 40.0), above(40.0, 40.0, strict=True), above(40.0000000001, 40.0)
    (False, True, False)
    """
    if strict:
        return value_gy >= bound_gy * (1 - SAME)
    return value_gy > bound_gy * (1 + SAME)


def below(value_gy: float, bound_gy: float, *, strict: bool = False) -> bool:
    """Whether a dose is less than a bound asks for, the same everywhere.

    >>> below(40.0, 40.0), below(40.0, 40.0, strict=True), below(39.0, 40.0)
    (False, True, True)
    """
    if strict:
        return value_gy <= bound_gy * (1 + SAME)
    return value_gy < bound_gy * (1 - SAME)
