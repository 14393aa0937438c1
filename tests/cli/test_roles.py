"""Roles in whole runs: tumors by other names, and what is asked where none is told."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def renamed(exact_contours: Path, tmp_path: Path) -> Callable[..., Path]:
    """The digital patient with regions renamed, and types of their own."""

    def make(names: dict[str, str], types: dict[str, str] | None = None) -> Path:
        folder = tmp_path / "patient"
        shutil.copytree(exact_contours, folder)
        dataset = pydicom.dcmread(folder / "structures.dcm")
        observed = dataset.RTROIObservationsSequence
        for roi, observation in zip(
            dataset.StructureSetROISequence, observed, strict=True
        ):
            roi.ROIName = names.get(roi.ROIName, roi.ROIName)
            observation.RTROIInterpretedType = (types or {}).get(roi.ROIName, "")
        dataset.save_as(folder / "structures.dcm")
        return folder

    return make


def post(run: Run, source: Path, *options: object) -> Result:
    return run(
        *("post", source, "--administered", "2GBq", "--lung-shunt", "5%"),
        *("--no-report", "--no-dicom", "--json", "--force"),
        *("--out", source.parent / "out", *options),
    )


def rows(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    found = document["doses"]["local_deposition"]["structures"]
    return {row["name"]: row for row in found}


def warned(result: Result) -> list[str]:
    return [one["message"] for one in json.loads(result.stdout)["warnings"]]


TUMORS = ("Tumor 1", "Tumor 2", "Tumor 3")


@pytest.mark.parametrize(
    "names",
    [("GTVp", "GTVp2", "GTVliv"), ("TumorLeft", "MetSeg6", "Hccseg4")],
)
def test_tumors_by_other_names_give_the_same_normal_liver(
    run: Run,
    exact_contours: Path,
    renamed: Callable[..., Path],
    tmp_path: Path,
    names: tuple[str, ...],
) -> None:
    (tmp_path / "known").mkdir()
    shutil.copytree(exact_contours, tmp_path / "known" / "patient")
    before = rows(post(run, tmp_path / "known" / "patient"))
    after = rows(post(run, renamed(dict(zip(TUMORS, names, strict=True)))))
    for normal in ("normal_whole", "normal_perfused"):
        mean = before[normal]["dose_gy"]["mean"]
        assert after[normal]["dose_gy"]["mean"] == pytest.approx(mean, rel=1e-9)
    assert {after[name]["role"] for name in names} == {"tumor"}


def test_a_hot_structure_without_a_role_asks_by_name(
    run: Run, renamed: Callable[..., Path]
) -> None:
    source = renamed({"Tumor 1": "A7"})
    asked = post(run, source)
    assert asked.exit_code == 3
    assert "H19" in asked.stderr
    assert "'A7' (" in asked.stderr
    assert "--role 'A7=tumor'" in asked.stderr
    settled = post(run, source, "--role", "A7=tumor")
    assert rows(settled)["A7"]["role"] == "tumor"
    assert rows(post(run, source, "--role", "A7=other"))["A7"]["role"] == "other"
    accepted = post(run, source, "--accept", "H19", "--reason", "a cyst that bled")
    assert rows(accepted)["A7"]["role"] == "other"


def test_another_frame_of_reference_stops_before_roles_are_asked_about(
    run: Run, renamed: Callable[..., Path]
) -> None:
    source = renamed({}, {"Liver": "GTV"})
    dataset = pydicom.dcmread(source / "structures.dcm")
    for roi in dataset.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = "1.2.3"
    dataset.save_as(source / "structures.dcm")
    stopped = post(run, source)
    assert stopped.exit_code == 3
    assert "(H15)" in stopped.stderr
    assert "H19" not in stopped.stderr


def test_all_of_h19_is_asked_at_once(run: Run, renamed: Callable[..., Path]) -> None:
    """No question of the code is left for an acceptance that has not seen it."""
    source = renamed(
        {"Perfused lobe": "PTV", "Tumor 1": "A1", "Tumor 2": "A2", "Tumor 3": "A3"}
    )
    asked = post(run, source)
    assert asked.exit_code == 3
    first = [line for line in asked.stderr.splitlines() if line.startswith("H19 ")]
    for name in ("PTV", "A1", "A2", "A3"):
        assert any(f"'{name}'" in line and "--role" in line for line in first), name
    assert all("If accepted, it counts as other" in line for line in first)
    # One word for all four has not looked at each of them.
    four = ("PTV", "A1", "A2", "A3")
    at_once = post(run, source, "--accept", "H19", "--reason", "all cysts")
    assert at_once.exit_code == 3
    for name in four:
        assert f'--accept "H19:{name}"' in at_once.stderr
    each = [w for name in four for w in ("--accept", f"H19:{name}", "--reason", "cyst")]
    found = rows(post(run, source, *each))
    assert {found[name]["role"] for name in four} == {"other"}
    goal = ("--normal-dose", "40Gy", "--lung-shunt", "5%")
    planned = run("plan", "image", source, *goal)
    assert planned.exit_code == 3
    for name in ("PTV", "A1", "A2", "A3"):
        assert f"'{name}'" in planned.stderr


def test_a_shunt_does_not_ask_about_a_target(
    run: Run, renamed: Callable[..., Path]
) -> None:
    result = run("lsf", "spect", renamed({"Perfused lobe": "PTV"}), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["lung_shunt_fraction"] == pytest.approx(
        0.05, rel=0.02
    )


def test_a_shunt_asks_about_the_liver(run: Run, renamed: Callable[..., Path]) -> None:
    result = run("lsf", "spect", renamed({}, {"Liver": "GTV"}))
    assert result.exit_code == 3
    assert "'Liver': its name says liver" in result.stderr


def test_that_no_liver_was_found_is_said(
    run: Run, renamed: Callable[..., Path]
) -> None:
    names = {"Liver": "A1", "Perfused lobe": "A2"}
    names |= {one: f"B{n}" for n, one in enumerate(TUMORS)}
    result = post(run, renamed(names))
    assert rows(result)
    said = warned(result)
    assert any("no structure has the role liver or perfused, and" in s for s in said)
    assert any("'A1', 'A2'" in s or "'A2', 'A1'" in s for s in said)
    assert any("distributed over the whole field of view" in s for s in said)


def test_a_plan_without_tumor_advises_what_it_has(
    run: Run, renamed: Callable[..., Path]
) -> None:
    source = renamed(dict(zip(TUMORS, ("Seg4", "Seg5", "Seg6"), strict=True)))
    words = ("plan", "image", source, "--tumor-dose", "120Gy", "--lung-shunt", "5%")
    result = run(*words)
    assert result.exit_code != 0
    assert "no tumor to plan a dose for: assign it with --role 'NAME=tumor'" in (
        result.stderr
    )
    assert "--tumor" not in result.stderr.replace("--tumor-dose", "")
    followed = run(*words, "--role", "Seg4=tumor")
    assert "no tumor to plan" not in followed.stderr


def test_a_segment_is_not_asked_about(run: Run, renamed: Callable[..., Path]) -> None:
    assert rows(post(run, renamed({"Tumor 1": "Liver_Seg4"})))["Liver_Seg4"]


def test_a_target_and_a_contradiction_ask_together(
    run: Run, renamed: Callable[..., Path]
) -> None:
    source = renamed({"Perfused lobe": "PTV"}, {"Liver": "GTV"})
    asked = post(run, source)
    assert asked.exit_code == 3
    assert "'PTV': its name is not specific enough" in asked.stderr
    assert (
        "'Liver': its name says liver, but its RTROIInterpretedType (3006,00A4) GTV"
    ) in (asked.stderr)
    settled = post(run, source, "--role", "PTV=perfused", "--role", "Liver=liver")
    assert rows(settled)["PTV"]["role"] == "perfused"


def test_a_type_decides_where_the_name_says_nothing(
    run: Run, renamed: Callable[..., Path]
) -> None:
    source = renamed({"Tumor 1": "A7"}, {"A7": "GTV"})
    assert rows(post(run, source))["A7"]["role"] == "tumor"


def test_a_tumor_outside_is_listed_and_counts_nowhere(
    run: Run, renamed: Callable[..., Path]
) -> None:
    """The lungs as if they were a node: outside of the liver, whose rows stay."""
    plain = renamed({})
    before = rows(post(run, plain))
    shutil.rmtree(plain)
    found = rows(post(run, renamed({"Lungs": "GTVn"})))
    assert found["GTVn"]["role"] == "tumor_outside"
    for name in ("normal_whole", "normal_perfused", *TUMORS):
        mean = before[name]["dose_gy"]["mean"]
        assert found[name]["dose_gy"]["mean"] == pytest.approx(mean, rel=1e-9)


def test_that_no_tumor_was_found_is_said(
    run: Run, renamed: Callable[..., Path]
) -> None:
    source = renamed(dict(zip(TUMORS, ("Seg4", "Seg5", "Seg6"), strict=True)))
    result = post(run, source)
    assert rows(result)
    assert any("no structure is a liver tumor" in said for said in warned(result))


def test_names_are_read_in_the_languages_that_are_chosen(
    run: Run, renamed: Callable[..., Path]
) -> None:
    source = renamed({"Liver": "Foie", "Tumor 1": "Tumeur 1"})
    looked = run("inspect", source, "--languages", "en", "--json")
    found = {one["name"]: one for one in json.loads(looked.stdout)["structures"]}
    assert found["Foie"]["role"] == "other"
    assert found["Foie"]["remarks"] == ["its name is French, but only English is read"]
    asked = post(run, source, "--languages", "nl,EN")
    assert asked.exit_code == 3
    for name, role in (("Foie", "liver"), ("Tumeur 1", "tumor")):
        assert (
            f"'{name}': its name is French, but only English and Dutch are read: give "
            f"--role '{name}={role}', --role '{name}=other' or --languages en,nl,fr"
        ) in asked.stderr
    settled = post(run, source, "--languages", "fr,en")
    assert rows(settled)["Tumeur 1"]["role"] == "tumor"
    assert json.loads(settled.stdout)["options"]["languages"] == ["en", "fr"]
    assert run("verify", source.parent / "out", "--rerun").exit_code == 0


def test_dose_maps_are_looked_at_in_the_languages_that_are_chosen(
    run: Run, tmp_path: Path
) -> None:
    data = np.ones((6, 6, 6), np.float32)
    for name in ("dose", "Foie"):
        image = nibabel.Nifti1Image(data, np.diag([4.0, 4.0, 4.0, 1.0]))
        image.set_sform(image.affine, code=1)
        nibabel.save(image, tmp_path / f"{name}.nii.gz")
    dose = tmp_path / "dose.nii.gz"
    words = ("--structures", tmp_path / "Foie.nii.gz", "--languages", "en", "--out")
    for command in (("dvh",), ("view",), ("check", "--against", dose)):
        made = run(*command, dose, *words, tmp_path / command[0])
        assert made.exit_code == 0, made.stderr
        assert "'Foie': its name is French, but only English is read" in made.stderr
        assert "Until then, it counts as other" in made.stderr


def test_an_unknown_language_is_refused(run: Run, tmp_path: Path) -> None:
    refused = run("inspect", tmp_path, "--languages", "english")
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.replace("\u2502", " ").split())
    assert "'english' is not a language of structure names" in said
    assert "nl (Dutch)" in said
    assert "was en meant?" in said


def test_a_manifest_has_a_column_of_languages(
    run: Run, renamed: Callable[..., Path], tmp_path: Path
) -> None:
    source = renamed({"Liver": "Foie"})
    table = tmp_path / "cases.csv"
    given = f"{source},2GBq,5%"
    table.write_text(
        "case_id,input,administered,lung_shunt,languages\n"
        f'read,{given},"fr,en"\nunread,{given},en\n',
        "utf-8",
    )
    words = ("--jobs", 1, "--no-report", "--no-dicom", "--out", tmp_path / "batch")
    assert run("batch", table, *words).exit_code != 0
    document = json.loads((tmp_path / "batch" / "read" / "post.json").read_text())
    assert document["options"]["languages"] == ["en", "fr"]
    summary = (tmp_path / "batch" / "cases.csv").read_text("utf-8")
    lines = {line.partition(",")[0]: line for line in summary.splitlines()}
    assert "its name is French" in lines["unread"]
    assert "its name is French" not in lines["read"]
