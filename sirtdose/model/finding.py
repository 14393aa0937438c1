"""The outcome of a coded safety check, its acceptance, and gates that stop or ask."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from sirtdose.data.load import table
from sirtdose.errors import InputError, SafetyStop

T = TypeVar("T")
# What is typed behind --limit, by the derived parts that it is about.
_TYPED_LIMITS = {
    "normal": ("normal perfused", "normal whole"),
    "perfused": ("perfused volume", "treated volume"),
    "liver": ("whole",),
}


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
            message = f"{_ended(message, mark)} {begun}"
        if accepted and severity is Severity.ASK:
            message = f"{_ended(message, '.')} If accepted, {accepted}"
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


@dataclass(frozen=True)
class Acceptance:
    """A person's word that a finding is known and why it is acceptable.

    Where several subjects ask under one code, `subject` says which is meant.
    """

    code: str
    reason: str
    subject: str = ""

    def __post_init__(self) -> None:
        if self.code not in table("findings"):
            raise InputError(
                f"'{self.code}' is not the code of a safety check: use one of "
                f"{', '.join(table('findings'))}"
            )
        if not self.reason.strip():
            raise InputError(f"--accept {self.typed} needs a --reason that says why")

    @classmethod
    def parse(cls, text: str, reason: str) -> "Acceptance":
        """Read a code, or a code with its subject.

        >>> Acceptance.parse("H27:Tumor 2", "air in the lesion").subject
        'Tumor 2'
        """
        code, _, subject = text.partition(":")
        return cls(code.strip().upper(), reason, subject.strip())

    @property
    def typed(self) -> str:
        """What is typed behind --accept."""
        return _typed(self.code, self.subject)


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """What was said, each thing once."""
    return list(dict.fromkeys(findings))


def acceptances_used(
    findings: Iterable[Finding], acceptances: Sequence[Acceptance]
) -> tuple[Acceptance, ...]:
    """The acceptances that a check asked for: others are no one's word on anything.

    Examples
    --------
    >>> acceptances_used([], [Acceptance("H13", "known dead time")])
    ()
    """
    asks = _asks(findings)
    return tuple(
        one for one in acceptances if any(_covers(one, ask, asks) for ask in asks)
    )


def require_accepted(
    findings: Iterable[Finding], acceptances: Sequence[Acceptance]
) -> None:
    """Refuse to go on past a STOP, or past an ASK that nobody accepted.

    Where several subjects ask under one code, each is accepted by its own name:
    ``--accept "H27:Tumor 2"``. What is asked with the result does not stop here: see
    :func:`still_open`.

    Raises
    ------
    SafetyStop
        Names every finding in the way and the option that accepts it.

    Examples
    --------
    >>> finding = Finding.of("H13", "calibrations differ by 1.6")
    >>> require_accepted([finding], [Acceptance("H13", "known dead time")])
    """
    findings = distinct(findings)
    asks = _asks(findings)
    unanswered = still_open(findings, acceptances)
    lines = []
    for one in findings:
        line = f"{one.code} {one.title}: {one.message}"
        if one.severity is Severity.STOP:
            lines.append(line)
        elif one in unanswered and not one.result_first:
            go_on = "To go on" if line.endswith("?") else "to go on"
            option = _typed(one.code, one.subject if _several(one.code, asks) else "")
            lines.append(
                f"{_ended(line, ';')} {go_on}: --accept {option} --reason '...'"
            )
    if lines:
        lines += [
            f"{one.code} {one.title}: {one.message}; to accept it: {to_accept([one])}"
            for one in unanswered
            if one.result_first
        ]
        raise SafetyStop("\n".join(lines), _beside(findings))


def _beside(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """What is in nobody's way, as documents list it.

    Nothing where a name may be the patient's (H33): others may say that name.
    """
    found = list(findings)
    if any(one.code == "H33" and one.severity is Severity.ASK for one in found):
        return []
    return [
        {"severity": str(one.severity), "code": one.code, "message": one.message}
        for one in found
        if one.severity in (Severity.WARN, Severity.NOTE)
    ]


def still_open(
    findings: Iterable[Finding], acceptances: Sequence[Acceptance]
) -> list[Finding]:
    """Each ASK that nobody accepted, those that never hide a result among them.

    >>> passed = Finding.of("H42", "lungs: 31 Gy is above the limit of 30 Gy")
    >>> require_accepted([passed], [])
    >>> len(still_open([passed], [])), still_open([passed], [Acceptance("H42", "old")])
    (1, [])
    """
    asks = _asks(findings)
    return [
        one for one in asks if not any(_covers(yes, one, asks) for yes in acceptances)
    ]


def unaccepted(document: Mapping[str, Any]) -> list[Finding]:
    """What a saved document asks, such as a limit not met, and nobody accepted."""
    return still_open(*_saved(document))


def answers(document: Mapping[str, Any]) -> list[Acceptance | None]:
    """For each finding of a saved document, what a person accepted of it.

    >>> asked = {"code": "H42", "severity": "ask", "message": "31 Gy"}
    >>> [one] = answers({"warnings": [asked],
    ...     "accepted": [{"code": "H42", "reason": "old"}]})
    >>> one.reason
    'old'
    """
    said, given = _saved(document)
    asks = _asks(said)
    return [
        next((yes for yes in given if one in asks and _covers(yes, one, asks)), None)
        for one in said
    ]


def _saved(document: Mapping[str, Any]) -> tuple[list[Finding], list[Acceptance]]:
    """Findings and acceptances as a document lists them."""
    said = [
        Finding(
            *(one["code"], Severity(one["severity"]), one["message"]),
            one.get("subject", ""),
        )
        for one in document.get("warnings", ())
    ]
    given = [
        Acceptance(one["code"], one["reason"], one.get("subject", ""))
        for one in document.get("accepted", ())
    ]
    return said, given


def to_accept(unanswered: Sequence[Finding]) -> str:
    """What to type to accept each of some findings, each by its own name.

    >>> print(to_accept([Finding.of("H42", "31 Gy is above 30 Gy", subject="lungs")]))
    --accept "H42:lungs" --reason '...'
    """
    typed = dict.fromkeys(_typed(one.code, one.subject) for one in unanswered)
    return " ".join(f"--accept {one} --reason '...'" for one in typed)


def _asks(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity is Severity.ASK]


def _covers(acceptance: Acceptance, ask: Finding, asks: Sequence[Finding]) -> bool:
    """Whether an acceptance is of this question, and not of another's subject."""
    if acceptance.code != ask.code:
        return False
    if acceptance.subject:
        return ask.subject in _meant(acceptance, asks)
    return not ask.subject or not _several(ask.code, asks)


