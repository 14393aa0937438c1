"""Hold another system's dose against ours: numbers, gamma, causes, verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.dosimetry.dose_check import (
    DEFAULT_TOLERANCES,
    DoseCheck,
    Row,
    compared,
    metrics_of,
    require_known_metric,
)
from sirtdose.errors import InputError, RangeError, StructureError
from sirtdose.model.role import Role, role_from_name
from sirtdose.workflows.check_inputs import OurDose, our_dose
from sirtdose.workflows.dose_histograms import (
    read_dose,
    require_same_patient,
    structures_of,
)

if TYPE_CHECKING:
    from sirtdose.dosimetry.cause import Cause
    from sirtdose.dosimetry.dose_pair import DosePair
    from sirtdose.dosimetry.dvh import Dvh
    from sirtdose.dosimetry.gamma import Criterion, Gamma
    from sirtdose.dosimetry.structure_causes import Candidate, StructureCause
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Volume

_LUNGS_SAID = "one density, the liver's, gives the lungs no dose"


@dataclass(frozen=True)
class CheckRequest:
    """What is held against what.

    `against` is our dose map, or the folder of `sirtdose post`, whose structures are
    taken where none are given. `criteria` are those of gamma; `tolerances` stand before
    the usual ones.
    """

    theirs: Path
    against: Path
    criteria: "tuple[Criterion, ...]"
    structures: tuple[Path, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    their_structures: tuple[Path, ...] = ()
    their_table: Path | None = None
    tolerances: Mapping[str, float] = field(default_factory=dict)
    above_gy: tuple[float, ...] = ()
    method: str | None = None
    cutoff_fraction: float = 0.1


def check_dose(request: CheckRequest) -> DoseCheck:
    """Hold another system's dose against ours.

    Raises
    ------
    InputError
        What cannot be read, is of two patients, or does not lie over each other.
    """
    from sirtdose.dosimetry.difference_causes import causes
    from sirtdose.dosimetry.dose_pair import DosePair
    from sirtdose.dosimetry.gamma import gamma_index

    for name in request.tolerances:
        require_known_metric(name, request.above_gy)
    ours = our_dose(request.against, request.method)
    files = request.structures or ours.structures
    require_same_patient([request.theirs, ours.path, *files, *request.their_structures])
    pair = DosePair(ours.dose, read_dose(request.theirs), request.cutoff_fraction)
    look = _Look(request, ours, pair)
    rows, left_out = look.rows()
    reported, unmatched, structure_causes = look.reported()
    found = causes(pair, ours.others)
    gammas: list[Gamma] = []
    ignored = ""
    for criterion in request.criteria:
        try:
            gammas.append(gamma_index(pair.ours, pair.theirs, criterion))
        except RangeError as error:
            ignored = str(error)
    factor = _factor(pair, found)
    from sirtdose.dosimetry.known_factors import explanations

    return DoseCheck(
        pair=pair,
        choices=ours.choices,
        choices_known=ours.choices_known,
        method=ours.method,
        treated_gbq=ours.treated_gbq,
        rows=tuple(rows),
        reported=tuple(reported),
        unmatched=tuple(unmatched),
        left_out=left_out,
        gammas=tuple(gammas),
        causes=tuple(found),
        factor=factor,
        factors=tuple(explanations(factor, ours.choices)) if found else (),
        structure_causes=tuple(structure_causes),
        tolerances=look.tolerances,
        ignored_gamma=ignored,
        inputs=_inputs(request, ours, files),
    )


def _factor(pair: "DosePair", found: "Sequence[Cause]") -> float:
    """The factor of the best explanation that has one, else of the doses' sums."""
    best = found[0].factor if found else None
    return pair.total_ratio if best is None else best


def _inputs(
    request: CheckRequest, ours: OurDose, files: Sequence[Path]
) -> tuple[dict[str, Any], ...]:
    from sirtdose.io.hashing import sha256_of

    said = [("their dose", request.theirs), ("our dose", ours.path)]
    said += [("structures", path) for path in files]
    said += [("their structures", path) for path in request.their_structures]
    said += [("their table", request.their_table)] if request.their_table else []
    return tuple(
        {"what": what, "file": path.name, "sha256": sha256_of([path])}
        for what, path in said
        if path.is_file()
    )


