"""Results are held against the files they were made from, and computed again."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import Result

from tests.cli.test_batch import make_case, row

Run = Callable[..., Result]
GIVEN = ("--image", "spect.nii.gz", "--structures", "labels.nii.gz", "--no-report")


@pytest.fixture
def result(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A result whose input was named from another folder than the tests' own."""
    make_case(tmp_path / "case")
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "doses"
    words = ("--administered", "2GBq", "--lung-shunt", "5%", "--out", out)
    assert run("post", "case", *GIVEN, *words).exit_code == 0
    monkeypatch.chdir("/")
    return out


def states(run: Run, *words: object, code: int) -> dict[str, object]:
    result = run("verify", *words, "--json")
    assert result.exit_code == code, result.stderr
    assert "Traceback" not in result.stderr
    [case] = json.loads(result.stdout)["cases"]
    return case


def test_what_has_not_changed_is_as_it_was(run: Run, result: Path) -> None:
    case = states(run, result, "--rerun", code=0)
    assert case["state"] == "good"
    assert set(case["results"].values()) == {"unchanged"}
    assert "post.json" in case["results"]
    assert [one["state"] for one in case["inputs"]] == ["unchanged"] * 2
    assert case["rerun"] == "the same"
    assert case["differences"] == []


def test_a_changed_input_is_named(run: Run, result: Path, tmp_path: Path) -> None:
    path = tmp_path / "case" / "spect.nii.gz"
    image = nibabel.load(path)
    data = np.asarray(image.dataobj).copy()
    data[9, 8, 5] = 60
    nibabel.save(nibabel.Nifti1Image(data, image.affine), path)
    case = states(run, result, "--rerun", code=3)
    by_file = {one["file"]: one["state"] for one in case["inputs"]}
    assert by_file == {"spect.nii.gz": "changed", "labels.nii.gz": "unchanged"}
    assert case["rerun"] == "differs"
    where = [one["where"] for one in case["differences"]]
    assert "doses.local_deposition.structures[Tumor 1].dose_gy.max" in where
    said = run("verify", result).stderr
    assert "NOT as it was" in said
    assert "input image file spect.nii.gz: changed" in said


def test_a_changed_or_missing_result_is_named(run: Run, result: Path) -> None:
    text = (result / "structures.csv").read_text("utf-8")
    (result / "structures.csv").write_text(text + "\n", "utf-8")
    (result / "dvh.csv").unlink()
    case = states(run, result, code=3)
    assert case["results"]["structures.csv"] == "changed"
    assert case["results"]["dvh.csv"] == "missing"
    assert case["results"]["post.json"] == "unchanged"


def test_an_edited_document_is_believed_nothing(run: Run, result: Path) -> None:
    path = result / "post.json"
    path.write_text(path.read_text("utf-8").replace("Tumor 1", "Tumor 2"), "utf-8")
    case = states(run, result, "--rerun", code=3)
    assert case["results"]["post.json"] == "changed"
    assert case["inputs"] == []
    assert "post.json" in case["inputs_said"]


def test_an_input_that_is_gone_or_was_moved(
    run: Run, result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "case").rename(tmp_path / "moved")
    case = states(run, result, code=3)
    assert "say with --inputs where it is now" in case["inputs_said"]
    case = states(run, result, "--inputs", tmp_path / "moved", "--rerun", code=0)
    assert case["rerun"] == "the same"
    # From where the user is, not from where the run was started.
    monkeypatch.chdir(tmp_path / "moved")
    assert states(run, result, "--inputs", ".", code=0)["state"] == "good"
    (tmp_path / "moved" / "labels.nii.gz").unlink()
    case = states(run, result, "--inputs", tmp_path / "moved", code=3)
    assert "cannot be checked" in case["inputs_said"]


def test_a_number_of_another_version_is_shown(run: Run, result: Path) -> None:
    # As if another version had computed it: document and record agree with each other.
    from hashlib import sha256

    path, record_path = result / "post.json", result / "run.json"
    document = json.loads(path.read_text("utf-8"))
    document["ledger"]["treated_gbq"] *= 1.01
    text = json.dumps(document)
    path.write_text(text, "utf-8")
    record = json.loads(record_path.read_text("utf-8"))
    record["results"]["post.json"] = sha256(text.encode()).hexdigest()
    record["sirtdose_version"] = "0.0.9"
    record_path.write_text(json.dumps(record), "utf-8")
    case = states(run, result, "--rerun", code=3)
    [one] = case["differences"]
    assert one["where"] == "ledger.treated_gbq"
    assert one["before"] == pytest.approx(1.919)
    assert one["now"] == pytest.approx(1.9)
    assert "made by sirtdose 0.0.9, checked by" in run("verify", result).stderr


