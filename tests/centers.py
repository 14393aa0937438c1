"""Centers of a pooled cohort: their tables, and the rounds that they go through."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from sirtdose.cli.main import main

Rows = Sequence[dict[str, Any]]
ROUNDS_MOST = 10


def cohort(*words: object) -> Result:
    return CliRunner().invoke(main, ["cohort", *map(str, words)])


def write_rows(path: Path, rows: Rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def five_ways(rows: Rows, key: Callable[[dict[str, Any]], Any]) -> list[Rows]:
    """Five centers with the same mix of `key`."""
    ordered = sorted(rows, key=key)
    return [ordered[n::5] for n in range(5)]


def share(folder: Path, name: str, *words: object) -> Path:
    """What a center shares; its table is `o.csv` of its folder."""
    own = folder / name
    file = own / f"{name}_{len(list(own.glob('*.json')))}.json"
    found = cohort(
        *("--outcomes", own / "o.csv", *words, "--center", name, "--share", file)
    )
    assert found.exit_code == 0, found.stderr
    return file


def pooled(folder: Path, centers: Sequence[Rows], *words: object) -> dict[str, Any]:
    """All rounds of a study, and its result."""
    names = [f"C{n}" for n in range(len(centers))]
    for name, rows in zip(names, centers, strict=True):
        write_rows(folder / name / "o.csv", rows)
    at: tuple[object, ...] = ()
    for number in range(ROUNDS_MOST):
        out = folder / f"round{number}"
        files = [share(folder, name, *words, *at) for name in names]
        found = cohort("--pool", *files, "--out", out)
        assert found.exit_code == 0, found.stderr
        if (out / "pooled.json").is_file():
            document: dict[str, Any] = json.loads((out / "pooled.json").read_text())
            return document
        at = ("--at", out / "point.json")
    raise AssertionError("it did not converge")


def responders(count: int, seed: int, **more: Sequence[Any]) -> Rows:
    """Patients with a dose and a response, that a logistic curve is of."""
    import numpy as np

    rng = np.random.default_rng(seed)
    dose = rng.gamma(4, 30, count).round(1)
    had = rng.random(count) < 1 / (1 + np.exp(2 - 0.016 * dose))
    return [
        {"case_id": f"{seed}-{n}", "tumor_gy": d, "response": "PR" if e else "SD"}
        | {name: values[n] for name, values in more.items()}
        for n, (d, e) in enumerate(zip(dose.tolist(), had.tolist(), strict=True))
    ]


RESPONSE = ("--response", "response", "--dose", "tumor_gy")


def written(folder: Path) -> dict[str, dict[str, Any]]:
    """A study of two centers, and one document of each kind that it makes."""
    pooled(folder, [responders(40, 1), responders(50, 2)], *RESPONSE)
    last = max(folder.glob("round*"))
    paths = {
        "share": folder / "C0" / "C0_0.json",
        "ledger": folder / "C0" / "shared_ledger.json",
        "point": folder / "round0" / "point.json",
        "pooled": last / "pooled.json",
    }
    return {name: json.loads(path.read_text("utf-8")) for name, path in paths.items()}
