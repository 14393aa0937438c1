"""Loops over voxels as machine code, kept from run to run where there is a folder."""

from collections.abc import Callable
from functools import cache


@cache
def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Compile by numba, which takes a second or two the first time."""
    import numba

    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:
        # No folder to keep it in: it is compiled for this run alone.
        return numba.njit(nogil=True)(function)
