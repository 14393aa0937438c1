"""What study A published beside what the simulated patients give."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from examples.simulated.tables import read_rows
from examples.study_a.patients import WOMEN

_DAYS_A_MONTH = 30.4375


def comparison(out: Path) -> Iterator[str]:
    """A line for each number of the abstract."""
    yield f"{'simulated study A':34} {'published':24} here"
    for name, published, found in (*_treated(), *_results(out)):
        yield f"{name:34} {published:24} {found}"


def _treated() -> Iterator[tuple[str, str, str]]:
    given = Counter(one.cohort for one in WOMEN if one.mitomycin)
    yield "mitomycin after radioembolization", "12/16", f"{given.total()}/{len(WOMEN)}"
    cohorts = ", ".join(f"{arm} {count}" for arm, count in sorted(given.items()))
    yield "cohorts", "A 2, B 1, C 3, D 6", cohorts
    several = sum(len(one.lobes) > 1 for one in WOMEN)
    yield "several treatments or lobes", "14/16", f"{several}/16"
    gbq = [one.activity_gbq for one in WOMEN]
    said = f"{median(gbq):.2f} ({min(gbq)} to {max(gbq):.3f})"
    yield "activity, GBq", "1.68 (1.043 to 2.140)", said
    days = [(one.mitomycin[0] - one.sirt).days for one in WOMEN if one.mitomycin]
    low, middle, high = (
        one / _DAYS_A_MONTH for one in (min(days), median(days), max(days))
    )
    said = f"{middle:.1f} ({low:.1f} to {high:.1f})"
    yield "months to the first mitomycin", "2.1 (1.7 to 12.8)", said


def _results(out: Path) -> Iterator[tuple[str, str, str]]:
    best = Counter(row["best_response"] for row in read_rows(out / "response/best.csv"))
    said = ", ".join(f"{word} {count}" for word, count in sorted(best.items()))
    yield "response by mRECIST", "PR 10, SD 6", said
    grades = read_rows(out / "toxicity" / "arms.csv")
    ulcers = [
        row
        for row in grades
        if (row["arm"], row["term"]) == ("SIRT", "gastrointestinal ulcer")
        and row["grade"] in "12345"
    ]
    had = sum(int(row["treated_n"]) for row in ulcers)
    yield "ulcers after radioembolization", "5/16", f"{had}/{ulcers[0]['treated_of']}"
    last = {one.case_id for one in WOMEN if one.catheter == "anti-reflux"}
    worst = read_rows(out / "toxicity" / "patients.csv")
    among = sum(
        row["case_id"] in last and row["worst_gastrointestinal_ulcer_grade"] > "0"
        for row in worst
    )
    yield "  with an anti-reflux catheter", "0/6", f"{among}/{len(last)}"
    document = json.loads((out / "cohort" / "cohort.json").read_text("utf-8"))
    own = document["survival"]["overall"]["median"]
    high = "not reached" if own["high"] is None else f"{own['high']:.4g}"
    said = f"{own['time']:g} ({own['low']:.4g} to {high}, {own['method']})"
    yield "survival, months", "12.6 (10.23 to 15.0)", said
