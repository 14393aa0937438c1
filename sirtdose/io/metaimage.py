"""MetaImage files (.mha, .mhd), header and voxels, without native code.

ITK's own reader believes a damaged header and takes the whole process down with it.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError
from sirtdose.io.checked_header import require_voxels
from sirtdose.io.reading import reading
from sirtdose.model.grid import affine_of

_HEADER_BYTES = 100_000
_DIMENSIONS_MAX = 10
_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    # Four bytes in every MetaImage, whatever the machine's own long is.
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_PLACE = (
    ("Offset", "Position", "Origin"),
    ("ElementSpacing", "ElementSize"),
    ("TransformMatrix", "Rotation", "Orientation"),
)


@dataclass(frozen=True)
class MetaImageHeader:
    """The header's words, and where in the file the voxels begin.

    `sizes` are voxels along each axis, the fastest first; `kind` is a voxel's type.
    """

    path: Path
    words: Mapping[str, str]
    sizes: tuple[int, ...]
    kind: "np.dtype[Any]"
    begin: int

    def numbers(self, names: tuple[str, ...], count: int) -> NDArray[np.float64]:
        """The numbers of the first of these keys that is there.

        Raises
        ------
        GeometryError
            None of them is there, or not that many finite numbers.
        """
        name = next((one for one in names if one in self.words), None)
        if name is None:
            raise GeometryError(
                f"{self.path.name} has no {names[0]}, so the position of its voxels "
                "is unknown; export it again with its position"
            )
        values = np.array([_number(word) for word in self.words[name].split()])
        if values.size != count or not np.isfinite(values).all():
            raise GeometryError(
                f"{self.path.name} has {name} = {_shown(self.words[name])}: {count} "
                "numbers are needed"
            )
        return values


def read_metaimage_header(path: Path) -> MetaImageHeader:
    """Read and check a header, every size against the length of the file.

    Raises
    ------
    FileFormatError
        No MetaImage, or a header that cannot be true; names the key.
    """
    with reading(path, "MetaImage"), path.open("rb") as stream:
        head = stream.read(_HEADER_BYTES)
    last = re.search(rb"^[ \t]*ElementDataFile[ \t]*=[^\n]*\n?", head, re.M)
    if last is None:
        raise FileFormatError(
            f"{path.name} cannot be read as MetaImage: it has no ElementDataFile; it "
            "is truncated, damaged, or another kind of file"
        )
    words = {
        key.strip(): value.strip()
        for key, _, value in (
            line.partition("=")
            for line in head[: last.end()].decode("latin-1").splitlines()
        )
    }
    dimensions = _whole(words, "NDims", path)
    if not 1 <= dimensions <= _DIMENSIONS_MAX:
        raise FileFormatError(
            f"{path.name} has NDims = {dimensions}: 3 is needed; the file is damaged, "
            "export it again"
        )
    sizes = tuple(_whole_number(word) for word in words.get("DimSize", "").split())
    if len(sizes) != dimensions or None in sizes:
        raise FileFormatError(
            f"{path.name} has DimSize = {_shown(words.get('DimSize', ''))} and NDims = "
            f"{dimensions}: {dimensions} whole numbers are needed"
        )
    channels = _whole(words, "ElementNumberOfChannels", path, default=1)
    if channels != 1:
        raise FileFormatError(
            f"{path.name} has ElementNumberOfChannels = {channels}: a single value "
            "per voxel is needed"
        )
    header = MetaImageHeader(
        path,
        words,
        tuple(size for size in sizes if size is not None),
        _type_of(words, path),
        last.end(),
    )
    _require_size(header)
    return header


def read_metaimage(header: MetaImageHeader) -> NDArray[Any]:
    """The voxels behind a header, the fastest axis first.

    Raises
    ------
    FileFormatError
        Fewer or more bytes than the header says, or damaged ones.
    """
    with reading(header.path, "MetaImage"):
        raw = _bytes_of(header)
    count = prod(header.sizes)
    needed = count * header.kind.itemsize
    if len(raw) != needed:
        there = f"{len(raw)} are" if len(raw) < needed else "more are"
        raise FileFormatError(
            f"{header.path.name} has DimSize = {' '.join(map(str, header.sizes))} and "
            f"ElementType = {header.words['ElementType']}, which needs {needed} bytes "
            f"of voxels, but {there} present: the file is truncated or its header "
            "damaged, export it again"
        )
    voxels = np.frombuffer(raw, header.kind, count)
    # In the machine's own byte order.
    voxels = voxels.astype(header.kind.newbyteorder("="), copy=False)
    return voxels.reshape(header.sizes, order="F")


def metaimage_affine(header: MetaImageHeader) -> NDArray[np.float64]:
    """From voxel indices, the fastest axis first, to mm; of three dimensions.

    Raises
    ------
    GeometryError
        A key of the position is missing, or is not as many finite numbers.
    """
    origin, spacing, directions = (
        header.numbers(names, count)
        for names, count in zip(_PLACE, (3, 3, 9), strict=True)
    )
    # A row of the matrix is the direction of one axis.
    return affine_of(directions.reshape(3, 3).T * spacing, origin)


def _bytes_of(header: MetaImageHeader) -> bytes:
    parts = []
    for path, begin in _data_files(header):
        with path.open("rb") as stream:
            stream.seek(begin)
            parts.append(stream.read())
    raw = b"".join(parts)
    return _inflated(header, raw) if _is_true(header.words, "CompressedData") else raw


def _inflated(header: MetaImageHeader, raw: bytes) -> bytes:
    packed = zlib.decompressobj()
    # Never more than one byte too many, whatever the compressed bytes say.
    needed = prod(header.sizes) * header.kind.itemsize
    voxels = packed.decompress(raw, needed + 1)
    if len(voxels) == needed and (not packed.eof or packed.unused_data):
        raise FileFormatError(
            f"{header.path.name} is damaged: its compressed voxels (CompressedData) do "
            "not end where the file does; export it again"
        )
    return voxels


def _data_files(header: MetaImageHeader) -> list[tuple[Path, int]]:
    """The files that hold the voxels, and where in each they begin."""
    name = header.words["ElementDataFile"]
    if name.upper() == "LOCAL":
        return [(header.path, header.begin)]
    if "%" in name:
        raise FileFormatError(
            f"{header.path.name} has ElementDataFile = {_shown(name)}, a pattern of "
            "names: save it as one .mha file"
        )
    names = [name]
    if name.upper().split()[0] == "LIST":
        with header.path.open("rb") as stream:
            stream.seek(header.begin)
            lines = stream.read(_HEADER_BYTES).decode("latin-1").splitlines()
        names = [line.strip() for line in lines if line.strip()]
    paths = [header.path.parent / one for one in names]
    if not all(path.is_file() for path in paths):
        raise FileFormatError(
            f"{header.path.name} refers to a data file (ElementDataFile) that is "
            "missing: copy it as well"
        )
    begin = _whole(header.words, "HeaderSize", header.path, default=0)
    if begin >= 0:
        return [(path, begin) for path in paths]
    # The voxels are each file's last bytes.
    part = prod(header.sizes) * header.kind.itemsize // len(paths)
    # A header longer than its voxels is none.
    return [
        (path, size - part if part <= size < 2 * part else 0)
        for path, size in ((path, path.stat().st_size) for path in paths)
    ]


def _require_size(header: MetaImageHeader) -> None:
    with reading(header.path, "MetaImage"):
        there = sum(
            max(path.stat().st_size - begin, 0) for path, begin in _data_files(header)
        )
    packed = _is_true(header.words, "CompressedData")
    said = _whole(header.words, "CompressedDataSize", header.path, default=there)
    if packed and said != there:
        raise FileFormatError(
            f"{header.path.name} has CompressedDataSize = {said}, but {there} bytes "
            "are present: the file is truncated or its header damaged, export it again"
        )
    require_voxels(
        header.path.name,
        header.sizes,
        key="DimSize",
        bytes_each=header.kind.itemsize,
        available=there,
        deflated=packed,
    )


def _type_of(words: Mapping[str, str], path: Path) -> "np.dtype[Any]":
    name = words.get("ElementType", "")
    if name not in _TYPES:
        raise FileFormatError(
            f"{path.name} has ElementType = {_shown(name)}: one of "
            f"{', '.join(_TYPES)} is needed"
        )
    if "BinaryData" in words and not _is_true(words, "BinaryData"):
        raise FileFormatError(
            f"{path.name} stores its voxels as text (BinaryData): save it as binary"
        )
    big = _is_true(words, "BinaryDataByteOrderMSB", "ElementByteOrderMSB")
    return np.dtype(f"{'>' if big else '<'}{_TYPES[name]}")


def _is_true(words: Mapping[str, str], *names: str) -> bool:
    return any(words.get(name, "").upper() in ("TRUE", "T", "1") for name in names)


def _whole(
    words: Mapping[str, str], name: str, path: Path, default: int | None = None
) -> int:
    if name not in words and default is not None:
        return default
    value = _whole_number(words.get(name, ""))
    if value is None:
        raise FileFormatError(
            f"{path.name} has {name} = {_shown(words.get(name, ''))}: a whole number "
            "is needed"
        )
    return value


def _whole_number(word: str) -> int | None:
    return int(word) if re.fullmatch(r"[+-]?\d{1,18}", word, re.ASCII) else None


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")


def _shown(value: str) -> str:
    """A value for a message: short, and printable."""
    text = "".join(one if one.isprintable() else "?" for one in value)
    return f"'{text[:40]}'"
