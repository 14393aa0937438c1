"""`--injection` has one grammar, before treatment and after it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
import pytest
from click.testing import Result

from sirtdose.cli.words.case_file import METHODS
from sirtdose.cli.words.injections import (
    INJECTION_KEYS,
    given_injection_of,
    imaged_injection_of,
    injection_of,
    injection_option,
)

Run = Callable[..., Result]
AT = "2026-03-02T10:00+01:00"
READERS: dict[str, Callable[[str], Any]] = {
    "plan partition": injection_of,
    "plan image": imaged_injection_of,
    "post": given_injection_of,
}
# What each part may say; a volume is typed where there is no image.
VALUES = {
    **dict.fromkeys(("lung_shunt", "tlsf"), "5%"),
    **dict.fromkeys(("prior_dose", "dose", "tumor_dose", "normal_dose"), "40Gy"),
    **dict.fromkeys(("activity", "residual"), "1.2GBq"),
    "scout": "125MBq",
    "tumor": "T1=20mL@3",
    "limits": "eanm2022:glass:hcc:segmentectomy",
    "limit": "normal=70Gy",
    "goal": "tumor:D70=120Gy",
    "maximize": None,
}


def test_what_is_planned_is_what_was_given() -> None:
    text = "right=perfused:Right lobe,lung-shunt:5%,activity:1.2GBq"
    planned, given = imaged_injection_of(text), given_injection_of(text)
    assert planned.name == given.name == "right"
    assert planned.perfused == given.perfused == "Right lobe"
    assert planned.value == given.administered_gbq == 1.2
    assert planned.lung_shunt_fraction == given.lung_shunt_fraction == 0.05
    by_numbers = injection_of(text.replace("Right lobe", "900mL"))
    assert (by_numbers.perfused_volume_ml, by_numbers.value) == (900, 1.2)
    assert (by_numbers.goal, planned.goal) == ("activity", "activity")


@pytest.mark.parametrize(
    ("older", "text", "commands"),
    [
        (
            "right=1.2GBq;perfused=Right lobe;lung-shunt=5%",
            "right=perfused:Right lobe,activity:1.2GBq,lung-shunt:5%",
            ("plan image", "post"),
        ),
        (
            f" right = 1.2GBq@{AT} ; perfused = Right lobe ; residual = 20MBq@{AT} ",
            f" right = perfused : Right lobe , residual : 20MBq@{AT} , "
            f"activity: 1.2GBq@{AT}",
            ("post",),
        ),
        (
            "right=1.2GBq;perfused=900mL;tumor=T1=20mL@3;tumor=T2=9mL@R=2;tlsf=4%",
            "right=tumor:T1=20mL@3,perfused:900mL,tumor:T2=9mL@R=2,activity:1.2GBq,"
            "tlsf:4%",
            ("plan partition",),
        ),
        # Names with commas, equals signs and what else a station writes.
        (
            "a=45mCi;perfused=Seg 5, 6 = right: VOI@2",
            "a=perfused:Seg 5, 6 = right: VOI@2,activity:45mCi",
            ("plan image", "post"),
        ),
    ],
)
def test_the_older_way_says_the_same(
    older: str, text: str, commands: tuple[str, ...]
) -> None:
    for command in commands:
        assert READERS[command](older) == READERS[command](text)


def test_times_are_kept() -> None:
    text = f"r=perfused:Liver,activity:1GBq@{AT},residual:20MBq@2026-03-02T11:00"
    one = given_injection_of(text, "Europe/Brussels")
    assert one.at == datetime.fromisoformat(AT)
    assert one.residual_at == datetime.fromisoformat("2026-03-02T11:00+01:00")
    assert one.residual_gbq == 0.02


@pytest.mark.parametrize("key", [*INJECTION_KEYS, "tumor"])
def test_a_part_is_taken_or_sent_where_it_belongs(key: str) -> None:
    part = key.replace("_", "-")
    value = VALUES.get(key)
    written = part if value is None else f"{part}:{value}"

    def read(command: str) -> str:
        """Nothing where it is taken, else why it is not."""
        text = f"a=perfused:{'900mL' if command == 'plan partition' else 'Liver'}"
        is_goal = key in ("dose", "tumor_dose", "normal_dose", "activity", "maximize")
        others = "" if is_goal else ",activity:1.2GBq"
        try:
            READERS[command](
                f"{text}{others}" + ("" if key == "perfused" else f",{written}")
            )
        except click.BadParameter as error:
            return error.message
        return ""

    said = {command: read(command) for command in READERS}
    takes = [command for command, why in said.items() if not why]
    assert takes
    for command, why in said.items():
        for other in takes if why else ():
            assert f"'{part}' of 'a' is for " in why
            assert f"`sirtdose {other}`" in why
            assert why.endswith(f"leave it out of `sirtdose {command}`")
        # What help says it may have is what it takes.
        known = injection_option(command).help.partition("Parts: ")[2]
        words = known.replace(".", "").replace("and ", "").replace("one of ", "")
        named = [one.partition(":")[0] for one in words.split(", ")]
        assert (part in named) is (not why)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            f"plan partition --injection a=perfused:1L,activity:1GBq@{AT}",
            "'activity' of 'a' has a time, which is for activity and residual of "
            "`sirtdose post`",
        ),
        (
            "plan image scans --injection a=perfused:Liver,residual:20MBq,maximize",
            "'residual' of 'a' is for `sirtdose post`",
        ),
        (
            "post scans --out o --injection a=perfused:Liver,tumor-dose:120Gy",
            "'tumor-dose' of 'a' is for `sirtdose plan partition` and `sirtdose plan "
            "image`: leave it out of `sirtdose post`",
        ),
        (
            "post scans --out o --injection a=perfused:Liver",
            "'a' needs perfused:STRUCTURE and activity",
        ),
        (
            "post scans --out o --injection "
            f"a=perfused:L,activity:1GBq,lung-shunt:5%@{AT}",
            "'lung-shunt' of 'a' has a time",
        ),
        ("plan image scans --injection a=perfused:Liver,dos:5Gy", "is not known: use"),
        (
            "plan image scans --injection a=perfused:Liver",
            "and one of dose, tumor-dose",
        ),
    ],
)
def test_refusals_through_the_commands(run: Run, words: str, message: str) -> None:
    result = run(*words.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())


def test_a_case_file_sends_a_part_where_it_belongs(run: Run, tmp_path: Any) -> None:
    assert "image" in METHODS
    path = tmp_path / "case.toml"
    path.write_text(
        'method = "image"\nsource = "."\n[[injection]]\nname = "a"\n'
        'perfused = "Liver"\nactivity = "1GBq"\nresidual = "20MBq"\n'
    )
    result = run("plan", path)
    assert result.exit_code == 3
    assert "'residual' of 'a' is for `sirtdose post`" in result.stderr
