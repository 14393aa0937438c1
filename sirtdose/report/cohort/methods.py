"""How a cohort was analyzed, and what a reader is to bear in mind."""

from collections.abc import Iterator, Sequence

from sirtdose.outcomes.roc import RESAMPLES, SEED
from sirtdose.report.cohort.words import (
    Document,
    compares_doses,
    endpoint_title,
    model_kind,
    models,
    outcome_words,
    p_words,
)

_FEW_PATIENTS = 10


def methods_paragraph(document: Document) -> str:
    """The paragraph a paper would have, with versions."""
    libraries, request = document["libraries"], document["request"]
    strata = " and ".join(request["strata"])
    said = [
        f"Analyzed with sirtdose {document['sirtdose_version']} "
        f"({', '.join(f'{name} {number}' for name, number in libraries.items())}).",
        "Medians are with quartiles (linear between order statistics, R type 7).",
        "A comparison by outcome is of those with a dose in its column and an outcome; "
        "survival is of those with a dose, a time and a known event status."
        if document["request"]["doses"]
        else _without_table(document),
        *(_endpoint_methods(document) if document["endpoints"] else []),
    ]
    if document["survival"]:
        said += [
            *_counted(document["survival"]),
            "Survival was estimated by Kaplan and Meier; the median is the first time "
            f"at which half or fewer were left, with {_interval(request['interval'])}; "
            "where nobody was left the band has no ends, as in R. Follow-up is by "
            "reverse Kaplan-Meier.",
            "Groups were compared by the log-rank test"
            + (
                f", also stratified by {strata} (observed less expected, summed)"
                if strata
                else ""
            )
            + (
                f", of what was seen later after a landmark at {request['landmark']:g} "
                f"{document['survival']['unit']}."
                if request["landmark"]
                else "."
            ),
        ]
        if document["survival"]["cox"]:
            said.append(
                "Hazard ratios are of Cox models with ties after "
                f"{request['ties'].capitalize()}"
                f"{f', stratified by {strata}' if strata else ''}, proportional "
                "hazards checked by Grambsch and Therneau's score test against "
                "Kaplan-Meier time (as cox.zph of R's survival from 3.0 on); patients "
                "without a covariate were left out of its models and counted."
            )
    return " ".join([*said, "Tests are two-sided."])


def _counted(survival: Document) -> list[str]:
    days = survival["days_per_month"]
    if days is None:
        return []
    said = f"Months are the days between dates, divided by {days} ({survival['time']})."
    return [said]


def _interval(name: str) -> str:
    if name == "spss":
        return (
            "SPSS's 95 % interval, symmetric about it (Collett; its lower end at least "
            "0); the band is the plain one"
        )
    return f"95 % interval by the {name} transformation (Brookmeyer and Crowley)"


def _without_table(document: Document) -> str:
    """Whom outcomes are of, where doses are in their own table or nowhere."""
    if compares_doses(document):
        given = "Doses are from the table of outcomes: a comparison is of those with"
        of = f"{given} a dose in its column and an outcome"
    else:
        of = "No doses were given: outcomes are of all with an outcome"
    return f"{of}; survival is of all with a time and a known event status."


def _endpoint_methods(document: Document) -> list[str]:
    request = document["request"]
    responders = " or ".join(request["responders"])
    has_lesions = "lesion" in {one["level"] for one in document["endpoints"]}
    of_lesions = (
        "By lesion, intervals of area and threshold resample patients, and the "
        "covariance of the logistic curve is robust, clustered by patient."
    )
    of_doses = (
        "Areas under ROC curves have DeLong's 95 % interval; the threshold is that of "
        "the largest Youden index, half way between observed values (and as observed), "
        f"with a percentile interval of {RESAMPLES} stratified samples (seed {SEED}).",
        "Dose-response curves are logistic regressions on dose, with Fieller's "
        "interval of the dose of one half.",
    )
    return [
        "Groups were compared by the Wilcoxon rank-sum test (exact below 50 a group "
        "without ties, else asymptotic with ties and continuity corrected), categories "
        "by Fisher's exact test, or Pearson's chi-squared with more than two.",
        *(of_doses if any(one["dose_column"] for one in document["endpoints"]) else ()),
        *([f"Response was {responders}, or yes."] if request["response"] else []),
        *(
            f"Toxicity was {outcome_words(one)}."
            for one in document["endpoints"]
            if one["kind"] == "toxicity"
        ),
        *([of_lesions] if has_lesions else []),
    ]


