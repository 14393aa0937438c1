"""Loops over voxels as machine code, where numba is installed."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from sirtdose.errors import has_extra

Loop: TypeAlias = Callable[..., None]


@cache
def compiled(loop: Loop, otherwise: Loop) -> Loop:
    """A loop compiled by numba, or the same in numpy where numba is not installed.

    Both give the same numbers. Compiling takes a second or two the first time, and is
    kept from run to run where there is a folder for it.
    """
    if not has_extra("fast"):
        return otherwise
    import numba

    fast: Any
    try:
        fast = numba.njit(nogil=True, cache=True)(loop)
    except RuntimeError:
        # No folder to keep it in: it is compiled for this run alone.
        fast = numba.njit(nogil=True)(loop)
    return fast  # type: ignore[no-any-return]
