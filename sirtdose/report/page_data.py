"""What a page shows besides the numbers of its document: pictures, planes, curves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import Assessment, Prediction
from sirtdose.errors import InputError
from sirtdose.model.density_note import lung_doubt
from sirtdose.model.grid import Grid, three
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume
from sirtdose.report.dose_points import dose_points, with_points
from sirtdose.report.dvh_plot import Band, dvh_plot
from sirtdose.report.ladder import nice_step
from sirtdose.report.looks import (
    DIFFERENCE,
    WASH_ABOVE,
    WASH_BELOW,
    Look,
    bar_ticks,
    case_numbers,
    color_bar,
    drawn,
    drawn_name,
    isodose_levels,
    method_name,
    scale_top_gy,
    structure_looks,
)
from sirtdose.report.outlines import smooth
from sirtdose.report.palette import ISODOSES
from sirtdose.report.planes import (
    Field,
    Scale,
    field_of,
    hot_gy,
    middle_of,
    png,
    still_planes,
)
from sirtdose.report.reader_outlines import reader_planes
from sirtdose.report.sampling import sample
from sirtdose.report.view_data import lattice_of, view_data

_SCHEMA = "sirtdose.report_data/2"
_CURVE_POINTS = 401
# Differences are looked at where there is this part of the scale's dose, at so many
# voxels.
_SOME, _PROBES = 0.05, 20_000
EARLIER, PLANNED = "Earlier session", "Plan"
# What is of more than this session differs by that, not by its method.
_OTHER_SESSIONS = ("sum of sessions", EARLIER)


def post_page_data(assessment: Assessment) -> dict[str, Any]:
    """Pictures, planes and curves of an assessment, by every method."""
    method = next(iter(assessment.dosed.doses))
    outlined = [one for one in assessment.placed.on_grid if drawn(one)]
    looks = structure_looks(assessment.placed.on_grid)
    plan = assessment.read.plan or {}
    limits = [asdict(one) for one in assessment.judged.limits]
    maps = {
        method_name(name): dose.volume for name, dose in assessment.dosed.doses.items()
    }
    if assessment.placed.prior is not None:
        maps[EARLIER] = assessment.placed.prior
    planned = assessment.judged.plan and assessment.judged.plan.map
    if planned:
        maps[PLANNED] = planned.dose
    data = plane_data(
        maps,
        assessment.placed.ct or assessment.placed.image,
        outlined,
        looks,
        numbers=case_numbers(limits, plan.get("assumptions", {}))
        + [
            float(str(one.threshold["threshold_gy"]))
            for one in assessment.judged.thresholds
        ],
        lungs=lung_doubt(assessment.dosed.doses[method].density_note),
        reached={PLANNED: planned.reached} if planned else {},
    )
    return {
        "method": method,
        "whose": _whose(assessment),
        **data,
        "readers": reader_planes(
            assessment.observers,
            outlined,
            assessment.dosed.doses[method].volume,
            field_of(outlined, assessment.dosed.doses[method].volume),
        ),
        "gray": "CT" if assessment.placed.ct else "the activity image",
        "histograms": [
            _curves(name, rows, looks, _bands(assessment, name))
            for name, rows in assessment.structure_doses.items()
        ],
        "registration": [png(one) for one in assessment.placed.registration.pictures]
        if assessment.placed.registration
        else [],
    }


def _whose(assessment: Assessment) -> dict[str, Any]:
    """What a page's head says that results do not: nothing of one without names."""
    if assessment.request.privacy.nameless:
        return {"deidentified": True, "key": "", "vessel": ""}
    typed = (assessment.read.plan or {}).get("inputs") or {}
    keys = (typed.get("case_label"), typed.get("patient_key"))
    return {
        "deidentified": False,
        "key": " / ".join(str(one) for one in keys if one)
        or assessment.request.privacy.patient_key
        or "",
        "vessel": typed.get("vessel") or "",
    }


