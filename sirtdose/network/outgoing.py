"""What there is to send: the DICOM files of a folder, as they are."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from filecmp import cmp
from pathlib import Path

from sirtdose.errors import FileFormatError, InputError
from sirtdose.network.received import (
    CANNOT_UNDERSTAND,
    Refused,
    received_of,
    require_whole,
)

# The length of an element has 32 bits.
_MOST_BYTES = 1 << 32
_NO_DICOM, _MOST_NAMED = "not DICOM", 3
_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"


@dataclass(frozen=True)
class Outgoing:
    """A DICOM file: what its header says it is, and how it is encoded.

    `study` is the UID in its data set, empty without one.
    """

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    study: str = ""


@dataclass(frozen=True)
class Skipped:
    """A file that is not sent, and why."""

    path: Path
    why: str


def outgoing_files(
    sources: Sequence[Path],
) -> tuple[list[Outgoing], list[Skipped]]:
    """The DICOM files below folders and among files, in order, each once.

    Raises
    ------
    FileFormatError
        Nothing there, a file that is named is no DICOM that can be sent, or two files
        of one UID differ.
    """
    sending: dict[Path, Outgoing] = {}
    skipped: list[Skipped] = []
    for source in sources:
        if not source.exists():
            raise FileFormatError(f"there is no file or folder {source.name}")
        for path in _files(source):
            found = _look(path)
            if isinstance(found, Outgoing):
                sending.setdefault(path.absolute(), found)
            elif path == source:
                raise FileFormatError(f"{path.name} cannot be sent: {found.why}")
            else:
                skipped.append(found)
    if not sending:
        others = [one for one in skipped if one.why != _NO_DICOM]
        why = "".join(f"; {one.path.name}: {one.why}" for one in others[:_MOST_NAMED])
        raise FileFormatError(
            "there is no DICOM file to send: give a folder with some, such as the "
            f"results of `sirtdose post`{why}"
        )
    _require_one_content(list(sending.values()))
    return list(sending.values()), skipped


def _require_one_content(files: Sequence[Outgoing]) -> None:
    """Refuse files of one UID that differ: an archive keeps one of them."""
    first: dict[str, Outgoing] = {}
    for file in files:
        other = first.setdefault(file.sop_instance, file)
        if other is not file and not cmp(other.path, file.path, shallow=False):
            raise FileFormatError(
                f"{other.path.name} and {file.path.name} differ but have the same "
                "SOPInstanceUID, so that an archive would keep one of them: send "
                "only that one; nothing was sent"
            )


def _files(source: Path) -> Iterator[Path]:
    if not source.is_dir():
        yield source
        return

    def closed(error: OSError) -> None:
        raise InputError(
            f"cannot look into {error.filename}: {error.strerror}; nothing was sent"
        )

    for folder, folders, names in os.walk(source, onerror=closed):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            path = Path(folder) / name
            if not name.startswith(".") and path.is_file():
                yield path


def _look(path: Path) -> Outgoing | Skipped:
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_file_meta_info

    try:
        meta = read_file_meta_info(path)
        known = [
            str(meta.get(keyword, "") or "")
            for keyword in (
                "MediaStorageSOPClassUID",
                "MediaStorageSOPInstanceUID",
                "TransferSyntaxUID",
            )
        ]
    except InvalidDicomError:
        return Skipped(path, _NO_DICOM)
    except OSError as error:
        return Skipped(path, f"cannot be opened: {error.strerror or 'cut off'}")
    except (ValueError, EOFError, KeyError, NotImplementedError):
        return Skipped(path, "its header cannot be read: damaged")
    sop_class, sop_instance, syntax = known
    if sop_class == _DIRECTORY_CLASS:
        return Skipped(path, "a DICOMDIR")
    if not all(known):
        return Skipped(path, "its header does not state what it is")
    # A receiver may store half an image without a word.
    try:
        whole = received_of(path.read_bytes(), _MOST_BYTES)
        return Outgoing(path, sop_class, sop_instance, syntax, require_whole(whole))
    except OSError as error:
        return Skipped(path, f"cannot be read: {error.strerror or 'cut off'}")
    except Refused as refused:
        damaged = refused.status == CANNOT_UNDERSTAND
        return Skipped(
            path, "its data set is damaged or cut off" if damaged else str(refused)
        )
