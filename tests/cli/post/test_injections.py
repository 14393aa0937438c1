"""Two injections of one session: right lobe and left, each by its own activity."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import Result

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.io.read import read_image, read_structures
from sirtdose.model.structure import Structure

Run = Callable[..., Result]
BARE = ("--no-report", "--no-dicom")
T = "2026-03-02T10:00+01:00"
RIGHT = f"right=1.5GBq@{T};perfused=Perfused lobe"
LEFT = f"left=0.6GBq@{T};perfused=Treated left"


@pytest.fixture(scope="module")
def two_lobes(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantom's image with an even left lobe, counted 1.2 times as well.

    Truth: 1.5 GBq in the right lobe as the phantom has it, 0.6 GBq evenly in the left.
    """
    folder = tmp_path_factory.mktemp("lobes")
    image = read_image(exact_voxels / "spect.dcm")
    drawn = {s.name: s for s in read_structures(exact_voxels / "structures.dcm")}
    left = drawn["Liver"] - drawn["Perfused lobe"]
    masks = {"Treated left": left, **drawn}
    counts = np.array(image.data, np.float64)
    inside = full(left, image) > 0
    right = counts[full(drawn["Perfused lobe"], image) > 0].sum()
    counts[inside] = 1.2 * 0.6 / 1.5 * right / inside.sum()
    write(folder / "spect.nii.gz", counts, image)
    for name in ("Liver", "Perfused lobe", "Treated left", "Tumor 1"):
        write(folder / f"{name}.nii.gz", full(masks[name], image), image)
    return folder


def full(structure: Structure, image: object) -> np.ndarray:
    placed = occupancy_on(structure, image.grid)  # type: ignore[attr-defined]
    part = np.zeros(image.grid.shape)  # type: ignore[attr-defined]
    offset = placed.grid.offset_in(image.grid)  # type: ignore[attr-defined]
    box = tuple(slice(a, a + n) for a, n in zip(offset, placed.grid.shape, strict=True))
    part[box] = placed.occupancy
    return np.rint(part)


def write(path: Path, data: np.ndarray, image: object) -> None:
    affine = np.diag([-1, -1, 1, 1]) @ image.grid.affine_mm[:, [2, 1, 0, 3]]  # type: ignore[attr-defined]
    file = nibabel.nifti1.Nifti1Image(
        data.transpose(2, 1, 0).astype(np.float32), affine
    )
    file.set_sform(affine, 1)
    nibabel.save(file, path)


def words(folder: Path, out: Path) -> list[object]:
    found: list[object] = ["post", folder, "--image", folder / "spect.nii.gz"]
    for name in ("Liver", "Perfused lobe", "Treated left", "Tumor 1"):
        found += ["--structures", folder / f"{name}.nii.gz"]
    return [*found, "--density", "1.05g/mL", "--json", "--force", "--out", out]


def test_each_lobe_gets_its_own_activity(
    run: Run, two_lobes: Path, exact_voxels: Path, tmp_path: Path
) -> None:
    given = ("--injection", RIGHT, "--injection", LEFT)
    result = run(*words(two_lobes, tmp_path / "out"), *BARE, *given)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    rows = document["doses"]["local_deposition"]["structures"]
    found = {row["name"]: row for row in rows}
    truth = json.loads((exact_voxels / "truth.json").read_text())
    true = {row["name"]: row for row in truth["structures"]}
    # The phantom's own right lobe, at 1.5 GBq instead of 2.0425.
    scale = 1.5 / truth["treated_gbq"]
    for name in ("Perfused lobe", "Tumor 1"):
        expected = true[name]["mean_on_grid_gy"] * scale
        assert found[name]["dose_gy"]["mean"] == pytest.approx(expected, rel=0.01)
    left = found["Treated left"]
    even = 49.67 * 0.6 / left["mass_kg"]
    assert left["dose_gy"]["mean"] == pytest.approx(even, rel=0.01)
    assert left["dose_gy"]["sd"] < 0.01 * even
    ledger = document["ledger"]
    assert ledger["administered_gbq"] == pytest.approx(2.1)
    assert [one["name"] for one in ledger["injections"]] == ["right", "left"]
    assert document["calibration"]["over"] == "injections"
    # Shared over both as one, the left lobe would get what its counts say: 1.2 * 2.1
    # of 1.5 + 1.2 * 0.6 GBq, 13.5 % more.
    as_one = run(*words(two_lobes, tmp_path / "one"), *BARE, "--administered", "2.1GBq")
    rows = json.loads(as_one.stdout)["doses"]["local_deposition"]["structures"]
    wrong = {row["name"]: row["dose_gy"]["mean"] for row in rows}
    assert wrong["Treated left"] == pytest.approx(1.135 * even, rel=0.01)


