"""Structures drawn on another CT, brought over: against a known shift and rotation."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
from click.testing import Result
from pydicom.dataset import Dataset

from sirtdose.dosimetry.grid.mutual_information import register
from sirtdose.dosimetry.grid.registration import (
    moved_grid,
    of_matrix,
    of_transform,
    write_transform,
)
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.io.read import read_image, read_structures
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--calibrate-over", "fov")
BARE = ("--no-report", "--no-dicom")
NAMES = ("Liver", "Perfused lobe", "Tumor 1", "Tumor 2", "Lungs")
SHIFT, TURN = (11.0, -7.0, 9.0), (2.5, -3.0, 5.0)


def itk(values: np.ndarray, grid: Grid) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values, np.float32))
    image.SetOrigin(grid.affine_mm[:3, 3].tolist())
    image.SetSpacing(grid.spacing_mm[::-1])
    return image


@pytest.fixture(scope="module")
def known(exact_contours: Path) -> SimpleITK.Euler3DTransform:
    """Where a point of the SPECT/CT lies on the diagnostic CT."""
    grid = read_image(exact_contours / "ct", quantity=Quantity.CT_NUMBER).grid
    transform = SimpleITK.Euler3DTransform()
    center = grid.world_mm((np.array(grid.shape) - 1) / 2)
    transform.SetCenter(center.tolist())
    transform.SetRotation(*np.radians(TURN).tolist())
    transform.SetTranslation(SHIFT)
    return transform


@pytest.fixture(scope="module")
def diagnostic(
    exact_contours: Path,
    known: SimpleITK.Euler3DTransform,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A CT of the same patient lying otherwise, with structures drawn on it."""
    folder = tmp_path_factory.mktemp("diagnostic")
    ct = read_image(exact_contours / "ct", quantity=Quantity.CT_NUMBER)
    back = known.GetInverse()
    image = itk(ct.data, ct.grid)
    laid = SimpleITK.Resample(image, image, back, SimpleITK.sitkLinear, -1000.0)
    save(folder / "ct.nii.gz", SimpleITK.GetArrayFromImage(laid), ct.grid)
    for structure in read_structures(exact_contours / "structures.dcm"):
        if structure.name not in NAMES:
            continue
        placed = occupancy_on(structure, ct.grid)
        part = np.zeros(ct.grid.shape, np.float32)
        offset = placed.grid.offset_in(ct.grid)
        assert offset is not None
        box = tuple(
            slice(a, a + n) for a, n in zip(offset, placed.grid.shape, strict=True)
        )
        part[box] = placed.occupancy
        laid = SimpleITK.Resample(
            itk(part, ct.grid), image, back, SimpleITK.sitkLinear, 0.0
        )
        mask = SimpleITK.GetArrayFromImage(laid) >= 0.5
        save(folder / f"{structure.name}.nii.gz", mask.astype(np.uint8), ct.grid)
    return folder


def save(path: Path, data: np.ndarray, grid: Grid) -> None:
    affine = np.diag([-1, -1, 1, 1]) @ grid.affine_mm[:, [2, 1, 0, 3]]
    image = nibabel.nifti1.Nifti1Image(data.transpose(2, 1, 0), affine)
    image.set_sform(affine, 1)
    nibabel.save(image, path)


@pytest.fixture(scope="module")
def usual(
    run: Run, exact_contours: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, float]:
    """Means with the contours that lie where the image is."""
    out = tmp_path_factory.mktemp("usual") / "out"
    return means(run("post", exact_contours, *GIVEN, *BARE, "--json", "--out", out))


def words(patient: Path, diagnostic: Path, out: Path) -> list[object]:
    found: list[object] = ["post", patient, *GIVEN, "--image", patient / "spect.dcm"]
    for name in NAMES:
        found += ["--structures", diagnostic / f"{name}.nii.gz"]
    return [*found, "--json", "--force", "--out", out]


