"""A plan by an image as a document, a table, and files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import Measured, Prediction
from sirtdose.io.image_file import write_nifti
from sirtdose.io.map_label import ONE_GBQ, PLANNED, MapLabel, label_text
from sirtdose.model.metric import Metric, metrics_in
from sirtdose.model.treatment import ALL_COUNTS
from sirtdose.report.documents import grid_document, image_document
from sirtdose.report.doses import (
    asked_in,
    density_document,
    dose_document,
    doses_of,
    drawn_again,
    extrahepatic_document,
    metric_cells,
    missing_lines,
)
from sirtdose.report.page_data import page_data_text, prediction_page_data
from sirtdose.report.plan.blur import blur_lines
from sirtdose.report.plan.lung_shunt import shunt_document
from sirtdose.report.plan.page import write_plan
from sirtdose.report.plan.uncertainty import (
    PLAN_UNCERTAINTY_FILE,
)
from sirtdose.report.post.document import partial_volume_document
from sirtdose.report.post.files import DOSE_FILES, PAGE_DATA, dose_file
from sirtdose.report.post.summary import other_constant_words
from sirtdose.report.tables import (
    dvh_csv,
    dvh_per_gbq_csv,
    structures_csv,
    structures_per_gbq_csv,
)
from sirtdose.report.wording import method_words, significant, spoken, table

# The folder of what 1 GBq of each injection does.
PER_GBQ = "per_gbq"
# Everything that an earlier plan by an image may have left.
REPLACED = (
    "plan.json",
    "plan.html",
    PAGE_DATA,
    "structures.csv",
    "dvh.csv",
    PLAN_UNCERTAINTY_FILE,
    *(dose_file(f"{one}{tag}") for one in DOSE_FILES for tag in ("", "+with_prior")),
    PER_GBQ,
    # What `sirtdose report` makes of it.
    *("plan.pdf", "sheet.html", "sheet.pdf", "figures"),
)


def prediction_document(
    prediction: Prediction, asked: Sequence[Metric] = ()
) -> dict[str, Any]:
    """What plan.json holds of the image, beside the plan."""
    image = prediction.image
    return {
        "metrics": [one.words for one in asked],
        "measured": {
            "image": image_document(image.source),
            "unit": image.quantity.unit,
            "total": image.total(),
            "outside_perfused_fraction": prediction.outside_fraction,
            "in_map_gbq": prediction.activity.total(),
            "negative_voxels": "kept; as 0 in the lung shunt",
            "lung_shunt": prediction.shunt
            and shunt_document(prediction.shunt, prediction.lungs_covered),
            "blur": _blur(prediction),
            "structures": [_measured(row) for row in prediction.measured],
            "injections": [
                {
                    "name": one.name,
                    "perfused": one.structure.name,
                    "counts": one.counts,
                    "lung_shunt_fraction": one.lung_shunt_fraction,
                }
                for one in prediction.perfusions
            ],
        },
        "doses": {
            method: dose_document(dose, prediction.rows[method], asked=asked)
            for method, dose in prediction.doses.items()
        },
        "doses_per_gbq": {
            name: {
                method: [_per_gbq(row, asked) for row in rows]
                for method, rows in methods.items()
            }
            for name, methods in prediction.rows_per_gbq.items()
        },
        "extrahepatic": extrahepatic_document(prediction.extrahepatic),
        "density": density_document(prediction.density),
        "grid": grid_document(image, prediction.dose_grid),
        "choices": list(prediction.choices),
        "images": list(prediction.inputs),
    }


def _blur(prediction: Prediction) -> dict[str, Any] | None:
    """How the image's blur was undone, and each part before it was."""
    found = partial_volume_document(prediction.blur)
    if found is None:
        return None
    return {
        **found,
        "used": "without blur",
        "as_seen": [
            {
                "name": one.name,
                "counts": one.counts,
                "tumor_to_normal_ratios": dict(one.ratios),
                "dose_gy": one.dose_gy,
            }
            for one in prediction.blurred
        ],
    }


def _distinct(
    ratios: Mapping[str, float], built: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Each ratio once, as it is shown: a drawn normal liver repeats the one built.

    >>> _distinct({"liver normal": 6.97}, {"liver normal": "normal_whole"})
    {'6.97': 'normal whole liver'}
    """
    said: dict[str, str] = {}
    for name, ratio in ratios.items():
        said.setdefault(f"{ratio:.3g}", spoken(built.get(name, name)))
    return said


def prediction_lines(document: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What was measured and predicted for a terminal: the result, then details."""
    measured = document["measured"]
    [rows, *_] = [one["structures"] for one in document["doses"].values()]
    built = drawn_again(rows)
    ratios = [
        f"T/N of '{row['name']}', by volume: "
        + ", ".join(
            f"{ratio} against {name}"
            for ratio, name in _distinct(row["tumor_to_normal_ratios"], built).items()
        )
        for row in measured["structures"]
        if row["tumor_to_normal_ratios"]
    ]
    result = [
        "",
        *ratios,
        *blur_lines(document),
        *_shunt_lines(measured["lung_shunt"]),
    ]
    details = ["", *_measured_lines(measured)]
    asked = asked_in(document)
    metrics = metrics_in("plan", asked)
    for method, found in document["doses"].items():
        # What was asked for by name is part of the result.
        (result if asked else details).extend(
            [
                "",
                f"Predicted by the image, {method_words(method)}, over volume, "
                f"{ALL_COUNTS}{other_constant_words(found, document['nuclide'])}",
                table(
                    ["structure", *(one.heading for one in metrics)],
                    [
                        [spoken(row["name"]), *metric_cells(row, metrics)]
                        for row in found["structures"]
                    ],
                ),
                *missing_lines(found["structures"], metrics),
            ]
        )
    return result, details


def _measured_lines(measured: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            spoken(row["name"]),
            significant(row["volume_ml"]),
            significant(row["mass_kg"]),
            f"{row['counts']:.4g}",
            f"{row['counts_per_ml']:.4g}",
        ]
        for row in measured["structures"]
    ]
    return [
        f"Measured ({measured['unit']}; {measured['outside_perfused_fraction']:.0%} "
        "outside of the perfused volume and the lungs)",
        table(["structure", "mL", "kg", "total", "per mL"], rows),
    ]


