"""--force takes away what the run before left, and nothing that is somebody else's."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.cli.words.families import left_by_image
from sirtdose.errors import OutputError
from sirtdose.io.hashing import sha256_of
from sirtdose.io.output.folder import output_folder
from sirtdose.io.output.owners import (
    BESIDE,
    IMAGED,
    IMAGED_MAP,
    RUN,
    require_not_of_others,
    strange_in,
)
from sirtdose.report.plan.image import REPLACED, per_gbq_file
from sirtdose.report.post.files import PAGE_DATA, post_replaces
from sirtdose.report.run_record import RUN_RECORD

Run = Callable[..., Result]
PLAN = (
    *("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL"),
    *("--lung-shunt", "5%", "--device", "glass"),
)
MAPS = ("dose_local.nii.gz", "dvh.csv", "structures.csv", "report_data.json")


def recorded(folder: Path, names: tuple[str, ...]) -> None:
    """Results of an assessment, and the record that lists them."""
    (folder / "post.json").write_text("{}")
    for one in names:
        (folder / one).write_text(f"post {one}")
    results = {one: sha256_of([folder / one]) for one in ("post.json", *names)}
    (folder / RUN).write_text(json.dumps({"results": results}))


def everything(folder: Path) -> dict[str, str]:
    return {
        one.relative_to(folder).as_posix(): one.read_text("utf-8", errors="replace")
        for one in folder.rglob("*")
        if one.is_file()
    }


def test_a_plan_by_numbers_leaves_results_after_treatment(
    run: Run, tmp_path: Path
) -> None:
    recorded(tmp_path, MAPS)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "planes.png").write_text("post")
    (tmp_path / "plan.json").write_text('{"method": "image", "hash": "ab"}')
    before = everything(tmp_path)
    result = run(*PLAN, "--out", tmp_path, "--force")
    assert result.exit_code == 0, result.stderr
    after = everything(tmp_path)
    assert after.pop("plan.json") != before.pop("plan.json")
    assert {one: after[one] for one in before} == before


def test_a_run_does_not_write_over_another_documents_files(
    run: Run, tmp_path: Path
) -> None:
    recorded(tmp_path, ("uncertainty.csv",))
    before = everything(tmp_path)
    result = run(*PLAN, "--out", tmp_path, "--force")
    assert result.exit_code != 0
    assert "contains uncertainty.csv of another result, that of run.json" in (
        result.stderr
    )
    assert everything(tmp_path) == before


def test_an_assessment_does_not_write_over_a_plan_by_an_image(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"method": "image", "doses": {}}')
    for one in MAPS:
        (tmp_path / one).write_text("plan")
    with pytest.raises(OutputError, match=r"structures\.csv of another result"):
        require_not_of_others(tmp_path, ["structures.csv"], post_replaces())
    with output_folder(tmp_path, post_replaces(), force=True) as folder:
        (folder / "post.json").write_text("{}")
    assert {one: (tmp_path / one).read_text() for one in MAPS} == dict.fromkeys(
        MAPS, "plan"
    )


def test_what_the_run_before_did_not_record_stays(tmp_path: Path) -> None:
    """A map by a kernel is known by its name, but that run made none."""
    recorded(tmp_path, ("dose_local.nii.gz", "structures.csv"))
    (tmp_path / "dose_kernel.nii.gz").write_text("mine")
    with output_folder(tmp_path, post_replaces(), force=True) as folder:
        (folder / "post.json").write_text("new")
        (folder / "run.json").write_text("{}")
    assert everything(tmp_path) == {
        "post.json": "new",
        "run.json": "{}",
        "dose_kernel.nii.gz": "mine",
    }


def test_own_tables_beside_a_plan_by_an_image_stay(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"method": "image", "hash": "ab"}')
    (tmp_path / "structures.csv").write_text("name;volume\nliver;1500\n")
    (tmp_path / "dvh.csv").write_text("method,name,dose_gy,volume_fraction\n")
    (tmp_path / "dose_local.nii.gz").write_text("mine")
    (tmp_path / "report_data.json").write_text("{}")
    assert left_by_image(tmp_path) == ("dvh.csv",)


@pytest.mark.parametrize(
    ("name", "ours"),
    [("per_gbq", "dose_local.nii.gz"), ("figures", "planes.png")],
)
def test_what_somebody_put_into_a_folder_of_results_stays(
    tmp_path: Path, name: str, ours: str
) -> None:
    inside = tmp_path / name
    (inside / "more").mkdir(parents=True)
    (inside / "more" / "deep.txt").write_text("mine")
    (inside / "notes.txt").write_text("mine")
    mine = {f"{name}/more/deep.txt": "mine", f"{name}/notes.txt": "mine"}
    (inside / ours).write_text("old")
    with output_folder(tmp_path, [name], force=True) as folder:
        (folder / name).mkdir()
        (folder / name / ours).write_text("new")
    assert everything(tmp_path) == {**mine, f"{name}/{ours}": "new"}
    for _ in range(2):
        with output_folder(tmp_path, [name], force=True):
            pass
        assert everything(tmp_path) == mine


def test_a_recomputed_dose_goes_and_own_files_beside_it_stay(tmp_path: Path) -> None:
    inside = tmp_path / "recomputed"
    inside.mkdir()
    recorded(inside, ("dose_local.nii.gz",))
    (inside / "mine.txt").write_text("mine")
    assert [one.name for one in strange_in(inside)] == ["mine.txt"]
    with output_folder(tmp_path, ["recomputed"], force=True):
        pass
    assert everything(tmp_path) == {"recomputed/mine.txt": "mine"}


def test_a_check_refuses_a_recomputed_dose_before_it_computes(
    run: Run, tmp_path: Path
) -> None:
    """Before it reads anything: there are no doses here."""
    theirs, out = tmp_path / "theirs.nii.gz", tmp_path / "out"
    (out / "recomputed").mkdir(parents=True)
    (out / "recomputed" / "mine.txt").write_text("mine")
    result = run("check", theirs, "--against", tmp_path / "no", "--out", out)
    assert result.exit_code != 0
    assert "already contains recomputed" in result.stderr


def test_names_are_those_that_are_written() -> None:
    assert RUN == RUN_RECORD
    assert PAGE_DATA in IMAGED
    assert set(IMAGED) < set(REPLACED)
    maps = [one for one in REPLACED if one.endswith(".nii.gz")]
    assert len(maps) == 6
    assert all(IMAGED_MAP.fullmatch(one) for one in maps)
    assert {*BESIDE["plan.json"]} < set(REPLACED)


def test_maps_of_1_gbq_are_known_by_their_names(tmp_path: Path) -> None:
    inside = tmp_path / "per_gbq"
    inside.mkdir()
    for method in ("local_deposition", "kernel", "collapsed_cone"):
        (inside / per_gbq_file(method, ["right"], 0)).write_text("")
        (inside / per_gbq_file(method, ["right", "seg. IV"], 1)).write_text("")
    (inside / "dose_mine.nii.gz").write_text("")
    assert [one.name for one in strange_in(inside)] == ["dose_mine.nii.gz"]
