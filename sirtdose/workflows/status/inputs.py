"""Whether what a result was made from is still the same, wherever it lies now."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from sirtdose.errors import SirtdoseError
from sirtdose.io.archive import opened
from sirtdose.io.discover import discover
from sirtdose.io.found import Found
from sirtdose.io.hashing import Hashes
from sirtdose.io.output.unfinished import PREFIX
from sirtdose.model.bounds import printable
from sirtdose.model.standing import Input, Result
from sirtdose.workflows.status.read import sources_of
from sirtdose.workflows.verify import input_state

# A plan is known by the hash of its content: an approval changes its file.
_BY_HASH = ("plan",)
# It is of all that a hospital does; what a result takes from it is in its options.
_NOTED = ("site",)
_MAP = "plan's dose map"
_A_FOLDER = "a folder"
_UNKNOWN = "was not found, and not compared"


@dataclass(frozen=True)
class InputNow:
    """An input of a result: unchanged, changed, missing, or not found at all.

    `path` is where its content was found, `moved` whether that is another place.
    """

    input: Input
    state: str
    path: Path | None = None
    moved: bool = False

    @property
    def is_other(self) -> bool:
        """Whether the result would be another one now, as far as anybody knows."""
        return self.state in ("changed", "missing") and self.input.kind not in _NOTED

    @property
    def is_known(self) -> bool:
        """Whether its place is known, so that it could be compared."""
        return self.state != _UNKNOWN

    @property
    def words(self) -> str:
        """How it is said.

        >>> InputNow(Input("CT", "ct.dcm", "ab12" * 16), "changed").words
        'CT ct.dcm has changed: no longer SHA-256 ab12ab12ab12'
        """
        one, sha = self.input, self.input.sha256[:12]
        what = f"{one.kind} {printable(one.file)}"
        return {
            "changed": f"{what} has changed: no longer SHA-256 {sha}",
            "missing": f"{what} is gone (SHA-256 {sha})",
        }.get(self.state, f"{what} {self.state}")


@dataclass
class _Place:
    """What lies below a folder, looked at no further than it is asked for."""

    root: Path
    hashes: Hashes
    names: dict[str, list[Path]] = field(default_factory=dict)
    folders: dict[int, list[list[Path]]] = field(default_factory=dict)
    _by_name: dict[str, dict[str, Path]] = field(default_factory=dict)
    _by_count: dict[int, dict[str, Path]] = field(default_factory=dict)
    _by_item: dict[tuple[str, int], dict[str, Path]] = field(default_factory=dict)
    _items: list[Found] | None = None

    @classmethod
    def below(cls, root: Path, hashes: Hashes) -> "_Place":
        """A file, or all files below a folder."""
        place = cls(root, hashes)
        names, folders = defaultdict(list), defaultdict(list)
        for files in _folders_of(root):
            folders[len(files)].append(files)
            for path in files:
                names[path.name].append(path)
        place.names, place.folders = dict(names), dict(folders)
        return place

    def holds(self, one: Input) -> Path | None:
        """Where the content of an input is."""
        if one.files == 1:
            if one.file not in self._by_name:
                self._by_name[one.file] = self._digests(
                    [[path] for path in self.names.get(one.file, ())]
                )
            found = self._by_name[one.file].get(one.sha256)
        else:
            if one.files not in self._by_count:
                self._by_count[one.files] = self._digests(
                    self.folders.get(one.files, ())
                )
            found = self._by_count[one.files].get(one.sha256)
        return found or self._among_items(one)

    def has_other(self, one: Input) -> bool:
        """Whether something of the same series, or file of the name, is there."""
        if one.series:
            return any(one.series == it.series_instance_uid for it in self.items)
        return one.file in self.names

    @property
    def items(self) -> list[Found]:
        """The images there, by their headers."""
        if self._items is None:
            self._items = []
            if self.names:
                with suppress(SirtdoseError, OSError):
                    self._items = discover(self.root)
        return self._items

    def _among_items(self, one: Input) -> Path | None:
        """By headers: a series beside others in one folder, or a file renamed."""
        key = (one.series, one.files)
        if key not in self._by_item:
            self._by_item[key] = self._digests(
                [
                    item.paths
                    for item in self.items
                    if len(item.paths) == one.files
                    and one.series in ("", item.series_instance_uid)
                ]
            )
        return self._by_item[key].get(one.sha256)

    def _digests(self, each: Sequence[Sequence[Path]]) -> dict[str, Path]:
        found = {}
        for paths in each:
            with suppress(OSError):
                found[self.hashes.sha256_of(paths)] = paths[0]
        return found


def _folders_of(root: Path) -> Iterator[list[Path]]:
    """The files of each folder below one; a file is a folder of itself."""
    if root.is_file():
        yield [root]
        return
    for name, folders, files in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith(PREFIX))
        own = [Path(name, one) for one in sorted(files) if not one.startswith(".")]
        if own := [one for one in own if one.is_file()]:
            yield own


class Inputs:
    """The files that results were made from, each looked for once.

    Parameters
    ----------
    root : Path
        The folder of results, in which inputs may lie too.
    moved_to : sequence of Path
        Where they are now, if they were moved.
    hashes : Hashes
    results : sequence of Result
        Some of them say where their inputs are, and so where those of others are.
    """

    def __init__(
        self,
        root: Path,
        moved_to: Sequence[Path],
        hashes: Hashes,
        results: Sequence[Result],
    ) -> None:
        self._root, self._moved_to, self._hashes = root, moved_to, hashes
        self._plans = {it.hash: it.path.parent for it in results if it.kind == "plan"}
        self._sharing: dict[str, list[Result]] = defaultdict(list)
        for one in results:
            for it in one.inputs if one.kind in ("post", "scan") else ():
                self._sharing[it.sha256].append(one)
        self._places: dict[Path, _Place] = {}
        self._known: dict[Path, tuple[InputNow, ...]] = {}
        self._unpacked = ExitStack()

    def __enter__(self) -> "Inputs":
        return self

    def __exit__(self, *_: object) -> None:
        self._unpacked.close()

    def of(self, result: Result) -> tuple[InputNow, ...]:
        """Every input of a result, as it is now."""
        if result.path not in self._known:
            asked = [
                one
                for one in result.inputs
                if one.sha256 and one.kind not in _BY_HASH and one.file != _A_FOLDER
            ]
            sources, others = self._sources(result, asked)
            own = [self._place(one) for one in (*sources, *others)]
            found = tuple(
                self._now(one, own, has_source=self._is_there(one, result, sources))
                for one in asked
            )
            # Of another place nothing of it is there; one file alone is gone.
            is_elsewhere = not sources and all(it.state == "missing" for it in found)
            self._known[result.path] = (
                tuple(replace(it, state=_UNKNOWN) for it in found)
                if is_elsewhere
                else found
            )
        return self._known[result.path]

    def _is_there(self, one: Input, result: Result, sources: Sequence[Path]) -> bool:
        """Whether the folder is there that an input was in: a map's is its plan's."""
        return result.of_plan in self._plans if one.kind == _MAP else bool(sources)

    def _sources(
        self, result: Result, asked: Sequence[Input]
    ) -> tuple[list[Path], list[Path]]:
        """Where its source is, and the files of its options.

        A plan does not keep it; an assessment of the same image does.
        """
        if result.kind not in ("post", "scan"):
            near = {
                it.path: it for one in asked for it in self._sharing.get(one.sha256, ())
            }
            found = [sources_of(it)[0] for it in near.values()]
            return list(dict.fromkeys(it for it in found if it)), []
        source, others = sources_of(result) if asked else (None, [])
        plan = self._plans.get(result.of_plan)
        return [source] if source else [], [*others, *([plan] if plan else [])]

    def _now(self, one: Input, own: Sequence[_Place], *, has_source: bool) -> InputNow:
        """Where it was first: elsewhere there may be an older copy."""
        for place in own:
            if path := place.holds(one):
                return InputNow(one, "unchanged", path)
        changed = any(place.has_other(one) for place in own)
        if not changed:
            everywhere = [self._place(it) for it in (self._root, *self._moved_to)]
            for place in everywhere:
                if path := place.holds(one):
                    return InputNow(one, "unchanged", path, moved=has_source)
            looked = [] if has_source else everywhere
            changed = any(self._is_other(one, place) for place in looked)
        if not (changed or has_source or (self._moved_to and one.kind != _MAP)):
            return InputNow(one, _UNKNOWN)
        now = [{"kind": one.kind, "sha256": ""}] if changed else []
        state = input_state({"kind": one.kind, "sha256": one.sha256}, now)
        return InputNow(one, state)

    def _is_other(self, one: Input, place: _Place) -> bool:
        """A series, or a file of the name that is there once.

        Below the folder of results a name is of many patients' files.
        """
        if one.series:
            return place.has_other(one)
        is_asked = place.root != self._root.resolve() and one.kind != _MAP
        return is_asked and len(place.names.get(one.file, ())) == 1

    def _place(self, root: Path) -> _Place:
        real = root.resolve()
        if real not in self._places:
            with suppress(SirtdoseError, OSError):
                real_or_unpacked = self._unpacked.enter_context(opened(real))
                self._places[real] = _Place.below(real_or_unpacked, self._hashes)
        return self._places.setdefault(real, _Place(real, self._hashes))
