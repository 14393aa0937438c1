"""A gated SPECT: doses by gate, their mean by time, and how far the liver moves."""

import json
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pydicom
import pytest
from click.testing import Result
from jsonschema import validate

from tests.gated import gate_spect, part_spect

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--calibrate-over", "fov")
# Slices of 4.8 mm, the first at the top: one further is nearer to the feet.
SHIFTS, TIMES_MS = (1, 0, -1), (1000.0, 2000.0, 1000.0)


@pytest.fixture(scope="module")
def gated(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gated")
    gate_spect(
        exact_voxels / "spect.dcm",
        folder / "spect.dcm",
        shifts=SHIFTS,
        times_ms=TIMES_MS,
    )
    shutil.copy(exact_voxels / "structures.dcm", folder)
    return folder


@pytest.fixture(scope="module")
def made(
    run: Run, gated: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("made") / "out"
    result = run("post", gated, *GIVEN, "--no-dicom", "--json", "--out", out)
    assert result.exit_code == 0, result.stderr
    return out, json.loads(result.stdout)


def test_doses_by_gate_add_up_by_time(
    run: Run, exact_voxels: Path, made: tuple[Path, dict], tmp_path: Path
) -> None:
    out, document = made
    schema = files("sirtdose.data").joinpath("schemas/post.schema.json")
    validate(document, json.loads(schema.read_text("utf-8")))
    gates = document["gates"]
    assert [one["fraction"] for one in gates["gates"]] == [0.25, 0.5, 0.25]
    assert [one["head_feet_mm"] for one in gates["gates"]] == pytest.approx(
        [-4.8, 0.0, 4.8], abs=0.05
    )
    assert gates["amplitude_mm"] == pytest.approx(9.6, abs=0.05)
    rows = {one["name"]: one for one in gates["structures"]}
    whole = means(document)
    words = ("--no-report", "--no-dicom", "--json", "--out", tmp_path / "out")
    still = means(json.loads(run("post", exact_voxels, *GIVEN, *words).stdout))
    for name in ("Liver", "Tumor 1", "Tumor 2", "Perfused lobe"):
        feet, middle, head = rows[name]["mean_gy"]
        # Motion-averaged by hand, and the dose of the image as a whole.
        by_time = 0.25 * feet + 0.5 * middle + 0.25 * head
        assert rows[name]["by_time_gy"] == pytest.approx(by_time, rel=1e-6)
        assert whole[name] == pytest.approx(by_time, rel=1e-5)
        # The gate in the middle is the phantom that holds still.
        assert middle == pytest.approx(still[name], rel=2e-3)
    # Half of a sphere's slices fall aside: motion takes dose from a tumor.
    assert whole["Tumor 2"] < 0.97 * still["Tumor 2"]
    page = (out / "report.html").read_text("utf-8")
    assert "<h2>Doses by respiratory gate</h2>" in page
    assert "moves by\n9.6 mm along head and feet" in page


def test_motion_enters_the_budget_from_the_gates(
    run: Run, exact_voxels: Path, gated: Path, tmp_path: Path
) -> None:
    words = ("--no-report", "--no-dicom", "--json", "--uncertainty", "20")

    def motion(patient: Path, *more: object) -> tuple[dict, dict]:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        result = run("post", patient, *GIVEN, *words, *more, "--out", out)
        assert result.exit_code == 0, result.stderr
        found = json.loads(result.stdout)["uncertainty"]
        [row] = [one for one in found["budget"] if one["name"] == "motion_mm"]
        return row, found

    row, found = motion(gated)
    # 9.6 mm, anywhere between as likely.
    assert row["value"] == pytest.approx(9.6 / 12**0.5, abs=0.02)
    assert row["source"] == "9.6 mm head to feet between 3 gates, / sqrt(12)"
    assert row["verified"]
    rows = {one["name"]: one for one in found["methods"]["local_deposition"]}
    assert rows["Tumor 2"]["components"]["motion_mm"]["standard_gy"] > 0
    usual, _ = motion(exact_voxels)
    assert usual["value"] == pytest.approx(((9.5**2 + 2.7**2) / 12) ** 0.5, abs=0.005)
    assert "9.5 mm (SD 2.7 mm)" in usual["source"]
    assert not usual["verified"]
    # A department's own stays, also where gates say otherwise.
    (tmp_path / "budget.toml").write_text(
        'source = "ours"\n[budget]\nmotion_mm = 1.5\n'
    )
    own, _ = motion(gated, "--budget", tmp_path / "budget.toml")
    assert own["value"] == 1.5


def means(document: dict) -> dict[str, float]:
    rows = document["doses"]["local_deposition"]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


def test_the_terminal_has_the_table(run: Run, gated: Path, tmp_path: Path) -> None:
    shown = run("post", gated, *GIVEN, "--no-report", "--no-dicom", "--out", tmp_path)
    assert shown.exit_code == 0, shown.stderr
    text = shown.stdout + shown.stderr
    assert "Mean dose by respiratory gate" in text
    assert "gate 1 (25%)" in text


def test_an_incomplete_set_gives_no_doses(
    run: Run, gated: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(gated, folder)
    file = pydicom.dcmread(folder / "spect.dcm")
    file.NumberOfTimeSlots = 4
    file.save_as(folder / "spect.dcm")
    result = run("post", folder, *GIVEN, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "gate 4 of the 4 of spect.dcm has 0 of" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def parts(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts") / "patient"
    part_spect(exact_voxels / "spect.dcm", folder, shifts=SHIFTS)
    shutil.copy(exact_voxels / "structures.dcm", folder)
    return folder


class TestOneFileEach:
    def words(self, parts: Path) -> list[object]:
        gates = [("--gate", parts / f"part{n}.dcm") for n in range(len(SHIFTS))]
        return ["post", parts, *GIVEN, *(word for gate in gates for word in gate)]

    def test_they_are_one_image(self, run: Run, parts: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        result = run(*self.words(parts), "--json", "--out", out)
        assert result.exit_code == 0, result.stderr
        document = json.loads(result.stdout)
        gates = document["gates"]
        assert [one["fraction"] for one in gates["gates"]] == pytest.approx([1 / 3] * 3)
        assert gates["amplitude_mm"] == pytest.approx(9.6, abs=0.05)
        [row] = [one for one in gates["structures"] if one["name"] == "Tumor 2"]
        assert row["by_time_gy"] == pytest.approx(sum(row["mean_gy"]) / 3, rel=1e-6)
        assert means(document)["Tumor 2"] == pytest.approx(row["by_time_gy"], rel=1e-5)
        # Without the option there are three candidates, which are named.
        alone = run("post", parts, *GIVEN, "--out", tmp_path / "alone")
        assert alone.exit_code == 3
        assert "3 candidates" in alone.stderr
        assert run("verify", out).exit_code == 0

    def test_unequal_counts_are_asked_about(
        self, run: Run, parts: Path, tmp_path: Path
    ) -> None:
        """The last gate with half of the others' counts: 40, 40 and 20 % of the time.

        Its rounding is that of whole counts.
        """
        folder = tmp_path / "patient"
        shutil.copytree(parts, folder)
        file = pydicom.dcmread(folder / "part2.dcm")
        file.PixelData = (file.pixel_array // 2).astype("uint16").tobytes()
        file.save_as(folder / "part2.dcm")
        out = ("--no-report", "--no-dicom", "--json", "--out", tmp_path / "out")
        asked = run(*self.words(folder), *out)
        assert asked.exit_code == 3
        assert "H12" in asked.stderr
        assert "no durations tell why" in asked.stderr
        assert not (tmp_path / "out").exists()
        accepted = ("--accept", "H12", "--reason", "gated by amplitude")
        result = run(*self.words(folder), *out, *accepted)
        assert result.exit_code == 0, result.stderr
        gates = json.loads(result.stdout)["gates"]["gates"]
        assert [one["fraction"] for one in gates] == pytest.approx(
            [0.4, 0.4, 0.2], abs=0.001
        )

    @pytest.mark.parametrize(
        ("keyword", "value", "says"),
        [
            ("SpacingBetweenSlices", "-5.0", "gate 2 is on another grid than gate 1"),
            ("AcquisitionTime", "101010", "gate 2 has another scan time"),
            ("PatientID", "SOMEBODY", "2 patients"),
        ],
    )
    def test_what_does_not_belong_together_is_refused(
        self, run: Run, parts: Path, tmp_path: Path, keyword: str, value: str, says: str
    ) -> None:
        folder = tmp_path / "patient"
        shutil.copytree(parts, folder)
        file = pydicom.dcmread(folder / "part1.dcm")
        setattr(file, keyword, value)
        if keyword == "PatientID":
            file.PatientName, file.PatientBirthDate = "Other^Person", "19500101"
        file.save_as(folder / "part1.dcm")
        result = run(*self.words(folder), "--out", tmp_path / "out")
        assert result.exit_code == 3
        assert says in result.stderr

    def test_one_gate_or_one_twice_is_no_set(
        self, run: Run, parts: Path, tmp_path: Path
    ) -> None:
        one = ("--gate", parts / "part0.dcm")
        copy = ("--gate", shutil.copy(parts / "part0.dcm", tmp_path / "copy.dcm"))
        for gates in (one, (*one, *one), (*one, *copy)):
            result = run("post", parts, *GIVEN, *gates, "--out", tmp_path / "out")
            assert result.exit_code == 3
            assert "give two or more different ones" in result.stderr
        both = ("--image", parts / "part1.dcm")
        result = run("post", parts, *GIVEN, *one, *both, "--out", tmp_path / "out")
        assert result.exit_code == 2
        assert "not both" in result.stderr
