"""A treatment that was given, as it is judged."""

from collections.abc import Iterator, Mapping

from sirtdose.dosimetry.derived import without
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.image.hot_spots import foci_gy
from sirtdose.dosimetry.results import Dosed, Placed, Read
from sirtdose.model.device import Device
from sirtdose.model.role import Role
from sirtdose.model.treatment import Injected, Part, Treatment
from sirtdose.workflows.image.prior_session import TAG

_ALONE = "the treatment"


def treatment_of(
    read: Read,
    placed: Placed,
    doses: Dosed,
    *,
    device: str | None,
    earlier_gy: Mapping[str, float],
) -> Treatment:
    """What was given where, and the mean dose of each structure by mass.

    Of several injections each has its own normal liver, as in a plan. Doses of an
    earlier session's map, or by number of the plan's sessions, count as earlier ones;
    the higher where there are both. Bilirubin is known from a plan alone.
    """
    ledgers = [(name, one) for name, _, one in read.injections]
    injections = tuple(
        Injected(name, one.administered_gbq, one.lung_shunt_fraction, one.residual_gbq)
        for name, one in ledgers or [(_ALONE, read.ledger)]
    )
    return Treatment(
        injections=injections,
        parts=(
            *_rows(read, doses, injections, earlier_gy),
            *_normal_parts(read, placed, doses),
        ),
        lungs=doses.lungs,
        nuclide=read.given.nuclide,
        device=None if device is None else Device.named(device),
        given=True,
        drawn=True,
        bilirubin_mg_per_dl=(read.plan or {"assumptions": {}})["assumptions"].get(
            "bilirubin_mg_per_dl"
        ),
    )


def _rows(
    read: Read,
    doses: Dosed,
    injections: tuple[Injected, ...],
    earlier_gy: Mapping[str, float],
) -> Iterator[Part]:
    """The rows of the first table: structures as drawn and as derived."""
    method, rows = next(iter(doses.structure_doses.items()))
    in_all = {
        row.structure.name: row.mean_by_mass_gy
        for row in doses.structure_doses.get(f"{method}{TAG}", ())
    }
    foci = foci_gy(doses.extrahepatic.spots if doses.extrahepatic else ())
    perfuses = {perfused: (name,) for name, perfused, _ in read.injections}
    everyone = tuple(one.name for one in injections)
    counted = (Role.TUMOR_PART, Role.ALL_TUMORS)
    # What these hold is in the lesions' own rows.
    for row in (one for one in rows if one.structure.role not in counted):
        name, dose = row.structure.name, row.mean_by_mass_gy
        yield Part(
            name=name,
            role=str(row.structure.role),
            volume_ml=row.structure.volume_ml,
            mass_kg=row.mass_kg,
            doses_gy=(dose,),
            prior_gy=max(in_all.get(name, dose) - dose, earlier_gy.get(name, 0.0)),
            of=perfuses.get(name, everyone),
            hottest_gy=row.dvh.dose_to_volume_fraction_gy(0.02),
            focus_gy=foci.get(name, 0.0),
        )


def _normal_parts(read: Read, placed: Placed, doses: Dosed) -> Iterator[Part]:
    """The perfused normal liver of each of several injections."""
    if len(read.injections) < 2:
        return
    dose = next(iter(doses.doses.values()))
    taken = [
        one
        for one in placed.drawn
        if one.role is Role.TUMOR or one.role.excluded_from_liver
    ]
    drawn = {one.name: one for one in placed.drawn}
    for name, perfused, _ in read.injections:
        if perfused not in drawn:
            continue
        normal = without(drawn[perfused], taken)
        if normal.empty:
            continue
        on_grid = occupancy_on(normal, placed.image.grid)
        yield Part(
            name=f"normal perfused of {name}",
            role=str(Role.NORMAL_PERFUSED),
            volume_ml=normal.volume_ml,
            mass_kg=on_grid.mass_kg(placed.density.g_per_ml),
            doses_gy=(dose.mean_by_mass_gy(on_grid),),
            of=(name,),
        )
