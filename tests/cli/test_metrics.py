"""`--metric`: asked for once, in every table, document and page."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from click.testing import CliRunner, Result

from sirtdose.model import metric
from sirtdose.report import doses, tables
from sirtdose.report.post import lines, page
from tests.conftest import require_valid

Run = Callable[..., Result]
ASKED = ("D2cc", "D60cc", "V70Gy", "D37", "EUD")
METRICS = tuple(word for one in ASKED for word in ("--metric", one))
NEW = "D33"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def make_case(folder: Path) -> Path:
    """A liver of 414 mL, and in it a tumor of 39 mL whose uptake rises along x."""
    folder.mkdir()
    labels = np.zeros((18, 14, 10), np.uint8)
    labels[3:15, 2:11, 2:10] = 1
    labels[6:10, 5:9, 4:9] = 2
    rising = 1 + np.arange(18, dtype=np.float32)[:, None, None]
    image = np.where(labels == 2, rising, 1.0 * (labels > 0)).astype(np.float32)
    affine = np.diag([-8.0, -7.5, 8.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(image, affine), folder / "spect.nii.gz")
    nibabel.save(nibabel.Nifti1Image(labels, affine), folder / "labels.nii.gz")
    (folder / "labels.tsv").write_text("index\tname\n1\tLiver\n2\tTumor 1\n", "utf-8")
    return folder


GIVEN = ("--image", "spect.nii.gz", "--structures", "labels.nii.gz")
GIVEN += ("--administered", "1GBq")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One assessment with every kind of metric, and what the terminal said."""
    from sirtdose.cli.main import main

    folder = tmp_path_factory.mktemp("metrics")
    case = make_case(folder / "case")
    words = ("post", case, *GIVEN, *METRICS, "--above", "20.5Gy", "--uncertainty", 20)
    said = CliRunner().invoke(main, [str(one) for one in (*words, "--out", case / "o")])
    assert said.exit_code == 0, said.output
    return case, said.stderr


def structures(document: dict[str, Any]) -> dict[str, Any]:
    return {
        one["name"]: one for one in document["doses"]["local_deposition"]["structures"]
    }


def test_post_shows_them_everywhere(asked: tuple[Path, str]) -> None:
    out, said = asked[0] / "o", asked[1]
    text = (out / "post.json").read_text("utf-8")
    require_valid(text)
    document = json.loads(text)
    assert document["metrics"] == [*ASKED, "V20.5Gy"]
    tumor = structures(document)["Tumor 1"]
    # 4 columns of 5 x 4 voxels of 0.48 mL, 9.6 mL each: uptake 10, 9, 8 and 7.
    assert tumor["volume_ml"] == pytest.approx(38.4)
    hottest, second = tumor["dose_gy"]["max"], tumor["dose_gy"]["max"] * 9 / 10
    assert tumor["dose_gy"]["d2cc"] == pytest.approx(hottest)
    assert tumor["dose_gy"]["d37"] == pytest.approx(second)
    assert tumor["dose_gy"]["d60cc"] is None
    assert structures(document)["Liver"]["dose_gy"]["d60cc"] > 0
    assert tumor["volume_fraction_above"]["20.5"] == 1
    table = {one["name"]: one for one in rows(out / "structures.csv")}
    assert list(table["Liver"])[-6:] == [
        *("d2cc_gy", "d60cc_gy", "v70gy_percent", "d37_gy", "eud_gy", "v20.5gy_percent")
    ]
    cells = table["Tumor 1"]
    assert float(cells["d2cc_gy"]) == pytest.approx(hottest)
    assert (cells["d60cc_gy"], cells["v20.5gy_percent"]) == ("", "100")
    part = tumor["volume_fraction_above"]["70"]
    assert float(cells["v70gy_percent"]) == pytest.approx(100 * part)
    assert float(cells["eud_gy"]) == pytest.approx(tumor["eud_gy"])
    assert table["Liver"]["eud_gy"] == ""
    page = (out / "report.html").read_text("utf-8")
    for one in ("D2cc Gy", "D60cc Gy", "V70Gy %", "D37 Gy", "EUD Gy", "V20.5Gy %"):
        assert one in said
        assert f'<th class="num">{one}</th>' in page
    why = "no D60cc for 'Tumor 1' (38.40 mL): the volume is below 60 mL"
    assert why in said
    assert f"{why}." in page.replace("&#39;", "'")
    assert "0.00" not in cells["d60cc_gy"]


