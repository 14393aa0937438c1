"""Histograms of every structure of an RTSTRUCT in an RTDOSE, over dicompyler-core.

Both read the files, fill the contours and make the histograms, each in processes of its
own, in turn; timed is that work, after the imports, once a process; medians are
compared, and the mean doses printed side by side. dicompyler-core knows older pydicom
and numpy only, so it lives in an environment of its own:

    python -m venv /tmp/dicompyler
    /tmp/dicompyler/bin/pip install dicompyler-core==0.5.6 "pydicom<3" "numpy<2"
    python benchmarks/dvh.py --dicompyler /tmp/dicompyler/bin/python [FOLDER]

FOLDER holds one RTDOSE and one RTSTRUCT.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import pydicom

ROUNDS = 5
HERE = Path(__file__).parents[2] / "shared" / "data" / "rtdose_rtstruct"
SIRTDOSE = """
import json, sys
from pathlib import Path
from time import perf_counter
import numpy, pydicom, scipy.ndimage
import sirtdose.dosimetry.dose_histograms, sirtdose.dosimetry.histogram.sampled_dvh
import sirtdose.io.dicom.rtdose, sirtdose.io.dicom.rtstruct, sirtdose.io.read
from sirtdose.workflows.check.histograms import dose_histograms
start = perf_counter()
found = dose_histograms(Path(sys.argv[1]), [Path(sys.argv[2])])
means = {structure.name: dvh.mean_gy for structure, dvh in found.rows}
print(json.dumps([perf_counter() - start, means]))
"""
DICOMPYLER = """
import json, sys
from time import perf_counter
from dicompylercore import dicomparser, dvhcalc
start = perf_counter()
structures = dicomparser.DicomParser(sys.argv[2]).GetStructures()
means = {}
for number, structure in structures.items():
    dvh = dvhcalc.get_dvh(sys.argv[2], sys.argv[1], number)
    if dvh.volume:
        means[structure["name"]] = float(dvh.mean)
print(json.dumps([perf_counter() - start, means]))
"""


def files_in(folder: Path) -> list[str]:
    """The RTDOSE and the RTSTRUCT of a folder."""
    kinds = {
        pydicom.dcmread(path, specific_tags=["Modality"]).Modality: str(path)
        for path in sorted(folder.glob("*.dcm"))
    }
    return [kinds["RTDOSE"], kinds["RTSTRUCT"]]


def run(
    command: list[str], environment: dict[str, str]
) -> tuple[float, float, dict[str, float]]:
    """Seconds of the work, seconds of the whole process, mean doses."""
    start = perf_counter()
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    )
    whole = perf_counter() - start
    work, means = json.loads(done.stdout.splitlines()[-1])
    return work, whole, means


def main() -> None:
    """Print medians, their ratio, and both programs' mean doses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=HERE)
    parser.add_argument("--dicompyler", required=True, metavar="PYTHON")
    given = parser.parse_args()
    files = files_in(given.folder)
    commands = {
        "dicompyler-core": [given.dicompyler, "-W", "ignore", "-c", DICOMPYLER, *files],
        "sirtdose": [sys.executable, "-c", SIRTDOSE, *files],
    }
    taken: dict[str, list[tuple[float, float]]] = {said: [] for said in commands}
    means: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as bytecode:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for command in commands.values():
            run(command, environment)
        for _ in range(ROUNDS):
            for said, command in commands.items():
                work, whole, means[said] = run(command, environment)
                taken[said].append((work, whole))
    theirs = median(work for work, _ in taken["dicompyler-core"])
    for said, times in taken.items():
        work, whole = (median(column) for column in zip(*times, strict=True))
        print(
            f"{said:<16}{work:7.2f} s  {work / theirs:6.3f} x  with imports "
            f"{whole:5.2f} s"
        )
    for name, mean_gy in means["sirtdose"].items():
        other = means["dicompyler-core"].get(name, float("nan"))
        print(f"  {name:<24}{mean_gy:9.4f} Gy {other:9.4f} Gy")


if __name__ == "__main__":
    main()
