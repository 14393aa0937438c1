"""`sirtdose check`: what the other system says of its structures, in any form."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import Result

from sirtdose.io.read import read_image
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity
from tests.cli.post.test_registration import save

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--residual", "0GBq")


@pytest.fixture(scope="module")
def made(
    exact_contours: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], tuple[Path, Path]]:
    """Our own results of the phantom, and the RTSTRUCT they are of."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    folder = tmp_path_factory.mktemp("reported") / "ours"
    words = ["post", exact_contours, *GIVEN, "--no-report", "--out", folder]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return lambda: (folder, exact_contours / "structures.dcm")


@pytest.fixture
def post(made: Callable[[], tuple[Path, Path]]) -> Path:
    return made()[0]


@pytest.fixture
def contours(made: Callable[[], tuple[Path, Path]]) -> Path:
    return made()[1]


def check(run: Run, theirs: Path, post: Path, out: Path, *options: object) -> Any:
    words = ("check", theirs, "--against", post, "--out", out, "--json")
    result = run(*words, *options)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout), result.stderr


def edited(post: Path, path: Path, change: Callable[[Any], None]) -> Path:
    data = pydicom.dcmread(post / "dose_local.dcm")
    change(data)
    data.save_as(path)
    return path


def stated(document: Any) -> dict[str, Any]:
    return {one["name"]: one for one in document["histograms"]["compared"]}


def test_histograms_of_an_rtdose_agree_with_its_dose(
    run: Run, post: Path, contours: Path, tmp_path: Path
) -> None:
    document, said = check(
        *(run, post / "dose_local.dcm", post, tmp_path / "out"),
        *("--structures", contours, "-v"),
    )
    assert document["failures"] == []
    rows = stated(document)
    own = json.loads((post / "post.json").read_text())["doses"]["local_deposition"]
    means = {row["name"]: row["dose_gy"]["mean"] for row in own["structures"]}
    assert set(rows) == {"Liver", "Perfused lobe", "Tumor 1", "Tumor 2", "Tumor 3"}
    for name, row in rows.items():
        mean = row["numbers"]["mean"]
        assert mean["recomputed"] == pytest.approx(means[name], rel=1e-3)
        # Straight between bins of 1 Gy.
        assert mean["stated"] == pytest.approx(means[name], rel=4e-3)
        assert row["met"]
    assert {row["name"] for row in document["reported"]} == set(rows)
    assert document["histograms"]["findings"] == []
    assert "Their own histograms (DVHSequence), against their dose" in said
    with (tmp_path / "out" / "check.csv").open() as file:
        kinds = {row["of"] for row in csv.DictReader(file)}
    assert kinds == {"maps", "reported", "histograms"}
    page = (tmp_path / "out" / "check.html").read_text("utf-8")
    assert "Their own histograms (DVHSequence), against their dose" in page


def test_a_histogram_of_other_contours_is_a_finding(
    run: Run, post: Path, contours: Path, tmp_path: Path
) -> None:
    """The liver's number is on the histogram of what is perfused, and a tag lies."""

    def swapped(data: Any) -> None:
        for item in data.DVHSequence:
            roi = item.DVHReferencedROISequence[0]
            roi.ReferencedROINumber = {1: 2, 2: 1}.get(
                int(roi.ReferencedROINumber), int(roi.ReferencedROINumber)
            )
            item.DVHMeanDose = 50.0

    theirs = edited(post, tmp_path / "theirs.dcm", swapped)
    document, said = check(
        run, theirs, post, tmp_path / "out", "--structures", contours
    )
    rows = stated(document)
    assert not rows["Liver"]["met"]
    assert not rows["Perfused lobe"]["met"]
    assert rows["Tumor 1"]["met"]
    findings = document["histograms"]["findings"]
    assert any("'Liver': mean 92" in one for one in findings), findings
    assert "from other contours or another dose, or was sampled differently" in said
    causes = {one["name"]: one["says"] for one in document["structure_causes"]}
    assert "is our 'Perfused lobe'" in causes["Liver"]
    assert any("DVHMeanDose is 50" in one for one in rows["Tumor 1"]["remarks"])
    # Their dose is ours; what they report of the liver is not.
    assert all("as they report it" in one for one in document["failures"])


def test_a_histogram_of_another_dose_is_no_other_structure(
    run: Run, post: Path, contours: Path, tmp_path: Path
) -> None:
    """Our perfused volume with its tumors is our perfused volume: it names nothing."""

    def scaled(data: Any) -> None:
        data.DoseGridScaling = f"{float(data.DoseGridScaling) * 1.05:.10g}"

    theirs = edited(post, tmp_path / "theirs.dcm", scaled)
    document, _ = check(run, theirs, post, tmp_path / "out", "--structures", contours)
    assert document["causes"][0]["kind"] == "scale"
    assert document["histograms"]["findings"]
    assert document["structure_causes"]
    for one in document["structure_causes"]:
        assert "matches none of our structures" in one["says"]


def test_histograms_without_their_rtstruct(
    run: Run, post: Path, contours: Path, tmp_path: Path
) -> None:
    document, said = check(run, post / "dose_local.dcm", post, tmp_path / "out")
    held = document["histograms"]
    assert held["compared"] == []
    assert set(held["left_out"]) == {f"ROI {n}" for n in range(1, 6)}
    assert "with --their-structures" in said
    other = tmp_path / "other.dcm"
    data = pydicom.dcmread(contours)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    data.save_as(other)
    _, said = check(
        *(run, post / "dose_local.dcm", post, tmp_path / "two"),
        *("--their-structures", other),
    )
    assert "it refers to another RTSTRUCT than those given" in said