def test_voxels_beside_a_header_and_names_of_labels_count(
    run: Run, tmp_path: Path
) -> None:
    import SimpleITK

    case = make_case(tmp_path / "case")
    image = SimpleITK.ReadImage(str(case / "spect.nii.gz"))
    SimpleITK.WriteImage(image, str(case / "spect.mhd"))
    out = tmp_path / "out"
    words = ("--image", "spect.mhd", "--structures", "labels.nii.gz", "--no-report")
    given = ("--administered", "2GBq", "--out", out)
    assert run("post", case, *words, *given).exit_code == 0
    assert states(run, out, code=0)["state"] == "good"
    names = case / "labels.tsv"
    names.write_text(names.read_text("utf-8").replace("Tumor", "Lesion"), "utf-8")
    voxels = bytearray((case / "spect.raw").read_bytes())
    voxels[:4] = np.float32(9).tobytes()
    (case / "spect.raw").write_bytes(bytes(voxels))
    by_file = {one["file"]: one["state"] for one in states(run, out, code=3)["inputs"]}
    assert by_file == {"spect.mhd": "changed", "labels.nii.gz": "changed"}


def test_every_case_of_a_batch(run: Run, tmp_path: Path) -> None:
    make_case(tmp_path / "p1")
    make_case(tmp_path / "p2", 5.0)
    text = "case_id,input,image,structures,administered,no_report\n"
    text += row("c1", "p1") + row("c2", "p2") + row("c3", "p9")
    (tmp_path / "manifest.csv").write_text(text, "utf-8")
    out = tmp_path / "out"
    assert run("batch", tmp_path / "manifest.csv", "--out", out).exit_code == 6
    good = run("verify", out, "--rerun", "--json")
    assert good.exit_code == 0, good.stderr
    assert [one["case"] for one in json.loads(good.stdout)["cases"]] == ["c1", "c2"]
    (out / "c1" / "run.json").unlink()
    (out / "c2" / "dose_kernel.dcm").write_bytes(b"of somebody else")
    (out / "c2" / "notes.txt").write_text("seen by the physicist", "utf-8")
    bad = run("verify", out)
    assert bad.exit_code == 3
    assert "c1: NOT as it was" in bad.stderr
    assert "there is no run.json" in bad.stderr
    assert "c2: NOT as it was" in bad.stderr
    assert "result dose_kernel.dcm: new" in bad.stderr
    assert "notes.txt" not in bad.stderr
    assert run("verify", out, "--inputs", tmp_path / "p1").exit_code == 2


def test_results_that_name_nobody_keep_no_request(
    run: Run, tmp_path: Path, exact_voxels: Path
) -> None:
    out = tmp_path / "out"
    words = ("--administered", "2GBq", "--no-report", "--deidentify", "--out", out)
    assert run("post", exact_voxels, *words).exit_code == 0
    assert str(exact_voxels.parent) not in (out / "run.json").read_text("utf-8")
    case = states(run, out, code=0)
    assert "the request is not kept" in case["inputs_said"]
    assert case["state"] == "unknown"
    assert "results as they were, inputs not checked" in run("verify", out).stderr
    # What was asked for and cannot be done is said, and is no change of the results.
    again = states(run, out, "--rerun", code=3)
    assert again["rerun_said"] == "not possible: the request is not known"
    assert again["state"] == "unknown"
    assert "NOT as it was" not in run("verify", out, "--rerun").stderr
    (out / "dvh.csv").write_text("1\n", "utf-8")
    assert states(run, out, "--rerun", code=3)["state"] == "bad"
    assert "NOT as it was" in run("verify", out, "--rerun").stderr