def _compared(document: Document) -> list[Document]:
    """What was compared with doses."""
    return [one for one in document["endpoints"] if one["roc"]]


def cautions(document: Document) -> list[str]:
    """What a reader is to bear in mind."""
    compared, survival = _compared(document), document["survival"]
    is_estimated = survival and not survival["failed"]
    tests = _count_of_tests(document)
    said = (
        (
            compared,
            "A threshold chosen on these patients will perform worse in others: "
            "validate it in an independent cohort.",
        ),
        *(one for endpoint in compared for one in _endpoint_cautions(endpoint)),
        *(
            (True, one)
            for one in (_survival_cautions(survival) if is_estimated else ())
        ),
        (
            tests > 1,
            f"{tests} tests; p values are not corrected for multiple testing.",
        ),
    )
    return [one for holds, one in said if holds]


def _endpoint_cautions(endpoint: Document) -> Sequence[tuple[bool, str]]:
    """What may be said of an endpoint, each with whether it holds."""
    roc, title = endpoint["roc"], endpoint_title(endpoint)
    patients = (endpoint["clustering"] or {"patients": _FEW_PATIENTS})["patients"]
    return (
        (
            roc["auc"] < 0.5,
            f"{title}: it came with lower doses here (area {roc['auc']:.3f}); "
            "thresholds are still read as at and above.",
        ),
        (
            min(roc["positives"], roc["negatives"]) < 10,
            f"{title}: a group has fewer than 10.",
        ),
        (
            patients < _FEW_PATIENTS,
            f"{title}: {patients} patients are too few for intervals that draw "
            "patients.",
        ),
    )


def _survival_cautions(survival: Document) -> Iterator[str]:
    later = [
        one["by"]
        for one in survival["groups"]
        if not one["landmark"] and not one["by"].endswith("_gy")
    ]
    for by in later:
        # Of response it is known that it was seen later.
        where = "" if "response" in by else ", if it was seen after time 0"
        yield (
            f"Survival by {by} is subject to immortal-time bias{where}: give "
            "--landmark."
        )
    if survival["cox"]:
        yield ("Cox models start at time 0, so covariates must be known at baseline.")
    for model in models(survival):
        if model.get("failed"):
            continue
        kind = model_kind(model)
        if model["few_events"]:
            yield (
                f"Cox, {kind}, {', '.join(model['covariates'])}: "
                f"{model['events']} events are fewer than 10 for each covariate."
            )
        yield from (
            f"Cox, {kind}, {one['name']}: its hazard ratio changes over time "
            f"({p_words(one['proportional_p'])})."
            for one in model["ratios"]
            if one["proportional_p"] is not None and one["proportional_p"] < 0.05
        )


def _count_of_tests(document: Document) -> int:
    endpoints = sum(
        1 + (not one["dose_response"]["failed"]) + bool(one["threshold"])
        for one in _compared(document)
    )
    endpoints += sum(
        "test" in own for one in document["endpoints"] for own in one["covariates"]
    )
    survival = document["survival"]
    if not survival:
        return endpoints
    ratios = sum(len(one.get("ratios", ())) for one in models(survival))
    groups = sum(
        ("log_rank" in one) + bool((one.get("stratified") or {}).get("log_rank"))
        for one in survival["groups"]
    )
    return endpoints + groups + ratios
