"""`sirtdose plan vial`: what can be had for a time, and today's vial against the plan.

Decay is by hand: 2 ** (-hours / half-life), and the published factors at 64.1 h.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]
AT = "2026-03-04T10:00+01:00"
CASE = ("plan", "vial", "--activity", "2.3GBq", "--at", AT)
H64 = ("--half-life", "64.1h")


def document_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def choices_of(result: Result) -> dict[tuple[float, str], dict[str, Any]]:
    """The single vials of the only injection, by size and calibration."""
    [one] = document_of(result)["injections"]
    return {
        (own["vials"][0]["calibration_gbq"], own["vials"][0]["calibrated_at"]): own
        for own in one["choices"]
    }


def test_glass_of_sunday_on_wednesday_morning(run: Run, tmp_path: Path) -> None:
    """10 GBq of Sunday noon, Boston: 70 h later 10 x 2 ** -(70 / 64.1) = 4.691."""
    out = tmp_path / "vial"
    words = ("plan", "vial", "--activity", "4.7GBq", "--device", "glass", *H64)
    words += ("--at", "2026-12-09T10:00-05:00", "--json")
    result = run(*words, "--out", out)
    assert json.loads(result.stdout) == json.loads((out / "vial.json").read_text())
    found = choices_of(result)
    week_1, week_2 = "2026-12-06T12:00-05:00", "2026-11-29T12:00-05:00"
    assert {size for size, _ in found} == {3, 5, 7, 10, 15, 20}
    assert {when for _, when in found} == {week_1, week_2}
    ten = found[10, week_1]
    assert ten["at_use_gbq"] == pytest.approx(4.691, abs=5e-4)
    assert (ten["fits"], ten["vials"][0]["week"]) == (True, 1)
    # 4 million spheres, 1173 Bq each.
    assert ten["spheres"] == pytest.approx(4e6)
    assert ten["bq_per_sphere"] == pytest.approx(1172.8, abs=0.1)
    # The second week: 70 h and 168 h, .4691 x .1626.
    old = found[10, week_2]
    assert old["at_use_gbq"] == pytest.approx(10 * 0.4691 * 0.1626, rel=5e-4)
    assert (old["fits"], old["vials"][0]["week"]) == (False, 2)
    assert "4.69 *" in result.stderr


@pytest.mark.parametrize(
    ("ahead", "gbq", "bq"), [(1, 3.89, 88), (2, 5.04, 115), (3, 6.54, 149)]
)
def test_resin_delivered_days_before_its_calibration(
    run: Run, ahead: int, gbq: float, bq: float
) -> None:
    """3 GBq of 44 million spheres, 24, 48 or 72 h before their calibration."""
    words = ("plan", "vial", "--activity", "2GBq", "--device", "resin", *H64, "--json")
    found = choices_of(run(*words, "--at", "2026-12-07T18:00+01:00"))
    one = found[3, f"2026-12-{7 + ahead:02}T18:00+01:00"]
    assert one["at_use_gbq"] == pytest.approx(gbq, abs=6e-3)
    assert one["bq_per_sphere"] == pytest.approx(bq, abs=0.6)
    assert one["vials"][0]["delivered"] == "2026-12-07"
    # Only what is wanted is drawn.
    assert one["part_to_draw"] == pytest.approx(2 / gbq, abs=1e-3)
    # Four days before is too early; a day after is its shelf life.
    assert (3, "2026-12-11T18:00+01:00") not in found
    last = found[3, "2026-12-06T18:00+01:00"]
    assert last["at_use_gbq"] == pytest.approx(3 * 0.7714, abs=1e-4)
    assert (3, "2026-12-05T23:00+01:00") not in found


def test_hours_early_or_late_at_the_published_factors(run: Run) -> None:
    document = document_of(run(*CASE, "--device", "glass", *H64, "--json"))
    factors = {one["hours"]: one["factor"] for one in document["shifts"]}
    assert factors[-24] == pytest.approx(1.296, abs=5e-4)
    assert factors[4] == pytest.approx(0.95767, abs=5e-6)
    assert factors[24] == pytest.approx(0.77142, abs=5e-6)


def test_a_day_of_23_hours(run: Run) -> None:
    words = ("plan", "vial", "--activity", "2GBq", "--device", "resin", "--json")
    words += ("--at", "2026-03-29T12:00", "--calibrated-at", "2026-03-28T12:00")
    [one] = choices_of(run(*words, "--timezone", "Europe/Brussels")).values()
    assert one["vials"][0]["hours_before_use"] == pytest.approx(23)


def test_a_pair_where_no_vial_suffices(run: Run) -> None:
    """12 GBq 70 h after Sunday: 25 GBq of Sunday hold 11.73, 26 hold 12.2."""
    words = ("plan", "vial", "--activity", "12GBq", "--device", "glass", *H64)
    result = run(*words, "--at", "2026-12-09T10:00-05:00", "--json")
    [one] = document_of(result)["injections"]
    assert not any(own["fits"] for own in one["choices"])
    best = one["pairs"][0]
    assert sum(own["calibration_gbq"] for own in best["vials"]) == 25
    assert best["at_use_gbq"] == pytest.approx(25 * 0.4691, rel=5e-4)
    assert " + " in result.stderr
    # One vial fits: pairs are offered where two are asked for.
    fits = ("plan", "vial", "--activity", "4.7GBq", "--device", "glass", "--json")
    fits += ("--at", "2026-12-09T10:00-05:00")
    assert document_of(run(*fits))["injections"][0]["pairs"] == []
    [asked] = document_of(run(*fits, "--vials-per-injection", "2"))["injections"]
    assert {len(own["vials"]) for own in asked["pairs"]} == {2}
    assert all(own["fits"] for own in asked["pairs"])


def test_nothing_that_fits_says_when_it_would(run: Run) -> None:
    """0.16 GBq: 3 GBq of Nov 29 are 0.228 on Wednesday, 0.176 at 10:03 on Thursday.

    64.05 h x log2(3 / 0.176) = 262.05 h after noon of Nov 29.
    """
    words = ("plan", "vial", "--activity", "0.16GBq", "--device", "glass")
    result = run(*words, "--at", "2026-12-09T10:00-05:00", "--json")
    [one] = document_of(result)["injections"]
    assert not any(own["fits"] for own in (*one["choices"], *one["pairs"]))
    assert one["nearest"]["vials"][0]["calibration_gbq"] == 3
    assert one["elsewhen"]["at"] == "2026-12-10T10:03-05:00"
    assert "WARN H03  no vial that can be had is within 10%" in result.stderr
    again = run(*words, "--at", one["elsewhen"]["at"], "--json")
    [later] = document_of(again)["injections"]
    assert [own["fits"] for own in later["choices"]].count(True) == 1


def test_holmium_is_made_for_its_time(run: Run) -> None:
    words = ("plan", "vial", "--device", "ho166", "--at", AT, "--json")
    [treatment] = choices_of(run(*words, "--activity", "6GBq")).values()
    assert treatment["vials"][0]["size"] == "made to order"
    assert treatment["at_use_gbq"] == pytest.approx(6)
    assert treatment["vials"][0]["hours_before_use"] == pytest.approx(0)
    [scout] = choices_of(run(*words, "--activity", "225MBq")).values()
    assert scout["vials"][0]["size"] == "scout"


@pytest.mark.parametrize(
    ("measured", "exit_code", "severity"),
    [("2.34GBq", 0, "note"), ("2.6GBq", 3, "ask"), ("2.9GBq", 3, "stop")],
)
@pytest.mark.parametrize("form", ["measured", "assay"])
def test_todays_vial_against_what_is_wanted(
    run: Run, measured: str, exit_code: int, severity: str, form: str
) -> None:
    at = "2026-03-04T08:00+01:00"
    words = ("--assay", measured, "--assay-at", at)
    words = ("--measured", f"{measured}@{at}") if form == "measured" else words
    case = (*CASE, "--device", "resin", *words, "--json")
    result = run(*case)
    assert result.exit_code == exit_code
    accepted = run(*case, "--accept", "H03", "--reason", "a smaller volume is treated")
    assert accepted.exit_code == (3 if severity == "stop" else 0)
    if severity == "ask":
        document = document_of(accepted)
        assert document["accepted"][0]["code"] == "H03"
        # 2.6 GBq two hours earlier.
        own = document["injections"][0]["measured"]
        assert own["at_use_gbq"] == pytest.approx(2.6 * 2 ** (-2 / 64.05))


def test_when_it_holds_exactly_what_is_wanted(run: Run) -> None:
    """4.6 GBq at 8:00 for 2.3 GBq: one half-life later, 64 h and 3 min."""
    words = ("--measured", "4.6GBq@2026-03-01T17:57+01:00", "--device", "glass")
    [one] = document_of(run(*CASE, *words, "--json"))["injections"]
    assert one["measured"]["to_wanted_ratio"] == pytest.approx(1, abs=1e-6)
    assert one["measured"]["holds_it_at"] == AT


def test_an_accident_on_record_is_stopped(run: Run) -> None:
    """ABS case 0003: 1.5 GBq on the day, 0.629 GBq prescribed, 80.4 h too early."""
    result = run(
        *("plan", "vial", "--activity", "0.629GBq", "--at", AT, "--device", "glass"),
        *("--measured", f"1.5GBq@{AT}"),
    )
    assert result.exit_code == 3
    assert "+138.5% from the 0.629 GBq to draw up" in result.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--device", "glass", "--assay", "2GBq"), 3, "needs its time"),
        (("--device", "glass", "--measured", "2GBq"), 2, "no time of the measurement"),
        (("--device", "glass", "--measured", "2GBq@2026-03-04"), 2, "a time of day"),
        (("--device", "glass", "--measured", f"2@{AT}"), 2, "has no unit"),
        (("--device", "glass", "--measured", f"0GBq@{AT}"), 2, "activity above 0"),
        (("--device", "glass", "--at", AT), 2, "with several times write each"),
        (("--device", "glass", "--vial", "5"), 2, "has no unit"),
        (("--device", "glass", "--activity", "0GBq"), 3, "must be above 0"),
        (("--device", "glass", "--injection", "right"), 2, "give --plan"),
        (("--device", "glass", "--timezone", "Mars"), 2, "--timezone"),
        (("--device", "glass", "--choose", "5GBq@2026-02-30"), 2, "not a date"),
        (("--device", "glass", "--choose", "5GBq@2026-03-02"), 3, "choose one of"),
        (("--device", "resin", "--choose", "3GBq@2026-03-04"), 3, "write the time"),
        ((), 2, "--device"),
    ],
)
def test_refusals(
    run: Run, options: tuple[str, ...], exit_code: int, message: str
) -> None:
    result = run(*CASE, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in " ".join(result.stderr.split())


def test_a_time_without_an_offset_is_refused(run: Run) -> None:
    words = ("plan", "vial", "--activity", "2GBq", "--device", "glass")
    result = run(*words, "--at", "2026-03-04T10:00")
    assert result.exit_code == 2
    assert "no offset" in result.stderr


def test_sizes_of_ones_own(run: Run) -> None:
    """A made vial is calibrated when it suits: 26.8 h x log2(6 / 2.3) before."""
    words = (*CASE, "--device", "ho166", "--vial", "6GBq", "--vial", "8GBq", "--json")
    found = document_of(run(*words))
    leads = [
        own["vials"][0]["hours_before_use"] for own in found["injections"][0]["choices"]
    ]
    assert leads == pytest.approx([37.074, 48.196], abs=1e-3)
    assert found["nuclide"]["half_life_h"] == 26.8


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


def test_a_size_that_is_given_can_be_ordered(run: Run) -> None:
    words = (*CASE, "--device", "glass", "--choose", "4.9GBq@2026-03-01")
    asked = run(*words)
    assert asked.exit_code == 3
    assert "4.9 GBq is not a size of glass microspheres" in asked.stderr
    given = run(*words, "--vial", "4.9GBq", "--json")
    assert "sizes, 4.9 GBq" in document_of(given)["catalogue"]["facts"][0]["says"]


def test_what_nobody_verified_is_named_once(run: Run) -> None:
    document = document_of(run(*CASE, "--device", "glass", "--json"))
    [note] = [one for one in document["warnings"] if "not verified" in one["message"]]
    assert (note["code"], note["severity"]) == ("H03", "note")
    assert "Sunday 12:00, America/New_York" in note["message"]
    assert "US package insert" not in note["message"]
