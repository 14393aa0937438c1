"""Thousands of damaged files: a Volume or structures, or an InputError, never else.

Whether a flipped bit in a spacing or a voxel is right cannot be told from the file;
what is asked is that everything returned is whole and finite, and everything else
is refused by name.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sirtdose.errors import InputError
from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.dicom.pet import read_pet
from sirtdose.io.dicom.rtdose import read_rtdose
from sirtdose.io.dicom.rtstruct import read_rtstruct
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.dicom.stack import read_ct
from sirtdose.io.dicom.write import write_ct, write_nm
from sirtdose.io.dicom.write_structures import write_rtstruct, write_seg
from sirtdose.io.discover import discover
from sirtdose.io.image_file import read_image_file, read_label_file, write_nifti
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from tests.conftest import SHARED
from tests.io.dicom.test_dicom import STUDY, square
from tests.io.dicom.test_header_values import PYTHON
from tests.io.dicom.test_vendors import COUNTS, GRID, pet
from tests.io.test_image_file import write_nrrd, write_seg_nrrd

ROUNDS = 2400
Reader = Callable[[Path], object]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Reader]]:
    folder = tmp_path_factory.mktemp("whole")
    counts = Volume(COUNTS.astype(np.float32), GRID, Quantity.COUNTS)
    write_nm(counts, folder / "nm.dcm", STUDY)
    (folder / "ct").mkdir()
    (folder / "pet").mkdir()
    ct = write_ct(counts.with_data(COUNTS, Quantity.CT_NUMBER), folder / "ct", STUDY)
    slices = pet(folder / "pet", "SIEMENS")
    contours = {"Liver": [square(z, 20) for z in (0.0, 3.0, 6.0)]}
    write_rtstruct(contours, folder / "rs.dcm", STUDY)
    masks = [Structure("Liver", Role.LIVER, COUNTS > 99, GRID)]
    write_seg(masks, folder / "seg.dcm", read_link(ct, STUDY.frame_of_reference_uid))
    write_nifti(counts, folder / "a.nii")
    write_nifti(counts, folder / "a.nii.gz")
    write_nrrd(counts, folder / "a.nrrd", "left-posterior-superior")
    write_seg_nrrd(folder / "a.seg.nrrd", counts)
    real = SHARED / "data"
    from_scanners: list[tuple[Path, Reader]] = [
        (real / "nm_recon_tomo" / "Jaszack.dcm", read_nm),
        (real / "ibsi_sts003" / "CT" / "mask" / "RS.dcm", read_rtstruct),
        (real / "seg" / "dcmqi" / "24x38x3" / "seg" / "label.seg", read_seg),
        (real / "rtdose_rtstruct" / "rtdose.dcm", read_rtdose),
    ]
    return [
        *(source for source in from_scanners if source[0].is_file()),
        (folder / "nm.dcm", read_nm),
        (ct[2], lambda path: read_ct([*ct[:2], path, *ct[3:]])),
        (slices[2], lambda path: read_pet([*slices[:2], path, *slices[3:]])),
        (folder / "rs.dcm", read_rtstruct),
        (folder / "seg.dcm", read_seg),
        (folder / "a.nii", lambda path: read_image_file(path, Quantity.COUNTS)),
        (folder / "a.nii.gz", lambda path: read_image_file(path, Quantity.COUNTS)),
        (folder / "a.nrrd", lambda path: read_image_file(path, Quantity.COUNTS)),
        (folder / "a.seg.nrrd", read_label_file),
    ]


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """Cut, flip, overwrite, lie about a length, insert, or remove a piece."""
    data = bytearray(whole)
    header = min(len(data), 4000)
    at = rng.randrange(header)
    match rng.randrange(6):
        case 0:
            del data[rng.randrange(len(data)) :]
        case 1:
            for _ in range(rng.randint(1, 12)):
                data[rng.randrange(header)] ^= 1 << rng.randrange(8)
        case 2:
            size = rng.randint(1, 40)
            data[at : at + size] = bytes(size)
        case 3:
            data[at : at + 2] = rng.randbytes(2)
        case 4:
            data[at:at] = rng.randbytes(rng.randint(1, 9))
        case 5:
            del data[at : at + rng.randint(1, 60)]
    return bytes(data)


def require_whole(result: object) -> None:
    if isinstance(result, Volume):
        assert result.data.shape == result.grid.shape
        assert np.isfinite(result.data).all()
        assert np.isfinite(result.grid.affine_mm).all()
    elif isinstance(result, list) and isinstance(result[0], Structure):
        for structure in result:
            assert structure.occupancy.shape == structure.grid.shape


def test_damage_is_refused_or_harmless(
    sources: list[tuple[Path, Reader]],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    rng = random.Random(20261121)
    outcomes: Counter[str] = Counter()
    leaks: list[str] = []
    for path, read in sources:
        require_whole(read(path))
        whole = path.read_bytes()
        target = tmp_path / path.name
        for _ in range(ROUNDS // len(sources) + 1):
            target.write_bytes(damaged(whole, rng))
            for what in (read, discover):
                try:
                    result = what(target)
                except InputError as error:
                    outcomes["refused"] += 1
                    leaks += [str(error)] if PYTHON.search(str(error)) else []
                else:
                    require_whole(result)
                    outcomes["read"] += 1
    assert leaks == []
    # Nothing of a library's own reaches the terminal.
    assert capfd.readouterr() == ("", "")
    assert outcomes.total() >= 2 * ROUNDS
    assert outcomes["refused"] > 500
    with capfd.disabled():
        sys.stdout.write(f"\n{outcomes.total()} damaged readings: {dict(outcomes)}\n")
