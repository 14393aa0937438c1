"""Study B's laboratory values: hepatotoxicity of grade 3 in 8 of 64, as published."""

from collections.abc import Iterator, Mapping, Sequence

from examples.simulated.tables import Row

TREATED, BEFORE, AFTER = "2026-03-02", "2026-02-20", "2026-04-13"
_ULN = {"bilirubin": 1.2, "AST": 40.0, "ALT": 40.0}
_UNIT = {"bilirubin": "mg/dL", "AST": "U/L", "ALT": "U/L"}
# Of eight: bilirubin above 3 x ULN in four, AST above 5 x ULN in two, ascites that
# needed intervention in two. How the study's eight divide is not published.
HARM = (*["bilirubin"] * 4, *["AST"] * 2, *["ascites"] * 2)
_TIMES = {"bilirubin": 4.0, "AST": 7.0}


def laboratory_rows(outcomes: Sequence[Mapping[str, str]]) -> Iterator[Row]:
    """Values before treatment and six weeks after; ascites graded by the user."""
    harms = iter(HARM)
    for row in outcomes:
        harm = next(harms) if row["hepatotoxicity"] == "yes" else ""
        before = {
            "bilirubin": float(row["bilirubin_mg_per_dl"]),
            "AST": float(row["ast_u_per_l"]),
            "ALT": 0.8 * float(row["ast_u_per_l"]),
        }
        for term, value in before.items():
            # CTCAE multiplies a baseline above its limit, and not the limit.
            reference = max(value, _ULN[term])
            after = _TIMES[term] * reference if term == harm else 1.1 * value
            yield _row(row["case_id"], BEFORE, term) | {"value": f"{value:.3g}"}
            yield _row(row["case_id"], AFTER, term) | {"value": f"{after:.3g}"}
        if harm == "ascites":
            common = {"case_id": row["case_id"], "date": AFTER, "treated": TREATED}
            yield common | {"term": "ascites", "grade": "3"}


def _row(case: str, day: str, term: str) -> Row:
    return {
        "case_id": case,
        "date": day,
        "term": term,
        "value": "",
        "unit": _UNIT[term],
        "uln": f"{_ULN[term]:g}",
        "grade": "",
        "treated": TREATED,
    }
