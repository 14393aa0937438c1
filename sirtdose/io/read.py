"""Read an image or structures, whatever the format."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sirtdose.errors import FileFormatError
from sirtdose.io.dicom.header import read_dataset, reading_dicom
from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.dicom.pet import read_pet
from sirtdose.io.dicom.pet_series import declared_slices
from sirtdose.io.dicom.rtdose import read_rtdose
from sirtdose.io.dicom.rtstruct import read_rtstruct
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.dicom.stack import read_ct, read_stack
from sirtdose.io.discover import discover
from sirtdose.io.found import Found, Gated, Held, Kind, listed
from sirtdose.io.gate_files import gates_together
from sirtdose.io.image_file import read_image_file, read_label_file
from sirtdose.model.bounds import printable
from sirtdose.model.emitter import Emitter
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

_NAMED_MAX = 12


def read_image(path: Path, *, quantity: Quantity = Quantity.COUNTS) -> Volume:
    """Read a file, or a folder that holds one image, as a volume.

    Parameters
    ----------
    path : Path
    quantity : Quantity
        What the voxels measure where the file cannot say (NIfTI, NRRD,
        MetaImage).

    Raises
    ------
    InputError
        No image there, more than one, or one that cannot be read.
    """
    return read_found_image(_single(path), quantity=quantity)


def read_structures(
    path: Path,
    *,
    apart: bool = False,
    languages: Sequence[str] = (),
    probability_threshold: float | None = None,
) -> list[Structure]:
    """Read every structure of a file: RTSTRUCT, SEG, mask, labels or .seg.nrrd.

    Where they stay `apart`, each RTSTRUCT region has points as fine as its size allows;
    otherwise all have the same, so that unions and differences are exact. Names are
    read in some `languages`, such as ``("en", "nl")``, or in all. In a SEG of
    probabilities the voxels at `probability_threshold` (0 to 1) or above are inside.

    Raises
    ------
    InputError
        No structures there, or ones that cannot be read.
    """
    return read_found_structures(
        _single(path),
        apart=apart,
        languages=languages,
        probability_threshold=probability_threshold,
    )


def read_found_image(
    found: Found,
    *,
    quantity: Quantity = Quantity.COUNTS,
    header_nuclide_was: str | None = None,
    nuclide: Emitter | None = None,
) -> Volume:
    """Read an image that :func:`sirtdose.io.discover.discover` found.

    Of an activity image the `nuclide` is the one that was given.
    """
    if isinstance(found, Held) and found.image is not None:
        return found.image
    if isinstance(found, Gated):
        return gates_together(
            [
                read_found_image(
                    one,
                    quantity=quantity,
                    header_nuclide_was=header_nuclide_was,
                    nuclide=nuclide,
                )
                for one in found.gates
            ]
        )
    readers: dict[Kind, Callable[[], Volume]] = {
        Kind.IMAGE_FILE: lambda: read_image_file(found.paths[0], quantity),
        Kind.SPECT: lambda: read_nm(found.paths[0], nuclide=nuclide),
        Kind.DOSE: lambda: read_rtdose(found.paths[0]),
        Kind.CT: lambda: read_ct(found.paths, found.headers),
    }
    if found.kind in readers:
        return readers[found.kind]()
    if found.kind is Kind.PET:
        _require_whole(found)
        return read_pet(
            found.paths,
            found.headers,
            header_nuclide_was=header_nuclide_was,
            nuclide=nuclide,
        )
    raise FileFormatError(
        f"{found.label} is not an image that can be read ({found.remark or found.kind})"
    )


def read_found_structures(
    found: Found,
    *,
    probability_threshold: float | None = None,
    apart: bool = False,
    languages: Sequence[str] = (),
) -> list[Structure]:
    """Read structures that :func:`sirtdose.io.discover.discover` found.

    Those in memory keep the roles that they have.
    """
    if isinstance(found, Held):
        return list(found.structures)
    drawn = _drawn(found, probability_threshold, apart)
    return [one.told_in(languages) for one in drawn]


def _drawn(
    found: Found, probability_threshold: float | None, apart: bool
) -> list[Structure]:
    path = found.paths[0]
    if found.kind in (Kind.SEGMENTATION_FILE, Kind.IMAGE_FILE):
        return read_label_file(path)
    if found.kind is Kind.CONTOURS:
        return read_rtstruct(path, apart=apart)
    if found.kind is Kind.SEGMENTATION:
        return read_seg(path, probability_threshold=probability_threshold)
    raise FileFormatError(
        f"{found.label} contains no structures that can be read "
        f"({found.remark or found.kind})"
    )


def read_anatomy(path: Path) -> Volume:
    """Read a CT or MR series, or an image file.

    Numbers of an MR have no unit: they are only compared with another image's.

    Raises
    ------
    InputError
        Nothing of the kind there, several of them, or one that cannot be read.
    """
    found = discover(path)
    fitting = [item for item in found if item.kind is Kind.CT or _is_mr(item)]
    fitting = fitting or [item for item in found if item.kind is Kind.IMAGE_FILE]
    if len(fitting) != 1:
        names = ", ".join(item.label for item in fitting[:6]) or "none"
        raise FileFormatError(
            f"{path.name} contains {len(fitting)} images that structures can be drawn "
            f"on ({names}): give one CT or MR series, or an image file"
        )
    [item] = fitting
    if not _is_mr(item):
        return read_found_image(item, quantity=Quantity.CT_NUMBER)
    stack = read_stack(item.paths, "MR")
    return Volume(stack.data, stack.grid, Quantity.COUNTS, stack.source)


def read_reference(path: Path) -> tuple[Volume, str]:
    """Read what structures were drawn on, and what it is: CT, MR, or an activity image.

    Another camera's image serves as well as anatomy.

    Raises
    ------
    InputError
        As of a CT or MR.
    """
    found = discover(path)
    anatomies = [item for item in found if item.kind is Kind.CT or _is_mr(item)]
    shown = [item for item in found if item.kind in (Kind.SPECT, Kind.PET)]
    if not anatomies and len(shown) == 1:
        return read_found_image(shown[0]), str(shown[0].kind)
    anatomy = read_anatomy(path)
    return anatomy, anatomies[0].modality if anatomies else "image"


def study_uid(item: Found) -> str:
    """StudyInstanceUID (0020,000D) of a DICOM file or series; empty of others."""
    if item.kind in (Kind.IMAGE_FILE, Kind.SEGMENTATION_FILE) or not item.paths:
        return ""
    with reading_dicom(item.paths[0]):
        return str(read_dataset(item.paths[0]).get("StudyInstanceUID", ""))


def _require_whole(found: Found) -> None:
    """PET series with damaged files in its folder that may be its slices (H17)."""
    if not found.unread or not found.headers:
        return
    there = len(found.paths)
    with reading_dicom(found.paths[0]):
        declared = declared_slices(found.headers[0], found.paths[0])
    if declared is not None and declared <= there:
        return
    names = listed([printable(path.name) for path in found.unread], _NAMED_MAX)
    said = (
        (
            f"NumberOfSlices (0054,0081) declares {declared} slices, but {there} can "
            "be read"
        )
        if declared is not None
        else f"{there} slices can be read, but their expected number is not stated"
    )
    raise FileFormatError(
        f"{found.label}: {said}; these files in the same folder cannot (H17): "
        f"{names}. Copy the series again, or move away files that are not slices of it"
    )


def _single(path: Path) -> Found:
    found = discover(path)
    if len(found) > 1:
        names = ", ".join(f"{item.label} ({item.kind})" for item in found)
        raise FileFormatError(
            f"{path.name} contains {len(found)} data sets: {names}; give one of these "
            "files"
        )
    return found[0]


def _is_mr(item: Found) -> bool:
    return item.modality == "MR" and len(item.paths) > 1
