"""Read one of the tables in this folder."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """Read ``sirtdose/data/NAME.json``.

    Examples
    --------
    >>> table("nuclides")["Ho-166"]["half_life_h"]
    26.8
    """
    text = files("sirtdose.data").joinpath(f"{name}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