def test_histograms_with_no_structures_of_ours(
    run: Run, post: Path, contours: Path, tmp_path: Path
) -> None:
    dose = post / "dose_local.dcm"
    document, _ = check(
        *(run, dose, dose, tmp_path / "out"), *("--their-structures", contours)
    )
    assert set(stated(document)) >= {"Liver", "Tumor 1"}
    assert document["reported"] == []
    assert document["unmatched"] == []


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "theirs.csv"
    path.write_text(text)
    return path


def test_numbers_of_a_table_that_we_do_not_list(
    run: Run, post: Path, tmp_path: Path
) -> None:
    """D30 and V75 were passed over without a word, and the structure passed."""
    text = "name,d30_gy,v75,max_gy\nTumor 1,100,10%,900\n"
    document, said = check(
        *(run, post / "dose_local.dcm", post, tmp_path / "out"),
        *("--their-table", table(tmp_path, text), "--tolerance", "d30=5%"),
    )
    [row] = document["reported"]
    dose = row["numbers"]["d30"]
    assert (dose["theirs"], dose["met"]) == (100, False)
    assert 223 < dose["ours"] < 300
    assert row["numbers"]["v75"]["ours"] == pytest.approx(1.0, abs=0.01)
    assert row["numbers"]["v75"]["met"] is None
    [remark] = document["table_remarks"]
    assert remark == "column max_gy of their table was not compared"
    assert remark in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,mean_gy\nLiver,\n", "'Liver' has no value"),
        ("name,mean_gy\nLiver,61\nliver,62\n", "occurs twice"),
        ("name,d200_gy\nLiver,61\n", "at most 100 %"),
    ],
)
def test_tables_that_say_nothing(
    run: Run, post: Path, tmp_path: Path, text: str, message: str
) -> None:
    result = run(
        *("check", post / "dose_local.dcm", "--against", post),
        *("--their-table", table(tmp_path, text), "--out", tmp_path / "out"),
    )
    assert result.exit_code == 3
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_histogram_that_may_be_cut_off_is_said(
    run: Run, post: Path, tmp_path: Path
) -> None:
    points = "".join(f"Liver,{5 * n},{1 - n / 20}\n" for n in range(6))
    document, said = check(
        *(run, post / "dose_local.dcm", post, tmp_path / "out", "--their-table"),
        table(tmp_path, f"name,dose_gy,volume_fraction\n{points}"),
    )
    [remark] = document["table_remarks"]
    assert "ends at 25 Gy with 75.0% of the volume: if it was cut off" in remark
    assert remark in said


def test_lungs_are_not_held_against_one_density(
    run: Run, post: Path, tmp_path: Path
) -> None:
    text = "name,mean_gy\nLungs,5.3\nLiver,61.56\n"
    document, _ = check(
        *(run, post / "dose_local.dcm", post, tmp_path / "out"),
        *("--their-table", table(tmp_path, text)),
    )
    assert document["passed"]
    assert [row["name"] for row in document["reported"]] == ["Liver"]
    assert "the liver's density" in document["left_out"]["their Lungs"]


def test_contours_of_theirs_outside_of_the_dose_are_said(
    run: Run, post: Path, tmp_path: Path
) -> None:
    grid = Grid.regular((9, 9, 9), spacing_mm=(9.0,) * 3, origin_mm=(290.0, 0.0, 0.0))
    save(tmp_path / "liver.nii.gz", np.ones(grid.shape, np.uint8), grid)
    document, _ = check(
        *(run, post / "dose_local.dcm", post, tmp_path / "out"),
        *("--their-structures", tmp_path / "liver.nii.gz"),
    )
    assert document["reported"] == []
    assert "outside the dose grid" in document["left_out"]["their liver"]


@pytest.mark.parametrize("whose", ["theirs", "ours"])
def test_a_hot_place_of_one_dose_alone_fails(
    run: Run, post: Path, tmp_path: Path, whose: str
) -> None:
    """Means, D_x and 100 % of gamma's points passed with 2.6 mL of 300 Gy elsewhere."""
    ours = read_image(post / "dose_local.dcm", quantity=Quantity.DOSE)
    hot = np.asarray(ours.data, float).copy()
    away = np.argwhere(hot < 1)
    k, j, i = away[len(away) // 2]
    hot[k : k + 3, j : j + 3, i : i + 3] += 300
    save(tmp_path / "hot.nii.gz", hot, ours.grid)
    save(tmp_path / "plain.nii.gz", np.asarray(ours.data, float), ours.grid)
    pair = [tmp_path / "hot.nii.gz", tmp_path / "plain.nii.gz"]
    theirs, against = pair if whose == "theirs" else pair[::-1]
    document, _ = check(run, theirs, against, tmp_path / "out")
    [lone] = document["lone_dose"]
    assert lone["whose"] == whose
    assert lone["greatest_gy"] == pytest.approx(300, abs=2)
    assert lone["volume_ml"] == pytest.approx(27 * ours.grid.voxel_volume_ml)
    at = ours.grid.world_mm(np.array([k + 1.0, j + 1, i + 1]))
    assert lone["at_mm"] == pytest.approx(at.tolist(), abs=8)
    assert document["gamma"][0]["pass_fraction"] > 0.99
    [failure] = document["failures"]
    assert f"only in {whose}: {lone['volume_ml']:.3g} mL at" in failure
    assert not document["passed"]


def test_a_tolerance_is_given_once(run: Run, post: Path, tmp_path: Path) -> None:
    result = run(
        *("check", post / "dose_local.dcm", "--against", post),
        *("--tolerance", "mean=3%", "--tolerance", "Mean=9%", "--out", tmp_path / "o"),
    )
    assert result.exit_code == 2
    assert "'mean' is given twice" in result.stderr
