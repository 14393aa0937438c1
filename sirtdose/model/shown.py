"""How nouns show themselves, and turn into what other libraries have."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import sirtdose


class Shown(ABC):
    """Says in a line what it is, and in a notebook as a small table."""

    @abstractmethod
    def _facts(self) -> Mapping[str, object]:
        """What tells one from another, by its name; no arrays."""

    def _rows(self) -> Mapping[str, object]:
        """What a table says besides."""
        return {}

    def __repr__(self) -> str:
        said = ", ".join(f"{key}={_short(one)}" for key, one in self._facts().items())
        return f"{type(self).__name__}({said})"

    def _repr_html_(self) -> str:
        from html import escape

        cells = "".join(
            f"<tr><th>{escape(key)}</th><td>{escape(_short(one))}</td></tr>"
            for key, one in (*self._facts().items(), *self._rows().items())
        )
        return f"<table><caption>{type(self).__name__}</caption>{cells}</table>"


class Placed(Shown):
    """Voxels that SimpleITK and nibabel can hold; the public API converts them."""

    def to_sitk(self: Any) -> Any:
        """A SimpleITK image (LPS, mm)."""
        return sirtdose.to_sitk(self)

    def to_nifti(self: Any) -> Any:
        """A nibabel NIfTI-1 image (RAS, mm, float32)."""
        return sirtdose.to_nifti(self)


class Tabled(Shown):
    """A result with a table; the public API makes it."""

    def to_dataframe(self: Any, *args: Any) -> Any:
        """A pandas table, a row a structure or compartment."""
        return sirtdose.to_dataframe(self, *args)


def _short(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_short(one) for one in value)})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
