"""What a site has once for all: defaults, cameras, vials, nodes, who may approve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from sirtdose.model.node import Node

# By what a camera may be told from another, the most telling last.
CAMERA_KEYS = (
    "manufacturer",
    "model",
    "collimator",
    "protocol",
    "station",
    "serial",
)


@dataclass(frozen=True)
class Camera:
    """A camera with its collimator and protocol, as headers name them.

    `tells` are patterns by :data:`CAMERA_KEYS`, where ``*`` stands for anything; what
    it does not tell matches any. `file` is what commissioning found of it.

    Examples
    --------
    >>> camera = Camera("room 2", {"model": "Symbia*", "collimator": "MEGP"})
    >>> camera.matches({"model": "symbia t2", "collimator": "MEGP", "serial": "77"})
    True
    >>> camera.matches({"model": "Symbia T2"})
    False
    """

    name: str
    tells: Mapping[str, str]
    file: Path | None = None

    def matches(self, header: Mapping[str, str]) -> bool:
        """Whether a header's words are this camera's; an absent word is no match."""
        return all(
            fnmatchcase(_plain(header.get(key, "")), _plain(pattern))
            for key, pattern in self.tells.items()
        )


def cameras_of(
    header: Mapping[str, str], cameras: Sequence[Camera]
) -> tuple[Camera, ...]:
    """The cameras that tell most of a header: several for a tie.

    >>> twins = [Camera(name, {"model": "Symbia*"}) for name in ("one", "two")]
    >>> [one.name for one in cameras_of({"model": "Symbia T2"}, twins)]
    ['one', 'two']
    """
    found = [one for one in cameras if one.matches(header)]
    most = max((_telling(one) for one in found), default=())
    return tuple(one for one in found if _telling(one) == most)


def _telling(camera: Camera) -> tuple[int, ...]:
    """A serial number tells more than any words of a model."""
    return tuple(int(key in camera.tells) for key in reversed(CAMERA_KEYS))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


@dataclass(frozen=True)
class Calibrator:
    """A dose calibrator's factor for some microspheres, by which its readings go."""

    factor: float
    uncertainty: float
    source: str


@dataclass(frozen=True)
class Site:
    """A site's own file.

    `defaults` are options of all commands by name, as they are typed; `of_command` the
    same for one, such as ``"post"`` or ``"plan mird"``. `vials` are activities at
    calibration as typed, by device.
    """

    sha256: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    of_command: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    calibrators: Mapping[str, Calibrator] = field(default_factory=dict)
    cameras: tuple[Camera, ...] = ()
    vials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True)
class SiteUsed:
    """The site's file that a result was made with, and the options that it gave.

    The `calibrator` is the one whose factor it gave.
    """

    sha256: str
    options: tuple[str, ...]
    path: Path | None = None
    calibrator: Calibrator | None = None
