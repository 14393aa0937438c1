"""Figures of nuclides, devices, laboratory, units, and the shipped files themselves."""

import csv
from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from sirtdose.data.load import table
from sirtdose.model import units, usual
from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.outcomes.laboratory import factor
from sirtdose.planning.bsa_plan import empirical_activity_gbq, lung_shunt_reduction
from sirtdose.planning.delivered import delivered_activity_gbq
from sirtdose.planning.hand_check import hand_check
from sirtdose.planning.limits import lung_rules
from sirtdose.planning.mird import activity_gbq
from sirtdose.validation.bench import Figure

DATA = Path(__file__).resolve().parents[2] / "data"


def _decay_factor(
    *, nuclide: str, hours: float, half_life_h: float | None = None
) -> float:
    one = Nuclide.named(nuclide)
    one = one if half_life_h is None else one.with_half_life(half_life_h)
    return one.decay_factor(hours)


def _constant_mev(
    *,
    nuclide: str,
    half_life_h: float,
    constant: str | None = None,
) -> float:
    """MeV per decay that a shipped dose constant holds at a published half-life."""
    named = Nuclide.named(nuclide, dose_constant=constant)
    return named.with_half_life(half_life_h).energy_mev_per_decay


def _gbq_for_dose(
    *, nuclide: str, dose_gy: float, constant: str | None = None
) -> float:
    k = Nuclide.named(nuclide, dose_constant=constant).dose_constant_gy_kg_per_gbq
    return activity_gbq(dose_gy=dose_gy, mass_kg=1.0, dose_constant_gy_kg_per_gbq=k)


def data_files() -> list[str]:
    """Every table, schema, kernel and case that is shipped, but the list of digests.

    >>> "kernels/Y-90_water.csv" in data_files()
    True
    """
    found = {
        path.relative_to(DATA).as_posix()
        for pattern in ("*.json", "*.toml", "*.csv", "*.npz", "*.txt")
        for path in DATA.rglob(pattern)
    }
    return sorted(found - {"checksums.json"})


def digest(*, file: str) -> str:
    """SHA-256 of a shipped file, whatever ends its lines."""
    return sha256((DATA / file).read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def _changed_code() -> str:
    """Program files that differ from what their installer wrote down, by name."""
    package = DATA.parent
    try:
        own = distribution(package.name)
    except PackageNotFoundError:
        return "none"
    root = Path(str(own.locate_file("")))
    if (root / package.name).resolve() != package:
        return "none"
    changed = []
    for name, hashed, _ in csv.reader((own.read_text("RECORD") or "").splitlines()):
        if not hashed or not name.startswith(f"{package.name}/") or name[-3:] != ".py":
            continue
        path = root / name
        found = sha256(path.read_bytes()).digest() if path.is_file() else b""
        told = urlsafe_b64encode(found).rstrip(b"=").decode()
        if f"sha256={told}" != hashed:
            changed.append(name.removeprefix(f"{package.name}/"))
    return ", ".join(sorted(changed)) or "none"


def checksum_checks() -> list[dict[str, Any]]:
    """A check for each file of the list of digests, files beside them, and the code."""
    listed = table("checksums")["sha256"]
    common = {
        "group": "files as shipped",
        "source": "data/checksums.json, of the release",
        "unit": "SHA-256",
    }
    found = [
        common
        | {"name": file, "expected": known, "figure": "digest", "given": {"file": file}}
        for file, known in listed.items()
    ]
    return [
        *found,
        common
        | {
            "name": "files that are not of the release",
            "expected": "none",
            "unit": "",
            "figure": "unlisted",
            "given": {"known": list(listed)},
        },
        common
        | {
            "name": "program files that are not as installed",
            "source": "the installer's list, RECORD; an editable install has none",
            "expected": "none",
            "unit": "",
            "figure": "changed_code",
            "given": {},
        },
    ]


def _device_mean(*, device: str, of: str) -> float:
    """One number of a device; of its vials the mean."""
    own = getattr(Device.named(device).vials, of)
    return sum(own) / len(own) if isinstance(own, tuple) else float(own)


def _second_mci(*, activity_gbq: float) -> float:
    """Activity in mCi as the second calculation of a plan has it."""
    plan = {
        "nuclide": {"dose_constant_gy_kg_per_gbq": 49.67},
        "activity_gbq": activity_gbq,
        "activity_mci": 1.0,
        "draw_activity_gbq": activity_gbq,
        "compartments": [],
        "lungs": {"shunt_fraction": 0.1, "mass_kg": 1.0, "dose_gy": 1.0},
        "assumptions": {"density_g_per_ml": 1.0, "residual_fraction": 0.0},
    }
    [found] = [one.by_hand for one in hand_check(plan) if one.unit == "mCi"]
    return found


FIGURES: dict[str, Figure] = {
    "half_life_h": lambda *, nuclide: Nuclide.named(nuclide).half_life_h,
    "decay_factor": _decay_factor,
    "constant_mev": _constant_mev,
    "gbq_for_dose": _gbq_for_dose,
    "digest": digest,
    "unlisted": lambda *, known: (
        ", ".join(sorted(set(data_files()) - set(known))) or "none"
    ),
    "changed_code": _changed_code,
    # What is taken where nothing is given.
    "usual": lambda *, name: float(getattr(usual, name)),
    # In the unit used inside.
    "typed": lambda *, measure, text: float(getattr(units, measure).parse(text)),
    "laboratory_factor": factor,
    "shunt_reduction": lambda *, shunt: lung_shunt_reduction(shunt),
    "empirical_gbq": lambda *, involvement: empirical_activity_gbq(involvement),
    "device": _device_mean,
    "lung_limit_gy": lambda *, name: next(
        float(one.limit_gy) for one in lung_rules() if one.volume == name
    ),
    "delivered_gbq": lambda *, nuclide, **given: delivered_activity_gbq(
        nuclide=Nuclide.named(nuclide), **given
    ),
    "second_mci": _second_mci,
}
