"""Study A's doses, simulated: one of tumors and one of normal liver a patient."""

from pathlib import Path
from typing import Any

from examples.simulated.program import sirtdose
from examples.simulated.tables import Row, read_rows
from examples.study_a.patients import WOMEN, Woman
from sirtdose import (
    Nuclide,
    PatientDose,
    PhantomRequest,
    TreatedPart,
    patient_dose,
    write_phantom,
)
from sirtdose.planning.partition import normal_dose_gy

# Tumors and normal liver of each lobe, mL, and T/N: invented.
_LOBES = {"right lobe": (140.0, 860.0), "left lobe": (60.0, 440.0)}
_RATIO, _DENSITY_KG_PER_ML, _SHUNT = 2.8, 1.05e-3, 0.05
_K = Nuclide.named("Y-90").dose_constant_gy_kg_per_gbq
_LUNGS_KG = 1.0
_IDENTITY = """#Insight Transform File V1.0
#Transform 0
Transform: TranslationTransform_double_3_3
Parameters: 0 0 0
FixedParameters:
"""
Doses = tuple[PatientDose, PatientDose]


def dose_rows(out: Path, *, images: bool) -> list[Row]:
    """A row a patient: doses, how they were obtained, and what else was recorded.

    a01 had her right lobe treated twice; with `images` both are digital, and their maps
    are summed. Without, she has her lung dose only: means cannot be added.
    """
    rows = []
    for one in WOMEN:
        row = {
            "case_id": one.case_id,
            "activity_gbq": f"{one.activity_gbq:g}",
            "lungs_mean_gy": f"{_K * one.activity_gbq * _SHUNT / _LUNGS_KG:.2f}",
            "dose_from": "not summed",
        }
        twice = len(set(one.lobes)) < len(one.lobes)
        if images or not twice:
            tumor, liver = _by_map(one, out) if twice else _by_volume(one)
            row |= {
                "tumor_mean_gy": f"{tumor.mean_gy:.1f}",
                "normal_liver_mean_gy": f"{liver.mean_gy:.1f}",
                "dose_from": tumor.method,
            }
        rows.append(row)
    return rows


def _by_volume(one: Woman) -> Doses:
    """Partition model of each lobe, which receives activity by its tissue's uptake."""
    lobes = {name: _LOBES[name] for name in one.lobes}
    weights = {name: normal + _RATIO * own for name, (own, normal) in lobes.items()}
    tumors, livers = [], []
    for name, (tumor_ml, normal_ml) in lobes.items():
        gy = normal_dose_gy(
            activity_gbq=one.activity_gbq * weights[name] / sum(weights.values()),
            normal_mass_kg=normal_ml * _DENSITY_KG_PER_ML,
            tumor_masses_kg=[tumor_ml * _DENSITY_KG_PER_ML],
            # The left lobe's tumors take up less.
            tumor_to_normal_ratios=[_ratio(name)],
            dose_constant_gy_kg_per_gbq=_K,
            lung_shunt_fraction=_SHUNT,
        )
        tumors.append(TreatedPart(name, tumor_ml, gy * _ratio(name)))
        livers.append(TreatedPart(name, normal_ml, gy))
    return patient_dose(tumors), patient_dose(livers)


def _ratio(lobe: str) -> float:
    return _RATIO if lobe == "right lobe" else 0.8 * _RATIO


def _digital(one: Woman, out: Path, *, session: int = 1) -> tuple[Path, dict[str, Any]]:
    folder = out / "patients" / f"{one.case_id}-{session}"
    folder.mkdir(parents=True)
    seed = 100 * session + one.number
    request = PhantomRequest(seed=seed, patient_id=one.case_id)
    return folder, write_phantom(request, folder)


def _by_map(one: Woman, out: Path) -> Doses:
    """Two sessions, registered; the second one adds the first one's map."""
    # The digital patient lies alike in both: a translation by nothing.
    register = out / "patients" / "registered.tfm"
    register.parent.mkdir(parents=True)
    register.write_text(_IDENTITY, "utf-8")
    prior: tuple[object, ...] = ()
    result = out
    for session in (1, 2):
        folder, truth = _digital(one, out, session=session)
        result = out / "doses" / f"{one.case_id}-{session}"
        sirtdose(
            *("post", folder, "--administered", f"{one.activity_gbq / 2:.4f}GBq"),
            *("--administered-at", truth["administered_at"], *prior),
            *("--lung-shunt", f"{_SHUNT:.0%}", "--calibrate-over", "fov"),
            *("--show-patient", "--device", "resin", "--out", result),
        )
        map_of_it = result / "dose_local.dcm"
        # H09 asks whether a map so much like this one is of this treatment: it is not.
        prior = (
            *("--prior-dose", map_of_it, "--prior-transform", register),
            *("--accept", "H09", "--reason", "simulated: the same lobe, treated again"),
        )
    found = {
        row["name"]: float(row["mean_gy"])
        for row in read_rows(result / "structures.csv")
        if row["method"] == "local_deposition+with_prior"
    }
    tumor, liver = (found[name] for name in ("all_tumors", "normal_whole"))
    return patient_dose([], summed_gy=tumor), patient_dose([], summed_gy=liver)
