"""What a terminal shows of a document: the result first, then what the checks said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sirtdose.report.findings import answered
from sirtdose.report.wording import spoken

_UNMET = ("NOT MET", "FAIL", "HELD", "NOT as it was")


class Tone(StrEnum):
    """How a line is meant: what stops or is not met, what warns, all else."""

    BAD = "bad"
    WARN = "warn"
    PLAIN = ""


@dataclass(frozen=True)
class Screen:
    """What a person reads of a result, in its order.

    Parameters
    ----------
    result : sequence of str
        Always shown, before everything else.
    details : sequence of str
        Shown on demand; the page and the json document have them as well.
    findings : sequence of mapping
        As a document lists them under ``warnings``. Notes are counted.
    accepted : sequence of mapping
        As a document lists them.
    remarks : sequence of str
        Notes without a code: counted with the others.
    last : sequence of str
        What to type next.
    unasked : sequence of str
        What was typed behind --accept, and no check asked for: always shown.

    Examples
    --------
    >>> note = {"severity": "note", "code": "H37", "message": "not a medical device"}
    >>> screen = Screen(["Inject 2 GBq"], details=["K 49.67"], findings=[note])
    >>> print(screen.text())
    Inject 2 GBq
    <BLANKLINE>
    1 note: -v shows it
    >>> print(screen.text(verbose=True))
    Inject 2 GBq
    <BLANKLINE>
    K 49.67
    <BLANKLINE>
    NOTE H37  not a medical device
    """

    result: Sequence[str]
    details: Sequence[str] = ()
    findings: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    accepted: Sequence[Mapping[str, Any]] = ()
    remarks: Sequence[str] = ()
    last: Sequence[str] = ()
    unasked: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        document: Mapping[str, Any],
        result: Sequence[str],
        details: Sequence[str] = (),
    ) -> "Screen":
        """With what a document says that was found and accepted."""
        return cls(
            result,
            details,
            document.get("warnings", ()),
            document.get("accepted", ()),
        )

    def with_more(self, result: Iterable[str], details: Iterable[str]) -> "Screen":
        """The same with more lines behind its own."""
        return replace(
            self,
            result=[*self.result, *result],
            details=[*self.details, *details],
        )

    def lines(self, *, verbose: bool = False) -> list[tuple[Tone, str]]:
        """Every line with how it is meant."""
        notes = [f"NOTE {one}" for one in self.remarks]
        said = finding_lines(self.findings, self.accepted)
        if not verbose:
            count = len(notes) + sum(one.startswith("NOTE") for one in said)
            said = [one for one in said if not one.startswith("NOTE")]
            notes = [hidden_words(notes=count)] if count else []
        parts = (
            self.result,
            self.details if verbose else (),
            [*said, *map(unasked_words, self.unasked), *notes],
            self.last,
        )
        joined = "\n\n".join("\n".join(part).rstrip("\n") for part in parts if part)
        return [(_tone(one), one) for one in joined.split("\n")]

    def text(self, *, verbose: bool = False) -> str:
        """All lines, without how they are meant."""
        return "\n".join(line for _, line in self.lines(verbose=verbose))


def unasked_words(typed: str) -> str:
    """An acceptance that no check asked for: a wrong code or subject, or out of date.

    >>> unasked_words("H07")
    'WARN --accept H07: no check asked for it, so it is not recorded; check its code'
    """
    what = "code and subject" if ":" in typed else "code"
    return (
        f"WARN --accept {typed}: no check asked for it, so it is not recorded; check "
        f"its {what}"
    )


def hidden_words(*, notes: int, warnings: int = 0) -> str:
    """How much is left out, and what shows it.

    >>> hidden_words(notes=8), hidden_words(notes=1, warnings=2)
    ('8 notes: -v shows them', '2 warnings and 1 note: -v shows them')
    """
    parts = [
        f"{count} {name}{'s' * (count != 1)}"
        for count, name in ((warnings, "warning"), (notes, "note"))
        if count
    ]
    return (
        f"{' and '.join(parts)}: -v shows {'it' if notes + warnings == 1 else 'them'}"
    )


def finding_lines(
    findings: Iterable[Mapping[str, Any]], accepted: Iterable[Mapping[str, Any]] = ()
) -> list[str]:
    """A line for each finding, the gravest first; what was accepted is no question.

    >>> asked = {"code": "H05", "severity": "ask", "message": "mCi?", "subject": ""}
    >>> finding_lines([asked], [{"code": "H05", "subject": "", "reason": "measured"}])
    ['ACCEPTED H05: measured (mCi?)']
    """
    return [
        f"ACCEPTED {one['code']}{' ' * bool(one['typed'])}{spoken(one['typed'])}: "
        f"{one['reason']}{', ' * bool(one['by'])}{one['by']} "
        f"({spoken(one['message'])})"
        if one["severity"] == "accepted"
        else f"{one['severity'].upper():<5}{one['code']}  {spoken(one['message'])}"
        for one in answered(findings, accepted)
    ]


def _tone(line: str) -> Tone:
    unmet = any(one in line for one in _UNMET) and ", accepted" not in line
    if line.startswith(("STOP ", "ASK ")) or unmet:
        return Tone.BAD
    if line.startswith(("WARN ", "ACCEPTED ")) or ", accepted" in line:
        return Tone.WARN
    return Tone.PLAIN
