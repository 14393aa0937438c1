"""Doses by structure as result documents hold them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isclose
from typing import TYPE_CHECKING, Any

from sirtdose.model.metric import EFFECTS, Metric, metrics_in
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.report.wording import significant, spoken

# A normal liver was drawn as it is computed where it differs by less.
_SAME = 0.01

if TYPE_CHECKING:
    from sirtdose.dosimetry.engine.dose import Dose
    from sirtdose.dosimetry.engine.tissue_density import TissueDensity
    from sirtdose.dosimetry.histogram.dvh import Dvh
    from sirtdose.dosimetry.histogram.radiobiology import Biology
    from sirtdose.dosimetry.histogram.structure_dose import StructureDose
    from sirtdose.dosimetry.image.hot_spots import Extrahepatic


@dataclass(frozen=True)
class StructureNumber:
    """A number of a structure beside its histogram, in every table that shows it.

    `heading` is the terminal's, empty where it does not show it; the page has its own,
    and shows so many of its unit.
    """

    key: str
    heading: str
    on_page: str
    page_factor: float
    of: "Callable[[StructureDose], float]"

    def cell(self, row: Mapping[str, Any], factor: float = 1.0) -> str:
        """As people read it; a dash where an older result has none."""
        value = row.get(self.key)
        return "-" if value is None else significant(value * factor)


NUMBERS = (
    StructureNumber("volume_ml", "mL", "volume mL", 1, lambda row: row.dvh.volume_ml),
    StructureNumber("mass_kg", "", "mass g", 1000, lambda row: row.mass_kg),
    StructureNumber(
        "activity_gbq", "GBq", "activity MBq", 1000, lambda row: row.activity_gbq
    ),
)


def dose_document(
    dose: "Dose",
    rows: "Sequence[StructureDose]",
    *,
    asked: Sequence[Metric] = (),
    biology: "Biology | None" = None,
    method: str = "",
) -> dict[str, Any]:
    """One method's doses by structure, and where their energy is."""
    return {
        "dose_constant_gy_kg_per_gbq": dose.nuclide.dose_constant_gy_kg_per_gbq,
        "dose_constant_name": dose.nuclide.dose_constant_name,
        "dose_constant_meaning": dose.nuclide.dose_constant_meaning or None,
        "energy_recovered": dose.energy_recovered,
        "medium": dose.medium,
        "electron_fraction": dose.electron_fraction,
        "rays": dose.rays,
        "energy_elsewhere": dose.energy_elsewhere,
        "density_g_per_ml": dose.one_density_g_per_ml,
        "structures": [
            _structure(row, asked) | _effects(row, biology, method) for row in rows
        ],
    }


def density_document(density: "TissueDensity") -> dict[str, Any]:
    """Where densities are from, and which regions were given one of their own."""
    return {
        "origin": density.origin,
        "source": density.source or None,
        "regions": [
            {"name": one.name, "g_per_ml": one.g_per_ml, "origin": one.origin}
            for one in density.regions
            if one.g_per_ml is not None
        ],
    }


def dvh_metrics(dvh: "Dvh", asked: Iterable[Metric] = ()) -> dict[str, Any]:
    """What a histogram says: volume, doses, and fractions at and above doses.

    A dose that the structure is too small for is None.
    """
    metrics = metrics_in("json", asked)
    parts = sorted(
        (one for one in metrics if one.is_part), key=lambda one: one.number or 0.0
    )
    return {
        "volume_ml": dvh.volume_ml,
        "voxels": dvh.voxels,
        "dose_gy": doses_of(dvh, metrics),
        "volume_fraction_above": {one.key[1:]: one.of(dvh) for one in parts},
    }


def doses_of(dvh: "Dvh", metrics: Iterable[Metric]) -> dict[str, float | None]:
    """The doses among the metrics, Gy, by key."""
    return {
        one.key: one.of(dvh)
        for one in metrics
        if one.unit == "Gy" and one.kind not in EFFECTS
    }


def asked_in(document: Mapping[str, Any]) -> list[Metric]:
    """The metrics that were asked for, of a document or an older one without them."""
    return [Metric.parse(one) for one in document.get("metrics", ())]


