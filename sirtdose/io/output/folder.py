"""Results appear whole or not at all, and replace older ones as a whole."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sirtdose.errors import OutputError
from sirtdose.io.output.owners import (
    of_others,
    require_not_of_others,
    unrecorded,
    with_strange,
)
from sirtdose.io.output.publishing import NEW, publish
from sirtdose.io.output.unfinished import room_for

_NAMED_MAX = 5


@dataclass(frozen=True)
class Claim:
    """A folder that no other run writes to, as long as this one goes on.

    `folder` is as it was typed, `real` where that is, and `room` a hidden folder for
    what is unfinished.
    """

    folder: Path
    real: Path
    room: Path

    @contextmanager
    def writing(
        self,
        names: Iterable[str],
        *,
        force: bool = False,
        of: Iterable[str] = (),
        keeps: Iterable[str] = (),
    ) -> Iterator[Path]:
        """A folder to write into; its files move when all went well.

        What documents list that are neither in `names` nor in `of` stays, and so does
        what somebody put into a folder of results. `keeps` stay where they are not
        written.

        Raises
        ------
        OutputError
            Something would be overwritten, or could not be written.
        LookupError
            A file was written that is not named, which is a bug.
        """
        from shutil import rmtree

        names = list(names)
        own = {*names, *of}
        require_free(self.folder, self._ours(names, own), force=force)
        new = self.room / NEW
        with _told(self.folder):
            new.mkdir()
            with ExitStack() as unfinished:
                unfinished.callback(rmtree, new, ignore_errors=True)
                yield new
                unfinished.pop_all()
            _require_named(new, names)
            # Somebody else's files may have come meanwhile.
            placed = sorted(one.name for one in new.iterdir())
            require_not_of_others(self.folder, placed, own)
            ours = self._ours(names, own)
            require_free(self.folder, ours, force=force)
            kept = unrecorded(self.real, ours).union(keeps).difference(placed)
            ours = [one for one in ours if one not in kept]
            publish(self.room, self.real, with_strange(new, self.real, ours))

    def _ours(self, names: Iterable[str], own: set[str]) -> list[str]:
        others = of_others(self.folder, own)
        return [one for one in names if one not in others]


def require_free(
    folder: Path, names: Iterable[str], *, force: bool, folders: Iterable[str] = ()
) -> None:
    """Refuse a folder in which a result would overwrite something.

    Parameters
    ----------
    folder : Path
    names : iterable of str
        Of results. One with an ending is a file's: a folder that bears it is somebody
        else's, and is not overwritten with `force` either.
    force : bool
    folders : iterable of str
        Of results that are folders, whatever their names.

    Raises
    ------
    OutputError
        Something of that name exists and `force` is not given, a folder is in a file's
        place, or the folder itself is a file.
    """
    try:
        there = folder.exists()
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
    if there and not folder.is_dir():
        raise OutputError(f"{folder} is a file: name a folder for the results")
    names = list(names)
    # A link that leads nowhere is somebody's too.
    taken = [one for one in (*names, *folders) if os.path.lexists(folder / one)]
    foreign = [
        name
        for name in names
        if name in taken
        and Path(name).suffix
        and (folder / name).is_dir()
        and not (folder / name).is_symlink()
    ]
    if foreign:
        raise OutputError(
            f"{folder} contains a folder named {foreign[0]}, which is the name of a "
            "result file: move it away, or give another folder"
        )
    if taken and not force:
        raise OutputError(
            f"{folder} already contains {_some(taken)}: give another folder, or "
            "--force to overwrite"
        )


def _some(names: Sequence[str]) -> str:
    """A few of many names.

    >>> _some(["a", "b"]), _some([f"c{n}" for n in range(5000)])
    ('a, b', 'c0, c1, c2, c3, c4 and 4995 more')
    """
    more = len(names) - _NAMED_MAX
    if more < 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED_MAX])} and {more} more"


def _require_named(new: Path, names: Iterable[str]) -> None:
    """Refuse a file that is not among `names`: a run without it would let it stay."""
    strange = {one.name for one in new.iterdir()}.difference(names)
    if strange:
        raise LookupError(
            f"{', '.join(sorted(strange))} is not named as what a run may write"
        )


@contextmanager
def claimed(folder: Path) -> Iterator[Claim]:
    """Keep other runs out of a folder; what a killed one left is completed or undone.

    Raises
    ------
    OutputError
        Another run writes to it, or it cannot be written to.
    """
    require_free(folder, (), force=True)
    with ExitStack() as stack:
        with _told(folder):
            try:
                real = folder.resolve()
            except RuntimeError:
                raise OutputError(
                    f"{folder} is a symbolic link that leads to itself: give another "
                    "folder"
                ) from None
            claim = Claim(folder, real, stack.enter_context(room_for(real)))
        yield claim


@contextmanager
def output_folder(
    folder: Path, names: Iterable[str], *, force: bool = False, of: Iterable[str] = ()
) -> Iterator[Path]:
    """A folder to write into; its files move to `folder` when all went well.

    Parameters
    ----------
    folder : Path
        Made if need be.
    names : iterable of str
        What an earlier run may have left there, and is replaced or removed with
        `force`. Other files, and folders, stay.
    force : bool
    of : iterable of str
        Documents whose files these are, too.

    Raises
    ------
    OutputError
        Something would be overwritten, or could not be written, or another run writes
        to the folder.
    """
    with claimed(folder) as claim, claim.writing(names, force=force, of=of) as new:
        yield new


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What the system said of a folder."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {_said(error)}") from error


def _said(error: BaseException | None) -> str:
    """What the system said: a library's error around it has only a traceback."""
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        error = error.__cause__ or error.__context__
    return "the system does not say why"
