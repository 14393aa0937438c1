"""A file of a user's own nuclides: what it gives, and what it is refused for."""

import json
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sirtdose.data.load import table
from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.tables.nuclides import own_nuclide

PRESETS = "dose_constants_gy_kg_per_gbq"
# 1.0 MeV and 10 h: 1.602177e-13 J x 36000 s / 0.693147 x 1e9 = 8.321 Gy kg/GBq.
K = 8.321
RE188: dict[str, Any] = {
    "half_life_h": 10.0,
    "half_life_source": "made up",
    PRESETS: {"ours": {"value": K, "beta_mev_per_decay": 1.0, "source": "by hand"}},
}
KERNEL = {
    "file": "own.csv",
    "density_g_per_ml": 1.04,
    "electron_range_mm": 3.0,
    "energy_mev_per_decay": 1.0,
    "source": "made up",
}
Change = Callable[[dict[str, Any]], object]


def written(folder: Path, *changes: Change, name: str = "Re-188") -> Path:
    entry = json.loads(json.dumps(RE188))
    for change in changes:
        change(entry)
    path = folder / "own.json"
    path.write_text(json.dumps({name: entry}), "utf-8")
    return path


def preset(**values: Any) -> Change:
    """The dose constant with values; None takes one out."""

    def change(entry: dict[str, Any]) -> None:
        ours = entry[PRESETS]["ours"] | values
        entry[PRESETS]["ours"] = {k: v for k, v in ours.items() if v is not None}

    return change


def test_every_number_comes_with_its_source_and_the_files_digest(
    tmp_path: Path,
) -> None:
    path = written(tmp_path)
    found = own_nuclide(path)
    assert (found.name, found.half_life_h) == ("Re-188", 10.0)
    assert found.dose_constant_gy_kg_per_gbq == K
    assert (found.half_life_source, found.dose_constant_source) == (
        "made up",
        "by hand",
    )
    assert found.file_sha256 == sha256(path.read_bytes()).hexdigest()
    assert found.kernels == ()
    assert found.positrons_per_decay is None


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    toml = tmp_path / "own.toml"
    toml.write_text(
        '[Re-188]\nhalf_life_h = 10\nhalf_life_source = "made up"\n'
        f'[Re-188.{PRESETS}.ours]\nvalue = {K}\nsource = "by hand"\n',
        "utf-8",
    )
    by_toml, by_json = own_nuclide(toml), own_nuclide(written(tmp_path))
    assert by_toml.dose_constant_gy_kg_per_gbq == by_json.dose_constant_gy_kg_per_gbq
    assert by_toml.half_life_h == by_json.half_life_h
    assert by_toml.file_sha256 != by_json.file_sha256


def test_the_dose_constant_follows_from_the_energy(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        preset(value=None, beta_mev_per_decay=0.9, electron_mev_per_decay=0.1),
    )
    constant = own_nuclide(path).dose_constant_gy_kg_per_gbq
    assert constant == pytest.approx(8.32126, rel=1e-5)


def test_one_of_several_is_chosen_by_name_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"Re-188": RE188, "P-32": RE188}), "utf-8")
    assert own_nuclide(path, "p-32").name == "P-32"
    with pytest.raises(InputError, match="contains Re-188, P-32: choose one"):
        own_nuclide(path)
    with pytest.raises(InputError, match="not Y-90: give --nuclide Re-188"):
        own_nuclide(path, "Y-90")


def test_one_of_several_dose_constants(tmp_path: Path) -> None:
    def two(entry: dict[str, Any]) -> None:
        entry[PRESETS]["theirs"] = {"value": 8.4, "source": "another table"}
        entry["default_dose_constant"] = "ours"

    path = written(tmp_path, two)
    assert own_nuclide(path).dose_constant_gy_kg_per_gbq == K
    theirs = own_nuclide(path, dose_constant="theirs")
    assert theirs.dose_constant_gy_kg_per_gbq == 8.4
    with pytest.raises(InputError, match="'mine' is not a known dose constant"):
        own_nuclide(path, dose_constant="mine")


