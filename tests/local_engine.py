"""Stands for the program that runs ompMC: energy stays where a particle starts.

It reads what ompMC would be given and answers as its process does, or badly, as the
environment's LOCAL_ENGINE says.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

RECORD = np.dtype([("kind", "i1"), *((n, "<f4") for n in ("e", *"xyzuv", "w"))])
JOULE_PER_MEV = 1.602176634e-13


def main(folder: Path, how: str) -> None:
    given = np.load(folder / "phantom.npz")
    if how == "broken":
        sys.exit("ImportError: libgomp.so.1: cannot open shared object file")
    say({"ompmc": "0.0"})
    for line in sys.stdin:
        asked = json.loads(line)
        answer(given, folder, asked, how)


def answer(given: np.lib.npyio.NpzFile, folder: Path, asked: dict, how: str) -> None:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hangs":
        time.sleep(60)
    if how == "truncated":
        sys.stdout.write('{"number": 0, "histories": 20')
        sys.stdout.flush()
        sys.exit(0)
    if how == "garbage":
        sys.stdout.write("Reading cross-section data file\n")
        sys.stdout.flush()
        return
    path = folder / f"source_{asked['number']}.IAEAphsp"
    found = np.fromfile(path, RECORD)
    axes = [given[f"{axis}_cm"] for axis in "xyz"]
    where = [
        np.clip(np.searchsorted(edges, found[axis], "right") - 1, 0, len(edges) - 2)
        for axis, edges in zip("xyz", axes, strict=True)
    ]
    joule = np.zeros(given["density"].shape)
    np.add.at(joule, tuple(where), -found["e"] * found["w"] * JOULE_PER_MEV)
    ml = np.prod([edges[1] - edges[0] for edges in axes])
    kg = given["density"] * ml / 1000
    gy = np.divide(joule, kg, out=np.zeros_like(joule), where=kg > 0) / len(found)
    counted = gy.ravel(order="F")[given["voxels"]] * given["parts"]
    means = np.add.reduceat(counted, given["starts"])
    if how == "nan":
        means[:] = np.nan
    if how == "unreached":
        means[-1] = 0
    say(
        {
            "number": asked["number"],
            "histories": len(found) // 2 if how == "fewer" else len(found),
            "absorbed_fraction": 1.0,
            "gy_per_history": means.tolist() if how != "odd" else None,
        }
    )


def say(one: dict) -> None:
    sys.stdout.write(json.dumps(one) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), os.environ.get("LOCAL_ENGINE", ""))
