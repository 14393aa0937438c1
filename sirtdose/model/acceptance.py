"""What a person accepts of the findings, and gates that stop or ask."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sirtdose.data.load import table
from sirtdose.errors import InputError, SafetyStop
from sirtdose.model.finding import Finding, Severity, distinct, ended

T = TypeVar("T")
# What is typed behind --limit, by the derived parts that it is about.
_TYPED_LIMITS = {
    "normal": ("normal perfused", "normal whole"),
    "perfused": ("perfused volume", "treated volume"),
    "liver": ("whole",),
}


@dataclass(frozen=True)
class Acceptance:
    """A person's word that a finding is known and why it is acceptable.

    Where several subjects ask under one code, `subject` says which is meant. `by` is
    the person's name; without it nobody accepts what sirtdose segmented (H35).
    """

    code: str
    reason: str
    subject: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        if self.code not in table("findings"):
            raise InputError(
                f"'{self.code}' is not the code of a safety check: use one of "
                f"{', '.join(table('findings'))}"
            )
        if not self.reason.strip():
            raise InputError(f"--accept {self.typed} needs a --reason that says why")

    @classmethod
    def parse(cls, text: str, reason: str, by: str = "") -> "Acceptance":
        """Read a code, or a code with its subject.

        >>> Acceptance.parse("H27:Tumor 2", "air in the lesion").subject
        'Tumor 2'
        """
        code, _, subject = text.partition(":")
        return cls(code.strip().upper(), reason, subject.strip(), by)

    @property
    def typed(self) -> str:
        """What is typed behind --accept."""
        return _typed(self.code, self.subject)


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


def by_own_subjects(
    acceptances: Sequence[Acceptance],
    findings: Iterable[Finding],
    shown: Mapping[str, str],
) -> tuple[Acceptance, ...]:
    """Acceptances by the findings' own subjects, where a page shows them otherwise.

    Parameters
    ----------
    acceptances, findings : sequence
    shown : mapping
        What pages call a subject, such as the name that it was drawn with.

    Raises
    ------
    InputError
        A name that is shown for several subjects that ask.

    Examples
    --------
    >>> asks = Finding.of("H42", "71 Gy", subject="perfused volume")
    >>> [one] = by_own_subjects([Acceptance("H42", "old", "right lobe")], [asks],
    ...                         {"perfused volume": "Right lobe"})
    >>> one.subject
    'perfused volume'
    """
    asks = _asks(findings)
    return tuple(_by_own(one, asks, shown) for one in acceptances)


def _by_own(
    one: Acceptance, asks: Sequence[Finding], shown: Mapping[str, str]
) -> Acceptance:
    typed = one.subject.casefold()
    subjects = {ask.subject for ask in asks if ask.code == one.code}
    if not typed or typed in {each.casefold() for each in subjects}:
        return one
    found = {each for each in subjects if shown.get(each, "").casefold() == typed}
    if not found:
        return one
    found |= _meant(one, asks)
    if len(found) > 1:
        each = " or ".join(_typed(one.code, subject) for subject in sorted(found))
        raise InputError(f"--accept {one.typed} may be {each}: write one of these")
    return replace(one, subject=found.pop())


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
            lines.append(f"{ended(line, ';')} {go_on}: {_to_type(one.code, option)}")
    if lines:
        lines += [
            f"{one.code} {one.title}: {one.message}; to accept it: {to_accept([one])}"
            for one in unanswered
            if one.result_first
        ]
        raise SafetyStop(
            "\n".join(lines),
            _beside(findings),
            [
                (one.code, one.subject)
                for one in findings
                if one.severity is Severity.STOP or one in unanswered
            ],
        )


def answered(
    findings: Iterable[Finding],
    acceptances: Sequence[Acceptance],
    shown: Mapping[str, str],
) -> tuple[Acceptance, ...]:
    """The acceptances used, by :func:`by_own_subjects`, past all that stops or asks."""
    findings = list(findings)
    given = by_own_subjects(acceptances, findings, shown)
    require_accepted(findings, given)
    return acceptances_used(findings, given)


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
        Acceptance(
            one["code"], one["reason"], one.get("subject", ""), one.get("by", "")
        )
        for one in document.get("accepted", ())
    ]
    return said, given


def to_accept(unanswered: Sequence[Finding]) -> str:
    """What to type to accept each of some findings, each by its own name.

    >>> print(to_accept([Finding.of("H42", "31 Gy is above 30 Gy", subject="lungs")]))
    --accept "H42:lungs" --reason '...'
    """
    typed = {_typed(one.code, one.subject): one.code for one in unanswered}
    return " ".join(_to_type(code, one) for one, code in typed.items())


def _to_type(code: str, typed: str) -> str:
    by = " --by NAME" * _needs_name(code)
    return f"--accept {typed} --reason '...'{by}"


def _needs_name(code: str) -> bool:
    """Whether a reason is not enough, and the person's name is wanted too."""
    return bool(table("findings")[code].get("by_name"))


def _asks(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity is Severity.ASK]


def _covers(acceptance: Acceptance, ask: Finding, asks: Sequence[Finding]) -> bool:
    """Whether an acceptance is of this question, and not of another's subject."""
    named = acceptance.by.strip() or not _needs_name(ask.code)
    if acceptance.code != ask.code or not named:
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
