"""`sirtdose post` with its PDF and key images, over the same without them.

The digital patient with one method and with three; median wall time and peak memory of
fresh processes, all in turn, and what WeasyPrint takes for the page alone. A browser's
print of the same page is the other side, where Chromium is installed.
Run: python benchmarks/report_pdf.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

ROUNDS = 5
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
GIVEN = ["--administered", "2.2GBq", "--lung-shunt", "5%", "--force"]
METHODS = {
    "one method": ["--method", "local"],
    "three methods, density by voxel": [
        *("--method", "local", "--method", "kernel", "--method", "collapsed-cone"),
        *("--density", "ct", "--dose-grid", "6mm", "--accept", "H27"),
        *("--reason", "a benchmark"),
    ],
}


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds and peak MB of one fresh process, its children left out."""
    start = perf_counter()
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return perf_counter() - start, used.ru_maxrss / 1024


def main() -> None:
    """Print medians and their ratios."""
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory() as name:
        patient, out = f"{name}/patient", f"{name}/out"
        subprocess.run([*PROGRAM, "phantom", patient], check=True, capture_output=True)
        for said, more in METHODS.items():
            post = [*PROGRAM, "post", patient, *GIVEN, *more, "--out", out]
            commands = {
                "post": post,
                "post --pdf": [*post, "--pdf"],
                "post --pdf --key-images": [*post, "--pdf", "--key-images"],
            }
            chromium = shutil.which("chromium") or shutil.which("chromium-browser")
            if chromium:
                commands["Chromium prints the page"] = [
                    *(chromium, "--headless", "--no-sandbox", "--disable-gpu"),
                    *(f"--user-data-dir={name}/profile", "--no-pdf-header-footer"),
                    f"--print-to-pdf={name}/printed.pdf",
                    Path(out, "report.html").as_uri(),
                ]
            taken: dict[str, list[tuple[float, float]]] = {one: [] for one in commands}
            for _ in range(ROUNDS):
                for one, command in commands.items():
                    taken[one].append(measured(command, environment))
            print(said)
            first = [median(one) for one in zip(*taken["post"], strict=True)]
            for one, runs in taken.items():
                seconds, mb = (median(column) for column in zip(*runs, strict=True))
                print(
                    f"  {one:<26}{seconds:6.2f} s {seconds / first[0]:5.2f} x"
                    f"{mb:7.0f} MB {mb / first[1]:5.2f} x"
                )


if __name__ == "__main__":
    main()
