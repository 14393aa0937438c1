"""What the program's own quick comparisons said, just before it computed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SelfTest:
    """How many comparisons were made, and the names of those that failed."""

    comparisons: int
    failed: tuple[str, ...] = ()
