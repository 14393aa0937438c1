"""A nuclide of the user's own in every command that doses or plans with one."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import Result

from sirtdose.cli.network.work import _case
from sirtdose.cli.post.command import post_command
from sirtdose.cli.words.manifest import case_options
from tests.cli.post.test_nuclide import radiopharmaceutical
from tests.docs.test_add_a_nuclide import block

Run = Callable[..., Result]
CASE = ("--perfused-volume", "1000mL", "--lung-shunt", "5%")
MIRD = ("plan", "mird", "--dose", "100Gy", *CASE)
POST = ("--administered", "2.2GBq", "--lung-shunt", "5%", "--no-report", "--no-dicom")
SOURCE = "NNDC NuDat, recalled; to be verified by the user"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "re188.toml"
    path.write_text(block("re188.toml"), "utf-8")
    return path


@pytest.fixture
def with_kernel(tmp_path: Path) -> Path:
    path = tmp_path / "xy99.json"
    path.write_text(block("xy99.json"), "utf-8")
    kernel = block("Xy-99_soft_tissue.csv")
    (tmp_path / "Xy-99_soft_tissue.csv").write_text(kernel, "utf-8")
    return path


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def require_its_file(document: dict[str, Any], path: Path) -> None:
    assert document["nuclide"]["file_sha256"] == sha256(path.read_bytes()).hexdigest()
    assert document["nuclide"]["half_life_source"] == SOURCE
    [told] = [w for w in document["warnings"] if "your nuclide file" in w["message"]]
    assert (told["code"], told["severity"]) == ("H09", "warn")
    assert document["nuclide"]["file_sha256"][:12] in told["message"]
    assert SOURCE in told["message"]


@pytest.mark.parametrize(
    "words",
    [
        (*MIRD, "--nuclide", "re-188"),
        ("plan", "partition", "--tumor", "T1=100mL@5", "--tumor-dose", "150Gy", *CASE),
        (
            *("plan", "compare", "--height", "165cm", "--weight", "60kg"),
            *("--liver-volume", "1500mL", "--tumor", "T1=300mL@3"),
            *("--lung-shunt", "4%", "--dose", "60Gy", "--normal-dose", "40Gy"),
        ),
        (
            *("plan", "vial", "--activity", "5GBq", "--vial", "8GBq"),
            *("--at", "2026-03-04T10:00+01:00"),
        ),
    ],
    ids=lambda words: words[1],
)
def test_plans_by_numbers(run: Run, own: Path, words: tuple[str, ...]) -> None:
    result = run(*words, "--nuclide-file", own, "--json")
    require_its_file(document(result), own)
    assert f"own file {sha256(own.read_bytes()).hexdigest()[:12]}" in result.stderr
    if words[1] == "compare":
        # BSA is for resin and Y-90: it is not compared.
        assert [one["method"] for one in document(result)["methods"]] == [
            "mird",
            "partition",
        ]
    if words[1] == "vial":
        [choice] = document(result)["injections"][0]["choices"]
        [vial] = choice["vials"]
        # 17 h x log2(8 / 5) = 11.53 h; spheres of no product are not counted.
        assert vial["hours_before_use"] == pytest.approx(11.527, abs=1e-3)
        assert choice["spheres"] is document(result)["device"] is None


def test_a_dose_constant_of_the_file(run: Run, with_kernel: Path) -> None:
    words = (*MIRD, "--nuclide-file", with_kernel, "--json")
    theirs = document(run(*words, "--dose-constant", "theirs"))
    assert theirs["nuclide"]["dose_constant_gy_kg_per_gbq"] == 75.1
    by_value = document(run(*words, "--dose-constant", "70 Gy kg/GBq"))
    assert by_value["nuclide"]["dose_constant_name"] == "given"
    said = [w["message"] for w in by_value["warnings"] if w["code"] == "H09"]
    assert "dose constant 70 Gy kg/GBq, but Xy-99 has 74.89" in said


BSA = (
    *("plan", "bsa", "--height", "165cm", "--weight", "60kg"),
    *("--liver-volume", "1500mL", "--tumor-volume", "200mL", "--lung-shunt", "4%"),
)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (BSA, 3, "resin microspheres with Y-90, not for Re-188 microspheres"),
        ((*MIRD, "--device", "glass"), 3, "carry Y-90, not Re-188: leave --device"),
        ((*MIRD, "--nuclide", "Y-90"), 3, "leave --nuclide-file out"),
        ((*MIRD, "--dose-constant", "mine"), 3, "use nudat, or a value such as"),
        ((*MIRD, "--dose-constant", "49"), 2, "has no unit"),
        ((*MIRD, "--convention", "label"), 3, "no device label"),
        (("kernel", "--spacing", "3mm", "--out", "k"), 3, "no dose kernel of Re-188"),
        (
            ("plan", "vial", "--activity", "5GBq", "--at", "2026-03-04T10:00+01:00"),
            3,
            "of an unknown product without vial sizes: give --vial",
        ),
    ],
)
def test_refusals(
    run: Run, own: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    result = run(*words, "--nuclide-file", own)
    assert (result.exit_code, result.stdout) == (code, "")
    assert says in " ".join(result.stderr.split())


def test_what_is_not_shipped_is_said_to_need_a_file(run: Run) -> None:
    result = run(*MIRD, "--nuclide", "Re-188")
    assert result.exit_code == 2
    assert "name a file of your own with --nuclide-file" in result.stderr
    assert run(*MIRD, "--nuclide", "y-90").exit_code == 0


def test_a_damaged_file_stops_without_a_traceback(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\x00\xff")
    result = run(*MIRD, "--nuclide-file", tmp_path / "own.toml")
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: own.toml is not valid TOML")


def test_a_case_file_finds_it_beside_itself(run: Run, own: Path) -> None:
    case = own.with_name("case.toml")
    case.write_text(
        'method = "mird"\n[options]\ndose = "100Gy"\nperfused_volume = "1000mL"\n'
        'lung_shunt = "5%"\nnuclide_file = "re188.toml"\n'
    )
    require_its_file(document(run("plan", case, "--json")), own)


def test_a_vial_of_a_plan(run: Run, own: Path, tmp_path: Path) -> None:
    assert run(*MIRD, "--nuclide-file", own, "--out", tmp_path / "plan").exit_code == 0
    words = ("plan", "vial", "--plan", tmp_path / "plan" / "plan.json")
    words += ("--vial", "12GBq", "--at", "2026-03-04T10:00+01:00", "--json")
    missing = run(*words)
    assert missing.exit_code == 2
    assert "--nuclide-file" in missing.stderr
    require_its_file(document(run(*words, "--nuclide-file", own)), own)
    # Other bytes of the same nuclide are told, another nuclide is refused.
    other = tmp_path / "other.toml"
    other.write_text(own.read_text("utf-8").replace("17.00", "17.05"), "utf-8")
    said = [
        one["message"]
        for one in document(run(*words, "--nuclide-file", other))["warnings"]
        if "another nuclide file" in one["message"]
    ]
    assert ["half-life 17 h and 11.01" in one for one in said] == [True]
    other.write_text(own.read_text("utf-8").replace("Re-188", "Re-186"), "utf-8")
    refused = run(*words, "--nuclide-file", other)
    assert refused.exit_code == 3
    assert "the plan is for Re-188" in refused.stderr


@pytest.fixture
def patient(exact_voxels: Path, tmp_path: Path) -> Path:
    """The patient without the CT, which takes longest to read."""
    folder = tmp_path / "patient"
    folder.mkdir()
    for path in exact_voxels.iterdir():
        if path.is_file() and path.suffix == ".dcm":
            shutil.copy(path, folder)
    return folder


@pytest.fixture
def labeled(patient: Path) -> Callable[..., Path]:
    """The patient, the SPECT labeled as a header may have it."""

    def make(**words: str) -> Path:
        image = pydicom.dcmread(patient / "spect.dcm")
        image.RadiopharmaceuticalInformationSequence = [radiopharmaceutical(**words)]
        image.save_as(patient / "spect.dcm")
        return patient

    return make


def post(run: Run, folder: Path, nuclide: Path, *options: object) -> Result:
    out = nuclide.with_name("out")
    words = ("post", folder, *POST, "--nuclide-file", nuclide, "--json", "--out", out)
    return run(*words, "--force", *options)


def test_a_header_that_names_it_is_understood(
    run: Run, own: Path, labeled: Callable[..., Path]
) -> None:
    result = document(post(run, labeled(meaning="^188^Rhenium", value="C-1018D"), own))
    require_its_file(result, own)
    assert [w for w in result["warnings"] if w["code"] == "H11"] == []
    assert result["image"]["nuclide_in_header"] == "Re-188"
    asked = post(run, labeled(meaning="^90^Yttrium"), own)
    assert asked.exit_code == 3
    assert (
        "the header says Y-90 ('^90^Yttrium'), but doses are for Re-188"
    ) in asked.stderr
    # What it says to type for the header's nuclide leads on.
    assert "leave --nuclide-file out and give --nuclide Y-90" in asked.stderr


def test_header_words_of_the_file(
    run: Run, with_kernel: Path, labeled: Callable[..., Path]
) -> None:
    """By name in either order, a vendor's own words, or a code that nobody knows."""
    for words in (
        {"text": "^99^Xy"},
        {"meaning": "XYZIUM-Microspheres"},
        {"meaning": "unheard of", "value": "C-999A9"},
    ):
        result = document(post(run, labeled(**words), with_kernel))
        assert result["image"]["nuclide_in_header"] == "Xy-99", words
        assert [w for w in result["warnings"] if w["code"] == "H11"] == []
    other = document(post(run, labeled(text="Zz-99"), with_kernel))
    [told] = [w["message"] for w in other["warnings"] if w["code"] == "H11"]
    assert "'Zz-99'" in told
    assert "that the image is of Xy-99 was not checked" in told


