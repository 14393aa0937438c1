"""Headers of image files, checked against the file before any voxel is read."""

import bz2
import gzip
import zlib
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, system_reason
from sirtdose.io.reading import reading

# Deflate packs no more than this many bytes into one.
_DEFLATE_MOST = 1032
# No scanner's image has more; numpy and the libraries count them in 63 bits.
_VOXELS_MAX = 2**40
# Bytes of NRRD's types; each has signed and unsigned forms, and several names.
_NRRD_BYTES = {
    **dict.fromkeys(("char", "int8", "int8_t"), 1),
    **dict.fromkeys(("uchar", "uint8", "uint8_t"), 1),
    **dict.fromkeys(("short", "short int", "int16", "int16_t"), 2),
    **dict.fromkeys(("ushort", "uint16", "uint16_t"), 2),
    **dict.fromkeys(("int", "int32", "int32_t"), 4),
    **dict.fromkeys(("uint", "uint32", "uint32_t", "float"), 4),
    **dict.fromkeys(("longlong", "long long", "long long int"), 8),
    **dict.fromkeys(("int64", "int64_t", "ulonglong", "uint64", "uint64_t"), 8),
    "double": 8,
}
_BLOCK = 2**20
_DAMAGE = (EOFError, zlib.error, OSError, ValueError)


def require_voxels(
    name: str,
    sizes: Sequence[int],
    *,
    key: str,
    bytes_each: int,
    available: int | None,
    deflated: bool = False,
) -> None:
    """Refuse sizes that are not positive, or not those of the voxels that are there.

    Bytes that are not compressed must be as many as the sizes need, to the last: none
    of these formats has anything behind its voxels, and what is dropped may be half of
    the image. Compressed ones must be able to hold as many.

    Parameters
    ----------
    name : str
        Of the file, for the message.
    sizes : sequence of int
        Voxels along each axis.
    key : str
        What the file's format calls them.
    bytes_each : int
        Bytes of one voxel.
    available : int, optional
        Bytes that the file has for them; None where the packing does not tell.
    deflated : bool
        Whether those bytes are compressed with gzip or zlib.

    Raises
    ------
    FileFormatError
        Names the file, the sizes and what is there.

    Examples
    --------
    >>> require_voxels("a.nii", (2, 3, 4), key="dim", bytes_each=4, available=96)
    >>> require_voxels("a.nii", (2, -3, 4), key="dim", bytes_each=4, available=96)
    Traceback (most recent call last):
    sirtdose.errors.FileFormatError: a.nii has dim = 2 -3 4: a size of at least 1 is \
needed; the file is damaged, export it again
    """
    written = _written(sizes)
    if not sizes or min(sizes) < 1:
        raise FileFormatError(
            f"{name} has {key} = {written}: a size of at least 1 is needed; the file "
            "is damaged, export it again"
        )
    needed = prod(sizes) * bytes_each
    most = None if available is None else available * (_DEFLATE_MOST if deflated else 1)
    if prod(sizes) > _VOXELS_MAX or (most is not None and needed > most):
        there = "" if available is None else f", but {available} bytes are present"
        raise FileFormatError(
            f"{name} has {key} = {written}, which needs {needed} bytes{there}"
            f"{' compressed' if deflated else ''}: "
            "the file is truncated or its header damaged, export it again"
        )
    if available is not None and not deflated and available > needed:
        raise FileFormatError(
            f"{name} has {key} = {written} of {bytes_each} bytes per voxel, which "
            f"needs {needed} bytes, but {available} bytes are present: its header is "
            "that of a smaller image or of another data type, export it again"
        )


def nifti_image(path: Path, *, whole: bool = False) -> Any:
    """A NIfTI image whose header has been checked; its voxels are not read yet.

    With `whole`, compressed ones are inflated and compared with their checksum.

    Raises
    ------
    FileFormatError
        Damaged, not NIfTI, or sizes that are not those of the voxels.
    """
    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError

    with reading(path, "NIfTI"):
        try:
            image: Any = nibabel.load(path)
        except ImageFileError:
            raise FileFormatError(
                f"{path.name} cannot be read as NIfTI: it does not begin with a NIfTI "
                "header (sizeof_hdr, magic); it is truncated, damaged, or another "
                "kind of file"
            ) from None
        except HeaderDataError as error:
            # Its words for the key `datatype`.
            said = str(error).replace("data code", "datatype")
            raise FileFormatError(
                f"{path.name} has an invalid NIfTI header: {said[:160]}; export it "
                "again"
            ) from None
        if not isinstance(image.header, nibabel.nifti1.Nifti1Header):
            raise FileFormatError(f"{path.name} is not NIfTI")
        packed = path.name.lower().endswith(".gz")
        sizes = [int(size) for size in image.shape]
        bytes_each = int(image.header.get_data_dtype().itemsize)
        # Extensions of the header stand before the voxels.
        begin = int(image.dataobj.offset)
        require_voxels(
            path.name,
            sizes,
            key="dim",
            bytes_each=bytes_each,
            available=max(path.stat().st_size - (0 if packed else begin), 0),
            deflated=packed,
        )
        if packed:
            says = f"dim = {_written(sizes)} of {bytes_each} bytes per voxel"
            require_inflated(
                path,
                begin + prod(sizes) * bytes_each,
                named=path.name,
                says=says,
                whole=whole,
            )
        return image


