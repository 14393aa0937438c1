"""`sirtdose post` with the contours of several readers."""

import csv
import json
import re
from importlib.resources import files

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tests.drawn_case import BARE, GIVEN, LIVER, TUMOR, ellipsoid, image, labels, moved

SECOND = ((40.0, 50.0, 55.0), (9.0, 8.0, 10.0))
# Where each reader has the border of the first tumor, and its middle.
DRAWN = {
    "reader A": {"by": (1.0, 0.0, 0.0), "wider": 1.5},
    "Dr. B": {"by": (-4.0, 3.5, 0.0), "wider": -2.0},
    "C": {"by": (0.0, -3.5, 5.0), "wider": 3.0},
}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    image(folder)
    files_of = {}
    labels(folder / "liver.nii.gz", {"Liver": ellipsoid(LIVER)})
    for who, how in DRAWN.items():
        # Case does not matter.
        name = "tumor 1" if who == "C" else "Tumor 1"
        drawn = {name: ellipsoid(moved(TUMOR, **how))}
        if who == "reader A":
            drawn["Tumor 2"] = ellipsoid(SECOND)
        files_of[who] = labels(folder / f"by{len(files_of)}.nii.gz", drawn)
    return folder, files_of


def words(case, *readers, shared=True):
    folder, files_of = case
    found = ["post", folder, "--image", folder / "spect.nii.gz", *GIVEN]
    found += ["--structures", folder / "liver.nii.gz"] if shared else []
    for who in readers or files_of:
        found += ["--structures", f"{who}={files_of[who]}"]
    return found


@pytest.fixture(scope="module")
def assessed(run, case, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "doses"
    result = run(*words(case), "--uncertainty", 30, "--no-dicom", "--out", out)
    assert result.exit_code == 0, result.stderr
    document = json.loads((out / "post.json").read_text("utf-8"))
    return out, document, result


def rows(document, method="local_deposition"):
    return {one["name"]: one for one in document["doses"][method]["structures"]}


def by_reader(document, who):
    own = document["observers"]["methods"]["local_deposition"]["structures"]
    return {one["name"]: one for one in own[who]}


def test_each_reader_has_the_doses_of_a_run_with_his_file_alone(
    run, case, assessed, tmp_path
):
    _, document, _ = assessed
    folder, files_of = case
    for who, path in files_of.items():
        result = run(
            *("post", folder, "--image", folder / "spect.nii.gz", *GIVEN, *BARE),
            *("--structures", folder / "liver.nii.gz", "--structures", path),
            *("--json", "--force", "--out", tmp_path / "alone"),
        )
        assert result.exit_code == 0, result.stderr
        alone = rows(json.loads(result.stdout))
        if who == "C":
            alone["Tumor 1"] = alone.pop("tumor 1")
        found = by_reader(document, who)
        assert found.keys() == {*alone, "all_tumors"}
        for name, row in alone.items():
            assert found[name]["dose_gy"] == row["dose_gy"], (who, name)
            assert found[name]["volume_ml"] == row["volume_ml"]


def test_the_doses_are_of_the_majority(assessed):
    out, document, result = assessed
    votes = sum(ellipsoid(moved(TUMOR, **how)).astype(int) for how in DRAWN.values())
    voxel_ml = 4.0 * 3.5 * 5.0 / 1000
    agreed = (votes >= 2).sum() * voxel_ml
    assert rows(document)["Tumor 1"]["volume_ml"] == pytest.approx(agreed)
    assert document["observers"]["doses_are_of"] == "majority"
    said = "Doses are of the consensus of 3 readers by majority"
    assert said in result.stderr
    page = (out / "report.html").read_text("utf-8")
    assert said in page
    assert "Contours by several readers" in page
    for who in ("reader A", "reader Dr. B", "reader C", "consensus by majority"):
        assert f"</i>{who}</li>" in page
    # No reader's line lies over the consensus, which is dashed.
    *_, last = re.findall('<path class="outline"[^>]*>', page)
    assert 'stroke="#ffffff"' in last
    assert "stroke-dasharray" in last
    schema = files("sirtdose.data").joinpath("schemas/post.schema.json")
    Draft202012Validator(json.loads(schema.read_text("utf-8"))).validate(document)


def test_their_spread_is_that_of_their_own_doses(assessed):
    _, document, _ = assessed
    own = document["observers"]["methods"]["local_deposition"]
    [spread] = [one for one in own["spread"] if one["name"] == "Tumor 1"]
    means = [by_reader(document, who)["Tumor 1"]["dose_gy"]["mean"] for who in DRAWN]
    voxels = [ellipsoid(moved(TUMOR, **how)).sum() for how in DRAWN.values()]
    assert spread["readers"] == 3
    assert spread["volume_variation"] == pytest.approx(
        np.std(voxels, ddof=1) / np.mean(voxels)
    )
    assert spread["mean_variation"] == pytest.approx(
        np.std(means, ddof=1) / np.mean(means)
    )
    assert spread["mean_lowest_gy"] == min(means)


def test_a_reader_of_one_tumor_is_one_of_those_compared(assessed):
    out, document, result = assessed
    own = document["observers"]["methods"]["local_deposition"]
    spread = {one["name"]: one for one in own["spread"]}
    assert {name: one["readers"] for name, one in spread.items()} == {
        **dict.fromkeys(("Liver", "Tumor 1", "normal_whole", "all_tumors"), 3),
        "Tumor 2": 1,
    }
    means = [by_reader(document, who)["all_tumors"]["dose_gy"]["mean"] for who in DRAWN]
    # Of those with one tumor, that of the tumor.
    assert means[1:] == [
        by_reader(document, who)["Tumor 1"]["dose_gy"]["mean"] for who in ("Dr. B", "C")
    ]
    found = spread["all_tumors"]["mean_variation"]
    assert found == pytest.approx(np.std(means, ddof=1) / np.mean(means))
    assert (
        rows(document)["all_tumors"]["dose_gy"] == rows(document)["Tumor 1"]["dose_gy"]
    )
    # The liver is of a file without a name: one contour tells no spread.
    assert [name for name, one in spread.items() if one["shared"]] == ["Liver"]
    assert spread["Liver"]["volume_variation"] is None
    assert re.search(r"^Liver .* shared +- +-$", result.stderr, re.MULTILINE)
    # Of how many readers a coefficient of variation is stands in front of it.
    said = {
        name: " ".join(line.split())
        for line in result.stderr.splitlines()
        for name in ("Tumor 2", "all tumors")
        if line.startswith(name) and " of 3 " in line
    }
    assert said["Tumor 2"].endswith(" 1 of 3 - -")
    assert (
        f" 3 of 3 {100 * spread['all_tumors']['volume_variation']:.1f} %"
        in (said["all tumors"])
    )
    page = (out / "report.html").read_text("utf-8")
    assert '<td class="num nw">1 of 3</td>' in page


def test_overlap_is_that_of_the_masks(assessed):
    out, document, _ = assessed
    a, b = (ellipsoid(moved(TUMOR, **DRAWN[who])) for who in ("reader A", "Dr. B"))
    [found] = [
        one
        for one in document["observers"]["overlap"]
        if (one["one"], one["other"]) == ("reader A", "Dr. B")
    ]
    assert found["dice"] == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))
    assert 0 < found["mean_mm"] < found["p95_mm"] < 15
    with (out / "readers_overlap.csv").open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 3


