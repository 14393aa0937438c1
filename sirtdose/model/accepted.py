"""Who accepted a segmented structure, as its file carries it."""

import re
from dataclasses import dataclass

# Behind the name of what nobody accepted yet: editors keep it, or its beginning.
CANDIDATE = "(candidate)"
_CUT = "(cand"
# Beside the name, as SegmentAlgorithmName (0062,0009).
BY_CANDIDATE, BY_ACCEPTED = "sirtdose candidate", "sirtdose accepted"
# How SegmentDescription (0062,0006) begins.
_NOBODY = "candidate of sirtdose, accepted by nobody"
_BEGINNING = re.compile(r"accepted by .+ at 2\d{3}-\d\d-")
RESAMPLED = "; resampled since"
_DIGITS = 12
_SAID = re.compile(
    r"accepted by (?P<by>.+) at (?P<at>\S+); review (?P<review>[0-9a-f]{12}); "
    r"image (?P<image>[0-9a-f]{12}); voxels (?P<voxels>[0-9a-f]{12}); "
    r"(?P<edited>edited|as found);(?: named '(?P<name>.*?)';)?\s*(?P<how>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Accepted:
    """A person's acceptance of one candidate.

    `review`, `image` and `voxels` are the first 12 digits of SHA-256. Its reader tells
    by `voxels` whether the structure is `unchanged` since, and by `name` what it was
    called. Of a record that is cut or
    missing, where something else tells that there was one, nothing is known but that:
    see :attr:`lost`.

    Examples
    --------
    >>> one = Accepted("A. Physicist", "2026-03-02T10:00+01:00", "ab" * 6, "cd" * 6,
    ...                "ef" * 6, edited=True, how="above 0.41 of the maximum",
    ...                name="Couinaud's 4")
    >>> Accepted.parse(one.text) == one
    True
    >>> Accepted.parse("drawn by hand") is None
    True
    """

    by: str
    at: str
    review: str
    image: str
    voxels: str
    edited: bool
    how: str
    name: str = ""
    unchanged: bool = True

    @property
    def lost(self) -> bool:
        """Whether all that is known is that somebody accepted an earlier form."""
        return not self.by

    @property
    def text(self) -> str:
        """As it stands in a SEG's SegmentDescription (0062,0006)."""
        named = f"named '{self.name}'; " if self.name else ""
        return (
            f"accepted by {self.by} at {self.at}; review {self.review}; image "
            f"{self.image}; voxels {self.voxels}; "
            f"{'edited' if self.edited else 'as found'}; {named}{self.how}"
        )

    @classmethod
    def parse(cls, text: str) -> "Accepted | None":
        """Read that text; None of any other."""
        found = _SAID.fullmatch(text.strip())
        if found is None:
            return None
        said = found.groupdict() | {
            "edited": found["edited"] == "edited",
            "name": found["name"] or "",
        }
        return cls(**said)

    @classmethod
    def told_by(cls, description: str, algorithm: str) -> "Accepted | None":
        """Who accepted a segment, by whatever of its record an editor left.

        >>> Accepted.told_by("accepted by A. B at 2026-03-02T", "editor").lost
        True
        >>> Accepted.told_by("", "editor") is None
        True
        """
        found = cls.parse(description)
        began = _BEGINNING.match(description.strip()) is not None
        if found is None and (began or algorithm.strip() == BY_ACCEPTED):
            return cls("", "", "", "", "", edited=True, how="", unchanged=False)
        return found


def candidate_text(how: str) -> str:
    """What a candidate's SegmentDescription says."""
    return f"{_NOBODY}: {how}" if how else _NOBODY


def tells_candidate(description: str, algorithm: str) -> bool:
    """Whether a segment is a candidate, whatever its name was changed to.

    >>> tells_candidate(candidate_text("above 0.41 of the maximum"), "an editor")
    True
    """
    return description.strip().startswith(_NOBODY) or algorithm.strip() == BY_CANDIDATE


def short(digest: str) -> str:
    """The digits of a digest that are shown."""
    return digest[:_DIGITS]


def is_candidate(name: str) -> bool:
    """Whether a structure's name says that nobody accepted it yet.

    So it does with something behind the mark, and with the mark cut.

    >>> is_candidate("Tumor 1 (Candidate)"), is_candidate("Tumor 1")
    (True, False)
    >>> is_candidate("Tumor 1 (candidate)_1"), is_candidate("Tumor 1 (candida")
    (True, True)
    """
    return _CUT in name.casefold()


def without_mark(name: str) -> str:
    """A candidate's name once it is accepted.

    >>> without_mark("Tumor 1 (candidate)"), without_mark("Tumor 1")
    ('Tumor 1', 'Tumor 1')
    """
    text = name.strip()
    bare = text[: -len(CANDIDATE)].strip()
    return bare if text.casefold().endswith(CANDIDATE) else text
