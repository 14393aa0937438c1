"""The text of a document is that of the standard library, character by character."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.report.documents import document_text, indented

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_it_is_indented_as_python_does(value: Any) -> None:
    assert indented(value) == json.dumps(value, indent=1, ensure_ascii=False)


def test_a_number_that_is_not_finite_is_a_bug() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        document_text({"a": [{"b": float("nan")}]})
