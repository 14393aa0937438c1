"""A cohort on a terminal: tables of estimates, and as details every sentence."""

from collections.abc import Iterator

from sirtdose.report.cohort import words
from sirtdose.report.cohort.methods import cautions
from sirtdose.report.cohort.words import Document
from sirtdose.report.screen import Screen
from sirtdose.report.wording import significant, table

_NAMED_MOST = 10
_NAMED_AT_A_GLANCE = 3
_BEYOND = " *"
SIMULATED = "SIMULATED: these patients do not exist."


def cohort_screen(document: Document) -> Screen:
    """Doses against each outcome, survival and hazard ratios."""
    survival = document["survival"]
    return Screen(
        [
            *([SIMULATED, ""] if document["simulated"] else []),
            *words.join_words(document),
            *_left_out(document, _NAMED_AT_A_GLANCE),
            *_endpoint_lines(document["endpoints"]),
            *(_survival_lines(survival) if survival else []),
        ],
        [
            *_left_out(document, _NAMED_MOST),
            *(line for one in document["endpoints"] for line in _in_full(one)),
            *(_survival_in_full(survival) if survival else []),
        ],
        findings=document.get("warnings", ()),
        remarks=cautions(document),
    )


def _left_out(document: Document, most: int) -> list[str]:
    return [f"  {one}" for one in words.left_out_words(document, most=most)]


def _in_full(endpoint: Document) -> list[str]:
    return [
        "",
        words.endpoint_title(endpoint),
        *(f"  {one}" for one in words.endpoint_lines(endpoint)),
        *(f"  {words.comparison_words(one)}" for one in endpoint["covariates"]),
    ]


def _survival_in_full(survival: Document) -> list[str]:
    return [
        "",
        f"survival ({survival['time']}) by patient",
        *(f"  {line}" for line in words.survival_lines(survival)),
    ]


def _endpoint_lines(endpoints: list[Document]) -> list[str]:
    """A row an endpoint that was compared, and why the others were not."""
    known = [one for one in endpoints if one["roc"]]
    header = ["dose against", "n", "events", "Gy with", "Gy without", "p"]
    header += ["AUC (95 % CI)", "threshold Gy", "half at Gy"]
    rows = [_endpoint_row(one) for one in known]
    beyond = any(row[-1].endswith(_BEYOND) for row in rows)
    return [
        *(["", table(header, rows)] if rows else []),
        *([f"{_BEYOND.strip()} beyond the doses given: extrapolated"] * beyond),
        *(
            f"{words.endpoint_title(one)}: lesions of one patient are alike, so p is "
            "too small"
            for one in known
            if one["clustering"]
        ),
        *(
            f"{words.endpoint_title(one)}: {words.divided_words(one)}"
            for one in known
            if one["threshold"]
        ),
        *(
            f"{words.endpoint_title(one)}: not compared: {one['failed']}"
            for one in endpoints
            if one["failed"]
        ),
        *(
            f"{words.endpoint_title(one)}: {'; '.join(words.endpoint_lines(one))}"
            for one in endpoints
            if not one["failed"] and not one["roc"]
        ),
    ]


def _endpoint_row(endpoint: Document) -> list[str]:
    groups, roc = endpoint["groups"], endpoint["roc"]
    cut, fit = roc["cutoff"], endpoint["dose_response"]
    half = "-"
    if not fit["failed"] and fit["d50_gy"] is not None:
        half = f"{significant(fit['d50_gy'])}{'' if fit['d50_seen'] else _BEYOND}"
    area = f"{roc['auc']:.3f}"
    if roc["auc_low"] is not None:
        area += f" ({roc['auc_low']:.3f} to {roc['auc_high']:.3f})"
    return [
        words.endpoint_title(endpoint),
        *(str(endpoint["n"]), str(endpoint["events"])),
        *(significant(groups[one]["median"]) for one in ("yes", "no")),
        _p(endpoint["rank_sum"]["p"]),
        area,
        significant(cut["midpoint"]) if cut["youden"] > 0 else "-",
        half,
    ]


def _p(p: float) -> str:
    return words.p_words(p).removeprefix("p ").removeprefix("= ")


def _survival_lines(survival: Document) -> list[str]:
    """Events, medians, groups, and a row for each hazard ratio."""
    unit = survival["unit"]
    said = (
        f"Survival ({survival['time']}{_counted(survival)}): {survival['events']} "
        "events in "
        f"{survival['n']} patients"
    )
    if survival["failed"]:
        return ["", f"{said}; not estimated: {survival['failed']}"]
    median = words.median_words(survival["overall"]["median"], unit)
    return [
        "",
        f"{said}, median {median}",
        *(words.group_words(group, unit) for group in survival["groups"]),
        *_hazard_lines(survival),
    ]


def _counted(survival: Document) -> str:
    """How months were counted between dates."""
    days = survival["days_per_month"]
    return f", months of {days} days" if days else ""


def _hazard_lines(survival: Document) -> list[str]:
    models = list(words.models(survival))
    rows = [row for model in models for row in _hazard_rows(model)]
    header = ["hazard ratio", "model", "HR", "95 % CI", "p", "n"]
    failed = (
        line for one in models if one["failed"] for line in words.model_lines(one)
    )
    return [*(["", table(header, rows)] if rows else []), *failed]


def _hazard_rows(model: Document) -> Iterator[list[str]]:
    kind = "multivariable" if len(model["covariates"]) > 1 else "univariable"
    if not model["failed"]:
        for one in model["ratios"]:
            low, high = (words.ratio_words(one[end]) for end in ("low", "high"))
            yield [
                *(one["name"], kind, words.ratio_words(one["ratio"])),
                *(f"{low} to {high}", _p(one["p"]), str(model["n"])),
            ]
