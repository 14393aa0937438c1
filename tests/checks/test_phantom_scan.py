"""What a scan of a phantom leaves in doubt: each finding, and where it is silent."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from sirtdose.checks.commissioned_camera import (
    camera_findings,
    drift_findings,
    factor_findings,
    nuclide_findings,
    outside_findings,
    series_findings,
    yield_findings,
)
from sirtdose.checks.phantom_scan import (
    blur_findings,
    ct_findings,
    elapsed_findings,
    filling_findings,
    phantom_findings,
    ratio_findings,
    total_findings,
)
from sirtdose.dosimetry.commission.ct_outline import CtOutline, ct_outline
from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.dosimetry.commission.placement import Placement
from sirtdose.dosimetry.commission.quality import Quality
from sirtdose.dosimetry.commission.results import CommissionedScan, Filling
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.dosimetry.commission.view import Pose
from sirtdose.io.tables.phantom import phantom_of
from sirtdose.model.commissioned import (
    CameraBlur,
    CameraFactor,
    Commissioned,
    Measured,
)
from sirtdose.model.emitter import Emitter
from sirtdose.model.finding import Finding
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity, Source, Volume
from sirtdose.workflows.commission.camera import drift_of

NEMA = phantom_of("nema-iec")
GRID = Grid.regular((2, 2, 2), spacing_mm=(4.0, 4.0, 4.0))
POSE = Pose((0.0, -25.8, 27.0))
BLUR = CameraBlur(
    Measured(14.0, 0.1), Measured(13.0, 0.1), Measured(0.07, 0.01), Measured(50.0, 5.0)
)
NAMES = ("in_plane_mm", "axial_mm", "spheres_in_plane_mm", "spheres_axial_mm")


def fit(width: float = 14.0, misfit: float = 1.0, **others: object) -> PhantomFit:
    one = PhantomFit(
        form="gaussian",
        pose=POSE,
        in_plane_mm=width,
        axial_mm=13.0,
        edge=0.0,
        sharp=0,
        tail_fraction=0.07,
        tail_fwhm_mm=50.0,
        concentrations={"background": 1.0, "spheres": 8.0},
        standard=dict.fromkeys(NAMES, 0.05),
        misfit=misfit,
        independent=1000.0,
        model=np.zeros((2, 2, 2), np.float32),
    )
    return replace(one, **others)  # type: ignore[arg-type]


def scan(**others: object) -> PhantomScan:
    one = PhantomScan(
        placement=Placement(POSE, 14.0, unexplained=0.001, otherwise=0.02),
        grid=GRID,
        image=np.ones((2, 2, 2), np.float32),
        fits=(fit(),),
        plain=fit(16.1, 1.5),
        apart=None,
        blur=BLUR,
        total=Measured(1e7, 1e4),
        fitted_total=Measured(1.005e7, 1e4),
        ratio=Measured(8.05, 0.04),
        recovery=(),
        curve=(),
        quality=Quality(0.0, 0.0, 0.0, 0.0, {}, {}, {}),
    )
    return replace(one, **others)  # type: ignore[arg-type]


def placed(unexplained: float, otherwise: float, pose: Pose = POSE) -> PhantomScan:
    return scan(
        placement=Placement(pose, 14.0, unexplained, otherwise),
        fits=(fit(pose=pose),),
    )


def said(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.code, str(one.severity)) for one in found]


def test_the_right_phantom_is_shown_where_it_lies() -> None:
    [one] = phantom_findings("a.dcm", scan(), NEMA)
    assert said([one]) == [("H16", "note")]
    assert "x, y, z = 0.0, -25.8, 27.0 mm" in one.message


def test_another_phantom_stops_with_what_to_type() -> None:
    [one] = phantom_findings("a.dcm", placed(0.31, 0.32), NEMA)
    assert said([one]) == [("H47", "stop")]
    assert "leaves 31.0% of the image unexplained" in one.message
    assert "Give the right --phantom" in one.message


def test_a_phantom_that_explains_little_asks() -> None:
    found = phantom_findings("a.dcm", placed(0.06, 0.2), NEMA)
    assert said(found) == [("H16", "note"), ("H47", "ask")]


@pytest.mark.parametrize(
    ("otherwise", "asks"), [(0.0010001, False), (0.0013, True), (0.002, False)]
)
def test_a_phantom_that_may_lie_another_way(otherwise: float, asks: bool) -> None:
    """The same way round, found twice, is no other way."""
    found = phantom_findings("a.dcm", placed(0.001, otherwise), NEMA)
    assert (("H47", "ask") in said(found)) is asks
    alone = phantom_findings("a.dcm", placed(0.001, otherwise), phantom_of("cylinder"))
    assert said(alone) == [("H16", "note")]


def test_a_phantom_that_is_tilted_asks() -> None:
    tilted = placed(0.001, 0.02, Pose((0.0, 0.0, 0.0), (12.0, 0.0, 90.0)))
    assert said(phantom_findings("a.dcm", tilted, NEMA))[1] == ("H16", "ask")
    assert len(phantom_findings("a.dcm", tilted, phantom_of("vial"))) == 1
    over = placed(0.001, 0.02, Pose((0.0, 0.0, 0.0), (0.0, 175.0, 40.0)))
    assert len(phantom_findings("a.dcm", over, NEMA)) == 1


@pytest.mark.parametrize(
    ("offset", "severity"),
    [((1.0, 2.0, 2.0), "note"), ((3.0, 4.0, 12.0), "warn"), ((0.0, 0.0, 21.0), "ask")],
)
def test_where_the_ct_shows_it(
    offset: tuple[float, float, float], severity: str
) -> None:
    [one] = ct_findings("a.dcm", CtOutline(offset, 1e4))
    assert said([one]) == [("H16", severity)]


def test_a_ct_that_is_not_there_or_shows_something_else() -> None:
    [one] = ct_findings("a.dcm", None)
    assert "not checked: needs a CT" in one.message
    [other] = ct_findings("a.dcm", CtOutline(None, 1.0, "the CT shows a table"))
    assert "the CT shows a table" in other.message


def test_the_ratio_that_was_poured() -> None:
    """8.6 over 8 is 7.5 % more."""
    assert said(ratio_findings("a", Measured(8.1, 0.05), 8.0)) == [("H47", "note")]
    [one] = ratio_findings("a", Measured(8.6, 0.05), 8.0)
    assert (one.severity, "+7.5%" in one.message) == ("ask", True)
    assert said(ratio_findings("a", Measured(8.6, 0.4), 8.0)) == [("H47", "note")]
    assert ratio_findings("a", None, 8.0) == []


def test_a_total_that_the_model_has_not() -> None:
    assert total_findings("a", scan()) == []
    [one] = total_findings("a", scan(fitted_total=Measured(9.7e6, 1e4)))
    assert (one.code, one.severity) == ("H14", "warn")
    assert "+3.1%" in one.message


def test_a_plain_gaussian_is_shown_beside() -> None:
    """16.1 mm instead of 14 mm."""
    [one] = blur_findings("a", scan())
    assert "16.1 mm wide in plane, +15%" in one.message
    assert "1.50 times" in one.message


def test_widths_that_differ_are_warned_of() -> None:
    apart = fit(14.5, spheres_mm=(13.0, 13.0))
    found = blur_findings("a", scan(apart=apart))
    assert said(found) == [("H20", "note"), ("H20", "warn")]
    assert "14.5 mm in plane, its spheres 13.0 mm" in found[1].message


def test_a_scan_long_after_its_activity() -> None:
    assert elapsed_findings("a", elapsed_h=24.0, half_life_h=64.05) == []
    for hours in (-70.0, 700.0):
        [one] = elapsed_findings("a", elapsed_h=hours, half_life_h=64.05)
        assert (one.code, one.severity) == ("H09", "ask")


def filling() -> Filling:
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    nuclide = Nuclide.named("Y-90")
    return Filling(NEMA, 400.0, at, nuclide, {"background": 0.04, "spheres": 0.3})


def test_what_is_not_known_of_the_filling() -> None:
    dimensions, uncertainty = filling_findings(filling(), None)
    assert "70 mm from the spheres" in dimensions.message
    assert "give --activity-uncertainty" in uncertainty.message
    assert len(filling_findings(filling(), 0.02)) == 1


def commissioned(
    factor: float, *, counts: bool = True, live: bool = True
) -> CommissionedScan:
    return CommissionedScan(
        file="a.dcm",
        sha256="",
        files=1,
        scan_start=datetime(2026, 3, 2, 9, tzinfo=UTC),
        duration_s=1200.0,
        activity_mbq={"background": 300.0, "spheres": 100.0},
        scan=scan(),
        rate_cps=Measured(1000.0, 1.0) if counts else None,
        factor=Measured(factor, 0.01),
        live_fraction=Measured(0.97, 0.001) if live else None,
    )


def before(factor: float = 8.0, unit: str = "cps/MBq", **header: str) -> Commissioned:
    day = datetime(2025, 3, 2, tzinfo=UTC).date()
    return Commissioned(
        "ours", day, day, "Y-90", "nema-iec", BLUR,
        CameraFactor(Measured(factor, 0.02), unit), header=header,
    )  # fmt: skip


def test_a_factor_that_no_camera_has() -> None:
    assert factor_findings(commissioned(8.0), None) == []
    [one] = factor_findings(commissioned(0.22), None)
    assert (one.code, one.severity) == ("H05", "ask")


def test_a_photon_emitter_has_bounds_of_its_own() -> None:
    """Two heads of 91 cps/MBq, and that over 37, which microspheres could have."""
    assert factor_findings(commissioned(182.0), None, nuclide="Tc-99m") == []
    [one] = factor_findings(commissioned(182 / 37), None, nuclide="Tc-99m")
    assert (one.code, one.severity) == ("H05", "ask")
    assert "have 5 to 1000 cps/MBq of Tc-99m" in one.message
    [one] = factor_findings(commissioned(182.0), None)
    assert "have 0.5 to 150 cps/MBq of Y-90" in one.message


def test_an_activity_that_no_phantom_holds() -> None:
    many = replace(commissioned(8.0), activity_mbq={"background": 21000.0})
    [one] = factor_findings(many, None)
    assert "with 21 GBq in view" in one.message


def test_a_factor_far_from_that_of_the_series() -> None:
    """8 over 0.5 is 16."""
    assert series_findings(commissioned(8.0), 4.0) == []
    [one] = series_findings(commissioned(8.0), 0.5)
    assert (one.code, one.severity) == ("H05", "ask")
    assert "16 times that of --series" in one.message


def test_a_factor_37_times_the_last_one() -> None:
    """37 x 3 = 111 cps/MBq could be a camera's."""
    [one] = factor_findings(commissioned(111.0), before(3.0))
    assert "near 37" in one.message
    assert factor_findings(commissioned(111.0), None) == []


