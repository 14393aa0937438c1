"""Loops over voxels as machine code, where numba is installed."""

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, TypeAlias

from sirtdose.errors import has_extra

Loop: TypeAlias = Callable[..., None]


@cache
def compiled(loop: Loop, otherwise: Loop, *parts: Callable[..., Any]) -> Loop:
    """A loop compiled by numba, or the same in numpy where numba is not installed.

    `parts` are functions of its module that it calls, each after those that it calls
    itself. Both give the same numbers. Compiling takes some seconds the first time,
    and is kept from run to run where there is a folder for it.
    """
    if not has_extra("fast"):
        return otherwise
    import numba

    def fast(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(nogil=True, cache=True)(function)
        except RuntimeError:
            # No folder to keep it in: it is compiled for this run alone.
            return numba.njit(nogil=True)(function)

    # The loop calls its parts by their names, so it gets names of compiled ones.
    names = dict(getattr(loop, "__globals__", {}))
    for one in (*parts, loop):
        names[one.__name__] = fast(FunctionType(one.__code__, names, one.__name__))
    return names[loop.__name__]  # type: ignore[no-any-return]