@pytest.mark.parametrize("name", list(table("nuclides")))
def test_a_nuclide_that_is_shipped_cannot_be_replaced(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(
        InputError, match="built-in nuclide, which a file cannot replace"
    ):
        own_nuclide(written(tmp_path, name=name))


@pytest.mark.parametrize(
    "name", ["y-90", "Y90", "Y-090", "90-Y", "Rhenium-188", "", "Re-188\n", "Re-1880"]
)
def test_names_that_are_no_nuclides(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not the name of a nuclide: write element"):
        own_nuclide(written(tmp_path, name=name))


def put(key: str, value: Any) -> Change:
    return lambda entry: entry.update({key: value})


def drop(key: str) -> Change:
    return lambda entry: entry.pop(key)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put("half_life", 10), "'half_life' is not known: was half_life_h meant"),
        (put("half_life_d", 10), "'half_life_d' is not known: was half_life_h meant"),
        (put("color", "red"), "'color' is not known: use half_life_h"),
        (drop("half_life_h"), "needs half_life_h"),
        (put("half_life_h", "10 h"), "half_life_h is 10 h: a number is needed"),
        (put("half_life_h", True), "half_life_h is True: a number is needed"),
        (put("half_life_h", None), "half_life_h is None: a number is needed"),
        (put("half_life_h", [10]), r"half_life_h is \[10\]: a number is needed"),
        (put("half_life_h", 0), "above 0 is needed"),
        (put("half_life_h", -10), "above 0 is needed"),
        (put("half_life_h", float("nan")), "a number of this size is not possible"),
        (put("half_life_h", float("inf")), "a number of this size is not possible"),
        # 10 h in seconds.
        (put("half_life_h", 36000), "0.5 to 10000 h; was 10 h meant?"),
        (drop("half_life_source"), "needs a half_life_source"),
        (put("half_life_source", "  "), "needs a half_life_source"),
        (put("half_life_source", 5), "half_life_source is 5: a text in quotes"),
        (put("half_life_source", "a\x1b[31m"), "contains an unprintable character"),
        (drop(PRESETS), "needs a dose constant"),
        (put(PRESETS, {}), "needs a dose constant"),
        (put(PRESETS, 8.3), "needs a dose constant"),
        (put(PRESETS, {"ours": 8.3}), "ours is 8.3: it must be a table"),
        (put(PRESETS, {"49 Gy": {"value": 1}}), "cannot be typed"),
        (put("default_dose_constant", "theirs"), "one of ours"),
        (put("default_dose_constant", ["ours"]), "a text in quotes is needed"),
        (preset(source=None), "ours needs a source"),
        (preset(source=""), "ours needs a source"),
        (preset(K=8.3), "'K' is not known"),
        (preset(values=8.3), "'values' is not known: was value meant"),
        (preset(value="8.3 J/GBq"), "value is 8.3 J/GBq: a number is needed"),
        (preset(value=None, beta_mev_per_decay=None), "needs value, or beta_mev"),
        # 2 % off what 1 MeV and 10 h give.
        (preset(value=8.49), "1 MeV per decay and 10 h give 8.321"),
        (preset(value=-K), "1 MeV per decay and 10 h give 8.321"),
        (preset(value=1.2 * K, gamma_mev_per_decay=0.2), "with gammas, which leave"),
        (preset(beta_mev_per_decay=1000), "was 1 MeV meant"),
        (preset(beta_mev_per_decay=-1), "above 0 is needed"),
        (preset(gamma_mev_per_decay="some"), "gamma_mev_per_decay is some"),
        (preset(electron_mev_per_decay=0.1), "1.1 MeV per decay and 10 h give 9.153"),
        # In Gy kg per Bq times 1e12: 1 MeV would be 1 GeV.
        (preset(value=1000 * K, beta_mev_per_decay=None), "the energy per decay in v"),
        (put("positrons_per_decay", 3.2e-5), "needs a positron_source"),
        (put("positrons_per_decay", 32), "0.32 a decay meant"),
        (put("header_words", "Rhenium"), "write a list of texts"),
        (put("header_words", [188]), "a text in quotes is needed"),
        (put("header_words", ["Re"]), "too short to tell a nuclide by"),
        (put("header_words", ["^90^Yttrium"]), "is Y-90: leave it out"),
        (put("header_words", ["C-162A7"]), "is Y-90: leave it out"),
        (put("kernels", {"bone": KERNEL}), "'bone' is not known"),
        (put("kernels", {"water": {**KERNEL, "file": "x.csv"}}), "there is no 'x.csv'"),
        (put("kernels", {"water": {**KERNEL, "file": 5}}), "file is 5"),
        (put("kernels", {"water": {**KERNEL, "source": ""}}), "needs a source"),
        (
            put("kernels", {"water": {**KERNEL, "density_g_per_ml": 1040}}),
            "was 1.04 g/mL meant",
        ),
        (
            put("kernels", {"water": {**KERNEL, "electron_range_mm": None}}),
            "electron_range_mm is None",
        ),
    ],
)
def test_every_value_is_checked(tmp_path: Path, change: Change, says: str) -> None:
    (tmp_path / "own.csv").write_text("", "utf-8")
    with pytest.raises(InputError, match=says) as refused:
        own_nuclide(written(tmp_path, change))
    assert str(refused.value).startswith("own.json: Re-188")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda some: (
        st.lists(some, max_size=2)
        | st.dictionaries(st.sampled_from(["value", "source", "file", "water"]), some)
    ),
    max_leaves=4,
)
KEYS = (
    *("half_life_h", "half_life_source", "default_dose_constant", PRESETS, "kernels"),
    *("positrons_per_decay", "positron_source", "header_words"),
)


