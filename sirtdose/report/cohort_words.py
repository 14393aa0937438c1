"""A cohort in words: what the terminal shows, captions, methods and cautions."""

from collections.abc import Iterator, Mapping
from typing import Any

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
    interval = interval_words(median["low"], median["high"], without="not reached")
    return f"{said} ({interval}, {median['method']})"


def endpoint_title(endpoint: Document) -> str:
    """What an endpoint is, at which level."""
    return f"{endpoint['kind']} ({endpoint['column']}) by {endpoint['level']}"


def cutoff_words(endpoint: Document) -> str:
    """Write the Youden threshold by both conventions, with its rule and direction."""
    cut = endpoint["roc"]["cutoff"]
    others = (
        f"; {cut['equals']} thresholds are as good, the lowest is given"
        if cut["equals"] > 1
        else ""
    )
    return (
        f"Youden threshold {significant(cut['midpoint'])} Gy (midpoint; "
        f"{interval_words(cut['midpoint_low'], cut['midpoint_high'])}; observed value "
        f"{significant(cut['observed'])} Gy), {endpoint['kind']} expected at and "
        f"above: sensitivity {cut['sensitivity']:.3f}, specificity "
        f"{cut['specificity']:.3f}"
        f"{others}"
    )


def area_words(endpoint: Document) -> str:
    """Write the area under the curve with its interval."""
    roc = endpoint["roc"]
    return (
        f"AUC {roc['auc']:.3f} "
        f"({interval_words(roc['auc_low'], roc['auc_high'])}, {roc['interval']})"
    )


def curve_words(endpoint: Document) -> str:
    """Write the logistic curve's dose of one half and slope, or why there is none."""
    fit = endpoint["dose_response"]
    if fit["failed"]:
        return f"no logistic curve: {fit['failed']}"
    name = "TCP50" if endpoint["kind"] == "response" else "D50"
    return (
        f"{name} {significant(fit['d50_gy'])} Gy "
        f"({interval_words(fit['d50_low_gy'], fit['d50_high_gy'])}, Fieller), slope "
        f"{significant(fit['slope_per_gy'])} per Gy "
        f"({interval_words(fit['slope_low'], fit['slope_high'])}, {p_words(fit['p'])}, "
        f"{fit['covariance']}), gamma50 {significant(fit['gamma50'])}"
    )


def divided_words(endpoint: Document) -> str:
    """Write how a dose known beforehand divides the endpoint."""
    divided = endpoint["threshold"]
    above, below = divided["at_or_above"], divided["below"]
    return (
        f"at and above {significant(divided['threshold_gy'])} Gy (given) "
        f"{above['yes']} of {above['yes'] + above['no']}, below it {below['yes']} of "
        f"{below['yes'] + below['no']}: sensitivity {divided['sensitivity']:.3f}, "
        f"specificity {divided['specificity']:.3f}, Fisher "
        f"{p_words(divided['fisher']['p'])}"
    )


def endpoint_lines(endpoint: Document) -> list[str]:
    """Say what doses tell of an endpoint."""
    groups, missing = endpoint["groups"], endpoint["missing"]
    test = endpoint["rank_sum"]
    lines = [
        f"{endpoint['events']} of {endpoint['n']} {endpoint['level']}s; missing: "
        f"{missing['outcome']} outcomes, {missing['dose']} doses",
        f"dose ({endpoint['dose_column']}): {spread_words(groups['yes'], ' Gy')} with, "
        f"{spread_words(groups['no'], ' Gy')} without; {test['name']} "
        f"{p_words(test['p'])} ({test['method']})",
        area_words(endpoint),
        cutoff_words(endpoint),
        curve_words(endpoint),
    ]
    if endpoint["threshold"]:
        lines.append(divided_words(endpoint))
    clustering = endpoint["clustering"]
    if clustering:
        lines.insert(
            1,
            f"{clustering['lesions']} lesions of {clustering['patients']} patients, up "
            f"to {clustering['most_of_a_patient']} each: lesions of one patient are "
            "alike, so the rank-sum p is too small; intervals of area and threshold "
            "draw patients, and the slope's is clustered by patient",
        )
    return lines


