"""The page and the tables of a commissioning."""

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from sirtdose.model.grid import Grid
from sirtdose.model.solid import Ball, Cylinder, Prism
from sirtdose.report.commission.page import (
    COMMISSION_PAGES,
    commission_page,
    commission_pages,
)
from sirtdose.report.commission.places import (
    depth_mm,
    inside_outline,
    placement_planes,
)
from sirtdose.report.commission.plot import HEIGHT, Axis, Curve, plot
from sirtdose.report.commission.profiles import profiles
from sirtdose.report.commission.tables import COMMISSION_TABLES, commission_tables
from tests import commissioning

# The most that a page may hold.
BYTES_MAX = 1_500_000


def words(html: str) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def html() -> str:
    return commission_page(
        commissioning.commissioning(findings=[commissioning.QUESTION]),
        "name = 'room 2'",
    )


@pytest.mark.parametrize(
    "said",
    [
        # 10.5 and 1.96 x 0.05 = 0.098 to both sides.
        "Calibration factor 10.500 cps/MBq 10.402 to 10.598",
        "FWHM in plane 18.00 mm 17.80 to 18.20",
        "FWHM axial 16.00 mm 15.80 to 16.20",
        # 7 % and 1.96 x 0.2 % = 0.39 %.
        "Counts in the tail 7.00 % 6.61 to 7.39",
        # 1 - exp(-0.4) = 0.3297.
        "Dead-time loss at 4.00 GBq 32.9",
        "1/GBq",
        # Of 0.20 and 0.64 at 10 and 40 mm, ln 2 / ln 4 = half of the way: 0.42.
        "Recovery of 10 mm, 8:1 20.0 % 19.0 to 21.0",
        "Recovery of 20 mm, 8:1 42.0 % 41.0 to 43.0",
        "Recovery of 40 mm, 8:1 64.0 % 63.0 to 65.0",
        "Noise of a voxel 14.2 %",
    ],
)
def test_the_answer_has_numbers_with_units(html: str, said: str) -> None:
    assert said in words(html)


def test_the_answer_comes_first_then_questions_then_figures(html: str) -> None:
    said = words(html)
    order = ["Calibration factor", "What to worry about", "Drift since", "Scan 1: nema",
             "to be accepted", "Profiles through the spheres", "logarithmic",
             "What is left", "Forms of the blur", "Noise, contrast", "Dead time",
             "drawn by hand (not verified)", commissioning.SHA256]  # fmt: skip
    places = [said.index(one, said.index("Document")) for one in order[:-3]]
    assert places == sorted(places)
    assert all(one in said for one in order)
    assert "the fitted ratio is 8.0" in said.lower()
    assert "do not use this camera file" in said


def test_what_is_outside_of_its_tolerance_fails(html: str) -> None:
    said = words(html)
    # 5 % at a tolerance of 3 %, 0 % at 5 %.
    assert "+5.00 (± 1.37) ± 3.0 FAIL" in said
    assert "+0.00 (± 1.96) ± 5.0 pass" in said
    assert "Drift: 1 of 2 fail" in said


def test_a_first_commissioning_has_no_drift() -> None:
    page = commission_page(commissioning.commissioning(drifts=False), "x")
    assert "Drift" not in words(page)
    assert "No warnings" in words(page)


def test_a_page_names_no_station_that_it_was_not_given() -> None:
    one = commissioning.commissioning()
    kept = {
        k: v for k, v in one.camera.header.items() if k not in ("station", "serial")
    }
    scans = tuple(replace(scan, file="scan 1", header=kept) for scan in one.scans)
    bare = replace(one, camera=replace(one.camera, header=kept), scans=scans)
    page = commission_page(bare, "x")
    for telling in ("SPECT13", "SN-1481", "nema.dcm"):
        assert telling not in page
        assert telling in commission_page(one, "x")
    assert "Model A" in page
    assert "Scan 1 Image NM" in words(page)


def test_a_page_of_many_scans_stays_small_and_loads_nothing() -> None:
    page = commission_page(commissioning.commissioning(scans=6), "x")
    assert len(page.encode()) < BYTES_MAX
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)
    ids = re.findall(r'<path id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#(o[^"]+)"', page)) <= set(ids)


def test_a_phantom_without_spheres_has_a_curve_alone() -> None:
    one = commissioning.commissioning()
    scan = replace(one.scans[0].scan, recovery=(), ratio=None)
    bare = replace(one, scans=(replace(one.scans[0], scan=scan),))
    said = words(commission_page(bare, "x"))
    assert "blurred model, spheres in a wide background (8:1)" in said
    assert "blurred model, the phantom's spheres" not in said
    assert "image, fractional voxels" not in said
    assert "Spheres to background, fitted" not in said


def test_an_image_without_dead_time_has_no_section_of_it() -> None:
    one = replace(commissioning.commissioning(), dead_time=None)
    assert "dead time at" not in words(commission_page(one, "x"))
    assert rows(commission_tables(one)["dead_time.csv"]) == []


def test_the_tables_have_their_columns() -> None:
    one = commissioning.commissioning(scans=2)
    tables = commission_tables(one)
    assert tuple(tables) == COMMISSION_TABLES
    pages = commission_pages(one, "x")
    assert tuple(pages) == COMMISSION_PAGES
    assert {name: pages[name] for name in tables} == tables
    recovery = rows(tables["recovery.csv"])
    assert len(recovery) == 2 * (2 + 3)
    assert recovery[0] == {
        "scan": "1", "of": "phantom", "diameter_mm": "22", "ratio": "8",
        "model": "0.42", "model_standard": "0.005", "image": "0.4",
        "image_standard": "0.01",
    }  # fmt: skip
    assert recovery[2]["image"] == ""
    widths = rows(tables["widths.csv"])[:4]
    assert [one["form"] for one in widths] == [
        "gaussian", "exponential", "no tail", "gaussian, spheres apart",
    ]  # fmt: skip
    # 1.02 of 1 with 200 voxels: exp(-0.02 x 200 / 2) = exp(-2) = 0.13534; of the sum
    # of 1.13534 the first has 0.8808.
    assert float(widths[0]["weight"]) == pytest.approx(0.8808, abs=1e-4)
    assert widths[2]["tail_fwhm_mm"] == widths[2]["weight"] == ""
    assert widths[3]["spheres_in_plane_mm"] == "18.1"


