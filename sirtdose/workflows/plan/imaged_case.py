"""The regions of a plan as a scout image shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sirtdose.checks.lungs import missing_shunt
from sirtdose.dosimetry.derived import from_liver_mm, union, with_role, without
from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.engine.tissue_density import TissueDensity
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.image.partial_volume import PartialVolume
from sirtdose.dosimetry.image.regional_uptake import RegionalUptake
from sirtdose.dosimetry.image.spect_shunt import SpectShunt
from sirtdose.dosimetry.image.uptake import (
    Counted,
    Perfusion,
    counts_in,
    inside_fractions,
    outside_fraction,
    perfusion,
    uptakes,
    uptakes_everywhere,
)
from sirtdose.dosimetry.results import Measured, Placed
from sirtdose.errors import InputError
from sirtdose.io.choose import Choice
from sirtdose.model.commissioned import CameraUsed
from sirtdose.model.finding import Finding
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure, perfused_by
from sirtdose.model.volume import Volume
from sirtdose.planning.case_plan import require_names
from sirtdose.planning.lung_shunt import all_shunts_known
from sirtdose.planning.partition_case import (
    Case,
    Region,
    with_all_counts,
    with_prior,
)
from sirtdose.planning.partition_goal import ImagedInjection
from sirtdose.planning.scout_dose import with_scout
from sirtdose.planning.sessions import with_sessions
from sirtdose.planning.terms import Terms

# A tumor belongs to the injections that perfuse this much of it, else to the one that
# perfuses most.
_MOST_OF_IT = 0.5


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the liver on the lattice it was drawn on, and whose goal it counts.

    `drawn` is the name of the one structure that it is, where that is another.
    """

    structure: Structure
    name: str
    role: str
    of: tuple[str, ...]
    drawn: str = ""


@dataclass(frozen=True, eq=False)
class Read:
    """Everything that comes from files, on the dose grid.

    `own` is the image on its own voxels. Without its blur the image is known at every
    point, as `uptake`, in the image's own unit; `blur` says how that was undone. All
    else is then on finer voxels. `camera` is that of the image, if its file is known;
    `by_camera` is whether the blur is as it says.
    """

    choice: Choice
    inputs: tuple[dict[str, Any], ...]
    dose_grid: str
    own: Volume
    placed: Placed
    shunt: SpectShunt | None
    uptake: RegionalUptake | None = None
    blur: PartialVolume | None = None
    camera: CameraUsed | None = None
    by_camera: bool = False

    @property
    def seen(self) -> Volume:
        """The image with its blur and noise."""
        return self.volume if self.blur is None else self.own

    @property
    def counted(self) -> Counted:
        """What counts are of: the image without its blur where that was undone."""
        return self.uptake or self.volume

    @property
    def volume(self) -> Volume:
        """The image, on the dose grid."""
        return self.placed.image

    @property
    def density(self) -> TissueDensity:
        """Densities, on the dose grid."""
        return self.placed.density

    def outside_fraction(self, perfusions: Sequence[Perfusion]) -> float:
        """Part of the image's counts outside of lungs and all that is perfused."""
        lungs = with_role(self.placed.on_grid, Role.LUNGS)
        volumes = [one.structure for one in perfusions]
        return outside_fraction(volumes, self.volume, union(lungs) if lungs else None)


@dataclass(frozen=True, eq=False)
class Scouted:
    """Where injections go by a scout, and what 1 GBq of each does.

    `doses` go by injection, then by method, and hold all counts of the image; `outside`
    is what of the first method's is by counts outside of all that is perfused, without
    a lung shunt: None where there are none, or where it follows from counts alone.
    """

    volume: Volume
    density: float | Volume
    perfusions: tuple[Perfusion, ...]
    parts: tuple[Part, ...]
    doses: Mapping[str, Mapping[str, Dose]]
    outside: Dose | None
    uptake: RegionalUptake | None = None

    @property
    def counted(self) -> Counted:
        """What counts are of."""
        return self.uptake or self.volume

    @property
    def method(self) -> str:
        """The method that plans."""
        return next(iter(self.doses[self.perfusions[0].name]))


