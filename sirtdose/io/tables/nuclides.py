"""A user's own nuclides: a file with entries as those of data/nuclides.json."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.io.tables.own_file import (
    bounded,
    known_table,
    number_of,
    read_own_file,
    shown,
    source_of,
    text_of,
)
from sirtdose.model.nuclide import Nuclide, dose_constant_of, energy_of
from sirtdose.model.nuclide_words import nuclide_name

_NAME = re.compile(r"[A-Z][a-z]?-[1-9][0-9]{0,2}(m[1-9]?)?")
_PRESETS = "dose_constants_gy_kg_per_gbq"
_DEFAULT = "default_dose_constant"
_ENTRY = (
    *("half_life_h", "half_life_source", _DEFAULT, _PRESETS, "kernels"),
    *("positrons_per_decay", "positron_source", "header_words"),
)
_ABSORBED = ("beta_mev_per_decay", "electron_mev_per_decay")
_GAMMA = "gamma_mev_per_decay"
_PRESET = ("value", *_ABSORBED, _GAMMA, "source")
_KERNEL_NUMBERS = ("density_g_per_ml", "electron_range_mm", "energy_mev_per_decay")
_MEDIA = ("soft-tissue", "water")
# Energies per decay in use for one nuclide differ by less.
_SAME_ENERGY = 0.01
_WORD_MIN = 3


def own_nuclide(
    path: Path, name: str | None = None, *, dose_constant: str | None = None
) -> Nuclide:
    """A nuclide of a user's own file.

    Parameters
    ----------
    path : Path
        TOML, or JSON by its ending: a table for each nuclide, with the keys of
        ``sirtdose/data/nuclides.json``. Files of kernels are beside it.
    name : str, optional
        Which one, where it holds several.
    dose_constant : str, optional
        Which of its dose constants; its default where not given.

    Raises
    ------
    FileFormatError
        No file, or a damaged one.
    InputError
        A nuclide that is shipped, a key or value that is not known, missing or far
        from any that is in use, numbers that contradict each other, or no such nuclide.
    """
    data, digest = read_own_file(path)
    if not data:
        raise InputError(f"{path.name} contains no nuclide: write a table [Re-188]")
    entries = {key: _entry(key, one, path) for key, one in data.items()}
    named = {key.casefold(): key for key in entries}
    if name is None and len(entries) > 1:
        raise InputError(
            f"{path.name} contains {', '.join(entries)}: choose one with --nuclide"
        )
    typed = (nuclide_name(name) or name).casefold() if name else ""
    key = next(iter(entries)) if name is None else named.get(typed)
    if key is None:
        raise InputError(
            f"{path.name} contains {', '.join(entries)}, but not {name}: give "
            f"--nuclide {next(iter(entries))}, or leave --nuclide-file out"
        )
    found = Nuclide.of_entry(
        key, entries[key], kernels_in=path.parent, dose_constant=dose_constant
    )
    return replace(found, file=path, file_sha256=digest)


def _entry(name: str, given: Any, path: Path) -> dict[str, Any]:
    """An entry every number of which was checked, with what it leaves to be filled."""
    where = f"{path.name}: {shown(name)}"
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{where} is not the name of a nuclide: write element and mass number, "
            "such as Re-188 or Tc-99m"
        )
    if name in table("nuclides"):
        raise InputError(
            f"{where} is a built-in nuclide, which a file cannot replace: use it "
            "without --nuclide-file; --half-life changes its half-life"
        )
    entry = dict(known_table(given, _ENTRY, where))
    entry["half_life_h"] = _number(entry, "half_life_h", where)
    entry["half_life_source"] = source_of(entry, "half_life_source", where)
    if "positrons_per_decay" in entry:
        _number(entry, "positrons_per_decay", where)
        source_of(entry, "positron_source", where)
    presets = _presets(entry, where)
    only = next(iter(presets)) if len(presets) == 1 else ""
    default = text_of(entry.get(_DEFAULT, only), f"{where}: {_DEFAULT}")
    if default not in presets:
        raise InputError(f"{where} needs {_DEFAULT}, one of {', '.join(presets)}")
    entry |= {_PRESETS: presets, _DEFAULT: default}
    kernels = known_table(entry.get("kernels", {}), _MEDIA, f"{where}: kernels")
    entry["kernels"] = {
        medium: _kernel(one, path.parent, f"{where}: kernels.{medium}")
        for medium, one in kernels.items()
    }
    entry["header_words"] = _header_words(entry.get("header_words", []), name, where)
    return entry


def _presets(entry: Mapping[str, Any], where: str) -> dict[str, dict[str, Any]]:
    """Its dose constants; each by its value, by the energy it holds, or by both."""
    given = entry.get(_PRESETS)
    if not isinstance(given, dict) or not given:
        raise InputError(
            f"{where} needs a dose constant: write a table {_PRESETS}.NAME with value "
            f"or {_ABSORBED[0]}, and source"
        )
    found = {}
    for preset, one in given.items():
        at = f"{where}: {_PRESETS}.{shown(preset)}"
        if not preset.isidentifier():
            raise InputError(
                f"{at} cannot be typed on the command line: use letters and digits"
            )
        numbers = dict(known_table(one, _PRESET, at))
        numbers["source"] = source_of(numbers, "source", at)
        numbers["value"] = _constant(numbers, entry["half_life_h"], at)
        found[preset] = numbers
    return found


def _constant(given: Mapping[str, Any], half_life_h: float, where: str) -> float:
    """The dose constant, where value and energies agree."""
    energies = {
        key: _energy(given[key], f"{where}: {key}")
        for key in (*_ABSORBED, _GAMMA)
        if key in given
    }
    gamma_mev = energies.pop(_GAMMA, 0.0)
    absorbed_mev = sum(energies.values())
    if "value" not in given:
        if not energies:
            raise InputError(f"{where} needs value, or {' and '.join(_ABSORBED)}")
        return dose_constant_of(absorbed_mev, half_life_h)
    value = number_of(given["value"], f"{where}: value")
    held_mev = energy_of(value, half_life_h)
    if not energies or abs(held_mev / absorbed_mev - 1) <= _SAME_ENERGY:
        _energy(held_mev, f"{where}: the energy per decay in value")
        return value
    with_gammas = absorbed_mev + gamma_mev
    raise InputError(
        f"{where}: value is {value:g} Gy kg/GBq, but {absorbed_mev:g} MeV per decay "
        f"and {half_life_h:g} h give {dose_constant_of(absorbed_mev, half_life_h):.4g}"
        + (
            "; with gammas, which leave the tissue, they give it"
            if abs(held_mev / with_gammas - 1) <= _SAME_ENERGY
            else ""
        )
        + ": correct the number that is wrong"
    )


def _kernel(given: Any, folder: Path, where: str) -> dict[str, Any]:
    kernel = dict(known_table(given, ("file", *_KERNEL_NUMBERS, "source"), where))
    kernel["source"] = source_of(kernel, "source", where)
    kernel["file"] = text_of(kernel.get("file", ""), f"{where}: file")
    if not (folder / Path(kernel["file"]).name).is_file():
        raise InputError(
            f"{where}: there is no '{shown(kernel['file'])}' in the folder of the "
            "nuclide file"
        )
    kernel["file"] = Path(kernel["file"]).name
    return kernel | {key: _number(kernel, key, where) for key in _KERNEL_NUMBERS}


def _header_words(given: Any, name: str, where: str) -> tuple[str, ...]:
    """What headers call it; a word that names another nuclide would hide that one."""
    at = f"{where}: header_words"
    if not isinstance(given, list):
        raise InputError(f"{at} is {shown(given)}: write a list of texts in quotes")
    words = tuple(text_of(one, at) for one in given)
    for word in words:
        other = nuclide_name(word)
        if other not in ("", name):
            raise InputError(f"{at}: '{word}' is {other}: leave it out")
        if sum(map(str.isalnum, word)) < _WORD_MIN:
            raise InputError(
                f"{at}: '{word}' is too short to tell a nuclide by: write a longer one"
            )
    return words


def _number(given: Mapping[str, Any], key: str, where: str) -> float:
    if key not in given:
        raise InputError(f"{where} needs {key}")
    value = number_of(given[key], f"{where}: {key}")
    return bounded(value, table("nuclide_bounds")[key], f"{where}: {key}")


def _energy(value: Any, where: str) -> float:
    return bounded(
        number_of(value, where), table("nuclide_bounds")["energy_mev_per_decay"], where
    )
