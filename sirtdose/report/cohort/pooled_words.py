"""What is said of pooled models, in words."""

from collections.abc import Iterator
from typing import Any

from sirtdose.data.load import table
from sirtdose.report.cohort.words import is_near_one, p_words, ratio_words

Document = dict[str, Any]
_RATIO = {"logistic": "odds ratio", "cox": "hazard ratio"}
# With fewer centers I-squared says little.
_FEW_CENTERS = 10
_LOW_P = 0.1


def model_title(model: Document) -> str:
    """Name a model by its outcome.

    >>> model_title({"name": "response", "definition": {"outcome": ["best"]}})
    'response (best)'
    """
    own = model["definition"]
    columns = own.get("outcome") or [own["time"]]
    return f"{model['name']} ({' or '.join(columns)})"


def counts_words(one: Document) -> str:
    """How many patients and events; of nearly all who died the events are withheld.

    >>> counts_words({"n": 46, "events": 30}), counts_words({"n": 46, "events": None})
    ('46 patients, 30 events', '46 patients, events withheld')
    """
    events = "events withheld" if one["events"] is None else f"{one['events']} events"
    return f"{one['n']} patients, {events}"


def ratio_name(model: Document) -> str:
    """What its ratios are: of odds, or of hazards."""
    return _RATIO[model["kind"]]


def coefficient_title(one: Document) -> str:
    """A covariate, and by how much of it a ratio is.

    >>> coefficient_title({"name": "tumor_gy", "per": 10.0, "unit": "Gy"})
    'tumor_gy, per 10 Gy'
    >>> coefficient_title({"name": "lobes: two (against one)", "per": 1.0, "unit": ""})
    'lobes: two (against one)'
    """
    if one["unit"]:
        return f"{one['name']}, per {one['per']:g} {one['unit']}"
    return str(one["name"]) + ("" if "(against" in one["name"] else ", per 1")


def estimate_words(one: Document) -> str:
    """A ratio with its interval; near 1 all three with the same digits.

    >>> estimate_words({"ratio": 0.812, "low": 0.701, "high": 0.94})
    '0.812 (0.701 to 0.940)'
    >>> estimate_words({"ratio": 1.00855, "low": 0.99531, "high": 1.021967})
    '1.00855 (0.99531 to 1.02197)'
    """
    ratio, low, high = (
        f"{one[key]:.5f}" if is_near_one(one["ratio"]) else ratio_words(one[key])
        for key in ("ratio", "low", "high")
    )
    return f"{ratio} ({low} to {high})"


def heterogeneity_words(found: Document | None) -> str:
    """Q and I-squared, or why there are none."""
    if found is None:
        return "not compared: fewer than two centers have an estimate of their own"
    said = (
        f"Q {found['q']:.2f} on {found['k'] - 1} df ({p_words(found['p'])}), "
        f"I2 {100 * found['i_squared']:.0f}%"
    )
    if found["low"] is None:
        return f"{said}, no interval with two centers"
    return f"{said} (95 % CI {100 * found['low']:.0f} to {100 * found['high']:.0f}%)"


def test_words(test: Document) -> str:
    """The score test of all coefficients."""
    return (
        f"score test of all coefficients: chi-squared {test['chi_squared']:.2f} on "
        f"{test['degrees']} df ({p_words(test['p'])})"
    )


def cautions(document: Document) -> Iterator[str]:
    """What to bear in mind."""
    models = document["models"]
    kinds = {one["kind"] for one in models}
    for one in models:
        if one["few_events"]:
            yield (
                f"{model_title(one)}: there are few events for "
                f"{len(one['coefficients'])} coefficients, so the model may not be "
                "reliable"
            )
        failed = [own["center"] for own in one["centers"] if own["failed"]]
        if failed:
            yield (
                f"{model_title(one)}: {', '.join(failed)} has no finite estimate of "
                "its own, so it is in the pooled ratio, but not in Q and I2"
            )
        for own in one["coefficients"]:
            found = own["heterogeneity"]
            if found and found["p"] < _LOW_P:
                random = {
                    key: found[f"random_{key}"] for key in ("ratio", "low", "high")
                }
                yield (
                    f"{coefficient_title(own)}: the centers differ "
                    f"({p_words(found['p'])}), so one common ratio may not be right: "
                    f"with a random effect of the center {estimate_words(random)}"
                )
    if len(document["centers"]) < _FEW_CENTERS:
        yield (
            f"I2 of {len(document['centers'])} centers is uncertain, and Q finds only "
            "large differences"
        )
    least = table("sharing")["cell"]["least"]
    if any(own["events"] is None for one in models for own in one["centers"]):
        yield (
            f"events are withheld where fewer than {least} patients had none, and so "
            "is their sum"
        )
    if "cox" in kinds:
        yield (
            "proportional hazards cannot be checked from what is shared: each center "
            "checks its own patients without --share"
        )
    if "logistic" in kinds:
        yield (
            "each center has an intercept of its own, so there is no common dose for "
            "50 % probability"
        )


def methods(document: Document) -> str:
    """How the pooled models were made."""
    step = table("sharing")["convergence"]["step"]
    kinds = {one["kind"]: one for one in document["models"]}
    said = []
    if "cox" in kinds:
        ties = str(kinds["cox"]["definition"]["ties"]).capitalize()
        said.append(
            f"Cox models are stratified by center, with ties after {ties}: each center "
            "has a baseline hazard of its own"
        )
    if "logistic" in kinds:
        said.append(
            "Logistic models have an intercept for each center, which is fitted there"
        )
    said += [
        f"The centers' scores and information were summed in {document['round']} "
        f"rounds of Newton's method, until no coefficient moved by more than {step:g} "
        "standard errors. The result is that of the joined patients, whose rows stayed "
        "in their centers",
        "Intervals and p are Wald's. Q and I2 compare the centers' own fits, weighted "
        "by their precision; the interval of I2 is that of Higgins and Thompson "
        "(2002), the random effect that of DerSimonian and Laird (1986)",
        f"Made with sirtdose {document['sirtdose_version']}",
    ]
    return ". ".join(said) + "."
