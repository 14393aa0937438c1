"""What a reader noticed of structures is shown by every command that reads them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from click.testing import Result

Run = Callable[..., Result]
SAID = "'Liver': contours are missing from"


@pytest.fixture(scope="module")
def gap(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digital patient, three planes of whose liver were not drawn."""
    folder = tmp_path_factory.mktemp("gap") / "patient"
    shutil.copytree(exact_contours, folder)
    dataset = pydicom.dcmread(folder / "structures.dcm")
    names = {roi.ROINumber: roi.ROIName for roi in dataset.StructureSetROISequence}
    [liver] = [
        item
        for item in dataset.ROIContourSequence
        if names[item.ReferencedROINumber] == "Liver"
    ]
    drawn = list(liver.ContourSequence)
    liver.ContourSequence = drawn[:20] + drawn[26:]
    dataset.save_as(folder / "structures.dcm")
    return folder


@pytest.fixture(scope="module")
def dose(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map at one density, of the patient without gap."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    folder = tmp_path_factory.mktemp("dose") / "out"
    words = ["post", exact_contours, "--administered", "2GBq", "--out", folder]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return folder


def commands(gap: Path, dose: Path, out: Path) -> dict[str, tuple[object, ...]]:
    contours, map_file = gap / "structures.dcm", dose / "dose_local.dcm"
    return {
        "inspect": ("inspect", gap),
        "post": ("post", gap, "--administered", "2GBq", "--out", out / "o"),
        "plan": ("plan", "image", gap, "--activity", "2GBq", "--lung-shunt", "5%"),
        "lsf": ("lsf", "spect", gap),
        "dvh": ("dvh", map_file, "--structures", contours, "--out", out / "o"),
        "view": ("view", map_file, "--structures", contours, "--out", out / "o"),
        "check": (
            *("check", map_file, "--against", dose / "dose_local.nii.gz"),
            *("--structures", contours, "--out", out / "o"),
        ),
        "check theirs": (
            *("check", map_file, "--against", dose, "--out", out / "o"),
            *("--their-structures", contours),
        ),
    }


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("inspect", ()),
        ("post", ()),
        ("plan", ()),
        ("lsf", ()),
        ("dvh", ("dvh.json",)),
        ("view", ("view.html",)),
        ("check", ("check.json", "check.html")),
        ("check theirs", ()),
    ],
)
def test_missing_contours_are_said(
    run: Run, gap: Path, dose: Path, tmp_path: Path, name: str, files: tuple[str, ...]
) -> None:
    """On the terminal, in documents and on pages."""
    result = run(*commands(gap, dose, tmp_path)[name])
    assert result.exit_code == 0, result.stderr
    assert SAID in result.output
    for file in files:
        text = (tmp_path / "o" / file).read_text("utf-8")
        assert "contours are missing from" in text


def test_an_open_role_is_said_where_a_dose_is_only_looked_at(
    run: Run, gap: Path, dose: Path, tmp_path: Path
) -> None:
    contours = tmp_path / "rs.dcm"
    dataset = pydicom.dcmread(gap / "structures.dcm")
    for roi in dataset.StructureSetROISequence:
        roi.ROIName = {"Perfused lobe": "PTV"}.get(roi.ROIName, roi.ROIName)
    dataset.save_as(contours)
    words = ("--structures", contours, "--out", tmp_path / "o", "--force")
    for command in ("dvh", "view"):
        result = run(command, dose / "dose_local.dcm", *words)
        assert result.exit_code == 0
        assert (
            "WARN H19  'PTV': its name is not specific enough: give --role"
        ) in result.stderr
        settled = run(command, dose / "dose_local.dcm", *words, "--role", "PTV=other")
        assert "'PTV'" not in settled.stderr
    shutil.copytree(gap, tmp_path / "patient")
    shutil.copy(contours, tmp_path / "patient" / "structures.dcm")
    looked = run("inspect", tmp_path / "patient")
    # It has no --role to type.
    assert "'PTV': its name is not specific enough\n" in looked.output


