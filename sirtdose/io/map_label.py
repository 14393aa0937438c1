"""What a plan's dose map says of itself behind its NIfTI header: whose it is.

A NIfTI header has no room for a frame of reference, nor for the plan that a map
belongs to. The label also has a digest of voxels and place: it shows a change, by hand
or by accident, and is no signature against forgery.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from sirtdose.io.checked_header import nifti_image
from sirtdose.model.volume import Volume

# What the maps that a plan is judged by are of.
PLANNED = "the planned activities"
ONE_GBQ = "1 GBq of an injection"
_SCHEMA = "sirtdose.map/1"


@dataclass(frozen=True)
class MapLabel:
    """The plan that a dose map is of, by its hash, and the scan that it lies on.

    `of` says for what: the planned activities, or 1 GBq of an injection.
    """

    plan: str
    method: str
    of: str
    frame_of_reference_uid: str | None = None


def label_text(label: MapLabel, volume: Volume) -> str:
    """The label of a map as it stands in its file."""
    content = {"schema": _SCHEMA, **asdict(label), "sha256": _digest(volume)}
    return json.dumps(content, sort_keys=True)


def label_of(path: Path) -> MapLabel | None:
    """The label of a NIfTI file; None of one without, and of other files.

    Raises
    ------
    FileFormatError
        Damaged.
    """
    found = _content(path)
    if found is None:
        return None
    plan, method, of = (str(found.get(key)) for key in ("plan", "method", "of"))
    return MapLabel(plan, method, of, found.get("frame_of_reference_uid"))


def is_as_labeled(path: Path, volume: Volume) -> bool:
    """Whether a file's voxels and their place are those that its label was made of."""
    found = _content(path)
    return found is not None and found.get("sha256") == _digest(volume)


def _content(path: Path) -> dict[str, str | None] | None:
    if not path.name.lower().endswith((".nii", ".nii.gz")) or not path.is_file():
        return None
    for one in nifti_image(path).header.extensions:
        content = one.get_content()
        text = content if isinstance(content, bytes) else str(content).encode()
        with suppress(ValueError):
            found = json.loads(text.rstrip(b"\0"))
            if isinstance(found, dict) and found.get("schema") == _SCHEMA:
                return found
    return None


def _digest(volume: Volume) -> str:
    """As float32, which is what a file keeps; -0 is 0."""
    parts = (volume.data, volume.grid.affine_mm)
    return sha256(
        b"".join((np.asarray(one, "<f4") + np.float32(0)).tobytes() for one in parts)
    ).hexdigest()
