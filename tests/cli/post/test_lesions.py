"""All tumors together, parts of a lesion, and segments of the liver."""

import csv
import json

import numpy as np
import pytest

from tests.drawn_case import (
    GIVEN,
    LIVER,
    SHAPE,
    TUMOR,
    ellipsoid,
    image,
    labels,
    moved,
)

SECOND = ((42.0, 48.0, 58.0), (11.0, 10.0, 13.0))
VOXEL_ML = 4.0 * 3.5 * 5.0 / 1000


def drawn():
    """Masks by name; the second tumor touches the first."""
    tumor = ellipsoid(TUMOR)
    core = ellipsoid(moved(TUMOR, wider=-7.0))
    left = np.zeros(SHAPE, bool)
    left[:17] = True
    liver = ellipsoid(LIVER)
    return {
        "Liver": liver,
        "Tumor 1": tumor,
        "Tumor 2": ellipsoid(SECOND),
        "Tumor 1/necrotic": core,
        "Tumor 1/viable": tumor & ~core,
        "Tumor 1/margin": ellipsoid(moved(TUMOR, wider=5.0)) & ~tumor,
        "Segment IVa": liver & left,
        "liver_segment_6": liver & ~left,
    }


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lesions")
    image(folder)
    names = {}
    for n, (name, mask) in enumerate(drawn().items()):
        names[name] = labels(folder / f"mask{n}.nii.gz", {name: mask})
    return folder, names


def words(case, *names):
    folder, paths = case
    found = ["post", folder, "--image", folder / "spect.nii.gz", *GIVEN]
    for name in names or paths:
        found += ["--structures", paths[name]]
    return found


@pytest.fixture(scope="module")
def assessed(run, case, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "doses"
    # The viable part has high uptake, as has all that lies in a tumor.
    result = run(*words(case), "--no-dicom", "--uncertainty", 20, "--out", out)
    assert result.exit_code == 0, result.stderr
    return out, json.loads((out / "post.json").read_text("utf-8")), result


def rows(document):
    found = document["doses"]["local_deposition"]["structures"]
    return {one["name"]: one for one in found}


def test_all_tumors_together_count_each_voxel_once(assessed):
    _, document, _ = assessed
    known, masks = rows(document), drawn()
    row = known["all_tumors"]
    either = masks["Tumor 1"] | masks["Tumor 2"]
    assert row["role"] == "all_tumors"
    assert row["volume_ml"] == pytest.approx(either.sum() * VOXEL_ML)
    # Of local deposition: energy over mass, by the activity in the voxels.
    assert row["dose_gy"]["mean"] == pytest.approx(
        49.67 * row["activity_gbq"] / row["mass_kg"], rel=1e-3
    )
    assert row["eud_gy"] is not None
    assert row["eud_gy"] < row["dose_gy"]["mean"]
    assert {"d70", "d50"} <= row["dose_gy"].keys()
    assert "100" in row["volume_fraction_above"]


def test_it_is_in_the_tables_and_on_the_page(assessed):
    out, document, result = assessed
    with (out / "structures.csv").open(encoding="utf-8", newline="") as stream:
        [row] = [r for r in csv.DictReader(stream) if r["name"] == "all_tumors"]
    mean = rows(document)["all_tumors"]["dose_gy"]["mean"]
    assert float(row["mean_gy"]) == pytest.approx(mean)
    assert "all tumors" in result.stderr
    assert "All tumors" in (out / "report.html").read_text("utf-8")


def test_one_tumor_has_no_such_row(run, case, tmp_path):
    result = run(
        *words(case, "Liver", "Tumor 1"),
        *("--no-report", "--no-dicom", "--json", "--out", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.stderr
    assert "all_tumors" not in rows(json.loads(result.stdout))


def test_parts_have_doses_of_their_own_behind_their_lesion(assessed):
    _, document, result = assessed
    names = [*rows(document)]
    at = names.index("Tumor 1")
    parts = ["Tumor 1/necrotic", "Tumor 1/viable", "Tumor 1/margin"]
    assert names[at + 1 : at + 4] == parts
    known, masks = rows(document), drawn()
    for name in parts:
        assert known[name]["role"] == "tumor_part"
        assert known[name]["volume_ml"] == pytest.approx(masks[name].sum() * VOXEL_ML)
    # Two parts that make up a lesion have its activity.
    own = sum(known[name]["activity_gbq"] for name in parts[:2])
    assert own == pytest.approx(known["Tumor 1"]["activity_gbq"])
    assert "\n  Tumor 1/viable" in result.stderr


def test_parts_are_counted_nowhere_else(run, case, assessed, tmp_path):
    _, document, _ = assessed
    plain = run(
        *words(case, "Liver", "Tumor 1", "Tumor 2"),
        *("--no-report", "--no-dicom", "--json", "--out", tmp_path / "out"),
    )
    assert plain.exit_code == 0, plain.stderr
    alone, known = rows(json.loads(plain.stdout)), rows(document)
    for name in ("normal_whole", "all_tumors", "Tumor 1", "Liver"):
        assert known[name]["volume_ml"] == alone[name]["volume_ml"]
        assert known[name]["dose_gy"] == alone[name]["dose_gy"]


def test_a_part_without_its_lesion_asks(run, case, tmp_path):
    asked = words(case, "Liver", "Tumor 2", "Tumor 1/viable")
    result = run(*asked, "--no-report", "--no-dicom", "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "'Tumor 1/viable' is a part of 'Tumor 1', which is not drawn" in (
        " ".join(result.stderr.split())
    )


def test_segments_have_a_dose_and_are_neither_tumor_nor_perfused(assessed):
    _, document, _ = assessed
    known, masks = rows(document), drawn()
    for name in ("Segment IVa", "liver_segment_6"):
        row = known[name]
        assert row["role"] == "other"
        assert row["volume_ml"] == pytest.approx(masks[name].sum() * VOXEL_ML)
        assert row["dose_gy"]["mean"] > 0
    assert document["calibration"]["over"] == "liver"
    inside = sum(known[n]["activity_gbq"] for n in ("Segment IVa", "liver_segment_6"))
    assert inside == pytest.approx(known["Liver"]["activity_gbq"])


def test_the_uncertainty_of_all_tumors_follows_their_borders(assessed):
    _, document, _ = assessed
    found = document["uncertainty"]["methods"]["local_deposition"]
    known = {row["name"]: row for row in found}
    parts = known["all_tumors"]["components"]
    assert parts["contour_size"]["standard_gy"] > 0
    volume = known["all_tumors"]["quantities"]["volume_ml"]
    assert volume["standard_uncertainty"] > 0
