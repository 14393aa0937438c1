"""Values of a result document that is read again: of their kind, and in their range."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from sirtdose.errors import InputError
from sirtdose.model.bounds import printable


@dataclass(frozen=True)
class Field:
    """A value of a document, and where it is: what is wrong with it says the place.

    A document can be edited. Whoever reads it by its fields gets no value that is of
    another kind, not finite or out of range.

    Parameters
    ----------
    value : object
    where : str
        As people find it, such as ``post.json: doses.kernel``.

    Examples
    --------
    >>> root = Field({"lungs": {"dose_gy": 12.0}}, "post.json:")
    >>> root["lungs"]["dose_gy"].number(least=0, most=1e5)
    12.0
    >>> root["lungs"]["mass_kg"]
    Traceback (most recent call last):
    sirtdose.errors.InputError: post.json: lungs.mass_kg is missing: ...
    """

    value: Any
    where: str

    def __getitem__(self, key: str) -> "Field":
        found = self.get(key)
        if found is None:
            raise InputError(f"{self._at(key)} is missing: {_AGAIN}")
        return found

    def get(self, key: str) -> "Field | None":
        """The field of a name; None where there is none, or nothing in it."""
        if not isinstance(self.value, dict):
            raise self._is_no("object of named fields")
        if self.value.get(key) is None:
            return None
        return Field(self.value[key], self._at(key))

    def __iter__(self) -> Iterator["Field"]:
        if not isinstance(self.value, list):
            raise self._is_no("list")
        for i, one in enumerate(self.value):
            yield Field(one, f"{self.where}[{i}]")

    def items(self) -> Iterator[tuple[str, "Field"]]:
        """The names and fields of an object, in their order."""
        if not isinstance(self.value, dict):
            raise self._is_no("object of named fields")
        for key in self.value:
            yield str(key), self[key]

    def number(self, *, least: float, most: float, above: bool = False) -> float:
        """A finite number from `least` to `most`; `above` leaves `least` itself out."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._is_no("number")
        # A whole number beyond all floats is no number to `isfinite`.
        if value > most or value < least or not isfinite(value):
            raise self._out_of(value, f"it must be {least:g} to {most:g}")
        if above and value == least:
            raise self._out_of(value, f"it must be above {least:g}")
        return float(value)

    def text(self, *allowed: str) -> str:
        """A text; one of those `allowed`, where any are named."""
        if not isinstance(self.value, str):
            raise self._is_no("text")
        if allowed and self.value not in allowed:
            raise self._out_of(self.value, f"it must be {' or '.join(allowed)}")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(one.text() for one in self)

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self._is_no("true or false")
        return self.value

    def _at(self, key: str) -> str:
        joint = " " if self.where.endswith(":") else "."
        return f"{self.where}{joint}{printable(str(key))}"

    def _is_no(self, kind: str) -> InputError:
        return InputError(f"{self.where} is no {kind}: {_AGAIN}")

    def _out_of(self, value: object, bound: str) -> InputError:
        return InputError(f"{self.where} is {printable(str(value))}: {bound}; {_AGAIN}")


_AGAIN = "run the command that wrote the file again, and do not edit it"
