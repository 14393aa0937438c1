"""Injections whose volumes overlap: images made of known activities, told apart.

Dose by hand: 49.67 Gy kg/GBq times GBq over kg, at 1.05 g/mL in voxels of 0.064 mL.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import nibabel
import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sirtdose.checks.calibration import ratio_findings
from sirtdose.checks.planned import _overlap_findings
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import Given, InjectionGiven
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.workflows.post.activity import _OF_INJECTIONS

Run = Callable[..., Result]
_K, _KG_PER_VOXEL = 49.67, 0.064 * 1.05 / 1000
_HALF_LIFE_H = 64.05
_SHAPE = (50, 44, 40)
_FIRST = "2026-03-02T10:00+01:00"
_NEXT_DAY = "2026-03-03T10:00+01:00"


def box(*bounds: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(_SHAPE, bool)
    mask[tuple(slice(*one) for one in bounds)] = True
    return mask


# 25^3 voxels are 1000 mL, 12 x 12 x 11 are 101.376 mL, as in a lobe and its segment.
RIGHT = box((5, 30), (6, 31), (7, 32))
S8 = box((7, 19), (8, 20), (9, 20))
LEFT = box((30, 45), (6, 31), (7, 32))
# Overlaps right and left lobe, and S8 in a corner.
MIDDLE = box((17, 36), (10, 26), (8, 28))
LIVER = RIGHT | LEFT
MASKS = {"Liver": LIVER, "Right": RIGHT, "S8": S8, "Left": LEFT, "Middle": MIDDLE}


@dataclass(frozen=True)
class Truth:
    """What one injection truly left in the liver, evenly in a volume, and how typed."""

    name: str
    volume: str
    gbq: float
    typed: str
    at: str = _FIRST

    @property
    def option(self) -> str:
        return f"{self.name}={self.typed.replace('@', f'@{self.at}', 1)}"


def written(folder: Path, *injections: Truth, scale: float = 1e6) -> dict[str, float]:
    """The image of their sum two days on; the mean doses of every part, Gy."""
    image = np.zeros(_SHAPE)
    dose = np.zeros(_SHAPE)
    for one in injections:
        even = MASKS[one.volume] * one.gbq / MASKS[one.volume].sum()
        waited = 48 if one.at == _FIRST else 24
        image += even * 2 ** (-waited / _HALF_LIFE_H)
        dose += even * _K / _KG_PER_VOXEL
    affine = np.diag([-4.0, -4.0, 4.0, 1.0])
    save(folder / "spect.nii.gz", (image * scale).astype(np.float32), affine)
    for name, mask in MASKS.items():
        save(folder / f"{name}.nii.gz", mask.astype(np.uint8), affine)
    inside = [MASKS[one.volume] for one in injections]
    regions = {"S8": S8, "Right": RIGHT, "Left": LEFT, "Middle": MIDDLE}
    assert all((one & LIVER).sum() == one.sum() for one in inside)
    return {name: float(dose[mask].mean()) for name, mask in regions.items()}


def save(path: Path, data: NDArray[np.generic], affine: NDArray[np.float64]) -> None:
    nibabel.save(nibabel.nifti1.Nifti1Image(data, affine), path)


def assessed(
    run: Run, folder: Path, out: Path, *injections: Truth, more: tuple[str, ...] = ()
) -> Result:
    words: list[object] = ["post", folder / "spect.nii.gz", "--json", "--out", out]
    volumes = {one.volume for one in injections}
    for name in MASKS:
        words += ["--structures", folder / f"{name}.nii.gz"]
        words += ["--role", f"{name}=perfused"] if name in volumes else []
    for one in injections:
        words += ["--injection", one.option]
    return run(*words, "--no-report", "--no-dicom", *more)


def means(result: Result) -> Mapping[str, float]:
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)["doses"]["local_deposition"]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


def test_a_segment_inside_a_lobe(run: Run, tmp_path: Path) -> None:
    """1 GBq in 1000 mL and 1 GBq in 101.376 mL of it: 513.9 Gy there.

    Right: 49.67 * 2 / 1.05 = 94.61 Gy. S8: 49.67 * (1 / 1.05 + 1 / 0.1064448) = 513.93
    Gy. Rest of right: 49.67 / 1.05 = 47.30 Gy, whose share of right is 0.898624.
    """
    lobe = Truth("lobe", "Right", 1.0, "1GBq@;perfused=Right;residual=0GBq")
    boost = Truth("boost", "S8", 1.0, "1GBq@;perfused=S8;residual=0GBq")
    written(tmp_path, lobe, boost)
    result = assessed(run, tmp_path, tmp_path / "out", lobe, boost)
    found = means(result)
    assert found["S8"] == pytest.approx(513.93, abs=0.05)
    assert found["Right"] == pytest.approx(94.61, abs=0.01)
    rest = (found["Right"] - 0.101376 * found["S8"]) / 0.898624
    assert rest == pytest.approx(47.30, abs=0.01)
    assert "the volumes of lobe and boost overlap by 101.4 mL" in result.stderr
    # Residuals were typed as none, which is not the same as not typed.
    assert "H08" not in result.stderr
    as_one = run(
        *("post", tmp_path / "spect.nii.gz", "--json", "--out", tmp_path / "one"),
        *("--structures", tmp_path / "Right.nii.gz", "--role", "Right=perfused"),
        *("--structures", tmp_path / "S8.nii.gz", "--role", "S8=perfused"),
        *("--administered", "2GBq", "--no-report"),
    )
    assert means(as_one)["S8"] == pytest.approx(found["S8"], rel=1e-6)


def test_a_lobe_a_segment_and_what_overlaps_both(run: Run, tmp_path: Path) -> None:
    """Four injections, own residuals, shunts and days; each even in its volume.

    Lobe: (1.6 - 0.1) * 0.9 = 1.35 GBq. Boost a day later: 0.5 - 0.05. The residual of
    the lobe was measured 64.05 h on, as 0.05 GBq.
    """
    injections = (
        Truth(
            *("lobe", "Right", 1.35),
            "1.6GBq@;perfused=Right;lung-shunt=10%;"
            "residual=0.05GBq@2026-03-05T02:03+01:00",
        ),
        Truth(
            *("boost", "S8", 0.45),
            f"0.5GBq@;perfused=S8;lung-shunt=0%;residual=0.05GBq@{_NEXT_DAY}",
            _NEXT_DAY,
        ),
        Truth("left", "Left", 0.4, "0.4GBq@;perfused=Left;lung-shunt=0%;residual=0GBq"),
        Truth(
            *("middle", "Middle", 0.76),
            "0.8GBq@;perfused=Middle;lung-shunt=5%;residual=0GBq",
            _NEXT_DAY,
        ),
    )
    truth = written(tmp_path, *injections)
    result = assessed(run, tmp_path, tmp_path / "out", *injections)
    found = means(result)
    for name, dose in truth.items():
        assert found[name] == pytest.approx(dose, rel=2e-4), name
    # A day of Y-90 is 2^(24 / 64.05) = 1.2966: 30 % between the two.
    assert "they were given 24.0 h apart" in result.stderr
    warned = [line for line in result.stderr.splitlines() if "apart: a dose" in line]
    assert all(line.startswith("WARN H14") for line in warned)


def test_an_image_that_says_otherwise_in_an_overlap(run: Run, tmp_path: Path) -> None:
    """2 GBq in the lobe, 0.5 in its segment; typed the other way round.

    Outside of the segment lie 2 * 0.898624 = 1.797 GBq of 2.5: 3.59 times 0.5.
    """
    lobe = Truth("lobe", "Right", 2.0, "0.5GBq@;perfused=Right")
    boost = Truth("boost", "S8", 0.5, "2GBq@;perfused=S8")
    written(tmp_path, lobe, boost)
    asked = assessed(run, tmp_path, tmp_path / "out", lobe, boost)
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert "'lobe': the image shows 3.59 times the activity typed" in asked.stderr
    why = ("--reason", "typed the wrong way round")
    accept = ("--accept", "H13:lobe", *why, "--accept", "H13:boost", *why)
    accepted = assessed(run, tmp_path, tmp_path / "yes", lobe, boost, more=accept)
    # As the message says: the image's own distribution of the 2.5 GBq.
    assert means(accepted)["S8"] == pytest.approx(
        _K * (2 / 1.05 + 0.5 / 0.1064448), rel=1e-4
    )


def test_syringes_exchanged_between_lobes(run: Run, tmp_path: Path) -> None:
    """1.5 GBq lie right and 0.5 left, typed 0.5 and 1.5: 9 times apart (H13)."""
    right = Truth("right", "Right", 1.5, "0.5GBq@;perfused=Right")
    left = Truth("left", "Left", 0.5, "1.5GBq@;perfused=Left")
    written(tmp_path, right, left)
    asked = assessed(run, tmp_path, tmp_path / "out", right, left)
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert "they differ by a factor of 9, more than 1.25" in asked.stderr
    assert "were syringes, activities or perfused volumes swapped" in asked.stderr
    as_given = (
        Truth("right", "Right", 1.5, "1.5GBq@;perfused=Right"),
        Truth("left", "Left", 0.5, "0.5GBq@;perfused=Left"),
    )
    assert (
        "H13 one scan"
        not in assessed(run, tmp_path, tmp_path / "right", *as_given).stderr
    )


def test_a_day_between_lobes_is_no_disagreement(run: Run, tmp_path: Path) -> None:
    """Factors are compared at one moment: 30 % of decay between two days is none."""
    right = Truth("right", "Right", 1.5, "1.5GBq@;perfused=Right")
    left = Truth("left", "Left", 0.5, "0.5GBq@;perfused=Left", _NEXT_DAY)
    truth = written(tmp_path, right, left)
    found = means(assessed(run, tmp_path, tmp_path / "out", right, left))
    assert found["Left"] == pytest.approx(truth["Left"], rel=1e-4)
    assert found["Right"] == pytest.approx(truth["Right"], rel=1e-4)


def test_blur_is_undone_by_what_each_injection_perfuses(
    run: Run, tmp_path: Path
) -> None:
    """One concentration for a lobe and its boosted segment gave 88 Gy for 514."""
    lobe = Truth("lobe", "Right", 1.0, "1GBq@;perfused=Right;residual=0GBq")
    boost = Truth("boost", "S8", 1.0, "1GBq@;perfused=S8;residual=0GBq")
    written(tmp_path, lobe, boost)
    path = tmp_path / "spect.nii.gz"
    image = nibabel.load(path)
    sharp = np.asarray(image.dataobj, float)
    blurred = gaussian_filter(sharp, 15 / 2.3548 / 4, mode="constant")
    save(path, blurred.astype(np.float32), image.affine)
    tumor = box((24, 28), (24, 28), (24, 28))
    save(tmp_path / "Tumor.nii.gz", tumor.astype(np.uint8), image.affine)
    result = assessed(
        *(run, tmp_path, tmp_path / "out", lobe, boost),
        more=("--psf", "15mm", "--structures", str(tmp_path / "Tumor.nii.gz")),
    )
    assert result.exit_code == 0, result.stderr
    methods = json.loads(result.stdout)["doses"]
    found = {
        method: {row["name"]: row["dose_gy"]["mean"] for row in one["structures"]}
        for method, one in methods.items()
    }
    assert found["local_deposition"]["S8"] < 460
    undone = found["local_deposition+iterative_yang"]
    assert undone["S8"] == pytest.approx(513.93, rel=0.005)
    assert undone["Tumor"] == pytest.approx(47.30, rel=0.005)


def test_what_may_be_wrong_is_named(run: Run, tmp_path: Path) -> None:
    """Without times a day's decay looks like another activity: 2^(24 / 64.05) = 1.3."""
    right = Truth("right", "Right", 1.5, "1.5GBq;perfused=Right")
    left = Truth("left", "Left", 0.5, "0.5GBq;perfused=Left", _NEXT_DAY)
    written(tmp_path, right, left)
    asked = assessed(run, tmp_path, tmp_path / "out", right, left)
    assert asked.exit_code == 3
    assert "they differ by a factor of 1.3" in asked.stderr
    assert "different times (write right=ACTIVITY@TIME)" in asked.stderr


