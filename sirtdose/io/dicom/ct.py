"""CT series to CT numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.io.dicom.stack import read_stack
from sirtdose.model.volume import Quantity, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def read_ct(paths: Sequence[Path], headers: "Sequence[Dataset]" = ()) -> Volume:
    """Read a CT series, in whatever order its files come, as CT numbers (HU).

    `headers`, of the same files in the same order, are read where not given.

    Raises
    ------
    InputError
        Whatever :func:`sirtdose.io.dicom.stack.read_stack` refuses.
    """
    stack = read_stack(paths, "CT", headers)
    return Volume(stack.data, stack.grid, Quantity.CT_NUMBER, stack.source)
