"""A document too long to be held: written part by part, with the same text."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from sirtdose.report.documents import indented, rounded


class DocumentStream:
    r"""Writes what `document_text` would say of an object, as its parts come.

    Memory does not grow with the document.

    Parameters
    ----------
    stream : text file

    Examples
    --------
    >>> from io import StringIO
    >>> text = StringIO()
    >>> with DocumentStream(text).whole() as document:
    ...     with document.many("cases", "[]"):
    ...         document.put({"case_id": "c1"})
    >>> text.getvalue()
    '{\n "cases": [\n  {\n   "case_id": "c1"\n  }\n ]\n}\n'
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._depth = 0
        self._is_empty = True

    @contextmanager
    def whole(self) -> Iterator["DocumentStream"]:
        """The object itself."""
        with self._between("{}"):
            yield self
        self._stream.write("\n")

    @contextmanager
    def many(self, key: str, brackets: str) -> Iterator[None]:
        """A list ``[]`` or an object ``{}`` under a key."""
        self._start(key)
        with self._between(brackets):
            yield

    def put(self, value: Any, key: str | None = None) -> None:
        """A value, under a key where it is an object's."""
        self._start(key)
        self._stream.write(indented(rounded(value), self._depth))

    @contextmanager
    def _between(self, brackets: str) -> Iterator[None]:
        self._stream.write(brackets[0])
        self._depth, self._is_empty = self._depth + 1, True
        yield
        self._depth -= 1
        end = "" if self._is_empty else f"\n{' ' * self._depth}"
        self._stream.write(f"{end}{brackets[1]}")
        self._is_empty = False

    def _start(self, key: str | None) -> None:
        name = "" if key is None else f"{indented(key)}: "
        comma = "" if self._is_empty else ","
        self._stream.write(f"{comma}\n{' ' * self._depth}{name}")
        self._is_empty = False
