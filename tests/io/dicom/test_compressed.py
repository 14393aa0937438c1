"""Compressed pixels: read alike where a plugin reads them, refused with its remedy."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels import get_decoder

from sirtdose.errors import FileFormatError
from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.dicom.stack import read_ct
from sirtdose.io.dicom.write import write_ct, write_nm
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume
from tests.conftest import assert_same_image
from tests.io.dicom.test_dicom import STUDY


def nm(tmp_path: Path) -> Path:
    path = tmp_path / "nm.dcm"
    affine = np.array(
        [[0, 0, 4.4, -90], [0, 4.7, 0, 31], [-3.1, 0, 0, 4], [0, 0, 0, 1]]
    )
    grid = Grid((6, 7, 8), affine, "1.2.3")
    counts = np.arange(6 * 7 * 8).reshape(grid.shape)
    write_nm(Volume(counts, grid, Quantity.COUNTS), path, STUDY)
    return path


def test_a_compression_nobody_reads_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = nm(tmp_path)
    dataset = pydicom.dcmread(path)
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"] * 6)
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEGLosslessSV1
    dataset.save_as(path)
    decoder = get_decoder(pydicom.uid.JPEGLosslessSV1)
    monkeypatch.setattr(decoder, "_available", {})
    with pytest.raises(FileFormatError, match=r"JPEG Lossless.*no installed") as no:
        read_nm(path)
    assert 'pip install "sirtdose[compressed]"' in str(no.value)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    "syntax",
    [
        pydicom.uid.JPEGLosslessSV1,
        pydicom.uid.JPEG2000Lossless,
        pydicom.uid.JPEGLSLossless,
        pydicom.uid.RLELossless,
    ],
)
def test_compressed_without_loss_reads_the_same(
    tmp_path: Path, syntax: pydicom.uid.UID, signed: bool
) -> None:
    shape = (3, 64, 48)
    numbers = np.random.default_rng(1).integers(0, 2000, shape).astype(np.int16)
    numbers -= 1024 if signed else 0
    original = Volume(
        numbers,
        Grid(
            shape, np.diag([3.0, 2, 1, 1])[[2, 1, 0, 3]], STUDY.frame_of_reference_uid
        ),
        Quantity.CT_NUMBER,
    )
    paths = write_ct(original, tmp_path, STUDY)
    for path in paths:
        dataset = pydicom.dcmread(path)
        stored = dataset.pixel_array.astype(int) + int(dataset.RescaleIntercept)
        dataset.RescaleIntercept = "0"
        dataset.PixelRepresentation = int(signed)
        dataset.PixelData = stored.astype("<i2" if signed else "<u2").tobytes()
        dataset.save_as(path)
        compress(path, syntax)
    assert pydicom.dcmread(paths[0]).file_meta.TransferSyntaxUID == syntax
    assert_same_image(read_ct(paths), original, within_mm=1e-6)


def compress(path: Path, syntax: pydicom.uid.UID) -> None:
    if syntax != pydicom.uid.JPEGLosslessSV1:
        dataset = pydicom.dcmread(path)
        dataset.compress(syntax)
        dataset.save_as(path)
        return
    gdcm = pytest.importorskip("gdcm")
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    kind = gdcm.TransferSyntax.JPEGLosslessProcess14_1
    change.SetTransferSyntax(gdcm.TransferSyntax(kind))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def test_a_loss_in_compression_is_said(tmp_path: Path) -> None:
    path = nm(tmp_path)
    assert not read_nm(path).source.remarks
    dataset = pydicom.dcmread(path)
    dataset.LossyImageCompression = "01"
    dataset.save_as(path)
    assert "compressed with loss" in read_nm(path).source.remarks[0]