@settings(max_examples=300)
@given(key=st.sampled_from(KEYS), value=ANYTHING, inside=st.booleans())
def test_whatever_is_written_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: Any, inside: bool
) -> None:
    """No other error, so no traceback: in the entry, or in its dose constant."""
    change = preset(**{key: value, "value": value}) if inside else put(key, value)
    path = written(tmp_path_factory.getbasetemp(), change)
    with suppress(InputError):
        own_nuclide(path)


def test_a_difference_as_between_tables_is_not_refused(tmp_path: Path) -> None:
    found = own_nuclide(written(tmp_path, preset(value=1.009 * K)))
    assert found.dose_constant_gy_kg_per_gbq == 1.009 * K


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.toml", b"[Re-188\n", "is not valid TOML"),
        ("a.toml", b"\xff\xfe\x00", "is not valid TOML"),
        ("a.toml", b"", "contains no nuclide"),
        ("a.toml", b"Re-188 = 5", "Re-188 is 5: it must be a table"),
        ("a.toml", b"[Re-188]\n[Re-188]\n", "is not valid TOML"),
        ("a.toml", b"x = " + b"9" * 5000, "is not valid TOML"),
        ("a.toml", b"x = " + b"[" * 100_000, "is not valid TOML"),
        ("a.json", b'{"Re-188": {', "is not valid JSON"),
        ("a.json", b"[1, 2]", "is not JSON with names"),
        ("a.json", b"{}", "contains no nuclide"),
        ("a.json", b"[" * 100_000, "is not valid JSON"),
        ("a.JSON", b'{"Re-188": {}, "Re-188": {}}', "'Re-188' occurs more than once"),
        (
            "a.json",
            b'{"Re-188": {"half_life_h": 1, "half_life_h": 2}}',
            "'half_life_h' occurs more than once",
        ),
    ],
)
def test_damaged_files_are_refused(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says):
        own_nuclide(tmp_path / name)


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.toml", tmp_path):
        with pytest.raises(FileFormatError, match=r"^cannot read "):
            own_nuclide(path)