def test_tables_have_every_reader(assessed):
    out, document, _ = assessed
    with (out / "readers.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert {row["contours_of"] for row in table} == {*DRAWN, "STAPLE"}
    [row] = [
        one for one in table if (one["contours_of"], one["name"]) == ("C", "Tumor 1")
    ]
    mean = by_reader(document, "C")["Tumor 1"]["dose_gy"]["mean"]
    assert float(row["mean_gy"]) == pytest.approx(mean, rel=1e-8)
    with (out / "readers_dvh.csv").open(encoding="utf-8", newline="") as stream:
        curve = [
            (float(one["dose_gy"]), float(one["volume_fraction"]))
            for one in csv.DictReader(stream)
            if (one["contours_of"], one["name"]) == ("C", "Tumor 1")
        ]
    d70 = by_reader(document, "C")["Tumor 1"]["dose_gy"]["d70"]
    below = [gy for gy, part in curve if part >= 0.7]
    assert max(below) == pytest.approx(d70, rel=0.012)


def test_a_lesion_that_readers_lack_is_said_and_left_out(assessed):
    _, document, _ = assessed
    assert "Tumor 2" not in rows(document)
    assert "Tumor 2" in by_reader(document, "reader A")
    [said] = [one for one in document["warnings"] if one["subject"] == "Tumor 2"]
    assert (said["code"], said["severity"]) == ("H19", "warn")
    assert "drawn by reader A, but not by reader Dr. B and reader C" in said["message"]
    assert "the consensus leaves it out" in said["message"]
    [lacking] = document["observers"]["lacking"]
    assert lacking["in_consensus"] is False


def test_the_spread_takes_the_place_of_the_default_contours(assessed):
    _, document, _ = assessed
    known = document["uncertainty"]
    names = [one["name"] for one in known["budget"]]
    assert "contour_voxels" not in names
    entry = known["budget"][names.index("contour_readers")]
    assert "3 readers of this patient" in entry["says"]
    [border] = document["observers"]["borders"]
    # The median of three: variance 1 - 3 ** 0.5 / pi; Student's t of 2 degrees: 4.3027.
    factor = (1 - 3**0.5 / np.pi) ** 0.5 * 4.3027 / 1.95996
    assert border["outwards_factor"] == pytest.approx(factor, rel=1e-3)
    assert entry["value"] == pytest.approx(border["outwards_mm"] * factor, rel=1e-3)
    # Borders 1.5 mm further out, 2 mm further in and 3 mm further out.
    assert border["outwards_mm"] == pytest.approx(np.std([1.5, -2, 3], ddof=1), rel=0.1)
    row = {r["name"]: r for r in known["methods"]["local_deposition"]}["Tumor 1"]
    assert row["components"]["contour_readers"]["standard_gy"] > 0


def test_one_reader_has_a_name_and_the_law_of_size(run, case, tmp_path):
    out = tmp_path / "one"
    result = run(*words(case, "C"), "--uncertainty", 20, *BARE, "--json", "--out", out)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["observers"]["readers"] == ["C"]
    assert document["observers"]["doses_are_of"] == "C"
    assert not (out / "readers.csv").exists()
    [law] = [
        one
        for one in document["uncertainty"]["budget"]
        if one["name"] == "contour_size"
    ]
    # Drawn on the image's voxels: half of sqrt(a**2 / 6 + 15**2 / (4 ln 2)).
    a = (4.0 * 3.5 * 5.0) ** (1 / 3)
    expected = 0.5 * (a**2 / 6 + 15.0**2 / (4 * np.log(2))) ** 0.5
    assert law["value"] == pytest.approx(expected, rel=1e-6)
    assert "Gear et al. 2018" in law["source"]
    assert law["verified"] is False


def test_no_name_of_a_reader_is_left_in_de_identified_results(run, case, tmp_path):
    out = tmp_path / "out"
    result = run(*words(case), "--deidentify", "--no-dicom", "--out", out)
    assert result.exit_code == 0, result.stderr
    for path in out.iterdir():
        if path.suffix in (".json", ".csv", ".html"):
            text = path.read_text("utf-8")
            assert "Dr. B" not in text, path.name
            assert "by1" not in text, path.name
    document = json.loads((out / "post.json").read_text("utf-8"))
    assert document["observers"]["readers"] == ["reader 1", "reader 2", "reader 3"]


def test_files_of_readers_are_hashed_and_asked_for_again(run, assessed):
    out, document, _ = assessed
    kinds = [one["file"] for one in document["inputs"]]
    assert [one for one in kinds if one.startswith("by")] == [
        "by0.nii.gz",
        "by1.nii.gz",
        "by2.nii.gz",
    ]
    assert all(one["sha256"] for one in document["inputs"])
    asked = json.loads((out / "run.json").read_text("utf-8"))["asked"]["options"]
    named = [one for one in asked["structures"] if "reader" in one]
    assert [one["reader"] for one in named] == [*DRAWN]
    assert "by0" not in json.dumps(asked)
    assert run("verify", out, "--rerun").exit_code == 0


def test_a_manifest_names_readers_too(run, case, tmp_path):
    folder, files_of = case
    cell = "|".join(
        ["liver.nii.gz", *(f"{who}={one.name}" for who, one in files_of.items())]
    )
    table = tmp_path / "manifest.csv"
    header = "case_id,input,image,structures,administered,lung_shunt"
    row = f'one,{folder},spect.nii.gz,"{cell}",0.5GBq,4%'
    table.write_text(f"{header}\n{row}\n", "utf-8")
    result = run("batch", table, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "out" / "one" / "post.json").read_text("utf-8"))
    assert document["observers"]["readers"] == [*DRAWN]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["A={0}", "a={1}"], "reader 'a' is named twice"),
        (["reader A={0}", "A={1}"], "reader 'A' is named twice"),
        (["A, B={0}", "C={1}"], "'A, B' cannot be the name of a reader"),
        (["A={0}", "B={0}"], "reader A and reader B have the same structures"),
        (["A;rm={0}", "B={1}"], "cannot be the name of a reader"),
        (["STAPLE={0}", "B={1}"], "is how results call a consensus"),
        (["A={0}", "{0}", "B={1}"], "is given with the name of reader A, and without"),
        (["{0}", "{1}"], "--structures 'reader A=FILE' --structures 'reader B=FILE'"),
    ],
)
def test_what_is_no_reader_is_refused(run, case, tmp_path, typed, said):
    folder, files_of = case
    paths = [str(one) for one in files_of.values()]
    found = ["post", folder, "--image", folder / "spect.nii.gz", *GIVEN, *BARE]
    for one in typed:
        found += ["--structures", one.format(*paths)]
    result = run(*found, "--out", tmp_path / "out")
    assert result.exit_code in (2, 3)
    assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_a_plan_takes_no_readers(run, case, tmp_path):
    folder, files_of = case
    first, second, _ = files_of.values()
    result = run(
        *("plan", "image", folder, "--image", folder / "spect.nii.gz"),
        *("--structures", f"A={first}", "--structures", f"B={second}"),
        *("--activity", "2GBq", "--device", "glass", "--out", tmp_path / "plan"),
    )
    assert result.exit_code == 3
    assert "`sirtdose post`" in result.stderr


def test_a_candidate_of_one_reader_stops_as_any_other(run, case, tmp_path):
    folder, files_of = case
    name = "Tumor 1 (candidate)"
    own = labels(tmp_path / "c.nii.gz", {name: ellipsoid(moved(TUMOR, wider=1.0))})
    result = run(
        *words((folder, {**files_of, "C": own})),
        *("--accept", f"H35:{name}", "--reason", "fine", "--out", tmp_path / "out"),
    )
    assert result.exit_code == 3
    assert f"H35 Segmented by sirtdose: reader C: '{name}'" in result.stderr
    assert not (tmp_path / "out").exists()
