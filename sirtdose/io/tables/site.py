"""The site's own file, site.toml: read, and refused by line where it is wrong."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from sirtdose.errors import InputError, nearest_name
from sirtdose.io.home import from_home
from sirtdose.io.tables.own_file import read_own_file, shown
from sirtdose.io.tables.site_node import KEYS, node_of
from sirtdose.model.device import device_name
from sirtdose.model.node import Node
from sirtdose.model.site import CAMERA_KEYS, Calibrator, Camera, Site
from sirtdose.model.units import ACTIVITY, FRACTION

_T = TypeVar("_T")
TABLES = ("defaults", "calibrator", "camera", "vials", "node", "approve")
_SECRETS = re.compile(r"passw|secret|token|credential|private|api_?key", re.IGNORECASE)
# A factor beyond these is no calibrator's.
_FACTOR = (0.5, 2.0)


def read_site(path: Path) -> Site:
    """Read a site's file.

    Raises
    ------
    FileFormatError
        No file, or no TOML.
    InputError
        A key, a device or a value that is not known, by its line.
    """
    data, digest = read_own_file(path)
    return _Reader(path, data).site(digest)


def line_of(path: Path, *keys: str) -> int:
    """The line of a key in its table, or of the table; the first one for neither."""
    *tables, last = keys
    at, found = "", 1
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        key = re.match(r"\s*([\w\"-]+)\s*=", line)
        if header:
            at = header[1].replace('"', "")
            found = number if at == ".".join(keys) else found
        elif key and key[1].strip('"') == last and at == ".".join(tables):
            return number
    return found


class _Reader:
    """A file's tables, and where it is wrong."""

    def __init__(self, path: Path, data: Mapping[str, Any]) -> None:
        self.path, self.data = path, data

    def refuse(self, said: str, *keys: str) -> NoReturn:
        """Refuse a value by its line."""
        line = line_of(self.path, *keys) if keys else 1
        raise InputError(f"{self.path.name}, line {line}: {said}")

    def site(self, digest: str) -> Site:
        """All of it."""
        self.known(self.data, TABLES)
        defaults = self.table("defaults")
        for key in self.data:
            self.no_secret(self.data[key], key)
        return Site(
            sha256=digest,
            defaults={k: v for k, v in defaults.items() if not isinstance(v, dict)},
            of_command=_of_commands(defaults),
            calibrators=self.by_device("calibrator", self.calibrator),
            cameras=tuple(map(self.camera, self.list_of("camera"))),
            vials=self.by_device("vials", self.vials),
            nodes={name: self.node(name) for name in self.table("node")},
            approvers=self.approvers(),
        )

    def known(self, given: Mapping[str, Any], names: Sequence[str], *keys: str) -> None:
        """Refuse a name that is none of those known."""
        for name in given:
            if name not in names:
                near = nearest_name(name, names)
                meant = f"was {near} meant?" if near else f"use {', '.join(names)}"
                self.refuse(f"'{shown(name)}' is not known: {meant}", *keys, name)

    def no_secret(self, value: Any, *keys: str) -> None:
        """Nothing in the file is a secret: it is read by whoever reads results."""
        if isinstance(value, dict):
            for key, one in value.items():
                if _SECRETS.search(key):
                    self.refuse(
                        f"'{shown(key)}' looks like a secret, which is not read from "
                        "this file: leave it out",
                        *keys,
                        key,
                    )
                self.no_secret(one, *keys, key)

    def table(self, *keys: str) -> dict[str, Any]:
        """A table, empty where there is none."""
        at: Any = self.data
        for key in keys:
            at = at.get(key, {})
            if not isinstance(at, dict):
                self.refuse(f"'{key}' is {shown(at)}: a table is needed", *keys)
        return dict(at)

    def list_of(self, key: str) -> list[dict[str, Any]]:
        """An array of tables."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(x, dict) for x in value):
            self.refuse(f"write [[{key}]] for each {key}", key)
        return value

    def text(self, value: Any, *keys: str) -> str:
        """A text that says something."""
        if not isinstance(value, str) or not value.strip():
            self.refuse(f"{keys[-1]} is {shown(value)}: a text is needed", *keys)
        return str(value).strip()

    def by_device(self, key: str, read: Callable[[str], _T]) -> dict[str, _T]:
        """What a table has for each kind of microspheres, under their name here."""
        found: dict[str, _T] = {}
        for name in self.table(key):
            try:
                device = device_name(name)
            except InputError as error:
                self.refuse(str(error), key, name)
            if device in found:
                self.refuse(f"'{name}' is {device}, which is there already", key, name)
            found[device] = read(name)
        return found

    def calibrator(self, name: str) -> Calibrator:
        """A factor with its uncertainty and source."""
        keys = ("calibrator", name)
        given = self.table(*keys)
        self.known(given, ("factor", "uncertainty", "source"), *keys)
        factor = given.get("factor")
        low, high = _FACTOR
        if isinstance(factor, bool) or not isinstance(factor, (int, float)):
            self.refuse(
                f"factor is {shown(factor)}: a number is needed", *keys, "factor"
            )
        if not low <= factor <= high:
            self.refuse(
                f"factor is {factor:g}: a calibrator's is {low:g} to {high:g}",
                *keys,
                "factor",
            )
        try:
            relative = FRACTION.parse(
                self.text(given.get("uncertainty", ""), *keys, "uncertainty")
            )
        except InputError as error:
            self.refuse(f"uncertainty: {error}", *keys, "uncertainty")
        return Calibrator(
            float(factor), relative, self.text(given.get("source", ""), *keys, "source")
        )

    def camera(self, given: dict[str, Any]) -> Camera:
        """A camera by what tells it from others, and its own file beside this one."""
        self.known(given, ("name", "file", *CAMERA_KEYS), "camera")
        name = self.text(given.get("name"), "camera", "name")
        tells = {
            key: self.text(given[key], "camera", key)
            for key in given
            if key in CAMERA_KEYS
        }
        if not tells:
            self.refuse(f"a camera needs one of {', '.join(CAMERA_KEYS)}", "camera")
        if "file" not in given:
            return Camera(name, tells)
        file = self.text(given["file"], "camera", "file")
        path = self.path.absolute().parent / from_home(file)
        if not path.is_file():
            self.refuse(
                f"camera '{shown(name)}': there is no '{shown(file)}' beside "
                f"{self.path.name}",
                "camera",
                "file",
            )
        return Camera(name, tells, path)

    def vials(self, name: str) -> tuple[str, ...]:
        """Sizes at calibration."""
        sizes = self.table("vials")[name]
        sizes = sizes if isinstance(sizes, list) else [sizes]
        for one in sizes:
            try:
                ACTIVITY.parse(self.text(one, "vials", name))
            except InputError as error:
                self.refuse(str(error), "vials", name)
        return tuple(sizes)

    def node(self, name: str) -> Node:
        """Where a peer is, and how objects come from it."""
        given = self.table("node", name)
        self.known(given, KEYS, "node", name)
        return node_of(self, name, given)

    def approvers(self) -> tuple[str, ...]:
        """Who may approve a plan."""
        given = self.table("approve")
        self.known(given, ("people",), "approve")
        people = given.get("people", [])
        if not isinstance(people, list):
            self.refuse('write people = ["name", ...]', "approve", "people")
        return tuple(self.text(one, "approve", "people") for one in people)


def _of_commands(
    given: Mapping[str, Any], before: str = ""
) -> dict[str, dict[str, Any]]:
    """Tables below the defaults: of a command, or of one of a group."""
    found: dict[str, dict[str, Any]] = {}
    for name, one in given.items():
        if isinstance(one, dict):
            whole = f"{before} {name}".strip()
            found[whole] = {k: v for k, v in one.items() if not isinstance(v, dict)}
            found |= _of_commands(one, whole)
    return found
