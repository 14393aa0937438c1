"""Which test makes which check say something: `pytest --record-checks FILE`."""

import inspect
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sirtdose.errors import SirtdoseError
from sirtdose.model.finding import Finding
from sirtdose.model.volume import Doubt

_CODE = re.compile(r"\bH\d\d\b")
_PACKAGE = Path(inspect.getfile(Finding)).parents[1]
_FRAMES_MAX = 4


class Recorder:
    """Notes the function of the package that made a finding, or refused by a code."""

    def __init__(self, path: Path) -> None:
        self.path, self.test = path, ""
        self.fired: dict[str, set[str]] = defaultdict(set)
        made: Callable[..., Finding] = Finding.of.__func__  # type: ignore[attr-defined]

        def of(cls: type[Finding], code: str, *args: Any, **options: Any) -> Finding:
            self.note(code)
            return made(cls, code, *args, **options)

        def refuse(error: SirtdoseError, *args: object) -> None:
            for code in set(_CODE.findall(str(args[0]) if args else "")):
                self.note(code)
            Exception.__init__(error, *args)

        doubted = Doubt.__init__

        def doubt(one: Doubt, code: str, *args: Any, **options: Any) -> None:
            self.note(code)
            doubted(one, code, *args, **options)

        Doubt.__init__ = doubt  # type: ignore[assignment,method-assign]
        Finding.of = classmethod(of)  # type: ignore[assignment,method-assign]
        SirtdoseError.__init__ = refuse  # type: ignore[assignment,method-assign]

    def note(self, code: str) -> None:
        """The nearest functions of the package, outside of the noun itself."""
        frame = sys._getframe(2)
        left = _FRAMES_MAX
        while frame is not None and left:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(_PACKAGE) and path.name != "finding.py":
                module = ".".join(
                    path.relative_to(_PACKAGE.parent).with_suffix("").parts
                )
                function = frame.f_code.co_qualname.split(".")[0]
                self.fired[self.test].add(f"{module}:{function} {code}")
                left -= 1
            if frame.f_back is None:
                break
            frame = frame.f_back

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.test = re.sub(r"\[.*", "", item.nodeid.removeprefix("tests/"))
        return (yield)

    def pytest_sessionfinish(self) -> None:
        known = {test: sorted(fired) for test, fired in self.fired.items() if test}
        self.path.write_text(json.dumps(known, indent=1, sort_keys=True), "utf-8")
