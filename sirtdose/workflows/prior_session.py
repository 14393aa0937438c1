"""An earlier session's dose map beside this one's: the sum of both."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.errors import GeometryError, InputError, QuantityError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sirtdose.dosimetry.engine import Dose
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Volume
    from sirtdose.workflows.post_request import PostRequest

# The name that the sum's results carry behind their method's.
TAG = "+with_prior"
_COVERED_MIN = 0.99
_MOST_GY = 1e5


def prior_on(
    request: "PostRequest",
    volume: "Volume",
    structures: "Sequence[Structure]",
    findings: list[Finding],
) -> "Volume | None":
    """The earlier session's dose on this one's voxels, Gy.

    It comes by its frame of reference, or by a transform from this image's points to
    those of the earlier one.

    Raises
    ------
    InputError
        No dose, one in another frame of reference, or a transform that bends.
    """
    if request.prior_dose is None:
        return None
    import numpy as np

    from sirtdose.dosimetry.regrid import mean_on
    from sirtdose.model.volume import Quantity, Volume

    dose = _read(request.prior_dose)
    low, high = float(dose.data.min()), float(dose.data.max())
    if not high > 0 or high > _MOST_GY or low < -0.1 * high:
        raise QuantityError(
            f"--prior-dose runs from {low:g} to {high:g} Gy: give a dose map in Gy"
        )
    if request.prior_transform is not None:
        dose = _moved(dose, request.prior_transform, volume)
    elif dose.grid.frame_of_reference_uid is None:
        findings.append(
            Finding.of(
                "H15",
                "the earlier dose has no frame of reference: it is taken to lie as the "
                "patient does here; --prior-transform brings it over",
                severity=Severity.WARN,
            )
        )
    if not dose.grid.shares_frame(volume.grid):
        raise GeometryError(
            f"--prior-dose {request.prior_dose.name} is in another frame of reference "
            "(0020,0052) than the image (H15): --prior-transform brings it over"
        )
    mean, covered = mean_on(dose, volume.grid)
    for structure in structures:
        values, part = structure.values_in(
            Volume(covered, volume.grid, Quantity.DENSITY)
        )
        inside = float((values * part).sum() / part.sum())
        if inside < _COVERED_MIN and structure.role is not Role.OTHER:
            findings.append(
                Finding.of(
                    "H19",
                    f"the earlier dose covers {inside:.0%} of '{structure.name}': the "
                    "rest counts as having had none",
                )
            )
    return Volume(np.asarray(mean * covered, np.float32), volume.grid, Quantity.DOSE)


def summed_dose(dose: "Dose", prior: "Volume") -> "Dose":
    """Dose of both sessions together."""
    return replace(dose, volume=dose.volume.with_data(dose.volume.data + prior.data))


def prior_lung_findings(
    request: "PostRequest", structures: "Sequence[Structure]"
) -> list[Finding]:
    """The lungs' earlier dose, which a map of one density gives wrongly (H22)."""
    if request.prior_lung_dose_gy > 0:
        return []
    if not any(one.role is Role.LUNGS for one in structures):
        return []
    return [
        Finding.of(
            "H22",
            "the lungs' dose of the earlier session is not taken from its map, whose "
            "density is not known: --prior-lung-dose gives it; where the lungs have a "
            "row, their sum is of both maps",
        )
    ]


def _read(path: Path) -> "Volume":
    from sirtdose.io.image_file import is_image_file, read_image_file
    from sirtdose.io.read import read_image
    from sirtdose.model.volume import Quantity

    if not path.exists():
        raise InputError(f"--prior-dose: there is no file {path.name}")
    volume = (
        read_image_file(path, Quantity.DOSE)
        if path.is_file() and is_image_file(path)
        else read_image(path, quantity=Quantity.DOSE)
    )
    if volume.quantity is not Quantity.DOSE:
        raise QuantityError(
            f"--prior-dose {path.name} holds {volume.quantity.unit}, not Gy: give an "
            "RTDOSE, or a dose map as NIfTI, NRRD or MetaImage"
        )
    return volume


def _moved(dose: "Volume", path: Path, volume: "Volume") -> "Volume":
    from sirtdose.dosimetry.registration import moved_grid, read_transform

    if not path.is_file():
        raise InputError(f"there is no transform file {path.name}")
    found = read_transform(path, volume.grid)
    grid = moved_grid(dose.grid, found, volume.grid)
    if grid is None:
        raise InputError(
            f"{path.name} is no rigid transform: an earlier dose is moved, not bent"
        )
    return replace(dose, grid=grid)