def test_an_image_in_another_unit() -> None:
    [one] = factor_findings(commissioned(0.027, counts=False), None)
    assert "near 1/37" in one.message
    [one] = factor_findings(commissioned(3.0, counts=False), None)
    assert (one.code, one.severity) == ("H12", "ask")


def test_a_factor_without_its_live_fraction() -> None:
    [one] = factor_findings(commissioned(8.0, live=False), None)
    assert (one.code, one.severity) == ("H13", "warn")
    assert "about 400 MBq" in one.message
    [pet] = factor_findings(commissioned(1.0, counts=False, live=False), None)
    assert pet.severity == "note"


def test_a_scan_outside_what_the_series_measured() -> None:
    assert outside_findings(commissioned(8.0), (100.0, 3000.0)) == []
    [one] = outside_findings(commissioned(8.0), (500.0, 3000.0))
    assert "outside the 500 to 3000 MBq" in one.message


def test_a_pet_that_was_told_another_nuclide() -> None:
    """0.0000319 of 0.967 is 1 in 30,300."""
    shown = Measured(3.3e-5, 3e-7)
    [one] = yield_findings(shown, filling(), None)
    assert (one.code, one.severity) == ("H11", "stop")
    assert "--header-nuclide-was F-18" in one.message
    [known] = yield_findings(shown, filling(), "F-18")
    assert known.severity == "warn"
    assert known.value == pytest.approx(30303, rel=1e-3)
    assert yield_findings(Measured(0.98, 0.01), filling(), None) == []
    [far] = yield_findings(Measured(5e-5, 3e-7), filling(), "F-18")
    assert far.severity == "ask"
    told = commissioned(3.3e-5, counts=False)
    assert factor_findings(told, None, explained=True) == []


