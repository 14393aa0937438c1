"""What stages say is kept, and asked of a person at gates."""

import pytest

from sirtdose.errors import SafetyStop
from sirtdose.model.acceptance import Acceptance, Said
from sirtdose.model.finding import Finding, Severity

NOTE = Finding.of("H27", "density 1.05 g/mL", severity=Severity.NOTE)
BLUR = Finding.of("H16", "the livers overlap by 0.6", severity=Severity.ASK)
TIME = Finding.of("H09", "the scan is 300 h after administration")


def test_all_that_is_open_is_asked_at_once() -> None:
    said = Said()
    assert said.take(("placed", [BLUR])) == "placed"
    said.add([NOTE, TIME])
    with pytest.raises(SafetyStop) as stop:
        said.gate()
    lines = str(stop.value).splitlines()
    assert [line[:3] for line in lines] == ["H16", "H09"]
    assert all(f"--accept {line[:3]} --reason" in line for line in lines)


def test_a_gate_lets_pass_what_was_accepted_and_asks_for_what_came_after() -> None:
    said = Said([Acceptance("H16", "seen"), Acceptance("H13", "known dead time")])
    said.add([BLUR, NOTE])
    said.gate()
    said.add([TIME])
    with pytest.raises(SafetyStop, match=r"^H09"):
        said.gate()
    # Nobody asked about the calibration.
    assert [one.code for one in said.accepted] == ["H16"]


def test_each_thing_is_said_once_in_the_order_of_the_stages() -> None:
    said = Said()
    said.add([TIME, NOTE])
    said.take((None, (NOTE, BLUR)))
    assert said.findings == (TIME, NOTE, BLUR)


def test_what_was_handed_over_is_not_changed() -> None:
    theirs = [NOTE]
    said = Said()
    said.add(theirs)
    said.add([TIME])
    assert theirs == [NOTE]
