"""Particles as an IAEA phase-space file, which Monte Carlo programs start from."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# IAEA's numbers of particles.
_KINDS = {0: 1, -1: 2, 1: 3}
_RECORD = np.dtype(
    [("kind", "i1"), *((name, "<f4") for name in ("energy", *"xyzuv", "weight"))]
)


class Starting(Protocol):
    """Particles: charges, energies in MeV, places in cm, directions, weights."""

    @property
    def charge(self) -> NDArray[np.int8]:
        """-1, 0 or 1 of each."""

    @property
    def energy_mev(self) -> NDArray[np.float32]:
        """Kinetic energies."""

    @property
    def at_cm(self) -> NDArray[np.float64]:
        """Along x, y and z, shape (n, 3)."""

    @property
    def direction(self) -> NDArray[np.float64]:
        """Unit vectors, shape (n, 3)."""

    @property
    def weight(self) -> NDArray[np.float64]:
        """How much each counts."""


def write_phase_space(base: Path, particles: Starting) -> None:
    """Write ``base.IAEAphsp`` and ``base.IAEAheader``; every particle is a history.

    References
    ----------
    Capote et al., Phase-Space Database for External Beam Radiotherapy, IAEA report
    INDC(NDS)-0484, 2006.
    """
    records = np.zeros(len(particles.charge), _RECORD)
    kind = np.zeros(len(records), np.int8)
    for charge, number in _KINDS.items():
        kind[particles.charge == charge] = number
    # The sign of the kind is that of the direction along z, a negative energy begins
    # a history.
    records["kind"] = np.where(particles.direction[:, 2] < 0, -kind, kind)
    records["energy"] = -particles.energy_mev
    for axis, name in enumerate("xyz"):
        records[name] = particles.at_cm[:, axis]
    for axis, name in enumerate("uv"):
        records[name] = particles.direction[:, axis]
    records["weight"] = particles.weight
    base.with_name(f"{base.name}.IAEAphsp").write_bytes(records.tobytes())
    header = base.with_name(f"{base.name}.IAEAheader")
    header.write_text(_header(kind), "ascii")


def _header(kind: NDArray[np.int8]) -> str:
    count, length = len(kind), _RECORD.itemsize
    stored = "\n".join("1" for _ in ("x", "y", "z", "u", "v", "w", "weight"))
    parts = {
        "IAEA_INDEX": 0,
        "TITLE": "decays",
        "FILE_TYPE": 0,
        "CHECKSUM": count * length,
        "RECORD_CONTENTS": f"{stored}\n0\n0",
        "RECORD_CONSTANT": "",
        "RECORD_LENGTH": length,
        "BYTE_ORDER": 1234,
        "ORIG_HISTORIES": count,
        "PARTICLES": count,
        "PHOTONS": int((kind == _KINDS[0]).sum()),
        "ELECTRONS": int((kind == _KINDS[-1]).sum()),
        "POSITRONS": int((kind == _KINDS[1]).sum()),
    }
    return "".join(f"${name}:\n{value}\n" for name, value in parts.items())