class TestLungs:
    """Lungs at the liver's density: shown with a mark, by what the file says."""

    def test_files_say_at_which_density(self, dose: Path) -> None:
        import nibabel

        comment = pydicom.dcmread(dose / "dose_local.dcm").DoseComment
        assert comment == "local_deposition, at one density, 1.05 g/mL"
        header = nibabel.load(dose / "dose_local.nii.gz").header
        said = bytes(header["descrip"]).rstrip(b"\0").decode()
        assert said == "sirtdose dose [Gy], at one density, 1.05 g/mL"

    @pytest.mark.parametrize("file", ["dose_local.dcm", "dose_local.nii.gz"])
    def test_dvh_and_view_mark_them(
        self, run: Run, exact_contours: Path, dose: Path, tmp_path: Path, file: str
    ) -> None:
        words = ("--structures", exact_contours / "structures.dcm", "--out", tmp_path)
        result = run("dvh", dose / file, *words, "--json")
        said = "no lung dose (computed at one density, 1.05 g/mL)"
        assert f"'Lungs': {said}" in result.stderr
        assert "Lungs *" in result.stderr
        marked = {
            row["name"]: row["at_other_density"]
            for row in json.loads(result.stdout)["structures"]
        }
        assert {name for name, mark in marked.items() if mark} == {"Lungs"}
        rows = (tmp_path / "structures.csv").read_text("utf-8").splitlines()
        [lungs] = [row for row in rows if row.startswith("Lungs,")]
        assert lungs.endswith(",dose at another density")
        shown = run("view", dose / file, *words)
        assert f"'Lungs': {said}" in shown.stderr
        page = (tmp_path / "view.html").read_text("utf-8")
        note = "no lung dose: computed at one density, 1.05 g/mL"
        # In the moving planes, and in the key of the still ones.
        assert f'"note":"{note}"' in page
        assert f"Lungs ({note})" in page

    def test_a_map_by_voxel_is_not_marked(
        self, run: Run, exact_contours: Path, tmp_path: Path
    ) -> None:
        by_voxel = run(
            *("post", exact_contours, "--administered", "2GBq", "--density", "ct"),
            *("--method", "local", "--no-report", "--out", tmp_path / "post"),
        )
        assert by_voxel.exit_code == 0, by_voxel.stderr
        for file in ("dose_local.dcm", "dose_local.nii.gz"):
            result = run(
                *("dvh", tmp_path / "post" / file, "--structures"),
                *(exact_contours / "structures.dcm", "--out", tmp_path / "o"),
                "--force",
            )
            assert result.exit_code == 0, result.stderr
            assert "lung dose" not in result.stderr
            assert "Lungs *" not in result.stderr

    def test_a_map_that_says_nothing_is(
        self, run: Run, exact_contours: Path, dose: Path, tmp_path: Path
    ) -> None:
        dataset = pydicom.dcmread(dose / "dose_local.dcm")
        del dataset.DoseComment
        dataset.save_as(tmp_path / "dose.dcm")
        words = ("--structures", exact_contours / "structures.dcm")
        result = run("dvh", tmp_path / "dose.dcm", *words, "--out", tmp_path / "o")
        assert "the file does not state the density" in result.stderr

    def test_check_withholds_them_from_a_map_that_says_so(
        self, run: Run, exact_contours: Path, dose: Path, tmp_path: Path
    ) -> None:
        result = run(
            *("check", dose / "dose_local.dcm", "--against", dose / "dose_local.dcm"),
            *("--structures", exact_contours / "structures.dcm", "--json"),
            *("--out", tmp_path / "o"),
        )
        assert result.exit_code == 0, result.stderr
        document = json.loads(result.stdout)
        assert "Lungs" in document["left_out"]
        assert "Lungs" not in [row["name"] for row in document["structures"]]

    def test_the_report_of_an_assessment_marks_them(self, dose: Path) -> None:
        page = (dose / "report.html").read_text("utf-8")
        assert "Lungs (no lung dose: computed at one density, 1.05 g/mL)" in page


