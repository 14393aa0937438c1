"""What plan.html holds of an image's doses against new plans of other activities."""

import json
import re
import shlex
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray

from sirtdose.io.map_label import label_of
from tests.overlapping import (
    ACCEPTED,
    INJECTIONS,
    OTHERS,
    STRUCTURES,
    earlier_dose,
    overlapping,
)

Run = Callable[..., Result]
MAPS = {
    "local": "dose_local_with_prior.nii.gz",
    "kernel": "dose_kernel_with_prior.nii.gz",
}
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
        if (before := points.get("earlier_gy")) is not None:
            steps = np.frombuffer(b64decode(before["steps"]), "<u2").astype(float)
            gy = (
                gy
                + before["least"]
                + (before["most"] - before["least"]) * steps / 65535
            )
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


@pytest.mark.parametrize("method", ["local", "kernel"])
def test_the_sum_with_an_earlier_dose_follows_too(
    run: Run, scene: list[object], tmp_path: Path, method: str
) -> None:
    """The sum is in plan.json, as after treatment, and the page's is a new plan's."""
    before = ("--prior-dose", earlier_dose(tmp_path), "--method", method)
    seen = ("--accept", "H07", "--reason", "seen")
    words = ("plan", "image", *scene, *OTHERS, *before, *seen)
    made = run(*words, *INJECTIONS, *ACCEPTED, "--out", tmp_path / "plan")
    assert made.exit_code == 0, made.stderr
    page = (tmp_path / "plan" / "plan.html").read_text("utf-8")
    injections = embedded(page, "what-if-data")["injections"]
    gbq = tuple(
        round(one["gbq"] * k, 4) for one, k in zip(injections, (1.7, 0.6), strict=True)
    )
    own = [
        f"{name}=perfused:Perfused {name.upper()},activity:{one}GBq"
        for name, one in zip("ab", gbq, strict=True)
    ]
    given = [word for one in own for word in ("--injection", one)]
    again = run(*words, *given, *ACCEPTED, "--json")
    assert again.exit_code == 0, again.stderr
    (alone, _), (both, summed) = json.loads(again.stdout)["doses"].items()
    assert both == f"{alone}+with_prior"
    first, second = embedded(page, "dvh-data")
    assert second["sum_of"] == 0
    curves = {
        one["name"]: {**one["points"], **other["points"]}
        for one, other in zip(first["curves"], second["curves"], strict=True)
        if one["name"] == other["name"]
    }
    assert set(curves) >= set(STRUCTURES)
    for row in summed["structures"]:
        if row["name"] not in curves:
            continue
        points = Points(curves[row["name"]], gbq)
        dose = row["dose_gy"]
        assert points.mean == pytest.approx(dose["mean"], rel=1e-4)
        for percent in (98, 95, 90, 70, 50, 2):
            assert points.d(percent) == pytest.approx(dose[f"d{percent}"], rel=0.005)
        for gy, part in row["volume_fraction_above"].items():
            assert points.v(float(gy)) == pytest.approx(part, abs=0.005)
    # A map of the sum is not one that a treatment is compared with.
    found = label_of(tmp_path / "plan" / MAPS[method])
    assert found is not None
    assert found.of == "the planned activities and earlier sessions"


def test_few_structures_are_few_bytes(page: str) -> None:
    """Points take as much as they may, which leaves a page under 3 MB."""
    points = [one["points"] for one in embedded(page, "dvh-data")[0]["curves"]]
    for one in points:
        count = len(b64decode(one["ml"])) // 4
        assert count <= 16000
        assert one["within"] <= 0.003
        # 2 bytes a dose and 4 a volume, a third more in base64.
        assert len(json.dumps(one)) < count * (2 * 2 + 4) * 4 / 3 + 300
    assert len(page) < 1.2e6
