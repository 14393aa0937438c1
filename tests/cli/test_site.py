"""The site's own file: defaults of every command, refused by line where wrong."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

from sirtdose.cli.program import main
from sirtdose.cli.words.site import commands_of, may_be_set, with_site
from sirtdose.cli.words.typed import option_table
from sirtdose.errors import InputError
from sirtdose.io.tables.camera import camera_text
from sirtdose.io.tables.site import read_site
from sirtdose.model.node import Address, Node
from sirtdose.model.site import cameras_of
from tests.commissioned import commissioned
from tests.network_peers import free_port, write_study

Run = Callable[..., Result]
MIRD = ("plan", "mird", "--dose", "100Gy", "--perfused-volume", "900mL")
SHUNT = ("--lung-shunt", "5%")


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "site.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def test_a_default_of_the_file_is_as_if_typed_and_said(
    run: Run, site: Callable[[str], Path]
) -> None:
    path = site('[defaults]\ndevice = "resin"\ndensity = "1.03g/mL"\n')
    typed = document(
        run(*MIRD, *SHUNT, "--device", "resin", "--density", "1.03g/mL", "--json")
    )
    for words in (("--site", path, *MIRD), (*MIRD, "--site", path)):
        found = document(run(*words, *SHUNT, "--json"))
        said = [one for one in found["warnings"] if one["code"] == "H44"]
        assert found["activity_gbq"] == typed["activity_gbq"]
        assert found["device"] == "resin"
        assert [one["message"] for one in said] == [
            "density, device read from the site file, SHA-256 "
            f"{read_site(path).sha256[:12]}"
        ]
        assert found["limits"] == typed["limits"]


def test_what_is_typed_wins(
    run: Run, site: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site('[defaults]\ndevice = "resin"\nmetric = ["D2cc"]\n')
    monkeypatch.setenv("SIRTDOSE_SITE", str(path))
    assert document(run(*MIRD, *SHUNT, "--json"))["device"] == "resin"
    found = document(run(*MIRD, *SHUNT, "--device", "glass", "--json"))
    assert found["device"] == "glass"
    # Typed microspheres of another kind leave no word of the file.
    found = document(run(*MIRD, *SHUNT, "--nuclide", "Ho-166", "--json"))
    assert found["device"] is None
    monkeypatch.setenv("SIRTDOSE_SITE", "")
    found = document(run(*MIRD, *SHUNT, "--json"))
    assert found["device"] is None
    assert not [one for one in found["warnings"] if one["code"] == "H44"]


def test_the_users_folder_is_looked_at_last(
    run: Run, site: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site('[defaults]\ndevice = "glass"\n')
    monkeypatch.delenv("SIRTDOSE_SITE", raising=False)
    monkeypatch.setattr("sirtdose.cli.words.site.user_site", lambda: path)
    assert document(run(*MIRD, *SHUNT, "--json"))["device"] == "glass"


def test_the_file_that_is_named_is_the_one_that_is_checked(
    run: Run, site: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site('[defaults]\ndevice = "glass"\n')
    result = run("--site", path, "site", "check")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{path.name}, SHA-256 ")
    # A user who is not known has no home.
    for variable, words in (("", ("--site", "~nobody-here/x")), ("~nobody-here/x", ())):
        monkeypatch.setenv("SIRTDOSE_SITE", variable)
        result = run(*words, "site", "check")
        assert result.exit_code == 3
        assert "names '~nobody-here/x', and there is no such file" in result.stderr


def test_a_file_beside_it_has_no_unknown_user(
    run: Run, site: Callable[[str], Path]
) -> None:
    path = site('[[camera]]\nname = "A"\nfile = "~nobody-here/a.toml"\nmodel = "m"\n')
    result = run("site", "check", path)
    assert result.exit_code == 3
    assert "there is no '~nobody-here/a.toml' beside" in result.stderr


def sizes_in(vials: dict[str, Any]) -> set[float]:
    return {
        vial["calibration_gbq"]
        for one in vials["injections"][0]["choices"]
        for vial in one["vials"]
    }


def test_the_file_of_one_command_and_of_microspheres(
    run: Run, site: Callable[[str], Path], exact_voxels: Path, tmp_path: Path
) -> None:
    path = site(
        '[defaults.plan.mird]\ndensity = "1.00g/mL"\n'
        '[calibrator.resin]\nfactor = 1.1\nuncertainty = "3%"\nsource = "ours"\n'
        '[vials]\nresin = ["2.5GBq"]\n'
    )
    assert document(run("--site", path, *MIRD, *SHUNT, "--json"))["assumptions"][
        "density_g_per_ml"
    ] == pytest.approx(1.0)
    words = ("plan", "vial", "--activity", "1GBq", "--at", "2026-03-02T10:00+01:00")
    words += ("--assay", "1GBq", "--assay-at", "2026-03-02T09:00+01:00")
    found = document(run("--site", path, *words, "--device", "resin", "--json"))
    assert sizes_in(found) == {2.5}
    assert "activities are the readings times 1.1" in json.dumps(found["warnings"])
    # The calibrator says how well an activity is known: 2 % here, 5.8 % of a label.
    path = site(
        '[calibrator.resin]\nfactor = 1.0\nuncertainty = "2%"\nsource = "ours"\n'
    )
    post = ("post", exact_voxels, "--administered", "2GBq", "--lung-shunt", "5%")
    post += ("--device", "resin", "--uncertainty", 20, "--no-report", "--no-dicom")
    made = run("--site", path, *post, "--json", "--out", tmp_path / "out")
    budget = document(made)["uncertainty"]["budget"]
    [administered] = [one for one in budget if one["name"] == "administered"]
    assert (administered["value"], administered["source"]) == (0.02, "ours")
    path = site('[vials]\nresin = ["2.5GBq"]\n')
    other = document(run("--site", path, *words, "--device", "glass", "--json"))
    assert 2.5 not in sizes_in(other)


def test_post_and_verify(
    run: Run, site: Callable[[str], Path], exact_voxels: Path, tmp_path: Path
) -> None:
    path = site('[defaults]\ncalibrate_over = "fov"\nmetric = ["D2cc"]\n')
    given = ("--administered", "2GBq", "--lung-shunt", "5%", "--no-report")
    words = ("post", exact_voxels, *given, "--no-dicom", "--json")
    if "calibrate_over" not in may_be_set(_all()["post"]):
        path = site('[defaults]\nmetric = ["D2cc"]\n')
    found = document(run("--site", path, *words, "--out", tmp_path / "sited"))
    [row, *_] = found["doses"]["local_deposition"]["structures"]
    assert row["dose_gy"]["d2cc"] > 0
    typed = run("--site", path, *words, "--metric", "D5cc", "--out", tmp_path / "typed")
    [row, *_] = document(typed)["doses"]["local_deposition"]["structures"]
    assert "d5cc" in row["dose_gy"]
    assert "d2cc" not in row["dose_gy"]
    assert "metric" in "".join(
        one["message"] for one in found["warnings"] if one["code"] == "H44"
    )
    assert run("verify", tmp_path / "sited", "--rerun").exit_code == 0
    path.write_text('[defaults]\nmetric = ["D3cc"]\n', "utf-8")
    changed = run("verify", tmp_path / "sited")
    assert changed.exit_code == 3
    assert "site.toml" in changed.output


def test_every_case_of_a_batch_takes_it(
    run: Run, site: Callable[[str], Path], exact_voxels: Path, tmp_path: Path
) -> None:
    path = site('[defaults]\nmetric = ["D2cc"]\ncalibrate_over = "fov"\n')
    table = tmp_path / "cases.csv"
    header = "case_id,input,administered,lung_shunt"
    table.write_text(f"{header}\na,{exact_voxels},2GBq,5%\n", "utf-8")
    words = ("batch", table, "--jobs", 1, "--no-report", "--out", tmp_path / "out")
    done = run("--site", path, *words)
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out" / "a" / "post.json").read_text("utf-8"))
    [row, *_] = found["doses"]["local_deposition"]["structures"]
    assert row["dose_gy"]["d2cc"] > 0
    assert found["calibration"]["over"] == "fov"
    assert run("verify", tmp_path / "out" / "a", "--rerun").exit_code == 0
    assert "H44" in {one["code"] for one in found["warnings"]}


def test_languages_of_structure_names(
    run: Run, site: Callable[[str], Path], tmp_path: Path
) -> None:
    """As if typed; what is typed wins; a wrong one is the file's, by its line."""
    path = site('[defaults]\nlanguages = "nl,en"\n')

    def words(*typed: str) -> list[str]:
        command = _all()["inspect"]
        given = ["--site", str(path), *typed]
        return with_site(click.Context(main), command, "inspect", given)

    assert words("scans") == ["--languages", "nl,en", "scans"]
    assert words("scans", "--languages", "fr") == ["scans", "--languages", "fr"]
    names = {name for name, one in _all().items() if "languages" in may_be_set(one)}
    assert names >= {
        *("post", "inspect", "dvh", "view", "check", "plan image", "lsf spect")
    }
    path = site('[defaults]\n\nlanguages = "english"\n')
    refused = run("--site", path, "inspect", tmp_path)
    assert refused.exit_code == 3
    assert "line 3: languages: 'english' is not a language" in refused.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[default]\n", "line 1: 'default' is not known: was defaults meant?"),
        ('[defaults]\ndevise = "resin"\n', "line 2: 'devise' is not known: was device"),
        ('[defaults]\n\ndevice = "clay"\n', "line 3: device: 'clay' is not a device"),
        ('[defaults]\ndensity = "1.05"\n', "line 2: density:"),
        ('[defaults.pots]\nmetric = "D2cc"\n', "line 1: 'pots' is not a command: was"),
        (
            '[defaults.post]\nadministered = "2GBq"\n',
            "line 2: 'administered' cannot be set",
        ),
        ("[calibrator.clay]\nfactor = 1\n", "line 1: "),
        ("[calibrator.resin]\nfactor = 11\n", "line 2: factor is 11: a calibrator's"),
        ('[calibrator.resin]\nfactor = 1.1\nuncertainty = "3%"\n', "source is"),
        ('[vials]\nresin = ["3"]\n', "line 2: "),
        ('[[camera]]\nname = "a"\nmodle = "x"\n', "line 3: 'modle' is not known: was"),
        (
            '[[camera]]\nname = "a"\nmodel = "*"\nfile = "b.toml"\n',
            "line 4: camera 'a': there is no 'b.toml' beside site.toml",
        ),
        ('[[camera]]\nname = "a"\n', "line 1: a camera needs one of manufacturer"),
        ('[node.pacs]\nhost = "p"\nport = 0\naet = "P"\n', "line 3: port is 0"),
        ('[node.pacs]\npassword = "x"\n', "line 2: 'password' looks like a secret"),
        ("[defaults\n", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_refused_by_its_line(
    run: Run, site: Callable[[str], Path], text: str, said: str
) -> None:
    result = run("site", "check", site(text))
    assert result.exit_code == 3, result.output
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_what_each_command_takes_is_shown(
    run: Run, site: Callable[[str], Path], tmp_path: Path
) -> None:
    begun = tmp_path / "new" / "site.toml"
    assert run("site", "init", begun).exit_code == 0
    assert run("site", "init", begun).exit_code == 5
    assert run("site", "check", begun).exit_code == 0
    # Every line of it holds once the # is taken away.
    lines = begun.read_text("utf-8").splitlines()
    bare = [one[2:] if re.match(r"# (\[|\w+ = )", one) else one for one in lines]
    path = site("\n".join(bare))
    for name in ("budget", "radiobiology", "nuclides", "vials"):
        (path.parent / f"{name}.toml").write_text("", "utf-8")
    (path.parent / "hospital.pem").write_text("", "utf-8")
    camera = camera_text(commissioned())
    (path.parent / "camera.toml").write_text(camera, "utf-8")
    result = run("site", "check", path)
    assert result.exit_code == 0, result.output
    assert "plan mird: device resin" in result.stdout
    assert "calibrator for resin: factor 1, 0.03 (k = 1)" in result.stdout
    assert "may approve: A. Physicist" in result.stdout
    assert (
        "node pacs: pacs.example:104, PACS, over TLS, https://pacs.example/dicom-web, "
        "retrieve move, receive as SIRTDOSE at 0.0.0.0:11113" in result.stdout
    )
    assert (
        "camera: room 2, camera.toml: Y-90, commissioned 2026-01-02, valid until "
        "2027-01-02, SHA-256 " in result.stdout
    )


def test_only_who_may_approves(
    run: Run, site: Callable[[str], Path], tmp_path: Path
) -> None:
    assert run(*MIRD, *SHUNT, "--out", tmp_path / "plan").exit_code == 0
    path = site('[approve]\npeople = ["A. Physicist"]\n')
    words = ("--site", path, "plan", "approve", tmp_path / "plan" / "plan.json", "--by")
    refused = run(*words, "B. Nobody")
    assert refused.exit_code == 3
    assert "may not approve plans" in refused.stderr
    assert run(*words, "a. physicist").exit_code == 0


def _all() -> dict[str, click.Command]:
    return dict(commands_of(click.Context(main)))


@pytest.mark.parametrize("name", sorted(_all()))
def test_every_option_with_a_default_can_be_set(
    name: str, site: Callable[[str], Path]
) -> None:
    """Its own default, written into the file, is what a command then reads."""
    command = _all()[name]
    for key in may_be_set(command):
        option = option_table(command)[key]
        default = option.default
        if not option.show_default or not isinstance(default, (str, int, float)):
            continue
        text = json.dumps(default if isinstance(default, bool) else str(default))
        table = ".".join(name.split())
        path = site(f"[defaults.{table}]\n{key} = {text}\n")
        context = click.Context(main)
        words = with_site(context, command, name, ["--site", str(path)])
        if isinstance(default, bool):
            assert words == ([f"--{key.replace('_', '-')}"] if default else [])
        else:
            assert words[0] in option.opts
            # A folder is seen from the file.
            assert words[1] == str(path.parent if default == "." else default)


def test_the_camera_of_a_header(site: Callable[[str], Path]) -> None:
    path = site(
        '[[camera]]\nname = "any"\nmanufacturer = "siemens*"\n'
        '[[camera]]\nname = "room 2"\nmanufacturer = "Siemens*"\nstation = "NM02"\n'
        '[[camera]]\nname = "twin"\nmanufacturer = "Siemens*"\nstation = "NM0?"\n'
        '[[camera]]\nname = "own"\nserial = "4711"\n'
    )
    cameras = read_site(path).cameras
    siemens = {"manufacturer": "SIEMENS  NM", "station": "NM01"}

    def names(header: dict[str, str]) -> list[str]:
        return [one.name for one in cameras_of(header, cameras)]

    assert names(siemens) == ["twin"]
    assert names({"manufacturer": "SIEMENS NM"}) == ["any"]
    # Two that tell as much: neither is better.
    assert names(siemens | {"station": "NM02"}) == ["room 2", "twin"]
    assert names(siemens | {"serial": "4711"}) == ["own"]
    assert names({"manufacturer": "GE"}) == []


def test_a_node_is_sent_to_by_its_name(
    run: Run, site: Callable[[str], Path], tmp_path: Path
) -> None:
    port = free_port()
    text = f'host = "127.0.0.1"\nport = {port}\naet = "PACS"\n'
    path = site(f"[node.pacs]\n{text}")
    [file] = write_study(tmp_path / "study", 1)
    words = ("--site", path, "send", file, "--retries", "0", "--to")
    refused = run(*words, "pacs")
    assert refused.exit_code == 5
    assert f"could not associate with 127.0.0.1:{port}" in refused.stderr
    unknown = run(*words, "pcas")
    assert unknown.exit_code == 2
    assert "--to: there is no node 'pcas': was pacs meant?" in unknown.stderr
    without = run("--site", "", "send", file, "--to", "pacs")
    assert "there is no node 'pacs': write [node.pacs] into your" in without.stderr
    port = free_port()
    web = site(f'[node.pacs]\nweb = "http://127.0.0.1:{port}/dicom-web"\n')
    nowhere = run("--site", web, *words[2:], "pacs")
    assert nowhere.exit_code == 5
    assert f"could not connect to 127.0.0.1:{port}" in nowhere.stderr


def test_what_a_node_says(site: Callable[[str], Path]) -> None:
    (site("").parent / "ca.pem").write_text("", "utf-8")
    address = 'host = "h"\nport = 104\naet = "PACS"\n'

    def read(text: str) -> Node:
        return read_site(site(f"[node.pacs]\n{text}")).nodes["pacs"]

    plain = read(address)
    assert plain.address == Address("h", 104, "PACS")
    assert (plain.retrieve, plain.calling_aet, plain.has_tls) == (
        "get",
        "SIRTDOSE",
        False,
    )
    moved = read(address + 'receive_port = 11113\ncalling_aet = "OURS"\n')
    assert moved.retrieve == "move"
    assert moved.receiver == Address("0.0.0.0", 11113, "OURS")
    secured = read(address + 'tls_ca = "ca.pem"\nretrieve = "GET"\n')
    assert secured.has_tls
    assert secured.retrieve == "get"
    web = read('web = "https://pacs.example/dicom-web/"\n')
    assert (web.address, web.retrieve) == (None, "web")
    assert web.web == "https://pacs.example/dicom-web"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: node 'pacs' needs host, port and aet, or web"),
        ('host = "h"\nport = 1\n', "line 1: aet is None: a text is needed"),
        ('web = "pacs.example"\n', "line 2: web is not an address of DICOMweb"),
        ('web = "https://h:x/"\n', "line 2: web is not an address of DICOMweb"),
        ('web = "https://me:pw@h/"\n', "line 2: web holds a user or a password"),
        ('web = "https://h/"\nretrieve = "get"\n', "line 3: retrieve = get needs host"),
        (
            'web = "https://h/"\nretrieve = "pull"\n',
            "line 3: retrieve is 'pull': use get",
        ),
        (
            'host = "h"\nport = 1\naet = "P"\nretrieve = "move"\n',
            "line 5: retrieve = move needs host, port, aet and receive_port",
        ),
        ('web = "https://h/"\nreceive_port = 0\n', "line 3: receive_port is 0: 1 to"),
        (
            'host = "h"\nport = 1\naet = "SEVENTEEN LETTERS"\n',
            "line 4: aet: 'SEVENTEEN LETTERS' is not an AE title",
        ),
        ('web = "https://h/"\ntls_ca = "no.pem"\n', "line 3: tls_ca: there is no"),
        ('web = "https://h/"\ntls_key = "site.toml"\n', "line 3: tls_key is of a"),
        ('web = "https://h/"\ntoken = "x"\n', "line 3: "),
    ],
)
def test_a_node_that_is_wrong_is_refused_by_its_line(
    site: Callable[[str], Path], text: str, said: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_site(site(f"[node.pacs]\n{text}"))
    assert said in str(refused.value)
    assert "pw" not in str(refused.value)


def test_a_wrong_value_is_the_files_not_the_users(
    run: Run, site: Callable[[str], Path]
) -> None:
    path = site('[defaults]\n\ndevice = "clay"\n')
    result = run("--site", path, *MIRD, *SHUNT)
    assert result.exit_code == 3
    assert "site.toml, line 3: device: 'clay' is not a device" in result.stderr
    assert run("--site", path, *MIRD, *SHUNT, "--device", "resin").exit_code == 0


def test_a_file_is_looked_for_beside_the_sites(
    run: Run,
    site: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever a person stands: never a file of that name in her own folder."""
    path = site('[defaults]\nradiobiology = "own/bio.toml"\n')
    own, here = tmp_path / "own", tmp_path / "here"
    for folder in (own, here / "own"):
        folder.mkdir(parents=True)
    (here / "own" / "bio.toml").write_text("", "utf-8")
    monkeypatch.chdir(here)
    refused = run("site", "check", path)
    assert refused.exit_code == 3
    assert "line 2: radiobiology: there is no 'own/bio.toml' beside" in refused.stderr
    (own / "bio.toml").write_text("", "utf-8")
    post = _all()["post"]
    words = with_site(click.Context(main), post, "post", ["x", "--site", str(path)])
    assert words == ["--radiobiology", str(own / "bio.toml"), "x"]


def test_a_name_that_nothing_knows_is_not_passed_over(
    run: Run, site: Callable[[str], Path]
) -> None:
    result = run("--site", site('[defaults]\ndevise = "resin"\n'), *MIRD, *SHUNT)
    assert result.exit_code == 3
    assert "line 2: 'devise' is not known: was device meant?" in result.stderr


def test_help_is_help_beside_a_file(run: Run, site: Callable[[str], Path]) -> None:
    path = site('[defaults]\ndevice = "resin"\n')
    for words in (("plan", "mird", "-h"), ("post", "--help"), ("kernel", "-h")):
        result = run("--site", path, *words)
        assert result.exit_code == 0, result.output
        assert "Examples:\n  sirtdose" in result.stdout


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    result = run("--site", tmp_path / "none.toml", *MIRD, *SHUNT)
    assert result.exit_code == 3
    assert "and there is no such file" in result.stderr
    shutil.rmtree(tmp_path)
