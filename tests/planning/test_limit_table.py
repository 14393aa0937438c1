"""Published limits: what holds when, and what a plan makes of them."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from sirtdose.errors import InputError, RangeError
from sirtdose.planning.limit_table import Patient, chosen_limits

Run = Callable[..., Result]
CASE = ("plan", "partition", "--perfused-volume", "1000mL", "--tumor", "T1=200mL@3.0")
CASE += ("--lung-shunt", "5%")
ORDER = {"normal_perfused": 0, "normal_whole": 1, "liver": 2, "perfused": 3, "tumor": 4}


def held(text: str, **patient: object) -> list[str]:
    chosen = chosen_limits(text, Patient(**patient))  # type: ignore[arg-type]
    said = []
    for rule in sorted(chosen.rules, key=lambda rule: ORDER[rule.volume]):
        sign = {"at_most": "<", "at_least": ">", "range": ""}[rule.sense]
        bound = f"{rule.limit_gy:g}-{rule.upper_gy:g}" if rule.upper_gy else ""
        equal = "" if rule.strict or bound else "="
        said.append(f"{rule.volume} {sign}{equal}{bound or f'{rule.limit_gy:g}'}")
    return said


# EANM 2022, Tables 2, 3 and 4, cell by cell as the clinical reference has them.
@pytest.mark.parametrize(
    ("text", "patient", "limits"),
    [
        ("glass:hcc:segmentectomy", {}, ["perfused >400"]),
        ("glass:icc:segmentectomy", {}, ["perfused >400"]),
        (
            "glass:hcc:lobectomy",
            {"liver_known": True, "bilirubin_mg_per_dl": 0.9},
            [
                *("normal_perfused >=88", "normal_whole <90", "liver <150"),
                *("perfused >=140", "tumor >=205", "tumor >=250"),
            ],
        ),
        (
            "glass:hcc:lobectomy",
            {"treated_before": True},
            ["normal_whole <75", "perfused 140-150", "tumor >=205", "tumor >=250"],
        ),
        (
            "glass:hcc:unilobar",
            {"bilirubin_mg_per_dl": 1.2, "reserve_fraction": 0.2, "liver_known": True},
            [
                *("normal_perfused <120", "normal_whole <50", "liver <150"),
                *("perfused >=80", "tumor >=205", "tumor >=250"),
            ],
        ),
        (
            "glass:hcc:unilobar",
            {"reserve_fraction": 0.4},
            ["normal_whole <75", "perfused 80-150", "tumor >=205", "tumor >=250"],
        ),
        (
            "glass:hcc:bilobar",
            {"bilirubin_mg_per_dl": 0.5},
            ["normal_whole <90", "perfused 80-150", "tumor >=205"],
        ),
        (
            "glass:icc:lobectomy",
            {},
            ["normal_whole <75", "perfused 140-150", "tumor >=260"],
        ),
        (
            "glass:mcrc:bilobar",
            {"bilirubin_mg_per_dl": 2.0},
            ["normal_whole <50", "perfused 80-150", "tumor >=189"],
        ),
        ("resin:mcrc:segmentectomy", {}, ["perfused >150"]),
        ("resin:hcc:lobectomy", {}, ["tumor >=100"]),
        (
            "resin:hcc:lobectomy",
            {"reserve_fraction": 0.4},
            ["normal_perfused >70", "tumor >=100"],
        ),
        ("resin:icc:lobectomy", {}, ["normal_perfused >70", "tumor >=100"]),
        ("resin:mcrc:unilobar", {}, ["normal_perfused <40", "tumor >100"]),
        ("resin:hcc:bilobar", {}, ["normal_perfused <40", "tumor >=100"]),
        (
            "resin:hcc:bilobar",
            {"treated_before": True},
            ["normal_perfused <30", "tumor >=100"],
        ),
        (
            "resin:hcc:bilobar",
            {"liver_function": "compromised"},
            ["normal_perfused <30", "tumor >=100"],
        ),
        ("ho166:hcc:segmentectomy", {}, ["perfused <=60"]),
        ("ho166:hcc:unilobar", {}, ["normal_whole <60", "perfused <=60"]),
        (
            "ho166:icc:lobectomy",
            {},
            ["normal_whole <60", "perfused <=60", "tumor >150"],
        ),
        (
            "ho166:mcrc:bilobar",
            {},
            ["normal_whole <40", "perfused <=60", "tumor >90"],
        ),
        (
            "ho166:mcrc:bilobar",
            {"liver_function": "favorable"},
            ["normal_whole <=60", "perfused <=60", "tumor >90"],
        ),
    ],
)
def test_eanm_2022_cell_by_cell(text: str, patient: dict, limits: list[str]) -> None:
    assert held(f"eanm2022:{text}", **patient) == limits


@pytest.mark.parametrize(
    ("text", "patient", "message"),
    [
        ("eanm2022:glass:hcc:bilobar", {}, "give --bilirubin"),
        (
            "eanm2022:glass:hcc:unilobar",
            {"bilirubin_mg_per_dl": 1.1},
            "exactly 1.1 mg/dL, for which EANM 2022 gives no limit",
        ),
        ("eanm2022:glass:hcc", {}, "missing is one of segmentectomy"),
        ("eanm2022:steel:hcc:unilobar", {}, "'steel' is not one of resin"),
        ("eanm2022:glass:hcc:unilobar:x", {}, "has 5 words"),
        ("eanm2022:glass:hcc:unilobar", {"bilirubin_mg_per_dl": -1.0}, "0 or more"),
    ],
)
def test_what_cannot_be_chosen(text: str, patient: dict, message: str) -> None:
    with pytest.raises((InputError, RangeError), match=message):
        chosen_limits(text, Patient(**patient))


def test_maximize_obeys_what_is_at_most(run: Run) -> None:
    result = run(
        *(*CASE, "--maximize", "--liver-volume", "1.8L", "--device", "glass"),
        *("--limits", "eanm2022:glass:hcc:lobectomy", "--bilirubin", "15umol/L"),
        "--json",
    )
    assert result.exit_code == 0, result.stderr
    limits = json.loads(result.stdout)["limits"]
    # 15 umol/L are 0.88 mg/dL; 90 Gy to 1.68 kg, of which 0.84 kg get any: 180 Gy.
    [binds] = [limit for limit in limits if limit["binding"]]
    assert (binds["volume"], binds["limit_gy"]) == ("normal_whole", 90.0)
    assert binds["met"]
    assert binds["condition"] == "bilirubin below 1.1 mg/dL"
    [normal] = [limit for limit in limits if limit["volume"] == "normal_perfused"]
    assert normal["value_gy"] == pytest.approx(180)


def test_an_unmet_at_least_says_what_it_needs(run: Run) -> None:
    result = run(
        *(*CASE, "--normal-dose", "30Gy", "--device", "resin", "--json"),
        *("--limits", "eanm2022:resin:hcc:unilobar"),
    )
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    tumor = document["limits"][-1]
    assert (tumor["volume"], tumor["met"]) == ("tumor", False)
    assert tumor["value_gy"] == pytest.approx(90)
    needed = tumor["activity_needed_gbq"]
    assert needed == pytest.approx(document["activity_gbq"] * 100 / 90)
    # 1.038 would be too little.
    assert 1.038 < needed < 1.039
    assert "that needs 1.039 GBq (28.07 mCi)" in result.stderr


def test_a_strict_limit_is_not_met_at_its_bound(run: Run) -> None:
    options = ("--device", "resin", "--limits", "eanm2022:resin:hcc:unilobar")
    just_met = run(*CASE, *options, "--normal-dose", "39.999Gy")
    assert just_met.exit_code == 0, just_met.stderr
    at_bound = run(*CASE, *options, "--normal-dose", "40.001Gy")
    assert at_bound.exit_code == 4
    assert "above the limit of 40 Gy" in at_bound.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        # Limits of other microspheres or another nuclide are no limits of this plan.
        (("--device", "resin"), 3, "H25 Thresholds of other microspheres"),
        (("--nuclide", "Ho-166"), 3, "H25 Thresholds of other microspheres"),
        # A limit that cannot be checked does not bound the activity.
        (("--device", "glass"), 3, "give --liver-volume"),
    ],
)
def test_limits_that_do_not_fit(
    run: Run, options: tuple[str, ...], exit_code: int, message: str
) -> None:
    table = ("--limits", "eanm2022:glass:mcrc:unilobar")
    result = run(*CASE, "--maximize", *table, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_between_80_and_150_is_one_of_two_that_are_right(run: Run) -> None:
    """Glass, HCC, unilobar: more than 150 Gy only where the whole liver allows it."""
    words = ("--limits", "eanm2022:glass:hcc:unilobar", "--device", "glass")
    result = run(
        *("plan", "partition", "--perfused-volume", "600mL", "--liver-volume", "1.6L"),
        *("--activity", "1.4GBq", "--lung-shunt", "0%", *words, "--json"),
    )
    assert result.exit_code == 0, result.stderr
    limits = json.loads(result.stdout)["limits"]
    [perfused] = [limit for limit in limits if limit["volume"] == "perfused"]
    # 49.67 * 1.4 / 0.63 kg.
    assert perfused["value_gy"] == pytest.approx(110.4, abs=0.05)
    assert perfused["met"]


def test_no_limit_for_normal_liver_asks_for_one(run: Run) -> None:
    table = ("--limits", "eanm2022:glass:hcc:segmentectomy", "--device", "glass")
    asked = run(*CASE, "--maximize", *table)
    assert asked.exit_code == 3
    assert "H07" in asked.stderr
    assert "no limit for normal liver" in asked.stderr
    noted = run(*CASE, "--activity", "9GBq", "-v", *table)
    assert (
        "EANM 2022 (Table 2) states no limit of normal liver and tumor for"
        in noted.stderr
    )
    chosen = run(*CASE, "--maximize", *table, "--limit", "normal_perfused=300Gy")
    assert chosen.exit_code == 0, chosen.stderr
    row = next(one.split() for one in chosen.stderr.splitlines() if "yours" in one)
    assert row[3:6] == ["300.0", "300", "met"]
    # 400 Gy and more are what this scenario is for: no question of a ceiling.
    assert "above 150 Gy" not in chosen.stderr


def test_single_compartment_is_not_recommended_for_a_resin_lobe(run: Run) -> None:
    result = run(
        *("plan", "mird", "--dose", "60Gy", "--perfused-volume", "1L"),
        *("--lung-shunt", "0%"),
        *("--limits", "eanm2022:resin:mcrc:unilobar", "--device", "resin"),
    )
    assert result.exit_code == 0, result.stderr
    assert (
        "WARN H25  EANM 2022 (Table 3) does not recommend a single-compartment dose to "
        "the perfused volume for unilobar with resin; give your own with --limit"
    ) in result.stderr
    rows = [one for one in result.stderr.splitlines() if "Table 3" in one]
    assert rows[0].split()[:7] == [
        "normal",
        "perfused",
        "liver",
        "-",
        "under",
        "40",
        "not",
    ]


@pytest.mark.parametrize("typed", ["15mg/dL", "0.9umol/L"])
def test_a_bilirubin_of_the_other_unit_is_asked_about(run: Run, typed: str) -> None:
    """15 umol/L are 0.88 mg/dL, and 0.9 mg/dL are 15 umol/L: mixed up either way."""
    words = (*CASE, "--activity", "1GBq", "--device", "glass", "--liver-volume", "1.8L")
    table = ("--limits", "eanm2022:glass:hcc:lobectomy", "--bilirubin", typed)
    asked = run(*words, *table)
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert "H05 Unit of an activity: bilirubin is" in asked.stderr
    accepted = run(*words, *table, "--accept", "H05", "--reason", "as measured")
    assert "ACCEPTED H05: as measured" in accepted.stderr
