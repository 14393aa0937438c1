"""A cohort in words: lines of the terminal and the page, and captions."""

from collections.abc import Iterator, Mapping
from typing import Any

from sirtdose.model.grade_column import is_grade
from sirtdose.outcomes.proportional_hazards import EVENTS_TO_CHECK
from sirtdose.report.wording import significant

Document = Mapping[str, Any]


def p_words(p: float) -> str:
    """Write a p as people print it.

    >>> p_words(0.0132), p_words(0.00001)
    ('p = 0.013', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def interval_words(
    low: float | None, high: float | None, *, without: str = "unbounded"
) -> str:
    """Write a 95 % interval; what an end is called that is not there.

    >>> interval_words(1.0, None, without="not reached")
    '95 % CI 1.00 to not reached'
    """
    ends = [without if one is None else significant(one, 3) for one in (low, high)]
    return f"95 % CI {ends[0]} to {ends[1]}"


def spread_words(group: Document, unit: str) -> str:
    """Median and quartiles."""
    median, q1, q3 = (significant(group[name]) for name in ("median", "q1", "q3"))
    return f"{median}{unit} (IQR {q1} to {q3}), n = {group['n']}"


def median_words(median: Document, unit: str) -> str:
    """Write a median time with its interval by the method named."""
    time = median["time"]
    said = "not reached" if time is None else f"{significant(time)} {unit}"
    if median["low"] is None and median["high"] is None:
        return f"{said} (no 95 % CI, {median['method']})"
    interval = interval_words(median["low"], median["high"], without="not reached")
    return f"{said} ({interval}, {median['method']})"


def endpoint_title(endpoint: Document) -> str:
    """What an endpoint is, at which level."""
    return f"{endpoint['kind']} ({outcome_words(endpoint)}) by {endpoint['level']}"


def outcome_words(endpoint: Document) -> str:
    """An outcome's columns, and from which grade those of grades count.

    >>> parts = [{"column": "alt_grade"}, {"column": "died"}]
    >>> outcome_words({"column": "alt_grade or died", "grade_from": 3, "parts": parts})
    'died, or alt_grade of grade 3 and above'
    """
    grade, column = endpoint["grade_from"], str(endpoint["column"])
    if not grade:
        return column
    names = [str(one["column"]) for one in endpoint["parts"] or ()]
    plain = [one for one in names if not is_grade(one)]
    if not plain:
        return f"{column}, grade {grade} and above"
    graded = " or ".join(one for one in names if is_grade(one))
    return f"{' or '.join(plain)}, or {graded} of grade {grade} and above"


def ratio_words(ratio: float) -> str:
    """A hazard ratio; near 1 with digits enough to differ from it.

    >>> ratio_words(2.425), ratio_words(1.00043)
    ('2.42', '1.00043')
    """
    return f"{ratio:.5f}" if is_near_one(ratio) else significant(ratio, 3)


def is_near_one(ratio: float) -> bool:
    """Whether a ratio is so near 1 that three digits do not show the difference."""
    return abs(ratio - 1) < 0.01


def cutoff_words(endpoint: Document) -> str:
    """Write the Youden threshold by both conventions, with its rule and direction."""
    cut = endpoint["roc"]["cutoff"]
    if cut["youden"] <= 0:
        return "no threshold: none tells more apart than chance (Youden index 0)"
    interval = (
        "no interval"
        if cut["midpoint_low"] is None
        else interval_words(cut["midpoint_low"], cut["midpoint_high"])
    )
    others = (
        f"; {cut['equals']} thresholds are as good, the lowest is given"
        if cut["equals"] > 1
        else ""
    )
    return (
        f"Youden threshold {significant(cut['midpoint'])} Gy (midpoint; {interval}; "
        "observed value "
        f"{significant(cut['observed'])} Gy), {endpoint['kind']} expected at and "
        f"above: sensitivity {cut['sensitivity']:.3f}, specificity "
        f"{cut['specificity']:.3f}"
        f"{others}"
    )


def area_words(endpoint: Document) -> str:
    """Write the area under the curve with its interval."""
    roc = endpoint["roc"]
    if roc["auc_low"] is None:
        return (
            f"AUC {roc['auc']:.3f} (no interval by {roc['interval']}: too few "
            "patients, or every pair in order)"
        )
    return (
        f"AUC {roc['auc']:.3f} "
        f"({interval_words(roc['auc_low'], roc['auc_high'])}, {roc['interval']})"
    )


def curve_words(endpoint: Document) -> str:
    """Write the logistic curve's dose of one half and slope, or why there is none."""
    fit = endpoint["dose_response"]
    if fit["failed"]:
        return f"no logistic curve: {fit['failed']}"
    slope = (
        f"slope {significant(fit['slope_per_gy'])} per Gy "
        f"({interval_words(fit['slope_low'], fit['slope_high'])}, {p_words(fit['p'])}, "
        f"{fit['covariance']})"
    )
    name = "TCP50" if endpoint["kind"] == "response" else "D50"
    if fit["d50_gy"] is None:
        return f"no {name}: the curve rises through one half at no dose; {slope}"
    beyond = "" if fit["d50_seen"] else ", beyond the doses given: extrapolated"
    return (
        f"{name} {significant(fit['d50_gy'])} Gy "
        f"({interval_words(fit['d50_low_gy'], fit['d50_high_gy'])}, Fieller{beyond}), "
        f"{slope}, gamma50 {significant(fit['gamma50'])}"
    )


