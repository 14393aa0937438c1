"""Who accepted a segmented structure, as its file carries it."""

import re
from dataclasses import dataclass

# Behind the name of what nobody accepted yet: kept by every contour editor.
CANDIDATE = "(candidate)"
_DIGITS = 12
_SAID = re.compile(
    r"accepted by (?P<by>.+) at (?P<at>\S+); review (?P<review>[0-9a-f]{12}); "
    r"image (?P<image>[0-9a-f]{12}); voxels (?P<voxels>[0-9a-f]{12}); "
    r"(?P<edited>edited|as found); (?P<how>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Accepted:
    """A person's acceptance of one candidate.

    `review`, `image` and `voxels` are the first 12 digits of SHA-256. Its reader tells
    by `voxels` whether the structure is `unchanged` since.

    Examples
    --------
    >>> one = Accepted("A. Physicist", "2026-03-02T10:00+01:00", "ab" * 6, "cd" * 6,
    ...                "ef" * 6, edited=True, how="above 0.41 of the maximum")
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
    unchanged: bool = True

    @property
    def text(self) -> str:
        """As it stands in a SEG's SegmentDescription (0062,0006)."""
        return (
            f"accepted by {self.by} at {self.at}; review {self.review}; image "
            f"{self.image}; voxels {self.voxels}; "
            f"{'edited' if self.edited else 'as found'}; {self.how}"
        )

    @classmethod
    def parse(cls, text: str) -> "Accepted | None":
        """Read that text; None of any other."""
        found = _SAID.fullmatch(text.strip())
        if found is None:
            return None
        said = found.groupdict() | {"edited": found["edited"] == "edited"}
        return cls(**said)


def short(digest: str) -> str:
    """The digits of a digest that are shown."""
    return digest[:_DIGITS]


def is_candidate(name: str) -> bool:
    """Whether a structure's name says that nobody accepted it yet.

    >>> is_candidate("Tumor 1 (Candidate)"), is_candidate("Tumor 1")
    (True, False)
    """
    return name.strip().casefold().endswith(CANDIDATE)


def without_mark(name: str) -> str:
    """A candidate's name once it is accepted.

    >>> without_mark("Tumor 1 (candidate)"), without_mark("Tumor 1")
    ('Tumor 1', 'Tumor 1')
    """
    text = name.strip()
    return text[: -len(CANDIDATE)].strip() if is_candidate(text) else text