def perfusions_of(
    injections: Sequence[ImagedInjection],
    placed: Placed,
    image: Counted,
    terms: Terms,
) -> tuple[Perfusion, ...]:
    """Each injection's perfused volume with its counts.

    Raises
    ------
    InputError
        A name that is no structure's, or several perfused volumes and no choice.
    """
    tumors = [one.name for one in placed.drawn if one.role is Role.TUMOR]
    require_names([*(one.name for one in injections), *tumors])
    return tuple(
        perfusion(
            one.name,
            _perfused(one, placed),
            image,
            lung_shunt_fraction=_shunt(one, terms) or 0.0,
        )
        for one in injections
    )


def parts_of(perfusions: Sequence[Perfusion], placed: Placed) -> list[Part]:
    """Tumors, perfused and whole liver, and what of them is normal."""
    tumors = with_role(placed.drawn, Role.TUMOR)
    taken = [
        one for one in placed.drawn if one.role.excluded_from_liver or one in tumors
    ]
    parts = []
    for tumor in tumors:
        inside = inside_fractions(tumor, [one.structure for one in perfusions])
        enough = min(_MOST_OF_IT, max(inside))
        owners = [
            one.name
            for one, part in zip(perfusions, inside, strict=True)
            if part >= enough and part > 0
        ]
        parts.append(Part(tumor, tumor.name, "tumor", tuple(owners)))
    for one in perfusions:
        of = f" of {one.name}" if len(perfusions) > 1 else ""
        normal = without(one.structure, taken)
        if not normal.empty:
            parts.append(
                Part(normal, f"normal perfused{of}", "normal_perfused", (one.name,))
            )
        drawn = one.structure.name if one.structure.role is Role.PERFUSED else ""
        parts.append(
            Part(one.structure, f"perfused volume{of}", "perfused", (one.name,), drawn)
        )
    livers = with_role(placed.drawn, Role.LIVER)
    if livers:
        # A liver that was drawn without its tumors is one with them.
        liver = union([*livers, *tumors])
        drawn = livers[0].name if len(livers) == 1 else ""
        parts.append(Part(liver, "whole liver", "liver", (), drawn))
        normal = without(liver, taken)
        if not normal.empty:
            parts.append(Part(normal, "normal whole liver", "normal_whole", ()))
    return parts + [
        Part(one, one.name, "vessel" if one.role is Role.VESSEL else "organ", ())
        for one in placed.drawn
        if one.role.excluded_from_liver
    ]


def imaged_case(
    injections: Sequence[ImagedInjection], scouted: Scouted, terms: Terms
) -> Case:
    """The parts with their doses per GBq: by counts, or from another method's map."""
    k = terms.nuclide.dose_constant_gy_kg_per_gbq
    case = Case(
        injections=tuple(one.name for one in scouted.perfusions),
        lung_shunt_fractions=tuple(
            one.lung_shunt_fraction for one in scouted.perfusions
        ),
        regions=tuple(
            with_sessions(
                with_prior(
                    [_region(part, scouted, k) for part in scouted.parts],
                    {one.name: one.prior_dose_gy for one in injections},
                    terms.prior_liver_dose_gy,
                ),
                terms.sessions,
            )
        ),
        dose_constant_gy_kg_per_gbq=k,
        lung_mass_kg=terms.used_lung_mass[0],
        prior_lung_gy=terms.earlier_lung_gy,
        shunt_known=_shunts_known(injections, terms),
        measured=True,
        untreated_ml=_untreated_ml(scouted.parts, "liver"),
        untreated_normal_ml=_untreated_ml(scouted.parts, "normal_whole"),
    )
    return with_scout(case, terms, [one.scout_gbq for one in injections])


def missing_shunts(
    injections: Sequence[ImagedInjection], terms: Terms
) -> list[Finding]:
    """What is asked of a plan without lung shunt, before anything is computed."""
    known = _shunts_known(injections, terms)
    return [] if known else [missing_shunt(given=False)]


def _shunts_known(injections: Sequence[ImagedInjection], terms: Terms) -> bool:
    return all_shunts_known({one.name: _shunt(one, terms) for one in injections})


