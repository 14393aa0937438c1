"""`sirtdose post --uncertainty`: every dose with what it is known to."""

import csv
import json
import re
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

GIVEN = ("--administered", "2.2GBq", "--lung-shunt", "5%")
# Enough for what comes of it, in a quarter of the time.
COARSE = ("--dose-grid", "7mm")


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    from sirtdose.phantom.request import PhantomRequest
    from sirtdose.workflows.phantom import write_phantom

    folder = tmp_path_factory.mktemp("patient")
    write_phantom(PhantomRequest(), folder)
    return folder


@pytest.fixture(scope="module")
def assessed(patient, tmp_path_factory):
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    out = tmp_path_factory.mktemp("doses") / "out"
    words = ["post", str(patient), *GIVEN, "--uncertainty", "40", "--out", str(out)]
    result = CliRunner().invoke(main, [*words, "-v"])
    assert result.exit_code == 0, result.stderr
    assert "which blur biases: Tumor 1, Tumor 2, Tumor 3" in result.stderr
    return out, result


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_mean_and_quantity_has_its_interval(assessed):
    out, result = assessed
    document = json.loads((out / "post.json").read_text("utf-8"))
    schema = files("sirtdose.data").joinpath("schemas/post.schema.json")
    Draft202012Validator(json.loads(schema.read_text("utf-8"))).validate(document)
    known = document["uncertainty"]
    doses = document["doses"]["local_deposition"]["structures"]
    by_name = {one["name"]: one for one in known["methods"]["local_deposition"]}
    for one in doses:
        quantities = by_name[one["name"]]["quantities"]
        mean = quantities["mean_gy"]
        assert mean["value"] == one["dose_gy"]["mean"]
        # A SPECT's usual blur, 15 mm, takes more from all three, of 92, 24 and 6 mL,
        # than all that is in the budget: the phantom's truth is 1.27 to 2.1 times.
        small = one["role"] in ("tumor", "all_tumors")
        if not small:
            assert mean["low"] < mean["value"] < mean["high"]
        assert quantities["d70_gy"]["value"] == one["dose_gy"]["d70"]
        assert quantities["v100"]["value"] == one["volume_fraction_above"]["100"]
        first = by_name[one["name"]]["by_first_order"]["mean_gy"]
        assert first["standard_uncertainty"] == pytest.approx(
            mean["standard_uncertainty"], rel=0.35
        )
        shares = by_name[one["name"]]["components"].values()
        assert sum(part["part_of_variance"] for part in shares) == pytest.approx(1)
        # D_x, V_x, volume and histogram by the other route too.
        others = by_name[one["name"]]["by_first_order"]
        assert others.keys() == quantities.keys()
        for name in ("d50_gy", "volume_ml"):
            assert others[name]["value"] == quantities[name]["value"]
            assert others[name]["standard_uncertainty"] == pytest.approx(
                quantities[name]["standard_uncertainty"], rel=0.4
            )
        assert by_name[one["name"]]["part_of_realizations_gone"] == 0
        volume = quantities["volume_ml"]
        assert volume["low"] <= volume["value"] <= volume["high"]
        why = by_name[one["name"]]["interval_left_out"]
        if small:
            assert "no 95 % interval: blur was not corrected" in why
            assert by_name[one["name"]]["dvh_band"] is None
            assert {others[name]["high"] for name in ("mean_gy", "d70_gy", "v100")} == {
                None
            }
            assert f"{one['name'].replace('_', ' ')}: " in result.stderr
            continue
        assert why is None
        for interval in (*quantities.values(), *others.values()):
            assert interval["low"] <= interval["value"] <= interval["high"]
        assert all(others[v]["high"] <= 1 for v in others if v.startswith("v1"))
        band = by_name[one["name"]]["dvh_band"]
        assert len(band["low_fraction_by_first_order"]) == len(band["dose_gy"])
    assert "u = " in result.stderr
    assert "(k = 1), 95 % interval" in result.stderr


def test_lungs_by_voxel_have_theirs_too(run, patient, tmp_path):
    out = tmp_path / "out"
    density = ("--density", "ct", "--density-curve", "Schneider")
    result = run(
        *("post", patient, *GIVEN, *density, "--method", "local"),
        *("--uncertainty", 20, "--no-report", "--no-dicom", "--out", out),
    )
    assert result.exit_code == 0, result.stderr
    document = json.loads((out / "post.json").read_text("utf-8"))
    known = document["uncertainty"]
    rows_of = known["methods"]["local_deposition"]
    [lungs] = [one for one in rows_of if one["role"] == "lungs"]
    mean = lungs["quantities"]["mean_gy"]
    assert 0.02 < mean["standard_uncertainty"] / mean["value"] < 0.3
    assert mean["low"] < mean["value"] < mean["high"]
    first = lungs["by_first_order"]["mean_gy"]["standard_uncertainty"]
    assert first == pytest.approx(mean["standard_uncertainty"], rel=0.4)
    assert any("breathing" in one for one in known["left_out"])


