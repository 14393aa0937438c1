"""Study B, simulated: 64 rows, 24 of them from images, to the cohort's page.

python -m examples.study_b --out studies/study_b
"""

import argparse
from pathlib import Path

from examples.simulated.program import say, sirtdose
from examples.simulated.tables import Row, new_folder, read_rows, unmarked, write_rows
from examples.study_b.images import doses_of_images, scans_of, uptake_of_images
from examples.study_b.laboratory import laboratory_rows
from examples.study_b.published import comparison
from sirtdose.phantom.cohort import write_cohort

_OUTCOMES = ("os_months", "dead", "bilobar", "ast_u_per_l", "bilirubin_mg_per_dl")


def main(out: Path, *, imaged: int = 24, jobs: int = 2) -> None:
    """Draw the cohort, image the first patients of it, and analyze it as one."""
    new_folder(out)
    # One drawing for all: the one of `cohort --simulated`.
    drawn = out / "drawn"
    drawn.mkdir(parents=True)
    write_cohort(drawn)
    doses = read_rows(drawn / "simulated_doses.csv")
    outcomes = read_rows(drawn / "simulated_outcomes.csv")

    from_images = doses_of_images(doses[:imaged], out, jobs=jobs)
    drawn_responses = {row["case_id"]: row["response"] for row in outcomes[:imaged]}
    scans = uptake_of_images(drawn_responses, out)
    criteria = ("--criteria", "mpercist", "--lesions-max", 3)
    sirtdose("response", scans, *criteria, "--out", out / "response")
    one = next((own for case in from_images if (own := scans_of(case, out))), [])
    if one:
        sirtdose("response", "--scans", *one, *criteria, "--out", out / "one_patient")

    labs = write_rows(out / "labs.csv", list(laboratory_rows(outcomes)))
    window = ("--window", "0-90d")
    sirtdose("toxicity", labs, "--ctcae", "5.0", *window, "--out", out / "toxicity")

    _analyze(out, doses, outcomes, from_images)
    for line in comparison(out):
        say(line)
    for path in unmarked(out):
        say(f"does not say that it is simulated: {path.relative_to(out)}")


def _analyze(
    out: Path, doses: list[Row], outcomes: list[Row], from_images: dict[str, Row]
) -> None:
    """One table of doses and one of outcomes: measured where there are images."""
    dosed = [
        row
        | {"dose_from": "drawn"}
        | (
            from_images[row["case_id"]] | {"dose_from": "images"}
            if row["case_id"] in from_images
            else {}
        )
        for row in doses
    ]
    measured = {
        row["case_id"]: row["best_response"]
        for row in read_rows(out / "response" / "best.csv")
    }
    known = [
        {
            "case_id": row["case_id"],
            "response": measured.get(row["case_id"], row["response"]),
            "response_from": "images" if row["case_id"] in measured else "drawn",
            **{name: row[name] for name in _OUTCOMES},
        }
        for row in outcomes
    ]
    sirtdose(
        "cohort",
        write_rows(out / "doses.csv", dosed),
        *("--outcomes", write_rows(out / "outcomes.csv", known)),
        *("--outcomes", out / "toxicity" / "patients.csv"),
        *("--dose", "tumor_mean_gy", "--liver-dose", "normal_liver_mean_gy"),
        *("--response", "response", "--toxicity", "hepatotoxicity_grade3"),
        *("--time", "os_months", "--event", "dead", "--threshold", "79.5Gy"),
        *("--by", "response", "--by", "hepatotoxicity_grade3", "--paragraph"),
        *("--covariate", "bilobar", "--covariate", "ast_u_per_l"),
        *("--covariate", "bilirubin_mg_per_dl", "--out", out / "cohort", "-v"),
    )


# Workers of the batch load this file too: only the first one is to start it.
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("studies/study_b"))
    parser.add_argument("--imaged", type=int, default=24, help="patients with images")
    given = parser.parse_args()
    main(given.out, imaged=given.imaged)
