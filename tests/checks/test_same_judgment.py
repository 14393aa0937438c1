"""One case, given to every command that can hold it, is judged the same by all."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import Result

Run = Callable[..., Result]
K, DENSITY = 49.67, 1.05
# 165 cm and 60 kg by DuBois: 1.6482 m2, so 1.4482 GBq and the tumors' part.
BODY = ("--height", "165cm", "--weight", "60kg")
SURFACE_GBQ = 1.4482
# Codes that every command can judge; others are of an image, or of a method's rules.
COMMON = ("H04", "H05", "H07", "H19", "H22", "H28", "H43")
GRAVE = ("ask", "warn")
# A layer of the drawn liver: 10 x 12 voxels of 1 mL.
LAYER_ML = 120


@dataclass(frozen=True)
class Patient:
    """A liver of whole layers, the first of them perfused, a tumor in the first."""

    liver_ml: int
    tumor_ml: int
    perfused_ml: int = 0
    ratio: float = 4.0
    shunt: float = 0.04
    prior_gy: float = 0.0
    device: str = "resin"
    activity_gbq: float = 0.0
    organ: float = 0.0
    second_ml: int = 0
    bilirubin: float | None = None

    @property
    def perfused(self) -> int:
        return self.perfused_ml or self.liver_ml

    @property
    def gbq(self) -> float:
        part = self.perfused / self.liver_ml
        by_body = SURFACE_GBQ * part + self.tumor_ml / self.liver_ml
        return self.activity_gbq or by_body


PATIENTS = {
    "clean": Patient(1560, 120),
    "small liver": Patient(480, 60),
    "large burden": Patient(1560, 900, ratio=1.6),
    "high shunt": Patient(1560, 120, shunt=0.25, activity_gbq=1.2),
    "earlier treatment": Patient(960, 96, prior_gy=40.0),
    "two injections": Patient(
        1560, 120, perfused_ml=960, second_ml=480, activity_gbq=1.2
    ),
    "segment": Patient(
        1560, 60, perfused_ml=240, device="glass", activity_gbq=1.6, ratio=3.0
    ),
    "remnant": Patient(840, 84),
    "organ at risk": Patient(1560, 120, organ=3.0),
    "overdose": Patient(1560, 120, device="glass", activity_gbq=17.0),
    **{
        name: Patient(
            1560, 1, ratio=1.0, device="glass", activity_gbq=gbq, bilirubin=mg_per_dl
        )
        for name, gbq, mg_per_dl in (
            ("80 Gy, bilirubin unknown", 2.748, None),
            ("80 Gy, low bilirubin", 2.748, 0.9),
            ("80 Gy, high bilirubin", 2.748, 1.4),
            ("92 Gy, low bilirubin", 3.16, 0.9),
            ("51 Gy, high bilirubin", 1.752, 1.4),
        )
    },
}
# What is expected of each, by hand: dose to the whole liver, shunt, burden, vial.
EXPECTED = {
    # 49.67 * 1.525 * 0.96 / 1.638 kg = 44.4 Gy.
    "clean": set(),
    # 49.67 * 1.573 * 0.96 / 0.504 kg = 149 Gy; normal liver 119 Gy; 480 mL.
    "small liver": {("H19", "warn"), ("H43", "ask"), ("H07", "ask")},
    # 900 of 1560 mL, 2.025 GBq, 58.9 Gy.
    "large burden": {("H19", "warn"), ("H43", "warn")},
    # 49.67 * 1.2 * 0.75 / 1.638 kg = 27 Gy; lungs 14.9 Gy.
    "high shunt": {("H22", "ask"), ("H22", "warn")},
    # 49.67 * 1.548 * 0.96 / 1.008 kg = 73 Gy, and 40 Gy before; normal 96 Gy.
    "earlier treatment": {("H43", "ask"), ("H07", "ask")},
    # 1.2 GBq each in 960 and 480 mL: 69.9 Gy to 1560 mL, the same twice; normal liver
    # of the second 114 Gy.
    "two injections": {("H43", "warn"), ("H04", "warn"), ("H07", "ask")},
    # 302 Gy in 240 mL, above 150 Gy: one or two segments, 15 % of the liver.
    "segment": {("H07", "warn")},
    # 49.67 * 1.548 * 0.96 / 0.882 kg = 83.7 Gy.
    "remnant": {("H43", "ask")},
    "organ at risk": {("H28", "warn")},
    # 495 Gy in all of the liver; 49.67 * 17 * 0.04 = 33.8 Gy to the lungs.
    "overdose": {("H43", "ask"), ("H07", "ask"), ("H22", "warn")},
    # 49.67 * 2.748 * 0.96 / 1.638 kg = 80 Gy, the same everywhere: T/N is 1.
    "80 Gy, bilirubin unknown": {("H43", "warn")},
    "80 Gy, low bilirubin": set(),
    "80 Gy, high bilirubin": {("H43", "ask")},
    "92 Gy, low bilirubin": {("H43", "warn")},
    "51 Gy, high bilirubin": {("H43", "warn")},
}
_OPTION = re.compile(r"--accept (\"[^\"]+\"|\S+) --reason")


def judged(run: Run, *words: object) -> set[tuple[str, str]]:
    """What a command says, once everything that it asks was accepted as it says."""
    return grave(gone_on(run, *words))


def gone_on(run: Run, *words: object) -> Result:
    """A command once everything that it asks was accepted as it says."""
    accepted: list[object] = []
    for _ in range(12):
        result = run(*words, *accepted)
        asked = _OPTION.findall(result.stderr)
        if result.exit_code != 3 or not asked:
            break
        for option in asked:
            accepted += ["--accept", option.strip('"'), "--reason", "seen"]
    assert result.exit_code == 0, result.stderr
    return result


def grave(result: Result) -> set[tuple[str, str]]:
    return {
        (one["code"], one["severity"])
        for one in json.loads(result.stdout)["warnings"]
        if one["code"] in COMMON and one["severity"] in GRAVE
    }


def as_case_file(way: list[object], path: Path) -> list[object]:
    """The same words as a case file."""
    _, method, *rest = map(str, way)
    options: dict[str, list[str]] = {}
    for option, value in zip(rest[::2], rest[1::2], strict=True):
        options.setdefault(option[2:].replace("-", "_"), []).append(value)
    lines = [f'method = "{method}"', "[options]"]
    for name, values in options.items():
        lines.append(f"{name} = {json.dumps(values if values[1:] else values[0])}")
    path.write_text("\n".join(lines), "utf-8")
    return ["plan", path]


def common_words(patient: Patient) -> list[object]:
    words: list[object] = ["--lung-shunt", f"{patient.shunt:.0%}", "--json"]
    words += ["--lung-shunt-source", "spect", "--device", patient.device]
    if patient.prior_gy:
        words += ["--prior-liver-dose", f"{patient.prior_gy:g}Gy"]
    if patient.bilirubin:
        words += ["--bilirubin", f"{patient.bilirubin:g}mg/dL"]
    return words


def by_partition(patient: Patient) -> list[object]:
    tumor = f"Tumor={patient.tumor_ml}mL@{patient.ratio:g}"
    liver = ["--liver-volume", f"{patient.liver_ml}mL"]
    if patient.second_ml:
        goal = f"activity:{patient.gbq}GBq"
        return [
            *("plan", "partition", *liver),
            *("--injection", f"A=perfused:{patient.perfused}mL,tumor:{tumor},{goal}"),
            *("--injection", f"B=perfused:{patient.second_ml}mL,{goal}"),
        ]
    return [
        *("plan", "partition", "--perfused-volume", f"{patient.perfused}mL"),
        *("--tumor", tumor, "--activity", f"{patient.gbq}GBq", *liver),
    ]


def by_dose(patient: Patient) -> list[object]:
    """The mean dose that the same activity gives."""
    mass_kg = patient.perfused * DENSITY / 1000
    dose = K * patient.gbq * (1 - patient.shunt) / mass_kg
    return [
        *("plan", "mird", "--dose", f"{dose:.6f}Gy"),
        *("--perfused-volume", f"{patient.perfused}mL"),
        *("--liver-volume", f"{patient.liver_ml}mL"),
    ]


def by_body(patient: Patient) -> list[object]:
    return [
        *("plan", "bsa", *BODY, "--liver-volume", f"{patient.liver_ml}mL"),
        *("--tumor-volume", f"{patient.tumor_ml}mL"),
        *("--perfused-volume", f"{patient.perfused}mL", "--shunt-reduction", "none"),
    ]


def compared(patient: Patient) -> list[object]:
    dose = by_dose(patient)[3]
    tumor = f"Tumor={patient.tumor_ml}mL@{patient.ratio:g}"
    return [
        *("plan", "compare", "--dose", dose, "--tumor", tumor),
        *("--liver-volume", f"{patient.liver_ml}mL"),
        *("--perfused-volume", f"{patient.perfused}mL"),
        *("--activity", f"{patient.gbq}GBq"),
    ]


def drawn(patient: Patient, folder: Path) -> list[object]:
    """The same patient as an image, with masks of 1 mL voxels."""
    layers = patient.liver_ml // LAYER_ML
    shape = (16, 18, layers + 6)
    affine = np.diag([-10.0, -10.0, 10.0, 1.0])
    affine[:3, 3] = (60.0, 80.0, -40.0)
    liver = np.zeros(shape, bool)
    liver[3:13, 3:15, 2 : 2 + layers] = True
    perfused = liver.copy()
    first = patient.perfused // LAYER_ML
    perfused[:, :, 2 + first :] = False
    inside = np.argwhere(perfused)
    # From the middle of the first layers on, so that no tumor lies on the border.
    order = np.argsort(np.abs(inside[:, :2] - (7.5, 8.5)).max(axis=1), kind="stable")
    tumor = np.zeros(shape, bool)
    tumor[tuple(inside[order[: patient.tumor_ml]].T)] = True
    counts = np.where(perfused, 100.0, 0.0)
    counts[tumor] = 100.0 * patient.ratio
    masks = {"Liver": liver, "Perfused A": perfused, "Tumor": tumor}
    if patient.second_ml:
        second = liver & ~perfused
        second[:, :, 2 + first + patient.second_ml // LAYER_ML :] = False
        counts[second] = 100.0
        # As many decays in each: the same activity of both injections.
        counts[second] *= counts[perfused].sum() / counts[second].sum()
        masks["Perfused B"] = second
    if patient.organ:
        organ = np.zeros(shape, bool)
        organ[6:9, 6:9, 3 + layers : 5 + layers] = True
        counts[organ] = 100.0 * patient.organ
        masks["Gallbladder"] = organ
    nibabel.save(nibabel.nifti1.Nifti1Image(counts, affine), folder / "image.nii.gz")
    words: list[object] = [folder, "--image", folder / "image.nii.gz"]
    for name, mask in masks.items():
        path = folder / f"{name}.nii.gz"
        nibabel.save(nibabel.nifti1.Nifti1Image(mask.astype(np.uint8), affine), path)
        words += ["--structures", path]
    return [*words, "--density", f"{DENSITY}g/mL"]


def by_image(patient: Patient, folder: Path) -> list[object]:
    words = ["plan", "image", *drawn(patient, folder)]
    if not patient.second_ml:
        return [*words, "--activity", f"{patient.gbq}GBq"]
    for name in "AB":
        goal = f"activity:{patient.gbq}GBq"
        words += ["--injection", f"{name}=perfused:Perfused {name},{goal}"]
    return words


def given(patient: Patient, folder: Path) -> list[object]:
    words: list[object] = ["post", *drawn(patient, folder), "--out", folder / "post"]
    words += ["--administered-at", "2026-03-02T10:00+01:00", "--residual", "0GBq"]
    words += ["--residual-at", "2026-03-02T10:00+01:00"]
    if not patient.second_ml:
        return [*words, "--administered", f"{patient.gbq}GBq"]
    for name in "AB":
        words += ["--injection", f"{name}={patient.gbq}GBq;perfused=Perfused {name}"]
    return words


# What one compartment cannot know: its tumors, and what normal liver gets of resin.
_UNKNOWN = {
    "plan mird": {"large burden": {("H19", "warn")}},
    "plan bsa": {},
}
_OF_NORMAL_LIVER = ("small liver", "earlier treatment")


def expected_of(way: str, name: str) -> set[tuple[str, str]]:
    missing = _UNKNOWN.get(way, {}).get(name, set())
    if way in _UNKNOWN and name in _OF_NORMAL_LIVER:
        missing = missing | {("H07", "ask")}
    return EXPECTED[name] - missing


@pytest.mark.parametrize("name", PATIENTS)
def test_every_planner_judges_alike(run: Run, name: str, tmp_path: Path) -> None:
    patient = PATIENTS[name]
    words = common_words(patient)
    ways = [] if patient.organ else [by_partition(patient)]
    if not patient.second_ml and not patient.organ:
        ways += [by_dose(patient), compared(patient)]
        if patient.device == "resin" and not patient.activity_gbq:
            ways.append(by_body(patient))
    found, checked = {}, {}
    for way in [*ways, by_image(patient, tmp_path)]:
        method = " ".join(map(str, way[:2]))
        out = tmp_path / method
        found[method] = judged(run, *way, *words, "--out", out)
        if way in ways:
            case = as_case_file(way, tmp_path / "case.toml")
            assert judged(run, *case, *words) == found[method]
        if method != "plan compare":
            if patient.bilirubin:
                assert updated(run, out / "plan.json") == found[method]
            result = run("check", "--plan", out / "plan.json", "--json")
            assert result.exit_code == 0, result.stderr
            checked[method] = grave(result)
    assert found == {way: expected_of(way, name) for way in found}
    assert checked == {way: found[way] for way in checked}


def updated(run: Run, plan: Path) -> set[tuple[str, str]]:
    """The same activity again, by the plan's own bilirubin."""
    return judged(
        run, "plan", "update", plan, "--residual", "0%", "--catheter", "same", "--json"
    )


