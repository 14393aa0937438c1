"""Results appear whole or not at all: write aside, then rename."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sirtdose.errors import OutputError


def require_free(folder: Path, names: Iterable[str], *, force: bool) -> None:
    """Refuse a folder in which a result would overwrite something.

    Raises
    ------
    OutputError
        A file of that name exists and `force` is not given, or the folder is a
        file.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: give a folder for --out")
    taken = [name for name in names if (folder / name).exists()]
    if taken and not force:
        raise OutputError(
            f"{folder} already holds {', '.join(taken)}: give another --out, or "
            "--force to overwrite"
        )


@contextmanager
def output_folder(
    folder: Path, names: Iterable[str], *, force: bool = False
) -> Iterator[Path]:
    """A folder to write into; its files move to `folder` when all went well.

    Raises
    ------
    OutputError
        Something would be overwritten, or could not be written.
    """
    require_free(folder, names, force=force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".sirtdose-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
    try:
        try:
            yield aside
            _move(aside, folder)
        except OSError as error:
            raise OutputError(
                f"cannot write to {folder}: {error.strerror or error}"
            ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move(aside: Path, folder: Path) -> None:
    aside.chmod(0o755)
    if not folder.exists():
        aside.rename(folder)
        return
    for path in sorted(aside.iterdir()):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