def means(result: Result) -> dict[str, float]:
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)["doses"]["local_deposition"]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer and coarser voxels than usual: enough for 1 mm, in a tenth of the time."""
    of = "sirtdose.dosimetry.grid.mutual_information"
    monkeypatch.setattr(f"{of}._SAMPLED", 0.04)
    monkeypatch.setattr(f"{of}._SPACING_MM", 6.0)


@pytest.mark.usefixtures("few_samples")
def test_a_known_shift_and_rotation_comes_back(
    run: Run,
    exact_contours: Path,
    diagnostic: Path,
    known: SimpleITK.Euler3DTransform,
    usual: dict[str, float],
    tmp_path: Path,
) -> None:
    command = words(exact_contours, diagnostic, tmp_path / "out")
    result = run(
        *command, "--registration", "rigid", "--drawn-on", diagnostic / "ct.nii.gz"
    )
    found = means(result)
    document = json.loads(result.stdout)["registration"]
    np.testing.assert_allclose(document["shift_mm"], [-s for s in SHIFT], atol=1.0)
    true = of_transform(known, read_image(exact_contours / "ct").grid, method="file")
    assert document["rotation_deg"] == pytest.approx(true.rotation_deg, abs=0.5)
    for name in ("Tumor 1", "Tumor 2", "Perfused lobe"):
        assert found[name] == pytest.approx(usual[name], rel=0.02)
    assert document["mutual_information_after"] > document["mutual_information_before"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<h2>Quality of the registration</h2>" in page
    # What was saved does the same again, and unregistered contours are wrong.
    saved = ("--registration", tmp_path / "out" / "registration.tfm")
    again = run(*command, *BARE, *saved)
    assert means(again)["Tumor 2"] == pytest.approx(found["Tumor 2"], rel=1e-6)
    assert means(run(*command, *BARE))["Tumor 2"] < 0.8 * usual["Tumor 2"]


def test_the_same_images_register_the_same() -> None:
    rng = np.random.default_rng(5)
    from scipy.ndimage import gaussian_filter

    data = gaussian_filter(rng.normal(size=(24, 30, 36)), 3) * 4000
    grid = Grid.regular((24, 30, 36), spacing_mm=(4.0, 3.0, 3.0))
    fixed = Volume(data, grid, Quantity.CT_NUMBER)
    moving = Volume(np.roll(data, (1, 2, 1), axis=(0, 1, 2)), grid, Quantity.CT_NUMBER)
    one, other = (register(fixed, moving) for _ in range(2))
    assert one.matrix is not None
    np.testing.assert_array_equal(one.matrix, other.matrix)
    np.testing.assert_allclose(one.shift_mm, (-3.0, -6.0, -4.0), atol=0.5)


def test_a_bent_registration_is_nearer_than_none_and_keeps_its_start() -> None:
    """Texture moved by a wave of 6 mm: within 2 mm, where nothing is 4 mm off."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    grid = Grid.regular((24, 30, 36), spacing_mm=(5.0, 5.0, 5.0))
    data = gaussian_filter(np.random.default_rng(7).normal(size=grid.shape), 2) * 4000
    at = grid.world_mm(np.stack(np.indices(grid.shape), axis=-1))
    motion = np.zeros_like(at)
    motion[..., 2] = 6 * np.sin(at[..., 0] / 40)
    index = np.moveaxis(grid.index(at + motion), -1, 0)
    seen = map_coordinates(data, index, order=1, mode="nearest")
    found = register(
        Volume(seen, grid, Quantity.CT_NUMBER),
        Volume(data, grid, Quantity.CT_NUMBER),
        method="bspline",
    )
    inner = (slice(6, -6),) * 3
    points, true = at[inner].reshape(-1, 3), (at + motion)[inner].reshape(-1, 3)
    ends = np.array([found.transform.TransformPoint(one) for one in points.tolist()])
    before = np.linalg.norm(points - true, axis=1).mean()
    assert before > 3.5
    assert np.linalg.norm(ends - true, axis=1).mean() < 2
    assert found.start is not None
    assert found.start.method == "affine"
    assert found.start.metric_after is not None
    assert found.metric_after is not None
    assert found.metric_after < found.start.metric_after


def test_a_transform_the_wrong_way_round_is_asked_about(
    run: Run,
    exact_contours: Path,
    diagnostic: Path,
    known: SimpleITK.Euler3DTransform,
    tmp_path: Path,
) -> None:
    grid = read_image(exact_contours / "ct").grid
    far = SimpleITK.Euler3DTransform(known)
    far.SetTranslation((40.0, -30.0, 25.0))
    for name, transform in (("right", known), ("wrong", far)):
        write_transform(
            of_transform(transform, grid, method="file"), tmp_path / f"{name}.tfm"
        )
    command = words(exact_contours, diagnostic, tmp_path / "out")
    right = run(*command, *BARE, "--registration", tmp_path / "right.tfm")
    assert right.exit_code == 0, right.stderr
    wrong = run(*command, *BARE, "--registration", tmp_path / "wrong.tfm")
    assert wrong.exit_code == 3
    assert "H16 Registration" in wrong.stderr
    assert "more than 20 mm or 10 degrees" in wrong.stderr