def test_another_nuclide_than_the_phantom_holds() -> None:
    nuclide = Nuclide.named("Y-90")
    source = Source(
        modality="NM", nuclide_in_header="Tc-99m", nuclide_words=("Tc-99m",)
    )
    [one] = nuclide_findings("a", source=source, nuclide=nuclide, nuclide_was=None)
    assert (one.code, one.severity) == ("H11", "ask")
    assert one.message.endswith("; for a phantom of Tc-99m give --nuclide Tc-99m")
    same = replace(source, nuclide_in_header="Y-90", nuclide_words=("Y-90",))
    assert nuclide_findings("a", source=same, nuclide=nuclide, nuclide_was=None) == []
    [told] = nuclide_findings(
        "a", source=replace(same, modality="PT"), nuclide=nuclide, nuclide_was="F-18"
    )
    assert "reconstructed as F-18" in told.message


def test_a_pet_of_the_nuclide_that_its_header_names() -> None:
    """0.967 positrons per decay, and C-11 has 0.998: a factor of 1 tells neither."""
    source = Source(modality="PT", nuclide_in_header="F-18", nuclide_words=("F-18",))
    y90, f18 = Nuclide.named("Y-90"), Emitter.tabulated("F-18")
    assert f18 is not None
    [one] = nuclide_findings("a", source=source, nuclide=y90)
    assert "but the phantom is said to hold Y-90: is this the image" in one.message
    assert one.message.endswith("; for a phantom of F-18 give --nuclide F-18")
    assert nuclide_findings("a", source=source, nuclide=f18) == []
    held = replace(filling(), nuclide=f18)
    assert yield_findings(Measured(0.98, 0.01), held, None) == []
    # 0.967 / 0.175 = 5.53.
    [one] = yield_findings(Measured(5.5, 0.01), held, None)
    assert "told Cu-64 instead of F-18" in one.message


