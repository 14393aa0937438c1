"""A hospital's own catalogue of vials: what it replaces, and what it is refused for."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.tables.catalogue import read_catalogue

OWN = """
[TheraSphere]
shelf_life = {hours = 240, source = "contract of 2026"}
[[TheraSphere.sizes]]
gbq = [4.0, 8.0]
[[TheraSphere.calibrations]]
weekdays = ["Sunday", "Wednesday"]
time = 09:30:00
zone = "Europe/Brussels"
"""


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, name: str = "vials.toml") -> Path:
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    return write


def test_what_the_file_does_not_say_is_as_shipped(own: Callable[..., Path]) -> None:
    products, digest = read_catalogue(own(OWN))
    glass = products["glass"]
    assert list(products) == ["glass"]
    assert (glass.fixed_gbq, glass.shelf_life_h) == ((4.0, 8.0), 240)
    assert glass.shelf_life.source == "contract of 2026"
    [sizes, calibration, *_] = glass.facts
    assert (sizes.source, sizes.verified) == ("the site's own", True)
    assert calibration.says == (
        "calibration Sunday and Wednesday 09:30, Europe/Brussels"
    )
    assert glass.spheres_per_gbq == 0.4e6
    assert not glass.part_is_drawn
    assert len(digest) == 64


def test_json_has_the_same(own: Callable[..., Path]) -> None:
    text = json.dumps({"resin": {"sizes": [{"name": "small", "gbq": [2]}]}})
    products, _ = read_catalogue(own(text, "vials.json"))
    assert products["resin"].size_name(2.0) == "small"
    assert len(products["resin"].schedules) == 2


def test_vials_of_ones_own_catalogue(
    run: Callable[..., Result], own: Callable[..., Path], tmp_path: Path
) -> None:
    """8 GBq of Wednesday 9:30 are 8 x 2 ** -(24 / 64.05) = 6.170 GBq a day later."""
    words = ("plan", "vial", "--activity", "6GBq", "--device", "glass", "--json")
    words += ("--at", "2026-12-10T09:30+01:00", "--catalogue")
    result = run(*words, own(OWN), "-v")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    found = {
        (own["vials"][0]["calibration_gbq"], own["vials"][0]["calibrated_at"]): own
        for own in document["injections"][0]["choices"]
    }
    assert {size for size, _ in found} == {4, 8}
    # 240 h: Wednesday Dec 2 is 192 h before, Sunday Nov 29 264 h.
    assert sorted({when[:10] for _, when in found}) == [
        *("2026-12-02", "2026-12-06", "2026-12-09"),
    ]
    wednesday = found[8, "2026-12-09T09:30+01:00"]
    assert wednesday["at_use_gbq"] == pytest.approx(6.170, abs=5e-4)
    assert document["catalogue"]["date"] is None
    assert len(document["catalogue"]["file_sha256"]) == 64
    # All of it is the hospital's own.
    assert "are not verified" not in result.stderr
    site = tmp_path / "site.toml"
    site.write_text('[defaults]\ncatalogue = "vials.toml"\n')
    again = run("--site", site, *words[:-1])
    assert again.exit_code == 0, again.stderr
    assert json.loads(again.stdout)["catalogue"] == document["catalogue"]
    # Of another product it says nothing.
    other = run(*words[:4], "--device", "resin", *words[6:], own(OWN))
    assert json.loads(other.stdout)["catalogue"]["file_sha256"] is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no product: use resin, glass, ho166"),
        ("[glas]\n", "did you mean glass?"),
        ("[glass]\n[theraspheres]\n", "'theraspheres' is glass, which is there"),
        ("[glass]\nsize = [3]\n", "'size' is not known: was sizes meant?"),
        ("[glass]\nsizes = 3\n", "write [[glass.sizes]]"),
        ("[[glass.sizes]]\ngbq = 3\n", "a list of GBq is needed"),
        ("[[glass.sizes]]\ngbq = [0]\n", "gbq is 0 GBq: above 0"),
        ("[[glass.sizes]]\ngbq = [-3.0]\n", "gbq is -3 GBq: above 0"),
        ("[[glass.sizes]]\ngbq = [3000.0]\n", "above 0 to 100 is needed"),
        ("[[glass.sizes]]\ngbq = ['3GBq']\n", "a number is needed"),
        ("[[glass.sizes]]\ngbq = [nan]\n", "is not possible"),
        ("[[glass.sizes]]\nfrom_gbq = 5\nto_gbq = 3\n", "from_gbq is 5, above to_gbq"),
        ("[[glass.sizes]]\nstep_gbq = 0.5\n", "step_gbq needs from_gbq and to_gbq"),
        (
            "[[glass.sizes]]\nfrom_gbq = 1\nto_gbq = 20\nstep_gbq = 0.001\n",
            "over 1000 sizes",
        ),
        (
            "[[glass.sizes]]\ngbq = [3.0]\nsource = ''\n",
            "needs a source: state where its numbers come from",
        ),
        ("[[glass.sizes]]\ngbq = [3.0]\nverified = 1\n", "write true or false"),
        ("[[glass.calibrations]]\nweekdays = ['Sun']\n", "'Sun' is not known"),
        ("[[glass.calibrations]]\nweekdays = 'Sunday'\n", "list weekdays"),
        ("[[glass.calibrations]]\ntime = 'noon'\n", "write a time of day, such as"),
        ("[[glass.calibrations]]\n", "write a time of day, such as 18:00"),
        (
            "[[glass.calibrations]]\ntime = '12:00'\nzone = 'Boston'\n",
            "zone is Boston: write site, or a time zone such as America/New_York",
        ),
        (
            "[[glass.calibrations]]\ntime = '12:00'\ndays_before = [-1]\n",
            "list whole days, 0 to 14",
        ),
        ("[glass]\nshelf_life = {hours = 0}\n", "hours is 0: above 0 to 720 is"),
        # 2e7 h are 2283 years: no calendar reaches as far back.
        ("[resin]\nshelf_life = {hours = 2e7}\n", "hours is 2e+07: above 0 to 720 is"),
        ("[glass]\nspheres = {per_gbq = 1e11}\n", "above 0 to 1e+10 is needed"),
        (
            "[[glass.calibrations]]\ntime = '12:00+02:00'\n",
            "time is 12:00+02:00, with an offset: write 12:00, and the time zone in",
        ),
        ("[glass]\nshelf_life = {days = 3}\n", "'days' is not known"),
        ("[glass]\nspheres = {}\n", "needs per_gbq"),
        ("[glass]\nspheres = {per_gbq = 'many'}\n", "a number is needed"),
        ("[glass]\npart_is_drawn = 'no'\n", "write true or false"),
    ],
)
def test_refusals(own: Callable[..., Path], text: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        read_catalogue(own(text))
    assert says in str(error.value)
    assert "vials.toml" in str(error.value)


def test_no_file_and_no_toml(own: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"cannot read none\.toml"):
        read_catalogue(tmp_path / "none.toml")
    with pytest.raises(FileFormatError, match="is not valid TOML"):
        read_catalogue(own("[glass\n"))
