"""Numbers to expect of real DICOM files, from ../shared/cases."""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.errors import QuantityError
from sirtdose.io.dicom.contour_fill import even_odd_fill
from sirtdose.io.dicom.dvh import read_histograms, read_roi_names
from sirtdose.io.dicom.rtstruct import read_rois
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.dicom.stack import read_stack
from sirtdose.io.read import read_image, read_structures
from sirtdose.model.grid import Grid, box_at
from sirtdose.model.volume import Quantity


@pytest.fixture(scope="module")
def expected(real_images: Path) -> dict[str, Any]:
    cases = real_images.parent / "cases" / "dicom_expected.json"
    loaded: dict[str, Any] = json.loads(cases.read_text())
    return loaded


def test_nm(real_images: Path, expected: dict[str, Any]) -> None:
    [(name, case)] = expected["nm"].items()
    image = read_image(real_images / name)
    assert list(image.grid.shape) == case["shape_kji"]
    assert image.total() == case["sum"]
    assert image.data.max() == case["max"]
    np.testing.assert_allclose(image.grid.spacing_mm[::-1], case["spacing_xyz"])
    np.testing.assert_allclose(
        image.grid.world_mm((0, 0, 0)), case["first_voxel_lps"], atol=1e-6
    )
    assert image.source
    assert image.source.energy_windows_kev == (tuple(case["window_keV"]),)
    step = image.grid.affine_mm[:3, 0] / image.grid.spacing_mm[0]
    np.testing.assert_allclose(step, case["k_direction_lps"], atol=1e-9)


def test_seg(real_images: Path, expected: dict[str, Any]) -> None:
    for name, voxels in expected["seg_voxels"].items():
        structures = read_seg(real_images / name)
        assert [int(s.occupancy.sum()) for s in structures] == voxels


def test_rtstruct_volumes(real_images: Path, expected: dict[str, Any]) -> None:
    structures = read_structures(real_images / "rtdose_rtstruct" / "rtss.dcm")
    volumes = {s.name: s.volume_ml for s in structures}
    case = expected["rtdose_dvh (rtdose_rtstruct)"]
    assert volumes["Lt Lung"] == pytest.approx(case["Lt_Lung_volume_xor_mL"], rel=1e-3)
    for name in ("Heart", "Breast"):
        assert volumes[name] == pytest.approx(case["volume_mL"][name], rel=0.01)
    assert volumes["Areola"] == 0


def test_histograms_of_an_rtdose(real_images: Path, expected: dict[str, Any]) -> None:
    case = expected["rtdose_dvh (rtdose_rtstruct)"]
    folder = real_images / "rtdose_rtstruct"
    held = read_histograms(folder / "rtdose.dcm")
    uid, names = read_roi_names(folder / "rtss.dcm")
    assert held.structure_set_uid == uid
    curves = {names[one.roi_number or 0]: one.curve for one in held.histograms}
    for name, mean in case["DVHData_mean_Gy"].items():
        curve = curves[name]
        assert curve
        assert curve.mean_gy == pytest.approx(mean, abs=1e-3)
    for name, volume in case["volume_mL"].items():
        curve = curves[name]
        assert curve
        assert curve.volume_ml == pytest.approx(volume, abs=1e-3)


def test_rtstruct_on_ct(real_images: Path, expected: dict[str, Any]) -> None:
    folder = real_images / "ibsi_sts003" / "CT"
    ct = read_image(folder / "image")
    [mass] = read_structures(folder / "mask" / "RS.dcm")
    voxels = expected["rtstruct_voxels_pixel_centre_even_odd"]["ibsi_sts003/CT"]
    assert occupancy_on(mass, ct.grid).volume_ml == pytest.approx(
        voxels * ct.grid.voxel_volume_ml, rel=2e-3
    )


def test_pet(real_images: Path, expected: dict[str, Any]) -> None:
    case = expected["pet"]["pet_siemens_mct"]
    image = read_image(real_images / "pet_siemens_mct")
    assert image.quantity is Quantity.ACTIVITY_CONCENTRATION
    assert list(image.grid.shape) == case["shape_kji"]
    assert image.grid.spacing_mm[0] == pytest.approx(case["spacing_z_mm"])
    assert image.total() == pytest.approx(case["rescaled_sum"], rel=1e-7)
    assert image.data.max() == pytest.approx(case["max"], rel=1e-6)
    source = image.source
    assert source
    assert source.nuclide_in_header == "F-18"
    assert source.applied_half_life_h == pytest.approx(1.8295, abs=1e-3)
    first = pydicom.dcmread(
        sorted((real_images / "pet_siemens_mct").iterdir())[0], stop_before_pixels=True
    )
    # The bed's reference is the start of its series, to the second the tags keep.
    started = datetime.strptime(
        f"{first.SeriesDate}{str(first.SeriesTime)[:6]}", "%Y%m%d%H%M%S"
    )
    assert source.scan_start
    assert abs((source.scan_start - started).total_seconds()) < 1.5


