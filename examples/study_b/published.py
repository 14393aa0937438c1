"""What study B published beside what the simulated patients give."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from examples.simulated.tables import read_rows

Number = tuple[str, str, str]


def comparison(out: Path) -> Iterator[str]:
    """A line for each number of the abstract that a cohort can be drawn to."""
    document = json.loads((out / "cohort" / "cohort.json").read_text("utf-8"))
    response, toxicity = document["endpoints"]
    yield f"{'simulated study B':34} {'published':24} here"
    for part in (
        _counts(out, response, toxicity),
        _doses(response, toxicity),
        _survival(document["survival"]),
    ):
        for name, published, found in part:
            yield f"{name:34} {published:24} {found}"


def _counts(
    out: Path, response: Mapping[str, Any], toxicity: Mapping[str, Any]
) -> Iterator[Number]:
    sources = Counter(row["dose_from"] for row in read_rows(out / "doses.csv"))
    yield "patients", "64", f"{toxicity['n']}, {sources['images']} of them from images"
    yield "responders of the evaluable", "46/60", _of(response)
    yield "hepatotoxicity of grade 3", "8/64", _of(toxicity)


def _doses(
    response: Mapping[str, Any], toxicity: Mapping[str, Any]
) -> Iterator[Number]:
    yield "tumor dose, responders, Gy", "167 (96 to 217)", _quartiles(response, "yes")
    yield "tumor dose, the others, Gy", "54 (45 to 62)", _quartiles(response, "no")
    threshold = response["roc"]["cutoff"]["midpoint"]
    yield "threshold of response, Gy", "79.5", f"{threshold:.1f}"
    bilirubin = next(
        one for one in toxicity["covariates"] if one["column"].startswith("bilirubin")
    )
    yield "bilirubin if toxic, mg/dL", "0.9 (0.9 to 1.1)", _quartiles(bilirubin, "yes")
    yield "bilirubin if not, mg/dL", "0.5 (0.4 to 0.7)", _quartiles(bilirubin, "no")
    yield "  rank-sum p", "0.013", f"{bilirubin['test']['p']:.2g}"


def _survival(survival: Mapping[str, Any]) -> Iterator[Number]:
    yield "survival, months", "11 (10 to 19)", _median(survival["overall"])
    group = next(one for one in survival["groups"] if one["by"] == "response")
    curves = group["curves"]
    yield "survival, responders", "17", _median(curves["response"])
    yield "survival, the others", "10", _median(curves["no response"])
    yield "  log-rank p", "0.027", f"{group['log_rank']['p']:.2g}"
    ratios = {
        one["name"].split(":")[0]: one
        for one in survival["cox"]["multivariable"]["ratios"]
    }
    for name, said in (
        ("bilobar", "2.77 (1.11 to 6.89)"),
        ("ast_u_per_l", "1.02 (1.01 to 1.03)"),
    ):
        one = ratios[name]
        found = f"{one['ratio']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
        yield f"hazard ratio, {name}", said, found


def _of(endpoint: Mapping[str, Any]) -> str:
    return f"{endpoint['events']}/{endpoint['n']}"


def _quartiles(endpoint: Mapping[str, Any], group: str) -> str:
    own = endpoint["groups"][group]
    return f"{own['median']:.3g} ({own['q1']:.3g} to {own['q3']:.3g})"


def _median(curve: Mapping[str, Any]) -> str:
    own = curve["median"]
    high = "not reached" if own["high"] is None else f"{own['high']:.3g}"
    return f"{own['time']:.3g} ({own['low']:.3g} to {high})"
