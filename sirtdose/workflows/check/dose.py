"""Hold another system's dose against ours: numbers, gamma, causes, verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sirtdose.checks.header import remark_findings
from sirtdose.checks.maps import map_findings
from sirtdose.checks.roles import no_tumor_findings
from sirtdose.checks.scale import other_system_findings
from sirtdose.dosimetry.compare.comparison import compared
from sirtdose.dosimetry.compare.difference_causes import causes
from sirtdose.dosimetry.compare.dose_check import (
    DEFAULT_TOLERANCES,
    DoseCheck,
    Row,
    compared_metrics,
    tolerance_key,
)
from sirtdose.dosimetry.compare.dose_pair import DosePair, lone_doses
from sirtdose.dosimetry.compare.gamma import Criterion, Gamma, gamma_index
from sirtdose.dosimetry.compare.known_factors import explanations
from sirtdose.dosimetry.compare.structure_causes import (
    Reported,
    StructureCause,
    candidates,
    structure_cause,
)
from sirtdose.dosimetry.derived import derived_structures, tumors_together
from sirtdose.dosimetry.grid.resample import on_one_lattice
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.errors import InputError, RangeError, StructureError
from sirtdose.io.hashing import sha256_of
from sirtdose.model.metric import MEAN, VOLUME, Metric, numbers_of
from sirtdose.model.names import alike
from sirtdose.model.role import Role, role_from_name
from sirtdose.model.structure import Structure, with_given_roles
from sirtdose.model.volume import Volume
from sirtdose.workflows.check.histograms import (
    histogram_in,
    read_dose,
    same_patient_findings,
    structures_of,
)
from sirtdose.workflows.check.inputs import OurDose, our_dose
from sirtdose.workflows.check.reported import Said, said_by_them

_LUNGS_SAID = "no dose, as the liver's density is used for all tissue"


@dataclass(frozen=True)
class CheckRequest:
    """What is held against what.

    `against` is our dose map, or the folder of `sirtdose post`, whose structures are
    taken where none are given. `criteria` are those of gamma; `tolerances` stand before
    the usual ones, and `metrics` are compared beside the usual ones. `languages` are
    those that names are read in; all where there are none. Voxels of a SEG of
    probabilities at `probability_threshold` (0 to 1) or above are inside.
    """

    theirs: Path
    against: Path
    criteria: tuple[Criterion, ...]
    structures: tuple[Path, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    probability_threshold: float | None = None
    their_structures: tuple[Path, ...] = ()
    their_table: Path | None = None
    tolerances: Mapping[str, float] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    method: str | None = None
    cutoff_fraction: float = 0.1


def check_dose(request: CheckRequest) -> DoseCheck:
    """Hold another system's dose against ours.

    Raises
    ------
    InputError
        What cannot be read, is of two patients, or does not lie over each other.
    """
    asked = {tolerance_key(name): one for name, one in request.tolerances.items()}
    request = replace(request, tolerances=asked)
    ours = our_dose(request.against, request.method)
    files = request.structures or ours.structures
    one_person = same_patient_findings(
        [request.theirs, ours.path, *files, *request.their_structures]
    )
    pair = DosePair(ours.dose, read_dose(request.theirs), request.cutoff_fraction)
    look = _Look(request, ours, pair)
    rows, left_out = look.rows()
    said = look.said()
    reports = look.reported(said)
    found = causes(pair, ours.others)
    gammas: list[Gamma] = []
    ignored = ""
    for criterion in request.criteria:
        try:
            gammas.append(gamma_index(pair.ours, pair.theirs, criterion))
        except RangeError as error:
            ignored = str(error)
    # Of the best explanation that has one, else of the doses' sums.
    best = found[0].factor if found else None
    factor = pair.total_ratio if best is None else best
    return DoseCheck(
        pair=pair,
        choices=ours.choices,
        choices_known=ours.choices_known,
        method=ours.method,
        treated_gbq=ours.treated_gbq,
        rows=tuple(rows),
        reported=tuple(reports.rows),
        unmatched=tuple(reports.unmatched),
        stated=said.stated,
        table_remarks=said.table_remarks,
        left_out={**left_out, **said.left_out, **reports.left_out},
        gammas=tuple(gammas),
        causes=tuple(found),
        factor=factor,
        factors=tuple(explanations(factor, ours.choices)) if found else (),
        structure_causes=tuple(reports.causes),
        tolerances=look.tolerances,
        asked=request.metrics,
        lone=tuple(lone_doses(pair)),
        ignored_gamma=ignored,
        findings=(
            *one_person,
            *look.findings,
            *said.noticed,
            *other_system_findings(ours.scale, factor),
        ),
        inputs=_inputs(request, ours, files),
    )


def _inputs(
    request: CheckRequest, ours: OurDose, files: Sequence[Path]
) -> tuple[dict[str, Any], ...]:
    said = [
        ("their dose", request.theirs),
        ("our dose", ours.path),
        *(("structures", path) for path in files),
        *(("their structures", path) for path in request.their_structures),
        *([("their table", request.their_table)] if request.their_table else []),
    ]
    return tuple(
        {"what": what, "file": path.name, "sha256": sha256_of([path])}
        for what, path in said
        if path.is_file()
    )


@dataclass
class Reports:
    """Their numbers against ours, those of none of ours, and what others are of."""

    rows: list[Row] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    causes: list[StructureCause] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


class _Look:
    """Structures of both systems, and how their histograms are made."""

    def __init__(self, request: CheckRequest, ours: OurDose, pair: DosePair) -> None:
        self.request, self.ours, self.pair = request, ours, pair
        self.tolerances = {**DEFAULT_TOLERANCES, **request.tolerances}
        self.metrics = compared_metrics(request.metrics, self.tolerances)
        self.files = request.structures or ours.structures
        self.findings = remark_findings("their dose", pair.theirs.source)
        self.structures = self._structures()

    def _structures(self) -> list[Structure]:
        if not self.files:
            return []
        ours, request = self.ours.roles, self.request
        read = [
            one.given(ours[one.name]) if one.name in ours else one
            for one in structures_of(
                self.files,
                {},
                languages=request.languages,
                probability_threshold=request.probability_threshold,
            )
        ]
        read = with_given_roles(read, request.roles)
        # Of results, post.json says how the dose was computed.
        unknown_map = None if self.ours.choices_known else self.ours.dose
        self.findings += map_findings(read, dose=unknown_map)
        drawn = on_one_lattice([one for one in read if not one.empty])
        derived = derived_structures(drawn)
        self.findings += no_tumor_findings(drawn) if derived else []
        together = tumors_together(drawn)
        return [*drawn, *derived, *([together] if together else [])]

    def histogram(self, structure: Structure, dose: Volume) -> Dvh:
        """One value a voxel where both doses share their voxels, else interpolated."""
        return histogram_in(structure, dose, not self.pair.same_points)

    def rows(self) -> tuple[list[Row], dict[str, str]]:
        """Both dose maps in each of our structures, and why some have no row."""
        rows, left_out = [], {}
        for one in self.structures:
            if one.role is Role.LUNGS and self.ours.one_density:
                left_out[one.name] = _LUNGS_SAID
                continue
            try:
                ours = self.histogram(one, self.pair.ours)
                theirs = self.histogram(one, self.pair.theirs)
            except StructureError as error:
                left_out[one.name] = str(error)
                continue
            numbers = numbers_of(theirs, self.metrics)
            rows.append(self._row(one.name, one, (ours, theirs), numbers))
        return rows, left_out

    def _row(
        self,
        name: str,
        structure: Structure,
        histograms: tuple[Dvh, Dvh | None],
        numbers: Mapping[Metric, float],
        *,
        bin_gy: float = 0.0,
    ) -> Row:
        mine = numbers_of(histograms[0], dict.fromkeys((*self.metrics, *numbers)))
        both = compared(mine, numbers, self.tolerances, bin_gy=bin_gy)
        return Row(name, structure, *histograms, both)

    def said(self) -> Said:
        """What they say of their structures, in any of the ways they may."""
        request = self.request
        said = said_by_them(
            request.theirs,
            contours=request.their_structures,
            probability_threshold=request.probability_threshold,
            table=request.their_table,
            own_files=self.files,
            own=[one for one in self.structures if not one.definition],
            histogram=self._theirs_in,
            otherwise=lambda one: histogram_in(
                one, self.pair.theirs, self.pair.same_points
            ),
            metrics=self.metrics,
            tolerances=self.tolerances,
        )
        mute = said.by_contours and not said.stated.compared
        if not self.structures and (said.by_table or mute):
            raise InputError(
                "their table or structures are compared with ours: give --structures"
            )
        return said

    def reported(self, said: Said) -> Reports:
        """Their numbers against ours, and which of our structures those are of."""
        found = Reports()
        told = said.numbers(self.metrics)
        every = candidates(self.structures, self._theirs_in) if told else []
        for name, (numbers, theirs) in told.items():
            own = self._named(name)
            if own is None:
                # Of a file's many regions most are none of ours.
                asked = name in said.by_table or name in said.by_contours
                if not asked or not self.structures:
                    continue
                found.unmatched.append(name)
            elif own.role is Role.LUNGS and self.ours.one_density:
                found.left_out[f"their {name}"] = _LUNGS_SAID
                continue
            else:
                both = (self.histogram(own, self.pair.ours), theirs)
                found.rows.append(
                    self._row(name, own, both, numbers, bin_gy=said.bin_gy(name))
                )
            cause = structure_cause(
                Reported(name, numbers.get(MEAN), numbers.get(VOLUME)),
                next((one for one in every if one.structure is own), None),
                every,
            )
            found.causes += [cause] if cause else []
        return found

    def _theirs_in(self, structure: Structure) -> Dvh:
        return self.histogram(structure, self.pair.theirs)

    def _named(self, name: str) -> Structure | None:
        """Our structure of that name, else the only one of the role it tells."""
        same = alike(name, [one.name for one in self.structures])
        if same:
            return next(one for one in self.structures if one.name == same[0])
        role = role_from_name(name, self.request.languages)
        if role is Role.NORMAL_GIVEN:
            of = role_from_name(
                name.lower().replace("normal", ""), self.request.languages
            )
            role = Role.NORMAL_PERFUSED if of is Role.PERFUSED else Role.NORMAL_WHOLE
        only = [one for one in self.structures if one.role is role]
        return only[0] if len(only) == 1 and role is not Role.OTHER else None
