"""A follow-up of a treatment is after it, whatever file holds it."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sirtdose.model.standing import Result
from sirtdose.workflows.status.after import is_after
from sirtdose.workflows.status.before import Seen
from sirtdose.workflows.status.plans import Versions
from sirtdose.workflows.status.treatments import Course

POST = Result(
    kind="post",
    path=Path("post.json"),
    place="post.json",
    sha256="a",
    written=0.0,
    version="0.1.0",
    day=date(2026, 3, 2),
)


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"follow_ups": (date(2026, 6, 2),)}, True),
        ({"follow_ups": (date(2026, 2, 1),)}, False),
        ({"follow_ups": (date(2026, 3, 2),), "follow_up_days": (0,)}, False),
        ({"follow_up_days": (90,)}, True),
        ({"follow_up_days": (-30,)}, False),
        ({}, False),
    ],
)
def test_lesions_before_a_treatment_are_no_follow_up(
    change: dict[str, Any], after: bool
) -> None:
    lesions = replace(POST, kind="lesions", day=None, sha256="b", **change)
    seen: Any = Seen(Course([POST, lesions]), Versions(), *[None] * 2, frozenset())  # type: ignore[arg-type]
    assert is_after(lesions, seen) is after
