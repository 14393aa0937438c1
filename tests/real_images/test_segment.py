"""Candidates on a patient's own images, against what a person drew there."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.image.segmentation import candidates
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.dicom.write import Study, write_nm
from sirtdose.io.read import read_image, read_structures
from sirtdose.model.role import Role
from sirtdose.model.segmentation import Segmentation
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

Run = Callable[..., Result]


def dice(one: Structure, other: Structure) -> float:
    return 2 * (one & other).volume_ml / (one.volume_ml + other.volume_ml)


def drawn(path: Path, image: Volume, *names: str) -> list[Structure]:
    found = {one.name: one for one in read_structures(path)}
    return [occupancy_on(found[name], image.grid) for name in names]


@pytest.mark.slow
def test_the_gradient_finds_the_tumor_of_a_maa_spect(
    run: Run, real_images: Path, tmp_path: Path
) -> None:
    folder = real_images / "sirt_maa_spect"
    image = read_image(folder / "patient_2_SPECT.nrrd")
    seg = folder / "patient_2_Segmentation.seg.nrrd"
    # As DICOM, left-handed as it is: a SEG refers to its image.
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    study = Study("maa", "P-2", "Two^Patient", "MAA", at, "1")
    counts = np.clip(image.data, 0, None) * (60000 / image.data.max())
    write_nm(image.with_data(np.rint(counts)), tmp_path / "spect.dcm", study)
    words = ("segment", tmp_path / "spect.dcm", "--structures", seg)
    out = tmp_path / "review"
    result = run(*words, "--method", "gradient", "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    first = json.loads(result.stdout)["candidates"][0]
    # Tumors 1 and 2 are drawn already.
    assert first["name"] == "Tumor 3 (candidate)"
    assert "Tumor 1" in first["within"]
    [tumor] = drawn(seg, image, "Tumor 1")
    found = occupancy_on(read_seg(out / "candidates.dcm")[0], image.grid)
    # Two readers of one image rarely agree better than that.
    assert dice(found, tumor) > 0.8
    accepted = run("accept", out, "--lesion", "3", "--by", "A. Physicist", "--json")
    assert accepted.exit_code == 0, accepted.stderr
    [row] = json.loads(accepted.stdout)["lesions"]
    [back] = read_seg(out / "accepted-1" / "accepted.dcm")
    assert back.accepted is not None
    assert back.accepted.unchanged
    assert back.volume_ml == pytest.approx(row["volume_ml"])


def test_a_noisy_pet_has_its_tumors_in_pieces(real_images: Path) -> None:
    folder = real_images / "sirt_y90_pet"
    image = read_image(folder / "patient_1_Y90_PET.nrrd")
    seg = folder / "patient_1_Segmentation.seg.nrrd"
    liver, first, second = drawn(seg, image, "Liver", "Tumor 1", "Tumor 2")
    found = [
        one.structure for one in candidates(image, liver, Segmentation("adaptive"))
    ]
    assert all(one.role is Role.TUMOR for one in found)
    # 15.6 mL are found as one, 210 mL in several, and nothing elsewhere is as large.
    assert max(dice(one, first) for one in found) > 0.6
    inside = [(one & second).volume_ml > 0.5 * one.volume_ml for one in found]
    assert inside[:3] == [True, True, True]
