"""`sirtdose plan image`: measured on an image, predicted, planned."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
from click.testing import Result

from sirtdose.model.request import DoseRequest, ImageRequest
from sirtdose.planning.partition_goal import ImagedInjection
from sirtdose.report.plan.command import command_words
from sirtdose.workflows.plan.image import Scout, plan_image
from sirtdose.workflows.plan.numbers import PlanRequest

Run = Callable[..., Result]
K = 49.67
PATIENT = ("--density", "1.05g/mL", "--lung-shunt", "5%")
# Voxels of 2 x 2.5 x 4 mm, off the origin, 20 uL each.
VOXEL_ML = 0.02
AFFINE = np.diag([-2.0, -2.5, 4.0, 1.0])
AFFINE[:3, 3] = (31.0, -17.0, 230.0)


def document_of(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def dose_of(document: dict, name: str) -> float:
    [row] = [row for row in document["compartments"] if row["name"] == name]
    return row["dose_gy"]


def means(document: dict) -> dict[str, float]:
    rows = document["doses"]["local_deposition"]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


@pytest.fixture(scope="module")
def two_territories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A liver of 20 x 20 x 10 voxels with two perfused volumes that share a slab.

    Along x: A is 0 to 12, B is 8 to 20. Tumor 1 lies in A alone, tumor 2 in what
    both perfuse. Normal liver has 10 counts a voxel, tumors 50.
    """
    folder = tmp_path_factory.mktemp("territories")
    shape = (24, 22, 12)
    box = np.zeros(shape, bool)
    box[1:21, 1:21, 1:11] = True
    masks = {"Liver": box}
    for name, low, high in (("Perfused A", 1, 13), ("Perfused B", 9, 21)):
        mask = np.zeros(shape, bool)
        mask[low:high] = box[low:high]
        masks[name] = mask
    for name, x in (("Tumor 1", 3), ("Tumor 2", 10)):
        mask = np.zeros(shape, bool)
        mask[x : x + 2, 5:10, 3:8] = True
        masks[name] = mask
    counts = np.where(box, 10.0, 0.0)
    counts[masks["Tumor 1"] | masks["Tumor 2"]] = 50.0
    save(folder / "maa.nii.gz", counts)
    for name, mask in masks.items():
        save(folder / f"{name}.nii.gz", mask.astype(np.uint8))
    return folder


def save(path: Path, data: np.ndarray) -> None:
    nibabel.save(nibabel.nifti1.Nifti1Image(data, AFFINE), path)


def territories(folder: Path, *names: str) -> list[object]:
    words: list[object] = ["plan", "image", folder, "--image", folder / "maa.nii.gz"]
    for name in ("Liver", *names, "Tumor 1", "Tumor 2"):
        words += ["--structures", folder / f"{name}.nii.gz"]
    words += ["--density", "1g/mL", "--lung-shunt", "0%"]
    return [*words, "--json", "--accept", "H05", "--reason", "x"]


