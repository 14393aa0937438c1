"""Shared and pooled cohorts on a terminal."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sirtdose.report.cohort.lines import SIMULATED
from sirtdose.report.cohort.pooled_words import (
    cautions,
    coefficient_title,
    counts_words,
    estimate_words,
    heterogeneity_words,
    model_title,
    ratio_name,
    test_words,
)
from sirtdose.report.screen import Screen
from sirtdose.report.wording import table

Document = dict[str, Any]
# What a cohort takes where nothing else is typed.
RESPONDERS, _TOXIC_FROM = ("CR", "PR", "CMR", "PMR"), 3


def share_screen(document: Document, *, left_out: int, failed: Sequence[str]) -> Screen:
    """What a center shares, and what only it is told."""
    return Screen(
        [
            *_simulated(document),
            f"Center {document['center']}, round {document['at']['round']}: "
            f"{document['patients']} patients; {left_out} left out, in whom a value is "
            "missing",
            *(
                f"{model_title(one)}: {counts_words(one)}, "
                f"{len(one['names'])} coefficient{'s' * (len(one['names']) != 1)}"
                for one in document["models"]
            ),
            *(f"No fit of this center alone: {one}" for one in failed),
        ],
        last=[
            "Send the shared file alone. The ledger beside it stays here: later shares "
            "need it, so write them into the same folder"
        ],
    )


def point_screen(point: Document, path: Path) -> Screen:
    """How far the models are, and what each center types next."""
    return Screen(
        [
            *_simulated(point),
            f"Round {point['round'] - 1} of {len(point['centers'])} centers: not "
            "converged yet",
            *(
                f"{model_title(one)}: largest step {one['largest_step']:.2g} standard "
                "errors"
                for one in point["models"]
            ),
        ],
        last=[
            f"Send {path} to every center. Each repeats its command with --at "
            f"{path.name} and a new file:",
            *(
                f"  {share_command(point, own['center'], path.name)}"
                for own in point["centers"]
            ),
        ],
    )


def share_command(point: Document, center: str, at: str) -> str:
    """What a center types in the next round; its tables have their own names."""
    name = re.sub(r"\W+", "_", center.casefold()).strip("_") or "center"
    words = [
        *("sirtdose", "cohort", "DOSES.csv", "--outcomes", "OUTCOMES.csv"),
        *(word for one in point["models"] for word in _options(one)),
        *("--center", center, "--at", at, "--share", f"{name}_{point['round']}.json"),
    ]
    return shlex.join(words)


def _options(model: Document) -> list[str]:
    """The columns of a model, as they are typed."""
    own = model["definition"]
    if model["name"] == "survival":
        return list(_of_times(own))
    words = ["--response", own["outcome"][0], "--dose", own["dose"]]
    if model["name"] == "toxicity":
        words = [word for one in own["outcome"] for word in ("--toxicity", one)]
        words += ["--liver-dose", own["dose"]]
        if own["grade_from"] not in (None, _TOXIC_FROM):
            words += ["--toxic-from", str(own["grade_from"])]
    elif own["yes"] != sorted(RESPONDERS):
        words += ["--responders", ",".join(own["yes"])]
    return words


def _of_times(own: Document) -> Iterator[str]:
    if " to " in own["time"]:
        start, _, end = own["time"].partition(" to ")
        ends = end.split(" or ")
        yield from ("--from", start, "--to", "|".join(ends))
        if own["event"] != ends[0]:
            yield from ("--event", own["event"])
    else:
        yield from ("--time", own["time"], "--event", own["event"])
    for option, columns in (
        ("--covariate", own["covariates"]),
        ("--stratum", own["strata"]),
    ):
        yield from (word for one in columns for word in (option, one))
    if own["ties"] != "efron":
        yield from ("--ties", own["ties"])


def pooled_screen(document: Document) -> Screen:
    """Pooled ratios with Q and I-squared, and as details the centers' own."""
    lines = _simulated(document)
    lines.append(
        f"Pooled over {len(document['centers'])} centers, "
        f"{sum(one['patients'] for one in document['centers'])} patients, in "
        f"{document['round']} rounds"
    )
    details: list[str] = []
    for one in document["models"]:
        head = [model_title(one), f"{ratio_name(one)} (95 % CI)", "p"]
        rows = [
            [coefficient_title(own), estimate_words(own), _p(own["p"])]
            for own in one["coefficients"]
        ]
        lines += ["", counts_words(one)]
        lines += [table(head, rows)]
        lines += [
            f"{coefficient_title(own)}: {heterogeneity_words(own['heterogeneity'])}"
            for own in one["coefficients"]
        ]
        details += ["", f"{model_title(one)}: {test_words(one['score_test'])}"]
        details += [
            f"  {center['center']}, {coefficient_title(own)}: {estimate_words(center)}"
            for own in one["coefficients"]
            for center in own["centers"]
        ]
    return Screen(lines, details, remarks=list(cautions(document)))


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def _simulated(document: Document) -> list[str]:
    return [SIMULATED, ""] if document["simulated"] else []
