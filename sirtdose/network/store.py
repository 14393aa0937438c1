"""Keep what comes: each object whole, once, under names that tell nothing."""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from sirtdose.network.files import (
    is_study_name,
    make_folder,
    remove_parts,
    write_durably,
)
from sirtdose.network.received import (
    OTHER_CONTENT,
    OUT_OF_RESOURCES,
    Identity,
    Received,
    Refused,
    identity_of,
    same_content,
)

INCOMING = "incoming"
SUFFIX = ".dcm"
# What stands for an object that there was no room for, until it comes again.
MISSING = ".missing"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Kept:
    """Where an object is: the names of its study and of itself; `new` or known."""

    study: str
    instance: str
    new: bool


class Names(Protocol):
    """The names of folders and files."""

    def study(self, uid: str) -> str:
        """The name of a study's folder."""

    def instance(self, uid: str) -> str:
        """The name of an object's file, without its suffix."""


class Store:
    """The objects of one folder; several associations may bring some at a time.

    Parameters
    ----------
    folder : Path
        That has a folder for each study.
    names : Names
    reserve_bytes : int
        What stays free on the disk.
    accept : callable, optional
        Raises `Refused` for an object that is not wanted.
    """

    def __init__(
        self,
        folder: Path,
        names: Names,
        *,
        reserve_bytes: int,
        accept: Callable[[Identity], None] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._accept = accept
        self._names = names
        self._reserve_bytes = reserve_bytes
        self._lock = threading.Lock()
        self._missed: dict[str, set[str]] = {}
        make_folder(self._folder)
        remove_parts(self._folder)
        self._study_of = {
            path.stem: path.parent.name
            for path in self._folder.glob(f"*/*{SUFFIX}")
            if is_study_name(path.parent.name)
        }

    def folder(self, study: str) -> Path:
        """Where a study's objects are."""
        return self._folder / study

    def studies(self) -> dict[str, frozenset[str]]:
        """The objects of every study, by their names."""
        with self._lock:
            known = tuple(self._study_of.items())
        found: dict[str, set[str]] = {}
        for instance, study in known:
            found.setdefault(study, set()).add(instance)
        return {study: frozenset(instances) for study, instances in found.items()}

    def keep(self, received: Received) -> Kept:
        """Keep an object, on the disk when this returns.

        Raises
        ------
        Refused
            It cannot be used, has the UID of another one, or there is no room.
        """
        own = identity_of(received)
        self._accept(own)
        study = self._names.study(own.study)
        instance = self._names.instance(received.told.sop_instance)
        with self._lock:
            known = self._study_of.get(instance)
            # What somebody took away may come again.
            if known is not None and self._path(known, instance).exists():
                if known == study and self._is_same(study, instance, received):
                    return Kept(study, instance, new=False)
                raise Refused(
                    OTHER_CONTENT,
                    "its SOPInstanceUID is that of a different stored object",
                )
            self._write(study, instance, received)
            self._path(study, instance).with_suffix(MISSING).unlink(missing_ok=True)
            self._study_of[instance] = study
        return Kept(study, instance, new=True)

    def _path(self, study: str, instance: str) -> Path:
        return self._folder / study / f"{instance}{SUFFIX}"

    def _write(self, study: str, instance: str, received: Received) -> None:
        try:
            self._require_room(len(received.data))
            make_folder(self._folder / study)
            write_durably(self._path(study, instance), [_head(received), received.data])
        except OSError as error:
            self._miss(study, instance)
            why = error.strerror or "the system does not say why"
            raise Refused(OUT_OF_RESOURCES, f"cannot be written: {why}") from None
        except Refused:
            self._miss(study, instance)
            raise

    def _miss(self, study: str, instance: str) -> None:
        """Note that an object did not find room: an empty file needs next to none."""
        self._missed.setdefault(study, set()).add(instance)
        # Where not even that can be written, it is known until the listener ends.
        with suppress(OSError):
            make_folder(self._folder / study)
            self._path(study, instance).with_suffix(MISSING).touch()

    def missing(self, study: str) -> int:
        """How many objects of a study found no room and have not come since."""
        noted = {
            path.stem for path in (self._folder / study).glob(f"*{MISSING}")
        } | self._missed.get(study, set())
        with self._lock:
            return len(noted - set(self._study_of))

    def _require_room(self, size: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if free - size < self._reserve_bytes:
            raise Refused(
                OUT_OF_RESOURCES,
                f"{free / 1e6:.0f} MB are free, but {self._reserve_bytes / 1e6:.0f} "
                "MB must stay free",
            )

    def _is_same(self, study: str, instance: str, received: Received) -> bool:
        try:
            with self._path(study, instance).open("rb") as stream:
                syntax = _past_head(stream)
                if syntax == received.transfer_syntax:
                    return _holds(stream, received.data)
                return same_content(stream.read(), syntax, received)
        except OSError as error:
            why = error.strerror or "the system does not say why"
            raise Refused(
                OUT_OF_RESOURCES, f"the same object is stored and cannot be read: {why}"
            ) from None


def _head(received: Received) -> bytes:
    """What a file has before its data set."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info
    from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID

    meta = FileMetaDataset()
    for keyword, value in {
        "MediaStorageSOPClassUID": UID(received.told.sop_class),
        "MediaStorageSOPInstanceUID": UID(received.told.sop_instance),
        "TransferSyntaxUID": UID(received.transfer_syntax),
        "ImplementationClassUID": PYDICOM_IMPLEMENTATION_UID,
        "ImplementationVersionName": "SIRTDOSE",
    }.items():
        setattr(meta, keyword, value)
    stream = DicomBytesIO(bytes(128) + b"DICM")
    stream.seek(0, os.SEEK_END)
    write_file_meta_info(stream, meta, enforce_standard=True)
    return stream.getvalue()


def _past_head(stream: BinaryIO) -> str:
    """Go to the data set of a file of ours; returns its transfer syntax."""
    from pydicom.filereader import read_file_meta_info

    length_at = 128 + 4 + 8
    meta = read_file_meta_info(Path(stream.name))
    stream.seek(length_at + 4 + meta.FileMetaInformationGroupLength, os.SEEK_SET)
    return str(meta.TransferSyntaxUID)


def _holds(stream: BinaryIO, data: memoryview) -> bool:
    """Whether what is left of a stream is this."""
    at = 0
    while chunk := stream.read(_CHUNK):
        if data[at : at + len(chunk)] != chunk:
            return False
        at += len(chunk)
    return at == len(data)
