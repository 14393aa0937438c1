"""The outcome of a coded safety check, and its acceptance by a person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sirtdose.data.load import table
from sirtdose.errors import InputError, SafetyStop


class Severity(StrEnum):
    """What a check does to the run, mildest last."""

    STOP = "stop"
    ASK = "ask"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One coded check that has something to say.

    STOP refuses to go on. ASK does too, unless a person accepts the code and
    says why. WARN stands on page one. NOTE is recorded.

    Examples
    --------
    >>> Finding.of("H20", "Tumor 3 is 0.2 mL").severity
    <Severity.WARN: 'warn'>
    >>> Finding.of("H05", "81 GBq: is it mCi?", accepted="81 GBq is used").message
    '81 GBq: is it mCi? Accepted, 81 GBq is used'
    """

    code: str
    severity: Severity
    message: str

    @classmethod
    def of(
        cls,
        code: str,
        message: str,
        *,
        severity: Severity | None = None,
        accepted: str = "",
    ) -> "Finding":
        """Make a finding with its code's own severity, or the one given.

        An ASK adds to its message what is used once it is `accepted`; of others nobody
        accepts anything.
        """
        severity = severity or Severity(table("findings")[code]["severity"])
        if accepted and severity is Severity.ASK:
            message = f"{_ended(message, '.')} Accepted, {accepted}"
        return cls(code, severity, message)

    @property
    def title(self) -> str:
        """What the code is about, in a few words."""
        return str(table("findings")[self.code]["title"])


@dataclass(frozen=True)
class Acceptance:
    """A person's word that a finding is known and why it is acceptable."""

    code: str
    reason: str

    def __post_init__(self) -> None:
        if self.code not in table("findings"):
            raise InputError(
                f"'{self.code}' is not the code of a safety check: use one of "
                f"{', '.join(table('findings'))}"
            )
        if not self.reason.strip():
            raise InputError(f"--accept {self.code} needs a --reason that says why")


def acceptances_used(
    findings: Iterable[Finding], acceptances: Sequence[Acceptance]
) -> tuple[Acceptance, ...]:
    """The acceptances that a check asked for: others are no one's word on anything.

    Examples
    --------
    >>> acceptances_used([], [Acceptance("H13", "known dead time")])
    ()
    """
    asked = {one.code for one in findings if one.severity is Severity.ASK}
    return tuple(one for one in acceptances if one.code in asked)


def require_accepted(
    findings: Iterable[Finding], acceptances: Sequence[Acceptance]
) -> None:
    """Refuse to go on past a STOP, or past an ASK that nobody accepted.

    Raises
    ------
    SafetyStop
        Names every finding in the way and the option that accepts it.

    Examples
    --------
    >>> finding = Finding.of("H13", "calibrations differ by 1.6")
    >>> require_accepted([finding], [Acceptance("H13", "known dead time")])
    """
    accepted = {acceptance.code for acceptance in acceptances}
    in_the_way = [
        finding
        for finding in findings
        if finding.severity is Severity.STOP
        or (finding.severity is Severity.ASK and finding.code not in accepted)
    ]
    if not in_the_way:
        return
    lines = []
    for finding in in_the_way:
        line = f"{finding.code} {finding.title}: {finding.message}"
        if finding.severity is Severity.ASK:
            go_on = "To go on" if line.endswith("?") else "to go on"
            line = (
                f"{_ended(line, ';')} {go_on}: --accept {finding.code} --reason '...'"
            )
        lines.append(line)
    raise SafetyStop("\n".join(lines))


def _ended(said: str, mark: str) -> str:
    """What was said with a mark behind it, unless it is a question."""
    return said if said.endswith("?") else f"{said}{mark}"