def test_the_dead_time_table_has_a_row_a_scan_and_model() -> None:
    table = rows(commission_tables(commissioning.commissioning())["dead_time.csv"])
    assert [one["activity_mbq"] for one in table] == [
        "200", "500", "1000", "2000", "4000",
    ]  # fmt: skip
    assert {one["model"] for one in table} == {"paralyzable"}
    # 10 cps/MBq x 1000 MBq x exp(-0.1) = 9048.4 cps.
    assert float(table[2]["fitted_cps"]) == pytest.approx(9048.4, rel=1e-4)
    assert abs(float(table[2]["deviation"])) < 1e-4


def test_profiles_lead_through_spheres_and_outline() -> None:
    lines = profiles(commissioning.scan(), commissioning.phantom())
    assert [(one.name, one.axis) for one in lines] == [
        ("22 mm sphere", "x"), ("37 mm sphere", "x"), ("outline along x", "x"),
        ("outline along y", "y"), ("outline along z", "z"),
    ]  # fmt: skip
    largest, across = lines[1], lines[4]
    # It lies around 27 mm, and is cut at most 4 mm (half a voxel) beside its middle
    # along y and z: of 37 mm at least 2 x sqrt(18.5^2 - 2 x 4^2) = 35.2 mm.
    [(low, high)] = largest.inside
    assert (low + high) / 2 == pytest.approx(27, abs=0.3)
    assert 35.0 < high - low < 37.1
    assert largest.at_mm[largest.fit.argmax()] == pytest.approx(27, abs=4)
    # 70 mm from the middle, 30 mm outside: the tail is there, a Gaussian is not.
    outside = np.abs(np.abs(across.at_mm) - 70).argmin()
    assert across.fit[outside] > 100 * across.plain[outside]
    [(low, high)] = across.inside
    assert [low, high] == pytest.approx([-40, 40], abs=0.3)


def test_the_outline_is_drawn_where_the_phantom_lies() -> None:
    axial, *_ = placement_planes(commissioning.scan(), commissioning.phantom())
    assert set(axial.lines) == {"outline", "spheres", "cold parts"}
    # 120 mm and 35 mm to each side are 190 mm, 1000 units: 60 mm are 316 of them.
    numbers = [int(n) for n in re.findall(r"-?\d+", axial.lines["outline"])]
    assert min(numbers[::2]) == pytest.approx(500 - 316, abs=4)
    assert max(numbers[::2]) == pytest.approx(500 + 316, abs=4)
    # Two circles, the one on the left (larger x) with 37 mm.
    assert axial.lines["spheres"].count("M") == 2
    assert [text for *_, text in axial.labels] == ["37", "22"]
    assert axial.five_cm == pytest.approx(263, abs=1)


def test_voxels_inside_the_outline_fill_its_volume() -> None:
    scan = commissioning.scan()
    inside = inside_outline(scan, commissioning.phantom())
    assert isinstance(scan.grid, Grid)
    # pi x 6 cm x 6 cm x 8 cm = 904.8 mL.
    volume = inside.sum() * scan.grid.voxel_volume_ml
    assert volume == pytest.approx(904.8, rel=0.03)


def test_depths_change_their_sign_at_the_surface() -> None:
    square = Prism(((0.0, 0.0), (20.0, 0.0), (20.0, 10.0), (0.0, 10.0)), 0.0, 50.0)
    at = np.array([[10.0, 5.0, 25.0], [10.0, 13.0, 25.0], [10.0, 5.0, 52.0]])
    assert depth_mm(square, at).tolist() == [5.0, -3.0, -2.0]
    tube = Cylinder((0.0, 0.0, 0.0), 20.0, 40.0, 100.0)
    at = np.array([[0.0, 0.0, 0.0], [0.0, 19.0, 0.0], [11.0, 0.0, 0.0]])
    assert (depth_mm(tube, at) > 0).tolist() == [True, True, False]
    ball = Ball((5.0, 0.0, 0.0), 10.0)
    assert depth_mm(ball, np.array([[5.0, 3.0, 4.0]])).tolist() == [0.0]


def test_a_line_that_leaves_the_drawing_ends_at_its_edge() -> None:
    x, y = Axis("", 0.0, 4.0), Axis("", 0.0, 1.0)
    points = [(0.0, 0.5), (1.0, 1.5), (3.0, 1.5), (4.0, 0.5)]
    [drawn] = plot("", [Curve("", "#000", points)], x, y).curves
    ends = [[p.split(",") for p in line.split()] for line in drawn.lines]
    # It crosses 1 half of the way from x = 0 to 1, and from 3 to 4.
    assert len(ends) == 2
    left, right = 66.0, 388.0
    assert float(ends[0][-1][0]) == pytest.approx(
        left + 0.5 / 4 * (right - left), abs=0.1
    )
    assert float(ends[1][0][0]) == pytest.approx(
        left + 3.5 / 4 * (right - left), abs=0.1
    )
    assert {float(ends[0][-1][1]), float(ends[1][0][1])} == {12.0}
    assert all(0 <= float(b) <= HEIGHT for line in ends for _, b in line)
