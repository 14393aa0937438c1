"""Where 500 patients with 1,000 results stand, over sha256sum of the same files.

Each patient has images, an approved plan and an assessment, which differ in content.
Both run over the same files in turn, as programs of their own; medians are compared.
Run: python benchmarks/status.py
"""

import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter

import pydicom

from sirtdose.phantom.request import PhantomRequest
from sirtdose.report.documents import document_text
from sirtdose.report.plan.hash import approved, content_hash
from sirtdose.workflows.phantom import write_phantom

PATIENTS, ROUNDS = 500, 2
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
POST = (
    *("--administered", "2.2GBq", "--administered-at", "2026-03-02T10:00+01:00"),
    *("--lung-shunt", "5%", "--calibrate-over", "fov", "--no-report", "--no-dicom"),
)
PLAN = (
    *("plan", "partition", "--perfused-volume", "1000mL", "--tumor", "T1=200mL@3"),
    *("--lung-shunt", "5%", "--liver-volume", "1500mL", "--normal-dose", "40Gy"),
)


def typed(*words: object) -> float:
    """Run the program, and say how long it took."""
    start = perf_counter()
    done = subprocess.run(
        [*PROGRAM, *map(str, words)], capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return perf_counter() - start


def make_first(folder: Path) -> None:
    """One patient, by the commands themselves."""
    images = folder / "images"
    images.mkdir(parents=True)
    write_phantom(PhantomRequest(noise=False), images)
    shutil.rmtree(images / "ct")
    typed(*PLAN, "--patient-key", "K", "--out", folder / "plan")
    typed("post", images, *POST, "--out", folder / "post")


def make_other(first: Path, folder: Path, key: str) -> None:
    """The same with an image, a plan and a result of its own."""
    shutil.copytree(first, folder)
    post = folder / "post" / "post.json"
    text = post.read_text("utf-8")
    for path in (folder / "images").glob("*.dcm"):
        old = sha256(path.read_bytes()).hexdigest()
        dataset = pydicom.dcmread(path)
        dataset.PatientID = key
        dataset.save_as(path)
        text = text.replace(old, sha256(path.read_bytes()).hexdigest())
    post.write_text(text, "utf-8")
    with (folder / "post" / "dose_local.nii.gz").open("ab") as stream:
        stream.write(key.encode())
    record = json.loads((folder / "post" / "run.json").read_text("utf-8"))
    record["results"] = {
        name: sha256((folder / "post" / name).read_bytes()).hexdigest()
        for name in record["results"]
    }
    (folder / "post" / "run.json").write_text(json.dumps(record), "utf-8")
    path = folder / "plan" / "plan.json"
    plan = json.loads(path.read_text("utf-8"))
    plan["inputs"]["patient_key"] = key
    plan["hash"] = content_hash(plan)
    at = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    path.write_text(document_text(approved(json.dumps(plan), by="N.", at=at)), "utf-8")


def summed(root: Path) -> float:
    """How long sha256sum takes over every file."""
    names = [str(one) for one in sorted(root.rglob("*")) if one.is_file()]
    start = perf_counter()
    for n in range(0, len(names), 1000):
        subprocess.run(
            ["sha256sum", *names[n : n + 1000]], stdout=subprocess.DEVNULL, check=True
        )
    return perf_counter() - start


def main() -> None:
    """Print medians and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        root, first = Path(name, "results"), Path(name, "first")
        make_first(first)
        root.mkdir()
        for number in range(PATIENTS):
            make_other(first, root / f"case{number:04}", f"key {number:04}")
        size = sum(one.stat().st_size for one in root.rglob("*") if one.is_file())
        plain, ours = [], []
        for _ in range(ROUNDS):
            plain.append(summed(root))
            ours.append(typed("status", root))
    print(f"{2 * PATIENTS} results, {size / 1e9:.2f} GB")
    print(f"sha256sum {median(plain):.2f} s, status {median(ours):.2f} s")
    print(f"ratio {median(ours) / median(plain):.2f}")


if __name__ == "__main__":
    main()
