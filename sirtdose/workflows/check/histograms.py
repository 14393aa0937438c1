"""Histograms of a dose map that another system, or this one, has made."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

from sirtdose.checks.maps import map_findings
from sirtdose.dosimetry.compare.comparison import StatedHistograms
from sirtdose.dosimetry.compare.dose_check import (
    DEFAULT_TOLERANCES,
    compared_metrics,
)
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.histogram.sampled_dvh import require_covered, sampled_dvh
from sirtdose.dosimetry.results import DoseHistograms
from sirtdose.errors import InputError, QuantityError, StructureError
from sirtdose.io.discover import discover
from sirtdose.io.read import read_image, read_structures
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.metric import numbers_of
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure, with_given_roles
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.check.stated_histograms import stated_histograms
from sirtdose.workflows.image.scene import one_patient_findings


def dose_histograms(
    dose: Path,
    structures: Sequence[Path],
    *,
    roles: Mapping[str, Role] | None = None,
    languages: Sequence[str] = (),
    probability_threshold: float | None = None,
    interpolated: bool = True,
) -> DoseHistograms:
    """Histograms of all structures in a dose map.

    Parameters
    ----------
    dose : Path
        RTDOSE, or NIfTI, NRRD or MetaImage in Gy.
    structures : sequence of Path
        RTSTRUCT, SEG, masks or label images in the dose's frame of reference.
    roles : mapping of str to Role, optional
        Where a name does not tell.
    languages : sequence of str
        Those that names are read in, such as ``("en", "nl")``; all where there are
        none.
    probability_threshold : float, 0 to 1, optional
        Voxels of a SEG of probabilities at or above it are inside.
    interpolated : bool
        Whether the dose is known at points, and interpolated between them, or is one
        value a voxel, as this program's own are.

    Raises
    ------
    InputError
        What cannot be read, no dose, no structure, two of one name.
    """
    one_person = same_patient_findings([dose, *structures])
    volume = read_dose(dose)
    known = structures_of(
        structures,
        roles or {},
        languages=languages,
        apart=interpolated,
        probability_threshold=probability_threshold,
    )
    # Sorting and interpolating leave the interpreter to the next structure.
    with ThreadPoolExecutor(cpu_count()) as threads:
        found = threads.map(lambda one: _histogram(one, volume, interpolated), known)
        told = list(zip(known, found, strict=True))
    rows = [(one, dvh) for one, dvh in told if not isinstance(dvh, str)]
    left_out = {one.name: why for one, why in told if isinstance(why, str)}
    if not rows:
        why = "; ".join(f"'{name}': {said}" for name, said in left_out.items())
        raise InputError(f"no structure has a histogram: {why or 'none was found'}")
    return DoseHistograms(
        volume,
        tuple(rows),
        left_out,
        findings=(*one_person, *map_findings(known, dose=volume)),
        stated=_stated(dose, structures, rows, volume, interpolated=interpolated),
    )


def _stated(
    dose: Path,
    structures: Sequence[Path],
    rows: Sequence[tuple[Structure, Dvh]],
    volume: Volume,
    *,
    interpolated: bool,
) -> StatedHistograms:
    """The RTDOSE's own histograms against ours of the same map, sampled either way."""
    ours = {one.name: dvh for one, dvh in rows}
    metrics = compared_metrics((), ())
    return stated_histograms(
        dose,
        structures,
        [one for one, _ in rows],
        samplings=(
            lambda one: numbers_of(ours[one.name], metrics),
            lambda one: numbers_of(
                histogram_in(one, volume, not interpolated), metrics
            ),
        ),
        tolerances=DEFAULT_TOLERANCES,
        option="--structures",
    )


def _histogram(structure: Structure, volume: Volume, interpolated: bool) -> Dvh | str:
    """A structure's histogram, or why it has none."""
    if structure.empty:
        return "empty"
    try:
        return histogram_in(structure, volume, interpolated)
    except StructureError as error:
        return str(error)


def histogram_in(structure: Structure, volume: Volume, interpolated: bool) -> Dvh:
    """A structure's histogram, by points between the dose's own or by its voxels.

    Raises
    ------
    StructureError
        It lies partly outside of the dose.
    """
    if interpolated:
        return sampled_dvh(structure, volume)
    require_covered(structure, volume)
    return Dvh.of_structure(occupancy_on(structure, volume.grid), volume)


def same_patient_findings(paths: Sequence[Path]) -> list[Finding]:
    """Files of one person under two names, as far as they name anybody (H01).

    Raises
    ------
    InputError
        They are of two people, or one of them is not there.
    """
    return one_patient_findings(
        [one for path in paths for one in discover(path)], severity=Severity.WARN
    )


def read_dose(path: Path) -> Volume:
    """A dose map of any system, Gy.

    Raises
    ------
    QuantityError
        An image of something else.
    """
    volume = read_image(path, quantity=Quantity.DOSE)
    if volume.quantity is not Quantity.DOSE:
        raise QuantityError(
            f"{path.name} is in {volume.quantity.unit or 'no unit'}: a dose in Gy is "
            "needed"
        )
    return volume


def structures_of(
    paths: Sequence[Path],
    roles: Mapping[str, Role],
    *,
    languages: Sequence[str] = (),
    apart: bool = False,
    probability_threshold: float | None = None,
) -> list[Structure]:
    """Structures of all files with their roles; two of one name are refused (H19).

    Those of an RTSTRUCT are sampled at the same points, unless they stay `apart`.

    Raises
    ------
    InputError
        Two of one name, or a role for a structure that is not there.
    """
    found = [
        one
        for path in paths
        for one in read_structures(
            path,
            apart=apart,
            languages=languages,
            probability_threshold=probability_threshold,
        )
    ]
    names = [one.name for one in found]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise StructureError(
            f"structures of one name (H19): {', '.join(double)}: rename all but one"
        )
    return with_given_roles(found, roles)
