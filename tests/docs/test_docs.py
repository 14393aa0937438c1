"""What the documents and examples say is what the program does."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.data.load import table

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Result]


# What each prints, by hand or by the truth of the digital patient.
PRINTED = {
    # 120 Gy x 1.05 kg / 49.67 / 0.95, and 0.05 of it in 1 kg of lungs.
    "plan_a_lobe": ["inject 2.67 GBq (72.2 mCi)", "lungs 6.6 Gy at 1 kg"],
    # Half a percent from truth is what its own test asks for.
    "post_on_a_phantom": [r"Tumor 1 +2\d\d\.\d\d Gy, [+-]0\.\d\d% from truth"],
    "batch_over_a_folder": ["case-3 done", r"case-3 Tumor 1 20\d\.\d Gy"],
    # 2 MBq a voxel of 0.064 mL: 49.67 x 2e-3 / 67.2e-6 kg.
    "library_in_twenty_lines": ["local   mean 1478 Gy, D70 1478 Gy", "kernel  mean 13"],
    # The phantom's truth by its own test; 120 Gy x 0.9 L x 1.05 / 49.67 / 0.95.
    "notebook": ["activity_gbq=2.4", r"Tumor 1 +tumor +2\d\d\.", "lung_shunt_fraction"],
    # 0.6955 MeV x 1.60218e-13 x 1e9 x 14.284 d x 86400 / 0.693147; 120 x 1.05 / K.
    "add_a_nuclide": [r"K = 198\.4 Gy", "P-32: 0.635 GBq", "71% of it left"],
}


@pytest.mark.parametrize(
    "script", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem
)
def test_examples_run(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(script), run_name="__main__")
    printed = capsys.readouterr().out
    for said in PRINTED[script.stem]:
        assert re.search(said.replace("(", r"\(").replace(")", r"\)"), printed), said


def test_the_library_takes_twenty_lines() -> None:
    text = (ROOT / "examples" / "library_in_twenty_lines.py").read_text("utf-8")
    code = text[text.index("y90 =") :]
    assert code.count("\n") <= 20


@pytest.mark.parametrize(
    "case", sorted((ROOT / "examples").glob("*.toml")), ids=lambda p: p.stem
)
def test_example_cases_are_planned(case: Path, run: Run) -> None:
    result = run("plan", case)
    assert result.exit_code == 0, result.stderr
    assert "Plan by" in result.stderr


def test_every_code_of_a_check_is_documented() -> None:
    documented = set(
        re.findall(r"^\| (H\d\d) ", (ROOT / "docs/hazards.md").read_text(), re.M)
    )
    used = {
        code
        for path in (ROOT / "sirtdose").rglob("*.py")
        for code in re.findall(r"\bH\d\d\b", path.read_text("utf-8"))
    }
    assert set(table("findings")) <= documented
    assert used <= documented


def test_linked_files_exist() -> None:
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), (document.name, target)


def test_each_page_says_who_it_is_for() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        text = page.read_text("utf-8")
        if not text.startswith("--8<--"):
            assert re.match(r"# [^\n]+\n\n\*For [^\n]+\.\*\n", text), page.name


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) < 150


def test_pictures_are_shown_and_small() -> None:
    pages = (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    shown = {
        (page.parent / target).resolve()
        for page in pages
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8"))
    }
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.resolve() in shown, picture.name
        assert picture.stat().st_size < 300_000, picture.name
