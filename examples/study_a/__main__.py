"""Study A, simulated: 16 women from entry criteria to survival.

python -m examples.study_a --out studies/study_a
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from examples.simulated.program import say, sirtdose
from examples.simulated.tables import Row, new_folder, read_rows, unmarked, write_rows
from examples.study_a.doses import dose_rows
from examples.study_a.eligible import judged
from examples.study_a.patients import WOMEN, Woman
from examples.study_a.published import comparison
from examples.study_a.table_3 import event_rows, roster_rows, treatment_rows

_BEFORE, _AFTER = timedelta(days=-14), timedelta(days=49)


def main(out: Path, *, images: bool = True) -> None:
    """Entry, toxicity by arm, mitomycin, response, doses and survival."""
    new_folder(out)
    answers = Counter(answer for _, answer in judged(out / "eligibility"))
    for answer, count in answers.items():
        say(f"{count:2} of {answers.total()}: {answer}")

    sirtdose(
        *("toxicity", write_rows(out / "events.csv", list(event_rows()))),
        *("--treated", write_rows(out / "treatments.csv", list(treatment_rows()))),
        *("--roster", write_rows(out / "roster.csv", roster_rows())),
        *("--ctcae", "5.0", "--out", out / "toxicity"),
    )
    _schedules(out)
    diameters = write_rows(out / "diameters.csv", list(_diameters()))
    criteria = ("--criteria", "mrecist", "--targets-max", 2)
    sirtdose("response", diameters, *criteria, "--out", out / "response")
    _analyze(out, images=images)
    for line in comparison(out):
        say(line)
    for path in unmarked(out):
        say(f"does not say that it is simulated: {path.relative_to(out)}")


def _schedules(out: Path) -> None:
    """The first woman of each cohort who had mitomycin; a05 with few platelets."""
    for cohort in "ABCD":
        one = next(one for one in WOMEN if one.cohort == cohort and one.mitomycin)
        several = len(one.mitomycin) > 1
        sirtdose(
            *("mmc", "--cohort", cohort, "--treated", one.sirt),
            *("--first-after", f"{(one.mitomycin[0] - one.sirt).days}d"),
            *(("--interval", "28d") if several else ()),
            *(("--platelets", "150,90", "--reduced-dose", "9mg") * (cohort == "C")),
            *(("--response", "SD,PD") * (cohort == "D")),
            *("--case", out / "eligibility" / f"{one.case_id}.toml"),
            *("--out", out / "mmc" / one.case_id),
        )


def _diameters() -> Iterator[Row]:
    """Two targets before and seven weeks after: -40 % or -10 %."""
    for one in WOMEN:
        shrunk = 0.6 if one.responds else 0.9
        visits: tuple[tuple[date, float], ...] = (
            (one.sirt + _BEFORE, 1.0),
            (one.sirt + _AFTER, shrunk),
        )
        for day, factor in visits:
            for lesion, mm in (("T1", 40 + one.number), ("T2", 30)):
                yield {
                    "case_id": one.case_id,
                    "date": day.isoformat(),
                    "lesion": lesion,
                    "organ": "liver",
                    "kind": "target",
                    "diameter_mm": f"{mm * factor:g}",
                }


def _recorded(one: Woman) -> Row:
    """What the study would have written down of her."""
    return {
        "case_id": one.case_id,
        "device": "resin",
        "catheter": one.catheter,
        "pre_embolization": "yes" if one.embolized_before else "no",
        "cohort": one.cohort,
        "os_months": f"{one.months:g}",
        "dead": "yes" if one.dead else "no",
    }


def _analyze(out: Path, *, images: bool) -> None:
    doses = write_rows(out / "doses.csv", dose_rows(out, images=images))
    methods = Counter(row["dose_from"] for row in read_rows(doses))
    for method, count in methods.items():
        say(f"dose of {count:2} of 16: {method}")
    # The study's interval of survival is symmetric, as SPSS prints it.
    sirtdose(
        *("cohort", doses),
        *("--outcomes", out / "response" / "best.csv"),
        *("--outcomes", out / "toxicity" / "patients.csv"),
        "--outcomes",
        write_rows(out / "outcomes.csv", [_recorded(one) for one in WOMEN]),
        *("--dose", "tumor_mean_gy", "--liver-dose", "normal_liver_mean_gy"),
        *("--response", "best_response", "--toxic-from", 1),
        *("--toxicity", "worst_gastrointestinal_ulcer_grade"),
        *("--time", "os_months", "--event", "dead", "--interval", "spss"),
        # All had resin: `device` is recorded, but one value compares nothing.
        *("--covariate", "catheter", "--covariate", "pre_embolization"),
        *("--out", out / "cohort", "-v"),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("studies/study_a"))
    main(parser.parse_args().out)
