"""What checks said in the course of a task, and the gates where it stops or asks."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sirtdose.model.finding import (
    Acceptance,
    Finding,
    acceptances_used,
    require_accepted,
)

T = TypeVar("T")


class Said:
    """Takes the findings of stages; at a gate all that is open is asked at once.

    A stage returns its value and its findings, and changes nothing that it was given.

    Examples
    --------
    >>> said = Said([Acceptance("H13", "known dead time")])
    >>> said.take((2.5, [Finding.of("H13", "calibrations differ by 1.6")]))
    2.5
    >>> said.gate()
    >>> [one.code for one in said.accepted]
    ['H13']
    """

    def __init__(self, acceptances: Sequence[Acceptance] = ()) -> None:
        self._acceptances = acceptances
        self._findings: list[Finding] = []

    def take(self, result: tuple[T, Iterable[Finding]]) -> T:
        """The value of a stage, whose findings are kept."""
        value, findings = result
        self._findings += findings
        return value

    def add(self, findings: Iterable[Finding]) -> None:
        """Keep what a check said."""
        self._findings += findings

    def gate(self) -> None:
        """Go on only where nothing stops and everything that asks was accepted.

        Raises
        ------
        SafetyStop
            Every stop and every open question so far, with what accepts it.
        """
        require_accepted(self._findings, self._acceptances)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was said, each thing once."""
        return tuple(dict.fromkeys(self._findings))

    @property
    def accepted(self) -> tuple[Acceptance, ...]:
        """The acceptances that a check asked for."""
        return acceptances_used(self._findings, self._acceptances)
