"""Devices and nuclides are understood as people write them, wherever they are given."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.cli.post.command import post_command
from sirtdose.cli.words.image import image_request
from sirtdose.cli.words.manifest import case_options, manifest_rows
from sirtdose.cli.words.typed import parsed_options

Run = Callable[..., Result]
MIRD = ("plan", "mird", "--dose", "50Gy", "--perfused-volume", "1000mL")
MIRD += ("--lung-shunt", "5%", "--json")


def nuclide_and_device(result: Result) -> tuple[str, str | None]:
    assert result.exit_code == 0, result.stderr
    plan = json.loads(result.stdout)
    return plan["nuclide"]["name"], plan["device"]


@pytest.mark.parametrize(
    ("typed", "device"),
    [
        *(("TheraSphere", "glass"), ("therasphere\u00ae", "glass"), ("GLASS", "glass")),
        *(("SIR-Spheres", "resin"), ("sir spheres", "resin"), ("SIRSpheres", "resin")),
        *(("QuiremSpheres", "ho166"), ("Quirem", "ho166"), ("ho-166", "ho166")),
        *(("Ho166", "ho166"), ("166Ho", "ho166"), ("166-Ho", "ho166")),
    ],
)
def test_a_product_is_recorded_as_its_device(run: Run, typed: str, device: str) -> None:
    nuclide = "Ho-166" if device == "ho166" else "Y-90"
    assert nuclide_and_device(run(*MIRD, "--device", typed)) == (nuclide, device)


@pytest.mark.parametrize(
    ("typed", "nuclide"),
    [
        *(("Y90", "Y-90"), ("y-90", "Y-90"), ("90Y", "Y-90"), ("yttrium-90", "Y-90")),
        *(("ho-166", "Ho-166"), ("Ho166", "Ho-166"), ("166Ho", "Ho-166")),
    ],
)
def test_a_nuclide_is_read_in_either_order(run: Run, typed: str, nuclide: str) -> None:
    assert nuclide_and_device(run(*MIRD, "--nuclide", typed)) == (nuclide, None)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--device", "theraspheers"), "did you mean glass?"),
        (("--device", "Sir-Sphere"), "did you mean resin?"),
        (("--device", "Y90"), "'Y90' is a nuclide: use resin or glass"),
        (("--device", "clay"), "use resin, glass, ho166"),
        (("--nuclide", "TheraSphere"), "for glass microspheres give --device glass"),
    ],
)
def test_what_is_not_understood_is_answered(
    run: Run, words: tuple[str, ...], says: str
) -> None:
    result = run(*MIRD, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in " ".join(result.stderr.split())


def test_files_take_them_too(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "case.toml"
    case.write_text(
        'method = "mird"\n[options]\ndose = "50Gy"\nperfused_volume = "1000mL"\n'
        'lung_shunt = "5%"\ndevice = "QuiremSpheres"\n'
    )
    assert nuclide_and_device(run("plan", case, "--json")) == ("Ho-166", "ho166")
    site = tmp_path / "site.toml"
    site.write_text(
        '[defaults]\ndevice = "SIR-Spheres"\n[calibrator.SIR-Spheres]\nfactor = 0.97\n'
        'uncertainty = "3%"\nsource = "a letter"\n[vials]\n"SIR-Spheres" = ["3GBq"]\n'
    )
    assert nuclide_and_device(run("--site", site, *MIRD)) == ("Y-90", "resin")
    times = ("--at", "2026-03-04T10:00+01:00", "--activity", "1GBq", "--json")
    for device in ((), ("--device", "sirspheres")):
        vial = run("--site", site, "plan", "vial", *times, *device)
        assert vial.exit_code == 0, vial.stderr
        assert json.loads(vial.stdout)["device"] == "resin"
    text = site.read_text() + "resin = []\n"
    site.write_text(text)
    twice = run("--site", site, *MIRD)
    assert "line 9: 'resin' is resin, which is there already" in twice.stderr


def test_a_batch_takes_them_too(tmp_path: Path) -> None:
    manifest = tmp_path / "cases.csv"
    manifest.write_text("case_id,input,device,nuclide\none,scan,TheraSphere,Y90\n")
    row = manifest_rows(manifest, post_command)[0]
    own = tmp_path / "case.toml"
    own.write_text('[options]\ndevice = "TheraSphere"\nnuclide = "Y90"\n')
    for options in (row.options, case_options(own, post_command)):
        read = parsed_options(post_command, tmp_path, options, where="a test")
        assert read["device"] == "glass"


def test_the_nuclide_that_a_scanner_was_told(tmp_path: Path) -> None:
    options = {"header_nuclide_was": "18F", "administered": "1GBq"}
    read = parsed_options(post_command, tmp_path, options, where="a test")
    assert image_request(tmp_path, read).header_nuclide_was == "F-18"


def test_published_limits_take_them_too(run: Run) -> None:
    words = ("--limits", "eanm2022:TheraSphere:hcc:segmentectomy")
    assert run(*MIRD, "--device", "TheraSphere", *words).exit_code == 0
