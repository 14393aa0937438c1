"""Codes of structured reports: one of each, as long as DICOM allows, and told apart."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.data.load import table
from sirtdose.model.metric import DEFAULTS, Metric
from sirtdose.model.report_codes import (
    Code,
    key_of,
    method_code,
    method_of,
    quantity_code,
    site_code,
)
from sirtdose.report.post.files import dose_file

BASES = ("local_deposition", "kernel", "collapsed_cone")
BLUR = ("", "iterative_yang", "gtm", "recovery")
METHODS = [
    "+".join(part for part in parts if part)
    for parts in product(BASES, BLUR, ("", "with_prior"))
]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_that_has_a_map_has_a_code(method: str) -> None:
    assert dose_file(method)
    code = method_code(method, method)
    assert 0 < len(code.value) <= 16
    assert method_of(code) == method
    assert [method_code(one, "").value for one in METHODS].count(code.value) == 1


def test_quantities_are_told_apart_by_code_and_derivation() -> None:
    metrics = [Metric.parse(one).key for one in DEFAULTS if one != "volume"]
    keys = [*table("report_codes")["quantities"], *metrics, "d2cc", "d0.03cc"]
    seen = {}
    for key in dict.fromkeys(keys):
        one = quantity_code(key)
        for code in filter(None, (one.code, one.derivation, one.unit, one.in_one)):
            assert 0 < len(code.value) <= 16, key
            assert 0 < len(code.meaning) <= 64, key
        assert key_of(one.code, one.derivation) == key
        seen[one.code.identity, one.derivation and one.derivation.identity] = key
    assert len(seen) == len(set(keys))
    assert key_of(Code("1", "DCM", ""), None) is None
    assert key_of(Code("H20", "99SIRTDOSE", ""), None) is None


@given(
    st.floats(0, 1e7, allow_nan=False, width=64),
    st.sampled_from(["mass_kg", "volume_ml", "v100", "mean"]),
)
def test_ten_digits_go_there_and_back_in_sixteen_characters(
    value: float, key: str
) -> None:
    told = float(f"{value:.10g}")
    code = quantity_code(key)
    text = code.text(told)
    assert len(text) <= 16
    assert code.value(text) == told


@pytest.mark.parametrize(
    ("name", "role", "code"),
    [
        ("Tumor 1", "tumor", "10200004"),
        ("T2 seg 8", "tumor", "277962002"),
        ("T2 Segment_II", "tumor", "277956007"),
        ("Tumor segment IVa", "tumor", "277958008"),
        ("Tumor seg 5/8", "tumor", "10200004"),
        ("Tumor segment V and VI", "tumor", "10200004"),
        ("segmented tumor", "tumor", "10200004"),
        ("segment 5 and 8", "perfused", "10200004"),
        ("Lungs", "lungs", "39607008"),
        ("node", "tumor_outside", None),
        ("Stomach", "organ", None),
    ],
)
def test_sites(name: str, role: str, code: str | None) -> None:
    found = site_code(name, role)
    assert (found and found.value) == code
