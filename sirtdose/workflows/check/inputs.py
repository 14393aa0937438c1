"""Our own dose that another system's is held against: a result folder, or a file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sirtdose.dosimetry.compare.dose_pair import interpolated_on
from sirtdose.dosimetry.compare.known_factors import OurChoices
from sirtdose.dosimetry.engine.dose import METHODS
from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.output.unfinished import finish
from sirtdose.model.activity_scale import DoseScale
from sirtdose.model.density_note import says_one_density
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import DERIVED_ROLES, Role
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML
from sirtdose.model.volume import Volume
from sirtdose.report.post.dicom_files import STRUCTURES_FILE
from sirtdose.report.post.files import dicom_file, dose_file
from sirtdose.workflows.check.histograms import read_dose

_SCHEMA = "sirtdose.post/1"
# What a dose that says nothing of itself is taken to be made with.
_Y90 = Nuclide.named("Y-90")
_USUAL = OurChoices(
    half_life_h=_Y90.half_life_h,
    dose_constant_gy_kg_per_gbq=_Y90.dose_constant_gy_kg_per_gbq,
    density_g_per_ml=LIVER_DENSITY_G_PER_ML,
)


# A mere dose map does not say which scale it is on.
_UNSAID = DoseScale("unknown")


@dataclass(frozen=True, eq=False)
class OurDose:
    """Our dose, how it was computed, and what lies beside it.

    `others` are our doses by other methods; `roles` those of the result's structures.
    `choices_known` is false of a mere dose map, for which usual values stand.
    """

    dose: Volume
    path: Path
    choices: OurChoices = _USUAL
    choices_known: bool = False
    method: str | None = None
    treated_gbq: float | None = None
    one_density: bool = False
    others: Mapping[str, Volume] = field(default_factory=dict)
    structures: tuple[Path, ...] = ()
    scale: DoseScale = _UNSAID
    roles: Mapping[str, Role] = field(default_factory=dict)


def our_dose(path: Path, method: str | None = None) -> OurDose:
    """A dose map, or the results that `sirtdose post` wrote to a folder.

    Parameters
    ----------
    path : Path
        RTDOSE or an image in Gy, or a folder with post.json.
    method : str, optional
        ``local``, ``kernel`` or ``collapsed-cone`` of a folder; its first otherwise.

    Raises
    ------
    InputError
        No dose there, or none by that method.
    """
    finish(path)
    if path.is_dir() and (path / "post.json").is_file():
        return _of_results(path, method)
    if method is not None:
        raise InputError("--method chooses among the doses of a folder: leave it out")
    if path.is_dir():
        raise FileFormatError(
            f"there is no post.json in {path.name}: give the --out of `sirtdose post`, "
            "or one dose map"
        )
    dose = read_dose(path)
    described = dose.source.described if dose.source else ""
    return OurDose(dose, path, one_density=says_one_density(described))


def _of_results(folder: Path, method: str | None) -> OurDose:
    document = _document(folder / "post.json")
    names = [name for name in document["doses"] if "+with_prior" not in name]
    name = METHODS.get(method, method) if method else names[0]
    if name not in names:
        raise InputError(
            f"{folder.name} has no dose by {method}, only by {', '.join(names)}"
        )
    own = _map(folder, name)
    dose = read_dose(own)
    drawn = folder / STRUCTURES_FILE
    try:
        density = document["doses"][name]["density_g_per_ml"]
        choices = _choices(document, document["doses"][name])
        treated_gbq = document["ledger"]["treated_gbq"]
        roles = _roles(document["doses"][name]["structures"])
    except (KeyError, TypeError, ValueError):
        raise FileFormatError("post.json is damaged: run `sirtdose post` again") from (
            None
        )
    return OurDose(
        dose,
        own,
        choices=choices,
        choices_known=True,
        method=name,
        treated_gbq=treated_gbq,
        one_density=density is not None,
        others={
            # In the same order of voxels, which a file may have turned round.
            other: dose.with_data(
                interpolated_on(read_dose(_map(folder, other)), dose.grid)[0]
            )
            for other in names
            if other != name
        },
        structures=(drawn,) if drawn.is_file() else (),
        scale=_scale(document),
        roles=roles,
    )


def _map(folder: Path, method: str) -> Path:
    """As DICOM, which knows its frame of reference, where there is one."""
    for name in (dicom_file(method), dose_file(method)):
        if (folder / name).is_file():
            return folder / name
    raise FileFormatError(
        f"{folder.name} has no {dose_file(method)}: run `sirtdose post` again"
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
        raise FileFormatError(
            f"{path.name} is not a post.json of sirtdose, or is damaged: give the "
            "--out of `sirtdose post`"
        )
    needed = ("doses", "ledger", "nuclide", "times", "calibration")
    if any(not isinstance(document.get(key), dict) for key in needed):
        raise FileFormatError(f"{path.name} is damaged: run `sirtdose post` again")
    if not document["doses"]:
        raise FileFormatError(
            f"{path.name} contains no dose: run `sirtdose post` again"
        )
    return document


def _choices(document: Mapping[str, Any], dose: Mapping[str, Any]) -> OurChoices:
    ledger = document["ledger"]
    # Of older results every method has that of the nuclide.
    nuclide = document["nuclide"] | {
        key: value for key, value in dose.items() if key.startswith("dose_constant_")
    }
    administered = ledger.get("administered_gbq") or 0.0
    residual = ledger.get("residual_gbq") or 0.0
    own = nuclide.get("file_sha256")
    return OurChoices(
        nuclide=nuclide["name"],
        half_life_h=nuclide["half_life_h"],
        dose_constant_gy_kg_per_gbq=nuclide["dose_constant_gy_kg_per_gbq"],
        density_g_per_ml=dose["density_g_per_ml"],
        dose_constant_meaning=nuclide.get("dose_constant_meaning"),
        lung_shunt_fraction=ledger.get("lung_shunt_fraction")
        if ledger.get("lung_shunt_given")
        else None,
        residual_fraction=residual / administered if administered else None,
        elapsed_h=document["times"].get("elapsed_h"),
        calibrations_ratio=document["calibration"].get("alternative_to_used_ratio"),
        nuclide_sha256=own,
        nuclide_source=f"half-life: {nuclide['half_life_source']}; K: "
        f"{nuclide['dose_constant_source']}"
        if own
        else None,
    )


def _scale(document: Mapping[str, Any]) -> DoseScale:
    """As the assessment says it; older ones do not."""
    found = document.get("scale") or {"doses": "unknown"}
    other = found.get("other") or {}
    return DoseScale(
        found["doses"],
        document.get("device"),
        other.get("doses"),
        other.get("times"),
    )


def _roles(rows: Sequence[Mapping[str, Any]]) -> dict[str, Role]:
    """As the assessment took them; derived ones are made again."""
    roles = {str(row["name"]): Role(row["role"]) for row in rows}
    return {name: role for name, role in roles.items() if role not in DERIVED_ROLES}
