"""Doses of every patient in a folder, two at a time, and one table of all."""

import csv
import tempfile
from pathlib import Path

from sirtdose import (
    Case,
    DoseRequest,
    Given,
    ImageRequest,
    Nuclide,
    PhantomRequest,
    PostRequest,
    Wanted,
    run_cases,
    write_phantom,
    write_tables,
)


def main() -> None:
    """Write three digital patients, and assess them."""
    with tempfile.TemporaryDirectory() as name:
        patients, out = Path(name, "patients"), Path(name, "doses")
        cases = []
        for seed in (1, 2, 3):
            folder = patients / f"case-{seed}"
            folder.mkdir(parents=True)
            truth = write_phantom(PhantomRequest(seed=seed), folder)
            request = PostRequest(
                ImageRequest(folder),
                Given(
                    Nuclide.named("Y-90"),
                    administered_gbq=truth["delivered_gbq"],
                    lung_shunt_fraction=truth["lung_shunt_fraction"],
                ),
                DoseRequest(calibrate_over="fov"),
            )
            wanted = Wanted(dicom=False, thumbnail=True)
            cases.append(Case(folder.name, request, out / folder.name, wanted))

        outcomes = []
        for outcome in run_cases(cases, jobs=2):
            print(outcome.case_id, outcome.state, outcome.error)
            outcomes.append(outcome)
        write_tables(sorted(outcomes, key=lambda one: one.case_id), out)

        with (out / "summary.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["role"] == "tumor":
                    dose = float(row["mean_gy"])
                    print(f"{row['case_id']} {row['name']} {dose:.1f} Gy")


# The workers load this file too: only the first one is to start the batch.
if __name__ == "__main__":
    main()