class TestOwnHistograms:
    """An RTDOSE's DVHSequence against its own map."""

    def test_means_in_percent(
        self, run: Run, real_images: Path, tmp_path: Path
    ) -> None:
        """100 % is 14.0 Gy there: 'Tumor Bed' 102.08 % for a curve of 14.29 Gy."""
        folder = real_images / "rtdose_rtstruct"
        result = run(
            *("dvh", folder / "rtdose.dcm", "--structures", folder / "rtss.dcm"),
            *("--out", tmp_path / "o", "--json"),
        )
        assert result.exit_code == 0, result.stderr
        own = json.loads(result.stdout)["own_histograms"]
        [bed] = [one for one in own["contradictions"] if "'Tumor Bed'" in one]
        assert "(3004,0074) of 'Tumor Bed' is 102.1, 7.14 times the 14.29 Gy" in bed
        assert bed in result.stderr
        assert len(own["contradictions"]) == 9

    def test_of_another_dose(
        self, run: Run, exact_contours: Path, dose: Path, tmp_path: Path
    ) -> None:
        words = ("--structures", exact_contours / "structures.dcm", "--json")
        words += ("--sampling", "voxels", "--out", tmp_path / "o", "--force")
        same = run("dvh", dose / "dose_local.dcm", *words)
        assert json.loads(same.stdout)["own_histograms"]["contradictions"] == []
        dataset = pydicom.dcmread(dose / "dose_local.dcm")
        dataset.DoseGridScaling = f"{2 * float(dataset.DoseGridScaling):.10g}"
        dataset.save_as(tmp_path / "dose.dcm")
        twice = run("dvh", tmp_path / "dose.dcm", *words)
        said = json.loads(twice.stdout)["own_histograms"]["contradictions"]
        curves = [one for one in said if "(DVHSequence) of 'Tumor 1'" in one]
        assert len(curves) == 1
        assert "-50.0 %" in curves[0]

    def test_our_own_agrees_however_it_is_sampled(
        self, run: Run, exact_contours: Path, tmp_path: Path
    ) -> None:
        """Ours is by voxels: by points D70 of the liver differs by 6.8 %, no fault."""
        at = "2026-03-02T10:00+01:00"
        made = run(
            *("post", exact_contours, "--administered", "2.2GBq"),
            *("--administered-at", at, "--residual", "50MBq", "--residual-at", at),
            *("--lung-shunt", "5%", "--calibrate-over", "fov", "--no-report"),
            *("--scan-at", "2026-03-03T09:30+01:00", "--out", tmp_path / "post"),
        )
        assert made.exit_code == 0, made.stderr
        rtdose = tmp_path / "post" / "dose_local.dcm"
        words = ("--structures", exact_contours / "structures.dcm", "--json")
        for way in ("points", "voxels"):
            result = run(
                *("dvh", rtdose, *words, "--sampling", way, "--force"),
                *("--out", tmp_path / "o"),
            )
            own = json.loads(result.stdout)["own_histograms"]
            assert own["contradictions"] == []
            assert own["left_out"] == {}
            assert "own histogram" not in result.stderr

    def test_of_another_rtstruct(
        self, run: Run, exact_contours: Path, dose: Path, tmp_path: Path
    ) -> None:
        dataset = pydicom.dcmread(exact_contours / "structures.dcm")
        dataset.SOPInstanceUID = "1.2.3"
        dataset.save_as(tmp_path / "rs.dcm")
        result = run(
            *("dvh", dose / "dose_local.dcm", "--structures", tmp_path / "rs.dcm"),
            *("--out", tmp_path / "o"),
        )
        assert "was not compared: it refers to another RTSTRUCT" in result.stderr
        assert "give that one with --structures" in result.stderr
