"""What an earlier run left and this one does not write goes with --force."""

import ast
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import sirtdose
from sirtdose.cli.words.families import FAMILIES, left_by_image
from sirtdose.io.image_file import write_nifti
from sirtdose.io.map_label import PLANNED, MapLabel, label_text
from sirtdose.io.output.folder import output_folder
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.again import PAGES, SHEET_FILE
from sirtdose.report.plan.image import REPLACED
from sirtdose.report.plan.uncertainty import PLAN_UNCERTAINTY_FILE
from sirtdose.report.post.files import post_replaces

Run = Callable[..., Result]
VIAL = ("plan", "vial", "--activity", "2.3GBq", "--device", "glass")
AT = ("--at", "2026-12-09T10:00-05:00")
ORDER = ["order.csv", "order.html", "order.json"]
PLAN = (
    *("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL"),
    *("--lung-shunt", "5%", "--device", "glass"),
)


def planned_map(path: Path, plan: str) -> None:
    """A map of no doses that says which plan it is of."""
    grid = Grid.regular((2, 2, 2), spacing_mm=(1.0, 1.0, 1.0))
    volume = Volume(np.zeros((2, 2, 2), np.float32), grid, Quantity.DOSE)
    label = label_text(MapLabel(plan, "local_deposition", PLANNED), volume)
    write_nifti(volume, path, label=label)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.mark.parametrize(
    "again",
    [
        (),
        ("--measured", "2.3GBq@2026-12-09T10:00-05:00"),
    ],
)
def test_an_order_form_does_not_stay_beside_other_vials(
    run: Run, tmp_path: Path, again: tuple[str, ...]
) -> None:
    out = tmp_path / "order"
    chosen = run(*VIAL, *AT, "--choose", "5GBq@2026-12-06", "--out", out)
    assert chosen.exit_code == 0, chosen.stderr
    assert names(out) == [*ORDER, "vial.html", "vial.json"]
    (out / "mine.txt").write_text("mine")
    result = run(*VIAL, *AT, *again, "--out", out, "--force")
    assert result.exit_code == 0, result.stderr
    assert names(out) == ["mine.txt", "vial.html", "vial.json"]


def test_an_order_form_does_not_stay_where_a_limit_refuses_another(
    run: Run, tmp_path: Path
) -> None:
    """Lungs: 49.67 x 5 % x 2.344 GBq = 5.8 Gy, and 6.4 Gy of 2.578 GBq."""
    plan, out = tmp_path / "plan", tmp_path / "order"
    made = run(
        *("plan", "partition", "--device", "glass", "--lung-shunt", "5%"),
        *("--perfused-volume", "900mL", "--tumor", "T1=100mL@3"),
        *("--activity", "2.4GBq", "--limit", "lungs=6Gy", "--out", plan),
    )
    assert made.exit_code == 0, made.stderr
    words = ("plan", "vial", "--plan", plan / "plan.json", *AT, "--out", out)
    first = run(*words, "--choose", "5GBq@2026-12-06")
    assert first.exit_code == 0, first.stderr
    assert set(ORDER) < set(names(out))
    second = run(*words, "--choose", "5.5GBq@2026-12-06", "--force")
    assert second.exit_code == 4, second.stderr
    assert "No order form is written" in second.stderr
    assert names(out) == ["vial.html", "vial.json"]


def test_a_sheet_does_not_stay_beside_a_new_plan(run: Run, tmp_path: Path) -> None:
    assert run(*PLAN, "--out", tmp_path).exit_code == 0
    assert run("report", tmp_path / "plan.json", "--sheet").exit_code == 0
    assert SHEET_FILE in names(tmp_path)
    again = [*PLAN, "--out", tmp_path, "--force"]
    again[again.index("120Gy")] = "130Gy"
    assert run(*again).exit_code == 0
    assert names(tmp_path) == ["plan.html", "plan.json", "uncertainty.csv"]


def test_maps_of_an_earlier_plan_do_not_stay_beside_one_by_numbers(
    run: Run, tmp_path: Path
) -> None:
    """Maps without a plan by an image may be of doses after treatment: they stay."""
    (tmp_path / "dose_local.nii.gz").write_text("map")
    assert run(*PLAN, "--out", tmp_path).exit_code == 0
    assert "dose_local.nii.gz" in names(tmp_path)
    (tmp_path / "plan.json").write_text('{"method": "image", "hash": "ab"}')
    planned_map(tmp_path / "dose_local.nii.gz", "ab")
    (tmp_path / "per_gbq").mkdir()
    assert run(*PLAN, "--out", tmp_path, "--force").exit_code == 0
    assert names(tmp_path) == ["plan.html", "plan.json", "uncertainty.csv"]


