"""The nuclide that an image's header names, whatever its words, and the doses' own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from click.testing import Result
from pydicom.dataset import Dataset

from tests.io.dicom.test_vendors import F18_H, edit_all, pet

Run = Callable[..., Result]
GIVEN = ("--administered", "2.2GBq", "--lung-shunt", "5%", "--json")
GIVEN += ("--no-report", "--no-dicom")
ASKED = ("--accept", "H11", "--reason", "the label is the protocol's")


def radiopharmaceutical(
    meaning: str = "", value: str = "", text: str = "", half_life_s: str = ""
) -> Dataset:
    item = Dataset()
    if meaning or value:
        code = Dataset()
        code.CodeValue, code.CodeMeaning = value, meaning
        code.CodingSchemeDesignator = "SRT"
        item.RadionuclideCodeSequence = [code]
    if text:
        item.Radiopharmaceutical = text
    if half_life_s:
        item.RadionuclideHalfLife = half_life_s
    return item


@pytest.fixture
def labeled(exact_voxels: Path, tmp_path: Path) -> Callable[..., Path]:
    """The patient, the SPECT's radiopharmaceuticals changed."""

    def make(*items: Dataset) -> Path:
        folder = tmp_path / "patient"
        shutil.copytree(exact_voxels, folder)
        image = pydicom.dcmread(folder / "spect.dcm")
        image.RadiopharmaceuticalInformationSequence = list(items)
        image.save_as(folder / "spect.dcm")
        return folder

    return make


def post(run: Run, folder: Path, *options: object) -> Result:
    return run("post", folder, *GIVEN, "--out", folder / "out", "--force", *options)


def tumor_gy(result: Result) -> float:
    assert result.exit_code == 0, result.stderr
    [dose] = json.loads(result.stdout)["doses"].values()
    [gy] = [
        row["dose_gy"]["mean"] for row in dose["structures"] if row["name"] == "Tumor 1"
    ]
    return float(gy)


def said(result: Result, severity: str) -> list[str]:
    found = json.loads(result.stdout)["warnings"]
    return [
        w["message"] for w in found if (w["code"], w["severity"]) == ("H11", severity)
    ]


def test_the_header_outranks_the_default(
    run: Run, labeled: Callable[..., Path]
) -> None:
    """15.54 Gy kg/GBq of Ho-166 instead of 49.67 of Y-90: 3.20 times less."""
    folder = labeled(radiopharmaceutical("^166^Holmium", "C1943"))
    by_header = post(run, folder)
    [told] = said(by_header, "warn")
    assert "doses are for Ho-166, the nuclide in the image's header" in told
    document = json.loads(by_header.stdout)
    assert document["nuclide"]["name"] == "Ho-166"
    assert document["options"]["nuclide"] == "Ho-166"
    asked = post(run, folder, "--nuclide", "Y-90")
    assert asked.exit_code == 3
    assert "H11" in asked.stderr
    assert "If accepted, doses are for Y-90; for Ho-166 give --nuclide" in asked.stderr
    as_y90 = post(run, folder, "--nuclide", "Y-90", *ASKED)
    assert tumor_gy(as_y90) / tumor_gy(by_header) == pytest.approx(
        49.67 / 15.54, rel=1e-6
    )
    typed = post(run, folder, "--nuclide", "Ho-166")
    assert tumor_gy(typed) == pytest.approx(tumor_gy(by_header))
    assert said(typed, "warn") == []


@pytest.mark.parametrize(
    "typed",
    [
        ("--device", "glass"),
        ("--half-life", "64.1h"),
        ("--dose-constant", "ddep"),
        ("--dose-constant", "50 Gy kg/GBq"),
    ],
)
def test_what_is_of_another_nuclide_was_typed_for_it(
    run: Run, labeled: Callable[..., Path], typed: tuple[str, str]
) -> None:
    result = post(run, labeled(radiopharmaceutical("Ho-166")), *typed)
    assert result.exit_code == 3
    assert "the header says Ho-166, but doses are for Y-90" in result.stderr


@pytest.mark.parametrize("device", ["resin", "glass"])
def test_a_typed_device_is_replaced_by_one_of_the_headers_nuclide(
    run: Run, labeled: Callable[..., Path], device: str
) -> None:
    """--nuclide Ho-166 beside a device of Y-90 would be refused."""
    folder = labeled(radiopharmaceutical("Ho-166"))
    asked = post(run, folder, "--device", device)
    assert asked.exit_code == 3
    assert "If accepted, doses are for Y-90; for Ho-166 give --device ho166" in (
        asked.stderr
    )
    assert "--nuclide" not in asked.stderr
    # What it names to type leads on.
    taken = post(run, folder, "--device", "ho166")
    assert taken.exit_code == 0, taken.stderr
    assert json.loads(taken.stdout)["nuclide"]["name"] == "Ho-166"