def test_the_lungs_and_their_limit(assessed):
    out, _ = assessed
    known = json.loads((out / "post.json").read_text("utf-8"))["uncertainty"]
    # 49.67 x 2.2 x 0.05 / 0.6505 kg by the CT = 8.399 Gy.
    # The root of 5 %, 30 %, 20 % and 0.36 % is 36.4 %.
    lungs = known["lungs_gy"]
    assert lungs["value"] == pytest.approx(8.399, rel=1e-4)
    assert lungs["standard_uncertainty"] / 8.399 == pytest.approx(0.364, rel=0.25)
    chances = {one["name"]: one["probability_met"] for one in known["limits"]}
    assert chances == {"lungs": 1.0, "lungs_cumulative": 1.0}


def test_tables_and_page(assessed):
    out, _ = assessed
    table = rows(out / "uncertainty.csv")
    assert {one["by"] for one in table} == {"ensemble", "first order"}
    of = {
        by: {
            one["quantity"]
            for one in table
            if one["by"] == by and one["role"] != "lungs"
        }
        for by in ("ensemble", "first order")
    }
    assert of["ensemble"] == of["first order"] >= {"mean", "d70", "v100", "volume"}
    assert {one["unit"] for one in table} == {"Gy", "mL", "1"}
    parts = rows(out / "uncertainty_budget.csv")
    assert {one["component"] for one in parts} >= {"contour_voxels", "administered"}
    page = (out / "report.html").read_text("utf-8")
    assert "How sure the doses are" in page
    # Seven structures, three of them tumors.
    assert page.count("<polygon") == 4
    said = "No 95 % interval for uncorrected tumor doses, which blur biases: Tumor 1 ("
    assert page.count(f'<p class="small">{said}') == 1
    assert (
        "WARN H" not in re.findall(r'<table class="ladder".*?</table>', page, re.S)[0]
    )
    [tumor] = [
        one
        for one in table
        if (one["name"], one["quantity"], one["by"])
        == ("Tumor 2", "mean", "first order")
    ]
    assert (tumor["low"], tumor["high"]) == ("", "")
    assert "not verified" in page


def test_percentages_on_the_terminal_have_their_intervals(assessed):
    """V100Gy in percent, as in the json as a fraction; with u by both routes."""
    out, result = assessed
    known = json.loads((out / "post.json").read_text("utf-8"))["uncertainty"]
    lines = result.stderr.splitlines()
    first = lines.index("  95 % intervals; u by the realizations, by first order")
    heads = re.split(r"  +", lines[first + 1].strip())
    assert heads[-1] == "V100Gy %"
    cells = {
        found[0]: found[heads.index("V100Gy %") + 1]
        for line in lines[first + 2 : first + 10]
        for found in [re.split(r"  +", line.strip())]
    }
    for row in known["methods"]["local_deposition"]:
        cell = cells[
            row["name"]
            .replace("all_tumors", "all tumors")
            .replace("normal_whole", "normal whole liver")
            .replace("normal_perfused", "normal perfused liver")
        ]
        one = row["quantities"]["v100"]
        u = [
            100 * own["v100"]["standard_uncertainty"]
            for own in (row["quantities"], row["by_first_order"])
        ]
        shown = [float(number) for number in re.findall(r"[\d.]+", cell)]
        assert shown[-2:] == pytest.approx(u, abs=0.06)
        if one["low"] is None:
            assert cell.startswith("not shown")
        else:
            ends = [100 * one["low"], 100 * one["high"]]
            assert shown[:2] == pytest.approx(ends, rel=0.06, abs=0.06)


def test_without_it_nothing_of_it_is_written(run, patient, tmp_path):
    out = tmp_path / "out"
    run("post", patient, *GIVEN, "--no-dicom", "--out", out)
    assert json.loads((out / "post.json").read_text("utf-8"))["uncertainty"] is None
    assert not (out / "uncertainty.csv").exists()
    assert "none was asked for (--uncertainty)" in (out / "report.html").read_text(
        "utf-8"
    )


def test_an_own_budget_and_a_seed(run, patient, tmp_path):
    budget = tmp_path / "budget.toml"
    zero = ("contour_voxels", "contour_shift_voxels", "registration_mm", "noise")
    zero += ("motion_mm",)
    none = ("lung_shunt", "density", "dose_constant")
    lines = [f"{name} = 0" for name in (*zero, *none)]
    budget.write_text(
        "\n".join(['source = "our lab"', "[budget]", "administered = 0.08", *lines]),
        "utf-8",
    )
    made = []
    for name in ("a", "b"):
        out = tmp_path / name
        result = run(
            *("post", patient, *GIVEN, "--uncertainty", 40, "--budget", budget),
            *("--seed", 5, *COARSE, "--no-report", "--no-dicom", "--out", out),
        )
        assert result.exit_code == 0, result.stderr
        made.append((out / "uncertainty.csv").read_bytes())
    assert made[0] == made[1]
    known = json.loads((tmp_path / "a" / "post.json").read_text("utf-8"))["uncertainty"]
    # The administered activity alone: 8 % of every mean, by both routes.
    for one in known["methods"]["local_deposition"]:
        mean = one["quantities"]["mean_gy"]
        relative = mean["standard_uncertainty"] / mean["value"]
        assert relative == pytest.approx(0.08, rel=0.05)
        first = one["by_first_order"]["mean_gy"]["standard_uncertainty"]
        assert first / mean["value"] == pytest.approx(0.08, rel=1e-6)
    used = {one["name"]: one for one in known["budget"]}
    assert used["administered"]["source"] == "our lab"