def test_only_a_plan_by_an_image_leaves_maps(tmp_path: Path) -> None:
    """By its content: a map by its label, tables by their heads, pictures by a hash."""
    assert left_by_image(None) == left_by_image(tmp_path) == ()
    planned_map(tmp_path / "dose_local.nii.gz", "ab")
    planned_map(tmp_path / "dose_kernel.nii.gz", "of another plan")
    (tmp_path / "structures.csv").write_text("method,name,role,volume_ml\n")
    (tmp_path / "dvh.csv").write_text("method,name,dose_gy,volume_fraction\n")
    digest = hashlib.sha256(b"ab").hexdigest()
    (tmp_path / "report_data.json").write_text(
        json.dumps({"document_sha256": digest}, indent=1)
    )
    (tmp_path / "figures").mkdir()
    for text in ("{", "[]", "{}", '{"method": "mird"}'):
        (tmp_path / "plan.json").write_text(text)
        assert left_by_image(tmp_path) == ()
    (tmp_path / "plan.json").write_text('{"method": "image", "hash": "ab"}')
    assert sorted(left_by_image(tmp_path)) == [
        *("dose_local.nii.gz", "dvh.csv", "figures", "report_data.json"),
        "structures.csv",
    ]


def sheet(run: Run, document: Path, out: Path, *more: str) -> None:
    words = ("report", document, "--sheet", "--out", out, *more)
    result = run(*words, "--force")
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize("more", [(), ("--deidentify",)])
def test_only_its_own_sheet_goes_with_a_document(
    run: Run, tmp_path: Path, more: tuple[str, ...]
) -> None:
    """A plan's stays beside vials and another plan; that of the vials goes."""
    plan, vials = tmp_path / "plan", tmp_path / "vials"
    other = [*PLAN[:3], "100Gy", *PLAN[4:]]
    key = ("--patient-key", "K1")
    assert run(*PLAN, *key, "--out", plan).exit_code == 0
    assert run(*other, "--out", tmp_path / "other").exit_code == 0
    assert run(*VIAL, *AT, "--choose", "5GBq@2026-12-06", "--out", vials).exit_code == 0
    for command in ((*VIAL, *AT, "--out", vials), (*PLAN, *key, "--out", plan)):
        sheet(run, tmp_path / "other" / "plan.json", command[-1], *more)
        kept = (command[-1] / SHEET_FILE).read_text("utf-8")
        result = run(*command, "--force")
        assert result.exit_code == 0, result.stderr
        assert (command[-1] / SHEET_FILE).read_text("utf-8") == kept
        sheet(run, next(command[-1].glob("[pv]*.json")), command[-1], *more)
        assert run(*command, "--force").exit_code == 0
        assert not (command[-1] / SHEET_FILE).exists()


def test_the_sheet_of_an_order_goes_with_its_vials(run: Run, tmp_path: Path) -> None:
    assert (
        run(*VIAL, *AT, "--choose", "5GBq@2026-12-06", "--out", tmp_path).exit_code == 0
    )
    sheet(run, tmp_path / "order.json", tmp_path)
    assert run(*VIAL, *AT, "--out", tmp_path, "--force").exit_code == 0
    assert names(tmp_path) == ["vial.html", "vial.json"]


def test_a_file_that_no_run_would_replace_is_not_written(tmp_path: Path) -> None:
    with (
        pytest.raises(LookupError, match=r"order\.html is not named"),
        output_folder(tmp_path / "out", ["vial.json"]) as folder,
    ):
        (folder / "order.html").write_text("x")
    assert not (tmp_path / "out").exists()


def test_what_a_report_makes_is_replaced_too() -> None:
    assert PAGES["sirtdose.plan/1"] in FAMILIES["plan.json"]
    assert PAGES["sirtdose.vial/1"] in FAMILIES["vial.json"]
    assert PAGES["sirtdose.order/1"] in FAMILIES["vial.json"]
    assert PAGES["sirtdose.compare/1"] in FAMILIES["compare.json"]
    assert PLAN_UNCERTAINTY_FILE in FAMILIES["plan.json"]
    for name in ("plan.json", "vial.json", "compare.json"):
        assert SHEET_FILE in FAMILIES[name]
    assert {SHEET_FILE, "figures"} < set(REPLACED)
    assert "figures" in post_replaces()


def test_every_shown_document_has_its_family() -> None:
    """A name in a call, written out or a constant of a module, is a key of FAMILIES."""
    named: dict[str, str] = {}
    package = Path(sirtdose.__file__).parent
    trees = {path: ast.parse(path.read_text("utf-8")) for path in package.rglob("*.py")}
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                named |= {
                    ast.unparse(one): str(node.value.value) for one in node.targets
                }
    called = {
        word.value.value
        if isinstance(word.value, ast.Constant)
        else named.get(ast.unparse(word.value), "plan.json")
        for path, tree in trees.items()
        if "cli" in path.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "show_document"
        for word in node.keywords
        if word.arg == "name"
    }
    asked = {"vial.json", "plan.json", "lsf.json", "commission.json", "trend.json"}
    assert asked <= called <= set(FAMILIES)
