"""The pages of a plan, its one-page sheet, of compare and vial: without a browser."""

import html
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
WHO = (
    *("--case-label", 'Case "7"', "--patient-key", "DEMO-01"),
    *("--vessel", "right hepatic artery", "--treatment-date", "2026-12-09"),
)
SIZE = ("--height", "172cm", "--weight", "78kg")
PARTITION = (
    *("plan", "partition", "--perfused-volume", "1000mL", "--liver-volume", "1700mL"),
    *("--tumor", "T1=150mL@4.4", "--tumor", "T2=60mL@3", "--normal-dose", "40Gy"),
    *("--lung-shunt", "5%", "--residual", "3%", "--device", "glass", *WHO, *SIZE),
    *("--limits", "eanm2022:glass:hcc:lobectomy", "--bilirubin", "0.9mg/dL"),
)
TWO = (
    *("plan", "partition", "--lung-shunt", "5%", "--liver-volume", "1700mL", *WHO),
    "--injection",
    "right=perfused:700mL,tumor:T1=150mL@4,normal-dose:40Gy",
    "--injection",
    "seg 4=perfused:200mL,tumor:T2=40mL@3,tumor-dose:200Gy",
)
MIRD = (
    *("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL"),
    *("--lung-shunt", "5%", "--limit", "perfused=160Gy", *WHO),
)
COMPARE = (
    *("plan", "compare", "--height", "165cm", "--weight", "60kg"),
    *("--liver-volume", "1500mL", "--tumor", "T1=300mL@3", "--lung-shunt", "4%"),
    *("--dose", "60Gy", "--normal-dose", "40Gy", "--device", "resin", *WHO),
)
INTERNAL = re.compile(
    r"normal_whole|normal_perfused|lungs_cumulative|local_deposition|tumor_dose"
)
HIDDEN = re.compile(r"<(script|style|head)\b.*?</\1>", re.DOTALL)


def made(run: Run, words: tuple[object, ...], out: Path, page: str) -> str:
    result = run(*words, "--out", out)
    assert result.exit_code == 0, result.stderr
    return (out / page).read_text("utf-8")


def visible(page: str) -> str:
    """What a person reads, as one line."""
    text = re.sub(r"<[^>]*>", " ", HIDDEN.sub(" ", page))
    return re.sub(r"\s+", " ", html.unescape(text))


