"""`sirtdose check`: what differs from ours is found, and its cause is named."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import Result

from sirtdose.io.read import read_image, read_structures
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity
from sirtdose.workflows.check.histograms import same_patient_findings
from tests.cli.post.test_registration import save

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--residual", "0GBq")


@pytest.fixture(scope="session")
def ours(
    exact_contours: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Path]:
    """Our own results of the phantom, by local deposition and by kernel."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    folder = tmp_path_factory.mktemp("check") / "ours"
    methods = ("--method", "local", "--method", "kernel")
    words = ["post", exact_contours, *GIVEN, *methods, "--no-report", "--out", folder]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return lambda: folder


@pytest.fixture
def post(ours: Callable[[], Path]) -> Path:
    return ours()


def edited(post: Path, path: Path, change: Callable[[Any], None]) -> Path:
    """Our RTDOSE as another system might have written it."""
    data = pydicom.dcmread(post / "dose_local.dcm")
    change(data)
    data.save_as(path)
    return path


def scaled(factor: float) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        data.DoseGridScaling = f"{float(data.DoseGridScaling) * factor:.10g}"

    return change


def moved(data: Any) -> None:
    x, y, z = data.ImagePositionPatient
    data.ImagePositionPatient = [float(x) + 4, y, z]


def check(run: Run, theirs: Path, post: Path, out: Path, *options: object) -> Any:
    result = run(
        *("check", theirs, "--against", post, "--out", out, "--json", *options)
    )
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout), result.stderr


def means(document: Any, of: str = "structures") -> dict[str, float]:
    return {
        row["name"]: row["numbers"]["mean"]["theirs"] / row["numbers"]["mean"]["ours"]
        for row in document[of]
    }


def test_our_own_dose_passes(run: Run, post: Path, tmp_path: Path) -> None:
    options = ("--gamma", "1%/1mm", "--strict")
    out = tmp_path / "out"
    document, said = check(run, post / "dose_local.dcm", post, out, *options)
    assert document["passed"]
    assert [one["pass_fraction"] for one in document["gamma"]] == [1.0, 1.0]
    assert document["causes"] == []
    assert document["total"]["ratio"] == pytest.approx(1, abs=1e-9)
    assert said.startswith("PASS")
    assert sorted(path.name for path in out.iterdir()) == [
        *("check.csv", "check.html", "check.json"),
        *("difference.nii.gz", "gamma.nii.gz"),
    ]
    # The same numbers as the result's own.
    own = json.loads((post / "post.json").read_text())["doses"]["local_deposition"]
    told = {row["name"]: row for row in document["structures"]}
    assert set(told) == {row["name"] for row in own["structures"]}
    for row in own["structures"]:
        numbers = told[row["name"]]["numbers"]
        assert numbers["mean"]["ours"] == pytest.approx(
            row["dose_gy"]["mean"], rel=1e-3
        )
    difference = read_image(out / "difference.nii.gz", quantity=Quantity.DOSE)
    assert np.abs(difference.data).max() == 0


def test_a_scale_of_5_percent_is_named(run: Run, post: Path, tmp_path: Path) -> None:
    theirs = edited(post, tmp_path / "theirs.dcm", scaled(1.05))
    document, said = check(run, theirs, post, tmp_path / "out")
    assert not document["passed"]
    assert {round(one, 5) for one in means(document).values()} == {1.05}
    best = document["causes"][0]
    assert best["kind"] == "scale"
    assert best["factor"] == pytest.approx(1.05, rel=1e-6)
    assert best["explained_fraction"] > 0.999
    known = [one["says"] for one in document["factor"]["known"]]
    assert "density 1 g/mL instead of our 1.05 g/mL" in known
    assert any("lung shunt of 5.00% not subtracted" in one for one in known)
    assert "cannot tell them apart" in said
    assert document["total"]["their_gbq"] == pytest.approx(1.05 * 2.15 * 0.95, rel=1e-4)


