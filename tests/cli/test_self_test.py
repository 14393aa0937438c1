"""Every plan and assessment says whether the program's own comparisons pass (H36)."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.data import load
from sirtdose.model.self_test import SelfTest
from sirtdose.validation.kept import kept_self_test
from sirtdose.validation.run import self_test

Run = Callable[..., Result]
MIRD = ("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL")
MIRD += ("--lung-shunt", "0%")


@pytest.fixture
def half_life_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The half-life of Y-90 1 % too long, as a damaged file would have it."""
    usual = load.table("nuclides")
    wrong = {
        **usual,
        "Y-90": {**usual["Y-90"], "half_life_h": usual["Y-90"]["half_life_h"] * 1.01},
    }
    real = load.table
    monkeypatch.setattr(
        "sirtdose.model.nuclide.table",
        lambda name: wrong if name == "nuclides" else real(name),
    )
    self_test.cache_clear()
    yield
    self_test.cache_clear()


def test_a_plan_says_that_it_passed(run: Run, tmp_path: Path) -> None:
    result = run(*MIRD, "--json", "--out", tmp_path / "plan")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)["self_test"]
    assert said["failed"] == []
    assert said["comparisons"] > 60
    page = (tmp_path / "plan" / "plan.html").read_text("utf-8")
    count = said["comparisons"]
    assert f"<td>{count} of {count} comparisons pass" in page


@pytest.mark.usefixtures("half_life_off")
def test_what_fails_has_to_be_accepted(run: Run, tmp_path: Path) -> None:
    result = run(*MIRD, "--out", tmp_path / "plan")
    assert result.exit_code == 3
    assert "H36" in result.stderr
    assert "half-life of Y-90" in result.stderr
    assert not (tmp_path / "plan").exists()
    accepted = run(*MIRD, "--accept", "H36", "--reason", "a test", "--json")
    assert accepted.exit_code == 0, accepted.stderr
    document = json.loads(accepted.stdout)
    assert "half-life of Y-90" in document["self_test"]["failed"]
    [accepted_one] = document["accepted"]
    assert (accepted_one["code"], accepted_one["reason"]) == ("H36", "a test")


