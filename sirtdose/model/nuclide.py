"""A radionuclide: how fast it decays and what dose its decays give."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sirtdose.data.load import KERNELS, table
from sirtdose.errors import InputError
from sirtdose.model.bounds import require_positive
from sirtdose.model.emitter import Emitter

_JOULE_PER_MEV = 1.602176634e-13


def energy_of(dose_constant_gy_kg_per_gbq: float, half_life_h: float) -> float:
    r"""Energy per decay in MeV that a dose constant holds: K over the decays of 1 GBq.

    .. math:: E = \frac{K \ln 2}{10^9\, T_{1/2}}

    >>> round(energy_of(49.67, 64.05), 4)
    0.9319
    """
    decays_per_gbq = 1e9 * half_life_h * 3600 / math.log(2)
    return dose_constant_gy_kg_per_gbq / decays_per_gbq / _JOULE_PER_MEV


def dose_constant_of(energy_mev_per_decay: float, half_life_h: float) -> float:
    r"""The dose constant K in Gy kg/GBq of an energy per decay that tissue absorbs.

    .. math:: K = 10^9\, E\, \frac{T_{1/2}}{\ln 2}

    Examples
    --------
    Re-188: 0.778 x 1.602177e-13 J x 61200 s / 0.693147 x 1e9 = 11.01.

    >>> round(dose_constant_of(0.778, 17.0), 2)
    11.01
    """
    return energy_mev_per_decay / energy_of(1.0, half_life_h)


@dataclass(frozen=True)
class KernelTable:
    """Which file tabulates how far a decay's energy goes in one medium."""

    medium: str
    file: Path
    density_g_per_ml: float
    electron_range_mm: float
    energy_mev_per_decay: float
    source: str


