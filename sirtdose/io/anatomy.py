"""A CT or MR that structures were drawn on: only to lay images on each other."""

from pathlib import Path

from sirtdose.errors import FileFormatError
from sirtdose.io.dicom.stack import read_stack
from sirtdose.io.discover import discover
from sirtdose.io.found import Found, Kind
from sirtdose.io.read import read_found_image
from sirtdose.model.volume import Quantity, Volume


def read_anatomy(path: Path) -> Volume:
    """Read a CT or MR series, or an image file.

    Numbers of an MR have no unit: they are only compared with another image's.

    Raises
    ------
    InputError
        Nothing of the kind there, several of them, or one that cannot be read.
    """
    found = discover(path)
    fitting = [item for item in found if item.kind is Kind.CT or _is_mr(item)]
    fitting = fitting or [item for item in found if item.kind is Kind.IMAGE_FILE]
    if len(fitting) != 1:
        names = ", ".join(item.label for item in fitting[:6]) or "none"
        raise FileFormatError(
            f"{path.name} holds {len(fitting)} images that structures can be drawn on "
            f"({names}): give one CT or MR series, or an image file"
        )
    [item] = fitting
    if not _is_mr(item):
        return read_found_image(item, quantity=Quantity.CT_NUMBER)
    stack = read_stack(item.paths, "MR")
    return Volume(stack.data, stack.grid, Quantity.COUNTS, stack.source)


def _is_mr(item: Found) -> bool:
    return item.modality == "MR" and len(item.paths) > 1
