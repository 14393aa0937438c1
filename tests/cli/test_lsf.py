"""`sirtdose lsf planar`: the published example, its statistics, refusals."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.errors import RangeError
from sirtdose.planning.shunt_counts import (
    Views,
    planar_lung_shunt,
    poisson_uncertainty,
)

Run = Callable[..., Result]
CASE = ("lsf", "planar", "--lung-counts", "12000,10000")
CASE += ("--liver-counts", "160000,90000")
counts = st.floats(1, 1e6)


def test_the_published_example(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "lsf"
    result = run(*CASE, "--json", "--out", out)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document == json.loads((out / "lsf.json").read_text())
    assert document["lung_shunt_fraction"] == pytest.approx(0.083651, abs=5e-7)
    assert document["method"] == "planar"
    assert "overestimate" in result.stderr
    assert "Lung shunt 8.37%" in result.stderr


@given(counts, counts, counts, counts, st.floats(0.1, 10), st.floats(0.1, 10))
def test_depth_and_sensitivity_cancel(
    a: float, b: float, c: float, d: float, depth: float, sensitivity: float
) -> None:
    plain = planar_lung_shunt(lungs=Views(a, b), liver=Views(c, d))
    moved = planar_lung_shunt(
        lungs=Views(a * depth * sensitivity, b / depth * sensitivity),
        liver=Views(c * sensitivity, d * sensitivity),
    )
    assert moved == pytest.approx(plain)


def test_the_counting_uncertainty_is_that_of_repeated_counts() -> None:
    random = np.random.default_rng(4)
    lungs, liver = Views(1500, 1200, 300, 250), Views(20000, 12000, 900, 700)
    found = []
    for _ in range(4000):
        counted = [
            Views(
                *random.poisson(
                    [
                        v.anterior,
                        v.posterior,
                        v.anterior_background,
                        v.posterior_background,
                    ]
                ).tolist()
            )
            for v in (lungs, liver)
        ]
        found.append(planar_lung_shunt(lungs=counted[0], liver=counted[1]))
    expected = poisson_uncertainty(lungs=lungs, liver=liver)
    assert np.std(found) == pytest.approx(expected, rel=0.05)


def test_background_is_taken_off(run: Run) -> None:
    result = run(
        *CASE,
        *("--lung-background", "2000,1000", "--liver-background", "10000,10000"),
        "--json",
    )
    lungs, liver = (10000 * 9000) ** 0.5, (150000 * 80000) ** 0.5
    document = json.loads(result.stdout)
    assert document["lung_shunt_fraction"] == pytest.approx(lungs / (lungs + liver))
    assert "no background" not in result.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--lung-counts", "12000"), 2, "no pair of counts"),
        (("--lung-counts", "12000,-1"), 2, "no pair of counts"),
        (("--lung-counts", "nan,1"), 2, "no pair of counts"),
        (("--lung-background", "20000,1"), 3, "above the region's own"),
        (("--lung-counts", "0,0", "--liver-counts", "0,0"), 3, "no counts"),
    ],
)
def test_refusals(
    run: Run, options: tuple[str, ...], exit_code: int, message: str
) -> None:
    result = run(*CASE, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_counts_that_are_none() -> None:
    with pytest.raises(RangeError, match="no counts"):
        planar_lung_shunt(lungs=Views(0, 0), liver=Views(0, 0))