def test_their_uncertainty_is_followed_too(asked: tuple[Path, str]) -> None:
    document = json.loads((asked[0] / "o" / "post.json").read_text("utf-8"))
    known = {
        one["name"]: one["quantities"]
        for one in document["uncertainty"]["methods"]["local_deposition"]
    }
    for one in ("d2cc_gy", "d37_gy", "v70", "v20.5", "v100"):
        assert one in known["Tumor 1"]
    assert known["Tumor 1"]["d2cc_gy"]["standard_uncertainty"] > 0
    # Of a tumor of 38 mL there is no such dose, of a liver there is.
    assert "d60cc_gy" not in known["Tumor 1"]
    assert known["Liver"]["d60cc_gy"]["value"] > 0
    assert not {"eud_gy", "sd_gy"} & set(known["Liver"])
    quantities = {one["quantity"] for one in rows(asked[0] / "o" / "uncertainty.csv")}
    assert {"d2cc", "d60cc", "v20.5", "v100"} <= quantities


def test_dvh_and_check_take_the_same(
    run: Run, asked: tuple[Path, str], tmp_path: Path
) -> None:
    case = asked[0]
    ours = structures(json.loads((case / "o" / "post.json").read_text("utf-8")))
    words = (case / "o" / "dose_local.nii.gz", *GIVEN[2:3], case / "labels.nii.gz")
    made = run(
        *("dvh", *words, *METRICS, "--sampling", "voxels", "--json"),
        *("--out", tmp_path / "dvh"),
    )
    found = {one["name"]: one for one in json.loads(made.stdout)["structures"]}
    for key in ("d2cc", "d37", "d60cc"):
        value = ours["Tumor 1"]["dose_gy"][key]
        assert found["Tumor 1"]["dose_gy"][key] == (value and pytest.approx(value))
    for one in ("D60cc Gy", "V70Gy %", "no EUD for 'Liver'", "no D60cc for 'Tumor 1'"):
        assert one in made.stderr
    cells = {one["name"]: one for one in rows(tmp_path / "dvh" / "structures.csv")}
    assert cells["Tumor 1"]["d60cc_gy"] == cells["Liver"]["eud_gy"] == ""
    # What we wrote is read back as their table, percent as percent.
    checked = run(
        *("check", words[0], "--against", case / "o", *words[1:], *METRICS),
        *("--their-table", tmp_path / "dvh" / "structures.csv", "--json"),
        *("--tolerance", "D2mL=1%", "--out", tmp_path / "check"),
    )
    document = json.loads(checked.stdout)
    assert document["passed"], document["failures"]
    assert document["tolerances"]["d2cc"] == 0.01
    for kind in ("structures", "reported"):
        numbers = {one["name"]: one["numbers"] for one in document[kind]}["Tumor 1"]
        assert numbers["d2cc"]["ours"] == pytest.approx(numbers["d2cc"]["theirs"])
        assert numbers["d2cc"]["met"] is True
        assert numbers["v70"]["ours"] == pytest.approx(numbers["v70"]["theirs"])
        assert "d60cc" not in numbers
    page = (tmp_path / "check" / "check.html").read_text("utf-8")
    for one in ("D2cc Gy", "V70Gy %"):
        assert f"ours {one}" in checked.stderr
        assert f'<th class="num">{one}</th>' in page
    assert "no D60cc for 'Tumor 1'" in checked.stderr
    assert "no D60cc for &#39;Tumor 1" in page.replace("No D60", "no D60")


