"""A treatment that was given, as it is judged."""

from collections.abc import Sequence

from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.image.hot_spots import HotSpot, foci_gy
from sirtdose.model.device import Device
from sirtdose.model.ledger import Ledger, Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.treatment import Injected, Part, Treatment

_ALONE = "the treatment"


def treatment_of(
    ledgers: Sequence[tuple[str, str, Ledger]],
    ledger: Ledger,
    rows: Sequence[StructureDose],
    *,
    lungs: Lungs,
    nuclide: Nuclide,
    device: str | None,
    prior_gy: float = 0.0,
    spots: Sequence[HotSpot] = (),
) -> Treatment:
    """What was given where, and the mean dose of each structure by mass.

    `ledgers` are of several injections: name, perfused structure and activities.
    """
    foci = foci_gy(spots)
    perfuses = {perfused: name for name, perfused, _ in ledgers}
    injections = tuple(
        Injected(name, one.administered_gbq, one.lung_shunt_fraction)
        for name, _, one in ledgers
    ) or (Injected(_ALONE, ledger.administered_gbq, ledger.lung_shunt_fraction),)
    everyone = tuple(one.name for one in injections)
    return Treatment(
        injections=injections,
        parts=tuple(
            Part(
                name=row.structure.name,
                role=str(row.structure.role),
                volume_ml=row.structure.volume_ml,
                mass_kg=row.mass_kg,
                doses_gy=(row.mean_by_mass_gy,),
                prior_gy=prior_gy,
                of=(perfuses[row.structure.name],)
                if row.structure.name in perfuses
                else everyone,
                hottest_gy=row.dvh.dose_to_volume_fraction_gy(0.02),
                focus_gy=foci.get(row.structure.name, 0.0),
            )
            for row in rows
        ),
        lungs=lungs,
        nuclide=nuclide,
        device=None if device is None else Device.named(device),
        given=True,
        drawn=True,
    )