def comparison_words(one: Document) -> str:
    """Write how a covariate differs between those with an outcome and without."""
    if "failed" in one:
        return f"{one['column']}: not compared, {one['failed']}"
    if "groups" in one:
        said = " against ".join(spread_words(own, "") for own in one["groups"].values())
    else:
        said = " against ".join(
            ", ".join(f"{count} {name}" for name, count in own.items())
            for own in one["counts"].values()
        )
    return (
        f"{one['column']}: {said}; {one['test']['name']} {p_words(one['test']['p'])}; "
        f"{one['missing']} missing"
    )


def survival_lines(survival: Document) -> list[str]:
    """Say how long it took, by group and by covariate."""
    unit = survival["unit"]
    lines = [
        f"{survival['events']} events in {survival['n']} patients, "
        f"{survival['missing']} missing",
        f"median {median_words(survival['overall']['median'], unit)}",
        "median follow-up by reverse Kaplan-Meier "
        f"{median_words(survival['follow_up'], unit)}",
    ]
    for group in survival["groups"]:
        lines.append(group_words(group, unit))
    for model in models(survival):
        lines.extend(model_lines(model))
    return lines


def group_words(group: Document, unit: str) -> str:
    """Write medians by group, and the log-rank test of them."""
    said = f"by {group['by']}"
    if group["landmark"]:
        said += (
            f", from a landmark at {group['landmark']:g} {unit} "
            f"({group['before_landmark']} ended before)"
        )
    if "curves" in group:
        said += ": " + "; ".join(
            f"{name} {median_words(curve['median'], unit)}"
            for name, curve in group["curves"].items()
        )
    if "failed" in group:
        return f"{said}: not tested, {group['failed']}"
    test = group["log_rank"]
    return (
        f"{said}; log-rank chi-squared {significant(test['chi_squared'])}, "
        f"{p_words(test['p'])}; {group['missing']} missing"
    )


def models(survival: Document) -> list[Document]:
    """Cox models in the order they are shown."""
    cox = survival["cox"]
    if cox is None:
        return []
    together = [cox["multivariable"]] if cox["multivariable"] else []
    return [*cox["univariable"], *together]


def model_lines(model: Document) -> Iterator[str]:
    """Say a model's hazard ratios, or why there are none."""
    several = len(model["covariates"]) > 1
    kind = "multivariable" if several else "univariable"
    if model.get("failed"):
        yield f"Cox, {kind}, {', '.join(model['covariates'])}: {model['failed']}"
        return
    for one in model["ratios"]:
        yield (
            f"Cox, {kind}, {one['name']}: HR {significant(one['ratio'])} "
            f"({interval_words(one['low'], one['high'])}), {p_words(one['p'])}; "
            f"proportional hazards {p_words(one['proportional_p'])}; "
            f"{model['missing']} missing"
        )


def cautions(document: Document) -> list[str]:
    """What a reader is to bear in mind."""
    lines = []
    if document["endpoints"]:
        lines.append(
            "A threshold found in these patients tells fewer apart in others: test it "
            "in a cohort of its own."
        )
    for endpoint in document["endpoints"]:
        roc = endpoint["roc"]
        if roc["auc"] < 0.5:
            lines.append(
                f"{endpoint_title(endpoint)}: it came with lower doses here (area "
                f"{roc['auc']:.3f}); thresholds are still read as at and above."
            )
        if min(roc["positives"], roc["negatives"]) < 10:
            lines.append(f"{endpoint_title(endpoint)}: a group has fewer than 10.")
    survival = document["survival"]
    if survival:
        lines.extend(_survival_cautions(survival, document["request"]))
    tests = _count_of_tests(document)
    if tests > 1:
        lines.append(f"{tests} tests stand here; no p is corrected for their number.")
    return lines


