"""Findings with subjects, and acceptances by subject."""

import pytest

from sirtdose.errors import InputError, SafetyStop
from sirtdose.model.acceptance import Acceptance, acceptances_used, require_accepted
from sirtdose.model.finding import Bound, Finding, Severity

FIRST = Finding.of("H13", "the first differs", subject="Tumor 1")
SECOND = Finding.of("H13", "the second differs", subject="Tumor 2")
PLAIN = Acceptance("H13", "known")


def refused(findings: list[Finding], *accepted: Acceptance) -> list[str]:
    """What is in the way, a line each; none where nothing is."""
    try:
        require_accepted(findings, accepted)
    except SafetyStop as stop:
        return str(stop).splitlines()
    return []


def test_one_asking_subject_is_accepted_by_the_plain_code() -> None:
    [line] = refused([FIRST])
    assert line.endswith("to go on: --accept H13 --reason '...'")
    assert refused([FIRST], PLAIN) == []
    assert refused([FIRST], Acceptance("H13", "known", "Tumor 1")) == []


def test_of_several_each_is_accepted_by_its_name() -> None:
    both = [FIRST, SECOND]
    for accepted in ((), (PLAIN,)):
        one, other = refused(both, *accepted)
        assert one.endswith("to go on: --accept \"H13:Tumor 1\" --reason '...'")
        assert other.endswith("to go on: --accept \"H13:Tumor 2\" --reason '...'")
    [left] = refused(both, Acceptance("H13", "known", "Tumor 2"))
    assert "the first differs" in left
    named = [Acceptance("H13", "known", name) for name in ("tumor 1", "TUMOR 2")]
    assert refused(both, *named) == []


def test_another_subject_or_code_accepts_nothing() -> None:
    for wrong in (
        Acceptance("H13", "known", "Tumor"),
        Acceptance("H09", "known", "Tumor 1"),
        Acceptance("H09", "known"),
    ):
        assert len(refused([FIRST], wrong)) == 1


def test_several_questions_about_one_subject_are_one_code() -> None:
    again = Finding.of("H13", "it differs too", subject="Tumor 1")
    assert refused([FIRST, again], PLAIN) == []


def test_a_question_without_a_subject_beside_one_with() -> None:
    general = Finding.of("H13", "the image differs")
    [left] = refused([general, FIRST], PLAIN)
    assert '--accept "H13:Tumor 1"' in left


@pytest.mark.parametrize("severity", [Severity.WARN, Severity.NOTE])
def test_what_does_not_ask_makes_no_subject_ambiguous(severity: Severity) -> None:
    said = Finding.of("H13", "it is off", subject="Tumor 3", severity=severity)
    assert refused([FIRST, said], PLAIN) == []


def test_a_stop_is_accepted_by_no_subject() -> None:
    stop = Finding.of("H13", "no", severity=Severity.STOP, subject="Tumor 1")
    assert len(refused([stop], Acceptance("H13", "known", "Tumor 1"), PLAIN)) == 1


def test_only_what_was_asked_for_is_recorded() -> None:
    named = Acceptance("H13", "known", "Tumor 1")
    other = Acceptance("H13", "known", "Tumor 9")
    assert acceptances_used([FIRST, SECOND], [named, other, PLAIN]) == (named,)
    assert acceptances_used([FIRST], [PLAIN, other]) == (PLAIN,)


@pytest.mark.parametrize(
    ("typed", "code", "subject"),
    [
        ("H27", "H27", ""),
        ("h27:Tumor 2", "H27", "Tumor 2"),
        (" H27 : a name: with a colon ", "H27", "a name: with a colon"),
    ],
)
def test_what_is_typed(typed: str, code: str, subject: str) -> None:
    read = Acceptance.parse(typed, "why")
    assert (read.code, read.subject) == (code, subject)


@pytest.mark.parametrize("typed", ["", ":Tumor 2", "H99:Tumor 2"])
def test_what_is_no_code(typed: str) -> None:
    with pytest.raises(InputError, match="not the code"):
        Acceptance.parse(typed, "why")


def test_a_remedy_ends_the_message() -> None:
    said = Finding.of("H13", "which is right?", remedy="look at the scan")
    assert said.message == "which is right? Look at the scan"
    assert said.remedy == "look at the scan"
    bound = Bound(50.0, "Gy", "a table", verified=False)
    assert str(bound) == "50 Gy (a table; not verified)"
