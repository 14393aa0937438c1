"""Enhanced PET as SUV: cases 7 of the IBSI's list, as files of our own making."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from pydicom.dataset import Dataset

from sirtdose.errors import FileFormatError, MissingTagError, QuantityError
from sirtdose.io.dicom.suv import read_uptake
from sirtdose.io.discover import discover
from sirtdose.io.found import Kind
from sirtdose.model.body_size import Body
from sirtdose.model.grid import Grid
from sirtdose.model.uptake import UptakeGiven
from tests.uptake_files import INJECTED_BQ, WEIGHT_KG, Scanner, write_enhanced

Run = Callable[..., Result]
GRID = Grid.regular((4, 5, 6), spacing_mm=(3.0, 4.2, 4.1))
SUV = np.full(GRID.shape, 0.2)
SUV[1:3] = 1.0
SUV[2, 2, 4] = 4.0
SUV[3, 1, 1] = 2.0
NONE = replace(Scanner(), correction="NONE")
# Bq/mL at injection for an SUV of 1, and lean body mass, ideal weight and surface of a
# man of 71 kg and 1.74 m: see tests/io/dicom/test_suv.py.
PER_SUV = WEIGHT_KG * 1e3 / INJECTED_BQ
JAMES, JANMA, IDEAL, SURFACE_CM2 = 56.7875, 56.0364, 71.32, 18516.09
AT_INJECTION = replace(Scanner(), correction="ADMIN")


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("scanner", [Scanner(), NONE], ids=["corrected", "not"])
def test_becquerel(tmp_path: Path, scanner: Scanner, legacy: bool) -> None:
    path = tmp_path / "pet.dcm"
    write_enhanced(path, SUV, GRID, scanner, units={"Bq/ml": 1.0}, legacy=legacy)
    for ibsi in (False, True):
        found = read_uptake([path], given=UptakeGiven(ibsi=ibsi))
        np.testing.assert_allclose(found.suv.data, SUV, rtol=1e-4)
    assert found.suv.grid.spacing_mm == pytest.approx((3.0, 4.2, 4.1))
    assert found.uptake_time_min == pytest.approx(63)
    assert found.tracer is not None
    assert found.tracer.injected_mbq == pytest.approx(318)


@pytest.mark.parametrize(
    ("code", "factor"),
    [
        ("g/ml{SUVbw}", 1.0),
        ("g/ml{SUVlbmJames128}", JAMES / 71),
        ("g/ml{SUVlbmJanma}", JANMA / 71),
        ("g/ml{SUVibw}", IDEAL / 71),
        ("cm2/ml{SUVbsa}", SURFACE_CM2 / 71e3),
    ],
)
def test_suv_of_each_kind_stands_before_becquerel(
    tmp_path: Path, code: str, factor: float
) -> None:
    path = tmp_path / "pet.dcm"
    units = {"Bq/ml": 7.0, code: PER_SUV * factor}
    write_enhanced(path, SUV, GRID, AT_INJECTION, units=units)
    found = read_uptake([path])
    np.testing.assert_allclose(found.suv.data, SUV, rtol=1e-4)
    assert found.uptake_time_min == pytest.approx(63)


def test_suv_by_weight_stands_before_others(tmp_path: Path) -> None:
    units = {"g/ml{SUVlbm}": 9.0, "g/ml{SUVbw}": PER_SUV}
    path = tmp_path / "pet.dcm"
    write_enhanced(path, SUV, GRID, AT_INJECTION, units=units)
    np.testing.assert_allclose(read_uptake([path]).suv.data, SUV, rtol=1e-4)
    only = write_enhanced(
        tmp_path / "b" / "pet.dcm",
        SUV,
        GRID,
        AT_INJECTION,
        units={"g/ml{SUVlbm}": PER_SUV * JAMES / 71},
    )
    with pytest.raises(QuantityError, match="--suv-type LBMJAMES128 or LBMJANMA"):
        read_uptake([only])
    by_ibsi = read_uptake([only], given=UptakeGiven(ibsi=True))
    np.testing.assert_allclose(by_ibsi.suv.data, SUV, rtol=1e-4)


def _without(keyword: str) -> Callable[[Dataset], object]:
    return lambda file: delattr(file, keyword)


def _untimed(file: Dataset) -> None:
    for frame in file.PerFrameFunctionalGroupsSequence:
        del frame.FrameContentSequence[0].FrameReferenceDateTime


@pytest.mark.parametrize(
    ("scanner", "units", "change", "said"),
    [
        (Scanner(), {"counts": 1.0}, lambda _: None, "to counts: Bq/ml or an SUV"),
        (
            Scanner(),
            {"Bq/ml": 1.0},
            _without("DecayCorrectionDateTime"),
            "give --scan-at",
        ),
        (NONE, {"Bq/ml": 1.0}, _untimed, "no usable FrameReferenceDateTime"),
        (Scanner(), {"Bq/ml": 1.0}, _without("DecayCorrected"), "DecayCorrection"),
        (
            Scanner(),
            {"Bq/ml": 1.0},
            lambda file: file.PerFrameFunctionalGroupsSequence.pop(),
            "4 frames and describes 3",
        ),
        (
            Scanner(),
            {"Bq/ml": 1.0},
            lambda file: setattr(file, "AttenuationCorrected", "NO"),
            "without ATTN",
        ),
    ],
)
def test_what_cannot_be_read_is_said(
    tmp_path: Path,
    scanner: Scanner,
    units: dict[str, float],
    change: Callable[[Dataset], object],
    said: str,
) -> None:
    path = tmp_path / "pet.dcm"
    write_enhanced(path, SUV, GRID, scanner, units=units, change=change)
    with pytest.raises((QuantityError, MissingTagError, FileFormatError), match=said):
        read_uptake([path])


def test_suv_reads_it_and_doses_do_not(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "pet.dcm"
    write_enhanced(path, SUV, GRID, Scanner(), units={"Bq/ml": 1.0})
    [found] = discover(tmp_path)
    assert found.kind is Kind.OTHER
    result = run("suv", tmp_path, "--weight", "142kg", "--json")
    assert result.exit_code == 0, result.stderr
    assert '"weight_kg": 142' in result.stdout
    words = ("--administered", "1GBq", "--calibration", "image", "--no-structures")
    refused = run("post", tmp_path, *words, "--out", tmp_path / "out")
    assert refused.exit_code == 3
    assert "Enhanced PET is not supported for doses" in refused.stderr
    given: Any = UptakeGiven(Body(weight_kg=142.0))
    twice = read_uptake([path], given=given).suv.data
    np.testing.assert_allclose(twice, 2 * SUV, rtol=1e-4)
    with pytest.raises(FileFormatError, match="are one enhanced PET"):
        read_uptake([path, path])
