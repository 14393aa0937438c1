"""Gates of one series: read together by their time; incomplete ones are refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from sirtdose.errors import FileFormatError, GeometryError, MissingTagError
from sirtdose.io.choose import choose
from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.dicom.pet import read_pet
from sirtdose.io.discover import discover
from sirtdose.io.found import Kind
from sirtdose.model.gates import Gates
from sirtdose.model.volume import Volume
from tests.gated import gate_pet, gate_spect
from tests.io.dicom.test_vendors import edit_all, pet

TIMES_MS = (600.0, 1200.0, 2200.0)
FACTORS = (0.5, 1.0, 2.0)


def gates_of(image: Volume) -> Gates:
    assert image.gates is not None
    return image.gates


@pytest.fixture
def series(tmp_path: Path) -> list[Path]:
    (tmp_path / "whole").mkdir()
    slices = pet(tmp_path / "whole", "SIEMENS")
    return gate_pet(slices, tmp_path / "gated", factors=FACTORS, times_ms=TIMES_MS)


def of_gate(paths: list[Path], gate: int) -> list[Path]:
    return [one for one in paths if one.name.startswith(f"{gate}_")]


class TestPet:
    @pytest.mark.usefixtures("series")
    def test_they_are_one_series_weighted_by_time(self, tmp_path: Path) -> None:
        whole = read_pet(sorted((tmp_path / "whole").iterdir()))
        [found] = discover(tmp_path / "gated")
        assert found.kind is Kind.PET
        image = read_pet(found.paths, found.headers)
        # 0.5 x 0.15 + 1 x 0.30 + 2 x 0.55, of 4 s.
        np.testing.assert_allclose(image.data, 1.475 * whole.data, rtol=1e-5)
        assert gates_of(image).fractions == pytest.approx((0.15, 0.30, 0.55))
        assert gates_of(image).names == ("gate 1", "gate 2", "gate 3")
        for own, factor in zip(gates_of(image).data, FACTORS, strict=True):
            np.testing.assert_allclose(own, factor * whole.data, rtol=1e-5)
        assert image.grid.matches(whole.grid)
        assert image.source is not None
        # Each of its concentrations is of other activity: that is no one's breathing.
        [asked] = image.source.doubts
        assert asked.code == "H12"
        assert asked.said.startswith("the gates differ in activity by more than 10%")
        assert asked.used == "the image is their mean by time"
        assert image.source.remarks == (
            "the image has 3 gates, read together as their mean by time (gate 1 15%, "
            "gate 2 30%, gate 3 55%; by FrameTime (0018,1063))",
        )

    def test_without_trigger_times_the_index_says_it(self, series: list[Path]) -> None:
        usual = read_pet(series)
        edit_all(series, lambda d: delattr(d, "TriggerTime"))
        np.testing.assert_array_equal(read_pet(series).data, usual.data)
        edit_all(series[:1], lambda d: delattr(d, "ImageIndex"))
        with pytest.raises(MissingTagError, match=r"ImageIndex \(0054,1330\)"):
            read_pet(series)

    def test_without_durations_all_are_equal_and_it_is_said(
        self, series: list[Path]
    ) -> None:
        edit_all(series, lambda d: delattr(d, "FrameTime"))
        image = read_pet(series)
        assert gates_of(image).fractions == pytest.approx((1 / 3,) * 3)
        assert image.source is not None
        assert "no durations stated, taken as equal" in image.source.remarks[0]

    def test_a_missing_gate_is_refused_by_name(self, series: list[Path]) -> None:
        left = [one for one in series if one not in of_gate(series, 1)]
        with pytest.raises(FileFormatError, match="has no gate 2 of its 3 gates"):
            read_pet(left)

    def test_a_missing_slice_is_refused_by_name(self, series: list[Path]) -> None:
        left = [one for one in series if one != of_gate(series, 2)[0]]
        with pytest.raises(FileFormatError, match=r"gate 3 .* has 5 slices, others 6"):
            read_pet(left)

    @pytest.mark.parametrize(
        ("change", "error", "says"),
        [
            (
                lambda d: setattr(
                    d,
                    "ImagePositionPatient",
                    [x + 3.0 for x in map(float, d.ImagePositionPatient)],
                ),
                GeometryError,
                "gate 2 .* is on another grid than gate 1",
            ),
            (
                lambda d: setattr(d, "AcquisitionTime", "101010"),
                FileFormatError,
                "gate 2 .* was acquired at another time",
            ),
            (
                lambda d: delattr(d, "FrameTime"),
                FileFormatError,
                "gate 2 .* does not state its duration",
            ),
        ],
    )
    def test_gates_that_do_not_belong_together_are_refused(
        self,
        series: list[Path],
        change: Callable[[Dataset], None],
        error: type[Exception],
        says: str,
    ) -> None:
        edit_all(of_gate(series, 1), change)
        with pytest.raises(error, match=says):
            read_pet(series)


@pytest.fixture(scope="module")
def whole_spect(exact_voxels: Path) -> Path:
    return exact_voxels / "spect.dcm"


class TestNm:
    def test_counts_of_gates_add_up(self, whole_spect: Path, tmp_path: Path) -> None:
        path = gate_spect(
            whole_spect, tmp_path / "g.dcm", shifts=(1, 0), times_ms=(1000, 3000)
        )
        [found] = discover(tmp_path)
        assert found.kind is Kind.SPECT
        assert choose([found], without_structures=True).image is found
        usual, image = read_nm(whole_spect), read_nm(path)
        gates = gates_of(image)
        assert gates.fractions == (0.25, 0.75)
        assert gates.timed == "by TimeSlotTime (0054,0073)"
        np.testing.assert_allclose(gates.mean(), image.data, rtol=1e-6)
        # Each as bright as the whole: its counts over its part of the time.
        np.testing.assert_allclose(gates.data[1], usual.data, atol=1.0)
        np.testing.assert_allclose(
            gates.data[0], np.roll(usual.data, 1, axis=0), atol=2.1
        )
        assert image.grid.matches(usual.grid)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (
                lambda d: setattr(d, "NumberOfTimeSlots", 3),
                "gate 3 of the 3 .* has 0 of",
            ),
            (
                lambda d: setattr(d, "NumberOfTimeSlots", 1),
                "has a gate 2, but NumberOfTimeSlots",
            ),
            (lambda d: delattr(d, "TimeSlotVector"), "must be a RECON TOMO"),
            (
                lambda d: setattr(
                    d, "RRIntervalVector", [1, *list(d.RRIntervalVector)[1:-1], 2]
                ),
                "several cycle lengths",
            ),
        ],
    )
    def test_an_incomplete_set_is_refused_by_name(
        self,
        whole_spect: Path,
        tmp_path: Path,
        change: Callable[[Dataset], None],
        says: str,
    ) -> None:
        path = gate_spect(whole_spect, tmp_path / "g.dcm", shifts=(1, 0))
        file = pydicom.dcmread(path)
        change(file)
        file.save_as(path)
        with pytest.raises(FileFormatError, match=says):
            read_nm(path)
