"""Where figures are taken: a folder for files, and what several figures share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# From what its check gives it, a number or a digest.
Figure = Callable[..., float | str]


@dataclass(frozen=True)
class Bench:
    """A scratch folder, and results that are made once and read by several checks.

    Examples
    --------
    >>> bench = Bench(Path())
    >>> bench.once("sum", lambda: 1 + 1), bench.once("sum", lambda: 3)
    (2, 2)
    """

    folder: Path
    _kept: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Make something the first time it is asked for; failing, again each time."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]
