"""Structures are named in any case, and results keep their own spelling."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from click.testing import Result

Run = Callable[..., Result]
AFFINE = np.diag([-8.0, -8.0, 8.0, 1.0])
PARTITION = (
    *("plan", "partition", "--perfused-volume", "1L", "--lung-shunt", "5%", "--json"),
    *("--tumor", "Tumor A=100mL@3", "--normal-dose", "30Gy", "--limit"),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A liver of 600 mL with two tumors whose names differ by case alone."""
    folder = tmp_path_factory.mktemp("small")
    liver = np.zeros((20, 18, 12), np.uint8)
    liver[3:17, 4:14, 2:10] = 1
    lumps = np.zeros_like(liver)
    lumps[8:11, 7:10, 4:7] = 1
    lumps[13:16, 7:10, 4:7] = 2
    image = (liver + 2 * (lumps > 0)).astype(np.float32)
    for name, data in (("spect", image), ("Liver", liver), ("lumps", lumps)):
        nibabel.save(nibabel.Nifti1Image(data, AFFINE), folder / f"{name}.nii.gz")
    (folder / "lumps.tsv").write_text("index\tname\n1\tLump\n2\tLUMP\n", "utf-8")
    return folder


def words(small: Path, *roles: str) -> list[Any]:
    files: list[Any] = ["--image", small / "spect.nii.gz"]
    for name in ("Liver", "lumps"):
        files += ["--structures", small / f"{name}.nii.gz"]
    for role in roles or ("Lump=tumor", "LUMP = Tumor"):
        files += ["--role", role]
    return files


def given_limits(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    limits = json.loads(result.stdout)["limits"]
    return [one for one in limits if one["source"] == "given by the user"]


@pytest.mark.parametrize("name", ["Tumor A", "tumor a", " TUMOR A "])
def test_a_limit_names_a_tumor(run: Run, name: str) -> None:
    [limit] = given_limits(run(*PARTITION, f"{name}=200Gy"))
    assert (limit["name"], limit["value_gy"]) == ("Tumor A", pytest.approx(90))


@pytest.mark.parametrize("name", ["normal", "Normal", "NORMAL_PERFUSED"])
def test_a_limit_names_a_volume(run: Run, name: str) -> None:
    [limit] = given_limits(run(*PARTITION, f"{name}=40Gy"))
    assert (limit["name"], limit["value_gy"]) == ("normal_perfused", pytest.approx(30))


def test_what_two_names_may_mean_is_asked(run: Run) -> None:
    two = ("--tumor", "tumor A=50mL@2")
    both = run(*PARTITION, "TUMOR A=200Gy", *two)
    assert (both.exit_code, both.stdout) == (3, "")
    assert "'TUMOR A' may be 'Tumor A' or 'tumor A'" in both.stderr
    [limit] = given_limits(run(*PARTITION, "tumor A=200Gy", *two))
    assert limit["value_gy"] == pytest.approx(60)
    unknown = run(*PARTITION, "spleen=20Gy")
    assert unknown.exit_code == 3
    assert "--limit spleen names no volume of this plan" in unknown.stderr
    assert "Tumor A" in unknown.stderr


def test_a_case_file_names_an_injection(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(
        'method = "partition"\n[options]\nlung_shunt = "5%"\n[[injection]]\n'
        'name = "Right"\nperfused_volume = "900mL"\nactivity = "1GBq"\n'
        '[[tumor]]\nname = "T"\nvolume = "90mL"\nratio = 3\ninjection = "right"\n'
    )
    document = json.loads(run("plan", path, "--json").stdout)
    assert "T" in [one["name"] for one in document["compartments"]]


def test_an_injection_and_roles_name_structures(
    run: Run, small: Path, tmp_path: Path
) -> None:
    given = ("--injection", "One=perfused: LIVER ,activity:2GBq", "--lung-shunt", "5%")
    result = run(
        *("post", small, *words(small), *given, "--no-report", "--json"),
        *("--out", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    [injection] = document["ledger"]["injections"]
    assert (injection["name"], injection["perfused"]) == ("One", "Liver")
    rows = document["doses"]["local_deposition"]["structures"]
    roles = {row["name"]: row["role"] for row in rows}
    assert (roles["Lump"], roles["LUMP"]) == ("tumor", "tumor")
    # What was typed is kept as typed.
    asked = json.loads((tmp_path / "out" / "run.json").read_text())["asked"]
    assert asked["options"]["injection"] == [given[1]]
    both = run("post", small, *words(small, "lump=tumor"), *given, "--out", "o")
    assert both.exit_code == 3
    assert "'lump' may be 'Lump' or 'LUMP'" in both.stderr


def test_a_plan_by_an_image_names_structures(run: Run, small: Path) -> None:
    result = run(
        *("plan", "image", small, *words(small), "--lung-shunt", "5%", "--json"),
        *("--injection", "one=perfused:liver,activity:1GBq"),
        *("--limit", "LUMP=2000Gy", "--limit", " Liver =900Gy"),
    )
    limits = given_limits(result)
    assert [one["name"] for one in limits] == ["LUMP", "liver"]
    assert limits[0]["value_of"] == "LUMP"


def test_roles_of_a_dose_map(run: Run, small: Path, tmp_path: Path) -> None:
    dose = nibabel.Nifti1Image(np.full((20, 18, 12), 50, np.float32), AFFINE)
    nibabel.save(dose, tmp_path / "dose.nii.gz")
    command = ("dvh", tmp_path / "dose.nii.gz", *words(small)[2:6])
    result = run(*command, "--role", "liver=ORGAN", "--json", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)["structures"]
    assert {row["name"]: row["role"] for row in rows}["Liver"] == "organ"
    refused = run(*command, "--role", "spleen=organ", "--out", tmp_path / "none")
    assert refused.exit_code == 3
    assert (
        "which is not a structure here: there are Liver, Lump, LUMP"
    ) in refused.stderr