def test_a_volume_that_the_image_cuts_off(run: Run, tmp_path: Path) -> None:
    """An image that ends in the left lobe, after 12 of its 15 planes: 25 % too high."""
    left = Truth("left", "Left", 1.0, "1GBq@;perfused=Left;residual=0GBq")
    truth = written(tmp_path, left)
    path = tmp_path / "spect.nii.gz"
    image = nibabel.load(path)
    save(path, np.asarray(image.dataobj)[:42], image.affine)
    result = assessed(run, tmp_path, tmp_path / "out", left)
    assert means(result)["Left"] == pytest.approx(1.25 * truth["Left"], rel=1e-3)
    assert "only 80% of left lies in the image" in result.stderr
    assert "too high by up to 25%" in result.stderr


def test_an_overlap_without_times(run: Run, tmp_path: Path) -> None:
    lobe = Truth("lobe", "Right", 1.0, "1GBq;perfused=Right")
    boost = Truth("boost", "S8", 1.0, "1GBq@;perfused=S8")
    written(tmp_path, lobe, boost)
    result = assessed(run, tmp_path, tmp_path / "out", lobe, boost)
    assert means(result)["S8"] == pytest.approx(513.93, abs=0.05)
    assert "WARN H09  the volumes of lobe and boost overlap" in result.stderr
    assert "not checked for lobe, boost: needs residual:" in result.stderr


