"""What study B published beside what the simulated patients give."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from examples.simulated.tables import read_rows


def comparison(out: Path) -> Iterator[str]:
    """A line for each number of the abstract that a cohort can be drawn to."""
    document = json.loads((out / "cohort" / "cohort.json").read_text("utf-8"))
    for name, published, found in _numbers(out, document):
        yield f"{name:44} published {published:22} here {found}"


def _numbers(out: Path, document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    response, toxicity = document["endpoints"]
    yield "responders", "46 of 60", f"{response['events']} of {response['n']}"
    print(json.dumps(response)[:3000])
    print(json.dumps(document["survival"])[:6000])
