"""What a page shows besides the numbers of its document: pictures, planes, curves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose.data.load import table
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import Assessment, Prediction
from sirtdose.errors import InputError
from sirtdose.model.density_note import lung_doubt
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume
from sirtdose.report.dvh_plot import Band, dvh_plot
from sirtdose.report.planes import (
    center_mm,
    comes_again,
    drawn,
    fused_planes,
    png,
    structure_colors,
)
from sirtdose.report.view_data import view_data

_SCHEMA = "sirtdose.report_data/1"
_CURVE_POINTS = 401
# Parts of the color scale's top at which isodoses are drawn.
_ISODOSES = (0.1, 0.25, 0.5, 0.75, 1.0)


def post_page_data(assessment: Assessment) -> dict[str, Any]:
    """Pictures, planes and curves of an assessment's first method."""
    method = next(iter(assessment.dosed.doses))
    outlined = [one for one in assessment.placed.on_grid if drawn(one)]
    colors = structure_colors(assessment.placed.on_grid)
    data = plane_data(
        assessment.dosed.doses[method].volume,
        assessment.placed.ct or assessment.placed.image,
        outlined,
        colors,
        lungs=lung_doubt(assessment.dosed.doses[method].density_note),
    )
    return {
        "method": method,
        **data,
        "gray": "CT" if assessment.placed.ct else "the activity image",
        "dvh": _curves(
            assessment.structure_doses[method], colors, _bands(assessment, method)
        ),
        "registration": [png(one) for one in assessment.placed.registration.pictures]
        if assessment.placed.registration
        else [],
    }


def prediction_page_data(prediction: Prediction) -> dict[str, Any]:
    """Planes of a prediction's first method over the scout image."""
    method, dose = next(iter(prediction.doses.items()))
    structures = [row.structure for row in prediction.rows[method]]
    data = plane_data(
        dose.volume,
        prediction.image,
        [one for one in structures if drawn(one)],
        structure_colors(structures),
        lungs=lung_doubt(dose.density_note),
    )
    colors = structure_colors(structures)
    return {
        "method": method,
        **data,
        "gray": "the scout image",
        "dvh": _curves(prediction.rows[method], colors, {}),
    }


def page_data_text(
    document_text: str, data: dict[str, Any], plan_file: Path | None = None
) -> str:
    """The data as a file, with the hashes of its content and of what it belongs to.

    `plan_file` is the RTPLAN written with it, which says whose the results are.
    """
    content = {
        "schema": _SCHEMA,
        "document_sha256": _sha256(document_text.encode()),
        "dose_plan_sha256": _sha256(plan_file.read_bytes())
        if plan_file is not None and plan_file.is_file()
        else None,
        **data,
    }
    return _json({**content, "sha256": _sha256(_json(content).encode())}) + "\n"


def page_data_of(text: str, document_text: str) -> dict[str, Any]:
    """The data of a file, provided they belong to the document and are as written.

    Raises
    ------
    InputError
        Something else, of another document, or changed since (H31).
    """
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict) or data.get("schema") != _SCHEMA:
        raise InputError("report_data.json is none of sirtdose: run `sirtdose post`")
    own = data.pop("sha256", None)
    if own != _sha256(_json(data).encode()):
        raise InputError(
            "report_data.json was changed since it was written (H31): run `sirtdose "
            "post` again"
        )
    if data["document_sha256"] != _sha256(document_text.encode()):
        raise InputError(
            "post.json was changed since its pictures were made (H31): no page is made "
            "of numbers that nobody computed; run `sirtdose post` again"
        )
    return data


def require_own_plan_file(data: dict[str, Any], plan_file: Path) -> None:
    """Refuse an RTPLAN that was not written with these results (H32).

    Raises
    ------
    InputError
        Another one, or results that were written without.
    """
    if data["dose_plan_sha256"] != _sha256(plan_file.read_bytes()):
        raise InputError(
            f"{plan_file.name} was not written with these results (H32): it may name "
            "another patient"
        )


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()


def plane_data(
    dose: Volume,
    gray: Volume | None,
    outlined: Sequence[Structure],
    colors: Mapping[str, str],
    *,
    lungs: str = "",
) -> dict[str, Any]:
    """Still and moving planes of a dose over a gray picture.

    `lungs` says why the dose is none of the lungs; empty where it is.
    """
    planes, top_gy = fused_planes(dose, gray, outlined, colors)
    notes = {
        one.name: f"no lung dose: {lungs}"
        for one in outlined
        if lungs and one.role is Role.LUNGS
    }
    view = view_data(dose, gray, outlined, colors=colors, notes=notes)
    shape = view["grid"]["shape"]
    inverse = np.linalg.inv(np.array(view["grid"]["affine_mm"]))
    start = inverse[:3, :3] @ center_mm(outlined, dose) + inverse[:3, 3]
    return {
        "top_gy": top_gy,
        "planes": planes,
        "where": "the middle of the largest tumor"
        if any(one.role is Role.TUMOR for one in outlined)
        else "the hottest voxel",
        "outlines": [
            {
                "name": one.name,
                "color": colors[one.name],
                "dotted": one.name in comes_again(outlined, colors),
                "note": notes.get(one.name, ""),
            }
            for one in outlined
        ],
        "view": {
            **view,
            "top_gy": top_gy,
            "isodoses_gy": [float(f"{part * top_gy:.2g}") for part in _ISODOSES],
            "colormap": table("colormap")["inferno"],
            "start": [
                int(np.clip(round(float(at)), 0, n - 1))
                for at, n in zip(start, shape, strict=True)
            ],
        },
    }


def _bands(assessment: Assessment, method: str) -> dict[str, Band]:
    """Between what curves each structure's lies, where that was asked for."""
    known = assessment.uncertainty.rows if assessment.uncertainty else {}
    return {
        one.name: one.band for one in known.get(method, ()) if not one.hidden_by_blur
    }


def _curves(
    rows: Sequence[StructureDose],
    colors: Mapping[str, str],
    bands: Mapping[str, Band],
) -> dict[str, Any]:
    plot = dvh_plot(rows, colors, bands)
    doses = np.linspace(0, plot.end_gy, _CURVE_POINTS)
    return {
        "plot": asdict(plot),
        "end_gy": plot.end_gy,
        "left": plot.left,
        "right": plot.right,
        "curves": [
            {
                "name": row.structure.name,
                "color": colors[row.structure.name],
                "volume_ml": row.dvh.volume_ml,
                "fraction": [
                    round(float(part), 5)
                    for part in row.dvh.curve(doses) / row.dvh.volume_ml
                ],
            }
            for row in rows
        ],
    }