def test_each_device_of_the_headers_nuclide_is_named(
    run: Run, labeled: Callable[..., Path]
) -> None:
    asked = post(run, labeled(radiopharmaceutical("Y-90")), "--device", "ho166")
    assert asked.exit_code == 3
    assert "for Y-90 give --device resin or --device glass" in asked.stderr


@pytest.mark.parametrize(
    ("meaning", "value", "name"),
    [
        ("^177^Lutetium", "C-101ED", "Lu-177"),
        ("^111^Indium", "C-145A4", "In-111"),
        ("^131^Iodine", "C-114B1", "I-131"),
        ("^123^Iodine", "21572004", "I-123"),
        ("^188^Rhenium", "423578007", "Re-188"),
        ("", "395865006", "Re-186"),
        ("", "60057003", "Tl-201"),
        ("Sm153", "", "Sm-153"),
        ("Xe-133 gas", "", "Xe-133"),
        ("99mTc", "", "Tc-99m"),
    ],
)
@pytest.mark.parametrize("typed", [(), ("--nuclide", "Y-90"), ("--device", "resin")])
def test_another_nuclide_asks(
    run: Run,
    labeled: Callable[..., Path],
    meaning: str,
    value: str,
    name: str,
    typed: tuple[str, ...],
) -> None:
    folder = labeled(radiopharmaceutical(meaning, value))
    asked = post(run, folder, *typed)
    assert asked.exit_code == 3
    assert f"H11 Nuclide in the header: the header says {name}" in asked.stderr
    assert "If accepted, doses are for Y-90" in asked.stderr
    assert "--nuclide" not in asked.stderr


def test_acceptance_of_another_nuclide_keeps_the_doses(
    run: Run, labeled: Callable[..., Path], exact_voxels: Path, tmp_path: Path
) -> None:
    plain = run("post", exact_voxels, *GIVEN, "--out", tmp_path / "plain")
    folder = labeled(radiopharmaceutical("^177^Lutetium"))
    taken = post(run, folder, *ASKED)
    assert tumor_gy(taken) == pytest.approx(tumor_gy(plain))
    image = json.loads(taken.stdout)["image"]
    assert image["nuclide_in_header"] == "Lu-177"
    assert image["nuclide_in_header_words"] == ["^177^Lutetium"]


@pytest.mark.parametrize("text", ["ATTENUATION MAPS", "Protocol 7", "SIR-Spheres"])
def test_words_that_are_not_understood_warn(
    run: Run, labeled: Callable[..., Path], text: str
) -> None:
    result = post(run, labeled(radiopharmaceutical(text=text)))
    assert result.exit_code == 0, result.stderr
    [told] = said(result, "warn")
    assert f"the header's nuclide or radiopharmaceutical, '{text}'" in told
    assert "not recognized" in told
    assert f"labeled '{text}'" in result.stderr


def test_every_radiopharmaceutical_counts(
    run: Run, labeled: Callable[..., Path]
) -> None:
    folder = labeled(radiopharmaceutical("^90^Yttrium"), radiopharmaceutical("In111"))
    result = post(run, folder)
    assert result.exit_code == 3
    assert "the header says Y-90, In-111 ('^90^Yttrium', 'In111')" in result.stderr


@pytest.mark.parametrize(
    ("meaning", "value", "exit_code", "code"),
    [
        # Met in a PET: the words of Y-90 beside the code of Y-86.
        ("^90^Yttrium", "C-162A3", 0, "Y-86"),
        ("^90^Yttrium", "C-163A8", 0, "Tc-99m"),
        ("^99m^Technetium", "C-162A7", 3, "Y-90"),
        # Not understood, with a code that is.
        ("Microspheres", "C-162A7", 0, ""),
        ("Microspheres", "C-101ED", 3, ""),
    ],
)
def test_words_outrank_a_code_of_another_nuclide(
    run: Run,
    labeled: Callable[..., Path],
    meaning: str,
    value: str,
    exit_code: int,
    code: str,
) -> None:
    folder = labeled(radiopharmaceutical(meaning, value))
    result = post(run, folder)
    assert result.exit_code == exit_code, result.stderr
    if exit_code == 3:
        result = post(run, folder, *ASKED)
    told = f"is that of {code}: the name is used"
    assert (told in result.stderr) is bool(code)


@pytest.mark.parametrize(("meaning", "exit_code"), [("", 3), ("^90^Yttrium", 0)])
def test_a_half_life_alone_asks(
    run: Run, labeled: Callable[..., Path], meaning: str, exit_code: int
) -> None:
    """21624.12 s is 6.007 h, of Tc-99m."""
    folder = labeled(radiopharmaceutical(meaning, half_life_s="21624.12"))
    result = post(run, folder)
    assert result.exit_code == exit_code
    assert "a half-life of 6.007 h" in result.stderr


