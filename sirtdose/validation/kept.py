"""The self-test's result, kept until a file of the program or a library changes."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from time import time

from sirtdose.model.self_test import SelfTest

_PACKAGE = Path(__file__).parents[1]
_DAY_S = 86_400
_SKIPPED = "__pycache__"


def kept_self_test(file: Path | None, package: Path = _PACKAGE) -> SelfTest:
    """The self-test; not made again where it passed today on the same files.

    The same are files of the same size, place on the disk and times, and libraries of
    the same versions, under the same Python. A time of last change cannot be set back
    by what writes to a file. Only a result without failures is kept, for a day.

    Parameters
    ----------
    file : Path or None
        Where it is kept; None makes the test anew. Whether it can be written does not
        matter.
    package : Path
        Folder of the program.

    Raises
    ------
    FileFormatError
        The lists of comparisons or digests are missing or damaged.
    """
    state = ""
    if file is not None:
        try:
            state = installed_state(package)
        except OSError:
            # What cannot be looked through may be another by tomorrow.
            file = None
    known = None if file is None else _known(file, state)
    if known is not None:
        return SelfTest(known)
    # It loads every planning method, to compare each.
    from sirtdose.validation.run import self_test

    found = self_test()
    if file is not None and not found.failed:
        kept = {"state": state, "comparisons": found.comparisons, "at_s": time()}
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            own = file.with_name(f"{file.name}.{os.getpid()}")
            own.write_text(json.dumps(kept))
            own.replace(file)
    return found


def installed_state(package: Path = _PACKAGE) -> str:
    """Digest of the sizes and times of the program's files, and of what it runs with.

    Parameters
    ----------
    package : Path
        Folder of the program; libraries, wherever they are loaded from, count by the
        name of what is written of them beside them, which has the version.

    Raises
    ------
    OSError
        A file of the program cannot be looked at, such as a link that leads nowhere.
    """
    said = [sys.version, sys.executable, *_states(package)]
    for folder in sorted({str(package.parent), *sys.path}):
        for ending in ("dist-info", "egg-info"):
            with suppress(OSError):
                said += sorted(one.name for one in Path(folder).glob(f"*.{ending}"))
    return sha256("\n".join(said).encode()).hexdigest()


def _known(file: Path, state: str) -> int | None:
    try:
        kept = json.loads(file.read_text())
        fresh = 0 <= time() - float(kept["at_s"]) < _DAY_S
        return int(kept["comparisons"]) if fresh and kept["state"] == state else None
    # Whatever stands there that is no kept result is none.
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _states(folder: str | Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda one: one.name)
    for one in found:
        if one.is_dir(follow_symlinks=False):
            if one.name != _SKIPPED:
                yield from _states(one.path)
        else:
            own = one.stat()
            yield (
                f"{one.path} {own.st_size} {own.st_ino} {own.st_mtime_ns} "
                f"{own.st_ctime_ns}"
            )