def test_suv_pet_is_refused_and_says_why(
    real_images: Path, expected: dict[str, Any]
) -> None:
    folder = real_images / "ibsi_sts003" / "PET" / "image"
    with pytest.raises(QuantityError, match=r"= GML, SUV .*to administration"):
        read_image(folder)
    values = read_stack(sorted(folder.glob("*.dcm")), "PET").data
    assert values.sum(dtype=float) == pytest.approx(
        expected["pet"]["ibsi_sts003/PET"]["rescaled_sum"], rel=1e-6
    )


def filled_at_voxel_centers(path: Path, grid: Grid) -> dict[str, NDArray[np.bool_]]:
    """Voxels whose centers lie inside the contours of the plane that they are on.

    The reference masks were made so: nothing is sampled finer than the image is.
    """
    masks = {}
    for roi in read_rois(path):
        drawn: defaultdict[int, list[NDArray[np.float64]]] = defaultdict(list)
        for contour in roi.contours:
            index = grid.index(contour)
            assert np.ptp(index[:, 0]) < 0.2
            drawn[round(float(index[:, 0].mean()))].append(index[:, 1:])
        masks[roi.name] = np.zeros(grid.shape, bool)
        for k, polygons in drawn.items():
            if 0 <= k < grid.shape[0]:
                masks[roi.name][k] = even_odd_fill(polygons, grid.shape[1:])
    return masks


@pytest.mark.parametrize("modality", ["CT", "PET"])
def test_rtstruct_at_voxel_centers_is_the_reference_mask(
    real_images: Path, expected: dict[str, Any], modality: str
) -> None:
    folder = real_images / "ibsi_sts003"
    files = sorted((folder / modality / "image").glob("*.dcm"))
    grid = read_stack(files, modality).grid
    masks = filled_at_voxel_centers(folder / modality / "mask" / "RS.dcm", grid)
    [ours] = masks.values()
    voxels = expected["rtstruct_voxels_pixel_centre_even_odd"]
    assert ours.sum() == voxels[f"ibsi_sts003/{modality}"]
    [reference] = read_structures(folder / "nifti" / f"{modality}_mask.nii.gz")
    offset = reference.grid.offset_in(grid)
    assert offset is not None
    same = np.zeros(grid.shape, bool)
    same[box_at(offset, reference.grid.shape)] = reference.occupancy
    assert (same != ours).sum() == 0


def test_rtdose_with_its_structures(
    real_images: Path, expected: dict[str, Any]
) -> None:
    case = expected["rtdose_dvh (rtdose_rtstruct)"]
    folder = real_images / "rtdose_rtstruct"
    dose = read_image(folder / "rtdose.dcm")
    assert dose.quantity is Quantity.DOSE
    assert dose.data.max() == pytest.approx(case["max_Gy"], abs=1e-6)
    masks = filled_at_voxel_centers(folder / "rtss.dcm", dose.grid)
    lung_ml = masks["Lt Lung"].sum() * dose.grid.voxel_volume_ml
    assert lung_ml == pytest.approx(2004.5, abs=0.05)
    for name in ("Tumor Bed", "Tumor Bed Block", "Lt Lung", "Heart", "Breast"):
        mean = dose.data[masks[name]].mean()
        assert mean == pytest.approx(case["DVHData_mean_Gy"][name], rel=0.01)


# Volume and mean of the plan's own histograms that ours may differ by: they leave
# out or cut short what is drawn on one plane or beyond the dose.
_OWN_HISTOGRAM = {
    "Breast": (0.011, 0.010),
    "Heart": (0.006, 0.007),
    "Lt Lung": (0.003, 0.007),
    "Tumor Bed": (0.030, 0.001),
    "Tumor Bed Block": (0.017, 0.002),
}


def test_histograms_against_the_plans_own(real_images: Path) -> None:
    from sirtdose.dosimetry.histogram.sampled_dvh import sampled_dvh

    folder = real_images / "rtdose_rtstruct"
    dose = read_image(folder / "rtdose.dcm")
    numbered = {
        roi.ROIName: roi.ROINumber
        for roi in pydicom.dcmread(folder / "rtss.dcm").StructureSetROISequence
    }
    theirs = {
        one.DVHReferencedROISequence[0].ReferencedROINumber: np.array(
            one.DVHData, float
        ).reshape(-1, 2)
        for one in pydicom.dcmread(folder / "rtdose.dcm").DVHSequence
    }
    structures = {s.name: s for s in read_structures(folder / "rtss.dcm")}
    assert len(theirs) == 9
    for name, (volume_within, mean_within) in _OWN_HISTOGRAM.items():
        dvh = sampled_dvh(structures[name], dose)
        width, volume = theirs[numbered[name]].T
        low = np.cumsum(width) - width
        parts = np.append(-np.diff(volume), volume[-1])
        mean = (parts * (low + width / 2)).sum() / volume[0]
        assert dvh.volume_ml == pytest.approx(volume[0], rel=volume_within), name
        assert dvh.mean_gy == pytest.approx(mean, rel=mean_within), name
        # Dose by dose, as a part of the volume.
        apart = np.abs(dvh.curve(low) / dvh.volume_ml - volume / volume[0])
        assert apart.max() < 0.036, name