def test_the_dose_that_is_planned_is_the_dose_that_is_given(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """The scout image is the image after treatment: the same doses, to 0.5 %."""
    planned = run(
        *("plan", "image", exact_voxels, *PATIENT, "--activity", "2.15GBq", "--json"),
        *("--out", tmp_path / "plan"),
    )
    plan = document_of(planned)
    given = run(
        *("post", exact_voxels, *PATIENT, "--administered", "2.2GBq", "--json"),
        *("--administered-at", "2026-03-02T10:00+01:00", "--residual", "50MBq"),
        *("--residual-at", "2026-03-02T10:00+01:00", "--out", tmp_path / "post"),
    )
    after = means(document_of(given))
    truth = json.loads((exact_voxels / "truth.json").read_text())["structures"]
    true = {row["name"]: row["mean_on_grid_gy"] for row in truth}
    before = means(plan)
    assert set(after) == set(before)
    assert "all_tumors" in before
    for name, dose in before.items():
        assert dose == pytest.approx(after[name], rel=5e-3)
    for name in ("Tumor 1", "Tumor 2", "Tumor 3", "Perfused lobe"):
        assert before[name] == pytest.approx(true[name], rel=5e-3)
    for name in ("Tumor 1", "Tumor 2", "Tumor 3"):
        assert dose_of(plan, name) == pytest.approx(true[name], rel=5e-3)
    # And by the partition model, from the true volumes and ratios alone.
    rows = {row["name"]: row for row in truth}
    volumes = {name: f"{row['volume_on_grid_ml']}mL" for name, row in rows.items()}
    ratios = json.loads((exact_voxels / "truth.json").read_text())
    tumors = [
        word
        for name, ratio in ratios["tumor_to_normal_ratio"].items()
        for word in ("--tumor", f"{name}={volumes[name]}@{ratio}")
    ]
    partition = document_of(
        run(
            *("plan", "partition", "--perfused-volume", volumes["Perfused lobe"]),
            *(*tumors, *PATIENT, "--activity", "2.15GBq", "--json"),
        )
    )
    for name in ratios["tumor_to_normal_ratio"]:
        assert dose_of(partition, name) == pytest.approx(true[name], rel=5e-3)


def test_what_is_written(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    words = ("plan", "image", exact_voxels, "--lung-shunt", "5%", "--out", out)
    result = run(*words, "--activity", "2GBq", "--method", "local", "--json")
    plan = document_of(result)
    assert plan == json.loads((out / "plan.json").read_text())
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*"))
    assert names == [
        *("dose_local.nii.gz", "dvh.csv", "per_gbq/dose_local.nii.gz"),
        *("per_gbq/dvh.csv", "per_gbq/structures.csv", "plan.html", "plan.json"),
        *("report_data.json", "structures.csv", "uncertainty.csv"),
    ]
    at_2, per_gbq = (
        np.asarray(nibabel.load(out / folder / "dose_local.nii.gz").dataobj)
        for folder in (".", "per_gbq")
    )
    np.testing.assert_allclose(at_2, 2 * per_gbq, rtol=1e-6)
    header, first = (out / "per_gbq" / "dvh.csv").read_text().splitlines()[:2]
    assert header == ("injection,method,name,dose_gy_per_gbq,volume_fraction,volume_ml")
    assert first.startswith("injection,local_deposition,")
    assert run(*words, "--activity", "1GBq").exit_code == 5
    # It is a plan like any other: approved, and noticed when edited.
    approved = run("plan", "approve", out / "plan.json", "--by", "A. Physicist")
    assert approved.exit_code == 0, approved.stderr
    several = run(
        *(*words, "--force", "--activity", "1GBq"),
        *("--method", "local", "--method", "kernel"),
    )
    assert several.exit_code == 0, several.stderr
    assert sorted(path.name for path in (out / "per_gbq").iterdir()) == [
        *("dose_kernel.nii.gz", "dose_local.nii.gz", "dvh.csv", "structures.csv")
    ]


def test_a_shunt_that_is_measured(run: Run, exact_contours: Path) -> None:
    plan = document_of(
        run("plan", "image", exact_contours, "--activity", "2.15GBq", "--json")
    )
    shunt = plan["measured"]["lung_shunt"]
    # Voxels at an organ's edge count by the part inside: 1 % less, of the lungs.
    assert shunt["lung_shunt_fraction"] == pytest.approx(0.05, rel=0.02)
    assert shunt["lungs_covered_fraction"] == 1.0
    lungs = plan["lungs"]
    assert lungs["shunt_source"] == "spect"
    # 2860.5 mL at 0.2277 g/mL, by the CT.
    assert lungs["mass_kg"] == pytest.approx(0.6513, rel=5e-3)
    assert lungs["mass_source"] == "CT densitovolumetry"
    assert lungs["dose_gy"] == pytest.approx(K * 0.1075 / lungs["mass_kg"], rel=0.02)


@pytest.mark.parametrize("kg", [0.8, 1.0])
def test_a_lung_mass_that_is_typed_in_python(exact_contours: Path, kg: float) -> None:
    """The CT's mass, 0.65 kg, takes no typed one's place, nor that of a typed 1 kg."""
    plan, _ = plan_image(
        ImageRequest(exact_contours),
        PlanRequest(lung_mass_kg=kg, lung_shunt_fraction=0.05),
        Scout(
            (ImagedInjection("one", None, "activity", 2.0),), DoseRequest(("local",))
        ),
    )
    assert (plan.lungs.mass_kg, plan.lungs.mass_source) == (kg, "given")
    # 49.67 x 2 x 0.05 = 4.967 Gy kg.
    assert plan.lungs.dose_gy == pytest.approx(4.967 / kg)


def test_volumes_that_overlap(run: Run, two_territories: Path) -> None:
    """By hand: 2400 voxels each, 800 of them in both, 50 in each tumor.

    Tumor 1 (2500 counts) is in A alone, tumor 2 in both.
    """
    result = run(
        *territories(two_territories, "Perfused A", "Perfused B"),
        *("--injection", "a=perfused:Perfused A,lung-shunt:0%,activity:1GBq"),
        *("--injection", "b=perfused:Perfused B,lung-shunt:10%,activity:2GBq"),
    )
    plan = document_of(result)
    shared_ml = 800 * VOXEL_ML
    assert f"'a' and 'b' overlap by {shared_ml:.1f} mL" in result.stderr
    in_a = 10 * 2300 + 50 * 100
    in_b = 10 * 2350 + 50 * 50
    assert [one["counts"] for one in plan["measured"]["injections"]] == [in_a, in_b]
    tumor_kg = 50 * VOXEL_ML / 1000
    by_a, by_b = K * 1 / in_a * 2500 / tumor_kg, K * 2 * 0.9 / in_b * 2500 / tumor_kg
    assert dose_of(plan, "Tumor 1") == pytest.approx(by_a)
    assert dose_of(plan, "Tumor 2") == pytest.approx(by_a + by_b)
    # Perfused A: all of the first, and of the second what lies in the shared slab.
    slab = 10 * 750 + 50 * 50
    in_mass = 2400 * VOXEL_ML / 1000
    expected = K * (1 + 2 * 0.9 * slab / in_b) / in_mass
    assert dose_of(plan, "perfused volume of a") == pytest.approx(expected)
    assert plan["lungs"]["activity_gbq"] == pytest.approx(0.2)
    # The map says the same of what is perfused, and of each tumor.
    found = means(plan)
    assert found["Tumor 2"] == pytest.approx(by_a + by_b, rel=1e-5)
    assert found["Perfused A"] == pytest.approx(expected, rel=1e-5)


def test_goals_of_volumes_that_overlap_are_met_together(
    run: Run, two_territories: Path
) -> None:
    goals = {"a": 90.0, "b": 60.0}
    plan = document_of(
        run(
            *territories(two_territories, "Perfused A", "Perfused B"),
            *("--accept", "H07", "--reason", "x"),
            *("--injection", f"a=perfused:Perfused A,dose:{goals['a']}Gy"),
            *("--injection", f"b=perfused:Perfused B,dose:{goals['b']}Gy"),
        )
    )
    for name, dose in goals.items():
        assert dose_of(plan, f"perfused volume of {name}") == pytest.approx(dose)
    bound = document_of(
        run(
            *territories(two_territories, "Perfused A", "Perfused B"),
            *("--injection", "a=perfused:Perfused A,maximize"),
            *("--injection", "b=perfused:Perfused B,maximize"),
            *("--limit", "normal=40Gy"),
        )
    )
    [limit] = [one for one in bound["limits"] if one["binding"]]
    assert limit["value_gy"] == pytest.approx(40)
    assert limit["met"]


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (["--tumor-dose", "90Gy"], 3, "there are 2 perfused volumes"),
        ([], 2, "give one goal"),
        (["--injection", "a=perfused:Perfused C,maximize"], 3, "is not a structure of"),
        (
            ["--injection", "a=perfused:Perfused A,tumor:T=9mL@3,maximize"],
            2,
            "partition",
        ),
        (
            ["--injection", "a=perfused:Perfused A,maximize", "--maximize"],
            2,
            "leave out --tumor-dose",
        ),
        (
            [
                *("--injection", "a=perfused:Perfused A,maximize"),
                *("--injection", "b=perfused:Perfused B,dose:60Gy"),
                *("--limit", "normal=40Gy"),
            ],
            3,
            "cannot have a goal while the second is maximized",
        ),
        (
            [
                *("--injection", "a=perfused:Perfused A,dose:10Gy"),
                *("--injection", "b=perfused:Perfused B,dose:900Gy"),
            ],
            4,
            "the other injections alone give",
        ),
    ],
)
def test_injections_refused(
    run: Run, two_territories: Path, options: list[str], exit_code: int, message: str
) -> None:
    result = run(*territories(two_territories, "Perfused A", "Perfused B"), *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_one_target_may_not_get_the_form_of_the_other(
    run: Run, two_territories: Path
) -> None:
    result = run(
        *territories(two_territories, "Perfused A", "Perfused B"),
        *("--injection", "a=perfused:Perfused A,activity:1GBq"),
        *("--injection", "b=perfused:Perfused B,activity:1GBq"),
    )
    assert "WARN H04  'a' and 'b' get the same activity, 1 GBq" in result.stderr


CHECKS = [
    (("--perfused-volume", "900mL"), 3, "H06 Volume of another region"),
    (("--perfused-volume", "1050mL"), 0, "mL, but 1050 mL was typed"),
    (("--liver-volume", "2.2L"), 3, "does it belong to another region?"),
    (("--treatment-at", "2026-03-25T10:00+01:00"), 0, "WARN H24  the image was taken"),
    (("--treatment-at", "2026-03-10T10:00"), 2, "no offset from UTC"),
    (
        ("--treatment-at", "2026-03-12T10:00+01:00", "--treatment-date", "2026-03-10"),
        3,
        "--treatment-date is 2026-03-10, but --treatment-at is 2026-03-12",
    ),
    (
        ("--catheter", "other"),
        0,
        "WARN H24  the catheter position at the scout was different",
    ),
    (
        ("--method", "kernel", "--limits", "eanm2022:resin:mcrc:unilobar"),
        3,
        "H26 Thresholds and doses of different methods",
    ),
    (("--method", "local", "--role", "Tumor 1=other"), 0, "T/N of 'Tumor 2'"),
]


@pytest.mark.parametrize(("options", "exit_code", "message"), CHECKS)
def test_checks(
    run: Run,
    exact_voxels: Path,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    result = run(
        *(
            "plan",
            "image",
            exact_voxels,
            "--normal-dose",
            "30Gy",
            *PATIENT,
            *options,
            "-v",
        )
    )
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_a_map_by_another_method_plans_by_it(run: Run, exact_voxels: Path) -> None:
    words = ("plan", "image", exact_voxels, "--tumor-dose", "150Gy", *PATIENT, "--json")
    local = document_of(run(*words))
    kernel = document_of(run(*words, "--method", "kernel"))
    # Energy leaves small tumors: they need more activity for the same dose.
    assert kernel["activity_gbq"] > 1.02 * local["activity_gbq"]
    rows = kernel["doses"]["kernel"]["structures"]
    least = min(row["dose_gy"]["mean"] for row in rows if row["role"] == "tumor")
    assert least == pytest.approx(150)


def test_a_spect_without_attenuation_correction(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(exact_voxels, folder)
    dataset = pydicom.dcmread(folder / "spect.dcm")
    dataset.CorrectedImage = ["DECY"]
    dataset.save_as(folder / "spect.dcm")
    words = ("plan", "image", folder, "--activity", "1GBq")
    asked = run(*words)
    assert asked.exit_code == 3
    assert "H41 Attenuation and scatter correction" in asked.stderr
    # Where the shunt is given, T/N alone rests on it.
    assert "WARN H41" in run(*words, "--lung-shunt", "5%").stderr
    assert run("lsf", "spect", folder).exit_code == 3
    accepted = run("lsf", "spect", folder, "--accept", "H41", "--reason", "phantom")
    assert accepted.exit_code == 0, accepted.stderr
    assert "ACCEPTED H41: phantom" in accepted.stderr


def test_density_by_voxel(run: Run, exact_voxels: Path) -> None:
    result = run(
        *("plan", "image", exact_voxels, "--tumor-dose", "150Gy", "--method", "local"),
        *("--density", "ct", "--lung-shunt", "5%", "--json"),
    )
    plan = document_of(result)
    assert plan["assumptions"]["density_g_per_ml"] is None
    assert plan["density"]["origin"].startswith("CT by Schneider")
    [tumor] = [row for row in plan["compartments"] if row["name"] == "Tumor 1"]
    assert tumor["mass_kg"] / tumor["volume_ml"] == pytest.approx(1.05e-3, rel=0.02)


def test_no_interval_leaves_out_a_tumors_blur(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """Of 56, 36 and 22 mm under a SPECT's usual 15 mm: more is lost than u."""
    out = tmp_path / "plan"
    result = run(
        *("plan", "image", exact_voxels, "--activity", "2.15GBq", "--lung-shunt", "5%"),
        *("--method", "local", "--json", "--out", out),
    )
    doses = {one["name"]: one for one in document_of(result)["uncertainty"]["doses"]}
    for name, one in doses.items():
        interval = one["dose_by_first_order_gy"]
        if one["role"] == "tumor":
            assert (interval["low"], interval["high"]) == (None, None)
            assert "blur was not corrected" in one["interval_left_out"]
        else:
            assert one["interval_left_out"] is None
            assert interval["low"] < interval["value"] < interval["high"], name
    page = (out / "plan.html").read_text("utf-8")
    said = page.index("<p>No 95 % interval for uncorrected tumor doses, which blur")
    assert page.index("<h2>How sure the doses are") < said
    # A finding with a place leads there in the pictures.
    assert re.search(r'data-show="[-\d.,]+">Show Tumor 3<', page)


def test_the_dose_of_an_earlier_session(
    run: Run, two_territories: Path, tmp_path: Path
) -> None:
    """30 Gy in half of the liver along x and 10 in the rest, in voxels of 20 uL.

    A is 12 of 20 layers, 10 of them at 30 Gy: 26.67 Gy. The liver had 20 Gy.
    """
    dose = np.zeros((24, 22, 12))
    dose[1:11, 1:21, 1:11], dose[11:21, 1:21, 1:11] = 30.0, 10.0
    save(tmp_path / "earlier.nii.gz", dose)
    words = territories(two_territories, "Perfused A", "Perfused B")
    words += ["--injection", "A=perfused:Perfused A,activity:20MBq"]
    plain = document_of(run(*words))
    words += ["--prior-dose", tmp_path / "earlier.nii.gz"]
    words += ["--limit", "perfused=50Gy", "--accept", "H42", "--reason", "repeated"]
    plan = document_of(run(*words))
    found = {one["name"]: one for one in plan["compartments"]}
    prior = {
        name: one["cumulative_dose_gy"] - one["dose_gy"] for name, one in found.items()
    }
    assert prior["perfused volume"] == pytest.approx(80 / 3, rel=1e-4)
    assert prior["whole liver"] == pytest.approx(20.0, rel=1e-4)
    assert prior["Tumor 1"] == pytest.approx(30.0, rel=1e-4)
    assert dose_of(plan, "Tumor 1") == pytest.approx(dose_of(plain, "Tumor 1"))
    [limit] = [one for one in plan["limits"] if one["name"] == "perfused"]
    total = found["perfused volume"]["cumulative_dose_gy"]
    assert limit["value_gy"] == pytest.approx(total)
    # K x 20 MBq in 48 g are 20.7 Gy.
    assert total == pytest.approx(80 / 3 + K * 0.02 / 0.048, rel=1e-4)
    assert "earlier.nii.gz" in {one["file"] for one in plan["images"]}
    assert plan["assumptions"]["prior_liver_dose_gy"] is None
    # The page names it for the reader to give again.
    assert (command_words(plan) or "").endswith(" --prior-dose MAP")
    assert "--prior-dose" not in (command_words(plain) or "")
    twice = run(*words, "--prior-liver-dose", "10Gy")
    assert "is a map of what --prior-liver-dose states in numbers" in twice.stderr
    # What the map lies at is told by a transform as after treatment.
    affine = AFFINE.copy()
    affine[:3, 3] += (-30.0, 0.0, 12.0)
    moved = nibabel.nifti1.Nifti1Image(dose, affine)
    nibabel.save(moved, tmp_path / "moved.nii.gz")
    way = SimpleITK.TranslationTransform(3, (30.0, 0.0, 12.0))
    SimpleITK.WriteTransform(way, str(tmp_path / "t.tfm"))
    words[words.index(tmp_path / "earlier.nii.gz")] = tmp_path / "moved.nii.gz"
    words += ["--prior-transform", tmp_path / "t.tfm"]
    words += ["--accept", "H16", "--reason", "another table position"]
    again = {one["name"]: one for one in document_of(run(*words))["compartments"]}
    for name, one in again.items():
        assert one["cumulative_dose_gy"] == pytest.approx(
            found[name]["cumulative_dose_gy"], rel=1e-4
        )


def test_a_transform_of_no_earlier_dose(run: Run, two_territories: Path) -> None:
    words = territories(two_territories, "Perfused A")
    words += ["--activity", "20MBq", "--prior-transform", two_territories / "t.tfm"]
    alone = run(*words)
    assert (alone.exit_code, alone.stdout) == (3, "")
    assert "--prior-transform moves a --prior-dose: give both" in alone.stderr


def test_a_missing_shunt_asks_before_anything_is_computed(
    run: Run, two_territories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def computed(*_: object) -> None:
        raise AssertionError("the blur was corrected")

    monkeypatch.setattr("sirtdose.workflows.plan.image.without_blur", computed)
    one = ("--injection", "a=perfused:Perfused A,activity:1GBq", "--psf", "12mm")
    words = territories(two_territories, "Perfused A")
    shunt = words.index("--lung-shunt")
    result = run(*words[:shunt], *words[shunt + 2 :], *one)
    assert result.exit_code == 3
    assert "H22 Lung shunt and lung dose: no lung shunt was given" in result.stderr
    assert "--accept" in result.stderr
