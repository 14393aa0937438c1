"""Figures of nuclides and of the shipped files themselves."""

from pathlib import Path
from typing import Any

from sirtdose.data.load import table
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.mird import activity_gbq
from sirtdose.validation.bench import Figure

DATA = Path(__file__).resolve().parents[2] / "data"


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


def data_files() -> list[str]:
    """Every table, schema, kernel and case that is shipped, but the list of digests.

    >>> "kernels/Y-90_water.csv" in data_files()
    True
    """
    found = [
        path.relative_to(DATA).as_posix()
        for pattern in ("*.json", "*.csv", "*.npz", "*.txt")
        for path in DATA.rglob(pattern)
    ]
    return sorted(set(found) - {"checksums.json"})


def digest(*, file: str) -> str:
    """SHA-256 of a shipped file, whatever ends its lines."""
    from hashlib import sha256

    content = (DATA / file).read_bytes().replace(b"\r\n", b"\n")
    return sha256(content).hexdigest()


def _unlisted(*, known: list[str]) -> str:
    return ", ".join(sorted(set(data_files()) - set(known))) or "none"


def _changed_code() -> str:
    """Program files that differ from what their installer wrote down, by name."""
    from base64 import urlsafe_b64encode
    from hashlib import sha256
    from importlib.metadata import PackageNotFoundError, distribution

    package = DATA.parent
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
