"""What a batch of thousands costs by itself: stub cases of 50 ms, then a real resume.

The stub waits 50 ms and links the results of one digital patient into its folder, so
that scheduler, folders and tables do all that they do for true cases. A batch is then
killed in the middle and taken up again. How long the rows of a manifest take to be
read, and what they need in memory, is measured apart. In the end, a batch of digital
patients whose folders hold 100 MB each is taken up again, with files as they were and
with other times, when all of them are read to see that they are the same.

Run: python benchmarks/batch_scale.py [--cases 5000] [--no-real]
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

WAIT_S, JOBS = 0.05, 2
FEW, REAL, BALLAST = 500, 40, 100 * 2**20
RESULTS = ("post.json", "structures.csv")
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]


@dataclass(frozen=True)
class Stub:
    """A case that is only waited for."""

    case_id: str
    folder: Path
    template: Path


def stub(case: Stub):
    """Wait, and put results into its folder; leave alone what is there."""
    from sirtdose.batch.work import outcome_of

    return outcome_of(case.case_id, lambda: _stub(case))


def _stub(case: Stub) -> str:
    from sirtdose.io.output.folder import output_folder

    if (case.folder / RESULTS[0]).exists():
        return "unchanged"
    time.sleep(WAIT_S)
    with output_folder(case.folder, RESULTS) as aside:
        for name in RESULTS:
            os.link(case.template / name, aside / name)
    return "done"


def run_stubs(count: int, template: Path, out: Path) -> None:
    """Run so many and write their tables; prints times and memory as JSON."""
    from sirtdose.batch.run import run_cases
    from sirtdose.batch.tables import write_tables_of
    from sirtdose.batch.work import peak_memory_mib
    from sirtdose.io.output.folder import claimed

    cases = [Stub(f"c{n:05}", out / f"c{n:05}", template) for n in range(count)]
    with claimed(out) as claim:
        started = time.perf_counter()
        outcomes = list(run_cases(cases, jobs=JOBS, work=stub))
        told = {"seconds": time.perf_counter() - started, "mib": peak_memory_mib()}
        outcomes.sort(key=lambda one: one.case_id)
        for name, parquet in (("tables", False), ("parquet", True)):
            started = time.perf_counter()
            write_tables_of("post", outcomes, out, claim=claim, parquet=parquet)
            told[f"{name}_seconds"] = time.perf_counter() - started
            told[f"{name}_mib"] = peak_memory_mib()
    states = [one.state for one in outcomes]
    told["states"] = {one: states.count(one) for one in sorted(set(states))}
    print(json.dumps(told))


def read_rows(count: int, folder: Path) -> None:
    """Read a manifest as `sirtdose batch` does; prints times and memory as JSON."""
    import click

    from sirtdose.batch.work import peak_memory_mib
    from sirtdose.cli import batch
    from sirtdose.cli.words.manifest import manifest_rows

    (folder / "rows").mkdir(exist_ok=True)
    rows = "case_id,input,administered,administered_at,lung_shunt,device,no_report\n"
    more = "rows,1.5 GBq,2026-03-01T10:30+01:00,4.2%,resin,yes"
    rows += "".join(f"c{n:05},{more}\n" for n in range(count))
    (folder / "m.csv").write_text(rows, "utf-8")
    command, before = batch.command_named("post"), peak_memory_mib()
    started = time.perf_counter()
    with click.Context(batch.batch_command):
        found = manifest_rows(folder / "m.csv", command)
        cases, _ = batch._cases(
            found, "post", {}, folder / "o", resume=False, force=False
        )
    seconds = time.perf_counter() - started
    kib = 2**10 * (peak_memory_mib() - before) / count
    print(json.dumps({"cases": len(cases), "ms": 1e3 * seconds / count, "kib": kib}))


def started(count: int, template: Path, out: Path) -> subprocess.Popen[str]:
    """The same in a process of its own."""
    words = [__file__, "--run", str(count), str(template), str(out)]
    return subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)


def finished(count: int, template: Path, out: Path) -> dict:
    """What it printed."""
    said, _ = started(count, template, out).communicate()
    return json.loads(said)


def stubs(folder: Path, count: int) -> None:
    """Overhead per case and memory, of few and of many; then a kill."""
    from sirtdose.phantom.request import PhantomRequest
    from sirtdose.workflows.phantom import write_phantom

    (folder / "p").mkdir()
    write_phantom(PhantomRequest(), folder / "p")
    words = ["post", folder / "p", "--administered", "1.5GBq", "--lung-shunt", "5%"]
    template = folder / "template"
    words += ["--calibrate-over", "fov", "--no-report", "--no-dicom", "--out", template]
    subprocess.run([*PROGRAM, *map(str, words)], check=True, capture_output=True)
    for many in (FEW, count):
        told = finished(many, template, folder / f"out-{many}")
        each = JOBS * told["seconds"] / many - WAIT_S
        print(
            f"{many} cases: {told['seconds']:.1f} s, {1e3 * each:.1f} ms of a core per "
            f"case beside its own {1e3 * WAIT_S:.0f}; peak {told['mib']:.0f} MiB; "
            f"tables {1e3 * told['tables_seconds'] / many:.2f} ms per case, then peak "
            f"{told['tables_mib']:.0f} MiB, with Parquet {told['parquet_mib']:.0f} MiB",
            flush=True,
        )
        size = {one.name: one.stat().st_size for one in files_of(folder, many)}
        print(f"  bytes: {size}", flush=True)
    out = folder / "killed"
    process = started(count, template, out)
    while not (out / f"c{count // 2:05}" / RESULTS[0]).exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(1)
    there = {one.name: one.stat().st_mtime_ns for one in out.glob("c*")}
    told = finished(count, template, out)
    kept = sum((out / one).stat().st_mtime_ns == at for one, at in there.items())
    print(
        f"killed with {len(there)} of {count} done, taken up again: {told['states']}, "
        f"{told['seconds']:.1f} s, {kept} folders of the first run untouched",
        flush=True,
    )


def files_of(folder: Path, many: int) -> list[Path]:
    """The batch's own files."""
    return [one for one in sorted((folder / f"out-{many}").iterdir()) if one.is_file()]


