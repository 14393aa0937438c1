"""`sirtdose validate`: green as shipped, red where anything was altered."""

import csv
import json
import os
import runpy
import shutil
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import Result

from sirtdose.cli import validate
from sirtdose.data.load import table
from sirtdose.validation.bench import Bench
from sirtdose.validation.run import (
    Check,
    Outcome,
    all_checks,
    figures,
    run_check,
    run_checks,
)

Run = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[2]
FILES = {"validation.json", "validation.csv", "validation.html"}
# Run in another process, on a copy of the package: names of what failed.
FAILING = """
import sys
from sirtdose.validation.run import all_checks, run_checks
at = sys.argv.index("--")
groups, names = sys.argv[1:at], sys.argv[at + 1 :]
checks = [
    one
    for one in all_checks(quick=True)
    if one.group == "files as shipped"
    or (one.group in groups and any(name in one.name for name in names))
]
for one in run_checks(checks):
    if not one.passed:
        print(one.check.name, one.error)
"""
# The same of one altered file after the other, for files that are read, not imported.
# Each in a process that has loaded the program, which takes longest, and none of them.
FAILING_EACH = """
import json, os, sys
from pathlib import Path
import scipy.fft
from sirtdose.data.load import table
from sirtdose.validation.figures import anatomy, corrections, kernels
from sirtdose.validation.run import all_checks, run_checks
assert table.cache_info().misses == 1  # What is usual.
for line in sys.stdin:
    name, text, groups, names = json.loads(line)
    path = Path(name)
    shipped = path.read_text("utf-8")
    path.write_text(text, "utf-8")
    child = os.fork()
    if not child:
        for one in run_checks(
            one
            for one in all_checks(quick=True)
            if one.group == "files as shipped"
            or (one.group in groups and any(part in one.name for part in names))
        ):
            if not one.passed:
                print(one.check.name, one.error)
        sys.stdout.flush()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"the process for {name} ended by itself")
    path.write_text(shipped, "utf-8")
    print("--", flush=True)
"""
# The command with one group of comparisons.
PLANNING_ALONE = """
import sys
from sirtdose.cli import validate
from sirtdose.cli.main import run
known = validate.all_checks
validate.all_checks = lambda *, quick: [
    one for one in known(quick=quick) if one.group == "planning"
]
sys.argv[0] = "sirtdose"
run()
"""


class Quick(NamedTuple):
    """A quick run by the command, and what it compared."""

    result: Result
    out: Path
    outcomes: list[Outcome]