class _Look:
    """Structures of both systems, and how their histograms are made."""

    def __init__(self, request: CheckRequest, ours: OurDose, pair: "DosePair") -> None:
        self.request, self.ours, self.pair = request, ours, pair
        self.tolerances = {**DEFAULT_TOLERANCES, **request.tolerances}
        self.structures = self._structures()

    def _structures(self) -> "list[Structure]":
        from sirtdose.dosimetry.derived import derived_structures
        from sirtdose.dosimetry.resample import on_one_lattice

        files = self.request.structures or self.ours.structures
        if not files:
            return []
        drawn = [
            replace(one, role=self.ours.roles.get(one.name, one.role))
            for one in structures_of(files, {})
            if not one.empty
        ]
        drawn = [
            replace(one, role=self.request.roles.get(one.name, one.role))
            for one in drawn
        ]
        unknown = sorted(set(self.request.roles) - {one.name for one in drawn})
        if unknown:
            raise InputError(f"--role names no structure: {', '.join(unknown)}")
        if not drawn:
            return []
        drawn = on_one_lattice(drawn)
        return [*drawn, *derived_structures(drawn)]

    def histogram(self, structure: "Structure", dose: "Volume") -> "Dvh":
        """One value a voxel where both doses share their voxels, else interpolated."""
        from sirtdose.dosimetry.dvh import Dvh
        from sirtdose.dosimetry.resample import occupancy_on
        from sirtdose.dosimetry.sampled_dvh import require_covered, sampled_dvh

        if not self.pair.same_points:
            return sampled_dvh(structure, dose)
        require_covered(structure, dose)
        return Dvh.of_structure(occupancy_on(structure, dose.grid), dose)

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
            rows.append(
                self._row(
                    one.name,
                    one,
                    ours,
                    theirs,
                    metrics_of(theirs, self.request.above_gy),
                )
            )
        return rows, left_out

    def _row(
        self,
        name: str,
        structure: "Structure",
        ours: "Dvh",
        theirs: "Dvh | None",
        numbers: Mapping[str, float],
    ) -> Row:
        asked = {key.removesuffix("_gy"): one for key, one in self.tolerances.items()}
        mine = metrics_of(ours, self.request.above_gy)
        return Row(name, structure, ours, theirs, compared(mine, numbers, asked))

    def reported(self) -> "tuple[list[Row], list[str], list[StructureCause]]":
        """What they say of their own structures, and which of ours those are."""
        from sirtdose.dosimetry.structure_causes import (
            Reported,
            candidates,
            structure_cause,
        )

        said = self._said()
        if not said:
            return [], [], []
        if not self.structures:
            raise InputError(
                "their table or structures need ours to be held against: give "
                "--structures"
            )
        every = candidates(self.structures, self._theirs_in)
        rows, unmatched, found = [], [], []
        for name, (numbers, theirs) in said.items():
            own = self._named(name)
            if own is None:
                unmatched.append(name)
            else:
                ours = self.histogram(own, self.pair.ours)
                rows.append(self._row(name, own, ours, theirs, numbers))
            cause = structure_cause(
                Reported(name, numbers.get("mean"), numbers.get("volume")),
                _candidate(every, own),
                every,
            )
            found += [cause] if cause else []
        return rows, unmatched, found

    def _theirs_in(self, structure: "Structure") -> "Dvh":
        return self.histogram(structure, self.pair.theirs)

    def _said(self) -> "dict[str, tuple[Mapping[str, float], Dvh | None]]":
        """Their numbers by structure: of their table, else by their contours."""
        from sirtdose.io.dose_table import read_dose_table

        said: dict[str, tuple[Mapping[str, float], Dvh | None]] = {}
        drawn = structures_of(self.request.their_structures, {})
        for one in drawn:
            try:
                dvh = self.histogram(one, self.pair.theirs)
            except StructureError:
                continue
            said[one.name] = (metrics_of(dvh, self.request.above_gy), dvh)
        if self.request.their_table is not None:
            for name, numbers in read_dose_table(self.request.their_table).items():
                said[name] = (numbers, said.get(name, ({}, None))[1])
        return said

    def _named(self, name: str) -> "Structure | None":
        """Our structure of that name, else the only one of the role it tells."""
        same = [
            one for one in self.structures if one.name.casefold() == name.casefold()
        ]
        if same:
            return same[0]
        role = role_from_name(name)
        if role is Role.NORMAL_GIVEN:
            role = Role.NORMAL_WHOLE
            if role_from_name(name.lower().replace("normal", "")) is Role.PERFUSED:
                role = Role.NORMAL_PERFUSED
        alike = [one for one in self.structures if one.role is role]
        return alike[0] if len(alike) == 1 and role is not Role.OTHER else None


def _candidate(
    every: "Sequence[Candidate]", own: "Structure | None"
) -> "Candidate | None":
    return next((one for one in every if one.structure is own), None)
