"""Doses by structure as result documents hold them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sirtdose.model.units import MCI_PER_GBQ

if TYPE_CHECKING:
    from sirtdose.dosimetry.engine.dose import Dose
    from sirtdose.dosimetry.histogram.biology import Biology
    from sirtdose.dosimetry.histogram.dvh import Dvh
    from sirtdose.dosimetry.histogram.structure_dose import StructureDose
    from sirtdose.dosimetry.image.hot_spots import Extrahepatic


_EFFECTS = ("bed_mean", "eqd2_mean", "eud", "eubed", "geud")
_D_PERCENT = (98, 95, 90, 70, 50, 2)
_V_GY = (20, 30, 40, 50, 70, 80, 100, 120, 150, 200, 205, 250, 300)


def dose_document(
    dose: "Dose",
    rows: "Sequence[StructureDose]",
    *,
    above_gy: Sequence[float] = (),
    biology: "Biology | None" = None,
    method: str = "",
) -> dict[str, Any]:
    """One method's doses by structure, and where their energy is."""
    return {
        "energy_recovered": dose.energy_recovered,
        "medium": dose.medium,
        "electron_fraction": dose.electron_fraction,
        "rays": dose.rays,
        "energy_elsewhere": dose.energy_elsewhere,
        "density_g_per_ml": dose.one_density_g_per_ml,
        "structures": [
            _structure(row, above_gy) | _effects(row, biology, method) for row in rows
        ],
    }


def dvh_metrics(dvh: "Dvh", above_gy: Sequence[float] = ()) -> dict[str, Any]:
    """What a histogram says: volume, doses, and fractions at and above doses."""
    dose = {"mean": dvh.mean_gy, "sd": dvh.sd_gy, "min": dvh.min_gy, "max": dvh.max_gy}
    dose |= {f"d{x}": dvh.dose_to_volume_fraction_gy(x / 100) for x in _D_PERCENT}
    return {
        "volume_ml": dvh.volume_ml,
        "voxels": dvh.voxels,
        "dose_gy": dose,
        "volume_fraction_above": {
            f"{gy:g}": dvh.volume_fraction_above(gy)
            for gy in sorted({*_V_GY, *above_gy})
        },
    }


def _structure(row: "StructureDose", above_gy: Sequence[float]) -> dict[str, Any]:
    metrics = dvh_metrics(row.dvh, above_gy)
    mean, *others = metrics["dose_gy"].items()
    return {
        "name": row.structure.name,
        "role": str(row.structure.role),
        "definition": row.structure.definition or None,
        "volume_ml": metrics["volume_ml"],
        "mass_kg": row.mass_kg,
        "activity_gbq": row.activity_gbq,
        "activity_mci": row.activity_gbq * MCI_PER_GBQ,
        "voxels": metrics["voxels"],
        "integral_dose_j": row.mean_by_mass_gy * row.mass_kg,
        "dose_gy": dict([mean, ("mean_by_mass", row.mean_by_mass_gy), *others]),
        "volume_fraction_above": metrics["volume_fraction_above"],
    }


def _effects(
    row: "StructureDose", biology: "Biology | None", method: str
) -> dict[str, Any]:
    """Null where no tissue's parameters hold, or doses of two sessions are added."""
    if biology is None or "with_prior" in method:
        return dict.fromkeys(
            ("tissue", *(f"{key}_gy" for key in _EFFECTS), "probabilities")
        )
    found = biology.effects(row)
    return {
        "tissue": found.tissue.name if found else None,
        **{f"{key}_gy": getattr(found, f"{key}_gy", None) for key in _EFFECTS},
        "probabilities": biology.probabilities(row, found, method),
    }


def biology_document(biology: "Biology", methods: Sequence[str]) -> dict[str, Any]:
    """Parameters with their sources, and for which methods each model holds."""
    return {
        "half_life_h": biology.half_life_h,
        "tissues": {name: asdict(one) for name, one in biology.tissues.items()},
        "models": [
            asdict(model)
            | {
                "not_applied": {
                    method: list(found.differs)
                    for method in methods
                    if not (found := biology.match(model, method)).holds
                },
                "unstated": list(biology.match(model, methods[0]).unstated),
            }
            for model in biology.models
        ],
    }


def extrahepatic_document(beyond: "Extrahepatic | None") -> dict[str, Any] | None:
    """What lies outside of liver, perfused volume and lungs."""
    if beyond is None:
        return None
    return {
        "definition": "image - liver - perfused - tumors - lungs",
        "volume_ml": beyond.volume_ml,
        "mean_gy": beyond.mean_gy,
        "activity_gbq": beyond.activity_gbq,
        "activity_fraction": beyond.activity_fraction,
        "hot_spots": [
            {
                "at_mm_lps": list(spot.at_mm),
                "volume_ml": spot.volume_ml,
                "mean_gy": spot.mean_gy,
                "peak_gy": spot.peak_gy,
                "outside_fraction": spot.outside_fraction,
                "inside": spot.inside or None,
                "near": spot.near
                and {"name": spot.near[0], "distance_mm": spot.near[1]},
                "reaches": list(spot.reaches),
            }
            for spot in beyond.spots
        ],
    }
