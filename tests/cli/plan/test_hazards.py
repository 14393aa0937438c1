"""Every hazard of planning has a case that makes its check fire, by its code."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

Run = Callable[..., Result]
MIRD = "plan mird --dose 100Gy --perfused-volume 1000mL --lung-shunt 5%"
PARTITION = "plan partition --perfused-volume 900mL --lung-shunt 5% --activity 2GBq"
VIAL = "plan vial --activity 2GBq --at 2026-03-04T10:00+01:00 --device glass"
LITER = "plan partition --perfused-volume 1L --lung-shunt 5%"
TWO = (
    "plan partition --lung-shunt 5% --injection a=perfused:900mL,activity:1.5GBq "
    "--injection b=perfused:600mL,activity:1.5GBq"
)


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (
            f"{VIAL} --assay 2.3GBq --assay-at 2026-03-04T10:00+01:00",
            3,
            "H03 Vial activity",
        ),
        (f"{VIAL} --assay 2.5GBq --assay-at 2026-03-04T10:00+01:00", 3, "over 20 %"),
        (TWO, 0, "WARN H04  'a' and 'b' get the same activity"),
        (f"{LITER} --activity 2200GBq", 3, "H05 Unit"),
        (f"{LITER} --activity 1.68mCi", 3, "H05 Unit"),
        (f"{VIAL} --assay 54GBq --assay-at 2026-03-04T10:00+01:00", 3, "GBq and mCi"),
        (f"{MIRD} --device glass --dose 540Gy", 3, "H07 Unusual dose or activity"),
        (
            f"{MIRD} --residual 25%",
            0,
            "WARN H08  25% is expected to remain in the vial and tubing",
        ),
        (PARTITION, 0, "NOTE H18  normal perfused liver is the perfused volume"),
        (f"{PARTITION} --liver-volume 5L", 0, "WARN H19  'whole liver' is 5000 mL"),
        (
            f"{PARTITION} --tumor T=500mL@3",
            0,
            "WARN H19  tumors fill 500 mL of the 900 mL of 'perfused volume', 56%",
        ),
        (
            "plan partition --perfused-volume 90mL --lung-shunt 5% --activity 0.2GBq",
            0,
            "WARN H19  'perfused volume' is 90 mL",
        ),
        (f"{MIRD} --lung-shunt 25%", 0, "WARN H22  lung shunt is 25.0%, above 10 %"),
        (f"{MIRD} --lung-shunt 60%", 3, "H22 Lung shunt"),
        (
            f"{MIRD} --lung-shunt-source planar",
            0,
            "WARN H22  the lung shunt was measured on",
        ),
        (f"{MIRD} --lung-shunt 25%", 0, "WARN H22  lungs get"),
        (
            f"{MIRD} --prior-lung-dose 45Gy",
            0,
            "above 50 Gy (all sessions)",
        ),
        (MIRD, 0, "NOTE H23  lung mass 1 kg (default)"),
        (f"{PARTITION} --tumor T=50mL@1.2", 0, "WARN H24  'T' has a T/N of 1.20"),
        (f"{PARTITION} --tumor T=50mL@30", 0, "T/N of 30, above 20: was 3.0 meant?"),
        (f"{PARTITION} --tumor T=50mL@0.8", 3, "H24 Limits of what the scout image"),
        (
            f"{PARTITION} --device resin --limits eanm2022:glass:mcrc:unilobar",
            3,
            "H25 Thresholds of other microspheres",
        ),
    ],
)
def test_it_fires(run: Run, words: str, exit_code: int, said: str) -> None:
    result = run(*words.split(), "-v")
    assert result.exit_code == exit_code, result.stderr
    assert said in result.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (f"{VIAL} --assay 2.3GBq --assay-at 2026-03-04T10:00+01:00", "H03"),
        (f"{LITER} --activity 22GBq", "H05"),
        (f"{MIRD} --device glass --dose 540Gy", "H07"),
        (f"{MIRD} --lung-shunt 60%", "H22"),
        (f"{PARTITION} --tumor T=50mL@0.8", "H24"),
    ],
)
def test_what_asks_goes_on_when_accepted(run: Run, words: str, code: str) -> None:
    assert run(*words.split()).exit_code == 3
    assert run(*words.split(), "--accept", code).exit_code == 2
    accepted = run(*words.split(), "--accept", code, "--reason", "known")
    assert accepted.exit_code == 0, accepted.stderr
    assert f"ACCEPTED {code}: known" in accepted.stderr


def test_each_subject_is_accepted_by_its_name(run: Run) -> None:
    words = [*PARTITION.split(), "--tumor", "Seg 4=50mL@0.8", "--tumor", "T2=50mL@0.7"]
    assert run(*words, "--accept", "H24", "--reason", "known").exit_code == 3
    one = ("--accept", "H24:Seg 4", "--reason", "necrotic")
    left = run(*words, *one)
    assert (left.exit_code, left.stdout) == (3, "")
    assert '--accept "H24:T2"' in left.stderr
    assert '--accept "H24:Seg 4"' not in left.stderr
    both = run(*words, *one, "--accept", "h24:t2", "--reason", "diffuse", "--json")
    assert both.exit_code == 0, both.stderr
    assert json.loads(both.stdout)["accepted"] == [
        {"code": "H24", "subject": "Seg 4", "reason": "necrotic"},
        {"code": "H24", "subject": "t2", "reason": "diffuse"},
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (f"{MIRD} --lung-shunt 4.2", "for percent write 4.2%"),
        (f"{MIRD} --lung-mass -1kg", "must be above 0"),
        (f"{MIRD} --device steel", "is not a device known here"),
        ("plan vial --activity 2GBq --at 2026-03-04T10:00 --device glass", "no offset"),
        (f"{PARTITION} --tumor T=1L@3", "must include them"),
        (
            f"{PARTITION} --liver-volume 800mL",
            "but the liver of 800 mL must include them",
        ),
    ],
)
def test_bad_input_says_what_would_do(run: Run, words: str, message: str) -> None:
    result = run(*words.split())
    assert result.exit_code in (2, 3)
    assert result.stdout == ""
    assert message in result.stderr
