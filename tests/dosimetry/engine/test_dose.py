"""From voxel values to dose: calibration, decay, local deposition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.checks.calibration import calibration_findings
from sirtdose.dosimetry.engine.dose import compute_dose
from sirtdose.dosimetry.image.activity import (
    activity_at_administration,
    administered_calibration,
    camera_calibration,
    image_calibration,
    time_integrated_activity,
)
from sirtdose.dosimetry.image.calibrate import (
    CalibrationRequest,
    Calibrations,
    calibrate,
)
from sirtdose.errors import InputError, QuantityError, RangeError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.grid import Grid
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

Y90 = Nuclide.named("Y-90")
GRID = Grid.regular((4, 5, 6), spacing_mm=(5.0, 4.0, 2.5))


def image(quantity: Quantity = Quantity.COUNTS, scale: float = 1.0) -> Volume:
    data = np.random.default_rng(7).gamma(2.0, 50.0, GRID.shape) * scale
    return Volume(data, GRID, quantity)


def box(name: str, columns: slice, role: Role | None = None) -> Structure:
    mask = np.zeros(GRID.shape, bool)
    mask[..., columns] = True
    return Structure.named(name, mask, GRID, role).cropped()


def dose_of(activity: Volume, density: float = 1.0) -> Volume:
    tia = time_integrated_activity(activity, Y90)
    return compute_dose(tia, nuclide=Y90, density_g_per_ml=density).volume


class TestLocalDeposition:
    def test_one_gbq_in_one_kg(self) -> None:
        # Any spread over voxels: mean dose x mass is K times the activity.
        activity = image(Quantity.ACTIVITY, 1e-4)
        mass_kg = GRID.voxel_volume_ml * activity.data.size * 1.05 / 1000
        mean = dose_of(activity, 1.05).data.mean()
        assert mean * mass_kg == pytest.approx(49.67 * activity.total())

    @given(st.floats(0.1, 10))
    def test_linear_in_activity_and_inverse_in_density(self, factor: float) -> None:
        activity = image(Quantity.ACTIVITY, 1e-4)
        more = activity.with_data(activity.data * factor)
        np.testing.assert_allclose(
            dose_of(more).data, dose_of(activity).data * factor, rtol=1e-12
        )
        np.testing.assert_allclose(
            dose_of(activity, factor).data, dose_of(activity).data / factor, rtol=1e-12
        )

    def test_half_life_cancels_dose_constant_does_not(self) -> None:
        activity = image(Quantity.ACTIVITY, 1e-4)
        other = Y90.with_half_life(64.8)
        tia = time_integrated_activity(activity, other)
        dose = compute_dose(tia, nuclide=other, density_g_per_ml=1.0)
        np.testing.assert_allclose(dose.volume.data, dose_of(activity).data)
        assert dose.energy_recovered == pytest.approx(1.0, abs=1e-12)

    def test_what_is_no_activity_is_refused(self) -> None:
        with pytest.raises(QuantityError, match="expected TIME_INTEGRATED_ACTIVITY"):
            compute_dose(image(), nuclide=Y90, density_g_per_ml=1.0)
        nothing = Volume(np.zeros(GRID.shape), GRID, Quantity.TIME_INTEGRATED_ACTIVITY)
        with pytest.raises(QuantityError, match="contains no activity"):
            compute_dose(nothing, nuclide=Y90, density_g_per_ml=1.0)

    def test_unknown_method_and_bad_density_are_refused(self) -> None:
        tia = time_integrated_activity(image(Quantity.ACTIVITY), Y90)
        with pytest.raises(InputError, match="use local"):
            compute_dose(tia, nuclide=Y90, density_g_per_ml=1, method="magic")
        with pytest.raises(RangeError, match="density g/mL is -1"):
            compute_dose(tia, nuclide=Y90, density_g_per_ml=-1)


class TestCalibrations:
    def test_administered_gives_the_region_what_it_holds(self) -> None:
        region = box("Liver", slice(1, 4))
        calibration = administered_calibration(
            image(), activity_gbq=1.4, region=region, over="liver", numerator="treated"
        )
        activity = activity_at_administration(image(), calibration)
        values, part = region.values_in(activity)
        assert values @ part == pytest.approx(1.4)

    def test_negative_voxels_are_kept(self) -> None:
        noisy = image().with_data(image().data - 40)
        assert (noisy.data < 0).any()
        calibration = administered_calibration(
            noisy, activity_gbq=1.0, region=None, over="fov", numerator="treated"
        )
        assert activity_at_administration(noisy, calibration).total() == (
            pytest.approx(1.0)
        )

    def test_a_total_that_is_not_positive_is_refused(self) -> None:
        with pytest.raises(QuantityError, match="needs a total above 0"):
            administered_calibration(
                image().with_data(-image().data),
                activity_gbq=1,
                region=None,
                over="fov",
                numerator="treated",
            )

    def test_image_undoes_decay(self) -> None:
        # 24 h at 64.05 h leaves 0.77126 (hand factor): put back by dividing.
        calibration = image_calibration(
            image(Quantity.ACTIVITY_CONCENTRATION), nuclide=Y90, elapsed_h=24
        )
        voxel_ml = 0.05
        assert calibration.bq_per_unit == pytest.approx(voxel_ml / 0.77126, rel=1e-5)

    def test_image_needs_its_unit(self) -> None:
        with pytest.raises(QuantityError, match="expected ACTIVITY_CONCENTRATION"):
            image_calibration(image(), nuclide=Y90, elapsed_h=0)

    @given(st.floats(0, 100), st.floats(0.05, 2))
    def test_camera_finds_the_activity_that_made_the_counts(
        self, elapsed_h: float, duration_h: float
    ) -> None:
        sensitivity, true_mbq = 12.3, 1800.0
        # Counts second by second, not the closed form.
        seconds = duration_h * 3600
        times = elapsed_h + (np.arange(500) + 0.5) / 500 * duration_h
        counts = sensitivity * true_mbq * np.mean(0.5 ** (times / 64.05)) * seconds
        calibration = camera_calibration(
            cps_per_mbq=sensitivity,
            scan_duration_h=duration_h,
            nuclide=Y90,
            elapsed_h=elapsed_h,
        )
        assert counts * calibration.bq_per_unit == pytest.approx(true_mbq * 1e6)


class TestWhichActivityOverWhichRegion:
    LIVER = box("Liver", slice(0, 4))
    PERFUSED = box("Perfused", slice(0, 2))
    LUNGS = box("Lungs", slice(4, 6))
    LEDGER = Ledger(2.0, residual_gbq=0.2, lung_shunt_fraction=0.1)

    def used(self, *structures: Structure, over: object = None, lungs: float = 1.0):
        return calibrate(
            image(),
            {str(s.role): s for s in structures if s.role is not Role.LUNGS},
            request=CalibrationRequest(over=over),  # type: ignore[arg-type]
            ledger=self.LEDGER,
            nuclide=Y90,
            lungs_covered=lungs if self.LUNGS in structures else 0.0,
        ).used

    def test_perfused_before_liver_before_field_of_view(self) -> None:
        assert self.used(self.LIVER, self.PERFUSED).over == "perfused"
        assert self.used(self.LIVER).over == "liver"
        assert self.used(self.LUNGS).over == "fov"

    def test_treated_activity_in_liver(self) -> None:
        calibration = self.used(self.LIVER)
        values, part = self.LIVER.values_in(image())
        total_gbq = calibration.bq_per_unit * 1e-9 * (values @ part)
        assert total_gbq == pytest.approx(1.8 * 0.9)

    @pytest.mark.parametrize(
        ("covered", "gbq"), [(1.0, 1.8), (0.85, 1.8), (0.84, 1.62)]
    )
    def test_the_shunt_is_not_subtracted_twice_over_the_field_of_view(
        self, covered: float, gbq: float
    ) -> None:
        calibration = self.used(self.LIVER, self.LUNGS, over="fov", lungs=covered)
        total = calibration.bq_per_unit * 1e-9 * image().total()
        assert total == pytest.approx(gbq)

    def test_a_region_that_is_not_there(self) -> None:
        with pytest.raises(InputError, match="--calibrate-over perfused needs"):
            self.used(self.LIVER, over="perfused")


def calibrated(
    volume: Volume, regions: dict[str, Structure], request: CalibrationRequest
) -> tuple[Calibrations, list[Finding]]:
    found = calibrate(
        volume,
        regions,
        request=request,
        ledger=Ledger(1.4),
        nuclide=Y90,
        lungs_covered=0.0,
    )
    return found, calibration_findings(
        volume=volume, regions=regions, request=request, found=found
    )


class TestBothCalibrations:
    LIVER = box("Liver", slice(0, 6))

    def calibrated(self, in_image_gbq: float, method: str = "image", **extra: object):
        raw = image(Quantity.ACTIVITY_CONCENTRATION)
        scale = in_image_gbq * 1e9 / (raw.total() * GRID.voxel_volume_ml)
        volume = raw.with_data(raw.data * scale)
        request = CalibrationRequest(method=method, elapsed_h=0.0, **extra)  # type: ignore[arg-type]
        return calibrated(volume, {"liver": self.LIVER}, request)

    @pytest.mark.parametrize("method", ["image", "administered"])
    def test_the_image_is_heard_whichever_is_used(self, method: str) -> None:
        result, findings = self.calibrated(1.3, method)
        assert result.in_image_gbq == pytest.approx(1.3)
        ratio = result.alternative.bq_per_unit / result.used.bq_per_unit
        expected = 1.4 / 1.3 if method == "image" else 1.3 / 1.4
        assert ratio == pytest.approx(expected)
        [said] = [f for f in findings if f.code == "H13"]
        assert said.severity is Severity.NOTE

    @pytest.mark.parametrize(
        ("in_image_gbq", "asks"),
        [(1.4 / 1.26, True), (1.4 / 1.24, False), (1.4 / 0.81, False), (1.8, True)],
    )
    def test_disagreement_asks(self, in_image_gbq: float, asks: bool) -> None:
        codes = [(f.code, f.severity) for f in self.calibrated(in_image_gbq)[1]]
        assert (("H13", Severity.ASK) in codes) is asks

    def test_a_camera_factor_is_an_alternative_too(self) -> None:
        result = calibrate(
            image(),
            {"liver": self.LIVER},
            request=CalibrationRequest(
                cps_per_mbq=10.0, elapsed_h=24.0, scan_duration_h=0.5
            ),
            ledger=Ledger(1.4),
            nuclide=Y90,
            lungs_covered=0.0,
        )
        assert result.alternative.method == "camera"

    @pytest.mark.parametrize(
        ("request_", "says"),
        [
            (CalibrationRequest(method="image"), "--administered-at and --scan-at"),
            (
                CalibrationRequest(method="camera", cps_per_mbq=9.0, elapsed_h=1.0),
                "--scan-duration",
            ),
        ],
    )
    def test_what_a_decay_needs_is_asked_for(
        self, request_: CalibrationRequest, says: str
    ) -> None:
        raw = image(
            Quantity.ACTIVITY_CONCENTRATION
            if request_.method == "image"
            else Quantity.COUNTS
        )
        with pytest.raises(InputError, match=says):
            calibrate(
                raw,
                {"liver": self.LIVER},
                request=request_,
                ledger=Ledger(1.4),
                nuclide=Y90,
                lungs_covered=0.0,
            )

    def test_activity_outside_the_region_is_said(self) -> None:
        regions = {"liver": box("Liver", slice(0, 2))}
        _, findings = calibrated(image(), regions, CalibrationRequest())
        assert "H14" in {f.code for f in findings}


def test_energy_that_is_lost_is_refused() -> None:
    from sirtdose.dosimetry.engine.dose import _require_all_energy

    decays = np.full((2, 3, 4), 0.5)
    _require_all_energy(0.9995, decays, 12.0)
    said = "0.99800 of the energy was found"
    with pytest.raises(QuantityError, match=said):
        _require_all_energy(0.998, decays, 12.0)
