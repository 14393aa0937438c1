"""Headers of image files, checked against the file before any voxel is read."""

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError
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


def require_voxels(
    name: str,
    sizes: Sequence[int],
    *,
    key: str,
    bytes_each: int,
    available: int | None,
    deflated: bool = False,
) -> None:
    """Refuse sizes that are not positive, or more voxels than the file can hold.

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
    sirtdose.errors.FileFormatError: a.nii has dim = 2 -3 4: sizes of at least 1 are \
needed; the file is damaged, export it again
    """
    written = " ".join(map(str, sizes[:8]))
    if not sizes or min(sizes) < 1:
        raise FileFormatError(
            f"{name} has {key} = {written}: sizes of at least 1 are needed; the file "
            "is damaged, export it again"
        )
    needed = prod(sizes) * bytes_each
    most = None if available is None else available * (_DEFLATE_MOST if deflated else 1)
    if prod(sizes) > _VOXELS_MAX or (most is not None and needed > most):
        there = "" if available is None else f", and {available} bytes are there"
        packed = " compressed" if deflated else ""
        raise FileFormatError(
            f"{name} has {key} = {written}, which needs {needed} bytes{there}{packed}: "
            "the file is truncated or its header damaged, export it again"
        )


def nifti_image(path: Path) -> Any:
    """A NIfTI image whose header has been checked; its voxels are not read yet.

    Raises
    ------
    FileFormatError
        Damaged, not NIfTI, or sizes that the file cannot hold.
    """
    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError

    with reading(path, "NIfTI", ImageFileError, HeaderDataError):
        image: Any = nibabel.load(path)
        if not isinstance(image.header, nibabel.nifti1.Nifti1Header):
            raise FileFormatError(f"{path.name} is not NIfTI")
        packed = path.name.lower().endswith(".gz")
        require_voxels(
            path.name,
            [int(size) for size in image.shape],
            key="dim",
            bytes_each=int(image.header.get_data_dtype().itemsize),
            available=max(path.stat().st_size - (0 if packed else 352), 0),
            deflated=packed,
        )
        return image


def nrrd_header(path: Path) -> Any:
    """An NRRD's header, checked.

    Raises
    ------
    FileFormatError
        Damaged, not NRRD, or sizes that the file cannot hold.
    """
    import nrrd
    from nrrd.errors import NRRDError

    with reading(path, "NRRD", NRRDError):
        header = nrrd.read_header(str(path))
        sizes = [int(size) for size in header.get("sizes", ())]
        kind = str(header.get("type", "")).lower()
        kind = kind.removeprefix("signed ").removeprefix("unsigned ").strip()
        if kind not in _NRRD_BYTES:
            raise FileFormatError(
                f"{path.name} has type: {kind[:40] or 'none'}: a number's type is "
                "needed, such as short or float"
            )
        if header.get("dimension") != len(sizes):
            raise FileFormatError(
                f"{path.name} has {len(sizes)} sizes and dimension: "
                f"{header.get('dimension')}: as many are needed; the file is damaged, "
                "export it again"
            )
        detached = "data file" in header or "datafile" in header
        encoding = str(header.get("encoding", "")).lower()
        told = encoding in ("raw", "gzip", "gz") and not detached
        require_voxels(
            path.name,
            sizes,
            key="sizes",
            bytes_each=_NRRD_BYTES[kind],
            available=path.stat().st_size if told else None,
            deflated=encoding != "raw",
        )
        return header
