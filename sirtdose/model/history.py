"""A lesion through time: visits, and what each of them saw of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from sirtdose.model.structure import Structure

VisitKind = Literal["baseline", "plan", "treatment", "follow-up"]
MatchedBy = Literal["first", "name", "overlap", "place", "match", "new"]


@dataclass(frozen=True)
class Visit:
    """A time at which lesions are planned, treated or looked at again.

    `label` is how messages and options call it, such as "follow-up 2".
    """

    label: str
    kind: VisitKind
    day: date | None


@dataclass(frozen=True)
class Seen:
    """A lesion as one visit has it, by the name it has there.

    Parameters
    ----------
    name : str
    volume_ml : float, optional
    doses_gy : mapping, optional
        By method, then by metric: ``{"kernel": {"mean": 120.0, "d70": 95.0}}``.
    structure : Structure, optional
        Where it is, if the visit has contours.
    diameter_mm : mapping of str to float, optional
        By the criteria that its table is for.
    sul_peak : float, optional
        Uptake of FDG, g/mL.
    """

    name: str
    volume_ml: float | None = None
    doses_gy: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    structure: Structure | None = None
    diameter_mm: Mapping[str, float] = field(default_factory=dict)
    sul_peak: float | None = None


@dataclass(frozen=True)
class Likeness:
    """How two contours of a lesion lie to each other.

    `part` is the fraction of the smaller that lies in the larger. `assumed` is whether
    a frame of reference is not stated, and taken to be the same.
    """

    dice: float
    part: float
    apart_mm: float
    assumed: bool = False

    @property
    def words(self) -> str:
        """As it is shown.

        >>> Likeness(0.826, 0.9, 3.8).words, Likeness(0.0, 0.0, 31.2).words
        ('overlap 0.83, 3.8 mm apart', 'no overlap, 31 mm apart')
        """
        overlap = f"overlap {self.dice:.2f}" if self.dice > 0 else "no overlap"
        digits = 1 if self.apart_mm < 10 else 0
        return f"{overlap}, {self.apart_mm:.{digits}f} mm apart"


@dataclass(frozen=True)
class Match:
    """That a name of a visit is a lesion, and how this is known.

    `doubt` says why a person is asked, and is empty where nobody is; `likely` are the
    lesions that it is then, the likeliest first. `unplaced` are the lesions whose
    contours are in other frames of reference, so that place tells nothing of them.
    """

    lesion: str
    name: str
    by: MatchedBy
    likeness: Likeness | None = None
    doubt: str = ""
    likely: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How the match was made, for tables.

        >>> Match("Tumor 1", "A", "overlap", Likeness(0.83, 0.9, 4.0)).words
        'overlap 0.83, 4.0 mm apart'
        >>> Match("Tumor 1", "A", "match").words
        'confirmed'
        >>> Match("Tumor 1", "Tumor 1", "name", unplaced=("Tumor 1",)).words
        'name, place not compared'
        """
        said = {
            "first": "first seen here",
            "name": "name",
            "overlap": "",
            "place": "place",
            "match": "confirmed",
            "new": "new",
        }[self.by]
        if self.by == "name" and self.unplaced:
            return f"{said}, place not compared"
        if self.likeness is None:
            return said
        return f"{said}: {self.likeness.words}" if said else self.likeness.words


@dataclass(frozen=True)
class Source:
    """A visit as it was read: what it saw, and of what file.

    Parameters
    ----------
    kind : VisitKind
    day : date, optional
    seen : tuple of Seen
    file : str
        Its name, for messages.
    digests : tuple of str
        SHA-256 of its document or file.
    used : tuple of str
        SHA-256 of what a result was made from.
    image : str
        Of those, the activity image's; empty where there is none.
    nuclide : str
        Of the microspheres, where the visit is a treatment.
    maps : mapping of str to Path
        Dose maps by method.
    patient_from : tuple of Path
        DICOM files that name the patient.
    keys : mapping of str to str, optional
        Hash of a plan, and of the plan that a treatment was compared with.
    stated_day : date, optional
        The day that a file itself states.
    matches : mapping of str to str
        Lesions of the plan with their names here, as `sirtdose post --match` had them.
    """

    kind: VisitKind
    day: date | None
    seen: tuple[Seen, ...]
    file: str
    digests: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    image: str = ""
    nuclide: str = ""
    maps: Mapping[str, Path] = field(default_factory=dict)
    patient_from: tuple[Path, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    stated_day: date | None = None
    matches: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A lesion at a visit: what was seen, and how it was matched."""

    visit: str
    seen: Seen
    match: Match
