"""The how-to is followed to the letter: nothing but the user's own files is touched."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.docs.test_blocks import ROOT, Page, blocks

Run = Callable[..., Result]
PAGE = ROOT / "docs" / "how-to" / "add-a-nuclide.md"
SOURCES = ("NNDC NuDat, recalled; to be verified by the user", "photons left out")


def block(title: str) -> str:
    [found] = [one.text for one in blocks(PAGE) if title in one.rest]
    return found


def read(name: str) -> Any:
    return json.loads(Path(name).read_text("utf-8"))


@pytest.fixture
def followed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Every block of the page, one after the other; what they wrote, by file."""
    monkeypatch.chdir(tmp_path)
    page = Page(run)
    for one in blocks(PAGE):
        page.follow(one)
    written = [path for path in tmp_path.iterdir() if path.is_file()]
    assert {path.suffix for path in written} == {".toml", ".json", ".csv"}
    return {
        name: read(name)
        for name in (
            *("plan/plan.json", "partition/plan.json", "doses/post.json"),
            *("doses/run.json", "kernel/kernel.json"),
        )
    }


def test_the_page_is_followed(followed: dict[str, Any], run: Run) -> None:
    digest = sha256(Path("re188.toml").read_bytes()).hexdigest()
    for name, document in followed.items():
        if name.startswith("kernel"):
            continue
        nuclide = document["nuclide"]
        assert (nuclide["name"], nuclide["file_sha256"]) == ("Re-188", digest)
        assert nuclide["half_life_source"] == SOURCES[0]
        assert nuclide["dose_constant_source"] == "; ".join(SOURCES)
    # What is shipped is as it was, and says so.
    for name in ("plan/plan.json", "partition/plan.json", "doses/post.json"):
        assert followed[name]["self_test"]["failed"] == []
    for name in ("plan/plan.html", "partition/plan.html", "doses/report.html"):
        page = Path(name).read_text("utf-8")
        assert f"SHA-256 <code>{digest}</code>" in page
        assert all(source in page for source in SOURCES)
    checked = json.loads(run("check", "--plan", "plan/plan.json", "--json").stdout)
    assert checked["passed"]
    assert checked["nuclide"] == followed["plan/plan.json"]["nuclide"]
    [used] = [
        one for one in followed["doses/post.json"]["inputs"] if digest in str(one)
    ]
    assert (used["kind"], used["file"]) == ("nuclide", "re188.toml")
    _the_doses_are_of_the_file(followed)
    # Up to 3 mm the page's kernel holds 0.99.
    kernel = followed["kernel/kernel.json"]
    other = sha256(Path("xy99.json").read_bytes()).hexdigest()
    assert (kernel["nuclide"]["name"], kernel["nuclide"]["file_sha256"]) == (
        "Xy-99",
        other,
    )
    assert kernel["energy_recovered"] == pytest.approx(0.99, abs=1e-3)
    assert kernel["source"] == "which code, spectrum and medium"


def _the_doses_are_of_the_file(followed: dict[str, Any]) -> None:
    """By hand: 11.01 x 9.537 / 1.05 = 100 Gy, and 11.01 x 4.75 GBq in all, in Gy kg."""
    plan = followed["plan/plan.json"]
    [perfused] = plan["compartments"]
    assert 11.01 * perfused["activity_gbq"] / 1.05 == pytest.approx(100, rel=1e-6)
    post = followed["doses/post.json"]
    [dose] = post["doses"].values()
    [lobe] = [one for one in dose["structures"] if one["role"] == "perfused"]
    gy_kg = lobe["dose_gy"]["mean"] * lobe["volume_ml"] * 1.05e-3
    assert gy_kg == pytest.approx(11.01 * 0.95 * 5, rel=0.01)


def test_the_pages_own_arithmetic() -> None:
    entry = block("re188.toml")
    beta, electron, value, hours = (
        float(re.search(rf"^{key} = (\S+)$", entry, re.M)[1])  # type: ignore[index]
        for key in (
            *("beta_mev_per_decay", "electron_mev_per_decay"),
            *("value", "half_life_h"),
        )
    )
    joule = (beta + electron) * 1.602177e-13
    assert joule == pytest.approx(1.24649e-13, rel=1e-5)
    assert joule * hours * 3600 / 0.693147 * 1e9 == pytest.approx(value, rel=1e-3)
    made_up = json.loads(block("xy99.json"))["Xy-99"]["dose_constants_gy_kg_per_gbq"]
    constant = 0.9 * 1.602177e-13 * 100 * 3600 / 0.693147 * 1e9
    assert made_up["ours"]["value"] == pytest.approx(constant, rel=1e-4)


@pytest.fixture
def kernel_file(tmp_path: Path) -> Path:
    (tmp_path / "xy99.json").write_text(block("xy99.json"), "utf-8")
    path = tmp_path / "Xy-99_soft_tissue.csv"
    path.write_text(block("Xy-99_soft_tissue.csv"), "utf-8")
    return path


def made(run: Run, kernel_file: Path) -> Result:
    own = kernel_file.with_name("xy99.json")
    out = kernel_file.with_name("out")
    return run(
        *("kernel", "--nuclide-file", own, "--spacing", "3mm", "--out", out, "--json")
    )


def test_a_kernel_is_read_anew(run: Run, kernel_file: Path) -> None:
    """The same names and numbers with another table are another kernel."""
    first = json.loads(made(run, kernel_file).stdout)["energy_recovered"]
    text = kernel_file.read_text("utf-8")
    kernel_file.write_text(text.replace("3.0,0.99", "3.0,0.97"), "utf-8")
    for path in kernel_file.with_name("out").iterdir():
        path.unlink()
    again = json.loads(made(run, kernel_file).stdout)["energy_recovered"]
    assert (first, again) == (pytest.approx(0.99), pytest.approx(0.97))


@pytest.mark.parametrize(
    ("old", "new"),
    [("2.0,0.85", "2.0,0.45"), ("0.5,0.25", "0.05,0.25"), ("20.0,1.00", "20.0,1.2")],
)
def test_a_kernel_that_cannot_be_is_refused(
    run: Run, kernel_file: Path, old: str, new: str
) -> None:
    text = kernel_file.read_text("utf-8")
    kernel_file.write_text(text.replace(old, new), "utf-8")
    result = made(run, kernel_file)
    assert result.exit_code == 3
    assert "Xy-99_soft_tissue.csv is damaged" in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no 'Xy-99_soft_tissue.csv' in the folder"),
        (b"r_outer_mm;cum_frac\n1;0.5\n", "has no column"),
        (b"r_outer_mm,cum_frac_of_emitted_E\n1,half\n", "not a row of numbers"),
        (b"r_outer_mm,cum_frac_of_emitted_E\n1,0.5\n2,0.9\n", "ends at 2 mm"),
        (b"", "has no column"),
        (b"\xff\xfe", "cannot read the dose kernel Xy-99_soft_tissue.csv"),
    ],
)
def test_a_damaged_kernel_file_is_named(
    run: Run, kernel_file: Path, content: bytes | None, message: str
) -> None:
    kernel_file.unlink()
    if content is not None:
        kernel_file.write_bytes(content)
    result = made(run, kernel_file)
    assert result.exit_code == 3
    assert message in result.stderr