def prediction_files(prediction: Prediction) -> list[str]:
    """The names of everything that a plan by an image writes."""
    return [
        *("plan.json", "plan.html", PAGE_DATA, "structures.csv", "dvh.csv"),
        PLAN_UNCERTAINTY_FILE,
        *(dose_file(method) for method in prediction.doses),
        *(f"{PER_GBQ}/structures.csv", f"{PER_GBQ}/dvh.csv"),
        *(f"{PER_GBQ}/{name}" for name, _ in _maps_per_gbq(prediction)),
    ]


def write_prediction(
    prediction: Prediction, document: dict[str, Any], folder: Path
) -> None:
    """Write plan.json, the tables, and the maps in Gy and in Gy per GBq."""
    data = prediction_page_data(prediction, document)
    write_plan(document, folder, data)
    (folder / PAGE_DATA).write_text(page_data_text(document["hash"], data), "utf-8")
    (folder / "structures.csv").write_text(structures_csv(document), "utf-8")
    (folder / "dvh.csv").write_text(dvh_csv(prediction.rows), "utf-8")
    for method, dose in prediction.doses.items():
        of = f"{PLANNED} and earlier sessions" if "with_prior" in method else PLANNED
        _write_map(dose, folder / dose_file(method), document, of=of)
    each = folder / PER_GBQ
    each.mkdir()
    (each / "dvh.csv").write_text(dvh_per_gbq_csv(prediction.rows_per_gbq), "utf-8")
    (each / "structures.csv").write_text(structures_per_gbq_csv(document), "utf-8")
    for name, dose in _maps_per_gbq(prediction):
        _write_map(dose, each / name, document, of=ONE_GBQ)


def _write_map(dose: Dose, path: Path, document: Mapping[str, Any], *, of: str) -> None:
    label = MapLabel(
        document["hash"], dose.method, of, dose.volume.grid.frame_of_reference_uid
    )
    write_nifti(
        dose.volume,
        path,
        note=dose.density_note,
        label=label_text(label, dose.volume),
    )


def _maps_per_gbq(prediction: Prediction) -> list[tuple[str, Any]]:
    names = list(prediction.per_gbq)
    return [
        (per_gbq_file(method, names, k), dose)
        for k, methods in enumerate(prediction.per_gbq.values())
        for method, dose in methods.items()
    ]


def per_gbq_file(method: str, names: Sequence[str], number: int) -> str:
    """The file of what 1 GBq of an injection gives, by all names and its number.

    >>> per_gbq_file("kernel", ["right", "seg. IV"], 1)
    'dose_2_seg-IV_kernel.nii.gz'
    """
    file = DOSE_FILES[method]
    if len(names) == 1:
        return file
    return file.replace("dose_", f"dose_{number + 1}_{_plain(names[number])}_")


def _plain(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40]


def _shunt_lines(shunt: Mapping[str, Any] | None) -> list[str]:
    if shunt is None:
        return []
    return [
        f"Lung shunt {shunt['lung_shunt_fraction']:.2%} (SPECT; "
        f"{shunt['lungs_covered_fraction']:.0%} of the lungs in view)"
    ]


def _measured(row: Measured) -> dict[str, Any]:
    return {
        "name": row.structure.name,
        "role": str(row.structure.role),
        "volume_ml": row.volume_ml,
        "mass_kg": row.mass_kg,
        "counts": row.counts,
        "counts_per_ml": row.counts_per_ml,
        "tumor_to_normal_ratios": dict(row.ratios),
        "inside_fractions": dict(row.inside),
        "from_liver_mm": list(row.from_liver_mm) if row.from_liver_mm else None,
    }


def _per_gbq(row: StructureDose, asked: Sequence[Metric]) -> dict[str, Any]:
    # What grows in proportion to the activity, and is no spread or single voxel.
    metrics = metrics_in("per_gbq", [one for one in asked if one.number])
    mean, *others = doses_of(row.dvh, metrics).items()
    return {
        "name": row.structure.name,
        "role": str(row.structure.role),
        "activity_gbq": row.activity_gbq,
        "dose_gy_per_gbq": dict([mean, ("mean_by_mass", row.mean_by_mass_gy), *others]),
    }
