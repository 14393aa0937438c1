"""What a sheet of one page leaves out, and never does."""

from sirtdose.report.ladder import Rung, Verdict, ladder
from sirtdose.report.palette import Paint
from sirtdose.report.plan.cutting import sheet_cuts, table_cuts

GRAY = Paint("#5f6772", "#d3d8de")


def at_most(gy: float, limit_gy: float = 60.0) -> Verdict:
    return Verdict("at_most", limit_gy, gy, gy <= limit_gy)


def rung(name: str, *verdicts: Verdict) -> Rung:
    return Rung(name, GRAY, 50.0, verdicts=verdicts)


GOAL = Verdict("at_least", 120.0, 130.0, met=True, planned=True)
ROWS = [
    rung("T1", GOAL, at_most(130, 400), at_most(130, 140)),
    rung("missed", at_most(61), at_most(10)),
    rung("unknown", Verdict("at_most", 60.0, None, None)),
    *(rung(f"met {gy}", at_most(gy)) for gy in (59, 50, 40, 30, 20)),
    rung("free"),
]
FINDINGS = [{"severity": one} for one in ("stop", "ask", "accepted", *["warn"] * 5)]
CUTS = sheet_cuts(ladder(ROWS).groups, FINDINGS, pictures=True)
ORDER = list(CUTS)


def test_unmet_unknown_limits_and_questions_always_stay() -> None:
    assert not {("row", "missed"), ("row", "unknown"), ("row", "T1")} & set(CUTS)
    assert ("limit", "missed", 0) not in CUTS
    kept = {("finding", n) for n, one in enumerate(FINDINGS) if n < 3}
    assert not kept & set(CUTS)


def test_the_farthest_limits_go_first_and_a_row_keeps_its_nearest() -> None:
    # 130 of 400 is farther from its limit than 10 of 60 is from 60: 0.68 and 0.83.
    assert ORDER[:2] == [("limit", "missed", 1), ("limit", "T1", 1)]
    assert ("limit", "T1", 2) not in CUTS
    rows = [name for what, *rest in ORDER if what == "row" for name in rest]
    assert rows == ["met 20", "met 30", "free", "met 40", "met 50", "met 59"]


def test_warnings_go_from_the_last_and_three_stay_longest() -> None:
    warned = [n for what, *rest in ORDER if what == "finding" for n in rest]
    assert warned == [7, 6, 5, 4, 3]
    assert ORDER.index(("finding", 6)) < ORDER.index(("row", "met 20"))
    assert ORDER.index(("finding", 5)) > ORDER.index(("histogram",))


def test_without_pictures_none_is_left_out() -> None:
    plain = sheet_cuts(ladder(ROWS).groups, FINDINGS)
    assert not {("small",), ("histogram",), ("pictures",)} & set(plain)
    assert sorted(plain.values()) == list(range(1, len(plain) + 1))


def test_of_compared_methods_a_limit_stays_that_one_misses() -> None:
    limits = [
        ("a", [at_most(10), at_most(70)]),
        *((f"b {gy}", [at_most(gy), at_most(gy)]) for gy in (10, 20, 30, 40)),
    ]
    found = table_cuts(limits, [{"severity": "warn"}])
    assert list(found) == [
        ("row", 1),
        ("finding", 0),
        *(("row", 2), ("row", 3), ("row", 4)),
    ]