def embedded(page: str, name: str) -> dict:
    found = re.search(rf'id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.fixture(scope="module")
def partition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    out = tmp_path_factory.mktemp("partition") / "plan"
    made_by = CliRunner().invoke(main, [*PARTITION, "--out", str(out)])
    assert made_by.exit_code == 0, made_by.output
    return out


def test_page_one_says_whose_what_and_how_much(partition: Path) -> None:
    text = visible((partition / "plan.html").read_text("utf-8"))
    for said in (
        'Patient Case "7" / DEMO-01',
        "Disease HCC, lobectomy",
        "Vessel right hepatic artery",
        "Microspheres Glass, Y-90",
        "Treatment Dec 9, 2026",
        # DuBois: 0.007184 * 172**0.725 * 78**0.425
        "172 cm, 78 kg, 1.91 m",
        "Goal: 40 Gy to the normal perfused liver.",
        "T/N: T1 4.4, T2 3.0.",
        "Below the recommended dose: T1, T2, Normal perfused liver, Perfused volume.",
        "All limits are met.",
    ):
        assert said in text


def test_the_order_is_that_of_what_matters(partition: Path) -> None:
    page = (partition / "plan.html").read_text("utf-8")
    marks = (
        *('class="ids"', 'class="answer"', 'class="ladder"', "What to worry about"),
        *('class="sign"', "Doses in full", ">All checks<span", "Method and sources"),
        *("How sure the doses are", "<h3>Budget", "<h3>Share of each component"),
        "Hash of the plan",
    )
    assert [page.index(mark) for mark in marks] == sorted(map(page.index, marks))
    checks = re.findall(r">(WARN|NOTE) H\d\d<", page)
    assert checks == sorted(checks, reverse=True)
    assert {"WARN", "NOTE"} <= set(checks)


def test_a_structure_and_a_limit_stand_once(partition: Path) -> None:
    page = (partition / "plan.html").read_text("utf-8")
    ladder = page[page.index('class="ladder"') :]
    ladder = ladder[: ladder.index("</table>")]
    names = [visible(one).strip() for one in re.findall(r"<th scope.*?</th>", ladder)]
    assert sorted(names) == [
        *("Lungs", "Normal perfused liver", "Normal whole liver", "Perfused volume"),
        *("T1", "T2", "Whole liver"),
    ]
    document = json.loads((partition / "plan.json").read_text("utf-8"))
    # Every limit and the goal, once each.
    assert ladder.count('class="lim"') == len(document["limits"]) + 1
    assert not INTERNAL.search(visible(page))


@pytest.mark.parametrize("words", [MIRD, TWO, PARTITION], ids=["mird", "two", "one"])
def test_the_command_of_a_moved_activity_makes_its_doses(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """What the page computes for another activity is what a new plan computes."""
    page = made(run, words, tmp_path / "plan", "plan.html")
    plan, moves = embedded(page, "plan-json"), embedded(page, "what-if-data")
    moved = [round(1.25 * one["gbq"], 2) for one in moves["injections"]]
    text = moves["command"].replace(
        "{dose}", f"{(moves['prescribed_gy'] or 0) * moved[0] / plan['activity_gbq']}"
    )
    for number, gbq in enumerate(moved):
        text = text.replace(f"{{a{number}}}", str(gbq))
    program, *typed = shlex.split(text)
    assert program == "sirtdose"
    again = run(*typed, "--json")
    assert again.exit_code in (0, 4), again.stderr
    new = json.loads(again.stdout)
    assert new["activity_gbq"] == pytest.approx(sum(moved))
    doses = {one["name"]: one["dose_gy"] for one in new["compartments"]}
    for part in plan["compartments"]:
        by = part["dose_gy_per_gbq"].values()
        told = sum(k * gbq for k, gbq in zip(by, moved, strict=True))
        assert doses[part["name"]] == pytest.approx(told, rel=1e-6)
    assert new["inputs"]["vessel"] == "right hepatic artery"
    assert new["inputs"]["case_label"] == 'Case "7"'


def test_marks_stand_where_a_bound_is_reached(run: Run, tmp_path: Path) -> None:
    page = made(run, MIRD, tmp_path / "plan", "plan.html")
    moves = embedded(page, "what-if-data")
    [gbq] = [one["gbq"] for one in moves["injections"]]
    at = {one["text"]: (one["gy"] - one["c"]) / one["k"][0] for one in moves["marks"]}
    assert at["Perfused volume 120 Gy"] == pytest.approx(gbq)
    assert at["Perfused volume 160 Gy"] == pytest.approx(gbq * 160 / 120)


def test_a_name_ends_neither_style_nor_page(run: Run, tmp_path: Path) -> None:
    hostile = '</style><script>alert(1)</script>"; } body { display: none'
    words = (*MIRD[: -len(WHO)], "--case-label", hostile)
    page = made(run, words, tmp_path / "plan", "plan.html")
    assert "<script>alert" not in page
    assert page.count("</style>") == 2
    assert '"Treatment plan (draft' in page


@pytest.mark.parametrize("sheet", [False, True])
def test_nothing_of_the_patient_is_left(
    run: Run, partition: Path, tmp_path: Path, sheet: bool
) -> None:
    words = ["report", partition / "plan.json", "--deidentify", "--out", tmp_path / "o"]
    result = run(*words, *(["--sheet"] if sheet else []))
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "o" / ("sheet.html" if sheet else "plan.html")).read_text()
    assert "DEMO-01" not in page
    assert "Case &#34;7" not in page
    assert not re.search(r"20\d\d-\d\d-\d\d|[A-Z][a-z]{2} \d{1,2}, 20\d\d", page)
    document = json.loads((partition / "plan.json").read_text("utf-8"))
    # A short key could be found by trying, if the hash were still of it.
    assert document["hash"][:12] not in page
    assert "de-identified" in page


def test_no_hash_of_the_patients_other_plans_is_left(run: Run, tmp_path: Path) -> None:
    """An update of an update of a plan after an earlier session names all three."""

    def approved(name: str, *words: object) -> Path:
        path = tmp_path / name / "plan.json"
        assert run(*words, "--out", path.parent).exit_code == 0
        assert run("plan", "approve", path, "--by", "A. Doubt").exit_code == 0
        return path

    words = (
        *("plan", "mird", "--dose", "60Gy", "--perfused-volume", "1000mL"),
        *("--lung-shunt", "5%", "--liver-volume", "1500mL", *WHO),
    )
    before = approved("before", *words)
    first = approved("first", *words, "--after", before)
    second = approved("second", "plan", "update", first, "--drawn", "1.3GBq")
    last = approved("last", "plan", "update", second, "--drawn", "1.2GBq")
    told = [json.loads(one.read_text())["hash"] for one in (before, first, second)]
    assert all(one in last.read_text() for one in told)
    shown = visible((last.parent / "plan.html").read_text("utf-8"))
    assert "Update of plan " + told[2][:12] in shown
    assert f"Earlier session, planned with Y-90 ({told[0][:12]}): lungs" in shown
    for more in ((), ("--sheet",)):
        hidden = tmp_path / f"hidden{len(more)}"
        result = run("report", last, "--deidentify", *more, "--out", hidden)
        assert result.exit_code == 0, result.stderr
        [page] = hidden.iterdir()
        text = page.read_text("utf-8")
        assert not [one for one in told if one[:12] in text]
        assert "A. Doubt" not in text
    text = visible((tmp_path / "hidden0" / "plan.html").read_text("utf-8"))
    assert "Update of a plan: " in text
    assert "Earlier session, planned with Y-90: lungs" in text


def test_what_de_identification_refuses(run: Run, partition: Path) -> None:
    plan = partition / "plan.json"
    for more in ("--figures", "--show-patient"):
        refused = run("report", plan, "--deidentify", more)
        assert refused.exit_code == 2
        assert more in refused.stderr


def test_compare_and_vial_have_a_page(
    run: Run, partition: Path, tmp_path: Path
) -> None:
    page = made(run, COMPARE, tmp_path / "compare", "compare.html")
    text = visible(page)
    methods = json.loads((tmp_path / "compare" / "compare.json").read_text())["methods"]
    for method, name in zip(methods, ("BSA", "MIRD", "Partition"), strict=True):
        mci = method["activity_gbq"] * 1000 / 37
        assert (
            f"{name}: inject {method['activity_gbq']:.2f} GBq ( {mci:.1f} mCi )" in text
        )
    assert text.count("WARN") == 1
    assert "3 warnings" in text
    vials = (
        *("plan", "vial", "--plan", partition / "plan.json", "--device", "glass"),
        *("--at", "2026-12-09T10:00+01:00"),
    )
    text = visible(made(run, vials, tmp_path / "vial", "vial.html"))
    # Whose it is comes from the plan.
    assert 'Case "7" / DEMO-01' in text
    assert "right hepatic artery" in text
    assert "at Dec 9, 2026, 10:00 UTC+01:00" in text
    assert "Not a medical device." in text
    for folder, name in (("compare", "compare.json"), ("vial", "vial.json")):
        result = run("report", tmp_path / folder / name, "--sheet")
        assert result.exit_code == 0, result.stderr
        assert (tmp_path / folder / "sheet.html").is_file()


def test_a_typed_date_has_one_order(run: Run) -> None:
    refused = run(*MIRD, "--treatment-date", "09.12.2026")
    assert refused.exit_code == 2
    assert "write 2026-12-09, year first" in refused.stderr


def test_an_image_has_pictures_and_a_histogram_on_its_sheet(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    words = (
        *("plan", "image", exact_voxels, "--tumor-dose", "150Gy", "--lung-shunt", "5%"),
        *("--density", "1.05g/mL", "--method", "local", *WHO),
    )
    page = made(run, words, tmp_path / "plan", "plan.html")
    assert len(page) < 3_000_000
    # What checks say are their own words.
    before, _, after = page.partition(">All checks<span")
    assert not INTERNAL.search(visible(before) + visible(after.partition("<h2>")[2]))
    # One name for a structure: the one that it was drawn with.
    text = visible(page)
    assert "Perfused lobe" in text
    assert "Perfused volume" not in text
    result = run("report", tmp_path / "plan" / "plan.json", "--sheet")
    assert result.exit_code == 0, result.stderr
    sheet = (tmp_path / "plan" / "sheet.html").read_text("utf-8")
    assert sheet.count("data:image/") == 3
    assert sheet.count('class="isodose"') >= 3
    assert 'aria-label="Dose-volume histogram' in sheet
    hidden = run(
        *("report", tmp_path / "plan" / "plan.json", "--deidentify"),
        *("--out", tmp_path / "hidden"),
    )
    assert hidden.exit_code == 0, hidden.stderr
    page = (tmp_path / "hidden" / "plan.html").read_text("utf-8")
    assert "DEMO-01" not in page
    document = json.loads((tmp_path / "plan" / "plan.json").read_text("utf-8"))
    assert document["images"]
    for one in document["images"]:
        assert one["file"] not in visible(page)
        assert one["sha256"][:16] not in page


def test_an_earlier_treatment_is_judged_and_drawn(run: Run, tmp_path: Path) -> None:
    """120 Gy of this plan and 20 Gy of another are over a limit of 130 Gy by 10."""
    words = (*MIRD, "--prior-liver-dose", "20Gy", "--limit", "liver=130Gy")
    words = (*words, "--liver-volume", "1000mL")
    result = run(*words, "--out", tmp_path / "plan")
    assert result.exit_code == 4, result.stderr
    page = (tmp_path / "plan" / "plan.html").read_text("utf-8")
    text = visible(page)
    assert "at most 130: missed by 10 Gy" in text
    assert "140 Gy with earlier treatments" in text
    assert "Limit not met: Whole liver." in text
    assert "Not accepted : the plan cannot be approved." in text
    assert "Open dot: with earlier treatments." in text
    end = float(re.search(r'data-end="([\d.]+)"', page)[1])
    at = 4 + 220 * 140 / end
    assert f'cx="{at:.1f}" cy="11" r="4"' in page


def test_a_plan_without_a_dose_goal_says_so(run: Run, tmp_path: Path) -> None:
    bsa = ("plan", "bsa", "--height", "165cm", "--weight", "60kg", "--liver-volume")
    bsa += ("1500mL", "--tumor-volume", "300mL", "--lung-shunt", "4%")
    page = made(run, bsa, tmp_path / "plan", "plan.html")
    assert "No dose goal (BSA method)." in visible(page)
