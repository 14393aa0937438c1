"""One thing in a folder: an image, a series or a set of structures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.io.dicom.bare import Dataset
from sirtdose.model.bounds import printable

if TYPE_CHECKING:
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Volume


class Kind(StrEnum):
    """What one thing in a folder is."""

    SPECT = "SPECT"
    PET = "PET"
    CT = "CT"
    CONTOURS = "RTSTRUCT"
    SEGMENTATION = "SEG"
    DOSE = "RTDOSE"
    IMAGE_FILE = "image file"
    SEGMENTATION_FILE = "segmentation file"
    ARRAY = "array"
    OTHER = "other"


ACTIVITY_IMAGES = (Kind.SPECT, Kind.PET, Kind.IMAGE_FILE)
STRUCTURES = (Kind.CONTOURS, Kind.SEGMENTATION, Kind.SEGMENTATION_FILE)
# How a line begins that names files which were not used.
UNUSED = "not used: "


@dataclass(frozen=True)
class Passed:
    """A file that is nothing known, and why; `broken` where it may have been."""

    path: Path
    why: str
    broken: bool = False


@dataclass(frozen=True)
class Found:
    """One image, series or set of structures.

    `remark` says why something cannot be used; `patient` holds a digest of each
    attribute that names a person (empty where it is), to tell whether two agree.
    `frames_of_reference` are several where contours were drawn in several.
    `headers` of a series' slices spare its reader a second pass over the files.
    `unread` are damaged files: this one itself, or those beside a series' slices, which
    may be slices of it. An `enhanced_pet` has all its slices in one file, which only
    SUV are read from.
    """

    kind: Kind
    paths: tuple[Path, ...]
    modality: str = ""
    size: str = ""
    series_instance_uid: str = ""
    patient: tuple[str, ...] = ()
    frames_of_reference: tuple[str, ...] = ()
    remark: str = ""
    headers: tuple[Dataset, ...] = field(default=(), repr=False, compare=False)
    unread: tuple[Path, ...] = ()
    enhanced_pet: bool = False

    @property
    def parts(self) -> "tuple[Found, ...]":
        """Each gate by itself, or what it is."""
        return (self,)

    @property
    def why(self) -> str:
        """Why it cannot be used, without its name; else its kind."""
        return self.remark.removeprefix(f"{self.label} ") or str(self.kind)

    @property
    def label(self) -> str:
        """How it is named to a person: the file, or the series without its folder.

        Folders are often named after patients.
        """
        series = f"{self.kind} series ...{self.series_instance_uid[-6:]}"
        return printable(self.paths[0].name) if len(self.paths) == 1 else series


@dataclass(frozen=True)
class Gated(Found):
    """Images of one respiratory gate each, which together are one image."""

    gates: tuple[Found, ...] = ()

    @property
    def parts(self) -> tuple[Found, ...]:
        """Each gate by itself."""
        return self.gates

    @property
    def label(self) -> str:
        """How it is named to a person."""
        return f"{len(self.gates)} gates"


@dataclass(frozen=True)
class Held(Found):
    """An image, or structures, that the caller holds in memory."""

    name: str = "array"
    image: "Volume | None" = field(default=None, repr=False, compare=False)
    structures: "tuple[Structure, ...]" = field(default=(), repr=False, compare=False)

    @property
    def label(self) -> str:
        """How it is named to a person."""
        return self.name


def listed(names: Sequence[str], most: int) -> str:
    """The first of some names, and how many more there are.

    >>> listed(["a.dcm", "b.dcm", "c.dcm"], 2)
    'a.dcm, b.dcm and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def patients_in(found: Iterable[Found]) -> int:
    """How many different people the DICOM files name, as far as they say.

    An attribute that a file leaves empty says nothing; nor does another spelling of
    the name, where identifier and birth date are known and agree.
    """
    identifiers, names, births, sexes = _identities_in(found)
    if identifiers == births == 1:
        names = min(names, 1)
    return max(identifiers, names, births, sexes)


def names_in(found: Iterable[Found]) -> int:
    """How many different patient names the DICOM files hold."""
    return _identities_in(found)[1]


def _identities_in(found: Iterable[Found]) -> list[int]:
    identities = [item.patient for item in found if any(item.patient)]
    counts = [len(set(values) - {""}) for values in zip(*identities, strict=True)]
    return counts or [0, 0, 0, 0]
