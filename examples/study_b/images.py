"""Study B's patients from images: SPECT/CT and FDG PET before and after."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from examples.simulated.program import sirtdose
from examples.simulated.tables import Row, read_rows, write_rows
from sirtdose import PhantomRequest, PhantomUptake, write_phantom, write_phantom_pet

PET_DAYS = {"before": "2026-02-20T10:00:00", "after": "2026-05-04T10:00:00"}
# By how much uptake changes with each response: ours, not the study's.
_CHANGE = {"CMR": 0.0, "PMR": 0.45, "SMD": 0.95, "PMD": 1.6}
# From here on the digital liver gets more than H07 and H43 let pass without an answer.
_HIGH_GY = 250.0
_ACCEPTED = {
    "accept": "H07|H43",
    "reason": "simulated: the drawn dose|simulated: the drawn dose",
}
_BEFORE_SUV = {"Tumor 1": 11.0, "Tumor 2": 10.0, "Tumor 3": 9.0}


def doses_of_images(drawn: Sequence[Row], out: Path, *, jobs: int) -> dict[str, Row]:
    """Assess a digital patient for each row; mean doses by case.

    The activity is the one that gives a patient's tumors her drawn dose in the image.
    """
    manifest = [
        {
            "case_id": row["case_id"],
            "input": f"patients/{row['case_id']}",
            **_given(out / "patients" / row["case_id"], row, seed),
        }
        for seed, row in enumerate(drawn, 1)
    ]
    table = write_rows(out / "manifest.csv", manifest)
    sirtdose("batch", table, "--jobs", jobs, "--out", out / "doses")
    return {
        row["case_id"]: {
            "tumor_mean_gy": row["tumors_mean_gy"],
            "normal_liver_mean_gy": row["normal_whole_mean_gy"],
        }
        for row in read_rows(out / "doses" / "cases.csv")
    }


def _given(folder: Path, row: Row, seed: int) -> Row:
    folder.mkdir(parents=True)
    truth = write_phantom(PhantomRequest(seed=seed, patient_id=row["case_id"]), folder)
    tumors = [one for one in truth["structures"] if one["role"] == "tumor"]
    volume_ml = sum(one["volume_ml"] for one in tumors)
    mean_gy = sum(one["volume_ml"] * one["mean_in_image_gy"] for one in tumors)
    gy_per_gbq = mean_gy / volume_ml / truth["delivered_gbq"]
    return {
        "administered": f"{float(row['tumor_mean_gy']) / gy_per_gbq:.4f} GBq",
        "administered_at": truth["administered_at"],
        "lung_shunt": f"{truth['lung_shunt_fraction']:.0%}",
        "calibrate_over": "fov",
        "device": "resin",
        # The page shows her name and ID: "Phantom Digital, ID simulated-001".
        "show_patient": "yes",
        **(_ACCEPTED if float(row["tumor_mean_gy"]) > _HIGH_GY else {}),
    }


def uptake_of_images(responses: Mapping[str, str], out: Path) -> Path:
    """Measure FDG before and after, as one table for `sirtdose response`.

    Who could not be evaluated has no second scan. After a complete response there is
    nothing to outline: uptake is 0, as of a lesion that is not seen any more.
    """
    rows = [
        line
        for seed, (case, response) in enumerate(responses.items(), 1)
        for line in _measured(case, response, seed, out)
    ]
    return write_rows(out / "scans.csv", rows)


def _measured(case: str, response: str, seed: int, out: Path) -> Iterator[Row]:
    scatter = np.random.default_rng(seed).normal(1, 0.06)
    before: list[Row] = []
    for visit, day in PET_DAYS.items():
        if visit == "after" and response == "NE":
            return
        if visit == "after" and response == "CMR":
            gone = {"date": day[:10], "sul_peak": "0", "diameter_mm": "0"}
            yield from (line | gone for line in before)
            return
        change = _CHANGE[response] * scatter if visit == "after" else 1.0
        folder = out / "pet" / case / visit
        request = PhantomUptake(
            {name: suv * change for name, suv in _BEFORE_SUV.items()},
            datetime.fromisoformat(day),
            seed=2 * seed + (visit == "after"),
            weight_kg=85,
            height_cm=165,
            patient_id=case,
        )
        write_phantom_pet(request, folder)
        suv = out / "suv" / case / visit
        sirtdose("suv", folder, "--case-label", case, "--out", suv, shown=seed == 1)
        lines = read_rows(suv / "uptake.csv")
        before = before or lines
        yield from lines


def scans_of(case: str, out: Path) -> list[Path]:
    """The folders of `sirtdose suv` of a patient with two scans."""
    folders = [out / "suv" / case / visit for visit in PET_DAYS]
    return folders if all((one / "suv.json").is_file() for one in folders) else []