@pytest.mark.parametrize(
    ("name", "typed", "exit_code", "told"),
    [
        ("Tc-99m", (), 0, ""),
        ("Lu-177", (), 3, "scout images are of Tc-99m"),
        ("Ho-166", (), 3, "give --nuclide Ho-166 or --nuclide Y-90"),
        ("Ho-166", ("--nuclide", "Ho-166"), 0, ""),
        ("Ho-166", ("--nuclide", "Y-90"), 0, "the plan is for Y-90"),
    ],
)
def test_a_scout_of_another_nuclide(
    run: Run,
    labeled: Callable[..., Path],
    name: str,
    typed: tuple[str, ...],
    exit_code: int,
    told: str,
) -> None:
    folder = labeled(radiopharmaceutical(name))
    words = (
        "plan",
        "image",
        folder,
        "--tumor-dose",
        "100Gy",
        "--lung-shunt",
        "5%",
        *typed,
    )
    result = run(*words)
    assert result.exit_code == exit_code, result.stderr
    assert ("H11" in result.stderr) is bool(told)
    assert told in result.stderr
    if exit_code == 3:
        taken = run(*words, *ASKED, "--json")
        assert taken.exit_code == 0, taken.stderr
        assert json.loads(taken.stdout)["nuclide"]["name"] == "Y-90"


@pytest.mark.parametrize(("name", "asks"), [("Tc-99m", False), ("I-131", True)])
def test_a_lung_shunt_by_another_nuclides_image_asks(
    run: Run, labeled: Callable[..., Path], name: str, asks: bool
) -> None:
    usual = ("--accept", "H41", "--reason", "a phantom")
    words = ("lsf", "spect", labeled(radiopharmaceutical(name)), *usual)
    result = run(*words)
    assert result.exit_code == (3 if asks else 0), result.stderr
    assert ("the header says I-131" in result.stderr) is asks
    assert run(*words, *ASKED).exit_code == 0


def as_pet(folder: Path, *options: object) -> tuple[object, ...]:
    return (
        *("post", folder, "--segment-perfused", "15%", "--no-report"),
        *("--administered", "1GBq", "--accept", "H35", "--reason", "made up"),
        *("--by", "A. Physicist"),
        *("--out", folder / "out", *options),
    )


def test_one_slice_of_another_nuclide_asks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pet").mkdir()
    paths = pet(tmp_path / "pet", "SIEMENS")

    def label(dataset: Dataset) -> None:
        code = dataset.RadiopharmaceuticalInformationSequence[0]
        code.RadionuclideCodeSequence[0].CodeMeaning = "^18^Fluorine"
        code.RadionuclideCodeSequence[0].CodeValue = "C-111A1"

    edit_all(paths[4:5], label)
    result = run(*as_pet(tmp_path / "pet"))
    assert result.exit_code == 3
    assert "the header says Y-90, F-18 ('^90^Yttrium', '^18^Fluorine')" in result.stderr
    assert "Its decay correction is that of Y-90" in result.stderr
    taken = run(*as_pet(tmp_path / "pet", *ASKED))
    assert taken.exit_code == 0, taken.stderr


def test_one_slice_with_another_half_life_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pet").mkdir()
    paths = pet(tmp_path / "pet", "SIEMENS")

    def label(dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideHalfLife = "6586.2"

    edit_all(paths[4:5], label)
    result = run(*as_pet(tmp_path / "pet"))
    assert result.exit_code == 3
    assert paths[4].name in result.stderr
    assert "a half-life of 1.829 h" in result.stderr


def test_a_pet_whose_correction_does_not_tell_asks(run: Run, tmp_path: Path) -> None:
    """Philips writes a DecayFactor of 1: nothing can be undone."""
    (tmp_path / "pet").mkdir()
    pet(tmp_path / "pet", "Philips Medical Systems", F18_H)
    result = run(*as_pet(tmp_path / "pet"))
    assert result.exit_code == 3
    assert "the header says F-18" in result.stderr
    assert "The header does not state" in result.stderr
    assert "--header-nuclide-was" not in result.stderr
    taken = run(*as_pet(tmp_path / "pet", *ASKED))
    assert taken.exit_code == 0, taken.stderr


def test_a_header_said_to_be_wrong_is_of_y90(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pet").mkdir()
    pet(tmp_path / "pet", "SIEMENS", F18_H)
    words = ("--header-nuclide-was", "F-18", "--nuclide", "Ho-166")
    result = run(*as_pet(tmp_path / "pet", *words))
    assert result.exit_code == 3
    assert "applies the decay of Y-90, but doses are for Ho-166" in result.stderr