OF_POST = [n for n, p in PATIENTS.items() if not p.prior_gy and not p.bilirubin]


@pytest.mark.parametrize("name", OF_POST)
def test_what_was_given_is_judged_as_what_was_planned(
    run: Run, name: str, tmp_path: Path
) -> None:
    patient = PATIENTS[name]
    words = [*given(patient, tmp_path), *common_words(patient)]
    # A shunt that no resin is planned with was measured, and is no question any more.
    expected = EXPECTED[name] - {("H22", "ask")}
    assert judged(run, *words) == expected


def test_what_was_given_has_the_bilirubin_of_its_plan(run: Run, tmp_path: Path) -> None:
    name = "80 Gy, high bilirubin"
    patient = PATIENTS[name]
    common = common_words(patient)
    plan = (*by_image(patient, tmp_path), *common, "--out", tmp_path / "plan")
    assert judged(run, *plan) == EXPECTED[name]
    words = [*given(patient, tmp_path), *common[: common.index("--bilirubin")]]
    path = tmp_path / "plan" / "plan.json"
    assert run("plan", "approve", path, "--by", "A. Person").exit_code == 0
    words += ["--plan", path]
    assert judged(run, *words) == EXPECTED[name]


def test_a_plan_by_hand_is_judged_as_it_was_planned(run: Run, tmp_path: Path) -> None:
    patient = Patient(1560, 120, activity_gbq=2.0)
    words = common_words(patient)
    planned = judged(run, *by_partition(patient), *words, "--out", tmp_path)
    assert planned == {("H43", "warn")}
    checked = run("check", "--plan", tmp_path / "plan.json", "--json")
    assert checked.exit_code == 0, checked.stderr
    said = json.loads(checked.stdout)["warnings"]
    found = {(one["code"], one["severity"]) for one in said}
    assert {one for one in found if one[1] in GRAVE} == planned