def write_registration(
    path: Path, frame: str, matrix: np.ndarray, *, decimals: int
) -> None:
    """A DICOM registration of another frame, by `matrix`, to this one."""
    reg = Dataset()
    reg.file_meta = pydicom.dataset.FileMetaDataset()
    reg.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    reg.SOPClassUID = reg.file_meta.MediaStorageSOPClassUID = (
        "1.2.840.10008.5.1.4.1.1.66.1"
    )
    reg.SOPInstanceUID = reg.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    reg.Modality = "REG"
    reg.FrameOfReferenceUID = frame
    items = []
    for name, values in (("1.2.3.4.6", matrix), (frame, np.eye(4))):
        one, sequence, part = Dataset(), Dataset(), Dataset()
        one.FrameOfReferenceUID = name
        # 16 decimal strings of at most 16 characters.
        part.FrameOfReferenceTransformationMatrix = [
            f"{value:.{decimals}f}" for value in values.ravel()
        ]
        part.FrameOfReferenceTransformationMatrixType = "RIGID"
        sequence.MatrixSequence = [part]
        one.MatrixRegistrationSequence = [sequence]
        items.append(one)
    reg.RegistrationSequence = items
    pydicom.dcmwrite(path, reg, enforce_file_format=True)


def test_a_dicom_registration(
    run: Run,
    exact_contours: Path,
    diagnostic: Path,
    known: SimpleITK.Euler3DTransform,
    usual: dict[str, float],
    tmp_path: Path,
) -> None:
    """Its matrices go from each frame to its own: here to the image's."""
    image = read_image(exact_contours / "spect.dcm")
    found = of_transform(known, image.grid, method="file")
    assert found.matrix is not None
    frame = image.grid.frame_of_reference_uid
    assert frame is not None
    write_registration(tmp_path / "reg.dcm", frame, found.matrix, decimals=8)
    result = run(
        *(*words(exact_contours, diagnostic, tmp_path / "out"), *BARE),
        *("--registration", tmp_path / "reg.dcm"),
    )
    for name in ("Tumor 1", "Tumor 2"):
        assert means(result)[name] == pytest.approx(usual[name], rel=0.02)


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--registration", "rigid"), 2, "needs --drawn-on"),
        (("--drawn-on", "ct.nii.gz"), 2, "is for --registration"),
        (("--registration", "12"), 2, "--registration: '12' is no file, nor one of"),
        (("--registration", "no.tfm"), 3, "--registration: there is no file no.tfm"),
        (("--registration", "ct.nii.gz"), 3, "is not a transform that ITK reads"),
        (("--registration", "spect.dcm"), 3, "is not a spatial registration"),
    ],
)
def test_refusals(
    run: Run,
    exact_contours: Path,
    diagnostic: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    places = {
        "ct.nii.gz": diagnostic / "ct.nii.gz",
        "spect.dcm": exact_contours / "spect.dcm",
        "no.tfm": tmp_path / "no.tfm",
    }
    command = words(exact_contours, diagnostic, tmp_path / "out")
    result = run(*command, *(places.get(one, one) for one in options))
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


@pytest.mark.usefixtures("few_samples")
def test_an_mr_is_laid_on_the_ct(
    run: Run, exact_contours: Path, diagnostic: Path, tmp_path: Path
) -> None:
    """A DICOM MR of the diagnostic patient: other gray values, the same places."""
    from sirtdose.io.dicom.write import write_ct
    from tests.io.dicom.test_dicom import STUDY

    ct = read_image(diagnostic / "ct.nii.gz", quantity=Quantity.CT_NUMBER)
    # Fat and soft tissue bright, bone and air dark, lungs nearly so.
    gray = np.interp(
        ct.data, [-1000, -780, -200, 40, 150, 400], [0, 40, 300, 500, 350, 60]
    )
    folder = tmp_path / "mr"
    folder.mkdir()
    write_ct(Volume(gray.astype(np.int16), ct.grid, Quantity.CT_NUMBER), folder, STUDY)
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.Modality = "MR"
        dataset.save_as(path)
    result = run(
        *(*words(exact_contours, diagnostic, tmp_path / "out"), *BARE),
        *("--registration", "rigid", "--drawn-on", folder),
    )
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)["registration"]
    np.testing.assert_allclose(document["shift_mm"], [-s for s in SHIFT], atol=1.0)


