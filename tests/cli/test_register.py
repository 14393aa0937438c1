"""`sirtdose register`, and `post` with the same registration: seen, then accepted."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import Result
from jsonschema import validate

from sirtdose.dosimetry.grid.registration import Registration
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--calibrate-over", "fov")
BARE = ("--no-report", "--no-dicom", "--json")
# Where another gamma camera has the patient, mm along x, y and z.
AWAY = (12.0, -150.0, 8.0)


@pytest.fixture(scope="module", autouse=True)
def each_pair_once() -> Iterator[None]:
    """The same images register the same, as its own tests say: each pair once here."""
    from sirtdose.workflows.image import registration

    known: dict[str, Registration] = {}
    register = registration.register_by_outline

    def once(
        activity: Volume, anatomy: Volume, drawn: Sequence[Structure], **how: str
    ) -> Registration:
        images = [(one.data, one.grid) for one in (activity, anatomy)]
        images += [(one.occupancy, one.grid) for one in drawn]
        seen = sha256(repr((how, [(one.name, one.role) for one in drawn])).encode())
        for data, grid in images:
            seen.update(np.ascontiguousarray(data).tobytes() + grid.affine_mm.tobytes())
            seen.update(repr((data.shape, grid.frame_of_reference_uid)).encode())
        pair = seen.hexdigest()
        if pair not in known:
            known[pair] = register(activity, anatomy, drawn, **how)
        return known[pair]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(registration, "register_by_outline", once)
        yield


@pytest.fixture(scope="module")
def elsewhere(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SPECT in a frame of reference of its own, with the contours of the CT."""
    folder = tmp_path_factory.mktemp("elsewhere")
    _moved(exact_contours, folder)
    return folder


def _moved(patient: Path, folder: Path) -> None:
    spect = pydicom.dcmread(patient / "spect.dcm")
    spect.FrameOfReferenceUID = "1.2.826.0.1.3680043.10.1"
    [detector] = spect.DetectorInformationSequence
    at = [float(one) for one in detector.ImagePositionPatient]
    detector.ImagePositionPatient = [a + b for a, b in zip(at, AWAY, strict=True)]
    spect.save_as(folder / "spect.dcm")
    shutil.copy(patient / "structures.dcm", folder)


@pytest.fixture(scope="module")
def how(exact_contours: Path) -> tuple[str | Path, ...]:
    return ("--drawn-on", exact_contours / "ct")


