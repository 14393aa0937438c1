"""The outcome of a coded safety check."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from sirtdose.data.load import table


class Severity(StrEnum):
    """What a check does to the run, mildest last."""

    STOP = "stop"
    ASK = "ask"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True)
class Bound:
    """What a value is judged against, and who says so."""

    value: float
    unit: str
    source: str
    verified: bool = True

    def __str__(self) -> str:
        """The number with its unit and its source.

        >>> str(Bound(50.0, "Gy", "Lam 2014", verified=False))
        '50 Gy (Lam 2014; not verified)'
        """
        status = "" if self.verified else "; not verified"
        return f"{self.value:g} {self.unit} ({self.source}{status})"


@dataclass(frozen=True)
class Finding:
    """One coded check that has something to say.

    STOP refuses to go on. ASK does too, unless a person accepts the code and
    says why. WARN stands on page one. NOTE is recorded.

    `subject` is what it is about, such as a structure; `value` is what was judged, in
    the unit of its `bound`; `remedy` is what to do, and ends the message.

    Examples
    --------
    >>> Finding.of("H20", "Tumor 3 is 0.2 mL").severity
    <Severity.WARN: 'warn'>
    >>> Finding.of("H05", "81 GBq: is it mCi?", accepted="81 GBq is used").message
    '81 GBq: is it mCi? If accepted, 81 GBq is used'
    >>> Finding.of("H28", "the stomach gets 30 Gy", remedy="look at the scout").message
    'the stomach gets 30 Gy: look at the scout'
    """

    code: str
    severity: Severity
    message: str
    subject: str = ""
    value: float | None = None
    bound: Bound | None = None
    remedy: str = ""

    @classmethod
    def of(
        cls,
        code: str,
        message: str,
        *,
        severity: Severity | None = None,
        subject: str = "",
        value: float | None = None,
        bound: Bound | None = None,
        remedy: str = "",
        accepted: str = "",
    ) -> "Finding":
        """Make a finding with its code's own severity, or the one given.

        An ASK adds to its message what is used once it is `accepted`; of others nobody
        accepts anything.
        """
        severity = severity or Severity(table("findings")[code]["severity"])
        if remedy:
            # A second colon in one sentence reads badly: what to do is then the next.
            mark = "." if ": " in message else ":"
            apart = mark == "." or message.endswith("?")
            begun = remedy[0].upper() + remedy[1:] if apart else remedy
            message = f"{ended(message, mark)} {begun}"
        if accepted and severity is Severity.ASK:
            message = f"{ended(message, '.')} If accepted, {accepted}"
        return cls(code, severity, message, subject, value, bound, remedy)

    @classmethod
    def not_checked(cls, code: str, what: str, *, needs: str) -> "Finding":
        """Say that a check was not made, and what it needs; never in the way.

        >>> Finding.not_checked("H22", "lung dose", needs="--lung-shunt").message
        'lung dose not checked: needs --lung-shunt'
        """
        return cls(code, Severity.NOTE, f"{what} not checked: needs {needs}", what)

    def by(self, method: str) -> "Finding":
        """The same of one of several methods; what needs no answer stays as it is.

        >>> Finding.of("H07", "200 Gy?", subject="T1").by("bsa").subject
        'T1 by bsa'
        """
        if self.severity not in (Severity.ASK, Severity.WARN) or not self.subject:
            return self
        return replace(
            self,
            message=f"by {method}, {self.message}",
            subject=f"{self.subject} by {method}",
        )

    @property
    def title(self) -> str:
        """What the code is about, in a few words."""
        return str(table("findings")[self.code]["title"])

    @property
    def result_first(self) -> bool:
        """Whether it never hides the result: what follows from it needs the reason.

        >>> Finding.of("H42", "lungs: 31 Gy is above the limit of 30 Gy").result_first
        True
        """
        return bool(table("findings")[self.code].get("result_first"))


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """What was said, each thing once."""
    return list(dict.fromkeys(findings))


def ended(said: str, mark: str) -> str:
    """What was said with a mark behind it, unless it is a question."""
    return said if said.endswith("?") else f"{said}{mark}"