def test_a_matrix_of_few_decimals_moves_grids(
    known: SimpleITK.Euler3DTransform,
) -> None:
    """A rotation rounded to four decimals is still taken as one, not sampled."""
    grid = Grid.regular((40, 50, 60), spacing_mm=(4.0, 3.0, 3.0))
    exact = of_transform(known, grid, method="file").matrix
    assert exact is not None
    rounded = moved_grid(grid, of_matrix(exact.round(4), grid), grid)
    assert rounded is not None
    turn = rounded.affine_mm[:3, :3] / grid.spacing_mm
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-12)
    ends = moved_grid(grid, of_matrix(exact, grid), grid)
    assert ends is not None
    np.testing.assert_allclose(rounded.corners_mm(), ends.corners_mm(), atol=0.05)


@pytest.mark.parametrize(
    ("kind", "matrix", "message"),
    [
        ("tfm", np.zeros((3, 3)), "scales by 0 to 0"),
        ("tfm", np.diag([1.0, np.nan, 1.0]), "not finite"),
        ("dcm", np.zeros((3, 3)), "scales by 0 to 0"),
        ("dcm", np.diag([1.0, 1.0, -1.0]), "mirrors"),
        ("prior", np.zeros((3, 3)), "scales by 0 to 0"),
        ("prior", np.diag([10.0, 10.0, 10.0]), "scales by 10 to 10"),
    ],
)
def test_what_is_no_patients_motion(
    run: Run,
    exact_contours: Path,
    diagnostic: Path,
    tmp_path: Path,
    kind: str,
    matrix: np.ndarray,
    message: str,
) -> None:
    path = tmp_path / f"way.{kind}"
    if kind == "dcm":
        frame = read_image(exact_contours / "spect.dcm").grid.frame_of_reference_uid
        assert frame is not None
        wide = np.eye(4)
        wide[:3, :3] = matrix
        write_registration(path, frame, wide, decimals=3)
    else:
        transform = SimpleITK.AffineTransform(3)
        # ITK itself refuses to make a singular one, not to read it.
        numbers = " ".join(f"{v:g}" for v in [*matrix.ravel(), 0, 0, 0])
        SimpleITK.WriteTransform(transform, str(tmp_path / "way.tfm"))
        lines = (tmp_path / "way.tfm").read_text().splitlines()
        lines = [
            f"Parameters: {numbers}" if line.startswith("Parameters") else line
            for line in lines
        ]
        path = tmp_path / "way.tfm"
        path.write_text("\n".join(lines) + "\n")
    command = words(exact_contours, diagnostic, tmp_path / "out")
    if kind == "prior":
        dose = tmp_path / "dose.nii.gz"
        grid = read_image(exact_contours / "ct").grid
        save(dose, np.full(grid.shape, 5.0, np.float32), grid)
        command += ["--prior-dose", dose, "--prior-transform", path]
    else:
        command += ["--registration", path]
    result = run(*command)
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr or "not a transform that ITK reads" in result.stderr
    assert not (tmp_path / "out").exists()


def test_structures_already_there_are_not_moved(
    run: Run, exact_contours: Path, known: SimpleITK.Euler3DTransform, tmp_path: Path
) -> None:
    grid = read_image(exact_contours / "ct").grid
    write_transform(of_transform(known, grid, method="file"), tmp_path / "way.tfm")
    result = run(
        *("post", exact_contours, *GIVEN, "--registration", tmp_path / "way.tfm"),
        *("--out", tmp_path / "out"),
    )
    assert result.exit_code == 3
    assert "compute doses without a registration" in result.stderr


def test_structures_of_a_third_image_are_refused(
    run: Run,
    exact_contours: Path,
    diagnostic: Path,
    known: SimpleITK.Euler3DTransform,
    tmp_path: Path,
) -> None:
    """One transform brings over what was drawn on one image (H15)."""
    grid = read_image(exact_contours / "ct").grid
    write_transform(of_transform(known, grid, method="file"), tmp_path / "way.tfm")
    command = words(exact_contours, diagnostic, tmp_path / "out")
    for number in (1, 2):
        dataset = pydicom.dcmread(exact_contours / "structures.dcm")
        frame = f"1.2.3.4.{number}"
        dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = frame
        for roi in dataset.StructureSetROISequence:
            roi.ReferencedFrameOfReferenceUID = frame
            roi.ROIName = f"{roi.ROIName} of {number}"
        path = tmp_path / f"structures{number}.dcm"
        dataset.save_as(path)
        command += ["--structures", path]
    result = run(*command, "--registration", tmp_path / "way.tfm")
    assert result.exit_code == 3
    assert "another frame of reference than the one" in result.stderr