def test_a_kernel_of_the_file_conserves_energy(
    run: Run, patient: Path, with_kernel: Path
) -> None:
    """Spread within 3 mm, a tumor's edge gives some of its dose to the liver."""
    both = ("--method", "local", "--method", "kernel")
    result = document(post(run, patient, with_kernel, *both))
    inputs = {one["kind"]: one["file"] for one in result["inputs"]}
    assert inputs["nuclide"] == "xy99.json"
    assert inputs["dose kernel in soft-tissue"] == "Xy-99_soft_tissue.csv"
    local, kernel = (
        {one["name"]: one["dose_gy"]["mean"] for one in dose["structures"]}
        for dose in result["doses"].values()
    )
    assert 0.9 * local["Tumor 1"] < kernel["Tumor 1"] < local["Tumor 1"]
    assert kernel["Liver"] == pytest.approx(local["Liver"], rel=0.02)


def test_without_kernel_a_density_by_voxel_is_local(
    run: Run, exact_voxels: Path, patient: Path, own: Path
) -> None:
    result = document(post(run, exact_voxels, own, "--density", "ct"))
    assert list(result["doses"]) == ["local_deposition"]
    refused = post(run, patient, own, "--method", "kernel")
    assert refused.exit_code == 3
    assert "no dose kernel of Re-188 in 'soft-tissue'" in refused.stderr
    assert "use `sirtdose post --method local`" in refused.stderr