def _survival_cautions(survival: Document, request: Document) -> Iterator[str]:
    response = request["response"]
    if not request["landmark"] and any(
        one["by"] == response for one in survival["groups"]
    ):
        yield (
            "Survival by response without a landmark favors responders: they lived "
            "until it was seen. Give the time of that with --landmark."
        )
    for model in models(survival):
        if model.get("failed"):
            continue
        if model["few_events"]:
            yield (
                f"Cox, {', '.join(model['covariates'])}: {model['events']} events are "
                "fewer than 10 for each covariate."
            )
        for one in model["ratios"]:
            if one["proportional_p"] < 0.05:
                yield (
                    f"Cox, {one['name']}: its hazard ratio changes over time "
                    f"({p_words(one['proportional_p'])})."
                )


def _count_of_tests(document: Document) -> int:
    endpoints = sum(
        2 + bool(one["threshold"]) + len(one["covariates"])
        for one in document["endpoints"]
    )
    survival = document["survival"]
    if not survival:
        return endpoints
    ratios = sum(len(one.get("ratios", ())) for one in models(survival))
    return endpoints + sum("log_rank" in one for one in survival["groups"]) + ratios


def join_words(document: Document) -> list[str]:
    """Say how many were joined, and how many stood alone."""
    return [
        f"{name}s: {one['joined']} with dose and outcome"
        + (f" of {one['patients']} patients" if name == "lesion" else "")
        + f"; {one['doses_without_outcome']} doses without outcome, "
        f"{one['outcomes_without_dose']} outcomes without dose"
        for name, one in document["join"].items()
    ]


def methods_paragraph(document: Document) -> str:
    """The paragraph a paper would have, with versions."""
    libraries, request = document["libraries"], document["request"]
    said = [
        f"Analyzed with sirtdose {document['sirtdose_version']} "
        f"({', '.join(f'{name} {number}' for name, number in libraries.items())}).",
        "Medians are with quartiles (linear between order statistics, R type 7).",
    ]
    if document["endpoints"]:
        said += _endpoint_methods(document)
    if document["survival"]:
        said += [
            "Survival was estimated by Kaplan and Meier; the median is the first time "
            "at which half or fewer were left, with 95 % interval by the "
            f"{request['interval']} transformation (Brookmeyer and Crowley); follow-up "
            "by reverse Kaplan-Meier.",
            "Groups were compared by the log-rank test.",
        ]
        if document["survival"]["cox"]:
            said.append(
                "Hazard ratios are of Cox models with ties after "
                f"{request['ties'].capitalize()}, proportional hazards checked by "
                "scaled Schoenfeld residuals against Kaplan-Meier time (of the fit by "
                "Efron); patients without a covariate were left out of its models and "
                "counted."
            )
    said.append("Tests are two-sided.")
    return " ".join(said)


def _endpoint_methods(document: Document) -> list[str]:
    request = document["request"]
    said = [
        "Groups were compared by the Wilcoxon rank-sum test (exact below 50 a group "
        "without ties, else asymptotic with ties and continuity corrected), categories "
        "by Fisher's exact test, or Pearson's chi-squared with more than two.",
        "Areas under ROC curves have DeLong's 95 % interval; the threshold is that of "
        "the largest Youden index, half way between observed values (and as observed), "
        "with a percentile interval of 1000 stratified samples, fixed seed.",
        "Dose-response curves are logistic regressions on dose, with Fieller's "
        "interval of the dose of one half.",
    ]
    if request["response"]:
        said.append(f"Response was {' or '.join(request['responders'])}.")
    if "lesion" in {one["level"] for one in document["endpoints"]}:
        said.append(
            "By lesion, intervals of area and threshold resample patients, and the "
            "covariance of the logistic curve is robust, clustered by patient."
        )
    return said


def cohort_summary(document: Document) -> str:
    """What the terminal shows."""
    lines = []
    if document["simulated"]:
        lines += ["SIMULATED: these patients do not exist.", ""]
    lines += join_words(document)
    for endpoint in document["endpoints"]:
        lines += ["", endpoint_title(endpoint)]
        lines += [f"  {line}" for line in endpoint_lines(endpoint)]
        lines += [f"  {comparison_words(one)}" for one in endpoint["covariates"]]
    if document["survival"]:
        lines += ["", f"survival ({document['survival']['time']}) by patient"]
        lines += [f"  {line}" for line in survival_lines(document["survival"])]
    lines += ["", *(f"NOTE {line}" for line in cautions(document))]
    return "\n".join(lines)