def test_it_is_seen_before_it_is_accepted(
    run: Run, elsewhere: Path, how: tuple[str | Path, ...], tmp_path: Path
) -> None:
    out = tmp_path / "registered"
    result = run("register", elsewhere, *how, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    schema = files("sirtdose.data").joinpath("schemas/register.schema.json")
    validate(document, json.loads(schema.read_text("utf-8")))
    found = document["registration"]
    assert found["shift_mm"] == pytest.approx(AWAY, abs=2.0)
    assert found["rotation_deg"] < 1.5
    assert found["outline"]["overlap_after"] > 0.9 > found["outline"]["overlap_before"]
    assert [(one["code"], one["severity"]) for one in document["warnings"]] == [
        ("H16", "ask")
    ]
    assert {one.name for one in out.iterdir()} == {
        *("register.json", "registration.tfm", "register.html")
    }
    page = (out / "register.html").read_text("utf-8")
    assert page.count("data:image/png;base64,") == 3
    # It names nobody, by a file or otherwise.
    for word in ("PHANTOM", "Phantom^", "spect.dcm", "structures.dcm", "Perfused lobe"):
        assert word not in page
        assert word not in (out / "register.json").read_text("utf-8")


def test_doses_ask_and_are_those_of_the_own_ct(
    run: Run,
    exact_contours: Path,
    elsewhere: Path,
    how: tuple[str | Path, ...],
    tmp_path: Path,
) -> None:
    words = ("post", elsewhere, *GIVEN, "--registration", "liver", *how, *BARE)
    asked = run(*words, "--out", tmp_path / "asked")
    assert asked.exit_code == 3
    assert "H16" in asked.stderr
    assert "the outline of the perfused volume" in asked.stderr
    accepted = ("--accept", "H16", "--reason", "looked at")
    result = run(*words, *accepted, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    schema = files("sirtdose.data").joinpath("schemas/post.schema.json")
    validate(document, json.loads(schema.read_text("utf-8")))
    assert document["registration"]["method"] == "outline"
    usual = run("post", exact_contours, *GIVEN, *BARE, "--out", tmp_path / "usual")
    theirs = means(usual)
    for name, mean_gy in means(result).items():
        if name in ("Perfused lobe", "Tumor 1", "Tumor 2"):
            assert mean_gy == pytest.approx(theirs[name], rel=0.03)


def test_a_plan_asks_and_is_that_of_the_own_ct(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """The scout 150 mm away: without a registration no dose, with it the same ones."""
    away = tmp_path / "away"
    away.mkdir()
    _moved(exact_voxels, away)
    given = ("--activity", "2.15GBq", "--lung-shunt", "5%", "--json")
    words = ("plan", "image", away, *given, "--out")
    apart = run(*words, tmp_path / "apart")
    assert apart.exit_code == 3
    assert "H15" in apart.stderr
    accepted = ("--accept", "H16", "--reason", "looked at")
    result = run(
        *(*words, tmp_path / "out", "--registration", "liver", *accepted),
        *("--drawn-on", exact_voxels / "ct"),
    )
    assert result.exit_code == 0, result.stderr
    said = " ".join(one["message"] for one in json.loads(result.stdout)["warnings"])
    shift = re.search(r"moved by .*? \(x (\S+), y (\S+), z (\S+?)\)", said)
    assert shift is not None
    assert [float(one) for one in shift.groups()] == pytest.approx(AWAY, abs=2.0)
    usual = run("plan", "image", exact_voxels, *given, "--out", tmp_path / "usual")
    ours, theirs = means(result), means(usual)
    assert ours.keys() == theirs.keys()
    # Structures are whole voxels here: half of one aside takes 3 % from a tumor.
    for name in ("Perfused lobe", "Tumor 1", "Tumor 2"):
        assert ours[name] == pytest.approx(theirs[name], rel=0.05)


def means(result: Result) -> dict[str, float]:
    rows = json.loads(result.stdout)["doses"]["local_deposition"]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


def test_results_without_names_keep_it(
    run: Run, elsewhere: Path, how: tuple[str | Path, ...], tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("a secret of this site alone")
    words = ("post", elsewhere, *GIVEN, "--registration", "liver", *how, "--no-dicom")
    nameless = ("--deidentify", "--site-key", tmp_path / "key")
    accepted = ("--accept", "H16", "--reason", "looked at")
    out = tmp_path / "out"
    result = run(*words, *nameless, *accepted, "--out", out)
    assert result.exit_code == 0, result.stderr
    page = (out / "report.html").read_text("utf-8")
    assert "was among the brightest voxels before" in " ".join(page.split())
    for path in out.iterdir():
        if path.suffix in (".json", ".html", ".csv", ".tfm"):
            text = path.read_text("utf-8")
            for word in ("PHANTOM", "spect.dcm", "structures.dcm", "1.2.826.0.1.368"):
                assert word not in text, path.name


def test_a_turn_beyond_the_limits_is_refused(
    run: Run, elsewhere: Path, how: tuple[str | Path, ...], tmp_path: Path
) -> None:
    """An image that lies 25 degrees aside is no patient between two tables."""
    folder = tmp_path / "turned"
    shutil.copytree(elsewhere, folder)
    spect = pydicom.dcmread(folder / "spect.dcm")
    [detector] = spect.DetectorInformationSequence
    across, along = np.cos(np.radians(25)), np.sin(np.radians(25))
    detector.ImageOrientationPatient = [across, along, 0, -along, across, 0]
    spect.save_as(folder / "spect.dcm")
    result = run("register", folder, *how, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "reached its limits: a rotation of 2" in result.stderr
    assert not (tmp_path / "out").exists()
    words = ("post", folder, *GIVEN, "--registration", "liver", *how, *BARE)
    accepted = ("--accept", "H16", "--reason", "looked at")
    result = run(*words, *accepted, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "reached its limits" in result.stderr


def test_another_cameras_image_serves_as_anatomy(
    run: Run, exact_contours: Path, elsewhere: Path, tmp_path: Path
) -> None:
    """The first camera's SPECT, in whose place the contours are."""
    first = ("--drawn-on", exact_contours / "spect.dcm")
    result = run("register", elsewhere, *first, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["registration"]
    assert found["outline"]["anatomy"] == "SPECT"
    assert found["shift_mm"] == pytest.approx(AWAY, abs=2.0)


def test_nothing_to_register_is_said_without_an_option_it_lacks(
    run: Run, exact_contours: Path, how: tuple[str | Path, ...], tmp_path: Path
) -> None:
    result = run("register", exact_contours, *how, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "so none has to be moved: compute doses without a registration" in " ".join(
        result.stderr.split()
    )
    assert "--registration" not in result.stderr


def test_what_is_needed_is_said(run: Run, elsewhere: Path, tmp_path: Path) -> None:
    alone = run("post", elsewhere, *GIVEN, "--registration", "liver", "--out", tmp_path)
    assert alone.exit_code == 2
    assert "--registration liver needs --drawn-on" in alone.stderr
    missing = run("register", elsewhere, "--out", tmp_path / "out")
    assert missing.exit_code == 2
    assert "--drawn-on" in missing.stderr
    for words in (("register",), ("post", *GIVEN, "--registration", "liver")):
        out = ("--drawn-on", tmp_path / "12", "--out", tmp_path / "out")
        nowhere = run(*words, elsewhere, *out)
        assert nowhere.exit_code == 3
        assert "--drawn-on: there is no file or folder 12" in nowhere.stderr
    assert not (tmp_path / "out").exists()


def test_candidates_are_no_outline(
    run: Run, elsewhere: Path, how: tuple[str | Path, ...], tmp_path: Path
) -> None:
    shutil.copytree(elsewhere, tmp_path / "in")
    path = tmp_path / "in" / "structures.dcm"
    drawn = pydicom.dcmread(path)
    for one in drawn.StructureSetROISequence:
        one.ROIName = f"{one.ROIName} (candidate)"
    drawn.save_as(path)
    result = run("register", tmp_path / "in", *how, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "H35" in result.stderr
    assert "accept it with `sirtdose accept`" in result.stderr
    assert not (tmp_path / "out").exists()
