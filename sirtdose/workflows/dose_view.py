"""The planes of any dose map over a CT."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sirtdose.checks.header import remark_findings
from sirtdose.checks.maps import lung_density_doubt, map_findings
from sirtdose.dosimetry.grid.resample import occupancy_on, overlap
from sirtdose.errors import GeometryError, QuantityError, StructureError
from sirtdose.io.discover import discover
from sirtdose.io.hashing import sha256_of
from sirtdose.io.read import read_image
from sirtdose.model.role import Role
from sirtdose.model.volume import Quantity
from sirtdose.report.documents import findings_document
from sirtdose.report.looks import structure_looks
from sirtdose.report.page_data import plane_data
from sirtdose.workflows.check.histograms import (
    read_dose,
    same_patient_findings,
    structures_of,
)


def dose_view(
    dose: Path,
    ct: Path | None,
    structures: Sequence[Path] = (),
    *,
    roles: Mapping[str, Role] | None = None,
    languages: Sequence[str] = (),
    probability_threshold: float | None = None,
) -> dict[str, Any]:
    """What the page of a dose shows, see :func:`sirtdose.report.render.view_page`.

    Raises
    ------
    InputError
        What cannot be read, no dose, no CT, or files of different frames of
        reference.
    """
    findings = same_patient_findings([dose, *([ct] if ct else []), *structures])
    volume = read_dose(dose)
    gray = None
    if ct is not None:
        gray = read_image(ct, quantity=Quantity.CT_NUMBER)
        if gray.quantity is not Quantity.CT_NUMBER:
            raise QuantityError(
                f"{ct.name} is in {gray.quantity.unit}: a CT is needed for --ct"
            )
        volume.grid.require_frame(gray.grid, what="the CT")
        if not overlap(gray.grid, volume.grid):
            raise GeometryError(
                "the CT lies completely outside the dose (H15): name another with --ct"
            )
    outlined, outside = [], []
    read = structures_of(
        structures,
        roles or {},
        languages=languages,
        probability_threshold=probability_threshold,
    )
    for one in read:
        if one.empty:
            continue
        try:
            outlined.append(occupancy_on(one, volume.grid))
        except StructureError:
            outside.append(one.name)
    findings += map_findings(read, dose=volume)
    findings += remark_findings("the CT", gray.source if gray else None)
    data = plane_data(
        {"Dose": volume},
        gray,
        outlined,
        structure_looks(outlined),
        lungs=lung_density_doubt(volume),
    )
    return {
        **data,
        "gray": "CT" if gray else "black",
        "outside": outside,
        "warnings": findings_document(findings),
        "sha256": sha256_of(discover(dose)[0].paths),
    }
