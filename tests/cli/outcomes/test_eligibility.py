"""`sirtdose eligibility`: a case against the study's criteria or one's own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]

CASE = """
case_id = "p1"
[values]
lung_shunt_fraction = "12%"
bilirubin = {value = "18 umol/L", uln = "20 umol/L"}
ast = {value = "30 U/L", uln = "35 U/L"}
alt = {value = "101 U/L", uln = "40 U/L"}
neutrophils = "2.1 G/L"
karnofsky = 80
histology_proven = true
contrast_allergy = false
"""


def written(tmp_path: Path, text: str = CASE, name: str = "case.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_a_case(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("eligibility", written(tmp_path), "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found == json.loads((out / "eligibility.json").read_text("utf-8"))
    assert (found["schema"], found["case_id"]) == ("sirtdose.eligibility/1", "p1")
    assert found["overall"] == "not eligible"
    assert found["failed"] == ["alt"]
    assert "platelets" in found["unknown"]
    results: dict[str, Any] = {one["id"]: one for one in found["results"]}
    assert len(results) == 17
    kinds = {key: one["kind"] for key, one in results.items()}
    assert [kinds[key] for key in ("metastases", "age", "karnofsky")] == [
        "inclusion"
    ] * 3
    assert kinds["lung-shunt"] == "exclusion"
    assert results["metastases"]["must_hold"] == (
        "radiological evidence of liver metastases"
    )
    # 18 of 20 is 0.9 times the upper limit of normal.
    bilirubin = results["bilirubin"]
    assert (bilirubin["result"], bilirubin["value"]) == ("met", 0.9)
    assert (bilirubin["bound"], bilirubin["unit"]) == (1.5, "x ULN")
    assert bilirubin["must_hold"] == "bilirubin at most 1.5 x ULN"
    assert results["alt"]["value"] == 2.525
    assert results["neutrophils"]["value"] == pytest.approx(2100)
    assert results["neutrophils"]["unit"] == "/uL"
    assert results["contrast"]["value"] is False
    assert results["gfr"]["result"] == "unknown"
    assert "By these criteria: NOT ELIGIBLE (failed alt; not known" in result.stderr
    assert "not a recommendation" in result.stderr


def test_criteria_of_one_s_own(run: Run, tmp_path: Path) -> None:
    own = {
        "title": "ours",
        "source": "our clinic",
        "criteria": [
            {
                "id": "shunt",
                "kind": "exclusion",
                "must_hold": "lung shunt at most 10 %",
                "value": "lung_shunt_fraction",
                "operator": "<=",
                "bound": 10,
                "unit": "%",
            }
        ],
    }
    path = written(tmp_path, json.dumps(own), "own.json")
    toml = 'title = "ours"\nsource = "our clinic"\n[[criteria]]\n' + "".join(
        f"{key} = {json.dumps(value)}\n"
        for key, value in own["criteria"][0].items()  # type: ignore[index, attr-defined]
    )
    for criteria in (path, written(tmp_path, toml, "own.toml")):
        result = run("eligibility", written(tmp_path), "--criteria", criteria, "--json")
        assert result.exit_code == 0, result.stderr
        found = json.loads(result.stdout)
        assert (found["overall"], found["failed"]) == ("not eligible", ["shunt"])
        assert found["criteria"]["title"] == "ours"
        assert found["criteria"]["verified"] is False
        assert len(found["criteria"]["sha256"]) == 64
        assert "bilirubin" in found["not_used"]
        assert "ours (not verified)" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "case.toml has no table [values]"),
        ("values = 5", "case.toml has no table [values]"),
        ("[values", "case.toml is not valid TOML"),
        (
            "[valves]\nage = 5",
            "case.toml: 'valves' is not known: write a table [values]",
        ),
        ("case_id = 5\n[values]", "case_id is 5: write it in quotes"),
        (
            "[values]\nbili = 5\nsize = 3",
            "'bili', 'size' in [values] is not known: use",
        ),
        (
            '[values]\ngfr = "70 mL"',
            "case.toml: gfr: 'mL' is not a unit of gfr: use mL/min",
        ),
    ],
)
def test_cases_that_are_refused(
    run: Run, tmp_path: Path, text: str, message: str
) -> None:
    out = tmp_path / "out"
    result = run("eligibility", written(tmp_path, text), "--out", out, "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("own.json", "{"),
        ("own.json", "[" * 100_000),
        ("own.json", '{"title": "ours", "criteria": [{"id": NaN}]}'),
        ("own.toml", "title ="),
        ("own.toml", ""),
        ("own.toml", f"title = {'9' * 5000}"),
        ("own.toml", f"title = {'[' * 100_000}"),
    ],
    ids=["cut", "deep", "number", "toml", "empty", "digits", "deep toml"],
)
def test_criteria_that_are_none(run: Run, tmp_path: Path, name: str, text: str) -> None:
    own = written(tmp_path, text, name)
    result = run("eligibility", written(tmp_path), "--criteria", own)
    assert (result.exit_code, result.stdout) == (3, "")
    assert name in result.stderr


def test_no_file_leaves_no_traceback(run: Run, tmp_path: Path) -> None:
    assert run("eligibility", tmp_path / "none.toml").exit_code == 3
    assert run("eligibility", tmp_path).exit_code == 3
    path = tmp_path / "case.toml"
    path.write_bytes(b"\xff\xfe")
    assert run("eligibility", path).exit_code == 3
    none = tmp_path / "none.json"
    assert run("eligibility", written(tmp_path), "--criteria", none).exit_code == 3