def _meant(acceptance: Acceptance, asks: Sequence[Finding]) -> set[str]:
    """The one subject that a name is of: letter by letter, else but for its case.

    Else the one that is shown so, or whose limit is typed so: "normal" for the only
    normal liver that asks.

    >>> asks = [Finding.of("H42", "71 Gy", subject="normal perfused")]
    >>> _meant(Acceptance("H42", "old", "normal"), asks)
    {'normal perfused'}
    """
    subjects = {one.subject for one in asks if one.code == acceptance.code}
    typed = acceptance.subject
    wanted = _TYPED_LIMITS.get(typed.casefold(), ())
    for found in (
        {one for one in subjects if one == typed},
        {one for one in subjects if one.casefold() == typed.casefold()},
        {one for one in subjects if _as_shown(one) == _as_shown(typed)},
        {one for one in subjects if _part_of(one) in wanted},
    ):
        if found:
            return found if len(found) == 1 else set()
    return set()


def _as_shown(subject: str) -> str:
    """Without the word liver, which people say and documents leave out."""
    plain = subject.casefold().replace("_", " ").replace(" liver", "")
    return plain.replace("lungs, all treatments", "lungs cumulative")


def _part_of(subject: str) -> str:
    """A derived part without the injection, or the counts, that it is of."""
    return _as_shown(subject).partition(",")[0].partition(" of ")[0]


def _several(code: str, asks: Sequence[Finding]) -> bool:
    return len({one.subject.casefold() for one in asks if one.code == code}) > 1


def _typed(code: str, subject: str) -> str:
    return f'"{code}:{subject}"' if subject else code


def _ended(said: str, mark: str) -> str:
    """What was said with a mark behind it, unless it is a question."""
    return said if said.endswith("?") else f"{said}{mark}"


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
        return tuple(distinct(self._findings))

    @property
    def accepted(self) -> tuple[Acceptance, ...]:
        """The acceptances that a check asked for."""
        return acceptances_used(self._findings, self._acceptances)
