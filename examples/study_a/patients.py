"""Study A's sixteen women, simulated: the published margins, and what we invented.

Published: 16 treated by radioembolization, then mitomycin in cohorts A 2, B 1, C 3 and
D 6 (12 of 16); activity 1.68 GBq (1.043 to 2.140); partial response 10, stable 6;
ulcers 5 of 16, none in the last 6, who had an anti-reflux catheter; 12.6 months of
survival; several treatments or lobes in 14 of 16; first mitomycin after 2.1 months (1.7
to 12.8).
Invented: all else, and every grade of table 3 but the ulcers' number.
"""

from dataclasses import dataclass
from datetime import date, timedelta

ARMS = ("SIRT", "A", "B", "C", "D")
NAMES = [f"simulated-a{n:02}" for n in range(1, 17)]
# Allocated; a03, a08, a15 and a16 had radioembolization alone.
_COHORT = "AAABCCCCDDDDDDDD"
_WITHOUT = (3, 8, 15, 16)
_CYCLES = {"A": 1, "B": 1, "C": 2, "D": 4}
# Median 1.68 GBq, from 1.043 to 2.140.
_GBQ = (
    *(1.043, 1.21, 1.34, 1.42, 1.5, 1.55, 1.61, 1.66),
    *(1.7, 1.74, 1.8, 1.85, 1.93, 2.0, 2.08, 2.14),
)
# The eighth death is at 12.6 months; a03 was lost at 5.
_MONTHS = (
    *(8.1, 22.4, 5.0, 12.6, 3.9, 10.2, 15.0, 9.4),
    *(14.1, 6.2, 19.7, 11.3, 27.5, 16.8, 4.8, 13.3),
)
_ALIVE = (3, 13)
# Days from radioembolization to the first mitomycin: median 64 (2.1 months), from 52
# (1.7) to 390 (12.8), in one who lived long.
_FIRST_DAYS = (56, 60, 70, 63, 52, 65, 64, 58, 64, 68, 390, 77)
_SIRT = date(2026, 3, 2)
_BETWEEN_D = 28
_LAST_STANDARD = 10


@dataclass(frozen=True)
class Woman:
    """One of the sixteen; nobody is she."""

    number: int

    @property
    def case_id(self) -> str:
        """Her label, which says that she is simulated."""
        return NAMES[self.number - 1]

    @property
    def cohort(self) -> str:
        """To which she was allocated."""
        return _COHORT[self.number - 1]

    @property
    def activity_gbq(self) -> float:
        """Spread so that neither time nor cohort goes with it."""
        return _GBQ[(7 * self.number) % 16]

    @property
    def months(self) -> float:
        """From radioembolization to death, or to when she was last seen."""
        return _MONTHS[self.number - 1]

    @property
    def dead(self) -> bool:
        """Whether she died."""
        return self.number not in _ALIVE

    @property
    def catheter(self) -> str:
        """The study changed to the other kind for its last six."""
        return "standard" if self.number <= _LAST_STANDARD else "anti-reflux"

    @property
    def embolized_before(self) -> bool:
        """Whether vessels to stomach and duodenum were occluded before: invented."""
        return self.number % 3 != 0

    @property
    def sirt(self) -> date:
        """Day of radioembolization, of all alike."""
        return _SIRT

    @property
    def mitomycin(self) -> list[date]:
        """The days of her cycles; none if she had radioembolization alone."""
        if self.number in _WITHOUT:
            return []
        given = [n for n in range(1, 17) if n not in _WITHOUT]
        first = self.sirt + timedelta(days=_FIRST_DAYS[given.index(self.number)])
        days = (timedelta(days=_BETWEEN_D * n) for n in range(_CYCLES[self.cohort]))
        return [first + one for one in days]

    @property
    def lobes(self) -> tuple[str, ...]:
        """What was treated: two lobes, or one of them twice in a01; a05 and a12 one."""
        if self.number == 1:
            return ("right lobe", "right lobe")
        return (
            ("right lobe",) if self.number in (5, 12) else ("right lobe", "left lobe")
        )

    @property
    def responds(self) -> bool:
        """Ten of sixteen have a partial response, six are stable."""
        return self.number not in (3, 5, 8, 10, 15, 16)


WOMEN = [Woman(number) for number in range(1, 17)]