SEVERITIES = ("ask", "warn", "note")
AT = "2026-03-04T10:00+01:00"


def by_subject(result: Result) -> dict[tuple[str, str], str]:
    """What is asked or warned of, but for vials that differ from the plan."""
    return {
        (one["code"], one["subject"]): one["severity"]
        for one in json.loads(result.stdout)["warnings"]
        if one["severity"] in GRAVE and one["code"] != "H03"
    }


@pytest.mark.parametrize("name", [n for n, p in PATIENTS.items() if not p.organ])
def test_a_vial_is_judged_as_a_plan_of_its_activity(
    run: Run, name: str, tmp_path: Path
) -> None:
    """A vial of 18 % more than planned; what the plan has already is not repeated."""
    more = PATIENTS[name]
    less = replace(more, activity_gbq=more.gbq / 1.18)
    both = [
        by_subject(gone_on(run, *by_partition(one), *common_words(one), "--out", out))
        for one, out in ((more, tmp_path / "more"), (less, tmp_path / "less"))
    ]
    wanted = {
        key: severity
        for key, severity in both[0].items()
        if SEVERITIES.index(severity) < SEVERITIES.index(both[1].get(key, "note"))
    }
    words: list[object] = ["--plan", tmp_path / "less" / "plan.json", "--at", AT]
    for injection in "AB" if more.second_ml else ("",):
        vial = f"{more.gbq}GBq@{AT}"
        words += ["--measured", f"{injection}={vial}" if injection else vial]
    assert by_subject(gone_on(run, "plan", "vial", *words, "--json")) == wanted
    assert wanted or name not in ("large burden", "remnant")
