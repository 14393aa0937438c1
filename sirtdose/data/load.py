"""Read one of the tables in this folder."""

import json
from functools import cache
from pathlib import Path
from typing import Any

KERNELS = Path(__file__).with_name("kernels")
PHANTOMS = Path(__file__).with_name("phantoms")
STRUCTURE_WORDS = Path(__file__).with_name("structure_words.toml")


@cache
def table(name: str) -> dict[str, Any]:
    """Read ``sirtdose/data/NAME.json``.

    Examples
    --------
    >>> table("nuclides")["Ho-166"]["half_life_h"]
    26.8
    """
    # importlib.resources takes as long to import as all of the command line does.
    text = (Path(__file__).parent / f"{name}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
