"""A cohort's results as a paper shows them: tables of patients and of results."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sirtdose.report.cohort.words import Document, models, ratio_words
from sirtdose.report.wording import significant

NONE = "n/a"
_YES_NO = ("yes", "no")
# Units by the endings of columns, the longer ending first.
_UNITS = {
    "umol_per_l": "\N{MICRO SIGN}mol/L",
    "mg_per_dl": "mg/dL",
    "g_per_dl": "g/dL",
    "e9_per_l": "10\N{SUPERSCRIPT NINE}/L",
    "u_per_l": "U/L",
    "g_per_l": "g/L",
    "gbq": "GBq",
    "ml": "mL",
    "mm": "mm",
    "kg": "kg",
    "years": "years",
    "months": "months",
    "percent": "%",
}
_INITIALS = {"ast", "alt", "alp", "ggt", "inr", "afp", "bmi"}


def result(
    key: str, says: str, of: Mapping[str, Any], estimate: str, **others: str
) -> dict[str, Any]:
    """A row: what was found in how many, with its interval, p and remark."""
    row = {"interval": NONE, "p": NONE, "remark": ""} | others
    return {
        "key": key,
        "says": says,
        "n": str(of["n"]),
        "events": str(of.get("events", "")),
        "estimate": estimate,
        **row,
    }


def p_cell(p: float | None) -> str:
    """A p for a cell.

    >>> p_cell(0.0132), p_cell(0.00001), p_cell(None)
    ('0.013', '< 0.001', 'n/a')
    """
    if p is None:
        return NONE
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def between(low: float | None, high: float | None, *, without: str) -> str:
    """A 95 % interval for a cell; what an end is called that is not there.

    >>> between(1.0, None, without="not reached"), between(None, None, without="none")
    ('1.00 to not reached', 'none')
    """
    if low is None and high is None:
        return without
    ends = [without if one is None else significant(one, 3) for one in (low, high)]
    return f"{ends[0]} to {ends[1]}"


def column_words(column: str) -> str:
    """A column's name as a table shows it.

    >>> column_words("tumor_mean_gy"), column_words("ast_u_per_l")
    ('Tumor mean', 'AST, U/L')
    """
    name = column.removesuffix("_gy")
    ending = next((one for one in _UNITS if name.endswith(f"_{one}")), "")
    words = name.removesuffix(f"_{ending}").replace("_", " ").strip()
    first, space, rest = words.partition(" ")
    named = first.upper() if first in _INITIALS else f"{first[:1].upper()}{first[1:]}"
    return f"{named}{space}{rest}{f', {_UNITS[ending]}' if ending else ''}"


def share(count: int, total: int, *, said: bool = False) -> str:
    """A count and its percentage; with `said` also of how many.

    >>> share(8, 64), share(46, 60, said=True), share(0, 0)
    ('8 (12.5)', '46 of 60 (76.7 %)', 'n/a')
    """
    if not total:
        return NONE
    part = f"{100 * count / total:.1f}"
    return f"{count} of {total} ({part} %)" if said else f"{count} ({part})"


def endpoint_rows(endpoint: Document) -> list[dict[str, Any]]:
    """What doses tell of an endpoint, a row a result."""
    if not endpoint["roc"]:
        return []
    groups, roc = endpoint["groups"], endpoint["roc"]
    yes, no = (groups[word]["median"] for word in _YES_NO)
    cut = roc["cutoff"]
    rows = [
        result(
            "difference",
            f"Difference of median doses, Gy, with minus without "
            f"({endpoint['rank_sum']['name']}, {endpoint['rank_sum']['method']})",
            endpoint,
            significant(yes - no, 3),
            p=p_cell(endpoint["rank_sum"]["p"]),
            interval="not estimated",
        ),
        result(
            *("auc", "Area under the ROC curve", endpoint, f"{roc['auc']:.3f}"),
            interval=between(
                *(roc["auc_low"], roc["auc_high"]),
                without="none: too few patients, or every pair in order",
            ),
            remark=roc["interval"],
        ),
    ]
    if cut["youden"] <= 0:
        said = "Best threshold, Gy (Youden): none tells more than chance"
        rows.append(result("none", said, endpoint, NONE))
    else:
        rows += _threshold(endpoint, cut)
    return [*rows, *_curve(endpoint), *_given(endpoint)]


def _threshold(endpoint: Document, cut: Document) -> list[dict[str, Any]]:
    said = f"observed value {significant(cut['observed'])} Gy"
    if cut["equals"] > 1:
        said += f"; {cut['equals']} thresholds are as good, the lowest is given"
    return [
        result(
            "threshold",
            "Best threshold, Gy (Youden), at and above",
            *(endpoint, significant(cut["midpoint"])),
            interval=between(cut["midpoint_low"], cut["midpoint_high"], without="none"),
            remark=said,
        ),
        *(
            result(
                *(one, f"{one.capitalize()} of the best threshold", endpoint),
                f"{cut[one]:.3f}",
            )
            for one in ("sensitivity", "specificity")
        ),
    ]


def _curve(endpoint: Document) -> list[dict[str, Any]]:
    fit = endpoint["dose_response"]
    half = f"Dose for 50 % {endpoint['kind']}, Gy (logistic model)"
    if fit["failed"]:
        return [
            result("half", half, endpoint, NONE, remark=f"no curve: {fit['failed']}")
        ]
    beyond = "" if fit["d50_seen"] else "beyond the doses given: extrapolated"
    found = fit["d50_gy"]
    low, high = fit["d50_low_gy"], fit["d50_high_gy"]
    return [
        result(
            *("half", half, endpoint, NONE if found is None else significant(found)),
            interval=between(low, high, without="unbounded"),
            remark=beyond if found is not None else "no dose gives one half",
        ),
        result(
            *("slope", "Slope of the logistic model, per Gy", endpoint),
            significant(fit["slope_per_gy"], 3),
            interval=between(fit["slope_low"], fit["slope_high"], without="none"),
            p=p_cell(fit["p"]),
            remark=fit["covariance"],
        ),
    ]


def _given(endpoint: Document) -> list[dict[str, Any]]:
    divided = endpoint["threshold"]
    if not divided:
        return []
    odds, at = divided["fisher"], f"{significant(divided['threshold_gy'])} Gy, given"
    ratio = odds["ratio"]
    counts = [
        (name, divided[key], of)
        for name, key, of in (
            ("at and above", "at_or_above", "sensitivity"),
            ("below", "below", "specificity"),
        )
    ]
    return [
        *(
            result(
                name,
                f"With {endpoint['kind']} {name} {at}",
                {"n": own["yes"] + own["no"], "events": own["yes"]},
                share(own["yes"], own["yes"] + own["no"], said=True),
                remark=f"{of} {divided[of]:.3f}",
            )
            for name, own, of in counts
        ),
        result(
            *("odds", f"Odds ratio at and above {at}", endpoint),
            ("infinite" if ratio is None else significant(ratio, 3))
            if odds["low"] is not None
            else NONE,
            interval=between(
                *(odds["low"], odds["high"]),
                without="not defined" if odds["low"] is None else "unbounded",
            ),
            p=p_cell(odds["p"]),
            remark="Fisher",
        ),
    ]


def survival_rows(survival: Document) -> list[dict[str, Any]]:
    """Medians, tests and hazard ratios, a row each."""
    if survival["failed"]:
        return []
    rows = [
        _median("median", "Median, all patients", survival["overall"]),
        _median(
            "follow-up",
            "Median follow-up (reverse Kaplan-Meier)",
            {"n": survival["n"], "median": survival["follow_up"]},
        ),
    ]
    for group in survival["groups"]:
        rows += _group(group, survival["unit"])
    for model in models(survival):
        rows += _hazards(model, survival["strata"])
    return rows


def _median(key: str, says: str, curve: Document) -> dict[str, Any]:
    median = curve["median"]
    time = median["time"]
    return result(
        *(key, says, curve, "not reached" if time is None else significant(time, 3)),
        interval=between(median["low"], median["high"], without="not reached"),
        remark=median["method"],
    )


def _group(group: Document, unit: str) -> Iterator[dict[str, Any]]:
    after = f", from {group['landmark']:g} {unit} on" if group["landmark"] else ""
    for name, curve in group.get("curves", {}).items():
        key = f"median {group['by']}: {name}"
        said = f"Median, {column_words(group['by'])}: {name}{after}"
        yield _median(key, said, curve)
    if "failed" in group:
        remark = f"not tested: {group['failed']}"
        said = f"By {group['by']}{after}"
        yield result("", said, {"n": group["n"]}, NONE, remark=remark)
        return
    test, remark = group["log_rank"], f"{group['missing']} missing"
    if group["landmark"]:
        remark += f", {group['before_landmark']} ended until then"
    yield result(
        *(f"log-rank {group['by']}", f"Log-rank chi-squared, by {group['by']}{after}"),
        *({"n": group["n"]}, significant(test["chi_squared"], 3)),
        p=p_cell(test["p"]),
        remark=remark,
    )
    if group["stratified"]:
        yield _stratified(group, after)


def _stratified(group: Document, after: str) -> dict[str, Any]:
    own = group["stratified"]
    said = f"Stratified log-rank chi-squared, by {group['by']}{after}"
    test = own["log_rank"]
    if test is None:
        return result("", said, own, NONE, remark=f"not tested: {own['failed']}")
    return result(
        *(f"stratified {group['by']}", said, own),
        significant(test["chi_squared"], 3),
        p=p_cell(test["p"]),
        remark=f"{test['strata']} strata, {own['missing']} missing",
    )


def _hazards(model: Document, strata: Sequence[str]) -> Iterator[dict[str, Any]]:
    several = len(model["covariates"]) > 1
    kind = "Cox, several covariates" if several else "Cox"
    kind += f", stratified by {', '.join(strata)}" if strata else ""
    if model.get("failed"):
        names = ", ".join(model["covariates"])
        yield result(
            *("", f"Hazard ratio, {names} ({kind})", model, NONE),
            remark=model["failed"],
        )
        return
    for one in model["ratios"]:
        checked = p_cell(one["proportional_p"])
        yield result(
            f"hazard {'several' if several else 'one'} {one['name']}",
            f"Hazard ratio, {one['name']} ({kind})",
            *(model, ratio_words(one["ratio"])),
            interval=f"{ratio_words(one['low'])} to {ratio_words(one['high'])}",
            p=p_cell(one["p"]),
            remark=f"proportional hazards p {checked}"
            if checked != NONE
            else "proportional hazards not checked",
        )