def test_a_shift_of_4_mm_is_named(run: Run, post: Path, tmp_path: Path) -> None:
    theirs = edited(post, tmp_path / "theirs.dcm", moved)
    document, _ = check(run, theirs, post, tmp_path / "out")
    best = document["causes"][0]
    assert best["kind"] == "shift"
    assert best["shift_mm"] == pytest.approx([4, 0, 0], abs=0.05)
    assert best["explained_fraction"] > 0.99
    assert not document["passed"]
    assert not document["grid"]["same"]
    # What lies 4 mm apart passes where 4 mm are allowed.
    wide, _ = check(run, theirs, post, tmp_path / "wide", "--gamma", "1%/4.01mm")
    narrow, wide = (one["gamma"][0]["pass_fraction"] for one in (document, wide))
    assert wide > 0.98 > 0.95 > narrow


def test_a_wrong_density_is_named(
    run: Run, post: Path, exact_contours: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    options = ("--density", "1.03g/mL", "--no-report")
    assert run("post", exact_contours, *GIVEN, *options, "--out", other).exit_code == 0
    document, _ = check(run, other / "dose_local.dcm", post, tmp_path / "out")
    best = document["causes"][0]
    assert best["kind"] == "scale"
    assert best["factor"] == pytest.approx(1.05 / 1.03, rel=1e-5)
    first = document["factor"]["known"][0]
    assert first["says"] == "density 1.03 g/mL instead of our 1.05 g/mL"


def test_a_dose_constant_is_named(run: Run, post: Path, tmp_path: Path) -> None:
    theirs = edited(post, tmp_path / "theirs.dcm", scaled(50 / 49.67))
    document, _ = check(run, theirs, post, tmp_path / "out")
    # 0.7 % is within tolerance, and still explained.
    assert document["passed"]
    said = [one["says"] for one in document["factor"]["known"]]
    assert "dose constant 50 Gy kg/GBq (label) instead of our 49.67" in said


def test_a_kernel_is_named(run: Run, post: Path, tmp_path: Path) -> None:
    document, _ = check(run, post / "dose_kernel.dcm", post, tmp_path / "out")
    best = document["causes"][0]
    assert (best["kind"], best["method"]) == ("method", "kernel")
    assert best["explained_fraction"] > 0.99
    assert document["factor"] is None
    same, _ = check(
        *(run, post / "dose_kernel.dcm", post, tmp_path / "same"),
        *("--method", "kernel"),
    )
    assert same["causes"] == []


def test_blur_and_a_mirrored_axis_are_named(
    run: Run, post: Path, tmp_path: Path
) -> None:
    from scipy.ndimage import gaussian_filter

    ours = read_image(post / "dose_local.dcm", quantity=Quantity.DOSE)
    sd = [8 / 2.3548 / step for step in ours.grid.spacing_mm]
    blurred = gaussian_filter(np.asarray(ours.data, float), sd)
    save(tmp_path / "blurred.nii.gz", blurred, ours.grid)
    document, said = check(run, tmp_path / "blurred.nii.gz", post, tmp_path / "out")
    best = document["causes"][0]
    assert best["kind"] == "blur"
    assert best["fwhm_mm"] == pytest.approx(8, abs=0.3)
    assert "no frame of reference" in said
    save(tmp_path / "mirrored.nii.gz", np.asarray(ours.data)[:, :, ::-1], ours.grid)
    document, _ = check(run, tmp_path / "mirrored.nii.gz", post, tmp_path / "mirror")
    assert document["causes"][0]["axis"] == "left to right"


def test_noise_is_explained_by_nothing(run: Run, post: Path, tmp_path: Path) -> None:
    ours = read_image(post / "dose_local.dcm", quantity=Quantity.DOSE)
    noise = np.random.default_rng(3).normal(1, 0.3, ours.data.shape)
    save(tmp_path / "noisy.nii.gz", np.clip(ours.data * noise, 0, None), ours.grid)
    document, said = check(run, tmp_path / "noisy.nii.gz", post, tmp_path / "out")
    assert document["unexplained"]
    assert "none of these explains it" in said


@pytest.mark.parametrize("with_volume", [True, False])
def test_a_liver_with_tumors_is_named(
    run: Run, post: Path, tmp_path: Path, with_volume: bool
) -> None:
    """Their normal liver holds the tumors, and their liver has none."""
    own = json.loads((post / "post.json").read_text())["doses"]["local_deposition"]
    rows = {row["name"]: row for row in own["structures"]}
    table = tmp_path / "theirs.csv"
    lines = ["name,mean_gy,volume_ml,d70_gy,v100"]
    for name, of in (
        *(("Normal liver", "Liver"), ("liver", "normal_whole")),
        ("Tumor 1", "Tumor 1"),
    ):
        row = rows[of]
        volume = f"{row['volume_ml']:.1f}" if with_volume else ""
        part = 100 * row["volume_fraction_above"]["100"]
        doses = f"{row['dose_gy']['mean']:.2f},{volume},{row['dose_gy']['d70']:.2f}"
        lines.append(f"{name},{doses},{part:.2f}%")
    table.write_text("\n".join(lines) + "\n")
    document, _ = check(
        *(run, post / "dose_local.dcm", post, tmp_path / "out"),
        *("--their-table", table),
    )
    assert not document["passed"]
    assert document["causes"] == []
    said = {one["name"]: one for one in document["structure_causes"]}
    assert set(said) == {"Normal liver", "liver"}
    assert "is our 'Liver'" in said["Normal liver"]["says"]
    assert "not our 'normal_whole'" in said["Normal liver"]["says"]
    assert "'normal_whole' (liver - tumors - excluded)" in said["liver"]["says"]
    for one in said.values():
        assert one["before_fraction"] > 0.1
        assert one["after_fraction"] < 0.001
    met = {row["name"]: row["met"] for row in document["reported"]}
    assert met == {"Normal liver": False, "liver": False, "Tumor 1": True}


def test_contours_of_theirs_are_compared(run: Run, post: Path, tmp_path: Path) -> None:
    [liver] = [
        one
        for one in read_structures(post / "dose_structures.dcm")
        if one.name == "Liver"
    ]
    mask = (liver.occupancy >= 0.5).astype(np.uint8)
    save(tmp_path / "normal_liver.nii.gz", mask, liver.grid)
    document, _ = check(
        *(run, post / "dose_local.dcm", post, tmp_path / "out"),
        *("--their-structures", tmp_path / "normal_liver.nii.gz"),
    )
    [cause] = document["structure_causes"]
    assert "is our 'Liver'" in cause["says"]
    [row] = document["reported"]
    assert (row["our_structure"], row["met"]) == ("normal_whole", False)


def test_a_histogram_of_theirs_is_compared(
    run: Run, post: Path, tmp_path: Path
) -> None:
    with (post / "dvh.csv").open() as file:
        lines = [row for row in csv.DictReader(file) if row["method"] != "kernel"]
    table = tmp_path / "dvh.csv"
    columns = ("name", "dose_gy", "volume_fraction", "volume_ml")
    with table.open("w") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    document, _ = check(
        *(run, post / "dose_local.dcm", post, tmp_path / "out"),
        *("--their-table", table),
    )
    assert document["structure_causes"] == []
    for ratio in means(document, "reported").values():
        assert ratio == pytest.approx(1, abs=0.0025)


def test_two_doses_without_anything_else(run: Run, post: Path, tmp_path: Path) -> None:
    theirs = edited(post, tmp_path / "theirs.dcm", scaled(1.05))
    document, said = check(run, theirs, post / "dose_local.dcm", tmp_path / "out")
    assert document["structures"] == []
    assert "taking ours as 1.05 g/mL" in said
    assert not document["ours"]["known"]


def test_another_grid_and_what_it_does_not_cover(
    run: Run, post: Path, tmp_path: Path
) -> None:
    ours = read_image(post / "dose_local.dcm", quantity=Quantity.DOSE)
    half = (slice(None), slice(None), slice(0, ours.grid.shape[2] // 3))
    grid = ours.grid.crop((slice(0, 64), slice(0, 80), slice(0, 32)))
    save(tmp_path / "part.nii.gz", np.asarray(ours.data)[half], grid)
    document, _ = check(run, tmp_path / "part.nii.gz", post, tmp_path / "out")
    assert not document["passed"]
    assert document["grid"]["covered_fraction"] < 0.9
    assert "their grid covers" in document["failures"][0]
    assert "outside the dose grid" in document["left_out"]["Liver"]


def test_the_image_is_recomputed(
    run: Run, post: Path, exact_contours: Path, tmp_path: Path
) -> None:
    case = tmp_path / "case.toml"
    case.write_text(
        '[options]\nadministered = "2.15GBq"\nlung_shunt = "5%"\n'
        'residual = "0GBq"\nno_report = true\n'
    )
    out = tmp_path / "out"
    result = run(
        *("check", post / "dose_local.dcm", "--image", exact_contours),
        *("--case", case, "--out", out, "--json", "--strict"),
    )
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["passed"]
    assert (out / "recomputed" / "post.json").is_file()
    case.write_text("[options]\nadministred = 1\n")
    result = run(
        *("check", post / "dose_local.dcm", "--image", exact_contours),
        *("--case", case, "--out", tmp_path / "no"),
    )
    assert result.exit_code == 3
    assert "was administered meant?" in result.stderr


def test_strict_and_tolerances(run: Run, post: Path, tmp_path: Path) -> None:
    theirs = edited(post, tmp_path / "theirs.dcm", scaled(1.05))
    base = ("check", theirs, "--against", post, "--strict", "--force")
    result = run(*base, "--out", tmp_path / "out")
    assert result.exit_code == 4
    assert (tmp_path / "out" / "check.html").is_file()
    wide = [f"{name}=8%" for name in ("mean", "d95", "d70", "d50", "v100")]
    options = [word for one in wide for word in ("--tolerance", one)]
    result = run(*base, *options, "--gamma", "6%/3mm", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--gamma", "3mm"), 2, "write it like 3%/3mm"),
        (("--gamma", "0%/3mm"), 2, "above 0"),
        (("--tolerance", "mean"), 2, "write it like mean=3%"),
        (("--tolerance", "d0=3%"), 3, "cannot have a tolerance"),
        (("--dose-cutoff", "100%"), 2, "cutoff"),
        (("--role", "lump=tumor"), 3, "names 'lump', which is not a structure"),
        (("--their-table", "bad.csv"), 3, "is not a number"),
        (("--their-table", "none.csv"), 3, "cannot read none.csv"),
        (("--their-table", "empty.csv"), 3, "has no column of doses"),
        (("--their-table", "twice.csv"), 3, "occurs twice"),
        (("--their-table", "rising.csv"), 3, "never rises"),
        (("--method", "collapsed-cone"), 3, "has no dose by collapsed-cone"),
        (("--image", "."), 2, "give our dose once"),
        (("--case", "case.toml"), 2, "--image needs --case"),
    ],
)
def test_refusals(
    run: Run,
    post: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.csv").write_text("name,mean_gy\nLiver,61 Gy\n")
    Path("empty.csv").write_text("name,color\nLiver,red\n")
    Path("twice.csv").write_text("name,mean_gy\nLiver,6\nLiver,7\n")
    parts = (1, 0.9, 0.95, 0.2, 0.1, 0)
    curve = "".join(f"Liver,{10 * n},{part}\n" for n, part in enumerate(parts))
    Path("rising.csv").write_text(f"name,dose_gy,volume_fraction\n{curve}")
    theirs = post / "dose_local.dcm"
    result = run("check", theirs, "--against", post, "--out", "out", *options)
    assert result.exit_code == exit_code, result.output
    assert message in result.stderr
    assert result.stdout == ""
    assert not Path("out").exists()


def test_what_cannot_be_compared(run: Run, post: Path, tmp_path: Path) -> None:
    def call(theirs: Path, against: Path = post) -> str:
        result = run("check", theirs, "--against", against, "--out", tmp_path / "out")
        assert result.exit_code == 3, result.output
        assert not (tmp_path / "out").exists()
        return result.stderr

    def other_frame(data: Any) -> None:
        data.FrameOfReferenceUID = "1.2.3"

    def other_patient(data: Any) -> None:
        data.PatientID, data.PatientBirthDate = "Q7731", "19500101"

    def relative(data: Any) -> None:
        data.DoseUnits = "RELATIVE"

    path = tmp_path / "theirs.dcm"
    assert "H15" in call(edited(post, path, other_frame))
    said = call(edited(post, path, other_patient))
    assert "H01" in said
    assert "Q7731" not in said
    assert "GY is needed" in call(edited(post, path, relative))
    assert "no post.json" in call(post / "dose_local.dcm", tmp_path)
    grid = Grid.regular((5, 6, 7), spacing_mm=(4.0,) * 3, origin_mm=(900.0, 0.0, 0.0))
    save(tmp_path / "away.nii.gz", np.full(grid.shape, 60.0), grid)
    assert "do not overlap" in call(tmp_path / "away.nii.gz")
    save(tmp_path / "zero.nii.gz", np.zeros(grid.shape), grid)
    assert "0 Gy everywhere" in call(tmp_path / "zero.nii.gz")
    assert "is it scaled" in call(edited(post, path, scaled(1e25)))
    broken = shutil.copytree(post, tmp_path / "broken")
    (broken / "post.json").write_text("{")
    assert "not a post.json of sirtdose" in call(post / "dose_local.dcm", broken)
    document = json.loads((post / "post.json").read_text())
    del document["doses"]["local_deposition"]["structures"]
    (broken / "post.json").write_text(json.dumps(document))
    assert "post.json is damaged" in call(post / "dose_local.dcm", broken)


def test_the_page_is_whole_and_names_nobody(
    run: Run, post: Path, tmp_path: Path
) -> None:
    theirs = edited(post, tmp_path / "theirs.dcm", scaled(1.05))
    check(run, theirs, post, tmp_path / "out")
    page = (tmp_path / "out" / "check.html").read_text("utf-8")
    assert "Not a medical device" in page
    assert "a common factor of 1.0500" in page
    assert page.count("<img") == 2
    said = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert '<th scope="row" rowspan="4">normal whole liver' in said
    for name in ("normal_whole", "normal_perfused", "local_deposition"):
        assert name not in said
    assert "src=http" not in page.replace('"', "")
    assert "<link" not in page
    data = pydicom.dcmread(post / "dose_local.dcm", stop_before_pixels=True)
    for text in (str(data.PatientID), str(data.PatientName)):
        assert text not in page


PLANS = {
    "bsa": "--height 165cm --weight 60kg --liver-volume 1500mL --tumor-volume 300mL "
    "--lung-shunt 4%",
    "mird": "--dose 120Gy --perfused-volume 1000mL --lung-shunt 10% --residual 10%",
    "partition": "--perfused-volume 1000mL --tumor T1=200mL@3.0 --lung-shunt 10% "
    "--tumor-dose 300Gy --liver-volume 1800mL",
}


@pytest.mark.parametrize("method", PLANS)
def test_a_plan_by_hand(run: Run, tmp_path: Path, method: str) -> None:
    plan = tmp_path / "plan"
    assert run("plan", method, *PLANS[method].split(), "--out", plan).exit_code == 0
    result = run(
        *("check", "--plan", plan / "plan.json", "--json", "--strict"),
        *("--out", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["passed"]
    numbers = {(one["name"], one["unit"]): one for one in document["numbers"]}
    if method == "partition":
        # 49.67 x 3.28837 x 0.9 / 1.05 and 49.67 x 3.28837 x 0.1 / 1, by calculator.
        mean = numbers["perfused volume", "Gy"]
        assert mean["by_hand"] == pytest.approx(140.0, abs=0.01)
        assert numbers["lungs", "Gy"]["by_hand"] == pytest.approx(16.333, abs=0.001)
        doses = {one["name"]: one["dose_gy"] for one in document["method_doses"]}
        assert doses["T1"] == pytest.approx(300)
        # 3 x 100 Gy; 100 Gy in 0.84 kg of 1.68 kg.
        assert numbers["T1", "Gy"]["by_hand"] == pytest.approx(300)
        assert numbers["normal whole liver", "Gy"]["by_hand"] == pytest.approx(50)
        assert re.search(r"^T1 +300\.0 Gy +300\.0 Gy .* pass", result.stderr, re.M)


def test_a_plan_with_a_wrong_number_fails(run: Run, tmp_path: Path) -> None:
    from sirtdose.report.plan.hash import signed

    folder = tmp_path / "plan"
    run("plan", "mird", *PLANS["mird"].split(), "--out", folder)
    path = folder / "plan.json"
    plan = json.loads(path.read_text())
    path.write_text(json.dumps(plan | {"activity_gbq": 9.9}))
    result = run("check", "--plan", path)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "not what was computed" in result.stderr
    # A planner's own mistake: the dose without the shunt.
    plan["compartments"][0]["dose_gy"] /= 0.9
    path.write_text(json.dumps(signed(plan)))
    result = run("check", "--plan", path, "--strict")
    assert result.exit_code == 4
    assert "FAIL" in result.stderr
    assert "perfused volume: 133.333 Gy in the plan, 120 Gy by hand" in result.stderr
    assert run("check", "--plan", path).exit_code == 0
    del plan["lungs"]
    path.write_text(json.dumps(signed(plan)))
    assert run("check", "--plan", path).exit_code == 3
    idle = run("check", "--plan", path, "--gamma", "3%/3mm")
    assert idle.exit_code == 2


def test_without_structures_it_says_that_gamma_alone_is_judged(run, tmp_path):
    import nibabel
    import numpy as np

    values = np.full((12, 14, 16), 60.0, np.float32)
    for name in ("ours", "theirs"):
        image = nibabel.Nifti1Image(values, np.diag([4.0, 4.0, 5.0, 1.0]))
        nibabel.save(image, tmp_path / f"{name}.nii.gz")
    result = run(
        *("check", tmp_path / "theirs.nii.gz", "--against", tmp_path / "ours.nii.gz"),
        *("--out", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.stderr
    assert "No structure was compared" in result.stderr
    assert "give them with --structures." in result.stderr


def test_one_person_under_two_names_is_said(
    exact_contours: Path, tmp_path: Path
) -> None:
    paths = []
    for name in ("spect.dcm", "structures.dcm"):
        data = pydicom.dcmread(exact_contours / name)
        data.PatientBirthDate, data.PatientName = "19500101", f"Of^{name[:2]}"
        paths.append(tmp_path / name)
        data.save_as(paths[-1])
    [said] = same_patient_findings(paths)
    assert (said.code, said.severity) == ("H01", Severity.WARN)
    assert "Of^" not in said.message
    assert same_patient_findings(paths[:1]) == []


MAXIMIZED = (
    *("--device", "glass", "--lung-shunt", "5%", "--liver-volume", "1900mL"),
    *("--bilirubin", "0.9mg/dL", "--injection"),
    "right=perfused:900mL,tumor:T1=100mL@3,maximize,limits:eanm2022:glass:hcc:lobectomy",
    *("--injection", "left=perfused:500mL,tumor:T2=40mL@5,maximize,limit:normal=60Gy"),
)


def test_what_every_injection_is_to_give_less_is_said(run: Run, tmp_path: Path) -> None:
    """75 of the 84.80 Gy to the normal whole liver: 0.8844 of each activity.

    Right: 0.84 kg normal and 3 x 0.105 kg, 0.7273 in normal liver. Left: 0.483 kg and
    5 x 0.042 kg, 0.6970. 49.67 x 0.95 x (3.8 x 0.7273 + 0.8 x 0.6970) / 1.848 kg.
    """
    plan = tmp_path / "plan"
    given = [
        one.replace("left=perfused:500mL,tumor:T2=40mL@5,maximize", "left=LEFT")
        .replace("maximize,limits:eanm2022:glass:hcc:lobectomy", "activity:3.8GBq")
        .replace("LEFT", "perfused:500mL,tumor:T2=40mL@5,activity:0.8GBq")
        .replace("limit:normal=60Gy", "limit:normal=80Gy")
        for one in MAXIMIZED
        if one not in ("--bilirubin", "0.9mg/dL")
    ]
    given += ["--accept", "H07", "--reason", "what H43 advises is looked at"]
    made = run("plan", "partition", *given, "--out", plan)
    assert made.exit_code == 0, made.stderr
    advice = "at most 3.36 GBq (90.83 mCi) to 'right' and 0.7075 GBq (19.12 mCi) to"
    assert advice in made.stderr
    assert advice in run("check", "--plan", plan / "plan.json").stderr


def test_a_shared_limit_is_not_called_none(run: Run) -> None:
    refused = run("plan", "partition", *MAXIMIZED)
    assert refused.exit_code == 3
    assert "no limit of its own volume holds for 'right'" in refused.stderr
    better = [
        one.replace("maximize,limits", "maximize,limit:normal=70Gy,limits")
        for one in MAXIMIZED
    ]
    assert run("plan", "partition", *better).exit_code == 0
