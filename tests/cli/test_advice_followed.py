"""What a message advises is typed, and leads on: the message is gone."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
MIRD = "plan mird --dose 120Gy --perfused-volume 900mL --lung-shunt 5%"
PARTITION = "plan partition --perfused-volume 900mL --tumor T1=100mL@3 --lung-shunt 5%"
BSA = "plan bsa --height 165cm --weight 60kg --liver-volume 1500mL"
BSA += " --tumor-volume 300mL --lung-shunt 12%"
VIAL = "plan vial --activity 2GBq --device glass"
AT = " --at 2026-03-04T10:00+01:00"
# What is said, in a run of these words, and what it advises: a piece of the message.
FOLLOWED = [
    (MIRD.replace(" --lung-shunt 5%", ""), "no lung shunt was", "--lung-shunt 0%"),
    (f"{MIRD} -v", "origin of the lung shunt", "--lung-shunt-source planar"),
    (f"{MIRD} -v", "whole liver not checked", "--device"),
    (
        f"{MIRD} --device glass".replace("120Gy", "160Gy"),
        "above 150 Gy",
        "--limits eanm2022:glass:<disease>:segmentectomy",
    ),
    (
        f"{PARTITION} --device resin --tumor-dose 300Gy",
        "above 80 Gy",
        "--limits eanm2022:resin:<disease>:lobectomy",
    ),
    (
        f"{MIRD} --limits eanm2022:glass:hcc:segmentectomy",
        "the limits are",
        "--device glass",
    ),
    (
        f"{MIRD} --device glass --limits eanm2022:glass:hcc:bilobar"
        " --liver-volume 1500mL",
        "give --bilirubin",
        "--bilirubin",
    ),
    (f"{MIRD} --limit liver=60Gy", "cannot be checked", "--liver-volume"),
    (f"{MIRD} --limit normal=70Gy", "cannot be checked", "plan partition"),
    (
        f"{PARTITION} --tumor-dose 120Gy --limit normal_whole=60Gy",
        "cannot be checked",
        "--liver-volume",
    ),
    (
        f"{PARTITION} --maximize".replace("5%", "0%"),
        "--maximize needs a limit",
        "--limit",
    ),
    (f"{PARTITION} --maximize", "limited only by the lungs", "--limit"),
    (MIRD.replace("5%", "60%"), "to go on: --accept H", "--accept"),
    (BSA, "steps are not verified", "--shunt-reduction"),
    (VIAL + " --at 2026-03-04T10:00", "has no offset", "--timezone Europe/Brussels"),
    (f"{VIAL}{AT} -v", "not checked: needs --measured", "--measured"),
    (f"{MIRD} --seed 4", "--seed is for --uncertainty", "--uncertainty"),
    (MIRD.replace("lung-shunt", "lsf"), "No such option: --lsf", "--lung-shunt"),
    (f"{MIRD} --target 90Gy", "No such option: --target", "--dose"),
    (f"{MIRD} --mci 45", "No such option: --mci", "plan partition --activity"),
    (MIRD.removeprefix("plan "), "No such command", "plan mird"),
]
VALUES = {
    "--device": ["glass"],
    "--dose": ["90Gy"],
    "--lung-shunt": ["5%"],
    "--bilirubin": ["0.9mg/dL"],
    "--liver-volume": ["1500mL"],
    "--limit": ["normal=70Gy"],
    "--shunt-reduction": ["10%=20%"],
    "--measured": ["2.1GBq@2026-03-04T08:00+01:00"],
    "--uncertainty": ["50"],
    "--accept": [],
}


def said_by(result: Result) -> str:
    return " ".join(result.stderr.split())


def words_followed(words: list[str], said: str, advised: str) -> list[str]:
    """The words of a run with what a message advises."""
    for wrong in ("--lsf", "--target", "--mci"):
        if wrong in words:
            at = words.index(wrong)
            words = [*words[:at], *words[at + 2 :]]
    if advised.startswith("plan "):
        rest = words[2:] if words[0] == "plan" else words[1:]
        rest = [*advised.split()[:2], *rest]
        if advised.startswith("plan partition"):
            at = rest.index("--dose")
            goal = ["--activity", "2GBq", "--tumor", "T1=100mL@3"]
            rest = [*rest[:at], *goal, *rest[at + 2 :]]
        return rest
    if advised == "--accept":
        codes = re.findall(r"--accept (\S+) --reason", said)
        return [*words, *(w for c in codes for w in ("--accept", c, "--reason", "so"))]
    # Which disease it is, the patient's physician knows.
    option, *value = advised.replace("<disease>", "icc").split()
    return [*words, option, *(value or VALUES.get(option, []))]


@pytest.mark.parametrize(
    ("words", "message", "advised"), FOLLOWED, ids=[one[1] for one in FOLLOWED]
)
def test_what_is_advised_leads_on(
    run: Run, words: str, message: str, advised: str
) -> None:
    typed = shlex.split(words)
    said = said_by(run(*typed))
    assert message in said, said
    assert advised in said, said
    again = run(*words_followed(typed, said, advised))
    assert message not in said_by(again), said_by(again)
    assert again.exit_code in (0, 4), said_by(again)


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("1.5Gbq", "1.5GBq"),
        ("500mBq", "500MBq"),
        ("45Mci", "45mCi"),
        ("1,5GBq", "1.5GBq"),
        ("1.234,5MBq", "1234.5MBq"),
        ("1,000MBq", "1000MBq"),
    ],
)
def test_a_quantity_is_taken_as_the_message_writes_it(
    run: Run, written: str, right: str
) -> None:
    words = shlex.split(PARTITION)
    refused = run(*words, "--activity", written)
    assert refused.exit_code == 2
    assert right in refused.stderr
    assert run(*words, "--activity", right).exit_code == 0


def test_what_a_lung_shunt_suggests_is_understood(run: Run) -> None:
    counts = "lsf planar --lung-counts 12000,10000 --liver-counts 160000,90000"
    said = run(*counts.split()).stderr
    words = said.partition("Try: sirtdose ")[2].splitlines()[0].replace("...", "")
    goal = ("--dose", "120Gy", "--perfused-volume", "900mL")
    assert run(*shlex.split(words), *goal).exit_code == 0


def test_what_is_not_checked_after_treatment_is_where_it_is_given(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    words = ["post", exact_voxels, "--administered", "2GBq", "--lung-shunt", "5%"]
    words += ["-v", "--no-report", "--no-dicom", "--out", tmp_path / "doses", "--force"]
    said = said_by(run(*words))
    needs = {
        "needs --device and --disease": "--device glass --disease hcc",
        "--lung-shunt-source planar or spect": "--lung-shunt-source spect",
        "needs --residual": "--residual 0GBq",
    }
    assert any(need in said for need in needs), said
    given = [word for one in needs.values() for word in one.split()]
    more = run(*words, *given)
    assert more.exit_code == 0, more.stderr
    assert not [need for need in needs if need in said_by(more)]


@pytest.mark.parametrize(
    ("words", "code", "most"),
    [
        # 20 Gy x 1.575 kg / 49.67 / 0.88 = 0.72068 GBq.
        (f"{BSA} --limit liver=20Gy", "H42", "0.7206GBq"),
        # 74.7 Gy x 1.155 kg / 49.67 / 0.98 = 1.77248 GBq.
        (
            "plan bsa --height 190cm --weight 100kg --liver-volume 1100mL"
            " --tumor-volume 400mL --lung-shunt 2%",
            "H43",
            "1.772GBq",
        ),
    ],
)
def test_another_activity_than_the_formula_gives_is_planned_elsewhere(
    run: Run, words: str, code: str, most: str
) -> None:
    """Body surface area gives one activity: no option of its command takes another."""
    said = said_by(run(*shlex.split(words)))
    assert code in said
    assert f"at most {most.replace('GBq', ' GBq')}" in said
    advice = "to plan another activity than the formula's, use `sirtdose plan partition"
    assert f"{advice} --activity`" in said
    volume = re.search(r"--liver-volume (\S+)", words)[1]
    kept = re.findall(r"--(?:lung-shunt|limit) \S+", words)
    again = run(
        *("plan", "partition", "--activity", most, "--device", "resin"),
        *("--perfused-volume", volume, "--liver-volume", volume),
        *shlex.split(" ".join(kept)),
    )
    assert again.exit_code == 0, said_by(again)
    assert not re.search(rf"(ASK|Error:) {code}", said_by(again))
