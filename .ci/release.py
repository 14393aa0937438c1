"""Build the archive and the wheel, and try the wheel: `make release`.

The wheel is built from the archive, so that what is missing in the archive is found,
and tried away from this folder, in a clean environment of every Python named.
"""

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
# What an installed package must have, and what it must not.
NEEDED = (
    "sirtdose/py.typed",
    "sirtdose/__init__.pyi",
    "sirtdose/data/checksums.json",
    "sirtdose/data/anatomy/LICENSE.txt",
    "sirtdose/data/schemas/post.schema.json",
)
FOREIGN = ("tests/", "benchmarks/", "examples/", "docs/")
_LOBE = ("--perfused-volume", "1000mL", "--lung-shunt", "0%")
# 100 Gy x 1.05 kg / 49.67 by hand. A command, its exit code, and what it prints.
TRIALS: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("--version",), 0, "{version}"),
    (("plan", "mird", *_LOBE, "--dose", "100Gy"), 0, "2.114 GBq"),
    (("plan", "mird", *_LOBE, "--dose", "100"), 2, "unit"),
    (("validate", "--quick"), 0, "PASS"),
    (("demo", "--out", "demo"), 0, "report"),
    (("verify", "demo/doses"), 0, ""),
)


def main() -> int:
    """Build, look into, try; the exit code is 0 if every trial went as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", default=[], help="a Python to try")
    parser.add_argument("--out", type=Path, default=PROJECT / "dist")
    asked = parser.parse_args()
    archive, wheel = built(asked.out)
    version = wheel.name.split("-")[1]
    wrong = [*contents(wheel), *stated(version)]
    write_recipe(archive, version, asked.out)
    for python in asked.python or [sys.executable]:
        wrong += tried(python, wheel, version)
    for one in wrong:
        print(f"WRONG  {one}")
    print(f"{archive.name}, {wheel.name}: {'not ' if wrong else ''}ready")
    return min(len(wrong), 1)


def built(out: Path) -> tuple[Path, Path]:
    """The archive, and the wheel made from it alone."""
    out.mkdir(parents=True, exist_ok=True)
    for old in (*out.glob("sirtdose-*.tar.gz"), *out.glob("sirtdose-*.whl")):
        old.unlink()
    run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", out], PROJECT)
    [archive] = out.glob("sirtdose-*.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
        [source] = Path(folder).iterdir()
        run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out],
            source,
        )
    [wheel] = out.glob("sirtdose-*.whl")
    return archive, wheel


def contents(wheel: Path) -> list[str]:
    """What the wheel lacks, and what does not belong into it."""
    names = zipfile.ZipFile(wheel).namelist()
    return [
        *(f"{wheel.name} lacks {one}" for one in NEEDED if one not in names),
        *(f"{wheel.name} holds {one}" for one in names if one.startswith(FOREIGN)),
    ]


def stated(version: str) -> list[str]:
    """Files that state another version."""
    wanted = {
        "CITATION.cff": f"\nversion: {version}\n",
        "CHANGELOG.md": f"\n## {version}",
    }
    return [
        f"{name} does not state version {version}"
        for name, text in wanted.items()
        if text not in (PROJECT / name).read_text("utf-8")
    ]


def write_recipe(archive: Path, version: str, out: Path) -> None:
    """The recipe for conda-forge, of this archive."""
    text = (PROJECT / "packaging" / "recipe.yaml").read_text("utf-8")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    filled = text.replace("{version}", version).replace("{sha256}", digest)
    (out / "recipe.yaml").write_text(filled, "utf-8")


def tried(python: str, wheel: Path, version: str) -> list[str]:
    """What went wrong in a clean environment of this Python."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        if python == sys.executable:
            venv.create(environment, with_pip=True)
        else:
            run([python, "-m", "venv", environment], Path(folder))
        binary = environment / ("Scripts" if sys.platform == "win32" else "bin")
        run([binary / "python", "-m", "pip", "install", "--quiet", wheel], Path(folder))
        name = said([binary / "python", "--version"], Path(folder))[1].strip()
        for words, code, expected in TRIALS:
            got, text = said([binary / "sirtdose", *words], Path(folder))
            good = got == code and expected.format(version=version) in text
            good = good and "Traceback" not in text
            shown = " ".join(words)
            print(
                f"{'ok   ' if good else 'WRONG'}  {name}  sirtdose {shown}", flush=True
            )
            if not good:
                wrong.append(f"{name}: sirtdose {shown}: exit {got}\n{text}")
    return wrong


def run(command: Sequence[str | Path], folder: Path) -> None:
    """Run it; what it prints is shown if it fails."""
    code, text = said(command, folder)
    if code:
        sys.exit(f"{' '.join(map(str, command))}: exit {code}\n{text}")


def said(command: Sequence[str | Path], folder: Path) -> tuple[int, str]:
    """The exit code of a command, and all that it printed."""
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main())
