"""From memory every number and every finding is what the folder gives."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK

import sirtdose
from sirtdose import Given, Grid, Nuclide, Quantity, Role, Structure, Volume

Y90 = Nuclide.named("Y-90")
GIVEN = Given(Y90, administered_gbq=1.5, lung_shunt_fraction=0.03)
FOV = sirtdose.DoseRequest(calibrate_over="fov")
PLACE = Grid.regular((12, 14, 16), spacing_mm=(5, 5, 5))
LIVER = np.zeros(PLACE.shape, bool)
LIVER[2:10, 2:12, 2:14] = True


@pytest.fixture(scope="module")
def by_folder(exact_voxels: Path) -> sirtdose.Assessment:
    image = sirtdose.ImageRequest(exact_voxels)
    return sirtdose.assess_dose(sirtdose.PostRequest(image, GIVEN, FOV))


def _numbers(assessment: sirtdose.Assessment) -> dict[str, tuple[float, ...]]:
    return {
        row.structure.name: (
            row.mean_by_mass_gy,
            row.mass_kg,
            row.activity_gbq,
            row.dvh.dose_to_volume_fraction_gy(0.7),
        )
        for row in assessment.structure_doses["local_deposition"]
    }


def _of_dicom(folder: Path) -> tuple[Volume, list[Structure]]:
    seen = sirtdose.inspect_folder(folder).choice
    assert seen is not None
    return (
        sirtdose.read_image(seen.image.paths[0]),
        sirtdose.read_structures(seen.structures[0].paths[0]),
    )


def test_volumes_and_structures_give_what_their_folder_gives(
    exact_voxels: Path, by_folder: sirtdose.Assessment
) -> None:
    image, structures = _of_dicom(exact_voxels)
    held = sirtdose.assess_arrays(image, structures, GIVEN, dose=FOV)
    ours, theirs = _numbers(held), _numbers(by_folder)
    assert ours.keys() == theirs.keys()
    for name, row in theirs.items():
        assert ours[name] == pytest.approx(row, rel=1e-6)
    # The CT was left out: only what is said of it, and of the lungs it weighs, differs.
    alike = {one for one in held.findings if one.subject.lower() != "lungs"}
    assert alike <= set(by_folder.findings)
    assert {one.code for one in held.findings} >= {
        one.code for one in by_folder.findings if one.severity != "note"
    }


def test_simpleitk_and_nibabel_give_what_the_folder_gives(
    exact_voxels: Path, by_folder: sirtdose.Assessment
) -> None:
    image, structures = _of_dicom(exact_voxels)
    roles = {one.name: one.role for one in structures}
    for there in (sirtdose.to_sitk, sirtdose.to_nifti):
        held = sirtdose.assess_arrays(
            there(image),
            {one.name: there(one) for one in structures},
            GIVEN,
            dose=FOV,
            roles=roles,
        )
        for name, row in _numbers(by_folder).items():
            assert _numbers(held)[name] == pytest.approx(row, rel=1e-6)


def test_a_ct_gives_densities_as_its_folder_does(exact_voxels: Path) -> None:
    dose = replace(FOV, density="ct")
    request = sirtdose.ImageRequest(exact_voxels)
    by_folder = sirtdose.assess_dose(sirtdose.PostRequest(request, GIVEN, dose))
    seen = sirtdose.inspect_folder(exact_voxels).choice
    assert seen is not None
    assert seen.ct is not None
    image, structures = _of_dicom(exact_voxels)
    ct = sirtdose.read_image(seen.ct.paths[0].parent)
    held = sirtdose.assess_arrays(image, structures, GIVEN, ct=ct, dose=dose)
    for name, row in _numbers(by_folder).items():
        assert _numbers(held)[name] == pytest.approx(row, rel=1e-6)
    assert {one for one in by_folder.findings if one.code == "H27"} <= {*held.findings}


def test_an_oblique_image_keeps_its_place(oriented: Volume) -> None:
    for there in (sirtdose.to_sitk, sirtdose.to_nifti):
        back = sirtdose.volume_of(there(oriented), oriented.quantity)
        assert np.abs(back.grid.corners_mm() - oriented.grid.corners_mm()).max() < 1e-3
        assert np.allclose(back.data, oriented.data, rtol=1e-6)


def test_nibabel_is_ras_and_simpleitk_lps() -> None:
    """One bright voxel 10 mm to the left and 20 mm to the back."""
    data = np.zeros((3, 3, 3), np.float32)
    data[0, 0, 0] = 1
    place = Grid.regular((3, 3, 3), spacing_mm=(4, 3, 2), origin_mm=(10, 20, 30))
    volume = Volume(data, place, Quantity.COUNTS)
    ras = sirtdose.to_nifti(volume)
    assert ras.affine @ [0, 0, 0, 1] == pytest.approx([-10, -20, 30, 1])
    assert sirtdose.to_sitk(volume).GetOrigin() == pytest.approx((10, 20, 30))
    own = nibabel.nifti1.Nifti1Image(data, np.diag([2.0, 3.0, 4.0, 1.0]))
    back = sirtdose.volume_of(own, Quantity.COUNTS)
    assert back.grid.world_mm((1, 1, 1)) == pytest.approx([-2, -3, 4])


def _assess(image: Any = None, structures: Any = None, **rest: Any) -> Any:
    settings = {"grid": PLACE, **rest}
    masks = {"Liver": LIVER, "Perfused": LIVER} if structures is None else structures
    return sirtdose.assess_arrays(
        LIVER * 1.0 if image is None else image,
        masks,
        GIVEN,
        **settings,
    )


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"grid": None}, sirtdose.GeometryError, "give grid=Grid.regular"),
    ({"image": np.ones((3, 4, 5))}, sirtdose.GeometryError, r"\(slice, row, column\)"),
    (
        {"structures": {"Liver": LIVER[1:]}},
        sirtdose.GeometryError,
        "structure 'Liver' is an array of shape",
    ),
    (
        {"structures": {"Liver": LIVER * 3}},
        sirtdose.StructureError,
        "one mask per label, such as labels == 2",
    ),
    ({"structures": {}}, sirtdose.InputError, "structures is empty"),
    (
        {"image": Volume(LIVER * 1.0, PLACE, Quantity.DOSE)},
        sirtdose.QuantityError,
        r"DOSE \[Gy\]: give Quantity.COUNTS or",
    ),
    (
        {"image": SimpleITK.Image([4, 4], SimpleITK.sitkFloat32)},
        sirtdose.FileFormatError,
        "2 dimensions",
    ),
    ({"image": "spect.nii"}, sirtdose.FileFormatError, "not an array of numbers"),
]


@pytest.mark.parametrize(("case", "kind", "said"), REFUSED)
def test_what_does_not_fit_is_refused_with_what_to_do(
    case: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        _assess(**case)


def test_another_frame_of_reference_is_refused() -> None:
    here, there = (
        Grid(PLACE.shape, PLACE.affine_mm, f"1.2.{number}") for number in (3, 4)
    )
    image = Volume(LIVER * 1.0, here, Quantity.COUNTS)
    drawn = [
        Structure("Liver", Role.LIVER, LIVER, there),
        Structure("Perfused", Role.PERFUSED, LIVER, there),
    ]
    with pytest.raises(sirtdose.GeometryError, match="H15"):
        _assess(image, drawn)


def test_every_check_asks_of_arrays_too() -> None:
    """Nearly all counts outside of the liver: a safety check stops or asks."""
    with pytest.raises(sirtdose.SafetyStop):
        _assess(~LIVER * 1.0 + LIVER * 0.1)


def test_an_image_read_for_another_nuclide_is_refused(exact_voxels: Path) -> None:
    image, structures = _of_dicom(exact_voxels)
    holmium = replace(GIVEN, nuclide=Nuclide.named("Ho-166"))
    with pytest.raises(sirtdose.InputError, match="assess_dose"):
        sirtdose.assess_arrays(image, structures, holmium)