@dataclass(frozen=True)
class Nuclide(Emitter):
    """Half-life and dose constant of a nuclide, each with its source.

    Parameters
    ----------
    name, half_life_h, half_life_source, positrons_per_decay, ...
        As those of every :class:`~sirtdose.model.emitter.Emitter`.
    dose_constant_gy_kg_per_gbq : float, > 0
        K: the dose when 1 GBq decays away inside 1 kg.
    dose_constant_name, dose_constant_source : str
        Where the number comes from; printed with every result.
    usual_dose_constant_gy_kg_per_gbq : float, optional
        As its table has it, by which others are judged.
    dose_constant_meaning : str
        The energy per decay that the constant represents, where several are in use.
    dose_constant_by_use : bool
        Whether an image's dose takes the constant of the energy that its method needs
        instead; one that the user chose, or gave, stands for any energy.
    kernels : tuple of KernelTable
        One for each medium that has one.
    file, file_sha256 : Path and str, optional
        The user's own file that it is from; None of those that are shipped.

    Examples
    --------
    >>> y90 = Nuclide.named("Y-90")
    >>> y90.dose_constant_gy_kg_per_gbq
    49.67
    >>> Nuclide.named("Y-90", dose_constant="label").dose_constant_gy_kg_per_gbq
    50.0
    """

    dose_constant_gy_kg_per_gbq: float
    dose_constant_name: str
    dose_constant_source: str
    usual_dose_constant_gy_kg_per_gbq: float | None = None
    dose_constant_meaning: str = ""
    dose_constant_by_use: bool = False
    kernels: tuple[KernelTable, ...] = ()
    file: Path | None = None
    file_sha256: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(dose_constant_gy_kg_per_gbq=self.dose_constant_gy_kg_per_gbq)

    @classmethod
    def named(cls, name: str, *, dose_constant: str | None = None) -> "Nuclide":
        """Look up a nuclide and one of its named dose constants.

        Raises
        ------
        InputError
            An unknown nuclide or dose constant; the message lists those known.
        """
        known = table("nuclides")
        if name not in known:
            raise InputError(
                f"'{name}' is not a known nuclide: use {', '.join(known)}, or one "
                "from your own nuclide file"
            )
        emitter = table("positron_emitters").get(name, {})
        entry = {"positrons_per_decay": emitter.get("positrons_per_decay")}
        return cls.of_entry(
            name, entry | known[name], kernels_in=KERNELS, dose_constant=dose_constant
        )

    @classmethod
    def of_entry(
        cls,
        name: str,
        entry: Mapping[str, Any],
        *,
        kernels_in: Path,
        dose_constant: str | None = None,
    ) -> "Nuclide":
        """A nuclide of a table's entry, whose kernels are files in a folder.

        Raises
        ------
        InputError
            An unknown dose constant; the message lists those known.
        """
        presets = entry["dose_constants_gy_kg_per_gbq"]
        preset = dose_constant or entry["default_dose_constant"]
        if preset not in presets:
            raise InputError(
                f"'{preset}' is not a known dose constant for {name}: use "
                f"{', '.join(presets)}, or a value such as '49.67 Gy kg/GBq'"
            )
        return cls(
            name=name,
            half_life_h=entry["half_life_h"],
            dose_constant_gy_kg_per_gbq=presets[preset]["value"],
            dose_constant_name=preset,
            dose_constant_source=presets[preset]["source"],
            half_life_source=entry["half_life_source"],
            usual_half_life_h=entry["half_life_h"],
            usual_dose_constant_gy_kg_per_gbq=presets[entry["default_dose_constant"]][
                "value"
            ],
            dose_constant_meaning=presets[preset].get("meaning", ""),
            dose_constant_by_use=dose_constant is None,
            kernels=tuple(
                KernelTable(medium, **{**one, "file": kernels_in / one["file"]})
                for medium, one in entry.get("kernels", {}).items()
            ),
            positrons_per_decay=entry.get("positrons_per_decay"),
            header_words=tuple(entry.get("header_words", ())),
        )

    def with_dose_constant(self, dose_constant_gy_kg_per_gbq: float) -> "Nuclide":
        """The same nuclide with a dose constant that the user gave."""
        return replace(
            self,
            dose_constant_gy_kg_per_gbq=dose_constant_gy_kg_per_gbq,
            dose_constant_name="given",
            dose_constant_source="given by the user",
            dose_constant_meaning="",
            dose_constant_by_use=False,
        )

    def for_energy(self, *, emitted: bool) -> "Nuclide":
        """The same with the dose constant that an image's dose needs.

        A kernel's fractions are of all energy that is emitted; what stays where it is,
        by local deposition or in the lungs by their shunt, is absorbed near the decay.
        Of Y-90 they are one. A constant that the user chose stays.

        >>> holmium = Nuclide.named("Ho-166")
        >>> holmium.for_energy(emitted=False).dose_constant_gy_kg_per_gbq
        15.54
        >>> holmium.for_energy(emitted=True).dose_constant_gy_kg_per_gbq
        16.22
        >>> given = holmium.with_dose_constant(16.0).for_energy(emitted=True)
        >>> given.dose_constant_gy_kg_per_gbq, given.dose_constant_meaning
        (16.0, 'interpreted as all energy emitted')
        """
        entry = table("nuclides").get(self.name, {})
        key = entry.get("emitted_dose_constant" if emitted else "near_dose_constant")
        if key is None:
            return self
        one = entry["dose_constants_gy_kg_per_gbq"][key]
        own = self.dose_constant_by_use
        return replace(
            self,
            dose_constant_gy_kg_per_gbq=one["value"]
            if own
            else self.dose_constant_gy_kg_per_gbq,
            dose_constant_name=key if own else self.dose_constant_name,
            dose_constant_source=one["source"] if own else self.dose_constant_source,
            dose_constant_meaning=one["meaning"]
            if own or self.dose_constant_name == key
            else f"interpreted as {one['meaning']}",
            usual_dose_constant_gy_kg_per_gbq=one["value"],
        )

    @property
    def dose_gy_kg_per_gbq_h(self) -> float:
        """Dose per time-integrated activity: K over the mean life."""
        return self.dose_constant_gy_kg_per_gbq / self.mean_life_h

    @property
    def energy_mev_per_decay(self) -> float:
        """Energy per decay that the dose constant holds: K over the mean life.

        >>> round(Nuclide.named("Y-90").energy_mev_per_decay, 4)
        0.9319
        """
        return energy_of(self.dose_constant_gy_kg_per_gbq, self.half_life_h)