def bent_at(
    structure: Structure, grid: Grid, scale: float, path: Path
) -> SimpleITK.Transform:
    """Nothing moves but around a structure, where the image shows it smaller."""
    at = grid.world_mm(np.stack(np.indices(grid.shape), axis=-1))
    inside = structure.grid.world_mm(np.argwhere(structure.occupancy >= 0.5))
    aside = at - inside.mean(axis=0)
    # Over three radii of the tumor the field is gone.
    width = 1.5 * (3 * structure.volume_ml * 1000 / (4 * np.pi)) ** (1 / 3)
    fade = np.exp(-(((aside**2).sum(axis=-1) / (2 * width**2)) ** 2))
    field = SimpleITK.GetImageFromArray(scale * aside * fade[..., None], isVector=True)
    field.SetOrigin(grid.affine_mm[:3, 3].tolist())
    field.SetSpacing(grid.spacing_mm[::-1])
    transform = SimpleITK.DisplacementFieldTransform(field)
    SimpleITK.WriteTransform(transform, str(path))
    return transform


def test_a_bent_transform_says_what_it_made_of_each_structure(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    """Points 10 % farther from a tumor's middle: it becomes 1 / 1.1^3 of its volume."""
    structures = {
        one.name: one for one in read_structures(exact_contours / "structures.dcm")
    }
    ct = read_image(exact_contours / "ct", quantity=Quantity.CT_NUMBER)
    save_masks(exact_contours, tmp_path)
    bent_at(structures["Tumor 2"], ct.grid, 0.1, tmp_path / "bent.h5")
    command = words(exact_contours, tmp_path, tmp_path / "out")
    command += ["--registration", tmp_path / "bent.h5"]
    asked = run(*command)
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert "registration changed volumes by more than 15%: 'Tumor 2'" in asked.stderr
    result = run(*command, "--accept", "H16", "--reason", "made")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["registration"]
    rows = {row["name"]: row for row in found["structures"]}
    tumor = rows["Tumor 2"]
    assert tumor["after_ml"] / tumor["before_ml"] == pytest.approx(0.751, abs=0.06)
    assert tumor["affine_ml"] == pytest.approx(tumor["before_ml"], rel=0.06)
    assert rows["Liver"]["after_ml"] == pytest.approx(
        rows["Liver"]["before_ml"], rel=0.01
    )
    bend = found["bend"]
    assert bend["region"] == "Liver"
    assert bend["jacobian_max"] == pytest.approx(1.1**3, abs=0.05)
    assert bend["folded_fraction"] == 0
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "mL by the affine start" in page
    assert "WARN H16  in 'Liver' the transform deforms by" in result.stderr


def save_masks(patient: Path, folder: Path) -> None:
    """The patient's own structures as masks on its CT."""
    grid = read_image(patient / "ct", quantity=Quantity.CT_NUMBER).grid
    for structure in read_structures(patient / "structures.dcm"):
        placed = occupancy_on(structure, grid)
        offset = placed.grid.offset_in(grid)
        assert offset is not None
        whole = np.zeros(grid.shape, np.uint8)
        box = tuple(
            slice(a, a + n) for a, n in zip(offset, placed.grid.shape, strict=True)
        )
        whole[box] = placed.occupancy >= 0.5
        save(folder / f"{structure.name}.nii.gz", whole, grid)


def test_an_inverted_transform_of_structures_is_asked_about(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    """A shift of 15 mm, which by itself is no reason to ask."""
    save_masks(exact_contours, tmp_path)
    for path in tmp_path.glob("*.nii.gz"):
        image = nibabel.load(path)
        affine = image.affine.copy()
        # Drawn where the patient lay 15 mm further to the right and 4 mm lower.
        affine[:3, 3] += (15.0, 0.0, -4.0)
        moved = nibabel.nifti1.Nifti1Image(np.asarray(image.dataobj), affine)
        moved.set_sform(affine, 1)
        nibabel.save(moved, path)
    command = words(exact_contours, tmp_path, tmp_path / "out")
    for name, by, code in (
        ("right", (-15.0, 0.0, -4.0), 0),
        ("inverse", (15.0, 0.0, 4.0), 3),
    ):
        transform = SimpleITK.TranslationTransform(3, by)
        SimpleITK.WriteTransform(transform, str(tmp_path / f"{name}.tfm"))
        result = run(*command, "--registration", tmp_path / f"{name}.tfm")
        assert result.exit_code == code, result.stderr
    assert "is its direction inverted?" in result.stderr
