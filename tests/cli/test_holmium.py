"""Ho-166: one dose constant for what is absorbed near, one for all that is emitted.

By hand, with 1.602177e-13 J/MeV x 1e9 x 26.80 h x 3600 s/h / 0.693147 = 22.301:
0.7271 MeV emitted give 16.22 Gy kg/GBq, 0.9584 of it within 12 mm 15.54, and the
device's 60 Gy for 3.78 GBq/kg are 15.87.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from sirtdose.io.image_file import write_nifti
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.post.lines import post_screen

Run = Callable[..., Result]
GIVEN = ("--nuclide", "Ho-166", "--lung-shunt", "5%", "--json")
# 64 x 64 x 64 mm of counts inside a box of air: 0.2621 L, 0.2753 kg at 1.05 g/mL.
MASS_KG = 0.064**3 * 1050
CONSTANT = "dose_constant_gy_kg_per_gbq"


@pytest.fixture(scope="module")
def cube(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("holmium")
    grid = Grid.regular((24, 24, 24), spacing_mm=(4.0, 4.0, 4.0))
    inside = np.zeros(grid.shape)
    inside[4:20, 4:20, 4:20] = 1
    write_nifti(Volume(100 * inside, grid, Quantity.COUNTS), folder / "image.nii.gz")
    write_nifti(Volume(inside, grid, Quantity.COUNTS), folder / "Perfused.nii.gz")
    return folder


def document_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def post(run: Run, cube: Path, out: Path, *options: object) -> Result:
    given = (*GIVEN, "--structures", cube / "Perfused.nii.gz")
    given += ("--role", "Perfused=perfused", "--administered", "1GBq")
    return run("post", cube / "image.nii.gz", *given, *options, "--out", out)


def mean_gy(document: dict[str, Any], method: str) -> float:
    rows = document["doses"][method]["structures"]
    [one] = [row for row in rows if row["name"] == "Perfused"]
    return float(one["dose_gy"]["mean"])


def warned(document: dict[str, Any], code: str = "H09") -> list[str]:
    return [w["message"] for w in document["warnings"] if w["code"] == code]


def test_each_method_takes_the_energy_that_it_needs(
    run: Run, cube: Path, tmp_path: Path
) -> None:
    both = ("--method", "local", "--method", "kernel")
    result = post(run, cube, tmp_path / "out", *both)
    document = document_of(result)
    assert warned(document) == []
    # 0.95 GBq are treated; the lungs of 1 kg get 0.05 GBq.
    assert mean_gy(document, "local_deposition") == pytest.approx(
        15.54 * 0.95 / MASS_KG, rel=1e-4
    )
    assert document["lungs"]["dose_gy"] == pytest.approx(15.54 * 0.05, rel=1e-4)
    local, kernel = (document["doses"][name] for name in ("local_deposition", "kernel"))
    assert (local[CONSTANT], kernel[CONSTANT]) == (15.54, 16.22)
    assert local["dose_constant_meaning"] == "energy absorbed within 12 mm"
    assert kernel["dose_constant_meaning"] == "all energy emitted"
    assert "15.54 Gy kg/GBq, near: energy absorbed within 12 mm" in result.stderr
    assert "16.22 Gy kg/GBq, emitted: all energy emitted" in result.stderr


@pytest.mark.parametrize(
    ("method", "typed", "local_gy", "said"),
    [
        ("kernel", "15.87 Gy kg/GBq", 15.87, "counted twice, and doses are 2.1 % low"),
        (
            "kernel",
            "device",
            15.87,
            "leave --dose-constant out, to use 16.22",
        ),
        ("kernel", "icrp107", 15.53, "corresponds to 0.6964 MeV. Escaping photons"),
        ("kernel", "17 Gy kg/GBq", 17.0, "MeV. Doses are 4.8 % high"),
        ("local", "device", 15.87, "interpreted as energy absorbed within 12 mm, but"),
    ],
)
def test_a_typed_constant_is_used_and_told(
    run: Run,
    cube: Path,
    tmp_path: Path,
    method: str,
    typed: str,
    local_gy: float,
    said: str,
) -> None:
    given = ("--dose-constant", typed, "--method", "local")
    if method != "local":
        given += ("--method", method)
    document = document_of(post(run, cube, tmp_path / "out", *given))
    assert any(said in one for one in warned(document))
    assert mean_gy(document, "local_deposition") == pytest.approx(
        local_gy * 0.95 / MASS_KG, rel=1e-4
    )
    used = list(document["doses"].values())[-1]
    assert used[CONSTANT] == local_gy
    assert used["dose_constant_meaning"].startswith("interpreted as ")


def approved(run: Run, out: Path) -> Path:
    path = out / "plan.json"
    assert run("plan", "approve", path, "--by", "A. Person").exit_code == 0
    return path


@pytest.mark.parametrize("method", ["local", "kernel"])
def test_a_typed_plan_is_converted(
    run: Run, cube: Path, tmp_path: Path, method: str
) -> None:
    """Planned at 15.87: the same activity is 15.54 / 15.87 = 0.9792 of it here."""
    words = ("--perfused-volume", f"{0.064**3 * 1e6:.6f}mL", "--lung-shunt", "5%")
    planned = run(
        *("plan", "mird", "--nuclide", "Ho-166", "--dose", "60Gy"),
        *(*words, "--out", tmp_path / "plan", "--json"),
    )
    plan = document_of(planned)
    assert plan["nuclide"][CONSTANT] == 15.87
    assert plan["nuclide"]["dose_constant_meaning"] == "the device's convention"
    # 60 Gy x 0.27525 kg / 15.87 / 0.95 = 1.0954 GBq.
    assert plan["activity_gbq"] == pytest.approx(1.0954, abs=1e-4)
    given = ("--plan", approved(run, tmp_path / "plan"), "--method", method)
    given += ("--administered", f"{plan['activity_gbq']}GBq")
    given += ("--accept", "H26", "--reason", "a typed plan")
    result = post(run, cube, tmp_path / "out", *given)
    compared = document_of(result)["plan"]
    assert compared[CONSTANT] == 15.87
    assert compared["conversion"] == pytest.approx(15.54 / 15.87)
    [row] = [one for one in compared["doses"] if one["name"] != "lungs"]
    assert row["planned_gy"] == pytest.approx(60 * 15.54 / 15.87)
    if method == "local":
        assert row["delivered_to_planned_ratio"] == pytest.approx(1, rel=1e-4)
    said = "from a dose constant of 15.87 to 15.54 Gy kg/GBq, x 0.9792"
    assert said in result.stderr
    assert said in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_a_plan_by_an_image_predicts_what_post_finds(
    run: Run, cube: Path, tmp_path: Path
) -> None:
    words = ("--structures", cube / "Perfused.nii.gz", "--role", "Perfused=perfused")
    out = tmp_path / "plan"
    plan = document_of(
        run(
            *("plan", "image", cube / "image.nii.gz", *words, *GIVEN),
            *("--activity", "1GBq", "--method", "local", "--method", "kernel"),
            *("--out", out),
        )
    )
    assert warned(plan) == []
    [part] = [one for one in plan["compartments"] if one["role"] == "perfused"]
    assert part["dose_gy"] == pytest.approx(15.54 * 0.95 / MASS_KG, rel=1e-4)
    assert plan["lungs"]["dose_gy"] == pytest.approx(15.54 * 0.05)
    assert plan["doses"]["kernel"][CONSTANT] == 16.22
    again = run("check", "--plan", out / "plan.json", "--json")
    assert warned(document_of(again)) == []
    result = post(run, cube, tmp_path / "out", "--plan", approved(run, out))
    compared = document_of(result)["plan"]
    assert compared["conversion"] == 1
    [row, *_] = compared["doses"]
    assert row["delivered_to_planned_ratio"] == pytest.approx(1)
    assert "converted" not in result.stderr


def test_an_older_result_is_still_shown(run: Run, cube: Path, tmp_path: Path) -> None:
    """Results of before say nothing of energies and conversions."""
    document = document_of(post(run, cube, tmp_path / "out"))
    del document["nuclide"]["dose_constant_meaning"]
    for one in document["doses"].values():
        for key in [key for key in one if key.startswith("dose_constant_")]:
            del one[key]
    ratio = {"delivered_to_planned_ratio": 1.0, "doses": [], "approval": None}
    document["plan"] = ratio | dict.fromkeys(("planned_gbq", "delivered_gbq"), 1.0)
    document["plan"]["method"] = "local_deposition"
    said = post_screen(document).text(verbose=True)
    assert "K 15.54 Gy kg/GBq, near)" in said
    assert "converted" not in said


def test_another_systems_dose_is_explained_by_the_convention(
    run: Run, cube: Path, tmp_path: Path
) -> None:
    usual = ("--method", "local")
    for name, more in {"ours": (), "theirs": ("--dose-constant", "device")}.items():
        document_of(post(run, cube, tmp_path / name, *usual, *more))
    theirs = tmp_path / "theirs" / "dose_local.nii.gz"
    given = ("--against", tmp_path / "ours", "--out", tmp_path / "check", "--json")
    given += ("--structures", cube / "Perfused.nii.gz")
    result = run("check", theirs, *given)
    document = document_of(result)
    assert document["ours"][CONSTANT] == 15.54
    said = [one["says"] for one in document["factor"]["known"]]
    assert any("15.87 Gy kg/GBq (device, clinical, label)" in one for one in said)


def test_a_plan_by_the_label_is_checked_by_its_own_constant(
    run: Run, tmp_path: Path
) -> None:
    """60 Gy x 1.05 kg / 15.87 = 3.970 GBq, and no shunt is taken off."""
    words = ("--convention", "label", "--device", "ho166", "--dose", "60Gy")
    words += ("--perfused-volume", "1000mL", "--lung-shunt", "5%")
    plan = document_of(run("plan", "mird", *words, "--out", tmp_path / "p", "--json"))
    assert plan["activity_gbq"] == pytest.approx(3.970, abs=1e-3)
    path = tmp_path / "p" / "plan.json"
    checked = document_of(run("check", "--plan", path, "--json", "--strict"))
    assert checked["passed"]
