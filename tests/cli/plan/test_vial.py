"""`sirtdose plan vial`: decay both ways, time zones, the assay against the order."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
AT = "2026-03-04T10:00+01:00"
CASE = ("plan", "vial", "--activity", "2.3GBq", "--at", AT)


def document_of(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_every_vial_holds_the_activity_when_it_is_used(
    run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "vial"
    result = run(*CASE, "--device", "glass", "--json", "--out", out)
    document = document_of(result)
    assert document == json.loads((out / "vial.json").read_text())
    sizes = [one["calibration_gbq"] for one in document["vials"]]
    assert sizes == [3, 5, 7, 10, 15, 20]
    for one in document["vials"]:
        assert one["at_use_gbq"] == pytest.approx(2.3, rel=1e-6)
        at_use = one["calibration_gbq"] * 2 ** (-one["hours_before_use"] / 64.05)
        assert at_use == pytest.approx(2.3)
        calibrated = datetime.fromisoformat(one["calibrated_at"])
        hours = (datetime.fromisoformat(AT) - calibrated).total_seconds() / 3600
        assert hours == pytest.approx(one["hours_before_use"], abs=1 / 60)


def test_hours_early_or_late_at_the_published_factors(run: Run) -> None:
    document = document_of(
        run(*CASE, "--device", "glass", "--half-life", "64.1h", "--json")
    )
    factors = {one["hours"]: one["factor"] for one in document["shifts"]}
    assert factors[-24] == pytest.approx(1.296, abs=5e-4)
    assert factors[4] == pytest.approx(0.95767, abs=5e-6)
    assert factors[24] == pytest.approx(0.77142, abs=5e-6)


def test_resin_before_its_calibration_holds_more(run: Run) -> None:
    document = document_of(
        run(
            *(
                "plan",
                "vial",
                "--activity",
                "3.888GBq",
                "--at",
                AT,
                "--device",
                "resin",
            ),
            *("--calibrated-at", "2026-03-05T10:00+01:00", "--half-life", "64.1h"),
            "--json",
        )
    )
    [vial] = document["vials"]
    assert vial["hours_before_use"] == pytest.approx(-24)
    assert vial["at_use_gbq"] == pytest.approx(3 * 1.296, abs=2e-3)
    assert vial["to_wanted_ratio"] == pytest.approx(1, abs=1e-3)


def test_a_day_of_23_hours(run: Run) -> None:
    document = document_of(
        run(
            *("plan", "vial", "--activity", "2GBq", "--device", "resin", "--json"),
            *("--at", "2026-03-29T12:00", "--calibrated-at", "2026-03-28T12:00"),
            *("--timezone", "Europe/Brussels"),
        )
    )
    [vial] = document["vials"]
    assert vial["hours_before_use"] == pytest.approx(23)


@pytest.mark.parametrize(
    ("assay", "exit_code", "severity"),
    [("2.34GBq", 0, "note"), ("2.6GBq", 3, "ask"), ("2.9GBq", 3, "stop")],
)
def test_the_assay_against_the_order(
    run: Run, assay: str, exit_code: int, severity: str
) -> None:
    assayed = ("--assay", assay, "--assay-at", "2026-03-04T08:00+01:00")
    case = (*CASE, "--device", "resin", *assayed, "--json")
    result = run(*case)
    assert result.exit_code == exit_code
    accepted = run(*case, "--accept", "H03", "--reason", "a smaller volume is treated")
    assert accepted.exit_code == (3 if severity == "stop" else 0)
    if severity == "ask":
        document = document_of(accepted)
        assert document["accepted"][0]["code"] == "H03"
        # 2.6 GBq two hours earlier.
        factor = 2 ** (-2 / 64.05)
        assert document["assay_at_use_gbq"] == pytest.approx(2.6 * factor)


def test_an_accident_on_record_is_stopped(run: Run) -> None:
    """ABS case 0003: 1.5 GBq on the day, 0.629 GBq prescribed, 80.4 h too early."""
    result = run(
        *("plan", "vial", "--activity", "0.629GBq", "--at", AT, "--device", "glass"),
        *("--assay", "1.5GBq", "--assay-at", AT),
    )
    assert result.exit_code == 3
    assert "+138.5% from the 0.629 GBq ordered" in result.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--device", "glass", "--assay", "2GBq"), 3, "needs its time"),
        (("--device", "ho166"), 3, "give --vial"),
        (("--device", "glass", "--at", "2026-03-04T10:00"), 2, "no offset"),
        (("--device", "glass", "--vial", "5"), 2, "has no unit"),
        (("--device", "glass", "--activity", "0GBq"), 3, "must be above 0"),
        ((), 2, "--device"),
    ],
)
def test_refusals(
    run: Run, options: tuple[str, ...], exit_code: int, message: str
) -> None:
    result = run(*CASE, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_sizes_of_ones_own(run: Run) -> None:
    document = document_of(
        run(*CASE, "--device", "ho166", "--vial", "6GBq", "--vial", "8GBq", "--json")
    )
    leads = [one["hours_before_use"] for one in document["vials"]]
    assert leads == sorted(leads)
    assert document["nuclide"]["half_life_h"] == 26.8


def test_only_what_is_missing_is_asked_for(run: Run) -> None:
    at = ("--at", "2026-03-04T10:00+01:00")
    refused = run("plan", "vial", "--activity", "92mCi", *at)
    assert refused.exit_code == 2
    assert "Error: give --device, or --plan or --nuclide-file\n" in refused.stderr


@pytest.mark.parametrize(
    ("activity", "device", "says"),
    [
        ("92GBq", "glass", "the largest vial, 20 GBq: was 92 MBq or 92 mCi meant?"),
        ("92GBq", "resin", "the largest vial, 20 GBq: was 92 MBq or 92 mCi meant?"),
        ("3.4mCi", "glass", "5 % of the smallest vial, 3 GBq: was 3.4 GBq meant?"),
        ("3.4mCi", "resin", "5 % of the smallest vial, 3 GBq: was 3.4 GBq meant?"),
    ],
)
def test_an_activity_of_another_unit_is_asked_about(
    run: Run, activity: str, device: str, says: str
) -> None:
    case = ("plan", "vial", "--activity", activity, "--at", AT, "--device", device)
    asked = run(*case)
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert says in asked.stderr
    document_of(run(*case, "--accept", "H05", "--reason", "as prescribed", "--json"))


def test_a_vial_calibrated_after_its_use_is_marked(run: Run, tmp_path: Path) -> None:
    """6 GBq at use: 3 GBq would be calibrated one half-life, 64.05 h, later."""
    case = ("plan", "vial", "--activity", "6GBq", "--at", AT, "--device", "glass")
    result = run(*case, "--json", "--out", tmp_path)
    vials = document_of(result)["vials"]
    assert [one["available"] for one in vials] == [False, False, *[True] * 4]
    for said in (result.stderr, (tmp_path / "vial.html").read_text("utf-8")):
        assert said.count("after use: not available") == 2
        assert "64 h after use: not available" in said


def test_resin_may_be_used_before_its_calibration(run: Run) -> None:
    case = ("plan", "vial", "--activity", "3.5GBq", "--at", AT, "--device", "resin")
    [vial] = document_of(run(*case, "--json"))["vials"]
    assert vial["available"] is True