def test_plan_image_takes_them_per_gbq_too(run: Run, tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    labels = nibabel.load(case / "labels.nii.gz")
    nibabel.save(
        nibabel.Nifti1Image((labels.get_fdata() > 0).astype(np.uint8), labels.affine),
        case / "perfused.nii.gz",
    )
    made = run(
        *("plan", "image", case, *GIVEN[:4], "--structures", "perfused.nii.gz"),
        *("--activity", "2GBq", "--lung-shunt", "5%", *METRICS, "--out", case / "o"),
    )
    assert made.exit_code == 0, made.stderr
    plan = json.loads((case / "o" / "plan.json").read_text("utf-8"))
    assert plan["metrics"] == plan["inputs"]["metrics"] == list(ASKED)
    table = {one["name"]: one for one in rows(case / "o" / "structures.csv")}
    each = {one["name"]: one for one in rows(case / "o/per_gbq/structures.csv")}
    dose = float(table["Tumor 1"]["d2cc_gy"])
    per_gbq = float(each["Tumor 1"]["d2cc_gy_per_gbq"])
    assert per_gbq == pytest.approx(dose / 2)
    assert each["Tumor 1"]["d60cc_gy_per_gbq"] == ""
    assert "D60cc Gy" in made.stderr
    assert ">D60cc Gy</th>" in (case / "o" / "plan.html").read_text("utf-8")


def test_a_batch_takes_them_from_the_environment_or_the_manifest(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_case(tmp_path / "p1")
    path = tmp_path / "manifest.csv"
    path.write_text(
        "case_id,input,image,structures,metric\n"
        "c1,p1,spect.nii.gz,labels.nii.gz,\n"
        "c2,p1,spect.nii.gz,labels.nii.gz,D90cc|D2cc\n",
        "utf-8",
    )
    monkeypatch.setenv("SIRTDOSE_METRICS", "D2cc V70Gy")
    out = tmp_path / "out"
    words = ("--administered", "1GBq", "--no-report", "--jobs", 1)
    assert run("batch", path, "--out", out, *words).exit_code == 0
    summary = {(one["case_id"], one["name"]): one for one in rows(out / "summary.csv")}
    first, second = summary["c1", "Tumor 1"], summary["c2", "Tumor 1"]
    assert list(first)[-3:] == ["d2cc_gy", "v70gy_percent", "d90cc_gy"]
    assert first["d2cc_gy"] == second["d2cc_gy"] != ""
    assert (first["d90cc_gy"], second["d90cc_gy"], second["v70gy_percent"]) == ("",) * 3
    assert float(summary["c2", "Liver"]["d90cc_gy"]) > 0
    # The record is complete: another environment changes nothing of it.
    monkeypatch.setenv("SIRTDOSE_METRICS", "D98.5")
    again = run("verify", out, "--rerun", "--json")
    assert again.exit_code == 0, again.stderr
    assert [one["rerun"] for one in json.loads(again.stdout)["cases"]] == [
        "the same"
    ] * 2


def test_the_environment_is_recorded_by_post(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, out = make_case(tmp_path / "case"), tmp_path / "out"
    monkeypatch.setenv("SIRTDOSE_METRICS", "D2cc")
    words = ("post", case, *GIVEN, "--no-report", "--above", "30Gy", "--out", out)
    assert run(*words).exit_code == 0
    document = json.loads((out / "post.json").read_text("utf-8"))
    assert document["metrics"] == ["D2cc", "V30Gy"]
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["asked"]["options"]["metric"] == ["D2cc"]
    monkeypatch.delenv("SIRTDOSE_METRICS")
    again = run("verify", out, "--rerun")
    assert again.exit_code == 0, again.stderr


def test_a_plans_own_check_needs_no_metric(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan: tuple[str, ...] = ("plan", "mird", "--dose", "9Gy", "--perfused-volume", "1L")
    plan += ("--lung-shunt", "5%")
    assert run(*plan, "--out", tmp_path).exit_code == 0
    check = ("check", "--plan", tmp_path / "plan.json")
    assert run(*check, "--metric", "D2cc").exit_code == 2
    monkeypatch.setenv("SIRTDOSE_METRICS", "D2cc")
    assert run(*check).exit_code == 0


@pytest.mark.parametrize("command", ["post", "dvh", "check"])
def test_refusals_say_what_to_type(run: Run, tmp_path: Path, command: str) -> None:
    result = run(command, tmp_path / "x", "--metric", "D150", "--out", tmp_path / "o")
    assert result.exit_code == 2
    assert "give at most 100 %, or D150cc for 150 mL" in result.stderr


def test_a_batch_refuses_the_case_that_asks_for_what_is_none(
    run: Run, tmp_path: Path
) -> None:
    make_case(tmp_path / "p1")
    path = tmp_path / "manifest.csv"
    path.write_text("case_id,input,administered,metric\nc1,p1,1GBq,D150\n", "utf-8")
    assert run("batch", path, "--out", tmp_path / "out", "--jobs", 1).exit_code == 6
    [case] = rows(tmp_path / "out" / "cases.csv")
    assert "D150cc for 150 mL" in case["error"]


def test_a_new_default_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more line in the one table, and it stands everywhere."""
    more = {**metric.DEFAULTS, NEW: metric.EVERYWHERE}
    monkeypatch.setattr(metric, "DEFAULTS", more)
    case = make_case(tmp_path / "case")
    out = case / "o"
    made = run("post", case, *GIVEN, "--uncertainty", 20, "--out", out, "--json")
    assert made.exit_code == 0, made.stderr
    document = json.loads(made.stdout)
    assert structures(document)["Tumor 1"]["dose_gy"]["d33"] > 0
    [known, *_] = document["uncertainty"]["methods"]["local_deposition"]
    assert "d33_gy" in known["quantities"]
    assert float(rows(out / "structures.csv")[0]["d33_gy"]) > 0
    assert "D33 Gy" in made.stderr
    page = (out / "report.html").read_text("utf-8")
    assert page.count('<th class="num">D33 Gy</th>') == 1
    assert '<th class="num">D33 Gy, 95 %</th>' in page
    dose = out / "dose_local.nii.gz"
    labels = ("--structures", case / "labels.nii.gz")
    made = run("dvh", dose, *labels, "--out", tmp_path / "dvh", "--json")
    assert json.loads(made.stdout)["structures"][0]["dose_gy"]["d33"] > 0
    assert "D33 Gy" in made.stderr
    assert "d33_gy" in rows(tmp_path / "dvh" / "structures.csv")[0]
    made = run("check", dose, "--against", out, *labels, "--out", tmp_path / "check")
    assert "D33 %" in made.stderr
    shown = (tmp_path / "check" / "check.html").read_text("utf-8")
    assert '<th class="num">D33 Gy</th>' in shown
    assert any(one["number"] == "d33" for one in rows(tmp_path / "check" / "check.csv"))


def test_a_number_beside_the_histogram_is_one_entry(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Concentration, MBq/mL, stands in csv, json, terminal and page."""
    mine = doses.StructureNumber(
        "activity_mbq_per_ml",
        "MBq/mL",
        "MBq/mL",
        1,
        lambda row: 1000 * row.activity_gbq / row.dvh.volume_ml,
    )
    for module in (doses, tables, lines, page):
        monkeypatch.setattr(module, "NUMBERS", (*doses.NUMBERS, mine))
    case = make_case(tmp_path / "case")
    made = run("post", case, *GIVEN, "--out", case / "o", "--json")
    assert made.exit_code == 0, made.stderr
    tumor = structures(json.loads(made.stdout))["Tumor 1"]
    expected = 1000 * tumor["activity_gbq"] / tumor["volume_ml"]
    assert tumor["activity_mbq_per_ml"] == pytest.approx(expected)
    [row] = [r for r in rows(case / "o" / "structures.csv") if r["name"] == "Tumor 1"]
    assert float(row["activity_mbq_per_ml"]) == pytest.approx(expected)
    assert "MBq/mL" in made.stderr
    shown = (case / "o" / "report.html").read_text("utf-8")
    assert '<th class="num">MBq/mL</th>' in shown
    # An older result, which has none, is shown again with a dash.
    monkeypatch.undo()
    older = run("post", case, *GIVEN, "--out", tmp_path / "older")
    assert older.exit_code == 0, older.stderr
    for module in (doses, tables, lines, page):
        monkeypatch.setattr(module, "NUMBERS", (*doses.NUMBERS, mine))
    assert run("report", tmp_path / "older" / "post.json").exit_code == 0
    assert '<td class="num">-</td>' in (tmp_path / "older" / "report.html").read_text(
        "utf-8"
    )
