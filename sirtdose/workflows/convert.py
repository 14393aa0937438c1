"""Results as other libraries have them: SimpleITK, nibabel, pandas."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.grid.registration import itk_image
from sirtdose.dosimetry.results import Assessment, DoseHistograms
from sirtdose.errors import require_extra
from sirtdose.io.image_file import nifti_of
from sirtdose.model.metric import Metric
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.planning.result import Plan
from sirtdose.report.check.histograms import histogram_table, histograms_document
from sirtdose.report.doses import asked_in
from sirtdose.report.plan.document import compartment_document
from sirtdose.report.post.document import post_document
from sirtdose.report.tables import structure_columns, structure_rows

_WORDS = ("method", "name", "role", "remark")
Placed: TypeAlias = Volume | Structure | Dose


def to_sitk(item: Placed) -> Any:
    """A SimpleITK image of a volume, a dose in Gy, or a structure (0 to 1).

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> place = Grid.regular((2, 3, 4), spacing_mm=(5, 4, 3), origin_mm=(1, 2, 3))
    >>> volume = Volume(np.ones((2, 3, 4)), place, Quantity.DOSE)
    >>> to_sitk(volume).GetSize(), to_sitk(volume).GetSpacing()
    ((4, 3, 2), (3.0, 4.0, 5.0))
    """
    volume = _volume(item)
    return itk_image(volume.data, volume.grid)


def to_nifti(item: Placed) -> Any:
    """A nibabel NIfTI-1 image (float32, RAS) of the same; its header says the unit.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> place = Grid.regular((2, 3, 4), spacing_mm=(5, 4, 3), origin_mm=(1, 2, 3))
    >>> to_nifti(Volume(np.ones((2, 3, 4)), place, Quantity.DOSE)).shape
    (4, 3, 2)
    """
    image = nifti_of(_volume(item))
    if isinstance(item, Structure):
        image.header["descrip"] = "sirtdose structure, part of each voxel"
    return image


def _volume(item: Placed) -> Volume:
    if isinstance(item, Dose):
        return item.volume
    if isinstance(item, Volume):
        return item
    part = np.asarray(
        item.occupancy, np.uint8 if item.occupancy.dtype == bool else None
    )
    return Volume(part, item.grid, Quantity.ENERGY_FRACTION)


def to_dataframe(
    result: Assessment | Plan | DoseHistograms, metrics: Sequence[Metric] = ()
) -> Any:
    """A pandas table: the rows of structures.csv; of a plan, its compartments.

    Histograms have `metrics` beside the default ones; an assessment has those that it
    was asked for.

    Raises
    ------
    MissingExtra
        pandas is not installed.
    """
    require_extra("cohort", "to_dataframe()")
    import pandas

    if isinstance(result, Plan):
        parts = [compartment_document(part) for part in result.compartments]
        return pandas.DataFrame(parts).drop(columns="all_counts")
    if isinstance(result, Assessment):
        document = post_document(result)
        header = structure_columns(asked_in(document))
        rows = structure_rows(document)
        names = [
            one["name"] for d in document["doses"].values() for one in d["structures"]
        ]
    else:
        document = histograms_document(result, sampling="points", asked=metrics)
        header, rows = histogram_table(document)
        names = [one.name for one, _ in result.rows]
    frame = pandas.DataFrame(rows, columns=header).assign(name=names)
    numbers = [one for one in header if one not in _WORDS]
    frame[numbers] = frame[numbers].apply(pandas.to_numeric)
    return frame