def prediction_page_data(
    prediction: Prediction, document: Mapping[str, Any]
) -> dict[str, Any]:
    """Planes and curves of a prediction over the CT, else over the scout image.

    `document` is the plan: its limits and goals are where isodoses are drawn.
    """
    method = next(iter(prediction.doses))
    structures = [row.structure for row in prediction.rows[method]]
    looks = structure_looks(structures)
    data = plane_data(
        {
            method_name(name): dose.volume
            for name, dose in prediction.doses.items()
            # Pictures of one injection are scaled with its activity, and no sum is.
            if "with_prior" not in name
        },
        prediction.ct or prediction.image,
        [one for one in structures if drawn(one)],
        looks,
        numbers=case_numbers(document["limits"], document["assumptions"]),
        lungs=lung_doubt(prediction.doses[method].density_note),
    )
    return {
        "method": method,
        **data,
        "gray": "CT" if prediction.ct else "the scout image",
        "histograms": [
            with_points(_curves(name, rows, looks, {}), prediction, name)
            for name, rows in prediction.rows.items()
        ],
        "goal_points": {
            name: [dose_points(one) for one in readings]
            for name, readings in prediction.goal_samples.items()
        },
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
    """Data of report_data.json, unless it or post.json was changed (H31).

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
    """RTPLAN that does not belong to these results (H32).

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
    maps: Mapping[str, Volume],
    gray: Volume | None,
    outlined: Sequence[Structure],
    looks: Mapping[str, Look],
    *,
    numbers: Sequence[float] = (),
    lungs: str = "",
    reached: Mapping[str, NDArray[np.bool_]] | None = None,
) -> dict[str, Any]:
    """Still and moving planes of doses over a gray picture.

    `maps` are doses by the names that a page shows, `numbers` the doses of the case
    that isodoses are drawn at. `lungs` says why the first dose is none of the lungs;
    empty where it is. A map that is `reached` in some voxels alone is the plan's.
    """
    [first, *_] = maps.values()
    hot = hot_gy(outlined, first)
    levels = isodose_levels(numbers, hot)
    top_gy = scale_top_gy(levels, hot)
    bar = color_bar(levels, top_gy, float(first.data.max()))
    lattice = lattice_of(first.grid, outlined).grid
    outlines = [smooth(one, lattice) for one in outlined if not one.empty]
    shown = field_of(outlined, first)
    notes = {
        one.name: f"no lung dose: {lungs}"
        for one in outlined
        if lungs and one.role is Role.LUNGS
    }
    reached = reached or {}
    view = view_data(maps, gray, outlines, looks=looks, notes=notes, reached=reached)
    return {
        "top_gy": top_gy,
        "max_gy": float(first.data.max()),
        "isodoses": [
            {"level_gy": level, "color": color}
            for level, color in zip(levels, ISODOSES, strict=False)
        ],
        "bar": bar,
        "ticks": bar_ticks(bar),
        "planes": still_planes(
            *(first, gray, outlines),
            looks=looks,
            shown=shown,
            scale=Scale(levels, bar),
        ),
        "side_mm": shown.side_mm,
        "where": "the middle of the largest tumor"
        if any(one.role is Role.TUMOR for one in outlined)
        else "the hottest voxel",
        "outlines": [
            {
                "name": one.name,
                **asdict(looks[one.name]),
                "note": notes.get(one.name, ""),
                "at_mm": [round(float(at), 1) for at in middle_of(one)],
            }
            for one in outlined
            if not one.empty
        ],
        "view": {
            **view,
            **_started(view["grid"], shown),
            "levels_gy": levels,
            "top_gy": top_gy,
            "differences": _differences(maps, top_gy, reached),
            "colors": {
                "dose": ISODOSES,
                "dose_below": WASH_BELOW,
                "dose_above": WASH_ABOVE,
                "difference": DIFFERENCE,
            },
        },
    }


def _started(grid: Mapping[str, Any], shown: Field) -> dict[str, Any]:
    """The voxel of the crosshair at first, and the field that planes show."""
    lattice = Grid(three(grid["shape"]), np.array(grid["affine_mm"]))
    return {
        "start": [
            int(np.clip(round(float(at)), 0, n - 1))
            for at, n in zip(lattice.index(shown.at_mm), lattice.shape, strict=True)
        ],
        "field": {
            "middle": [float(f"{at:.6g}") for at in lattice.index(shown.middle_mm)],
            "side_mm": shown.side_mm,
        },
    }


def _differences(
    maps: Mapping[str, Volume],
    top_gy: float,
    reached: Mapping[str, NDArray[np.bool_]],
) -> list[dict[str, Any]]:
    """Each other map minus the first, and how much of that the scale shows, Gy.

    From the first one the plan's is taken, where it is `reached`.
    """
    (first_name, first), *others = maps.items()
    found = []
    for number, (name, other) in enumerate(others, start=1):
        if any(word in name for word in _OTHER_SESSIONS):
            continue
        index = np.argwhere((first.data > _SOME * top_gy) & reached.get(name, True))
        index = index[:: max(1, len(index) // _PROBES)]
        points = first.grid.world_mm(index)[None]
        doses = sample(first.data, first.grid, points)
        apart = np.abs(sample(other.data, other.grid, points) - doses)
        most = float(np.percentile(apart, 99)) if apart.size else 0.0
        one, less = (first_name, name) if name in reached else (name, first_name)
        found.append(
            {
                "name": f"{one} \u2212 {less[:1].lower()}{less[1:]}",
                "of": [0, number] if name in reached else [number, 0],
                "top_gy": nice_step(max(most, 1e-3 * top_gy)),
            }
        )
    return found


def _bands(assessment: Assessment, method: str) -> dict[str, Band]:
    """Between what curves each structure's lies, where that was asked for."""
    known = assessment.uncertainty.rows if assessment.uncertainty else {}
    return {
        one.name: one.band for one in known.get(method, ()) if not one.hidden_by_blur
    }


def _curves(
    method: str,
    rows: Sequence[StructureDose],
    looks: Mapping[str, Look],
    bands: Mapping[str, Band],
) -> dict[str, Any]:
    plot = dvh_plot(rows, looks, bands)
    doses = np.linspace(0, plot.end_gy, _CURVE_POINTS)
    return {
        "method": method_name(method),
        "plot": asdict(plot),
        "end_gy": plot.end_gy,
        "left": plot.left,
        "right": plot.right,
        "curves": [
            {
                "name": row.structure.name,
                "shown": drawn_name(row.structure.name, row.structure.role),
                "color": looks[row.structure.name].color,
                "dashed": looks[row.structure.name].dashed,
                "volume_ml": row.dvh.volume_ml,
                "fraction": [
                    round(float(part), 5)
                    for part in row.dvh.curve(doses) / row.dvh.volume_ml
                ],
            }
            for row in rows
        ],
    }
