"""What an archive has of what was sent to it, by its own word afterwards."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Confirmation:
    """What an archive answers for after it stored.

    Parameters
    ----------
    by : str
        "commitment": it promises to keep the objects (DICOM storage commitment).
        "search": it lists them.
    said : str
        In one line, of all.
    offered, answered : bool
        Whether it can be asked, and whether its answer came.
    lacking : mapping of str to str
        By SOPInstanceUID: why not. An answer is good for every other that was asked.
    """

    by: Literal["commitment", "search"]
    said: str
    offered: bool = True
    answered: bool = False
    lacking: Mapping[str, str] = field(default_factory=dict, repr=False)

    def has(self, sop_instance: str) -> bool | None:
        """Whether an object is there; None where the archive did not say.

        >>> Confirmation("search", "", answered=True, lacking={"1.2": "-"}).has("1.2")
        False
        """
        return sop_instance not in self.lacking if self.answered else None


def confirmed(
    by: Literal["commitment", "search"],
    asked: Collection[str],
    lacking: Mapping[str, str],
) -> Confirmation:
    """A confirmation of objects by their SOPInstanceUIDs, but for those lacking.

    >>> confirmed("commitment", ["1.2", "1.3"], {"1.3": "processing failure"}).said
    'storage commitment: 1 of 2 committed'
    """
    there = len(set(asked)) - len(lacking)
    said = {
        "commitment": f"storage commitment: {there} of {len(set(asked))} committed",
        "search": f"found by a search after storing: {there} of {len(set(asked))}",
    }
    return Confirmation(by, said[by], answered=True, lacking=lacking)
