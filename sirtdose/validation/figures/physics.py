"""Figures of nuclides, kernels and the shipped files themselves."""

from pathlib import Path
from typing import Any

from sirtdose.data.load import table
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.mird import activity_gbq
from sirtdose.validation.bench import Figure

_JOULE_PER_MEV = 1.602176634e-13
_DATA = Path(__file__).resolve().parents[2] / "data"


def _half_life_h(*, nuclide: str) -> float:
    return Nuclide.named(nuclide).half_life_h


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


def _kernel_value(*, nuclide: str, medium: str, of: str) -> float:
    from sirtdose.dosimetry.engine.radial_kernel import RadialKernel

    return float(getattr(RadialKernel.named(nuclide, medium), of))


def _kernel_radius_mm(*, nuclide: str, medium: str, fraction: float) -> float:
    from sirtdose.dosimetry.engine.radial_kernel import RadialKernel

    return RadialKernel.named(nuclide, medium).radius_of_fraction(fraction)


def _scaled_radius_mm(
    *, nuclide: str, medium: str, density_g_per_ml: float, fraction: float
) -> float:
    """Radius that holds a part of the energy where a kernel is scaled by density."""
    from sirtdose.dosimetry.engine.radial_kernel import RadialKernel

    kernel = RadialKernel.named(nuclide, medium).at_density(density_g_per_ml)
    return kernel.radius_of_fraction(fraction)


def _rows(file: str) -> list[dict[str, str]]:
    import csv

    text = (_DATA / "kernels" / file).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def _table_mev(*, file: str) -> float:
    """Energy per decay in all shells of a kernel's file."""
    return sum(float(row["E_MeV_per_decay"]) for row in _rows(file))


def _table_radius_mm(*, file: str, fraction: float) -> float:
    """Radius that holds a part of the energy, of files that no dose is made with too.

    Straight between the borders of shells.
    """
    before, inner = 0.0, 0.0
    for row in _rows(file):
        held, outer = float(row["cum_frac_of_emitted_E"]), float(row["r_outer_mm"])
        if held >= fraction:
            return inner + (outer - inner) * (fraction - before) / (held - before)
        before, inner = held, outer
    return float("inf")


def _voxel_kernel_energy(*, nuclide: str, spacing_mm: list[float]) -> float:
    from sirtdose.dosimetry.engine.kernel import voxel_kernel

    z, y, x = spacing_mm
    return float(voxel_kernel(nuclide, (z, y, x)).energy_fraction.sum())


def _s_value(
    *,
    side_mm: float,
    offset: list[int],
    medium: str,
    emitted_mev: float,
    density_g_per_ml: float,
) -> float:
    """Of Y-90, in mGy per MBq s, with the energy of the simulation it is held to."""
    from sirtdose.dosimetry.engine.kernel import voxel_kernel

    kernel = voxel_kernel("Y-90", (side_mm,) * 3, medium=medium)
    kg = side_mm**3 * 1e-6 * density_g_per_ml
    held = float(kernel.octant[tuple(offset)])
    return held * emitted_mev * _JOULE_PER_MEV / kg * 1e9


def data_files() -> list[str]:
    """Every table, schema, kernel and case that is shipped, but the list of digests.

    >>> "kernels/Y-90_water.csv" in data_files()
    True
    """
    found = [
        path.relative_to(_DATA).as_posix()
        for pattern in ("*.json", "*.csv", "*.npz", "*.txt")
        for path in _DATA.rglob(pattern)
    ]
    return sorted(set(found) - {"checksums.json"})


def digest(*, file: str) -> str:
    """SHA-256 of a shipped file, whatever ends its lines."""
    from hashlib import sha256

    content = (_DATA / file).read_bytes().replace(b"\r\n", b"\n")
    return sha256(content).hexdigest()


def _unlisted(*, known: list[str]) -> str:
    return ", ".join(sorted(set(data_files()) - set(known))) or "none"


def _changed_code() -> str:
    """Program files that differ from what their installer wrote down, by name."""
    from base64 import urlsafe_b64encode
    from hashlib import sha256
    from importlib.metadata import PackageNotFoundError, distribution

    package = _DATA.parent
    try:
        listed = distribution(package.name).files or []
    except PackageNotFoundError:
        listed = []
    changed = []
    for one in listed:
        path = Path(str(one.locate())).resolve()
        if one.hash is None or path.suffix != ".py" or package not in path.parents:
            continue
        found = sha256(path.read_bytes()).digest() if path.is_file() else b""
        if urlsafe_b64encode(found).rstrip(b"=").decode() != one.hash.value:
            changed.append(path.relative_to(package).as_posix())
    return ", ".join(sorted(changed)) or "none"


FIGURES: dict[str, Figure] = {
    "half_life_h": _half_life_h,
    "decay_factor": _decay_factor,
    "constant_mev": _constant_mev,
    "gbq_for_dose": _gbq_for_dose,
    "kernel_value": _kernel_value,
    "kernel_radius_mm": _kernel_radius_mm,
    "scaled_radius_mm": _scaled_radius_mm,
    "table_mev": _table_mev,
    "table_radius_mm": _table_radius_mm,
    "voxel_kernel_energy": _voxel_kernel_energy,
    "s_value": _s_value,
    "digest": digest,
    "unlisted": _unlisted,
    "changed_code": _changed_code,
}


def checksum_checks() -> list[dict[str, Any]]:
    """A check for each file of the list of digests, files beside them, and the code."""
    listed = table("checksums")["sha256"]
    source = "data/checksums.json, of the release"
    common = {"group": "files as shipped", "source": source, "unit": "SHA-256"}
    found = [
        common
        | {"name": file, "expected": known, "figure": "digest", "given": {"file": file}}
        for file, known in listed.items()
    ]
    last = {
        "name": "files that are not of the release",
        "expected": "none",
        "unit": "",
        "figure": "unlisted",
        "given": {"known": list(listed)},
    }
    code = {
        "name": "program files that are not as installed",
        "source": "the installer's list, RECORD; an editable install has none",
        "expected": "none",
        "unit": "",
        "figure": "changed_code",
        "given": {},
    }
    return [*found, common | last, common | code]