def test_no_folders_name_is_kept_and_all_are_found_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request names files from here, from the source and from elsewhere."""
    for name in ("DOE_JANE", "DOE_elsewhere"):
        (tmp_path / name).mkdir()
    case = make_case(tmp_path / "DOE_JANE" / "scan")
    prior = tmp_path / "DOE_elsewhere" / "prior"
    words = ("--administered", "1GBq", "--no-report", "--out")
    assert run("post", case, *GIVEN, *words, prior).exit_code == 0
    monkeypatch.chdir(tmp_path / "DOE_elsewhere")
    given = (*GIVEN[:4], "--prior-dose", "prior/dose_local.nii.gz", "--no-report")
    given += ("--accept", "H09", "--reason", "one image stands for two sessions")
    out = tmp_path / "DOE_JANE" / "out"
    source = "../DOE_JANE/scan"
    assert run("post", source, *given, *words[:2], "--out", out).exit_code == 0
    assert "DOE" not in (out / "run.json").read_text("utf-8")
    assert "elsewhere" not in (out / "run.json").read_text("utf-8")
    monkeypatch.chdir("/")
    case_now = states(run, out, "--rerun", code=0)
    assert case_now["state"] == "good"
    kinds = {one["kind"] for one in case_now["inputs"]}
    assert "earlier dose" in kinds
    # Moved together, it is found; the earlier dose moved alone is not.
    (tmp_path / "DOE_JANE").rename(tmp_path / "ROE_JANE")
    assert states(run, tmp_path / "ROE_JANE" / "out", code=0)["state"] == "good"
    (tmp_path / "DOE_elsewhere").rename(tmp_path / "away")
    lost = states(run, tmp_path / "ROE_JANE" / "out", code=3)
    assert "the file of --prior-dose was moved" in lost["inputs_said"]
    assert lost["state"] == "unknown"
    out, away = tmp_path / "ROE_JANE" / "out", tmp_path / "away"
    found = states(run, out, "--inputs", away, "--rerun", code=0)
    assert (found["state"], found["rerun"]) == ("good", "the same")


def test_moved_structures_and_ct_are_found(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    """Files that options named, in other folders than the image, and then elsewhere."""
    import shutil

    for name in ("scan", "drawn", "anatomy"):
        (tmp_path / name).mkdir()
    shutil.copy(exact_contours / "spect.dcm", tmp_path / "scan")
    shutil.copy(exact_contours / "structures.dcm", tmp_path / "drawn")
    shutil.copytree(exact_contours / "ct", tmp_path / "anatomy" / "ct")
    out = tmp_path / "out"
    words = ("--structures", tmp_path / "drawn" / "structures.dcm")
    words += ("--ct", tmp_path / "anatomy" / "ct", "--density", "ct")
    given = ("--administered", "2GBq", "--lung-shunt", "5%", "--no-report")
    given += ("--method", "local", "--no-dicom")
    result = run("post", tmp_path / "scan", *words, *given, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert states(run, out, code=0)["state"] == "good"
    (tmp_path / "drawn").rename(tmp_path / "moved")
    (tmp_path / "anatomy").rename(tmp_path / "elsewhere")
    lost = states(run, out, code=3)
    assert lost["state"] == "unknown"
    assert "the file of --structures, --ct was moved" in lost["inputs_said"]
    where = ("--inputs", tmp_path / "moved", "--inputs", tmp_path / "elsewhere")
    case = states(run, out, *where, "--rerun", code=0)
    assert [one["state"] for one in case["inputs"]] == ["unchanged"] * 3
    assert case["rerun"] == "the same"
    # Another file of that name is told from the one that was used.
    path = tmp_path / "moved" / "structures.dcm"
    path.write_bytes(path.read_bytes() + b"\0\0")
    changed = states(run, out, *where, code=3)
    assert changed["state"] == "bad"
    # Everything moved: the first is the input.
    path.write_bytes(path.read_bytes()[:-2])
    (tmp_path / "scan").rename(tmp_path / "images")
    whole = ("--inputs", tmp_path / "images", *where)
    assert states(run, out, *whole, code=0)["state"] == "good"
    no_such = run("verify", out, "--inputs", tmp_path / "nowhere")
    assert no_such.exit_code == 3
    assert "--inputs: there is no file or folder nowhere" in no_such.stderr


def record(**changes: object) -> str:
    """A run.json that somebody edited."""
    whole: dict[str, object] = {
        "schema": "sirtdose.run/1",
        "sirtdose_version": "0.1.0",
        "fingerprint": None,
        "results": {"post.json": ""},
        "asked": None,
    }
    return json.dumps(whole | changes)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (None, "", "there is no run.json"),
        ("run.json", "{", "is damaged"),
        ("run.json", "[]", "none of sirtdose"),
        ("run.json", '{"schema": "sirtdose.run/1"}', "none of sirtdose"),
        ("run.json", record(results={}), "none of sirtdose"),
        ("run.json", record(results={"post.json": "", "../x.csv": ""}), "none of"),
        ("run.json", record(asked={"options": [1]}), "none of sirtdose"),
        ("run.json", record(asked={"options": {}, "source": 5}), "none of sirtdose"),
        ("run.json", record(fingerprint=3), "none of sirtdose"),
        ("batch.json", "{}", "batch.json is damaged"),
        ("batch.json", '{"cases": []}', "no case of this batch"),
    ],
)
def test_what_is_no_result_is_refused(
    run: Run, tmp_path: Path, name: str | None, text: str, message: str
) -> None:
    if name is not None:
        (tmp_path / name).write_text(text, "utf-8")
    result = run("verify", tmp_path)
    assert result.exit_code == 3
    assert message in result.stderr
    assert run("verify", tmp_path / "nowhere").exit_code == 3


def test_results_without_a_record_are_not_called_changed(
    run: Run, tmp_path: Path
) -> None:
    words = ("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1L")
    words += ("--lung-shunt", "0%")
    assert run(*words, "--out", tmp_path / "vp").exit_code == 0
    case = states(run, tmp_path / "vp", code=3)
    assert case["state"] == "unknown"
    first, *_ = run("verify", tmp_path / "vp").stderr.splitlines()
    assert first == "vp: cannot be checked: there is no run.json"


@pytest.mark.parametrize("text", [None, "{", record(results={})])
def test_a_record_that_was_lost_or_damaged_is_a_change(
    run: Run, tmp_path: Path, text: str | None
) -> None:
    (tmp_path / "post.json").write_text("{}", "utf-8")
    if text is not None:
        (tmp_path / "run.json").write_text(text, "utf-8")
    assert states(run, tmp_path, code=3)["state"] == "bad"
    assert "NOT as it was" in run("verify", tmp_path).stderr