def _untreated_ml(parts: Sequence[Part], role: str) -> float | None:
    """What of the drawn liver lies outside of all that is perfused."""
    perfused = [one.structure for one in parts if one.role == "perfused"]
    livers = [one.structure for one in parts if one.role == "liver"]
    own = [one.structure for one in parts if one.role == role]
    # Normal liver is no part where there is none.
    return sum(without(one, perfused).volume_ml for one in own) if livers else None


def _region(part: Part, scouted: Scouted, k: float) -> Region:
    """A part with what is injected into it, and with all counts that it has."""
    perfusions, volume = scouted.perfusions, scouted.volume
    on_grid = occupancy_on(part.structure, volume.grid)
    mass_kg = on_grid.mass_kg(scouted.density)
    inside = uptakes(part.structure, perfusions, scouted.counted)
    everywhere = uptakes_everywhere(
        part.structure, perfusions, scouted.counted, inside=inside
    )
    if scouted.method == "local_deposition":
        slopes, all_slopes = (
            tuple(k * uptake / mass_kg for uptake in parts)
            for parts in (inside, everywhere)
        )
    else:
        beyond = scouted.outside.mean_by_mass_gy(on_grid) if scouted.outside else 0.0
        all_slopes = tuple(
            scouted.doses[one.name][scouted.method].mean_by_mass_gy(on_grid)
            for one in perfusions
        )
        slopes = tuple(
            slope - (1 - one.lung_shunt_fraction) * beyond
            for slope, one in zip(all_slopes, perfusions, strict=True)
        )
    return with_all_counts(
        Region(
            name=part.name,
            role=part.role,
            volume_ml=part.structure.volume_ml,
            mass_kg=mass_kg,
            of=part.of,
            uptakes=inside,
            gy_per_gbq=slopes,
            drawn=part.drawn,
        ),
        everywhere,
        all_slopes,
    )


def measured_parts(scouted: Scouted, placed: Placed) -> tuple[Measured, ...]:
    """Counts and masses of every part, and of normal liver that came with the data."""
    perfusions, volume = scouted.perfusions, scouted.volume
    given = [
        Part(one, one.name, str(one.role), ())
        for one in with_role(placed.on_grid, Role.NORMAL_GIVEN)
    ]
    rows = []
    for part in [*scouted.parts, *given]:
        on_grid = occupancy_on(part.structure, volume.grid)
        counts = counts_in(part.structure, scouted.counted)
        rows.append((part, on_grid, counts, counts / on_grid.volume_ml))
    normals = {
        part.name: concentration
        for part, _, _, concentration in rows
        if part.role in ("normal_perfused", "normal_given")
    }
    places = from_liver_mm(placed.drawn)
    volumes = [one.structure for one in perfusions]
    return tuple(
        Measured(
            structure=part.structure.renamed(
                part.name, Role(part.role), part.structure.definition
            ),
            volume_ml=on_grid.volume_ml,
            mass_kg=on_grid.mass_kg(scouted.density),
            counts=counts,
            ratios={
                name: concentration / normal
                for name, normal in normals.items()
                if part.role == "tumor" and normal > 0
            },
            inside=dict(
                zip(
                    (one.name for one in perfusions),
                    inside_fractions(part.structure, volumes),
                    strict=True,
                )
            )
            if part.role == "tumor"
            else {},
            from_liver_mm=tuple(places.get(part.name, ())) or None,
        )
        for part, on_grid, counts, concentration in rows
    )


def _shunt(one: ImagedInjection, terms: Terms) -> float | None:
    own = one.lung_shunt_fraction
    return terms.lung_shunt_fraction if own is None else own


def _perfused(one: ImagedInjection, placed: Placed) -> Structure:
    if one.perfused is not None:
        return perfused_by(one.name, one.perfused, placed.drawn)
    perfused = with_role(placed.drawn, Role.PERFUSED)
    if len(perfused) > 1:
        raise InputError(
            f"there are {len(perfused)} perfused volumes, "
            f"{', '.join(s.name for s in perfused)}: give --injection for each, such "
            f"as 'right=perfused:{perfused[0].name},tumor-dose:120Gy'"
        )
    livers = with_role(placed.drawn, Role.LIVER)
    if not perfused and not livers:
        raise InputError(
            "there is no perfused volume and no liver: draw one, or assign it with "
            "--role"
        )
    return perfused[0] if perfused else union(livers)
