"""What the terminal shows of a cohort."""

from collections.abc import Mapping
from typing import Any

from sirtdose.report.cohort.methods import cautions
from sirtdose.report.cohort.words import (
    comparison_words,
    endpoint_lines,
    endpoint_title,
    join_words,
    left_out_words,
    survival_lines,
)

Document = Mapping[str, Any]
_NAMED_MOST = 10


def cohort_summary(document: Document) -> str:
    """What the terminal shows."""
    lines = []
    if document["simulated"]:
        lines += ["SIMULATED: these patients do not exist.", ""]
    lines += join_words(document)
    lines += [f"  {line}" for line in left_out_words(document, most=_NAMED_MOST)]
    for endpoint in document["endpoints"]:
        lines += ["", endpoint_title(endpoint)]
        lines += [f"  {line}" for line in endpoint_lines(endpoint)]
        lines += [f"  {comparison_words(one)}" for one in endpoint["covariates"]]
    if document["survival"]:
        lines += ["", f"survival ({document['survival']['time']}) by patient"]
        lines += [f"  {line}" for line in survival_lines(document["survival"])]
    lines += ["", *(f"NOTE {line}" for line in cautions(document))]
    return "\n".join(lines)