@pytest.mark.usefixtures("half_life_off")
def test_an_assessment_has_it_too(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    words = ("post", exact_voxels, "--administered", "2GBq", "--out", tmp_path / "out")
    result = run(*words)
    assert result.exit_code == 3
    assert "H36" in result.stderr
    assert not (tmp_path / "out").exists()


def test_without_one_that_is_said() -> None:
    from sirtdose.workflows.plan.numbers import PlanRequest, plan_mird

    request = PlanRequest(lung_shunt_fraction=0.0)
    plan = plan_mird(request, dose_gy=100, perfused_volume_ml=1000)
    [said] = [one for one in plan.findings if one.code == "H36"]
    assert said.severity.value == "note"
    assert plan.self_test is None


class Installed:
    """A program of one file, whose self-test says how often it was made."""

    def __init__(self, folder: Path) -> None:
        self.package, self.file = folder / "program", folder / "kept" / "one.json"
        self.code = self.package / "planning" / "bsa.py"
        self.code.parent.mkdir(parents=True)
        self.code.write_text("A = 1\n")
        self.failed: tuple[str, ...] = ()
        self.made = 0

    def make(self) -> SelfTest:
        self.made += 1
        return SelfTest(7, self.failed)

    def asked(self) -> SelfTest:
        return kept_self_test(self.file, self.package)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    one = Installed(tmp_path)
    monkeypatch.setattr("sirtdose.validation.run.self_test", one.make)
    return one


def test_the_same_files_are_tested_once(installed: Installed) -> None:
    assert [installed.asked() for _ in range(3)] == [SelfTest(7)] * 3
    assert installed.made == 1
    assert [one.name for one in installed.file.parent.iterdir()] == ["one.json"]


def test_a_changed_file_is_tested_again(installed: Installed) -> None:
    """Also where its size and its time of last change are as they were."""
    installed.asked()
    state = installed.code.stat()
    installed.code.write_text("A = 2\n")
    os.utime(installed.code, ns=(state.st_atime_ns, state.st_mtime_ns))
    installed.asked()
    assert installed.made == 2
    (installed.code.with_name("more.py")).write_text("")
    installed.asked()
    assert installed.made == 3


@pytest.mark.parametrize("ending", ["dist-info", "egg-info"])
@pytest.mark.parametrize("place", [".", "libraries"])
def test_a_library_of_another_version_is_tested_again(
    installed: Installed, monkeypatch: pytest.MonkeyPatch, place: str, ending: str
) -> None:
    """Beside the program, or in a folder that PYTHONPATH names."""
    folder = installed.package.parent / place
    monkeypatch.syspath_prepend(str(folder))
    (folder / f"click-8.2.1.{ending}").mkdir(parents=True)
    installed.asked()
    (folder / f"click-8.2.1.{ending}").rename(folder / f"click-8.3.0.{ending}")
    installed.asked()
    assert installed.made == 2


def test_what_cannot_be_looked_at_is_tested_each_time(installed: Installed) -> None:
    """Some editors leave such a link beside a file that is being edited."""
    installed.code.with_name(".#bsa.py").symlink_to("somebody@somewhere.12")
    assert [installed.asked() for _ in range(2)] == [SelfTest(7)] * 2
    assert installed.made == 2


@pytest.mark.parametrize("hours", [25, -1])
def test_a_result_of_another_day_is_none(installed: Installed, hours: float) -> None:
    installed.asked()
    kept = json.loads(installed.file.read_text())
    kept["at_s"] -= hours * 3600
    installed.file.write_text(json.dumps(kept))
    installed.asked()
    assert installed.made == 2


@pytest.mark.parametrize("text", ["", "[]", "null", '{"at_s": "x"}', '{"at_s": 1'])
def test_a_damaged_result_is_none(installed: Installed, text: str) -> None:
    installed.file.parent.mkdir()
    installed.file.write_text(text)
    assert installed.asked() == SelfTest(7)
    assert installed.made == 1


def test_a_failed_test_is_not_kept(installed: Installed) -> None:
    installed.failed = ("half-life of Y-90",)
    assert [installed.asked().failed for _ in range(2)] == [installed.failed] * 2
    assert installed.made == 2
    assert not installed.file.exists()


def test_where_nothing_can_be_kept_it_is_made(installed: Installed) -> None:
    installed.file.parent.write_text("a file, and no folder")
    assert [installed.asked() for _ in range(2)] == [SelfTest(7)] * 2
    assert installed.made == 2


def test_a_plan_takes_what_was_kept(
    run: Run, installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIRTDOSE_SELF_TEST", str(installed.file))
    said = [json.loads(run(*MIRD, "--json").stdout)["self_test"] for _ in range(2)]
    assert said == [{"comparisons": 7, "failed": []}] * 2
    assert installed.made == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows names the folder otherwise")
@pytest.mark.parametrize("known", ["~/.config", "", "beside"])
def test_without_a_home_nothing_is_written_where_it_runs(
    run: Run,
    installed: Installed,
    monkeypatch: pytest.MonkeyPatch,
    known: str,
) -> None:
    """In a container a user may be a number alone, whose home nobody knows."""
    monkeypatch.delenv("SIRTDOSE_SELF_TEST", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", known)
    here = installed.package.parent / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert run(*MIRD).exit_code == 0
    assert not [*here.iterdir()]
    assert installed.made == 1


def test_a_home_that_nobody_knows_is_no_error(
    run: Run, installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIRTDOSE_SELF_TEST", "~nobody-of-this-name/kept.json")
    assert run(*MIRD).exit_code == 0
    assert installed.made == 1
