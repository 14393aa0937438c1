"""What is said of a camera's own file: each by its words, and by its severity."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sirtdose.checks.commissioned import (
    camera_counts_findings,
    camera_file_findings,
    no_camera_findings,
)
from sirtdose.errors import InputError
from sirtdose.io.tables.camera import camera_text
from sirtdose.model.commissioned import (
    CameraFactor,
    CameraUsed,
    Measured,
    ScanLive,
)
from sirtdose.model.finding import Finding
from sirtdose.model.grid import Grid
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest, Given, ImageRequest, PostRequest
from sirtdose.model.site import Camera
from sirtdose.model.volume import Quantity, Source, Volume
from sirtdose.workflows.image.camera import (
    camera_of_image,
    typed_findings,
    with_blur_of,
)
from sirtdose.workflows.post.camera import at_scan, by_camera
from tests.commissioned import commissioned, dead_time

HEADER = {"manufacturer": "Siemens", "station": "NM02", "protocol": "Y90 liver"}
DAY = date(2026, 3, 3)


def used(**change: Any) -> CameraUsed:
    return CameraUsed(commissioned(**change), Path("camera.toml"), HEADER)


def said(findings: list[Finding]) -> list[str]:
    return [f"{one.severity} {one.code} {one.message}" for one in findings]


def of_file(
    one: CameraUsed, day: date | None = DAY, nuclide: str = "Y-90", *, nameless: bool
) -> list[str]:
    found = camera_file_findings(used=one, nuclide=nuclide, day=day, nameless=nameless)
    return said(found)


def test_which_file_is_used_is_noted() -> None:
    found = of_file(used(sha256="0123456789abcdef"), nameless=False)
    assert found == [
        "note H46 camera 'room 2' is used as commissioned 2026-01-02 with nema-iec, "
        "Y-90, SHA-256 0123456789ab"
    ]


@pytest.mark.parametrize(
    ("day", "ends"), [(date(2027, 1, 2), ""), (date(2027, 1, 3), "2027-01-03")]
)
def test_a_file_that_had_expired_is_warned_of(day: date, ends: str) -> None:
    found = of_file(used(), day, nameless=False)[1:]
    assert found == (
        [
            "warn H46 the file of camera 'room 2' was valid until 2027-01-02, and the "
            f"scan is of {ends}: commission the camera again"
        ]
        if ends
        else []
    )


def test_another_nuclide_asks() -> None:
    (found,) = of_file(used(nuclide="Tc-99m"), nameless=False)[1:]
    assert found.startswith(
        "ask H46 camera 'room 2' was commissioned with Tc-99m, but the image is of Y-90"
    )


def test_what_is_not_known_is_not_checked() -> None:
    day, nuclide = of_file(used(), None, "", nameless=False)[1:]
    assert "needs the date of the scan" in day
    assert "needs an image that names it" in nuclide


def test_another_camera_asks_and_another_protocol_warns() -> None:
    header = {"manufacturer": "SIEMENS ", "station": "NM01", "serial": "7"}
    (found,) = of_file(used(header=header), nameless=False)[1:]
    assert found.startswith("ask H46 the image's header differs")
    assert "with: station 'NM02' instead of 'NM01'. Is it this camera?" in found
    (found,) = of_file(used(header=header), nameless=True)[1:]
    assert "NM02" not in found
    assert "with: station. Is it" in found
    (found,) = of_file(used(header={"protocol": "NEMA"}), nameless=False)[1:]
    assert found.startswith("warn H46")


def test_no_camera_that_matches_is_noted_where_there_are_files() -> None:
    own = Camera("one", {"model": "x"}, Path("camera.toml"))
    (found,) = said(no_camera_findings(HEADER, [own]))
    assert found.startswith("note H46 no camera of the site file with a file of its")
    assert "matches the header (Siemens)" in found
    assert no_camera_findings(HEADER, [Camera("one", {"model": "x"})]) == []


def counts(one: CameraUsed, calibration: str = "administered") -> list[str]:
    return said(camera_counts_findings(used=one, calibration=calibration, needed=True))


def test_dead_time_cancels_or_is_corrected() -> None:
    live = ScanLive(2.0, Measured(0.8, 0.01))
    one = replace(used(), live=live)
    (found,) = counts(one)
    assert found == (
        "note H13 2 GBq were in the field of view at the scan, where the camera loses "
        "20.0% +/- 1.0% of its counts (paralyzable, k = 1); this cancels in the "
        "patient-relative calibration"
    )
    (found,) = counts(replace(one, gives=("factor", "dead time")), "camera")
    assert found.endswith("k = 1); the calibration is corrected for it")
    (found,) = counts(one, "image")
    assert found.endswith("k = 1); it is not corrected")
    (found,) = counts(used())
    assert "camera dead time not checked: needs --administered-at" in found


def test_a_correction_beyond_what_was_measured_is_warned_of() -> None:
    live = ScanLive(4.0, Measured(0.8, 0.01), "above")
    one = replace(used(), live=live, gives=("factor", "dead time"))
    assert counts(one)[1] == (
        "warn H13 4 GBq at the scan is above the 0.3 to 3 GBq over which the camera's "
        "dead time was measured: the correction, a factor of 1.25, is extrapolated"
    )
    assert len(counts(replace(one, gives=()))) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"dead_time": None}, "has no dead time"),
        (
            {"factor": CameraFactor(Measured(10.0, 0.1), "cps/MBq")},
            "has a factor at an unknown live fraction",
        ),
        ({}, "cannot tell it without the time of the scan"),
    ],
)
def test_a_factor_without_dead_time_is_warned_of(
    change: Mapping[str, Any], why: str
) -> None:
    (found,) = counts(replace(used(**change), gives=("factor",)))
    assert found == (
        f"warn H13 camera 'room 2' {why}: counts lost at the scan are not corrected"
    )


def image(quantity: Quantity = Quantity.COUNTS, **source: Any) -> Volume:
    values = {"modality": "NM", "camera": HEADER} | source
    grid = Grid.regular((4, 4, 4), spacing_mm=(4.0, 4.0, 4.0))
    return Volume(np.ones((4, 4, 4)), grid, quantity, Source(**values))


@pytest.mark.parametrize(
    ("dose", "shown", "why"),
    [
        ({}, {}, "the duration of the scan is needed, --scan-duration"),
        (
            {"scan_duration_h": 0.5},
            {"quantity": Quantity.ACTIVITY_CONCENTRATION},
            "it is in cps/MBq, and the image in Bq/mL",
        ),
        (
            {"scan_duration_h": 0.5},
            {"decay_correction": "DECY"},
            "the image's counts are decay-corrected (DECY)",
        ),
    ],
)
def test_why_there_is_no_second_calibration_is_noted(
    dose: dict[str, Any], shown: dict[str, Any], why: str
) -> None:
    request = DoseRequest(**dose)
    found, one = by_camera(request, image(**shown), used())
    assert found.cps_per_mbq is None
    assert one is not None
    assert (
        f"note H13 the factor of camera 'room 2' gives no second calibration: {why}"
        in counts(replace(one, live=ScanLive(1.0, Measured(0.9, 0.01))))
    )


def test_a_fitted_width_goes_with_the_tail_of_the_camera() -> None:
    found, one = by_camera(DoseRequest(psf_mm="fit", pvc="gtm"), image(), used())
    blur = used().camera.blur
    assert blur is not None
    assert (found.psf_mm, found.psf_tail) == ("fit", blur.tail)
    assert one is not None
    assert "tail" in one.gives
    assert "blur" not in one.gives
    typed = DoseRequest(psf_mm="fit", psf_tail=(0.1, 70.0), pvc="gtm")
    assert with_blur_of(typed, used()).psf_tail == (0.1, 70.0)
    assert said(typed_findings(typed, used())) == []


def test_what_is_typed_wins_and_is_said() -> None:
    request = DoseRequest(psf_mm=(9.0, 9.0, 9.0), pvc="gtm", cps_per_mbq=12.0)
    assert with_blur_of(request, used()) == request
    assert said(typed_findings(request, used(), "--calibration")) == [
        "note H46 --psf, --calibration: used instead of what camera 'room 2' has"
    ]
    assert typed_findings(DoseRequest(psf_mm="camera"), used()) == []


def test_blur_and_factor_are_those_of_the_file() -> None:
    """The widths of the fit with a Gaussian tail, with that tail."""
    request = DoseRequest(pvc="gtm", psf_mm="camera", scan_duration_h=0.5)
    live = ScanLive(2.0, Measured(0.8, 0.016))
    found, one = by_camera(request, image(), replace(used(), live=live))
    assert (found.psf_mm, found.psf_tail) == ((12.5, 12.5, 14.5), (0.05, 60.0))
    assert (found.cps_per_mbq, found.live_fraction) == (10.0, 0.8)
    assert one is not None
    assert one.gives == ("blur", "factor", "dead time")
    # 1 % of the factor and 2 % of the live fraction.
    assert one.factor_relative == pytest.approx(5**0.5 / 100)
    pet = commissioned(factor=CameraFactor(Measured(0.95, 0.019), "shown/true"))
    found, one = by_camera(
        DoseRequest(),
        image(Quantity.ACTIVITY_CONCENTRATION),
        CameraUsed(pet, Path("camera.toml")),
    )
    assert (found.shown_over_true, found.cps_per_mbq) == (0.95, None)
    assert one is not None
    assert one.factor_relative == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("dose", "change", "said"),
    [
        ({"psf_mm": "camera"}, {"blur": None}, "the blur of the camera is not known"),
        ({"calibration": "camera"}, {"factor": None}, "'room 2' has no factor"),
    ],
)
def test_what_is_asked_of_a_file_that_has_it_not(
    dose: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        by_camera(DoseRequest(**dose), image(), used(**change))
    with pytest.raises(InputError, match="name a camera's file with --camera"):
        by_camera(DoseRequest(**dose), image(), None)


def test_activity_in_view_is_the_mean_over_the_scan() -> None:
    """2.2 GBq, one half-life later, over another one: x 0.5 x 0.5 / ln 2."""
    y90 = Nuclide.named("Y-90")
    request = PostRequest(
        ImageRequest(Path()),
        Given(y90, administered_gbq=2.2),
        DoseRequest(scan_duration_h=64.05),
    )
    found = at_scan(
        used(dead_time=dead_time(measured_gbq=(1.0, 3.0))),
        image(),
        Ledger(2.2),
        nuclide=y90,
        request=request,
        elapsed_h=64.05,
    ).live
    assert found is not None
    assert found.in_view_gbq == pytest.approx(2.2 * 0.25 / 0.693147, rel=1e-5)
    assert found.outside == "below"


@pytest.fixture
def cameras(tmp_path: Path) -> dict[str, Camera]:
    """Two of one kind, two files of one camera by nuclide, one without a file."""

    def saved(name: str, nuclide: str = "Y-90", **tells: str) -> Camera:
        path = tmp_path / f"{name}.toml"
        path.write_text(camera_text(commissioned(name=name, nuclide=nuclide)), "utf-8")
        return Camera(name, tells, path)

    return {
        "any": saved("any", manufacturer="siemens*"),
        "own": saved("own", manufacturer="siemens*", station="NM02"),
        "twin": saved("twin", manufacturer="Siemens", station="nm0?"),
        "scout": saved("scout", "Tc-99m", manufacturer="Siemens", station="nm0?"),
        "bare": Camera("bare", {"station": "NM02", "manufacturer": "S*"}),
    }


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("any", "any"),
        ("any own", "own"),
        ("any own scout", "own"),
        ("twin scout", "twin"),
        # Of another nuclide none is, though no other matches.
        ("scout", None),
        # The camera that tells most has no file.
        ("any bare", None),
    ],
)
def test_the_camera_is_chosen_by_its_header(
    cameras: dict[str, Camera], names: str, found: str | None
) -> None:
    known = tuple(cameras[name] for name in names.split())
    request = ImageRequest(Path(), cameras=known)
    one, findings = camera_of_image(image(), request, nuclide="Y-90", day=DAY)
    assert (one and one.camera.name) == found
    assert [one.code for one in findings] == ["H46"]


def test_the_camera_of_scouts_is_that_of_their_nuclide(
    cameras: dict[str, Camera],
) -> None:
    known = (cameras["own"], cameras["scout"])
    request = ImageRequest(Path(), cameras=known)
    one, _ = camera_of_image(image(), request, nuclide="Tc-99m", day=DAY)
    assert one is not None
    assert (one.camera.name, one.camera.nuclide) == ("scout", "Tc-99m")
    only = replace(request, cameras=known[:1])
    one, findings = camera_of_image(image(), only, nuclide="Tc-99m", day=DAY)
    assert one is None
    assert said(findings) == [
        "note H46 no camera is used: the image is of Tc-99m, and what its header "
        "matches in the site file was commissioned with Y-90. Commission the camera "
        "with Tc-99m too"
    ]


def test_a_camera_of_another_nuclide_gives_no_more_than_its_blur(
    cameras: dict[str, Camera],
) -> None:
    request = ImageRequest(Path(), camera=cameras["scout"].file)
    one, findings = camera_of_image(image(), request, nuclide="Y-90", day=DAY)
    assert one is not None
    assert [f.severity for f in findings] == ["note", "ask"]
    assert "no more of it than blur and recovery is used" in findings[1].message
    camera = one.camera
    assert (camera.factor, camera.dead_time, camera.noise) == (None, None, None)
    assert camera.blur is not None
    dose = DoseRequest(psf_mm="camera", pvc="gtm", scan_duration_h=0.5)
    found, one = by_camera(dose, image(), one)
    assert (found.psf_mm, found.cps_per_mbq) == ((12.5, 12.5, 14.5), None)
    assert one is not None
    assert one.gives == ("blur",)
    why = "'scout' was commissioned with Tc-99m, and the image is of Y-90"
    with pytest.raises(InputError, match=why):
        by_camera(replace(dose, calibration="camera"), image(), one)


def test_two_that_match_as_well_are_a_question(cameras: dict[str, Camera]) -> None:
    known = (cameras["own"], cameras["twin"], cameras["scout"])
    request = ImageRequest(Path(), cameras=known)
    with pytest.raises(InputError) as error:
        camera_of_image(image(), request, nuclide="Y-90")
    assert "matches 'own' and 'twin' of the site file equally" in str(error.value)
    assert cameras["any"].file is not None
    named = replace(request, camera=cameras["any"].file)
    one, _ = camera_of_image(image(), named, nuclide="Y-90")
    assert one is not None
    assert one.camera.name == "any"