def divided_words(endpoint: Document) -> str:
    """Write how a dose known beforehand divides the endpoint."""
    divided = endpoint["threshold"]
    above, below = divided["at_or_above"], divided["below"]
    return (
        f"at and above {significant(divided['threshold_gy'])} Gy (given) "
        f"{above['yes']} of {above['yes'] + above['no']}, below it {below['yes']} of "
        f"{below['yes'] + below['no']}: sensitivity {divided['sensitivity']:.3f}, "
        f"specificity {divided['specificity']:.3f}, odds ratio "
        f"{_odds_words(divided['fisher'])}, Fisher {p_words(divided['fisher']['p'])}"
    )


def _odds_words(odds: Document) -> str:
    if odds["low"] is None:
        return "not defined"
    ratio = "infinite" if odds["ratio"] is None else significant(odds["ratio"], 3)
    return f"{ratio} ({interval_words(odds['low'], odds['high'])}, conditional)"


def endpoint_lines(endpoint: Document) -> list[str]:
    """Say what doses tell of an endpoint: who is in it first."""
    missing = endpoint["missing"]
    dosed = endpoint["dose_column"] is not None
    population = (
        f"{endpoint['events']} of {endpoint['n']} {endpoint['level']}s with "
        f"{'dose and ' if dosed else ''}outcome; missing: {missing['outcome']} outcomes"
        + (f", {missing['dose']} doses" if dosed else "")
    )
    parts = [
        f"{one['column']}: {one['events']} of {one['n']}, {one['missing']} missing"
        for one in endpoint["parts"] or ()
    ]
    if endpoint["failed"]:
        return [population, *parts, f"not compared: {endpoint['failed']}"]
    if not dosed:
        return [population, *parts]
    groups, test = endpoint["groups"], endpoint["rank_sum"]
    return [
        population,
        *parts,
        *([_clustering_words(endpoint)] if endpoint["clustering"] else []),
        f"dose ({endpoint['dose_column']}): {spread_words(groups['yes'], ' Gy')} with, "
        f"{spread_words(groups['no'], ' Gy')} without; {test['name']} "
        f"{p_words(test['p'])} ({test['method']})",
        area_words(endpoint),
        cutoff_words(endpoint),
        curve_words(endpoint),
        *([divided_words(endpoint)] if endpoint["threshold"] else []),
    ]


def _clustering_words(endpoint: Document) -> str:
    clustering = endpoint["clustering"]
    return (
        f"{clustering['lesions']} lesions of {clustering['patients']} patients, up to "
        f"{clustering['most_of_a_patient']} each: lesions of one patient are alike, so "
        "p of rank-sum and Fisher are too small; intervals of area and threshold draw "
        "patients, and the slope's is clustered by patient"
    )


def comparison_words(one: Document) -> str:
    """Write how a covariate differs between those with an outcome and without."""
    if "failed" in one:
        return f"{one['column']}: not compared, {one['failed']}"
    told = (
        [spread_words(own, "") for own in one["groups"].values()]
        if "groups" in one
        else [
            ", ".join(f"{count} {name}" for name, count in own.items())
            for own in one["counts"].values()
        ]
    )
    return (
        f"{one['column']}: {' against '.join(told)}; "
        f"{one['test']['name']} {p_words(one['test']['p'])}; "
        f"n = {one['n']}, {one['missing']} missing"
    )


def survival_lines(survival: Document) -> list[str]:
    """Say how long it took, by group and by covariate."""
    unit = survival["unit"]
    population = (
        f"{survival['events']} events in {survival['n']} patients with a time and an "
        f"event; left out: {survival['missing']} without time or event, "
        f"{survival['without_dose']} without any dose"
    )
    if survival["failed"]:
        return [population, f"not estimated: {survival['failed']}"]
    return [
        population,
        f"median {median_words(survival['overall']['median'], unit)}",
        "median follow-up by reverse Kaplan-Meier "
        f"{median_words(survival['follow_up'], unit)}",
        *(group_words(group, unit) for group in survival["groups"]),
        *(line for model in models(survival) for line in model_lines(model)),
    ]


