"""Names as hospitals write them: long, with the same beginning, in other scripts."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import Result

from sirtdose.io.read import read_structures
from tests.pdf_text import needs_pdf

Run = Callable[..., Result]
LONG = "Tumeur du lobe hépatique droit, après chimiothérapie de première intention, "
NAMES = {
    "Liver": "Foie (größe) / ganz",
    "Perfused lobe": "Volume perfusé 右葉",
    "Tumor 1": f"{LONG}numéro un",
    "Tumor 2": f"{LONG}numéro deux",
    "Tumor 3": 'Tumor 3 / seg. IV=b;"<b>$',
}


def renamed(source: Path, folder: Path) -> Path:
    shutil.copytree(source, folder)
    with pydicom.config.disable_value_validation():
        contours = pydicom.dcmread(folder / "structures.dcm")
        contours.SpecificCharacterSet = "ISO_IR 192"
        for one in contours.StructureSetROISequence:
            one.ROIName = NAMES.get(one.ROIName, one.ROIName)
        contours.save_as(folder / "structures.dcm")
    return folder


@pytest.fixture(scope="module")
def out(
    run: Run, exact_contours: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    needs_pdf()
    folder = tmp_path_factory.mktemp("long")
    source = renamed(exact_contours, folder / "scans")
    words = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--pdf", "--key-images")
    # A letter that no font has is a warning of matplotlib, which fails here.
    result = run("post", source, *words, "--out", folder / "out")
    assert result.exit_code == 0, result.stderr
    return folder / "out"


def items(dataset: Any) -> Iterator[Any]:
    for one in dataset.get("ContentSequence") or ():
        yield one
        yield from items(one)


def told(group: Any) -> dict[str, Any]:
    return {
        str(one.ConceptNameCodeSequence[0].CodeValue): one
        for one in group.get("ContentSequence") or ()
        if "ConceptNameCodeSequence" in one
        and "CodeValue" in one.ConceptNameCodeSequence[0]
    }


def test_segments_are_told_apart_and_named_as_in_the_report(out: Path) -> None:
    seg = pydicom.dcmread(out / "dose_structures.dcm")
    labels = [str(one.SegmentLabel) for one in seg.SegmentSequence]
    assert max(map(len, labels)) <= 64
    assert len(set(labels)) == len(labels)
    assert labels[2].startswith("Tumeur du lobe")
    assert labels[2].endswith("numéro un")
    assert labels[3].endswith("numéro deux")
    tracked = {str(one.TrackingUID): str(one.TrackingID) for one in seg.SegmentSequence}
    assert set(NAMES.values()) <= set(tracked.values())
    groups = [told(one) for one in items(pydicom.dcmread(out / "dose_report.dcm"))]
    groups = [one for one in groups if "121191" in one and "112040" in one]
    seen = {str(one["112040"].UID): str(one["112039"].TextValue) for one in groups}
    assert {uid: seen[uid] for uid in tracked if uid in seen} == {
        uid: name for uid, name in tracked.items() if uid in seen
    }
    assert set(NAMES.values()) <= set(seen.values())
    again = {
        one.name: one.volume_ml for one in read_structures(out / "dose_structures.dcm")
    }
    assert again[labels[2]] > 2 * again[labels[3]]


def test_all_tumors_together_are_neoplasm(out: Path) -> None:
    kinds = {
        str(one["112039"].TextValue): one["121071"].ConceptCodeSequence[0].CodeValue
        for one in map(told, items(pydicom.dcmread(out / "dose_report.dcm")))
        if "121191" in one and "112039" in one
    }
    assert kinds["all_tumors"] == kinds[NAMES["Tumor 2"]] == "108369006"


@pytest.mark.parametrize(
    ("name", "ground"), [("overview", 255), ("axial", 0), ("coronal", 0)]
)
def test_no_name_runs_off_a_picture(out: Path, name: str, ground: int) -> None:
    pixels = pydicom.dcmread(out / f"dose_picture_{name}.dcm").pixel_array
    assert np.all(pixels[:, -3:] == ground)
    assert np.all(pixels[:, :3] == ground)


def test_every_dose_of_the_answer_is_on_the_sheet(out: Path) -> None:
    document = json.loads((out / "post.json").read_text("utf-8"))
    [result] = document["doses"].values()
    # Unlike pypdf, it leaves out what lies beside the sheet.
    program = which("pdftotext")
    if program is None:
        pytest.skip("needs pdftotext (Debian's poppler-utils)")
    made = subprocess.run(
        [program, "-l", "1", "-layout", str(out / "report.pdf"), "-"],
        capture_output=True,
        check=True,
    )
    words = " ".join(made.stdout.decode("utf-8").split())
    for row in result["structures"]:
        if row["role"] == "tumor":
            last = row["name"].split()[-1]
            assert f"{last} {row['dose_gy']['mean']:.0f} Gy" in words
    # What stands right of the names in the table of limits.
    assert words.count("no limit set") >= 3
