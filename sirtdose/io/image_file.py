"""NIfTI, NRRD (.seg.nrrd too) and MetaImage files to nouns, and NIfTI back.

NIfTI is RAS and is turned into LPS here; NRRD says which it is; MetaImage is LPS.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, StructureError, said_at
from sirtdose.io.checked_header import nifti_image, nrrd_header
from sirtdose.io.metaimage import (
    metaimage_affine,
    read_metaimage,
    read_metaimage_header,
)
from sirtdose.io.reading import reading
from sirtdose.model.grid import Grid, affine_of, to_lps
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Source, Volume

_KINDS = {
    **dict.fromkeys((".nii", ".nii.gz"), "NIfTI"),
    **dict.fromkeys((".nrrd", ".nhdr"), "NRRD"),
    **dict.fromkeys((".mha", ".mhd"), "MetaImage"),
}
SUFFIXES = tuple(_KINDS)
_SEGMENT_KEY = re.compile(r"Segment(\d+)_(ID|Name|LabelValue|Layer)$")
_EXTENSIONS, _DESCRIBED = "extensions", "descrip"
_DESCRIBED_MAX = 79
_LABEL = re.compile(r'<Label[^>]*\bKey="(\d+)"[^>]*>(?:<!\[CDATA\[)?([^\]<]*)')
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
# NRRD's names of the spaces that this program reads, as signs on (x, y).
_NRRD_SPACES = {
    "left-posterior-superior": 1.0,
    "lps": 1.0,
    "right-anterior-superior": -1.0,
    "ras": -1.0,
    "scanner-xyz": None,
}


def is_image_file(path: Path) -> bool:
    """Whether the name is that of a NIfTI, NRRD or MetaImage file."""
    return _ending(path) != ""


def is_segmentation_file(path: Path) -> bool:
    """Whether the name is that of a Slicer segmentation."""
    return path.name.lower().endswith((".seg.nrrd", ".seg.nhdr"))


def image_size(path: Path) -> tuple[int, ...]:
    """Voxels along each axis, in the file's order, from the header alone.

    Raises
    ------
    FileFormatError
        Damaged, or not what its name says.
    """
    kind = _KINDS.get(_ending(path))
    if kind == "NIfTI":
        return tuple(int(n) for n in nifti_image(path).shape)
    if kind == "NRRD":
        return tuple(int(n) for n in nrrd_header(path)["sizes"])
    return read_metaimage_header(path).sizes


def _ending(path: Path) -> str:
    """Of the endings of image files the one that a name has; else none."""
    return next((one for one in SUFFIXES if path.name.lower().endswith(one)), "")


def stored_voxels(path: Path) -> tuple[NDArray[Any], Any] | None:
    """Voxels as they are stored, the fastest axis first, and the file's own header.

    None of a file whose name is not that of an image.

    Raises
    ------
    FileFormatError
        Damaged, or not what its name says.
    """
    kind = _KINDS.get(_ending(path))
    if kind == "NIfTI":
        image = nifti_image(path, whole=True)
        with reading(path, kind):
            return np.asanyarray(image.dataobj), image
    if kind == "NRRD":
        import nrrd
        from nrrd.errors import NRRDError

        nrrd_header(path, whole=True)
        with reading(path, kind, NRRDError):
            data, header = nrrd.read(str(path), index_order="F")
            return np.asarray(data), header
    if kind == "MetaImage":
        found = read_metaimage_header(path)
        return read_metaimage(found), found
    return None


def without_unit_axes(data: NDArray[Any], most: int) -> NDArray[Any]:
    """The same without axes of one voxel at the end, down to so many dimensions."""
    while data.ndim > most and data.shape[-1] == 1:
        data = data[..., 0]
    return data


def read_image_file(path: Path, quantity: Quantity) -> Volume:
    """Read one image; what its numbers measure is the caller's to say.

    Raises
    ------
    FileFormatError
        Unknown ending, damaged, or not a single 3-D image.
    GeometryError
        Where the voxels are is not said.
    """
    data, grid, header = _read(path)
    source = Source(
        files=(path.name,), modality="file", described=str(header.get(_DESCRIBED, ""))
    )
    return Volume(data, grid, quantity, source)


def read_label_file(path: Path) -> list[Structure]:
    """Read the structures of a mask, a label image or a Slicer segmentation.

    A Slicer segmentation may overlap: each segment is found by its layer and
    label value. Another image is one structure per label, named by a ``.tsv`` of
    the same stem beside it (columns index and name), by a table of labels in a NIfTI's
    own header (TotalSegmentator), else ``label N``; an image
    of 0 and 1 only takes its file's name.

    Raises
    ------
    FileFormatError
        As for an image, or voxels that are no labels.
    StructureError
        No label at all.
    """
    data, grid, header = _read(path, layers=True)
    structures = (
        _segments(data, grid, header, path)
        if any(_SEGMENT_KEY.match(key) for key in header)
        else _labels(data, grid, path, _names_in(header))
    )
    if not structures:
        raise StructureError(f"{path.name} contains no structure: every voxel is 0")
    return structures


def write_nifti(volume: Volume, path: Path, *, note: str = "", label: str = "") -> None:
    """Write a volume as NIfTI-1, at once or not; a `label` stands behind its header."""
    import nibabel

    ending = ".nii.gz" if path.name.endswith(".gz") else ".nii"
    aside = path.with_name(f".{path.name}.part{ending}")
    image = nifti_of(volume, note=note)
    if label:
        image.header.extensions.append(
            nibabel.nifti1.Nifti1Extension("comment", label.encode())
        )
    nibabel.save(image, aside)
    aside.replace(path)


def nifti_of(volume: Volume, *, note: str = "") -> Any:
    """A volume as nibabel has it: NIfTI-1, float32, sform and qform, mm.

    What the voxels are, and a `note` on it, stand in the header's description.

    Notes
    -----
    The voxels keep their order and handedness; only world coordinates turn from
    LPS to RAS. The same volume gives the same bytes.
    """
    import nibabel

    affine = _RAS_TO_LPS @ volume.grid.affine_mm[:, [2, 1, 0, 3]]
    data = np.asarray(volume.data, dtype=np.float32).transpose(2, 1, 0)
    image = nibabel.nifti1.Nifti1Image(data, affine)
    image.header.set_xyzt_units("mm")
    what = f"sirtdose {volume.quantity.name.lower()} [{volume.quantity.unit}]"
    image.header["descrip"] = f"{what}, {note}"[:_DESCRIBED_MAX] if note else what
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    return image


def voxels_of_nifti(image: Any, name: str) -> tuple[NDArray[Any], Grid]:
    """Voxels and grid of an image that nibabel holds.

    Raises
    ------
    FileFormatError
        Not a single 3-D image of numbers.
    GeometryError
        Where the voxels are is not said, or not in mm.
    """
    data, affine, _ = _of_nifti(name, np.asanyarray(image.dataobj), image)
    return _on_grid(data, affine, name)


def _read(path: Path, *, layers: bool = False) -> tuple[NDArray[Any], Grid, Any]:
    stored = stored_voxels(path)
    if stored is None:
        raise FileFormatError(
            f"{path.name} is not a supported image file: use DICOM, or a name ending "
            f"in {', '.join(SUFFIXES)}"
        )
    place = {
        "NIfTI": _placed_nifti,
        "NRRD": _placed_nrrd,
        "MetaImage": _placed_metaimage,
    }[_KINDS[_ending(path)]]
    data, affine, header = place(path, *stored)
    return *_on_grid(data, affine, path.name, layers=layers), header


def _on_grid(
    data: NDArray[Any], affine: NDArray[Any], name: str, *, layers: bool = False
) -> tuple[NDArray[Any], Grid]:
    """Voxels in array order, and where they are; raises as reading a file does."""
    if data.dtype.kind not in "biuf":
        several = "complex numbers" if data.dtype.kind == "c" else "colors"
        raise FileFormatError(
            f"{name} contains {several}: an image of one number per voxel is needed"
        )
    if data.ndim not in (3, 4) or (data.ndim == 4 and not layers):
        raise FileFormatError(
            f"{name} has {data.ndim} dimensions {data.shape}: a single 3-D image "
            "is needed"
        )
    data = data.transpose((0, 3, 2, 1) if data.ndim == 4 else (2, 1, 0))
    with said_at(name):
        return data, Grid(*to_lps(affine, data.shape[-1:-4:-1]))


def _placed_nifti(
    path: Path, data: NDArray[Any], image: Any
) -> tuple[NDArray[Any], NDArray[Any], Any]:
    with reading(path, "NIfTI"):
        return _of_nifti(path.name, data, image)


def _of_nifti(
    name: str, data: NDArray[Any], image: Any
) -> tuple[NDArray[Any], NDArray[Any], Any]:
    header = image.header
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        raise GeometryError(
            f"{name} has no spatial orientation (sform_code and qform_code are both "
            "0): export it again with its position"
        )
    unit = header.get_xyzt_units()[0]
    if unit not in ("mm", "unknown"):
        raise GeometryError(f"{name} has voxel sizes in {unit}: mm is needed")
    words = {
        _EXTENSIONS: _extensions(header),
        _DESCRIBED: bytes(header["descrip"]).rstrip(b"\0").decode("latin-1"),
    }
    return without_unit_axes(data, 3), _RAS_TO_LPS @ image.affine, words


def _extensions(header: Any) -> str:
    """Text that a NIfTI carries behind its header: names of labels, at times."""
    return "".join(
        part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part)
        for part in (one.get_content() for one in header.extensions)
    )


def _names_in(header: Any) -> dict[int, str]:
    """Names of labels from a table in the header, as TotalSegmentator writes it."""
    return {
        int(key): name.strip()
        for key, name in _LABEL.findall(str(header.get(_EXTENSIONS, "")))
        if name.strip()
    }


def _placed_nrrd(
    path: Path, data: NDArray[Any], header: Any
) -> tuple[NDArray[Any], NDArray[Any], Any]:
    with reading(path, "NRRD"):
        space = str(header.get("space", "")).lower()
        sign = _NRRD_SPACES.get(space)
        if sign is None:
            raise GeometryError(
                f"{path.name} has space '{space}': left-posterior-superior or "
                "right-anterior-superior is needed"
            )
        units = {str(unit).lower() for unit in header.get("space units", ())}
        if units - {"mm", "millimeter", "millimeters"}:
            raise GeometryError(
                f"{path.name} has space units {sorted(units)}: mm is needed"
            )
        directions = np.asarray(header["space directions"], dtype=np.float64)
        origin = np.asarray(header["space origin"], dtype=np.float64)
        spatial = np.asarray(np.isfinite(directions).all(axis=1))
        if spatial.sum() != 3 or (data.ndim == 4 and spatial[0]) or data.ndim > 4:
            raise GeometryError(
                f"{path.name} has {int(spatial.sum())} spatial axes among {data.ndim}: "
                "three are needed, with layers first"
            )
        return (
            data,
            np.diag([sign, sign, 1.0, 1.0]) @ affine_of(directions[spatial].T, origin),
            header,
        )


def _placed_metaimage(
    path: Path, data: NDArray[Any], header: Any
) -> tuple[NDArray[Any], NDArray[Any], Any]:
    if len(header.sizes) != 3:
        raise FileFormatError(
            f"{path.name} has NDims = {len(header.sizes)}: a single 3-D image is needed"
        )
    return data, metaimage_affine(header), {}


def _segments(
    data: NDArray[Any], grid: Grid, header: Any, path: Path
) -> list[Structure]:
    layers = data if data.ndim == 4 else data[None]
    numbered = {int(m[1]) for key in header if (m := _SEGMENT_KEY.match(key))}
    structures = []
    for number in sorted(numbered):
        key = f"Segment{number}_"
        name = str(header.get(f"{key}Name", header.get(f"{key}ID", f"label {number}")))
        try:
            # Before layers had a key, each segment had its own, in order.
            layer = int(header.get(f"{key}Layer", number if data.ndim == 4 else 0))
            value = int(header.get(f"{key}LabelValue", 1))
        except ValueError:
            layer = value = -1
        if not 0 <= layer < len(layers) or value < 1:
            raise FileFormatError(
                f"{path.name}: segment '{name}' names a layer or label value that the "
                "file does not have: export it again"
            )
        structures.append(Structure.named(name, layers[layer] == value, grid).cropped())
    return structures


def _labels(
    data: NDArray[Any], grid: Grid, path: Path, names: Mapping[int, str]
) -> list[Structure]:
    if data.ndim == 4:
        raise FileFormatError(
            f"{path.name} has 4 dimensions: a single 3-D label image is needed"
        )
    values = np.unique(data)
    if (
        not np.isfinite(values).all()
        or not np.array_equal(values, np.rint(values))
        or values.min() < 0
    ):
        raise FileFormatError(
            f"{path.name} is not a mask or label image: its voxels run from "
            f"{values.min():g} to {values.max():g} and are not all whole numbers"
        )
    if values.size > 1000:
        raise FileFormatError(
            f"{path.name} is not a label image: it has {values.size} different "
            "values: give one with a whole number for each structure"
        )
    stem = path.name[: -len(_ending(path))]
    known = _label_names(path.with_name(f"{stem}.tsv")) or dict(names)
    labels = [int(value) for value in values if value != 0]
    if labels == [1] and not known:
        known = {1: stem}
    return [
        Structure.named(
            known.get(label, f"label {label}"), data == label, grid
        ).cropped()
        for label in labels
    ]


def _label_names(path: Path) -> dict[int, str]:
    if not path.is_file():
        return {}
    with reading(path, "a table of label names"):
        lines = path.read_text("utf-8").splitlines()
        header = lines[0].split("\t")
        index, name = header.index("index"), header.index("name")
        rows = [line.split("\t") for line in lines[1:] if line.strip()]
        return {int(row[index]): row[name].strip() for row in rows}
