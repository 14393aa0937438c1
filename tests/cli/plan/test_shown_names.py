"""A name that a plan's page shows is one that can be typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.errors import InputError
from sirtdose.model.acceptance import Acceptance, by_own_subjects
from sirtdose.model.finding import Finding
from sirtdose.model.metric import MEAN
from sirtdose.planning.aim import Aim, named_aims
from sirtdose.planning.limits import given_rules, known
from sirtdose.planning.partition_case import Case, Region

Run = Callable[..., Result]
IMAGE = ("--lung-shunt", "5%", "--density", "1.05g/mL", "--method", "local")


def planned(run: Run, folder: Path, *words: object) -> Result:
    return run("plan", "image", folder, *IMAGE, "--device", "glass", *words)


@pytest.mark.parametrize("name", ["Perfused lobe", "perfused LOBE", "Perfused volume"])
def test_limits_goals_and_acceptances_take_the_names_of_the_page(
    run: Run, exact_voxels: Path, name: str
) -> None:
    """The page calls the plan's "perfused volume" as it was drawn: "Perfused lobe"."""
    words = ("--activity", "2GBq", "--limit", f"{name}=60Gy", "--json")
    missed = planned(run, exact_voxels, *words)
    assert missed.exit_code == 4, missed.stderr
    [limit] = [
        one for one in json.loads(missed.stdout)["limits"] if one["given_by_user"]
    ]
    assert (limit["name"], limit["limit_gy"]) == ("perfused", 60)
    accepted = planned(
        run, exact_voxels, *words, "--accept", f"H42:{name}", "--reason", "agreed"
    )
    assert accepted.exit_code == 0, accepted.stderr
    assert "no check asked for it" not in accepted.stderr
    [given] = json.loads(accepted.stdout)["accepted"]
    assert given["subject"].casefold() == "perfused volume"
    aimed = planned(run, exact_voxels, "--goal", f"{name}:mean=60Gy", "--json")
    assert aimed.exit_code == 0, aimed.stderr
    document = json.loads(aimed.stdout)
    [own] = document["assumptions"]["injections"]
    assert own["aims"][0]["of"] == "perfused"
    [part] = [one for one in document["compartments"] if one["role"] == "perfused"]
    assert part["dose_gy"] == pytest.approx(60)


def test_a_name_of_nothing_is_refused_with_those_that_are_shown(
    run: Run, exact_voxels: Path
) -> None:
    refused = planned(
        run, exact_voxels, "--activity", "2GBq", "--limit", "Left lobe=60Gy"
    )
    assert refused.exit_code == 3
    said = " ".join(refused.stderr.split())
    assert "names no volume of this plan: there are normal_perfused" in said
    assert "Perfused lobe" in said


def test_updates_and_vials_take_them_too(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """The perfused volume gets 43.8 Gy by 1 GBq: 1.3 GBq are below 60 Gy, 1.5 above."""
    words = ("--activity", "1.3GBq", "--limit", "Perfused lobe=60Gy", "--out", tmp_path)
    made = planned(run, exact_voxels, *words)
    assert made.exit_code == 0, made.stderr
    path = tmp_path / "plan.json"
    assert run("plan", "approve", path, "--by", "A. Physicist").exit_code == 0
    at = "2026-12-09T10:00+01:00"
    accept = ("--accept", "H42:Perfused lobe", "--reason", "agreed")
    each = (
        ("plan", "update", path, "--drawn", "1.5GBq"),
        *(("plan", "vial", "--plan", path, "--at", at, "--measured", f"1.5GBq@{at}"),),
    )
    more = ("--accept", "H03", "--reason", "a larger vial")
    for words, also in zip(each, ((), more), strict=True):
        asked = run(*words, *also)
        assert asked.exit_code == 4, asked.stderr
        assert "H42" in asked.stderr
        accepted = run(*words, *also, *accept, "--json")
        assert accepted.exit_code == 0, accepted.stderr
        assert "no check asked for it" not in accepted.stderr
        given = {one["subject"] for one in json.loads(accepted.stdout)["accepted"]}
        assert "perfused volume" in given


def region(name: str, role: str, of: str, drawn: str) -> Region:
    return Region(name, role, 500.0, 0.5, (of,), (1.0,), (90.0,), drawn=drawn)


def case(*regions: Region) -> Case:
    return Case(("right", "left"), (0.0, 0.0), regions, 49.67, 1.0, 0.0, True)


def test_a_name_of_several_is_refused_by_their_own_names() -> None:
    right = region("perfused volume of right", "perfused", "right", "Lobe")
    left = region("perfused volume of left", "perfused", "left", "Lobe")
    both = "perfused volume of left or perfused volume of right"
    with pytest.raises(InputError, match=f"--limit lobe may be {both}: write one"):
        known(given_rules({"lobe": 60.0}), case(right, left))
    # Of one injection it is one.
    [aim] = named_aims([Aim("lobe", MEAN, 60.0)], "right", case(right, left))
    assert aim.of == "perfused"
    other = region("perfused volume of left", "perfused", "left", "Left")
    [rule] = known(given_rules({"left": 60.0}), case(right, other))
    assert rule.volume == "perfused volume of left"
    # Drawn as what the plan calls another: only the plan's own word says which.
    liver = region("whole liver", "liver", "right", "All of it")
    named = region("perfused volume", "perfused", "right", "LIVER")
    with pytest.raises(InputError, match="may be liver or perfused: write one"):
        known(given_rules({"Liver": 60.0}), case(liver, named))
    [rule] = known(given_rules({"liver": 60.0}), case(liver, named))
    assert rule.volume == "liver"
    tumor = region("LOBE", "tumor", "right", "")
    with pytest.raises(InputError, match="may be of perfused or LOBE: write one"):
        named_aims([Aim("lobe", MEAN, 60.0)], "right", case(right, tumor))


def test_an_acceptance_of_several_is_refused() -> None:
    asks = [
        Finding.of("H42", "61 Gy", subject=f"perfused volume of {name}")
        for name in ("right", "left")
    ]
    shown = {one.subject: "Lobe" for one in asks}
    both = '"H42:perfused volume of left" or "H42:perfused volume of right"'
    with pytest.raises(InputError, match=f"may be {both}: write one of these"):
        by_own_subjects([Acceptance("H42", "old", "lobe")], asks, shown)
    given = [Acceptance("H42", "old", asks[1].subject), Acceptance("H42", "old")]
    assert list(by_own_subjects(given, asks, shown)) == given
