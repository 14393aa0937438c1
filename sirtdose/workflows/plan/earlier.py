"""Dose maps of earlier sessions beside a plan by an image."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sirtdose.checks.earlier_dose import prior_lung_findings
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError
from sirtdose.io.choose import Choice
from sirtdose.io.hashing import sha256_of
from sirtdose.model.bounds import printable
from sirtdose.model.finding import Finding
from sirtdose.model.volume import Volume
from sirtdose.planning.partition_case import Region
from sirtdose.planning.partition_goal import ImagedInjection
from sirtdose.planning.terms import Terms
from sirtdose.workflows.image.prior_session import prior_file_findings, prior_on
from sirtdose.workflows.plan.imaged_case import Scouted


@dataclass(frozen=True)
class Earlier:
    """The dose map of an earlier session, and what moves it to the scout."""

    dose: Path | None = None
    transform: Path | None = None

    @property
    def files(self) -> tuple[Path | None, ...]:
        """What is named for this use."""
        return self.dose, self.transform

    @property
    def moved_by(self) -> tuple[dict[str, Any], ...]:
        """The transform as results list their files: name only, and hash."""
        path = self.transform
        if path is None:
            return ()
        return (
            {
                "file": printable(path.name),
                "files": 1,
                "kind": "transform of the earlier dose",
                "sha256": sha256_of([path]),
                "series_instance_uid": None,
            },
        )


def require_one_source(
    earlier: Earlier, terms: Terms, injections: Sequence[ImagedInjection]
) -> None:
    """Refuse an earlier dose that is given twice, or a transform of none.

    Raises
    ------
    InputError
        Says which to leave out.
    """
    if earlier.dose is None and earlier.transform is not None:
        raise InputError("--prior-transform moves a --prior-dose: give both")
    numbers = [
        *(["--prior-liver-dose"] if terms.prior_liver_dose_gy else []),
        *(["--after"] if terms.sessions else []),
        *(f"prior-dose of '{one.name}'" for one in injections if one.prior_dose_gy),
    ]
    if earlier.dose is not None and numbers:
        raise InputError(
            f"--prior-dose is a map of what {', '.join(numbers)} states in numbers: "
            "give one of them"
        )


def earlier_on(
    earlier: Earlier, choice: Choice, placed: Placed, *, prior_lung_dose_gy: float
) -> tuple[Placed, list[Finding]]:
    """The structures with the earlier dose on the scout's voxels.

    Raises
    ------
    InputError
        No dose, one in another frame of reference, or a transform that bends.
    """
    if earlier.dose is None:
        return placed, []
    findings = prior_file_findings(choice, earlier.dose)
    prior, said = prior_on(earlier.dose, earlier.transform, placed)
    return replace(placed, prior=prior), [
        *findings,
        *said,
        *prior_lung_findings(
            prior_lung_dose_gy=prior_lung_dose_gy,
            structures=placed.on_grid,
            summed=False,
        ),
    ]


def with_map(
    regions: Sequence[Region], scouted: Scouted, prior: Volume | None
) -> tuple[Region, ...]:
    """The regions with what the earlier map gave each of them, tumors too."""
    if prior is None:
        return tuple(regions)
    first = scouted.doses[scouted.perfusions[0].name][scouted.method]
    earlier = replace(first, volume=prior)
    means = {
        part.name: earlier.mean_by_mass_gy(
            occupancy_on(part.structure, scouted.volume.grid)
        )
        for part in scouted.parts
    }
    return tuple(
        replace(
            one,
            prior_gy=means[one.name],
            all_counts=one.all_counts
            and replace(one.all_counts, prior_gy=means[one.name]),
        )
        for one in regions
    )