def test_residual_and_shunt_of_each(run: Run, two_lobes: Path, tmp_path: Path) -> None:
    later = "2026-03-02T14:00+01:00"
    result = run(
        *words(two_lobes, tmp_path / "out"),
        *BARE,
        *("--injection", f"{RIGHT};residual=100MBq@{later};lung-shunt=10%"),
        *("--injection", f"{LEFT};lung-shunt=0%"),
    )
    assert result.exit_code == 0, result.stderr
    right, left = json.loads(result.stdout)["ledger"]["injections"]
    # 4 h at 64.05 h: 0.95764.
    assert right["residual_gbq"] == pytest.approx(0.1 / 0.95764, abs=1e-6)
    assert right["lung_gbq"] == pytest.approx(0.1 * right["delivered_gbq"])
    assert left["lung_gbq"] == 0
    lungs = json.loads(result.stdout)["lungs"]
    assert lungs["activity_gbq"] == pytest.approx(right["lung_gbq"])


def test_all_that_a_calibrator_read_is_scaled(
    run: Run, two_lobes: Path, tmp_path: Path
) -> None:
    later = "2026-03-02T14:00+01:00"
    given = ("--injection", f"{RIGHT};residual=100MBq@{later}", "--injection", LEFT)
    as_read = run(*words(two_lobes, tmp_path / "read"), *BARE, *given)
    scaled = run(
        *words(two_lobes, tmp_path / "scaled"),
        *BARE,
        *given,
        "--calibrator-factor",
        "1.1",
    )
    assert scaled.exit_code == 0, scaled.stderr
    before, after = json.loads(as_read.stdout), json.loads(scaled.stdout)
    for key in ("administered_gbq", "residual_gbq", "delivered_gbq"):
        assert after["ledger"][key] == pytest.approx(1.1 * before["ledger"][key])
        for one, other in zip(
            after["ledger"]["injections"], before["ledger"]["injections"], strict=True
        ):
            assert one[key] == pytest.approx(1.1 * other[key])
    dose = "local_deposition"
    for one, other in zip(
        after["doses"][dose]["structures"],
        before["doses"][dose]["structures"],
        strict=True,
    ):
        assert one["dose_gy"]["mean"] == pytest.approx(1.1 * other["dose_gy"]["mean"])
    assert after["options"]["calibrator_factor"] == 1.1
    assert "the readings times 1.1, the dose calibrator's factor" in scaled.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--injection", RIGHT, "--administered", "2GBq"), 2, "give the activity once"),
        (("--injection", "right=1GBq"), 2, "needs perfused:STRUCTURE"),
        (("--injection", "right=1;perfused=Liver"), 2, "has no unit"),
        (
            ("--injection", "right=1GBq;perfused=Spleen"),
            3,
            "is not a structure of role",
        ),
        (("--injection", RIGHT, "--injection", RIGHT), 3, "have the same name"),
        (
            ("--injection", f"{RIGHT};lung-shunt=5%", "--injection", LEFT),
            3,
            "the lung shunt of left is missing",
        ),
        (("--injection", f"{RIGHT};residual=10MBq"), 3, "give both times"),
        (
            ("--injection", RIGHT, "--calibrate-over", "liver"),
            2,
            "leave out --residual",
        ),
        (
            (
                *("--injection", RIGHT, "--calibration", "12 cps/MBq"),
                *("--injection", "b=1GBq@2026-03-02T14:00+01:00;perfused=Treated left"),
                *("--scan-at", "2026-03-03T10:00+01:00", "--scan-duration", "20min"),
            ),
            3,
            "injections at different times",
        ),
    ],
)
def test_refusals(
    run: Run,
    two_lobes: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    result = run(*words(two_lobes, tmp_path / "out"), *BARE, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_a_lobe_that_is_left_out_is_asked_about(
    run: Run, two_lobes: Path, tmp_path: Path
) -> None:
    """The right injection alone: the left lobe's counts come on top (H14)."""
    result = run(*words(two_lobes, tmp_path / "out"), *BARE, "--injection", RIGHT)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "'Treated left' lies outside all perfused volumes" in result.stderr
    accepted = run(
        *words(two_lobes, tmp_path / "out"),
        *BARE,
        *("--injection", RIGHT, "--accept", "H14", "--reason", "second was stasis"),
    )
    assert accepted.exit_code == 0, accepted.stderr
    assert (
        "of the image's activity lies outside the perfused volumes"
    ) in accepted.stderr


@pytest.fixture(scope="module")
def lobes_plan(two_lobes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.5 GBq for the right lobe and 0.6 GBq for the left, by the image itself."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    out = tmp_path_factory.mktemp("plan") / "plan"
    given = words(two_lobes, out)[1:]
    given = ["plan", "image", *(str(word) for word in given), "--lung-shunt", "0%"]
    for name, structure, gbq in (
        ("right", "Perfused lobe", 1.5),
        ("left", "Treated left", 0.6),
    ):
        given += ["--injection", f"{name}=perfused:{structure},activity:{gbq}GBq"]
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 0, result.stderr
    path = out / "plan.json"
    done = CliRunner().invoke(main, ["plan", "approve", str(path), "--by", "A. Person"])
    assert done.exit_code == 0
    return path


def test_two_injections_against_their_plan(
    run: Run, two_lobes: Path, lobes_plan: Path, tmp_path: Path
) -> None:
    """Exchanged, the total is the plan's and each of the two is not (H04, H08)."""
    command = (*words(two_lobes, tmp_path / "out"), *BARE, "--plan", lobes_plan)
    # As the plan has it, but for case; the other in the older way.
    planned = f"Right=perfused:PERFUSED LOBE,activity:1.5GBq@{T}"
    right = run(*command, "--injection", planned, "--injection", LEFT)
    assert right.exit_code == 0, right.stderr
    assert "WARN H08" not in right.stderr
    assert "the plan's injections are" not in right.stderr
    doses = {
        row["name"]: row["delivered_to_planned_ratio"]
        for row in json.loads(right.stdout)["plan"]["doses"]
    }
    for name in ("Tumor 1", "Perfused lobe", "Treated left"):
        assert doses[name] == pytest.approx(1, rel=0.01)
    other_way = (
        *("--injection", RIGHT.replace("1.5GBq", "0.6GBq")),
        *("--injection", LEFT.replace("0.6GBq", "1.5GBq")),
    )
    # The image says which lobe got which: 1.5 / 0.6 twice, over the 1.2 of the start.
    seen = run(*command, *other_way)
    assert seen.exit_code == 3
    assert "H13" in seen.stderr
    assert "they differ by a factor of 5.21, more than 1.25" in seen.stderr
    known = ("--accept", "H13", "--reason", "camera")
    stopped = run(*command, *other_way, *known)
    assert stopped.exit_code == 3
    assert "'right' got the 0.6 GBq (16.22 mCi) planned for 'left'" in stopped.stderr
    why = ("--reason", "as decided")
    decided = ("--accept", "H04:right", *why, "--accept", "H04:left", *why)
    exchanged = run(*command, *other_way, *known, *decided)
    assert exchanged.exit_code == 0, exchanged.stderr
    less, more = "0.6 GBq (16.22 mCi)", "1.5 GBq (40.54 mCi)"
    assert f"'right': delivered {less}, -60.0% of the {more}" in exchanged.stderr
    assert f"'left': delivered {more}, +150.0% of the {less}" in exchanged.stderr
    renamed = run(
        *command,
        *("--injection", RIGHT.replace("right=", "a=")),
        *("--injection", LEFT.replace("left=", "b=")),
    )
    assert renamed.exit_code == 3
    assert (
        "the plan's injections are right, left, but those given are a, b"
    ) in renamed.stderr


def test_an_injection_after_the_scan_is_asked_about(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    """The phantom is scanned on 2026-03-03 at 09:30 +01:00: 50 min before the second.

    No count of the image can be of an injection that came later.
    """
    late = "b=1GBq@2026-03-03T10:20+01:00;perfused=Perfused lobe"
    words = ("post", exact_contours, "--no-report", "--no-dicom", "--out", tmp_path)
    early = f"a=1GBq@{T};perfused=Perfused lobe"
    result = run(*words, "--injection", early, "--injection", late)
    assert result.exit_code == 3
    said = " ".join(result.stderr.split())
    assert "of injection 'b' the scan is -0.8 h after administration" in said
    assert "'a' the scan is" not in said
