"""`sirtdose plan CASE.toml`: the same plan as on the command line, and refusals."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

PARTITION = """
method = "partition"

[options]
density = "1.03g/mL"
liver_volume = "1800mL"
limit = ["normal=120Gy", "lungs=25Gy"]

[[injection]]
name = "right"
perfused_volume = "900mL"
lung_shunt = "6%"
dose = "120Gy"

[[injection]]
name = "left"
perfused_volume = "500mL"
lung_shunt = 0.02
normal_dose = "30Gy"

[[tumor]]
name = "T1"
volume = "200mL"
ratio = 3.0
injection = "right"

[[tumor]]
name = "T2"
volume = "40mL"
activity_ratio = 0.4
injection = "left"
"""
WORDS = [
    *("plan", "partition", "--density", "1.03g/mL", "--liver-volume", "1800mL"),
    *("--limit", "normal=120Gy", "--limit", "lungs=25Gy"),
    *("--injection", "right=perfused:900mL,tumor:T1=200mL@3,lung-shunt:6%,dose:120Gy"),
    *("--injection", "left=perfused:500mL,tumor:T2=40mL@R=0.4,lung-shunt:2%"),
]
WORDS[-1] += ",normal-dose:30Gy"
SINGLE = """
method = "partition"
[options]
perfused_volume = "1000mL"
lung_shunt = "10%"
density = "1.03g/mL"
tumor_dose = "300Gy"
maximize = false
[[tumor]]
name = "T1"
volume = "200mL"
ratio = 3
"""
MIRD = """
method = "mird"
[options]
dose = "100Gy"
perfused_volume = "1L"
density = "1.03g/mL"
lung_shunt = 0.1
"""
COMPARE = """
method = "compare"
[options]
height = "165cm"
weight = "60kg"
liver_volume = "1500mL"
lung_shunt = "4%"
dose = "60Gy"
normal_dose = "40Gy"
[[tumor]]
name = "T1"
volume = "300mL"
ratio = 3
"""


def content(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    for key in ("inputs", "hash"):
        document.pop(key, None)
    return document


def test_a_case_is_what_its_words_are(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(PARTITION)
    by_file = run("plan", path, "--json", "--out", tmp_path / "plan")
    assert content(by_file) == content(run(*WORDS, "--json"))
    saved = json.loads((tmp_path / "plan" / "plan.json").read_text())
    digest = sha256(path.read_bytes()).hexdigest()
    assert saved["inputs"]["case_file_sha256"] == digest


@pytest.mark.parametrize(
    ("text", "activity"), [(SINGLE, 3.23), (MIRD, 2.30)], ids=["partition", "mird"]
)
def test_published_cases(run: Run, tmp_path: Path, text: str, activity: float) -> None:
    path = tmp_path / "case.toml"
    path.write_text(text)
    document = content(run("plan", path, "--json"))
    assert document["activity_gbq"] == pytest.approx(activity, abs=0.005)


def test_methods_side_by_side(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(COMPARE)
    document = content(run("plan", path, "--json"))
    bsa, mird, partition = document["methods"]
    # 1.6589 m2 less 0.2, and 0.2 for a fifth of tumor.
    assert bsa["activity_gbq"] == pytest.approx(1.659, abs=5e-4)
    assert mird["activity_gbq"] == pytest.approx(60 * 1.575 / (49.67 * 0.96))
    doses = {row["name"]: row["dose_gy"] for row in partition["compartments"]}
    assert doses["normal perfused"] == pytest.approx(40)
    assert doses["T1"] == pytest.approx(120)
    # The same case at another activity: every dose by the ratio of activities.
    for one in (bsa, mird):
        ratio = one["activity_gbq"] / partition["activity_gbq"]
        for row in one["compartments"]:
            assert row["dose_gy"] == pytest.approx(doses[row["name"]] * ratio)
    assert "tumors count as normal liver" in mird["why"]
    assert "liver mass, uptake and dose are not used" in bsa["why"]


def test_an_image_beside_its_case(
    run: Run, tmp_path: Path, exact_voxels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = tmp_path / "case"
    shutil.copytree(exact_voxels, case / "scans")
    (case / "case.toml").write_text(
        'method = "image"\nsource = "scans"\n[options]\nlung_shunt = "5%"\n'
        '[[injection]]\nname = "right"\nperfused = "Perfused lobe"\n'
        'tumor_dose = "150Gy"\n'
    )
    monkeypatch.chdir(tmp_path)
    by_file = content(run("plan", case / "case.toml", "--json"))
    typed = run(
        *("plan", "image", exact_voxels, "--lung-shunt", "5%", "--json"),
        *("--injection", "right=perfused:Perfused lobe,tumor-dose:150Gy"),
    )
    assert by_file["activity_gbq"] == content(typed)["activity_gbq"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("method", "methods"), "'methods' is not known in a case file: was method"),
        (('"partition"', '"approve"'), 'write method = "partition"'),
        (("density", "densities"), "was density meant?"),
        (
            ('"1.03g/mL"', "1.03"),
            "case.toml: Invalid value for '--density': '1.03' has",
        ),
        (('"120Gy"\n', "120\n"), "'120' has no unit for dose"),
        (('"6%"', '"4.2"'), "'4.2' is above 1 for a fraction"),
        (('"6%"', "[1, 2]"), "lung_shunt is [1, 2]"),
        (("ratio = 3.0", ""), "needs a volume and a ratio"),
        (('injection = "right"', ""), "needs injection = one of right, left"),
        (('injection = "left"', 'injection = "l"'), "needs injection = one of"),
        (("[[tumor]]", "[tumor]"), "case.toml"),
        (('name = "T1"', 'name = "T1=2"'), "needs a name, without any of"),
        (("[options]", "[options"), "is not valid TOML"),
        (('"200mL"', '"1.2L"'), "but the perfused volume"),
        (('"200mL"', '"-3mL"'), "must be above 0"),
    ],
)
def test_what_is_wrong_in_a_file_is_refused(
    run: Run, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    path = tmp_path / "case.toml"
    text = PARTITION.replace(*change, 1)
    assert text != PARTITION
    path.write_text(text)
    result = run("plan", path, "--out", tmp_path / "plan")
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    assert not (tmp_path / "plan").exists()


def test_words_beside_the_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(SINGLE)
    wrong = run("plan", path, "--jsn")
    assert wrong.exit_code == 2
    assert "--jsn" in wrong.stderr
    more = run("plan", path, "--limit", "normal=70Gy")
    assert more.exit_code == 4
    missing = run("plan", tmp_path / "no.toml")
    assert missing.exit_code == 2
    assert "there is no case file no.toml" in missing.stderr
    path.write_bytes(b"\xff\xfe\x00")
    assert run("plan", path).exit_code == 3
