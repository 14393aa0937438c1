"""A zip of files, opened as a folder for as long as it is needed."""

import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sirtdose.errors import FileFormatError

# An archive that claims more than this is refused before it fills the disk.
_LARGEST_BYTES = 16 * 2**30
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
    """
    if source.suffix.lower() != ".zip" or not source.is_file():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="sirtdose-") as outer:
        folder = Path(outer) / source.name
        try:
            with zipfile.ZipFile(source) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
                if size > _LARGEST_BYTES:
                    raise FileFormatError(
                        f"{source.name} unpacks to {size / 2**30:.0f} GiB: unpack it "
                        "yourself and give the folder"
                    )
                # extractall() keeps every name inside the folder.
                archive.extractall(folder)
        except NotImplementedError:
            raise FileFormatError(
                f"{source.name} is packed in a way that is not read (Deflate64, for "
                "one): unpack it yourself and give the folder"
            ) from None
        except _DAMAGE as error:
            raise FileFormatError(
                f"{source.name} cannot be unpacked: damaged or encrypted"
            ) from error
        # Named like the zip: messages may name the folder.
        yield folder
