"""What plan.html holds of an image's doses against new plans of other activities."""

import json
import re
import shlex
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray

from tests.overlapping import ACCEPTED, INJECTIONS, OTHERS, STRUCTURES, overlapping

Run = Callable[..., Result]
MOVES = ((0.5, 1.0), (1.9, 0.4), (1.0, 2.5), (0.73, 1.21))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    return overlapping(tmp_path_factory.mktemp("overlapping"))


@pytest.fixture(scope="module")
def page(
    run: Run, scene: list[object], tmp_path_factory: pytest.TempPathFactory
) -> str:
    out = tmp_path_factory.mktemp("plan") / "out"
    words = ("plan", "image", *scene, *INJECTIONS, *OTHERS, *ACCEPTED)
    result = run(*words, "--out", out)
    assert result.exit_code == 0, result.stderr
    return (out / "plan.html").read_text("utf-8")


def embedded(page: str, name: str) -> Any:
    found = re.search(rf'<script[^>]*id="{name}"[^>]*>(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


class Points:
    """Doses of a structure by the numbers of a page."""

    def __init__(self, points: dict[str, Any], gbq: tuple[float, ...]) -> None:
        gy: NDArray[np.float64] = np.zeros(0)
        for one, activity in zip(points["gy_per_gbq"], gbq, strict=True):
            steps = np.frombuffer(b64decode(one["steps"]), "<u2").astype(float)
            own = one["least"] + (one["most"] - one["least"]) * steps / 65535
            gy = own * activity if gy.size == 0 else gy + own * activity
        order = np.argsort(-gy)
        self.gy = gy[order]
        ml = np.frombuffer(b64decode(points["ml"]), "<f4").astype(float)[order]
        self.part = ml / ml.sum()
        self.ml = ml.sum()

    @property
    def mean(self) -> float:
        return float(self.gy @ self.part)

    def d(self, percent: float) -> float:
        above = np.cumsum(self.part) >= percent / 100 - 1e-7
        return float(self.gy[above][0])

    def v(self, gy: float) -> float:
        return float(self.part[self.gy >= gy].sum())


@pytest.mark.parametrize("ratios", MOVES)
def test_the_command_of_moved_activities_makes_the_histograms_of_the_page(
    run: Run, scene: list[object], page: str, ratios: tuple[float, float]
) -> None:
    moves = embedded(page, "what-if-data")
    gbq = tuple(
        round(one["gbq"] * ratio, 4)
        for one, ratio in zip(moves["injections"], ratios, strict=True)
    )
    text = moves["command"].replace("{a0}", str(gbq[0])).replace("{a1}", str(gbq[1]))
    program, *words = shlex.split(text)
    assert program == "sirtdose"
    at = words.index("FOLDER")
    words[at : at + 1] = [str(one) for one in scene]
    again = run(*words, *ACCEPTED, "--json")
    assert again.exit_code == 0, again.stderr
    new = json.loads(again.stdout)
    assert new["assumptions"]["density_g_per_ml"] == 1.03
    [rows] = [one["structures"] for one in new["doses"].values()]
    fresh = {row["name"]: row for row in rows}
    curves = {one["name"]: one for one in embedded(page, "dvh-data")[0]["curves"]}
    assert fresh.keys() >= curves.keys() >= set(STRUCTURES)
    for name, curve in curves.items():
        own, dose = Points(curve["points"], gbq), fresh[name]["dose_gy"]
        assert own.ml == pytest.approx(fresh[name]["volume_ml"], rel=1e-6)
        assert own.mean == pytest.approx(dose["mean"], rel=1e-4)
        for percent in (98, 95, 90, 70, 50, 2):
            assert own.d(percent) == pytest.approx(dose[f"d{percent}"], rel=0.005)
        for gy, part in fresh[name]["volume_fraction_above"].items():
            assert own.v(float(gy)) == pytest.approx(part, abs=0.005)
    goals = {(one["structure"], one["metric"]): one for one in new["goals"]}
    followed = 0
    for one, goal in zip(
        moves["goals"], embedded(page, "plan-json")["goals"], strict=True
    ):
        found = goals.get((goal["structure"], goal["metric"]))
        if goal["metric"] == "mean":
            # A page moves means by their doses per GBq, and needs no points.
            assert not one["points"]
            continue
        reached = min(
            Points(each, gbq).v(one["wanted_gy"])
            if one["is_part"]
            else Points(each, gbq).d(70)
            for each in one["points"]
        )
        assert reached == pytest.approx(found["reached"], rel=0.005, abs=0.005)
        followed += 1
    assert followed == 4
    # What lies outside of both injections gives a tumor a lower reading.
    assert [len(one["points"]) for one in moves["goals"]] == [0, 1, 1, 2, 1]


def test_few_structures_are_few_bytes(page: str) -> None:
    """Ten structures of four injections and two methods leave a page under 3 MB."""
    points = [one["points"] for one in embedded(page, "dvh-data")[0]["curves"]]
    for one in points:
        count = len(b64decode(one["ml"])) // 4
        assert count <= 4000
        assert one["within"] <= 0.003
        # 2 bytes a dose and 4 a volume, a third more in base64.
        assert len(json.dumps(one)) < count * (2 * 2 + 4) * 4 / 3 + 300
    assert 4000 * (4 * 2 + 4) * 4 / 3 * 10 * 2 < 1.3e6
    assert len(page) < 1.2e6