@pytest.mark.slow
def test_a_finer_dose_grid_makes_no_dose_surer(run, patient, assessed, tmp_path):
    finer = tmp_path / "finer"
    result = run(
        *("post", patient, *GIVEN, "--dose-grid", "3.3mm", "--method", "local"),
        *("--uncertainty", 20),
        *("--no-report", "--no-dicom", "--out", finer),
    )
    assert result.exit_code == 0, result.stderr
    known = []
    for out in (assessed[0], finer):
        document = json.loads((out / "post.json").read_text("utf-8"))
        rows_of = document["uncertainty"]["methods"]["local_deposition"]
        known.append(
            {
                one["name"]: one["by_first_order"]["mean_gy"]["standard_uncertainty"]
                for one in rows_of
            }
        )
    # In sides of the dose grid's voxels, contours would be surer by 4.8 / 3.3.
    assert len(known[0]) == 8
    for name, standard in known[0].items():
        assert known[1][name] == pytest.approx(standard, rel=0.15)


def test_a_table_of_recoveries_is_said_to_be_left_out(run, patient, tmp_path):
    table, out = tmp_path / "recovery.csv", tmp_path / "out"
    table.write_text("volume_ml,rc\n1,0.4\n10,0.7\n100,0.9\n", "utf-8")
    result = run(
        *("post", patient, *GIVEN, "--pvc", table, "--uncertainty", 20, *COARSE),
        *("--no-report", "--no-dicom", "--out", out),
    )
    assert result.exit_code == 0, result.stderr
    known = json.loads((out / "post.json").read_text("utf-8"))["uncertainty"]
    assert "local_deposition+recovery" in known["methods"]
    assert "uncertainty of the recovery coefficients" in known["left_out"]
    assert "what contours change in the undoing of the blur" not in known["left_out"]


def test_injections_are_said_to_vary_together(run, patient, tmp_path):
    out = tmp_path / "out"
    one = "lobe=2.2GBq@2026-03-02T10:00+01:00;perfused=Perfused lobe"
    result = run(
        *("post", patient, "--injection", one, "--uncertainty", 20),
        *("--accept", "H14", "--reason", "blur beside the lobe"),
        *("--no-report", "--no-dicom", "--out", out),
    )
    assert result.exit_code == 0, result.stderr
    known = json.loads((out / "post.json").read_text("utf-8"))["uncertainty"]
    assert any(
        ("sharing of the image among injections") in one for one in known["left_out"]
    )
    for row in known["methods"]["local_deposition"]:
        mean = row["quantities"]["mean_gy"]
        if row["interval_left_out"] is None:
            assert mean["low"] < mean["value"] < mean["high"]


@pytest.mark.slow
def test_the_width_of_an_undone_blur_counts(run, patient, tmp_path):
    out = tmp_path / "out"
    result = run(
        *("post", patient, *GIVEN, "--psf", "12mm", "--uncertainty", 20, *COARSE),
        *("--no-report", "--no-dicom", "--out", out),
    )
    assert result.exit_code == 0, result.stderr
    known = json.loads((out / "post.json").read_text("utf-8"))["uncertainty"]
    undone = known["methods"]["local_deposition+iterative_yang"]
    tumors = [one for one in undone if one["role"] == "tumor"]
    assert tumors
    assert all(one["components"]["psf"]["standard_gy"] > 0 for one in tumors)
    assert all(one["interval_left_out"] is None for one in tumors)
    assert "psf" not in known["methods"]["local_deposition"][0]["components"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[budget]\nadministred = 0.1\n", "no entry 'administred'"),
        ("[budget]\nadministered = 5\n", "5 % is 0.05"),
        ('[budget]\nadministered = "5 %"\n', "is not a number"),
        ("[budgets]\nadministered = 0.05\n", "'budgets' is not known"),
        ("[budget\n", "is not valid TOML"),
    ],
)
def test_a_wrong_budget_is_refused(run, patient, tmp_path, text, said):
    budget, out = tmp_path / "budget.toml", tmp_path / "out"
    budget.write_text(text, "utf-8")
    result = run(
        *("post", patient, *GIVEN, "--uncertainty", 20, "--budget", budget),
        *("--out", out),
    )
    assert result.exit_code == 3
    assert said in result.stderr
    assert not out.exists()


def test_a_budget_without_a_number_is_refused(run, patient, tmp_path):
    result = run(
        *("post", patient, *GIVEN, "--seed", 3, "--out", tmp_path / "out"),
    )
    assert result.exit_code == 2
    assert "--uncertainty" in result.stderr
