"""`sirtdose response --scans`: the response of a patient from measured PETs."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import Result

from tests.uptake_files import write_patient

Run = Callable[..., Result]
PEAKS = ("anywhere", "at_maximum", "between", "max")


def lesion(
    name: str,
    *sul: float,
    mm: float = 30.0,
    short: float = 20.0,
    role: str = "tumor",
    tlg: float = 100.0,
) -> dict[str, Any]:
    """A lesion as suv.json has it: SUL by definition, the last again where few."""
    values = [*sul, *[sul[-1]] * (len(PEAKS) - len(sul))]
    by = dict(zip(PEAKS, values, strict=True))
    return {
        "name": name,
        "role": role,
        "volume_ml": 20.0,
        "sul": {"max": by["max"], "mean": sul[0] / 2, "peak": by},
        "above": {"41%": {"glycolysis_sul": tlg}},
        "diameters_mm": {
            "longest": mm,
            "short_axis": short,
            "longest_between_centers": max(mm - 5, 0),
            "short_axis_between_centers": max(short - 5, 0),
        },
    }


def scan(folder: Path, day: str, *lesions: dict[str, Any], **other: Any) -> Path:
    """A folder of `sirtdose suv`; `other` replaces what stands in its document."""
    document = {
        "schema": "sirtdose.suv/1",
        "case_id": "p1",
        "scan": {
            "started": f"{day}T10:15:00",
            "conventions": "strict",
            "camera": {"model": "mCT"},
            "tracer": {"named": ["FDG"], "injected_mbq": 310.0},
            "uptake_time_min": 62.0,
        },
        "body": {
            "weight_kg": 70.0,
            "height_cm": 168.0,
            "sex": "F",
            "lean_mass_formula": "janmahasatian",
        },
        "reference": {
            "liver": {"sul_mean": 1.6, "sul_sd": 0.2},
            "blood_pool": None,
            "blood_pool_rule": "2009",
        },
        "lesions": list(lesions),
    }
    for path, value in other.items():
        *parts, last = path.split("__")
        place: Any = document
        for part in parts:
            place = place[part]
        place[last] = value
    folder.mkdir()
    (folder / "suv.json").write_text(json.dumps(document), "utf-8")
    return folder


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """The hottest falls by 31 % anywhere, 29 % around its maximum."""
    before = scan(
        tmp_path / "a",
        "2026-03-01",
        lesion("T1", 8.0, 7.8, 8.1, 11.0),
        lesion("T2", 6.0, mm=24.0),
        lesion("T3", 5.0, mm=20.0),
        lesion("N1", 4.0, mm=26.0, short=17.0, role="tumor outside"),
    )
    after = scan(
        tmp_path / "b",
        "2026-05-03",
        lesion("T1", 5.5, 5.53, 5.6, 7.0, mm=22.0),
        lesion("T2", 2.0, mm=14.0),
        lesion("T3", 2.4, mm=12.0),
        lesion("N1", 4.2, mm=25.0, short=9.0, role="tumor outside"),
    )
    return before, after


def answers(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    document = json.loads((out / "response.json").read_text())
    return {
        (one["region"], one["variant"]["key"]): one
        for one in document["scans"]["answers"]
    }


def judged(run: Run, out: Path, *words: object) -> dict[str, Any]:
    done = run("response", "--scans", *words, "--out", out)
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads((out / "response.json").read_text())
    return document


def test_each_definition_gives_its_answer(
    run: Run, tmp_path: Path, two: tuple[Path, Path]
) -> None:
    out = tmp_path / "out"
    document = judged(run, out, *two, "--criteria", "percist")
    [case] = document["cases"]
    # 8.0 to 5.5 is -31.3 % and -2.5 SUL.
    assert case["best"]["response"] == "PMR"
    assert case["timepoints"][0]["change_from_baseline"] == pytest.approx(-0.3125)
    found = answers(out)
    around = found["whole", "at maximum"]
    # 7.8 to 5.53 is -29.1 %: stable.
    assert around["best"]["response"] == "SMD"
    assert around["timepoints"][0]["change_from_baseline"] == pytest.approx(
        -0.291, abs=5e-4
    )
    # At most two of an organ: 8 + 6 + 4 of a node is 18; then 5.5 + 2.4 + 4.2 = 12.1.
    five = found["whole", "sum of five"]
    assert five["baseline"] == pytest.approx(18.0)
    assert five["timepoints"][0]["sum"] == pytest.approx(12.1)
    # Over the liver, all of it: (8 + 6 + 5) / 1.6 to (5.5 + 2 + 2.4) / 1.6.
    liver = found["hepatic", "by liver"]
    assert liver["baseline"] == pytest.approx(19 / 1.6)
    assert liver["timepoints"][0]["change_from_baseline"] == pytest.approx(9.9 / 19 - 1)
    assert found["extrahepatic", "percist"]["best"]["response"] == "SMD"
    [said] = [one for one in document["notes"] if "depends on the definition" in one]
    assert "SMD" in said


def test_targeted_lesions_are_judged_apart(
    run: Run, tmp_path: Path, two: tuple[Path, Path]
) -> None:
    out = tmp_path / "out"
    judged(run, out, *two, "--criteria", "percist", "--targeted", "T2")
    found = answers(out)
    # 6 to 2 is two thirds less; the hottest of the others is T1.
    targeted = found["targeted", "percist"]["timepoints"][0]
    assert targeted["change_from_baseline"] == pytest.approx(-2 / 3, abs=1e-5)
    others = found["hepatic, not targeted", "percist"]
    assert others["baseline"] == 8.0
    rows = list(csv.DictReader((out / "variants.csv").read_text().splitlines()))
    assert {one["region"] for one in rows} == {
        *("whole", "hepatic", "targeted", "hepatic, not targeted", "extrahepatic")
    }


def test_the_sum_of_several(run: Run, tmp_path: Path, two: tuple[Path, Path]) -> None:
    words = ("--criteria", "mpercist", "--lesions-max", 2)
    document = judged(run, tmp_path / "out", *two, *words)
    [point] = document["cases"][0]["timepoints"]
    assert point["baseline"] == pytest.approx(14.0)
    # The hottest two of the scan, not the same two: 5.5 and 4.2.
    assert point["sum"] == pytest.approx(9.7)


def test_recist_from_contours(run: Run, tmp_path: Path, two: tuple[Path, Path]) -> None:
    words = ("--criteria", "recist-1.1", "--node", "N1")
    document = judged(run, tmp_path / "out", *two, *words)
    [case] = document["cases"]
    # Two of the liver, 30 and 24 mm, and the node by its short axis, 17 mm.
    assert case["baseline"]["sum"] == pytest.approx(71.0)
    assert case["baseline"]["lesions"] == ["T1", "T2", "N1"]
    # 22 + 14 + 9 = 45: -36.6 %.
    assert case["timepoints"][0]["sum"] == pytest.approx(45.0)
    assert case["best"]["response"] == "PR"


def test_recist_by_region_and_between_centers(
    run: Run, tmp_path: Path, two: tuple[Path, Path]
) -> None:
    words = ("--criteria", "recist-1.1", "--node", "N1", "--targeted", "T2")
    judged(run, tmp_path / "out", *two, *words)
    found = answers(tmp_path / "out")
    corners, centers = "outer corners", "voxel centers"
    # 30 and 24 mm to 22 and 14, and 5 mm less of each between centers; N1 is then
    # under 15 mm.
    hepatic = found["hepatic", corners]
    assert (hepatic["baseline"], hepatic["best"]["response"]) == (54, "PR")
    assert hepatic["timepoints"][0]["sum"] == 36
    assert found["whole", centers]["baseline"] == 25 + 19
    assert found["targeted", corners]["baseline"] == 24
    # T1 and T3, 30 and 20 mm.
    assert found["hepatic, not targeted", corners]["baseline"] == 50
    # A node of 17 mm that has 9.
    assert found["extrahepatic", corners]["best"]["response"] == "CR"
    assert found["extrahepatic", centers]["best"]["response"] == "NE"


def test_recist_of_small_nodes_and_others_that_grew(run: Run, tmp_path: Path) -> None:
    node = ("N1", 4.0)
    before = scan(
        tmp_path / "a",
        "2026-03-01",
        lesion("T1", 8.0),
        lesion(*node, mm=26, short=12, role="tumor outside"),
        # Of 9 mm a node is a normal one.
        lesion("N2", 4.0, mm=26, short=9, role="tumor outside"),
        reference__liver=None,
    )
    after = scan(
        tmp_path / "b",
        "2026-05-01",
        lesion(*node, mm=24, short=8, role="tumor outside"),
        lesion("N2", 4.0, mm=26, short=9, role="tumor outside"),
        reference__liver=None,
    )
    last = scan(
        tmp_path / "c",
        "2026-07-01",
        lesion(*node, mm=40, short=30, role="tumor outside"),
        lesion("N2", 4.0, mm=26, short=9, role="tumor outside"),
        lesion("T1", 2.0, mm=4),
        reference__liver=None,
    )
    words = ("--criteria", "recist-1.1", "--node", "N1", "--node", "N2")
    gone = ("--gone", "scan 2:T1")
    document = judged(run, tmp_path / "out", before, after, last, *words, *gone)
    points = document["cases"][0]["timepoints"]
    assert [one["response"] for one in points] == ["CR", "PD"]
    said = [one["message"] for one in document["warnings"]]
    assert any("'N1', a non-target, grew from 12 to 30 mm" in one for one in said)
    assert any("'T1' of scan 3 was not seen at the scan before" in one for one in said)
    assert document["scans"]["visits"][0]["reference_sul_mean"] is None


def test_a_lesion_that_is_gone_or_new_is_asked(
    run: Run, tmp_path: Path, two: tuple[Path, Path]
) -> None:
    before, _ = two
    after = scan(
        tmp_path / "c",
        "2026-06-01",
        lesion("T1", 3.0),
        lesion("Lesion B", 2.0),
        lesion("T9", 5.0),
        lesion("N1", 3.0, role="tumor outside"),
    )
    words = ("--criteria", "percist")
    asked = run("response", "--scans", before, after, *words)
    assert asked.exit_code == 3
    for said in (
        '--new "scan 2:T9"',
        '--new "scan 2:Lesion B"',
        '--gone "scan 2:T3"',
        '--gone "scan 2:T2"',
    ):
        assert said in " ".join(asked.output.split())
    told = ("--match", "T2=scan 2:Lesion B", "--gone", "scan 2:T3", "--new", "T9")
    document = judged(run, tmp_path / "out", before, after, *words, *told)
    assert document["cases"][0]["best"]["response"] == "PMD"
    lesions = {one["name"]: one for one in document["scans"]["visits"][1]["lesions"]}
    assert lesions["T2"]["sul_peak"] == 2.0
    assert lesions["T3"]["sul_peak"] == 0.0
    assert lesions["T9"]["new"] is True


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"scan__uptake_time_min": 80.0}, "uptake times are 62 and 80 min"),
        ({"scan__uptake_time_min": None}, "the uptake time of a scan is not known"),
        ({"scan__camera": {"model": "Discovery"}}, "model: 'mCT' and 'Discovery'"),
        ({"scan__tracer__injected_mbq": 200.0}, "activities are 310 and 200 MBq"),
        ({"body__weight_kg": 58.0}, "weights are 70 and 58 kg"),
    ],
)
def test_scans_that_can_hardly_be_compared(
    run: Run,
    tmp_path: Path,
    two: tuple[Path, Path],
    other: dict[str, Any],
    said: str,
) -> None:
    after = scan(tmp_path / "c", "2026-06-01", *_same(two[0]), **other)
    document = judged(run, tmp_path / "out", two[0], after, "--criteria", "percist")
    [found] = [one for one in document["warnings"] if one["code"] == "H49"]
    assert said in found["message"]


@pytest.mark.parametrize(
    ("other", "code", "said"),
    [
        ({"body__sex": "M"}, "H01", "sex is F at baseline and M at scan 2"),
        ({"body__height_cm": 175.0}, "H01", "168 cm at baseline and 175 cm"),
        ({"body__lean_mass_formula": "james"}, "H49", "lean body mass is by"),
        ({"scan__tracer__named": ["FET"]}, "H49", "tracers are 'FDG' at baseline"),
    ],
)
def test_scans_that_are_asked_about(
    run: Run,
    tmp_path: Path,
    two: tuple[Path, Path],
    other: dict[str, Any],
    code: str,
    said: str,
) -> None:
    after = scan(tmp_path / "c", "2026-06-01", *_same(two[0]), **other)
    words = ("response", "--scans", two[0], after, "--criteria", "percist")
    asked = run(*words)
    assert asked.exit_code == 3
    assert said in " ".join(asked.output.split())
    accepted = run(*words, "--accept", code, "--reason", "known")
    assert accepted.exit_code == 0, accepted.output


def test_fdg_is_one_tracer_by_any_name(
    run: Run, tmp_path: Path, two: tuple[Path, Path]
) -> None:
    other = {"scan__tracer__named": ["Fluorodeoxyglucose"]}
    after = scan(tmp_path / "c", "2026-06-01", *_same(two[0]), **other)
    found = run("response", "--scans", two[0], after, "--criteria", "percist")
    assert found.exit_code == 0, found.output


def _same(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "suv.json").read_text())[
        "lesions"
    ]
    return found


def test_what_cannot_be_judged_is_refused(
    run: Run, tmp_path: Path, two: tuple[Path, Path]
) -> None:
    before, after = two
    (tmp_path / "empty").mkdir()
    bare = scan(tmp_path / "bare", "2026-06-01", reference__liver=None)
    other = scan(tmp_path / "other", "2026-06-01", case_id="p2")
    timeless = scan(tmp_path / "timeless", "2026-06-01", scan__started=None)
    no_day = {"scan__started": None, "deidentified": True}
    nameless = scan(tmp_path / "nameless", "2026-06-01", **no_day)
    words = ("--criteria", "percist")
    for inputs, more, said in (
        ((after, before), words, "in the order of their dates"),
        ((before, before), words, "in the order of their dates"),
        ((before,), words, "at least two scans"),
        ((before, tmp_path / "empty"), words, "has no suv.json"),
        ((before, bare), words, "has no normal liver"),
        ((before, other), words, "several cases ('p1', 'p2'"),
        ((before, timeless), words, "does not state when the scan was"),
        ((before, nameless), words, "is de-identified, and a response needs the date"),
        ((before, after), ("--criteria", "mpercist"), "mpercist needs --lesions-max"),
        ((before, after), (*words, "--targeted", "T8"), "names no lesion"),
        ((before, after), (*words, "--match", "T1=T8"), "names no lesion"),
        ((before, after), (*words, "--organ", "T8=bone"), "names no lesion"),
        ((before, after), (*words, "--gone", "scan 2:T1"), "is missing at that scan"),
        ((before, after), (*words, "--confirmed"), "--confirmed is not for percist"),
        ((before, after), (*words, "--node", "N1"), "--node is not for percist"),
    ):
        refused = run("response", "--scans", *inputs, *more)
        assert refused.exit_code in (2, 3), said
        assert said in " ".join(refused.output.split())


def test_a_table_takes_nothing_that_is_for_scans(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("case_id,date,lesion,sul_peak,liver_mean,liver_sd\n")
    refused = run("response", table, "--criteria", "percist", "--node", "N1")
    assert refused.exit_code == 2
    assert "--node is for --scans" in refused.output


def test_blood_takes_the_place_of_a_diseased_liver(run: Run, tmp_path: Path) -> None:
    blood = {
        "reference__liver": None,
        "reference__blood_pool": {"sul_mean": 1.5, "sul_sd": 0.1},
    }
    before = scan(tmp_path / "a", "2026-03-01", lesion("T1", 3.3), **blood)
    after = scan(tmp_path / "b", "2026-05-01", lesion("T1", 1.4), **blood)
    words = ("--criteria", "percist")
    document = judged(run, tmp_path / "out", before, after, *words)
    # 2 x 1.5 + 2 x 0.1 = 3.2 can be followed; 1.4 is below the blood's mean.
    assert document["cases"][0]["best"]["response"] == "CMR"
    assert "above the blood pool" in document["cases"][0]["best"]["rule"]
    assert document["scans"]["visits"][0]["reference"] == "blood pool"
    assert ("whole", "by liver") not in answers(tmp_path / "out")
    low = scan(tmp_path / "c", "2026-02-01", lesion("T1", 3.1), **blood)
    document = judged(run, tmp_path / "out2", low, after, *words)
    rule = document["cases"][0]["best"]["rule"]
    assert "under 3.2 (2 x blood pool mean + 2 SD)" in rule
    # By the later version, 2 x mean, it can.
    low_2016 = scan(
        tmp_path / "d",
        "2026-02-01",
        lesion("T1", 3.1),
        **blood,
        reference__blood_pool_rule="2016",
    )
    document = judged(run, tmp_path / "out3", low_2016, after, *words)
    assert document["cases"][0]["best"]["response"] == "CMR"
    mixed = scan(tmp_path / "e", "2026-06-01", lesion("T1", 2.0))
    refused = run("response", "--scans", before, mixed, *words)
    assert refused.exit_code == 3
    assert "scan 2 no blood pool" in " ".join(refused.output.split())


def test_two_pets_from_dicom_to_response(run: Run, tmp_path: Path) -> None:
    """What takes up over 4 g/mL falls to 60 %, two months later; the liver stays."""
    first = write_patient(tmp_path / "first")
    later = write_patient(tmp_path / "later")
    for path in (later / "pet").iterdir():
        file = pydicom.dcmread(path)
        slope = float(file.RescaleSlope)
        # Bq/mL of an SUV of 4: 318 MBq, 63 min of 109.8 min, in 71 kg.
        bright = 4 * 318e6 * 2 ** (-63 / 109.8) / 71e3
        values = file.pixel_array.astype(float)
        values[values * slope > bright] *= 0.6
        file.PixelData = np.rint(values).astype("<u2").tobytes()
        for keyword in ("AcquisitionDate", "SeriesDate", "StudyDate"):
            setattr(file, keyword, "20260504")
        item = file.RadiopharmaceuticalInformationSequence[0]
        item.RadiopharmaceuticalStartDateTime = "20260504091230"
        file.save_as(path)
    folders = []
    for scan_folder in (first, later):
        folders.append(tmp_path / f"{scan_folder.name}_suv")
        words = ("--case-label", "p1", "--out", folders[-1])
        done = run("suv", scan_folder, *words)
        assert done.exit_code == 0, done.output
    document = judged(run, tmp_path / "out", *folders, "--criteria", "percist")
    [point] = document["cases"][0]["timepoints"]
    assert point["change_from_baseline"] == pytest.approx(-0.4, abs=1e-4)
    assert document["cases"][0]["best"]["response"] == "PMR"
    assert point["days"] == 63
