"""Study A's table 3, simulated: grades by arm, and the events that give them.

Each digit is the worst grade of one patient, in her arm's order: 16 after
radioembolization, then 2, 1, 3 and 6 after mitomycin in cohorts A, B, C and D.
Published is only that 5 of 16 had an ulcer, none of the last 6. The rest is invented.
"""

from collections.abc import Iterator
from datetime import timedelta

from examples.simulated.tables import Row
from examples.study_a.patients import ARMS, WOMEN, Woman

GRADES = {
    "fatigue": "0112101201101021 01 1 011 100211",
    "pain": "1021101102111010 00 0 100 010010",
    "nausea": "0110100101001100 10 0 010 001010",
    "vomiting": "0010000100000100 00 0 010 000010",
    "ulcer": "3020300203000000 00 0 000 000000",
    "leukopenia": "0001000010000100 01 1 110 102110",
    "thrombocytopenia": "0100010000100010 01 1 211 123101",
    "anemia": "1101011010110101 11 1 111 112111",
    "AST": "1121110112111011 01 0 110 101100",
    "ALT": "1011010111010110 00 0 100 100100",
    "bilirubin": "0010000100000020 00 0 000 000010",
    "ALP": "1112101121101211 11 1 111 110121",
    "GGT": "2123112212113212 12 1 212 211122",
    "eGFR": "0000100000010000 00 0 010 000100",
}
CLINICAL = ("fatigue", "pain", "nausea", "vomiting", "ulcer", "eGFR")
# Unit, limits of normal, and a value of each grade from 0 to 3.
_VALUES: dict[str, tuple[str, str, tuple[float, float, float, float]]] = {
    "leukopenia": ("10^9/L", "lln 4", (5.2, 3.5, 2.4, 1.5)),
    "thrombocytopenia": ("10^9/L", "lln 150", (210, 110, 62, 41)),
    "anemia": ("g/dL", "lln 12", (12.8, 10.9, 9.1, 7.4)),
    "AST": ("U/L", "uln 40", (31, 96, 170, 420)),
    "ALT": ("U/L", "uln 40", (28, 88, 160, 390)),
    "bilirubin": ("mg/dL", "uln 1.2", (0.8, 1.5, 2.9, 5.1)),
    "ALP": ("U/L", "uln 120", (96, 210, 480, 900)),
    "GGT": ("U/L", "uln 40", (33, 85, 170, 390)),
}
_BASELINE, _AFTER = timedelta(days=-9), timedelta(days=21)


def treated_in(arm: str) -> list[Woman]:
    """The women who had a treatment of an arm."""
    if arm == "SIRT":
        return WOMEN
    return [one for one in WOMEN if one.cohort == arm and one.mitomycin]


def roster_rows() -> list[Row]:
    """Every woman with the arms to which she was allocated."""
    return [{"case_id": one.case_id, "arm": f"SIRT|{one.cohort}"} for one in WOMEN]


def treatment_rows() -> Iterator[Row]:
    """Each treatment with its day and arm."""
    for one in WOMEN:
        days = [(one.sirt, "SIRT"), *((day, one.cohort) for day in one.mitomycin)]
        for day, arm in days:
            yield {"case_id": one.case_id, "treated": day.isoformat(), "arm": arm}


def event_rows() -> Iterator[Row]:
    """A baseline of each laboratory term; then one row for each digit of the table."""
    for one in WOMEN:
        for term in _VALUES:
            yield _row(one, one.sirt + _BASELINE, term, 0)
    for term, all_digits in GRADES.items():
        for arm, digits in zip(ARMS, all_digits.split(), strict=True):
            for one, digit in zip(treated_in(arm), digits, strict=True):
                # After mitomycin, in her last cycle.
                day = (one.sirt if arm == "SIRT" else one.mitomycin[-1]) + _AFTER
                yield _row(one, day, term, int(digit))


def _row(one: Woman, day: object, term: str, grade: int) -> Row:
    row = {"case_id": one.case_id, "date": str(day), "term": term}
    if term in CLINICAL:
        return row | {"grade": str(grade), "laboratory": ""}
    unit, limit, values = _VALUES[term]
    name, bound = limit.split()
    return row | {
        "value": f"{values[grade]:g}",
        "unit": unit,
        name: bound,
        "laboratory": "north" if one.number % 2 else "south",
    }