def test_two_cameras() -> None:
    one = {"manufacturer": "A", "serial": "1", "collimator": "HEGP"}
    assert camera_findings([one, one, {"manufacturer": "a"}]) == []
    [asked] = camera_findings([one, one | {"serial": "2"}])
    assert "differ in serial" in asked.message


def test_a_camera_that_drifted() -> None:
    """8.8 over 8 is 10 % more, and more than 5 %."""
    drift = drift_of(before(8.8), before(8.0), {})
    assert [(one.name, one.passed) for one in drift] == [
        ("factor", False),
        ("width in plane", True),
        ("axial width", True),
    ]
    assert drift[0].relative == pytest.approx(0.1)
    [one] = drift_findings(drift, before(8.0), {})
    assert (one.code, one.severity) == ("H47", "ask")
    assert drift_findings(drift_of(before(8.8), before(), {"factor": 0.11}),
                          before(), {}) == []  # fmt: skip


def test_a_drift_within_its_uncertainty_warns() -> None:
    unsure = replace(before(8.8), factor=CameraFactor(Measured(8.8, 0.6), "cps/MBq"))
    [one] = drift_findings(drift_of(unsure, before(), {}), before(), {})
    assert one.severity == "warn"


def test_the_last_file_of_another_camera() -> None:
    [one] = drift_findings((), before(model="B"), {"model": "A"})
    assert "header differs in model" in one.message


def test_the_outline_on_a_ct() -> None:
    """A cylinder of water, in air, 6 mm to the left of where the image shows it."""
    grid = Grid.regular((60, 70, 70), spacing_mm=(4.0, 4.0, 4.0))
    x, y, z = np.moveaxis(
        grid.world_mm(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0
    )
    inside = (np.hypot(x - 142, y - 136) < 108) & (abs(z - 118) < 93)
    ct = Volume(np.where(inside, 0.0, -1000.0), grid, Quantity.CT_NUMBER)
    found = ct_outline(ct, phantom_of("cylinder"), Pose((136.0, 136.0, 118.0)))
    assert found.offset_mm == pytest.approx((-6.0, 0.0, 0.0), abs=0.3)
    other = ct_outline(ct, phantom_of("sphere"), Pose((136.0, 136.0, 118.0)))
    assert "another phantom" in other.why
    empty = Volume(np.full(grid.shape, -1000.0), grid, Quantity.CT_NUMBER)
    assert "nothing above" in ct_outline(empty, NEMA, POSE).why


def test_a_phantom_that_is_cut_off_warns() -> None:
    found = phantom_findings("scan", scan(cut=("z",)), NEMA)
    [warned] = [one for one in found if "edge of the image along z" in one.message]
    assert (warned.code, warned.severity) == ("H47", "warn")
    assert "which nothing else tells here" in warned.message


def test_spheres_that_are_not_where_they_should_be_ask() -> None:
    found = phantom_findings("scan", scan(unlike={"37 mm": 0.6, "28 mm": -0.3}), NEMA)
    [asked] = [one for one in found if "not as the fit has them" in one.message]
    assert (asked.code, asked.severity) == ("H47", "ask")
    assert "37 mm by +60%, 28 mm by -30%" in asked.message


def test_an_overshoot_around_spheres_alone_warns() -> None:
    def overshoots(**change: Any) -> list[str]:
        found = phantom_findings("scan", scan(fits=(fit(**change),)), NEMA)
        return [one.severity for one in found if "edges overshoot" in one.message]

    assert overshoots(sharp=2, edge=0.8, concentrations={"spheres": 8.0}) == ["warn"]
    assert overshoots(concentrations={"spheres": 8.0}) == []
    assert overshoots(sharp=2, edge=0.8) == []
