"""A zip of files, opened as a folder for as long as it is needed."""

import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sirtdose.errors import FileFormatError, OutputError, system_reason

# An archive that claims more than this is refused before it fills the disk.
_LARGEST_BYTES = 16 * 2**30
_INSTEAD = (
    "free some space, set TMPDIR to another folder, or unpack it yourself and give the "
    "folder"
)
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)


@contextmanager
def opened(source: Path) -> Iterator[Path]:
    """The source itself, or a temporary folder with what a zip holds.

    Raises
    ------
    FileFormatError
        A damaged, encrypted or implausibly large zip.
    OutputError
        No room for what is in it.
    """
    if source.suffix.lower() != ".zip" or not source.is_file():
        yield source
        return
    try:
        outer = tempfile.TemporaryDirectory(prefix="sirtdose-")
    except OSError as error:
        raise OutputError(
            f"{source.name} cannot be unpacked: no folder for temporary files can be "
            f"written to ({error.strerror}); {_INSTEAD}"
        ) from None
    with outer:
        # Named like the zip: messages may name the folder.
        folder = Path(outer.name) / source.name
        _unpack(source, folder)
        yield folder


def _unpack(source: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > _LARGEST_BYTES:
                raise FileFormatError(
                    f"{source.name} unpacks to {size / 2**30:.0f} GiB: unpack it "
                    "yourself and give the folder"
                )
            free = shutil.disk_usage(folder.parent).free
            if size > free:
                raise OutputError(
                    f"{source.name} unpacks to {size / 1e6:.1f} MB, and "
                    f"{free / 1e6:.1f} MB are free in {folder.parent.parent}: "
                    f"{_INSTEAD}"
                )
            # extractall() keeps every name inside the folder.
            archive.extractall(folder)
    except NotImplementedError:
        raise FileFormatError(
            f"{source.name} uses a compression that is not supported, such as "
            "Deflate64: unpack it yourself and give the folder"
        ) from None
    except _DAMAGE as error:
        ails = system_reason(error)
        if ails is None:
            raise FileFormatError(
                f"{source.name} cannot be unpacked: damaged or encrypted: unpack it "
                "yourself and give the folder"
            ) from error
        if not os.access(source, os.R_OK):
            raise FileFormatError(f"{source.name} cannot be read: {ails}") from error
        raise OutputError(
            f"{source.name} cannot be unpacked to {folder.parent.parent}: {ails}; "
            f"{_INSTEAD}"
        ) from error