def resumed(folder: Path) -> None:
    """Seconds per case to see that nothing changed, without and with reading."""
    from sirtdose.phantom.request import PhantomRequest
    from sirtdose.workflows.phantom import write_phantom

    rows = "case_id,input,administered,lung_shunt,no_report,no_dicom\n"
    for n in range(4):
        (folder / f"p{n}").mkdir()
        write_phantom(PhantomRequest(seed=n), folder / f"p{n}")
        (folder / f"p{n}" / "raw.bin").write_bytes(os.urandom(BALLAST))
    for n in range(REAL):
        rows += f"c{n:02},p{n % 4},{1 + n / 40:g}GBq,5%,yes,yes\n"
    (folder / "cases.csv").write_text(rows, "utf-8")
    time.sleep(4)
    words = ["batch", folder / "cases.csv", "--out", folder / "real", "--resume"]
    words += ["--calibrate-over", "fov", "--jobs", JOBS]
    for what in ("computed", "taken up again", "the same with other times"):
        if what.startswith("the same"):
            for path in folder.glob("p[0-9]/*"):
                os.utime(path)
            time.sleep(4)
        start = time.perf_counter()
        run = subprocess.run(
            [*PROGRAM, *map(str, words)], check=True, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
        said = run.stderr.strip().splitlines()[-1].partition(". ")[0]
        print(
            f"{what}: {seconds:.1f} s, {seconds / REAL:.3f} s per case ({said})",
            flush=True,
        )


def main() -> None:
    """Print times and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--no-real", action="store_true")
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        run_stubs(int(asked.run[0]), Path(asked.run[1]), Path(asked.run[2]))
        return
    if asked.read:
        read_rows(int(asked.read[0]), Path(asked.read[1]))
        return
    with tempfile.TemporaryDirectory() as name:
        for many in (FEW, asked.cases):
            words = [sys.executable, __file__, "--read", str(many), name]
            said = subprocess.run(words, check=True, capture_output=True, text=True)
            told = json.loads(said.stdout)
            print(
                f"{told['cases']} rows read: {told['ms']:.1f} ms and {told['kib']:.1f} "
                "KiB of memory each",
                flush=True,
            )
        stubs(Path(name), asked.cases)
        if not asked.no_real:
            resumed(Path(name))


if __name__ == "__main__":
    main()
