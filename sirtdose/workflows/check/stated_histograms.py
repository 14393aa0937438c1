"""The histograms that an RTDOSE states of itself, against its dose in the contours."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sirtdose.dosimetry.compare.comparison import (
    StatedHistogram,
    StatedHistograms,
    compared,
)
from sirtdose.errors import StructureError
from sirtdose.io.dicom.dvh import DicomHistogram, read_histograms, read_roi_names
from sirtdose.io.discover import discover
from sirtdose.io.found import Kind
from sirtdose.model.dose_curve import DoseCurve
from sirtdose.model.metric import Metric, numbers_of
from sirtdose.model.names import alike
from sirtdose.model.structure import Structure

Metrics = Callable[[Structure], Mapping[Metric, float]]


def stated_histograms(
    dose: Path,
    contours: Sequence[Path],
    structures: Sequence[Structure],
    *,
    samplings: Sequence[Metrics],
    tolerances: Mapping[str, float],
    option: str = "--their-structures",
) -> StatedHistograms:
    """Every histogram of an RTDOSE, held against the same recomputed; none of others.

    Parameters
    ----------
    dose : Path
        Read for its DVHSequence where it is an RTDOSE.
    contours : sequence of Path
        Files whose regions its numbers may be of.
    structures : sequence of Structure
        Those of the files.
    samplings : sequence of callable
        A structure's numbers in the dose map, by points, by voxels: which of them a
        file used it does not say, so the nearest counts. Later ones are only asked
        where the first is too far off.
    tolerances : mapping of str to float
        As fractions, by number.
    option : str
        Which one gives the contours that are missing.

    Raises
    ------
    FileFormatError
        A damaged file.
    """
    by_name = {one.name: one for one in reversed(structures) if not one.empty}
    rows, left_out = [], {}
    for name, one, why in _numbered(dose, contours, option):
        structure = next((by_name[own] for own in alike(name, by_name)), None)
        if why or one.curve is None or structure is None:
            left_out[name] = why or "its contours are empty, or were not given"
            continue
        try:
            rows.append(
                _nearest(structure, one, one.curve, samplings, tolerances=tolerances)
            )
        except StructureError as error:
            left_out[name] = str(error)
    return StatedHistograms(tuple(rows), left_out)


def _numbered(
    dose: Path, files: Sequence[Path], option: str
) -> list[tuple[str, DicomHistogram, str]]:
    """Histograms of their RTDOSE with the name of each, and why it has none."""
    doses = [one.paths[0] for one in discover(dose) if one.kind is Kind.DOSE]
    if not doses:
        return []
    held = read_histograms(doses[0])
    sets = [
        read_roi_names(one.paths[0])
        for path in files
        for one in discover(path)
        if one.kind is Kind.CONTOURS
    ]
    wanted = held.structure_set_uid
    names = next((own for uid, own in sets if wanted in (uid, None)), None)
    why = ""
    if names is None:
        why = (
            f"the RTSTRUCT it refers to was not given: give it with {option}"
            if not sets
            else (
                "it refers to another RTSTRUCT than those given: give that one with "
                f"{option}"
            )
        )
    found = []
    for one in held.histograms:
        number = one.roi_number
        name = (names or {}).get(number) if number is not None else None
        unknown = why or f"its RTSTRUCT has no ROI number {number}"
        label = name or f"ROI {'?' if number is None else number}"
        found.append((label, one, one.unread or ("" if name else unknown)))
    return found


def _nearest(
    structure: Structure,
    held: DicomHistogram,
    curve: DoseCurve,
    samplings: Sequence[Metrics],
    *,
    tolerances: Mapping[str, float],
) -> StatedHistogram:
    """A histogram against the map, sampled in the way that is nearest to it."""
    tried: list[StatedHistogram] = []
    for metrics in samplings:
        try:
            recomputed = metrics(structure)
        except StructureError:
            if tried:
                continue
            raise
        both = compared(
            recomputed,
            numbers_of(curve, recomputed),
            tolerances,
            bin_gy=held.bin_gy or 0.0,
        )
        row = StatedHistogram(structure.name, curve, both, held.bin_gy, held.mean_gy)
        if row.met:
            return row
        tried.append(row)
    return min(tried, key=lambda row: row.unmet)