@pytest.fixture(scope="module")
def quick(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Quick:
    out = tmp_path_factory.mktemp("quick") / "validation"
    outcomes: list[Outcome] = []

    def kept(checks: list[Check]) -> list[Outcome]:
        outcomes.extend(run_checks(checks))
        return outcomes

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(validate, "run_checks", kept)
        result = run("validate", "--quick", "--out", out, "--json")
    return Quick(result, out, outcomes)


def test_the_whole_of_a_quick_run(run: Run, quick: Quick) -> None:
    result, out, _ = quick
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in out.iterdir()} == FILES
    document = json.loads(result.stdout)
    assert document == json.loads((out / "validation.json").read_text("utf-8"))
    assert document["schema"] == "sirtdose.validation/1"
    assert document["passed"]
    assert document["counts"] == {"passed": len(document["checks"]), "failed": 0}
    assert document["run"]["seconds"] > 0
    assert {"python", "numpy", "scipy", "pydicom", "SimpleITK", "numba"} <= set(
        document["run"]["versions"]
    )
    text = (out / "validation.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["name"] for row in rows] == [c["name"] for c in document["checks"]]
    assert {row["passed"] for row in rows} == {"yes"}
    page = (out / "validation.html").read_text("utf-8")
    for said in ("Not a medical device", "Medical physicist", "PASS", "Lanconelli"):
        assert said in page
    assert "FAIL" not in page
    assert "PASS: every comparison passed, without the slow ones" in result.stderr
    assert f"{len(rows)} comparisons in " in result.stderr
    again = run("validate", "--quick", "--out", out)
    assert again.exit_code == 5
    assert "already contains validation.json" in again.stderr


def test_all_of_them_pass_and_stand_in_the_documents(quick: Quick) -> None:
    slow = run_checks(one for one in all_checks() if one.slow)
    assert len(slow) > 10
    done = {(one.check.group, one.check.name): one for one in (*quick.outcomes, *slow)}
    outcomes = [done[one.group, one.name] for one in all_checks()]
    assert [one.check.name for one in outcomes if not one.passed] == []
    page = runpy.run_path(str(ROOT / "docs" / "generate_validation.py"))["page"]
    written = (ROOT / "docs" / "validation.md").read_text("utf-8")
    assert page(outcomes) == written, (
        "docs/validation.md is out of date: run `make reference`, or "
        "`python docs/generate_validation.py`"
    )


CHECK = Check("planning", "one", "by hand", 2.0, "two", {}, unit="Gy", tolerance=0.01)


@pytest.mark.parametrize(
    ("figure", "passed"), [(2.0, True), (2.02, True), (2.03, False), (1.97, False)]
)
def test_a_relative_tolerance(figure: float, passed: bool) -> None:
    assert run_check(CHECK, lambda: figure).passed is passed


def test_what_is_not_a_number_fails() -> None:
    assert not run_check(CHECK, lambda: float("nan")).passed
    assert not run_check(CHECK, lambda: "2.0").passed


def _raises() -> float:
    raise ZeroDivisionError("no mass")


def test_a_check_that_raises_is_a_failure(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outcomes = [run_check(CHECK, _raises), run_check(CHECK, lambda: 2.0)]
    assert outcomes[0].error == "ZeroDivisionError: no mass"

    def known(*, quick: bool) -> list[Check]:
        assert not quick
        return []

    monkeypatch.setattr(validate, "all_checks", known)
    monkeypatch.setattr(validate, "run_checks", lambda _: outcomes)
    result = run("validate", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "FAIL planning: one: ZeroDivisionError: no mass instead of 2 Gy" in (
        result.stderr
    )
    assert "FAIL: 1 of 2 comparisons failed" in result.stderr
    page = (tmp_path / "out" / "validation.html").read_text("utf-8")
    assert "Do not use this installation" in page
    row = json.loads((tmp_path / "out" / "validation.json").read_text())["checks"][0]
    assert (row["figure"], row["passed"]) == (None, False)


def test_all_or_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(validate, "validation_csv", full)
    monkeypatch.setattr(validate, "run_checks", lambda _: [])
    assert run("validate", "--out", tmp_path / "out").exit_code != 0
    assert not (tmp_path / "out").exists()


def test_a_damaged_list_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from sirtdose.validation import run as checks

    monkeypatch.setattr(checks, "table", lambda name: {"checks": [{"name": name}]})
    result = run("validate", "--quick")
    assert result.exit_code == 3
    assert "validation.json or checksums.json of sirtdose/data" in result.stderr


def test_every_check_has_its_figure_and_its_source() -> None:
    known = figures(Bench(Path()))
    for check in all_checks():
        assert check.source
        assert check.figure in known
    names = [(check.group, check.name) for check in all_checks()]
    assert len(names) == len(set(names))
    used = {check.figure for check in all_checks()}
    assert used == set(known)


def test_the_digests_are_of_the_shipped_files() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "generate_checksums.py"))["text"]()
    written = (ROOT / "sirtdose" / "data" / "checksums.json").read_text("utf-8")
    assert made == written, (
        "sirtdose/data/checksums.json is out of date: run `make reference`, or "
        "`python docs/generate_checksums.py`"
    )
    assert json.loads(written) == table("checksums")


def _scaled(column: str, factor: float) -> Callable[[str], str]:
    """A kernel's file with one column scaled."""

    def altered(text: str) -> str:
        lines = text.splitlines()
        first = next(k for k, line in enumerate(lines) if not line.startswith("#"))
        at = lines[first].split(",").index(column)
        for k in range(first + 1, len(lines)):
            cells = lines[k].split(",")
            cells[at] = f"{float(cells[at]) * factor:.7g}"
            lines[k] = ",".join(cells)
        return "\n".join([*lines, ""])

    return altered


def _replaced(old: str, new: str) -> Callable[[str], str]:
    def altered(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return altered


KERNEL = "data/kernels/Y-90_soft_tissue.csv"
NUCLIDES = "data/nuclides.json"
UNITS = "model/units.py"
# Read where a module is imported.
USUAL = "data/usual.json"
DOSES = ("constants and decay", "planning", "kernels", "spheres", "dose engine")


def failing(
    package: Path, groups: tuple[str, ...], names: Sequence[str] = ("",)
) -> str:
    """Of the comparisons of some names, those that fail in a copy of the package."""
    done = subprocess.run(
        [sys.executable, "-c", FAILING, *groups, "--", *names],
        capture_output=True,
        text=True,
        check=True,
        **of_copy(package),
    )
    return done.stdout


def of_copy(package: Path) -> dict[str, Any]:
    """How a process is started that has the copy of the package."""
    of = {"PYTHONPATH": str(package.parent)}
    return {"cwd": package.parent, "env": os.environ | of}


def copied(folder: Path) -> Path:
    """A copy of the package, to be altered."""
    # With what is compiled of it: only what is altered is compiled anew.
    return Path(shutil.copytree(ROOT / "sirtdose", folder / "sirtdose"))


def failing_alone(
    folders: pytest.TempPathFactory,
    file: str,
    alter: Callable[[str], str],
    groups: tuple[str, ...],
    names: Sequence[str],
) -> str:
    """What fails in a copy of its own with one file altered."""
    package = copied(folders.mktemp("altered"))
    alter_one(package, file, alter)
    return failing(package, groups, names)


Failing = Callable[[str, Callable[[str], str], tuple[str, ...], Sequence[str]], str]


@pytest.fixture(scope="module")
def failing_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failing]:
    """What fails where a file that is read was altered; it is as shipped again then."""
    if not hasattr(os, "fork"):
        yield partial(failing_alone, tmp_path_factory)
        return
    package = copied(tmp_path_factory.mktemp("read"))
    process = subprocess.Popen(
        [sys.executable, "-c", FAILING_EACH],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **of_copy(package),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    asked, answers = process.stdin, process.stdout

    def failing(
        file: str,
        alter: Callable[[str], str],
        groups: tuple[str, ...],
        names: Sequence[str],
    ) -> str:
        path = package / file
        text = alter(path.read_text("utf-8"))
        print(json.dumps([str(path), text, groups, names]), file=asked, flush=True)
        said = ""
        while (line := answers.readline()) != "--\n":
            assert line, "the process ended by itself"
            said += line
        return said

    assert failing("data/nuclides.json", lambda text: text, (), ()) == ""
    yield failing
    asked.close()
    assert process.wait() == 0
    answers.close()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return copied(tmp_path)


def alter_one(package: Path, file: str, alter: Callable[[str], str]) -> None:
    path = package / file
    path.write_text(alter(path.read_text("utf-8")), "utf-8")


@pytest.fixture
def altered(failing_of: Failing, tmp_path_factory: pytest.TempPathFactory) -> Failing:
    """What fails where a file was altered; code is imported by a process of its own."""

    def failing_with(
        file: str,
        alter: Callable[[str], str],
        groups: tuple[str, ...],
        names: Sequence[str],
    ) -> str:
        if file.startswith("data/") and file != USUAL:
            return failing_of(file, alter, groups, names)
        return failing_alone(tmp_path_factory, file, alter, groups, names)

    return failing_with


@pytest.mark.parametrize(
    ("file", "alter", "red"),
    [
        (
            NUCLIDES,
            _replaced('"half_life_h": 64.05', '"half_life_h": 64.6905'),
            ["half-life of Y-90", "Y-90 left after one week"],
        ),
        (
            NUCLIDES,
            _replaced('"half_life_h": 26.8', '"half_life_h": 27.068'),
            ["half-life of Ho-166"],
        ),
        (
            NUCLIDES,
            _replaced('"value": 49.67', '"value": 50.1667'),
            [
                "energy in the usual constant of Y-90",
                "100 Gy to 1000 mL, shunt 10 %: activity",
                "deep in a uniform 1 GBq h/mL, local",
            ],
        ),
        (
            NUCLIDES,
            _replaced('"value": 15.87', '"value": 16.0287'),
            ["Ho-166 for 60 Gy to 1 kg, constant 'device'"],
        ),
        (
            NUCLIDES,
            _replaced('"value": 15.54', '"value": 15.6954'),
            ["energy in the constant 'near' of Ho-166"],
        ),
        (
            KERNEL,
            _scaled("cum_frac_of_emitted_E", 0.99),
            [
                "energy within 12 mm, Y-90 in soft-tissue",
                "energy recovered in voxels of 4.8 x 4.8 x 4.8 mm, Y-90",
                "energy kept by 10 g of 2 mm voxels, kernel",
                "deep in a uniform 1 GBq h/mL, kernel",
            ],
        ),
        (
            "model/nuclide.py",
            _replaced("1.602176634e-13", "1.618198400e-13"),
            ["energy in the usual constant of Y-90"],
        ),
        (
            UNITS,
            _replaced("1000 / 37", "1010 / 37"),
            ["100 Gy to 1000 mL, shunt 10 %: activity in mCi"],
        ),
    ],
    ids=[
        *("half-life", "half-life of Ho-166", "dose constant", "constant of Ho-166"),
        "near constant of Ho-166",
        *("kernel's energy", "joule", "mCi"),
    ],
)
def test_one_percent_is_seen(
    file: str,
    alter: Callable[[str], str],
    red: list[str],
    altered: Failing,
) -> None:
    said = altered(file, alter, DOSES, red)
    for name in red:
        assert name in said
    if file.startswith("data/"):
        assert file.removeprefix("data/") in said


KERNELS = sorted(path.name for path in (ROOT / "sirtdose/data/kernels").iterdir())


@pytest.mark.parametrize("file", KERNELS)
def test_one_percent_of_every_kernel_is_seen(file: str, failing_of: Failing) -> None:
    """By its own figures, and by its digest; each column by itself."""
    seen = {
        "cum_frac_of_emitted_E": (0.99, "radius of "),
        "r_outer_mm": (1.01, "radius of "),
        "E_MeV_per_decay": (1.01, "energy in all shells of "),
    }
    nuclide, medium = file.removesuffix(".csv").split("_", 1)
    for column, (factor, name) in seen.items():
        said = failing_of(
            f"data/kernels/{file}", _scaled(column, factor), ("kernels",), [name]
        )
        lines = [line for line in said.splitlines() if line.startswith(name)]
        own = [x for x in lines if nuclide in x and medium in x.replace("-t", "_t")]
        assert own, (column, said)
        assert f"kernels/{file}" in said


TABLES = ("planning", "radiobiology and outcomes", "tables and units")


@pytest.mark.parametrize(
    ("file", "alter", "red"),
    [
        (
            USUAL,
            _replaced('"value": 1.05', '"value": 1.0605'),
            ["density of the liver where none", "100 Gy to 1000 mL, usual density"],
        ),
        (
            USUAL,
            _replaced('"value": 1.0,', '"value": 1.01,'),
            ["mass of the lungs where none is given", "shunt 10 %: lungs"],
        ),
        (
            "data/density_curves.json",
            _replaced("[-700, 0.31012]", "[-700, 0.31322]"),
            ["density at -700 HU by Schneider"],
        ),
        (
            "data/density_curves.json",
            _replaced("[101, 1.07679]", "[101, 1.08756]"),
            ["density at 100 HU by Schneider"],
        ),
        (
            "data/density_curves.json",
            _replaced("[42, 1.049]", "[42, 1.05949]"),
            ["density at 42 HU by GEMINI"],
        ),
        (
            "data/radiobiology.json",
            _replaced('"alpha_beta_gy": 10.0', '"alpha_beta_gy": 10.1'),
            ["BED of 100 Gy to a tumor, usual parameters"],
        ),
        (
            "data/radiobiology.json",
            _replaced('"repair_half_time_h": 2.5', '"repair_half_time_h": 2.525'),
            ["BED of 40 Gy to the normal liver, usual parameters"],
        ),
        (
            "data/laboratory.json",
            _replaced('"mg/dL": 88.42', '"mg/dL": 89.3042'),
            ["1 mg/dL of creatinine"],
        ),
        (
            "data/catalogue.json",
            _replaced("14.67e6", "14.8167e6"),
            ["resin: spheres of 1 GBq at calibration"],
        ),
        (
            "data/limits.json",
            _replaced('"limit_gy": 50.0', '"limit_gy": 50.5'),
            ["limit that every plan lists, lungs_cumulative"],
        ),
        (UNITS, _replaced('"mCi": 0.037', '"mCi": 0.03737'), ["45mCi as typed"]),
        (UNITS, _replaced("1 / 17.104", "1 / 17.275"), ["34.208umol/L as typed"]),
        (
            "planning/hand_check.py",
            _replaced("_GBQ_PER_MCI = 0.037", "_GBQ_PER_MCI = 0.03737"),
            ["2.3041 GBq in mCi by the second calculation"],
        ),
        (
            "model/body_size.py",
            _replaced("0.007184 *", "0.00725584 *"),
            ["body surface by DuBois"],
        ),
        (
            "outcomes/liver_function.py",
            _replaced("- 0.085 * albumin", "- 0.08585 * albumin"),
            ["ALBI, 10 umol/L, 40 g/L"],
        ),
    ],
    ids=[
        *("liver's density", "lungs' mass", "lung by CT", "liver by CT", "GEMINI"),
        *("alpha/beta", "repair", "creatinine", "spheres", "limit", "typed mCi"),
        *("bilirubin", "second mCi", "body surface", "ALBI"),
    ],
)
def test_one_percent_of_a_table_or_unit_is_seen(
    file: str,
    alter: Callable[[str], str],
    red: list[str],
    altered: Failing,
) -> None:
    said = altered(file, alter, TABLES, red)
    for name in red:
        assert name in said
    if file.startswith("data/"):
        assert file.removeprefix("data/") in said


def test_the_command_itself_is_red(package: Path) -> None:
    """The default density, 1 % up: exit code 1."""
    alter_one(package, "data/usual.json", _replaced('"value": 1.05', '"value": 1.0605'))
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            PLANNING_ALONE,
            *("validate", "--quick"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=package.parent,
        env=os.environ | {"PYTHONPATH": str(package.parent)},
    )
    assert done.returncode == 1
    assert "FAIL planning: 100 Gy to 1000 mL, usual density" in done.stderr


def test_code_that_is_not_as_installed(package: Path) -> None:
    """As an installer lists it; a constant that no figure reaches is altered."""
    info = package.parent / "sirtdose-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: sirtdose\nVersion: 9\n"
    )
    rows = []
    for path in sorted(package.rglob("*.py")):
        digest = urlsafe_b64encode(sha256(path.read_bytes()).digest())
        name = path.relative_to(package.parent).as_posix()
        rows.append(f"{name},sha256={digest.rstrip(b'=').decode()},1")
    (info / "RECORD").write_text("\n".join([*rows, ""]))
    assert failing(package, ()) == ""
    alter_one(
        package,
        "dosimetry/engine/collapsed_cone.py",
        _replaced("AIR_BELOW_G_PER_ML = 0.05", "AIR_BELOW_G_PER_ML = 0.0505"),
    )
    assert "program files that are not as installed" in failing(package, ())
