"""Send and fetch CT slices: sirtdose against storescu and getscu of dcmtk.

Every program runs by itself, as it is typed, against the same archive on this machine:
dcmtk's dcmqrscp; with "orthanc" also Orthanc, by DICOM and by DICOMweb. Ratios are of
times within one run, by turns.
Run: python benchmarks/archive.py [SLICES [REPEATS [orthanc]]]
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from tests.archive.orthanc import AET, Orthanc, running
from tests.network_peers import LOOPBACK, dcmtk, free_port, make_object, write_object

STUDY = "1.2.826.0.1.3680043.8.498.1000"
ROWS = 512
# Compiled modules are kept, as where a package is installed.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
SIRTDOSE = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]


def write_slices(folder: Path, count: int) -> Path:
    """Slices of 0.5 MB with noise, which nothing can shorten."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(1, count + 1):
        one = make_object(number, study=STUDY)
        one.Rows = one.Columns = ROWS
        one.PixelData = rng.integers(0, 4096, (ROWS, ROWS), np.uint16).tobytes()
        write_object(folder / f"{number:05}.dcm", one, ExplicitVRLittleEndian)
    return folder


@contextmanager
def dcmqrscp(folder: Path) -> Iterator[int]:
    """The archive of dcmtk; yields its port."""
    port = free_port()
    (folder / "kept").mkdir(parents=True)
    config = folder / "dcmqrscp.cfg"
    config.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 65536\nMaxAssociations = 16\n"
        "HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{AET} {folder / 'kept'} RW (100, 8192mb) ANY\nAETable END\n"
    )
    process = subprocess.Popen([dcmtk("dcmqrscp"), "-c", str(config)])
    time.sleep(1)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(30)


class Taken(NamedTuple):
    """Seconds of the clock, and of processor in the program itself."""

    clock: float
    processor: float


def seconds(words: list[str], *, then: Callable[[], None]) -> Taken:
    """How long a program takes; what it did is checked."""
    before = os.times()
    start = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT)
    clock = time.perf_counter() - start
    after = os.times()
    if done.returncode:
        raise SystemExit(f"{words[:4]}: {done.stderr[-2000:]}")
    then()
    own = after.children_user + after.children_system
    return Taken(clock, own - before.children_user - before.children_system)


class Race:
    """Times of several programs by turns, and their ratio to the first."""

    def __init__(self, folder: Path, slices: Path, repeats: int) -> None:
        self.folder, self.slices, self.repeats = folder, slices, repeats
        self.count = len(list(slices.iterdir()))

    def run(self, title: str, ways: dict[str, Callable[[], Taken]]) -> None:
        """Time each way in turn, and print medians and ratios to the first."""
        times: dict[str, list[Taken]] = {name: [] for name in ways}
        for _ in range(self.repeats):
            for name, way in ways.items():
                times[name].append(way())
        first = statistics.median(one.clock for one in times[next(iter(times))])
        print(f"\n{title}, {self.count} slices")
        for name, own in times.items():
            middle = statistics.median(one.clock for one in own)
            processor = statistics.median(one.processor for one in own)
            print(
                f"  {name:16}{middle:7.1f} s  ratio {middle / first:5.2f}  "
                f"processor {processor:5.1f} s"
            )

    def site(self, text: str) -> str:
        """Write a site's file with one node."""
        path = self.folder / "site.toml"
        path.write_text(text)
        return str(path)

    def storescu(self, port: int) -> Taken:
        """Send with dcmtk."""
        to = [dcmtk("storescu"), "-aec", AET, "-aet", "SIRTDOSE", "+sd", "+r"]
        words = [*to, LOOPBACK, str(port), str(self.slices)]
        return seconds(words, then=lambda: None)

    def send(self, to: list[str]) -> Taken:
        """Send with sirtdose."""
        words = [*SIRTDOSE, "send", str(self.slices), "--to", *to]
        return seconds([*words, "--commitment", "no"], then=lambda: None)

    def getscu(self, port: int) -> Taken:
        """Fetch with dcmtk."""
        out = self.empty()
        key = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}"]
        to = [dcmtk("getscu"), "-S", "-aec", AET, "-aet", "SIRTDOSE", "-od", str(out)]
        words = [*to, *key, LOOPBACK, str(port)]
        return seconds(words, then=lambda: self.require_all(out))

    def fetch(self, site: str) -> Taken:
        """Fetch with sirtdose."""
        out = self.empty()
        words = ["fetch", STUDY, "--from", "pacs", "--out", str(out), "--site", site]
        return seconds([*SIRTDOSE, *words], then=lambda: self.require_all(out))

    def empty(self) -> Path:
        """A folder for what comes."""
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        return out

    def require_all(self, out: Path) -> None:
        """End where a slice is missing."""
        came = [path for path in out.rglob("*") if path.stat().st_size > ROWS**2]
        if len(came) != self.count:
            raise SystemExit(f"{len(came)} of {self.count} came")


def by_dicom(race: Race, name: str, port: int) -> None:
    """Send to an archive and fetch from it by DICOM."""
    node = f'[node.pacs]\nhost = "{LOOPBACK}"\nport = {port}\naet = "{AET}"\n'
    site = race.site(f'{node}retrieve = "get"\n')
    address = [f"{LOOPBACK}:{port}", "--aet", AET]
    race.run(
        f"send to {name}",
        {"storescu": lambda: race.storescu(port), "send": lambda: race.send(address)},
    )
    race.run(
        f"fetch from {name}",
        {"getscu": lambda: race.getscu(port), "fetch": lambda: race.fetch(site)},
    )


def by_web(race: Race, one: Orthanc) -> None:
    """Send to Orthanc and fetch from it by DICOMweb."""
    port = one.dicom_port
    site = race.site(f'[node.pacs]\nweb = "{one.web}"\n')
    race.run(
        "send to Orthanc by DICOMweb",
        {
            "storescu": lambda: race.storescu(port),
            "send, STOW-RS": lambda: race.send([one.web]),
        },
    )
    race.run(
        "fetch from Orthanc by DICOMweb",
        {
            "getscu": lambda: race.getscu(port),
            "fetch, WADO-RS": lambda: race.fetch(site),
        },
    )


def main() -> None:
    """Run the races."""
    numbers = [int(one) for one in sys.argv[1:] if one.isdecimal()]
    count, repeats = (*numbers, *(1000, 3)[len(numbers) :])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        race = Race(folder, write_slices(folder / "slices", count), repeats)
        with dcmqrscp(folder / "dcmqrscp") as port:
            by_dicom(race, "dcmqrscp", port)
        if "orthanc" in sys.argv:
            with running(folder / "orthanc", OverwriteInstances=True) as one:
                by_dicom(race, "Orthanc", one.dicom_port)
                by_web(race, one)


if __name__ == "__main__":
    main()