def test_against_a_plan_of_another_file(
    run: Run, patient: Path, own: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan"
    assert run(*MIRD, "--nuclide-file", own, "--out", plan).exit_code == 0
    assert run("plan", "approve", plan / "plan.json", "--by", "A").exit_code == 0
    against = ("--plan", plan / "plan.json")
    same = document(post(run, patient, own, *against))
    other = tmp_path / "other.toml"
    other.write_text("# looked up\n" + own.read_text("utf-8"), "utf-8")
    changed = document(post(run, patient, other, *against))
    told = [
        ["another nuclide file" in one["message"] for one in result["warnings"]]
        for result in (same, changed)
    ]
    assert [sum(one) for one in told] == [0, 1]
    checked = run(
        *("check", tmp_path / "out" / "dose_local.nii.gz"),
        *("--against", tmp_path / "out", "--out", tmp_path / "check", "--json"),
    )
    ours = document(checked)["ours"]
    assert ours["nuclide"] == "Re-188"
    assert ours["nuclide_sha256"] == sha256(other.read_bytes()).hexdigest()
    assert SOURCE in ours["nuclide_source"]
    assert SOURCE in checked.stderr


def test_a_changed_file_is_found(
    run: Run, patient: Path, own: Path, tmp_path: Path
) -> None:
    assert post(run, patient, own).exit_code == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert record["nuclide"]["half_life_source"] == SOURCE
    assert run("verify", tmp_path / "out").exit_code == 0
    own.write_text(own.read_text("utf-8") + "# later\n", "utf-8")
    result = run("verify", tmp_path / "out")
    assert result.exit_code == 3
    assert "input nuclide re188.toml: changed" in result.stderr


def test_of_an_image_before_treatment(
    run: Run, own: Path, labeled: Callable[..., Path]
) -> None:
    """A scout of the treatment's own particles is one, as Ho-166's is."""
    folder = labeled(text="Re-188")
    words = ("--nuclide-file", own, "--json")
    plan = run("plan", "image", folder, "--tumor-dose", "120Gy", *words)
    require_its_file(document(plan), own)
    assert [w for w in document(plan)["warnings"] if w["code"] == "H11"] == []
    shunt = document(run("lsf", "spect", folder, *words))
    require_its_file(shunt, own)
    # By the lungs' mass of the image, K A / M.
    assert shunt["lung_dose_gy_per_gbq"] == pytest.approx(
        11.01 * shunt["lung_shunt_fraction"] / shunt["lung_mass_kg"], rel=1e-6
    )


def test_a_batch_has_one_for_each_case(
    run: Run, patient: Path, own: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "cases.csv"
    manifest.write_text(
        "case_id,input,administered,lung_shunt,nuclide_file\n"
        f"own,{patient},2.2GBq,5%,re188.toml\n"
        f"gone,{patient},2.2GBq,5%,gone.toml\n"
    )
    result = run("batch", manifest, "--out", tmp_path / "all", "--jobs", "1")
    assert result.exit_code == 6
    post = json.loads((tmp_path / "all" / "own" / "post.json").read_text("utf-8"))
    require_its_file(post, own)
    assert "cases.csv, line 3: cannot read gone.toml" in result.stderr


def test_a_case_of_a_listener_and_of_a_check(
    run: Run, patient: Path, own: Path, tmp_path: Path
) -> None:
    case = own.with_name("case.toml")
    case.write_text(
        '[options]\nadministered = "2.2GBq"\nlung_shunt = "5%"\nno_report = true\n'
        'no_dicom = true\nnuclide_file = "re188.toml"\n'
    )
    given = (case_options(case, post_command), case)
    received = _case("a study", patient, tmp_path / "results", given)
    assert received.request.given.nuclide.name == "Re-188"
    assert post(run, patient, own).exit_code == 0
    result = run(
        *("check", tmp_path / "out" / "dose_local.nii.gz", "--image", patient),
        *("--case", case, "--out", tmp_path / "check", "--json"),
    )
    assert document(result)["passed"]
    assert document(result)["ours"]["nuclide"] == "Re-188"


def test_what_people_wrote_into_it_is_looked_at_for_names(
    run: Run, patient: Path, own: Path
) -> None:
    """The file's sources are kept where nobody may be named (H33)."""
    nobody = document(post(run, patient, own, "--deidentify"))
    assert nobody["nuclide"]["half_life_source"] == SOURCE
    [used] = [one for one in nobody["inputs"] if one["kind"] == "nuclide"]
    assert "re188" not in used["file"]
    name = str(pydicom.dcmread(patient / "spect.dcm").PatientName.family_name)
    text = own.read_text("utf-8").replace("NNDC NuDat", f"for {name}", 1)
    own.write_text(text, "utf-8")
    asked = post(run, patient, own, "--deidentify")
    assert asked.exit_code == 3
    assert "H33" in asked.stderr
    assert "the nuclide file" in asked.stderr