def group_words(group: Document, unit: str) -> str:
    """Write medians by group, and the log-rank test of them."""
    said = f"by {group['by']}"
    if group["landmark"]:
        said += (
            f", after a landmark at {group['landmark']:g} {unit} "
            f"({group['before_landmark']} ended until then)"
        )
    if "curves" in group:
        said += ": " + "; ".join(
            f"{name} (n = {curve['n']}) {median_words(curve['median'], unit)}"
            for name, curve in group["curves"].items()
        )
    if "failed" in group:
        return f"{said}: not tested, {group['failed']}"
    test = group["log_rank"]
    return (
        f"{said}; log-rank chi-squared {significant(test['chi_squared'])}, "
        f"{p_words(test['p'])}; {group['missing']} missing"
        + _stratified_words(group["stratified"])
    )


def _stratified_words(own: Document | None) -> str:
    if own is None:
        return ""
    if own["log_rank"] is None:
        return f"; stratified: not tested, {own['failed']}"
    return (
        f"; stratified {p_words(own['log_rank']['p'])}, {own['log_rank']['strata']} "
        f"strata, {own['missing']} missing"
    )


def models(survival: Document) -> list[Document]:
    """Cox models in the order they are shown."""
    cox = survival["cox"]
    if cox is None:
        return []
    together = [cox["multivariable"]] if cox["multivariable"] else []
    return [*cox["univariable"], *together]


def model_kind(model: Document) -> str:
    """Whether a model is of one covariate or of several.

    >>> model_kind({"covariates": ["age"]}), model_kind({"covariates": ["age", "sex"]})
    ('univariable', 'multivariable')
    """
    return "multivariable" if len(model["covariates"]) > 1 else "univariable"


def model_lines(model: Document) -> Iterator[str]:
    """Say a model's hazard ratios, or why there are none."""
    kind = model_kind(model)
    if model.get("failed"):
        yield f"Cox, {kind}, {', '.join(model['covariates'])}: {model['failed']}"
        return
    yield from (
        f"Cox, {kind}, {one['name']}: HR {ratio_words(one['ratio'])} (95 % CI "
        f"{ratio_words(one['low'])} to {ratio_words(one['high'])}), "
        f"{p_words(one['p'])}; proportional hazards "
        f"{_checked_words(one['proportional_p'], model['events'])}; "
        f"n = {model['n']}, {model['missing']} missing"
        for one in model["ratios"]
    )


def _checked_words(p: float | None, events: int) -> str:
    if p is not None:
        return p_words(p)
    return f"not checked{', too few events' if events < EVENTS_TO_CHECK else ''}"


def compares_doses(document: Document) -> bool:
    """Whether an outcome is compared by dose, from whichever table."""
    return any(one["dose_column"] for one in document["endpoints"])


def join_words(document: Document) -> list[str]:
    """Say how many were joined, and how many stood alone."""
    if not document["request"]["doses"]:
        doses = compares_doses(document)
        without = "no table of doses was given" if doses else "no doses were given"
        return [
            f"{name}s: {one['joined']} with a line of outcomes; {without}"
            for name, one in document["join"].items()
        ]
    return [_joined_words(name, one) for name, one in document["join"].items()]


def _joined_words(name: str, one: Document) -> str:
    failed = sum(own["why"] == "failed in its batch" for own in one["without_dose"])
    empty = len(one["without_dose"]) - failed
    parts = [
        f"{one['joined']} with a line of doses and one of outcomes"
        + (f" of {one['patients']} patients" if name == "lesion" else "")
        + (f", {empty} of them without a dose" if empty else ""),
        *([f"{failed} failed in the batch"] if failed else []),
        f"{one['doses_without_outcome']} doses without outcome, "
        f"{one['outcomes_without_dose']} outcomes without dose",
    ]
    return f"{name}s: {'; '.join(parts)}"


def left_out_words(document: Document, *, most: int | None = None) -> list[str]:
    """Name who has no dose, and lines without a partner, with the nearest name.

    Names that may be a slip come first, each pair of them once; with `most`, so many,
    and how many more.
    """
    named = []
    for one in document["join"].values():
        named += [
            (own["nearest"] is None, f"{own['line']}: {own['words']}")
            for own in _once(one["without_partner"])
        ]
        named += [
            (True, f"{_name(own)} has no dose: {own['why']}")
            if own["why"] != "no dose"
            else (True, f"{_name(own)} has no dose")
            for own in one["without_dose"]
        ]
    lines = [said for _, said in sorted(named, key=lambda pair: pair[0])]
    if most is None or len(lines) <= most:
        return lines
    return [*lines[:most], f"and {len(lines) - most} more: cohort.json names them"]


def _once(lines: list[Document]) -> Iterator[Document]:
    """Lines, but those with a dose that an outcome's line is taken to mean."""
    meant = {
        (one["nearest"], one["lesion"] or one["case_id"])
        for one in lines
        if one["has"] == "outcome"
    }
    yield from (
        one
        for one in lines
        if one["has"] == "outcome"
        or (one["lesion"] or one["case_id"], one["nearest"]) not in meant
    )


def _name(own: Document) -> str:
    lesion = f", lesion '{own['lesion']}'," if own["lesion"] else ""
    return f"'{own['case_id']}'{lesion}"
