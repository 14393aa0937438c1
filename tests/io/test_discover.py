import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.archive import opened
from sirtdose.io.choose import choose
from sirtdose.io.discover import discover
from sirtdose.io.found import Kind, names_in, patients_in
from sirtdose.io.image_file import write_nifti
from sirtdose.io.read import read_image, read_structures
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume


def nifti(path: Path) -> Path:
    grid = Grid.regular((3, 4, 5), spacing_mm=(3.0, 2.0, 1.0))
    write_nifti(Volume(np.ones((3, 4, 5)), grid, Quantity.COUNTS), path)
    return path


def test_a_phantom_is_recognized(exact_contours: Path) -> None:
    found = discover(exact_contours)
    kinds = {item.kind: item for item in found}
    assert set(kinds) == {Kind.SPECT, Kind.CT, Kind.CONTOURS}
    assert len(kinds[Kind.CT].paths) == 102
    assert kinds[Kind.SPECT].size == "96 x 80 x 64"
    assert patients_in(found) == 1
    choice = choose(found)
    assert choice.image is kinds[Kind.SPECT]
    assert choice.ct is kinds[Kind.CT]
    assert len(choice.reasons) == 3


def test_names_without_ending_and_with_spaces(
    exact_contours: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a b" / "c"
    folder.mkdir(parents=True)
    shutil.copy(exact_contours / "spect.dcm", folder / "IM 1")
    (folder / "README").write_text("not DICOM")
    [found] = discover(tmp_path)
    assert found.kind is Kind.SPECT


def test_candidates_are_listed_with_the_option(tmp_path: Path) -> None:
    nifti(tmp_path / "one.nii")
    nifti(tmp_path / "two.nii")
    with pytest.raises(InputError, match=r"2 candidates for activity image.*--image"):
        choose(discover(tmp_path))


def test_image_files_have_their_size_or_their_damage(tmp_path: Path) -> None:
    nifti(tmp_path / "a.nii.gz")
    for name in ("b.nrrd", "c.mha"):
        itk = SimpleITK.GetImageFromArray(np.zeros((3, 4, 5), np.float32))
        SimpleITK.WriteImage(itk, str(tmp_path / name))
    for ending in ("nii", "nii.gz", "nrrd", "mha"):
        (tmp_path / f"damaged.{ending}").write_bytes(b"not an image at all" * 30)
    found = {item.label: item for item in discover(tmp_path)}
    assert {found[n].size for n in ("a.nii.gz", "b.nrrd", "c.mha")} == {"5 x 4 x 3"}
    for ending in ("nii", "nii.gz", "nrrd", "mha"):
        assert "cannot be read" in found[f"damaged.{ending}"].remark


def test_what_is_given_wins(exact_contours: Path, tmp_path: Path) -> None:
    mask = nifti(tmp_path / "liver.nii")
    choice = choose(
        discover(exact_contours),
        image=exact_contours / "spect.dcm",
        ct=exact_contours / "ct",
        structures=(mask,),
    )
    assert choice.structures[0].paths == (mask,)
    assert choice.ct
    assert "--ct" in choice.reasons[1]


def test_what_another_option_names_is_no_activity_image(tmp_path: Path) -> None:
    for name in ("spect.nii.gz", "liver.nii.gz", "ct.nii.gz", "maa/density.nii.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        data = np.ones((4, 4, 4), np.float32)
        volume = Volume(
            data, Grid.regular((4, 4, 4), spacing_mm=(4.0, 4.0, 4.0)), Quantity.COUNTS
        )
        write_nifti(volume, tmp_path / name)
    found = discover(tmp_path)
    with pytest.raises(InputError, match="there are 4 candidates"):
        choose(found, without_structures=True)
    for elsewhere in (tmp_path / "maa", tmp_path / "maa" / "density.nii.gz"):
        choice = choose(
            found,
            ct=tmp_path / "ct.nii.gz",
            structures=[tmp_path / "liver.nii.gz"],
            elsewhere={elsewhere.resolve()},
        )
        assert choice.image.label == "spect.nii.gz"
    only = discover(tmp_path / "spect.nii.gz")
    with pytest.raises(InputError, match="as activity image and as structures"):
        choose(only, structures=[tmp_path / "spect.nii.gz"])


def test_nothing_to_use(exact_contours: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="there is no file or folder"):
        discover(tmp_path / "none")
    with pytest.raises(FileFormatError, match="contains no file that can be read"):
        discover(tmp_path)
    note = tmp_path / "folder" / "note.txt"
    note.parent.mkdir()
    note.write_text("seen")
    none = "is not a DICOM, NIfTI, NRRD or MetaImage file"
    for path, said in (
        (note, f"note.txt {none}"),
        (note.parent, f"folder contains only note.txt, which {none}"),
    ):
        with pytest.raises(FileFormatError) as caught:
            discover(path)
        assert str(caught.value) == said
    note.write_text("")
    with pytest.raises(FileFormatError) as caught:
        discover(note)
    assert str(caught.value) == (
        "note.txt is empty (0 bytes): give a DICOM, NIfTI, NRRD or MetaImage file"
    )
    with pytest.raises(InputError, match="no activity image found: give --image"):
        choose(discover(exact_contours / "ct"))
    with pytest.raises(InputError, match="no structures found: give --structures"):
        choose(discover(exact_contours / "spect.dcm"))


def test_a_folder_of_our_results_says_what_to_name(tmp_path: Path) -> None:
    folder = tmp_path / "d1"
    folder.mkdir()
    for name in ("post.json", "dose_local.dcm", "dose_structures.dcm"):
        (folder / name).write_bytes(b"{}")
    with pytest.raises(FileFormatError) as refusal:
        discover(folder)
    said = str(refusal.value)
    assert said.startswith("d1 contains results of sirtdose")
    assert f"name it: {Path('d1', 'dose_local.dcm')} (or, in the same folder" in said
    assert "dose_structures.dcm" in said
    assert "no file that can be read" not in said


def test_planar_and_damaged_files_are_named(
    exact_contours: Path, tmp_path: Path
) -> None:
    planar = pydicom.dcmread(exact_contours / "spect.dcm")
    planar.ImageType = ["ORIGINAL", "PRIMARY", "STATIC"]
    planar.save_as(tmp_path / "planar.dcm")
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 64)
    found = {item.label: item for item in discover(tmp_path)}
    assert "a planar image" in found["planar.dcm"].remark
    assert "damaged" in found["broken.dcm"].remark


def test_two_patients_are_counted_and_never_named(
    exact_contours: Path, tmp_path: Path
) -> None:
    shutil.copy(exact_contours / "spect.dcm", tmp_path / "a.dcm")
    other = pydicom.dcmread(exact_contours / "structures.dcm")
    other.PatientID = "SOMEONE ELSE"
    other.save_as(tmp_path / "b.dcm")
    found = discover(tmp_path)
    assert patients_in(found) == 2
    assert "SOMEONE" not in repr(found)


def test_reading_by_what_is_there(exact_contours: Path, tmp_path: Path) -> None:
    assert read_image(exact_contours / "spect.dcm").quantity is Quantity.COUNTS
    assert read_image(exact_contours / "ct").quantity is Quantity.CT_NUMBER
    assert len(read_structures(exact_contours / "structures.dcm")) == 6
    assert read_structures(nifti(tmp_path / "liver.nii"))[0].name == "liver"
    with pytest.raises(FileFormatError, match="is not an image that can be read"):
        read_image(exact_contours / "structures.dcm")
    with pytest.raises(
        FileFormatError, match="contains no structures that can be read"
    ):
        read_structures(exact_contours / "spect.dcm")
    with pytest.raises(FileFormatError, match="contains 3 data sets"):
        read_image(exact_contours)


def test_what_a_file_leaves_empty_makes_no_other_patient(
    exact_contours: Path, tmp_path: Path
) -> None:
    shutil.copy(exact_contours / "spect.dcm", tmp_path / "a.dcm")
    other = pydicom.dcmread(exact_contours / "structures.dcm")
    other.PatientSex = ""
    other.PatientName = "Phantom^Digital^^^"
    other.save_as(tmp_path / "b.dcm")
    assert patients_in(discover(tmp_path)) == 1


@pytest.mark.parametrize(
    ("ours", "its", "people", "names"),
    [
        ("M\u00fcller^J\u00fcrgen", "Muller, Jurgen", 1, 1),
        ("M\u00fcller^J\u00fcrgen", "Meier^J\u00fcrgen", 1, 2),
    ],
)
def test_a_name_spelled_otherwise_is_no_other_patient(
    exact_contours: Path, tmp_path: Path, ours: str, its: str, people: int, names: int
) -> None:
    for name, charset, file in (
        (ours, "ISO_IR 192", "spect.dcm"),
        (its, "ISO_IR 100", "structures.dcm"),
    ):
        dataset = pydicom.dcmread(exact_contours / file)
        dataset.SpecificCharacterSet, dataset.PatientName = charset, name
        dataset.PatientBirthDate = "19500101"
        dataset.save_as(tmp_path / file)
    found = discover(tmp_path)
    assert (patients_in(found), names_in(found)) == (people, names)
    dataset.PatientID = "another"
    dataset.save_as(tmp_path / file)
    assert patients_in(discover(tmp_path)) == 2


def test_one_slice_stands_for_its_series(exact_contours: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(exact_contours, tmp_path / "patient")
    for path in sorted((folder / "ct").iterdir()):
        dataset = pydicom.dcmread(path)
        dataset.SeriesInstanceUID = "1.2.3.1"
        dataset.save_as(path.with_name("second_" + path.name))
    assert choose(discover(folder)).ct is None
    chosen = choose(discover(folder), ct=min((folder / "ct").glob("second*"))).ct
    assert chosen
    assert len(chosen.paths) == 102
    assert chosen.series_instance_uid.endswith(".1")
    # And of a folder only what the option means.
    other = choose(discover(folder), structures=(folder,)).structures
    assert other[0].kind is Kind.CONTOURS


def test_what_is_not_entered_is_listed(exact_contours: Path, tmp_path: Path) -> None:
    shutil.copy(exact_contours / "spect.dcm", tmp_path / "a.dcm")
    (tmp_path / "link").symlink_to(exact_contours, target_is_directory=True)
    shutil.make_archive(str(tmp_path / "more"), "zip", exact_contours / "ct")
    remarks = {item.label: item.remark for item in discover(tmp_path)}
    assert "is not followed" in remarks["link"]
    assert "unpack it" in remarks["more.zip"]
    with opened(tmp_path / "more.zip") as folder:
        assert folder.name == "more.zip"


def test_a_folder_that_may_not_be_entered_is_listed(
    exact_contours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(exact_contours / "spect.dcm", tmp_path / "a.dcm")
    shutil.copytree(exact_contours / "ct", tmp_path / "ct")
    scan = os.scandir

    def guarded(path: str) -> Any:
        if Path(path).name == "ct":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)
    remarks = {item.label: item.remark for item in discover(tmp_path)}
    assert remarks["ct"] == "cannot be opened: Permission denied"


def test_damaged_zips_of_any_packing_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    outcomes = set()
    for packing in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        with zipfile.ZipFile(tmp_path / "a.zip", "w", packing) as archive:
            archive.writestr("a", bytes(rng.integers(0, 9, 4000, np.uint8)))
        whole = bytearray((tmp_path / "a.zip").read_bytes())
        for _ in range(40):
            cut = whole.copy()
            cut[int(rng.integers(30, len(cut) - 100))] ^= 0xFF
            (tmp_path / "b.zip").write_bytes(cut)
            try:
                with opened(tmp_path / "b.zip"):
                    outcomes.add("read")
            except FileFormatError:
                outcomes.add("refused")
    assert "refused" in outcomes


def test_pipes_are_passed_over(exact_contours: Path, tmp_path: Path) -> None:
    shutil.copy(exact_contours / "spect.dcm", tmp_path / "a.dcm")
    os.mkfifo(tmp_path / "pipe")
    assert len(discover(tmp_path)) == 1


def test_an_unused_spect_is_not_replaced_by_an_image_file(
    exact_contours: Path, tmp_path: Path
) -> None:
    planar = pydicom.dcmread(exact_contours / "spect.dcm")
    planar.ImageType = ["ORIGINAL", "PRIMARY", "STATIC"]
    planar.save_as(tmp_path / "planar.dcm")
    nifti(tmp_path / "one.nii")
    with pytest.raises(InputError, match=r"planar\.dcm cannot be the activity image"):
        choose(discover(tmp_path))


def test_a_zip_is_opened_and_a_damaged_one_refused(
    exact_contours: Path, tmp_path: Path
) -> None:
    packed = shutil.make_archive(str(tmp_path / "patient"), "zip", exact_contours)
    with opened(Path(packed)) as folder:
        assert len(discover(folder)) == 3
    assert not folder.exists()
    (tmp_path / "cut.zip").write_bytes(Path(packed).read_bytes()[:5000])
    with (
        pytest.raises(FileFormatError, match="cannot be unpacked"),
        opened(tmp_path / "cut.zip"),
    ):
        pass