def metric_value(row: Mapping[str, Any], metric: Metric) -> float | None:
    """A metric of a structure's row; None where it has none."""
    value: float | None = (
        row["volume_fraction_above"].get(metric.key[1:])
        if metric.is_part
        else row.get(metric.column, row["dose_gy"].get(metric.key))
    )
    return value


def metric_cells(row: Mapping[str, Any], metrics: Iterable[Metric]) -> list[str]:
    """Metrics of a row as people read them: a fraction in percent, a dash for none."""
    return [
        "-"
        if value is None
        else f"{100 * value:.1f}"
        if one.is_part
        else significant(value)
        for one in metrics
        for value in [metric_value(row, one)]
    ]


def metric_columns(row: Mapping[str, Any], metrics: Iterable[Metric]) -> dict[str, str]:
    """Metrics of a row as a table file holds them, by column; empty for none."""
    return {
        one.column: ""
        if value is None
        else f"{100 * value if one.is_part else value:.10g}"
        for one in metrics
        for value in [metric_value(row, one)]
    }


def missing_lines(
    rows: Sequence[Mapping[str, Any]],
    metrics: Iterable[Metric],
    value_of: Callable[[Mapping[str, Any], Metric], Any] = metric_value,
) -> list[str]:
    """Which structures have no such number, and why: a line for each metric."""
    lines = []
    for one in metrics:
        named = ", ".join(
            f"'{spoken(row['name'])}' ({significant(row['volume_ml'])} mL)"
            for row in rows
            if value_of(row, one) is None
        )
        why = (
            "`sirtdose post` knows it for tumors and normal liver of one session"
            if one.kind in EFFECTS
            else f"the volume is below {one.number or 0:g} mL"
        )
        lines += [f"no {one.words} for {named}: {why}"] if named else []
    return lines


def _structure(row: "StructureDose", asked: Sequence[Metric]) -> dict[str, Any]:
    metrics = dvh_metrics(row.dvh, asked)
    mean, *others = metrics["dose_gy"].items()
    return {
        "name": row.structure.name,
        "role": str(row.structure.role),
        "definition": row.structure.definition or None,
        **{one.key: one.of(row) for one in NUMBERS},
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
            ("tissue", *(f"{key}_gy" for key in EFFECTS), "probabilities")
        )
    found = biology.effects(row)
    return {
        "tissue": found.tissue.name if found else None,
        **{f"{key}_gy": getattr(found, f"{key}_gy", None) for key in EFFECTS},
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


def places_of(
    document: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, list[float]]:
    """Where what a finding is about lies, in mm, by its subject."""
    places = {one["name"]: list(one["at_mm"]) for one in data["outlines"]}
    for spot in (document.get("extrahepatic") or {"hot_spots": ()})["hot_spots"]:
        x, y, z = spot["at_mm_lps"]
        for one in document["warnings"]:
            if f"x {x:z.0f}, y {y:z.0f}, z {z:z.0f}" in one["subject"]:
                places[one["subject"]] = [x, y, z]
    return places


def drawn_again(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Normal livers as drawn that are what the program builds, by the built name.

    >>> own = {"volume_ml": 1443.0, "dose_gy": {"mean": 23.24}}
    >>> drawn = {"name": "whole liver normal", "role": "normal_given", **own}
    >>> built = {"name": "normal_whole", "role": "normal_whole", **own}
    >>> drawn_again([drawn, built])
    {'whole liver normal': 'normal_whole'}
    """
    rows = list(rows)
    built = [row for row in rows if row["role"] in ("normal_whole", "normal_perfused")]
    return {
        row["name"]: one["name"]
        for row in rows
        if row["role"] == "normal_given"
        for one in built
        if _same(row, one)
    }


def _same(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    pairs = (
        (row["volume_ml"], other["volume_ml"]),
        (row["dose_gy"]["mean"], other["dose_gy"]["mean"]),
    )
    return all(isclose(one, two, rel_tol=_SAME) for one, two in pairs)
