"""What another system says of its structures: contours, histograms, a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sirtdose.checks.structures import structure_remarks
from sirtdose.dosimetry.compare.comparison import StatedHistograms
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.errors import StructureError
from sirtdose.io.tables.doses import DoseTable, read_dose_table
from sirtdose.model.dose_curve import DoseCurve
from sirtdose.model.finding import Finding
from sirtdose.model.metric import Metric, numbers_of
from sirtdose.model.structure import Structure
from sirtdose.workflows.check.histograms import structures_of
from sirtdose.workflows.check.stated_histograms import stated_histograms


@dataclass(frozen=True, eq=False)
class Said:
    """Their numbers by structure, with the curve of their dose where it is known.

    `by_table` and `by_contours` are what the user gave; `by_histogram` are the curves
    of their RTDOSE; `table_remarks` say what of the table is not compared or sure, and
    `noticed` what the reader of the contours did.
    """

    by_contours: Mapping[str, Dvh]
    by_histogram: Mapping[str, DoseCurve]
    by_table: Mapping[str, Mapping[Metric, float]]
    stated: StatedHistograms
    left_out: Mapping[str, str]
    table_remarks: tuple[str, ...] = ()
    noticed: tuple[Finding, ...] = ()

    def bin_gy(self, name: str) -> float:
        """How well a structure's doses are told: 0 where it is of no histogram."""
        if name in self.by_table:
            return 0.0
        return {one.name: one.bin_gy for one in self.stated.compared}.get(name) or 0.0

    def numbers(
        self, metrics: Sequence[Metric]
    ) -> dict[str, tuple[Mapping[Metric, float], Dvh | None]]:
        """Of the table first, then of their histograms, then by their contours."""
        curves: dict[str, Dvh | DoseCurve] = {**self.by_contours, **self.by_histogram}
        told = {name: numbers_of(one, metrics) for name, one in curves.items()}
        return {
            name: (numbers, self.by_contours.get(name))
            for name, numbers in {**told, **self.by_table}.items()
        }


def said_by_them(
    dose: Path,
    *,
    contours: Sequence[Path],
    probability_threshold: float | None,
    table: Path | None,
    own_files: Sequence[Path],
    own: Sequence[Structure],
    histogram: Callable[[Structure], Dvh],
    otherwise: Callable[[Structure], Dvh],
    metrics: Sequence[Metric],
    tolerances: Mapping[str, float],
) -> Said:
    """Everything that the other system says of its structures.

    Parameters
    ----------
    dose : Path
        Their dose, whose own histograms are read where it is an RTDOSE.
    contours, table : Path
        Their structures and their table, where they are given.
    own_files, own
        Our structures and the files they are of.
    histogram : callable
        A structure's histogram in their dose.
    otherwise : callable
        The same, sampled in the other way.
    metrics, tolerances
        What is compared, and how near it has to be.

    Raises
    ------
    InputError
        A table or contours that cannot be read.
    """
    drawn = structures_of(contours, {}, probability_threshold=probability_threshold)
    by_contours, left_out = {}, {}
    for one in drawn:
        if one.empty:
            left_out[f"their {one.name}"] = "it is empty"
            continue
        try:
            by_contours[one.name] = histogram(one)
        except StructureError as error:
            left_out[f"their {one.name}"] = str(error)
    told = DoseTable({}) if table is None else read_dose_table(table, metrics)
    stated = stated_histograms(
        dose,
        (*contours, *own_files),
        [*drawn, *own],
        samplings=(
            lambda one: numbers_of(histogram(one), metrics),
            lambda one: numbers_of(otherwise(one), metrics),
        ),
        tolerances=tolerances,
    )
    return Said(
        by_contours,
        {one.name: one.curve for one in stated.compared},
        told.numbers,
        stated,
        left_out,
        told.remarks,
        tuple(structure_remarks(drawn, "their ")),
    )