@pytest.mark.parametrize(
    ("second", "doses", "said"),
    [("Middle", True, True), ("Left", True, False), ("Middle", False, False)],
)
def test_a_plan_that_spreads_an_overlap_twice_is_said(
    second: str, doses: bool, said: bool
) -> None:
    """Right and middle share 13 x 16 x 20 voxels of 0.064 mL, 266.2 mL."""
    grid = Grid.regular(_SHAPE, spacing_mm=(4.0, 4.0, 4.0))
    drawn = [
        Structure(name, Role.PERFUSED, MASKS[name], grid) for name in ("Right", second)
    ]
    given = [InjectionGiven("a", 1, "Right"), InjectionGiven("b", 1, second)]
    found = _overlap_findings({"doses": {"x": {}} if doses else None}, given, drawn)
    assert [one.code for one in found] == (["H24"] if said else [])
    assert all("'a' and 'b' overlap by 266.2 mL" in one.message for one in found)


@pytest.mark.parametrize(
    ("hours", "at_once"),
    [((0, 0.2), True), ((0, 0.3), False), ((0, None), False), ((), True)],
)
def test_injections_within_a_quarter_of_an_hour_are_one_moment(
    hours: tuple[float | None, ...], at_once: bool
) -> None:
    start = datetime.fromisoformat(_FIRST)
    given = tuple(
        InjectionGiven(
            str(n), 1, "Right", at=None if h is None else start + timedelta(hours=h)
        )
        for n, h in enumerate(hours)
    )
    all_given = Given(Nuclide.named("Y-90"), injections=given)
    assert all_given.at_one_moment is at_once


def test_the_note_names_times_that_injections_have() -> None:
    used = SimpleNamespace(method="administered", bq_per_unit=1.0)
    [note] = ratio_findings(used, None, _OF_INJECTIONS)
    assert "--administered-at" not in note.message
    assert "other injections have no second calibration" in note.message
