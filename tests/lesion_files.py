"""Small files of one patient: treatments and follow-ups, with doses given by hand."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose.io.dicom.write_dose import write_rtdose
from sirtdose.io.dicom.write_structures import write_seg
from sirtdose.model.grid import Grid
from sirtdose.model.patient_link import PatientLink, Reference
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

FRAME = "1.2.826.0.1.3680043.8.498.77"
GRID = Grid.regular(
    (10, 14, 18),
    spacing_mm=(4.0, 3.0, 2.5),
    origin_mm=(-31.0, 12.0, 207.0),
    frame_of_reference_uid=FRAME,
)
# First voxel and size, in (slice, row, column): 48, 18 and 8 voxels of 0.03 mL.
BOXES = {
    "T1": ((1, 2, 2), (3, 4, 4)),
    "T2": ((5, 8, 9), (3, 3, 2)),
    "T3": ((6, 2, 13), (2, 2, 2)),
}
VOXEL_ML = 0.03


def link(day: str, *, patient: str = "4711", frame: str = FRAME) -> PatientLink:
    image = Reference(
        "1.2.840.10008.5.1.4.1.1.20", f"2.25.{day}1", f"2.25.{day}2", "NM", 14, 18
    )
    return PatientLink(
        *(patient, "Rivera^Ana", "19500102", "F", f"2.25.{day}", "1"),
        *(day, "101500", "", frame, (image,)),
    )


def box(
    name: str,
    start: tuple[int, int, int],
    size: tuple[int, int, int],
    frame: str = FRAME,
) -> Structure:
    mask = np.zeros(GRID.shape, bool)
    mask[tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))] = True
    grid = Grid(GRID.shape, GRID.affine_mm, frame)
    return Structure.named(name, mask, grid, Role.TUMOR)


def boxes(
    names: Mapping[str, str] | None = None, frame: str = FRAME
) -> list[Structure]:
    """The lesions as they are, by other names where given: {"A": "T1"}."""
    names = {one: one for one in BOXES} if names is None else names
    return [box(name, *BOXES[of], frame) for name, of in names.items()]


def write_treatment(
    folder: Path,
    day: str,
    doses_gy: Mapping[str, float],
    *,
    patient: str = "4711",
    frame: str = FRAME,
    plan_hash: str | None = None,
    **change: Any,
) -> Path:
    """A folder as `sirtdose post` leaves it, of two methods; the kernel's half as high.

    Every lesion has one dose in all of its voxels. The document has what is read.
    """
    folder.mkdir()
    drawn = boxes({name: name for name in doses_gy}, frame)
    own = link(day, patient=patient, frame=frame)
    write_seg(drawn, folder / "dose_structures.dcm", own)
    methods = {"local_deposition": 1.0, "kernel": 0.5}
    for method, factor in methods.items():
        data = np.full(GRID.shape, 1.0)
        for one in drawn:
            data[one.occupancy] = factor * doses_gy[one.name]
        name = "dose_local.dcm" if factor == 1 else "dose_kernel.dcm"
        dose = Volume(data, drawn[0].grid, Quantity.DOSE)
        write_rtdose(dose, folder / name, own, method=method, plan_uid="2.25.9")
    document = {
        "schema": "sirtdose.post/1",
        "times": {"administered_at": f"{day[:4]}-{day[4:6]}-{day[6:]}T10:00:00+01:00"},
        "nuclide": {"name": "Y-90"},
        "inputs": [{"sha256": day * 8}],
        "plan": {"hash": plan_hash} if plan_hash else None,
        "doses": {
            method: {
                "structures": [
                    {
                        "name": one.name,
                        "role": "tumor",
                        "volume_ml": one.volume_ml,
                        "dose_gy": {
                            "mean": factor * doses_gy[one.name],
                            "d70": factor * doses_gy[one.name],
                        },
                    }
                    for one in drawn
                ]
            }
            for method, factor in methods.items()
        },
    }
    (folder / "post.json").write_text(json.dumps(document | change))
    return folder


def write_follow_up(path: Path, day: str, drawn: list[Structure], **whom: str) -> Path:
    write_seg(drawn, path, link(day, **whom))
    return path
