"""An activity that is advised is never on the wrong side, whichever unit is typed."""

import re

from hypothesis import given
from hypothesis.strategies import floats

from sirtdose.model.rounded import amount_at_least, amount_at_most
from sirtdose.model.units import ACTIVITY

GBQ = floats(min_value=1e-3, max_value=80.0)
# Last digits of a computer's arithmetic.
SAME = 1e-11


def typed_gbq(words: str) -> list[float]:
    found = re.fullmatch(r"(.*) GBq \((.*) mCi\)", words)
    assert found
    return [ACTIVITY.parse(f"{found[1]}GBq"), ACTIVITY.parse(f"{found[2]}mCi")]


@given(GBQ)
def test_at_most(gbq: float) -> None:
    for typed in typed_gbq(amount_at_most(gbq)):
        assert gbq * 0.998 < typed <= gbq * (1 + SAME)


@given(GBQ)
def test_at_least(gbq: float) -> None:
    for typed in typed_gbq(amount_at_least(gbq)):
        assert gbq * (1 - SAME) <= typed < gbq * 1.002
