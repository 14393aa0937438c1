"""What a plan assumed, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from sirtdose.report.plan.full_doses import method_name

# Units by the endings of what a plan assumes.
_UNITS = {
    "_gy_kg_per_gbq": "Gy kg/GBq",
    "_g_per_ml": "g/mL",
    "_fraction": "%",
    "_gbq": "GBq",
    "_gy": "Gy",
    "_m2": "m\N{SUPERSCRIPT TWO}",
}


def assumptions(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was assumed, each with its unit."""
    for name, value in document["assumptions"].items():
        if value is None or isinstance(value, (list, dict)):
            continue
        if name == "dose_method":
            yield "Dose method", method_name(value)
            continue
        said, unit = next(
            (
                (name.removesuffix(ending), unit)
                for ending, unit in _UNITS.items()
                if name.endswith(ending)
            ),
            (name, ""),
        )
        if unit == "%":
            value = 100 * value
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        yield said.replace("_", " ").capitalize(), f"{text} {unit}".strip()
