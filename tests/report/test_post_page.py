"""report.html from post.json alone: its order, each structure once, nobody named."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sirtdose.report.again import saved_data
from sirtdose.report.post.page import post_page
from sirtdose.report.post.rungs import limits_words, shown_rows

GIVEN = ("--administered", "2.2GBq", "--lung-shunt", "5%")


@pytest.fixture(scope="module")
def results(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    out = tmp_path_factory.mktemp("post_page") / "out"
    words = ["post", str(exact_contours), *GIVEN, "--out", str(out)]
    words += ["--administered-at", "2026-03-02T10:00+01:00"]
    assert CliRunner().invoke(main, words).exit_code == 0
    return out


def page_of(results: Path, **whose: Any) -> str:
    _, data = saved_data(results / "post.json")
    text = (results / "post.json").read_text("utf-8")
    return post_page(text, {**data, "whose": {**data["whose"], **whose}})


def shown(page: str) -> str:
    """What a person reads: no script, style or picture."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", "", page, flags=re.S)
    text = re.sub(r"<[^>]*>", " ", re.sub(r'="[^"]*"', "", body))
    return re.sub(r"\s+", " ", text)


def test_what_matters_comes_first(results: Path) -> None:
    page = page_of(results, key="D-17", vessel="right hepatic artery")
    text = shown(page)
    order = (
        *("Mar 2, 2026", "was delivered", "Goal or limit", "What to worry about"),
        *("Where the dose is", "Dose-volume histogram", "Doses in full"),
        *("Radiobiology", "Lungs and activity", "NOTE H37", "Method and sources"),
        "SHA-256 of post.json",
    )
    places = [text.index(one) for one in order]
    assert places == sorted(places)
    assert "D-17" in text
    assert "right hepatic artery" in text
    # The key, the day and the document stand on every printed sheet.
    [left] = re.findall(r'@top-left { content: "([^"]*)"', page)
    at = "treatment Mar 2, 2026, 10:00 UTC+01:00"
    assert left == f"Doses after treatment  |  D-17  |  {at}"
    assert 'counter(page) " of " counter(pages)' in page
    checks = text[text.rindex("All checks") :]
    assert checks.index("WARN") < checks.index("NOTE")


def test_each_structure_stands_once_and_no_key_of_ours(results: Path) -> None:
    page = page_of(results)
    ladder = re.findall(r'<table class="ladder".*?</table>', page, re.S)[0]
    names = [
        re.sub(r"<[^>]*>", "", one).strip()
        for one in re.findall(r'<th scope="row"[^>]*>(.*?)</th>', ladder, re.S)
    ]
    assert len(names) == len(set(names))
    assert {"Tumor 1", "Normal whole liver", "Normal perfused liver"} <= set(names)
    text = shown(page)
    for key in ("normal_whole", "normal_perfused", "lungs_cumulative"):
        assert key not in text
    assert "local_deposition" not in text


def test_a_page_without_names_has_no_key_and_no_date(results: Path) -> None:
    page = page_of(results, deidentified=True, key="D-17")
    text = shown(page)
    assert "D-17" not in text
    assert "2026" not in text
    boxes = re.findall(r'@top-\w+ { content: "([^"]*)"', page)
    assert boxes[0] == "Doses after treatment  |  de-identified"
    assert re.fullmatch(r"[0-9a-f]{12}", boxes[1])


def test_a_normal_liver_that_is_drawn_as_computed_stands_once() -> None:
    def row(name: str, role: str, ml: float, gy: float) -> dict[str, Any]:
        return {"name": name, "role": role, "volume_ml": ml, "dose_gy": {"mean": gy}}

    rows = [
        row("T", "tumor", 20.0, 200.0),
        row("whole liver normal", "normal_given", 1443.3, 20.41),
        row("normal_whole", "normal_whole", 1443.3, 20.41),
        row("normal_perfused", "normal_perfused", 799.0, 32.0),
    ]
    kept, hidden = shown_rows(rows)
    assert [one["name"] for one in kept] == [*("T", "normal_whole", "normal_perfused")]
    assert hidden == {"whole liver normal": "normal_whole"}


def test_a_range_of_many_tumors_says_that_blur_was_not_corrected(
    results: Path,
) -> None:
    _, data = saved_data(results / "post.json")
    document = json.loads((results / "post.json").read_text("utf-8"))
    own = document["doses"]["local_deposition"]
    [row] = [one for one in own["structures"] if one["name"] == "Tumor 1"]

    def tumors(*means: float) -> list[dict[str, Any]]:
        return [
            {**row, "name": f"T{n}", "dose_gy": {**row["dose_gy"], "mean": one}}
            for n, one in enumerate(means)
        ]

    def text(plain: list[dict[str, Any]], corrected: list[dict[str, Any]]) -> str:
        document["doses"] = {
            "local_deposition": {**own, "structures": plain},
            "local_deposition+iterative_yang": {**own, "structures": corrected},
        }
        return shown(post_page(json.dumps(document), data))

    said = "6 tumors 29 to 387 Gy , not corrected for blur (corrected: 33 to 978 Gy)"
    many = tumors(29, 90, 95, 200, 210, 387), tumors(33, 120, 100, 500, 300, 978)
    assert said in text(*many)
    assert "T0 29 Gy (33 Gy corrected for blur)" in text(tumors(29), tumors(33))


def test_a_missed_limit_is_the_answer() -> None:
    limits = [
        {"name": name, "value_of": of, "value_gy": gy, "limit_gy": 40.0, "met": gy < 40}
        for name, of, gy in (("normal", "normal_whole", 40.2), ("T", "T 1", 10.0))
    ]
    assert limits_words(limits) == "Limit not met: Normal whole liver 40.2 Gy of 40 Gy."


def test_an_older_page_data_asks_for_a_new_run() -> None:
    from sirtdose.errors import InputError
    from sirtdose.report.page_data import page_data_of

    with pytest.raises(InputError, match="sirtdose post"):
        page_data_of(json.dumps({"schema": "sirtdose.report_data/1"}), "")