def nrrd_header(path: Path, *, whole: bool = False) -> Any:
    """An NRRD's header, checked.

    With `whole`, compressed voxels are inflated and compared with their checksum.

    Raises
    ------
    FileFormatError
        Damaged, not NRRD, or sizes that are not those of the voxels.
    """
    import nrrd
    from nrrd.errors import NRRDError

    with reading(path, "NRRD", NRRDError):
        with path.open("rb") as stream:
            header = nrrd.read_header(stream)
            begin = stream.tell()
        sizes = [int(size) for size in header.get("sizes", ())]
        kind = str(header.get("type", "")).lower()
        kind = kind.removeprefix("signed ").removeprefix("unsigned ").strip()
        if kind not in _NRRD_BYTES:
            raise FileFormatError(
                f"{path.name} has type: {kind[:40] or 'none'}: a numeric type is "
                "needed, such as short or float"
            )
        if header.get("dimension") != len(sizes):
            raise FileFormatError(
                f"{path.name} has {len(sizes)} sizes, but dimension: "
                f"{header.get('dimension')}: both must agree; the file is damaged, "
                "export it again"
            )
        needed = prod(sizes) * _NRRD_BYTES[kind]
        held, at = _nrrd_voxels(path, header, begin)
        encoding = str(header.get("encoding", "")).lower()
        skipped = int(header.get("byteskip", header.get("byte skip", 0)))
        there = max(held.stat().st_size - at - max(skipped, 0), 0)
        # The voxels are the last bytes; but a header longer than they are is none.
        if skipped == -1 and needed <= there < 2 * needed:
            there = needed
        raw, gzipped = encoding == "raw", encoding in ("gzip", "gz")
        require_voxels(
            path.name,
            sizes,
            key="sizes",
            bytes_each=_NRRD_BYTES[kind],
            available=there if raw or gzipped else None,
            deflated=not raw,
        )
        bzip2 = encoding in ("bzip2", "bz2")
        if (gzipped or bzip2) and skipped == 0:
            require_inflated(
                held,
                needed,
                named=path.name,
                says=f"sizes = {_written(sizes)} of type {header['type']}",
                begin=at,
                whole=whole,
                bzip2=bzip2,
            )
        return header


def _nrrd_voxels(path: Path, header: Mapping[str, Any], begin: int) -> tuple[Path, int]:
    """The file with an NRRD's voxels, and where they begin, behind skipped lines."""
    name = header.get("datafile", header.get("data file"))
    held = path if name is None else path.parent / str(name)
    if not held.is_file():
        raise FileFormatError(
            f"{path.name} refers to a data file that is missing: copy it as well, or "
            "save all as one .nrrd file"
        )
    lines = int(header.get("lineskip", header.get("line skip", 0)))
    with held.open("rb") as stream:
        stream.seek(begin if name is None else 0)
        for _ in range(lines):
            if not stream.readline():
                break
        return held, stream.tell()


def _written(sizes: Sequence[int]) -> str:
    return " ".join(map(str, sizes[:8]))


def require_inflated(
    path: Path,
    needed: int,
    *,
    named: str,
    says: str,
    begin: int = 0,
    whole: bool = False,
    bzip2: bool = False,
) -> None:
    """Refuse a compressed file that holds fewer or more bytes than its header says.

    Without `whole`, the size that gzip notes in its last four bytes is believed where
    it agrees: a file that was cut has others there. Bzip2 notes none.

    Parameters
    ----------
    path : Path
        Of the compressed bytes.
    needed : int
        Bytes that they should be when they are inflated.
    named : str
        Of the file with the header, for the message.
    says : str
        What that header says of the voxels: ``dim = 3 4 5``.
    begin : int
        Where in the file they begin.
    whole : bool
        Inflate all, and compare with the checksum.
    bzip2 : bool
        Packed with bzip2; else with gzip.

    Raises
    ------
    FileFormatError
        Truncated, damaged, or of another size.
    """
    if not whole and (bzip2 or _noted(path) == needed % 2**32):
        return
    there = 0
    try:
        with path.open("rb") as stream:
            stream.seek(begin)
            with (bz2 if bzip2 else gzip).open(stream) as inflated:
                # Never much more than is needed, whatever the compressed bytes say.
                while there <= needed and (block := inflated.read(_BLOCK)):
                    there += len(block)
    except _DAMAGE as error:
        if system_reason(error) is not None:
            raise
        raise FileFormatError(
            f"{named} is truncated or damaged: its compressed voxels end too early, "
            "or do not match their checksum; export it again"
        ) from None
    if there != needed:
        more = "more are" if there > needed else f"{there} bytes are"
        raise FileFormatError(
            f"{named} has {says}, which needs {needed} bytes, but {more} present "
            "after decompression: the file or its header is damaged, export it again"
        )


def _noted(path: Path) -> int | None:
    """The size that gzip notes at its end; None of what is too short for one."""
    with path.open("rb") as stream:
        if stream.seek(0, 2) < 18:
            return None
        stream.seek(-4, 2)
        return int.from_bytes(stream.read(4), "little")
