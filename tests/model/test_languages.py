"""Names of structures in some languages alone, and in one that is added as data."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sirtdose.checks.structures import reading_findings
from sirtdose.data.load import STRUCTURE_WORDS
from sirtdose.errors import InputError
from sirtdose.model import role_words
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.role import Declared, Role, role_from_name, told_by_name
from sirtdose.model.role_words import languages_named
from sirtdose.model.structure import Structure, with_given_roles

GRID = Grid.regular((1, 1, 1), spacing_mm=(10.0, 10.0, 10.0))
PT = {
    "liver": "figado",
    "lungs": "pulmao|pulmoes",
    "organ": "baco|rim|rins",
    "tumor": "tumor[a-z]?|lesao|lesoes",
    "tumor_begins": "lesao",
    "taken_out": "sem|menos",
    "side": "direito|esquerdo",
    "joinable": "figado|tumor",
}


def drawn(name: str, *languages: str, declared: Declared | None = None) -> Structure:
    mask = np.ones(GRID.shape, bool)
    return Structure.named(name, mask, GRID, declared=declared).told_in(languages)


def said(one: Structure) -> list[tuple[Severity, str]]:
    return [(found.severity, found.message) for found in reading_findings([one])]


@pytest.mark.parametrize(
    ("languages", "roles"),
    [
        ("en", {"rate": "other", "Liver": "liver", "Milt": "other", "Met 1": "tumor"}),
        ("fr", {"rate": "organ", "Foie sans tumeur": "normal_given", "Liver": "other"}),
        ("nl", {"Lever met tumor": "liver", "Met 1": "other", "linker long": "lungs"}),
        ("de", {"Leber-GTV": "normal_given", "Milz": "organ", "Foie droit": "other"}),
        ("es", {"Higado sin tumor": "normal_given", "Riñon": "organ", "Rene": "other"}),
        ("it", {"Rene sinistro": "organ", "Polmone dx": "lungs", "Leber": "other"}),
        ("nl,en", {"Lever": "liver", "Spleen": "organ", "Foie": "other"}),
    ],
)
def test_words_of_other_languages_are_not_read(
    languages: str, roles: dict[str, str]
) -> None:
    found = {name: str(role_from_name(name, languages.split(","))) for name in roles}
    assert found == roles


@pytest.mark.parametrize("code", ["en", "nl", "fr", "de", "es", "it"])
def test_abbreviations_are_of_every_language(code: str) -> None:
    names = {"GTVp1": "tumor", "HCC": "tumor", "GTVn": "tumor_outside", "IVC": "vessel"}
    assert {name: str(role_from_name(name, [code])) for name in names} == names
    assert told_by_name("PTV", [code]).too_little
    assert told_by_name("S4", [code]).part_of_liver


def test_a_name_of_another_language_says_nothing_and_is_said() -> None:
    foie = drawn("Foie", "en", "nl")
    assert foie.role is Role.OTHER
    [(severity, message)] = said(foie)
    assert severity is Severity.ASK
    assert message.startswith(
        "'Foie': its name is French, but only English and Dutch are read: give --role "
        "'Foie=liver', --role 'Foie=other' or --languages en,nl,fr"
    )
    # No dose rests on a spleen, and it may be half of a dose rate.
    [(severity, message)] = said(drawn("rate", "en"))
    assert severity is Severity.WARN
    assert "its name is French, but only English is read: give" in message
    assert message.endswith(
        "Until then, it counts as other: neither tumor nor perfused"
    )


def test_a_name_that_two_languages_tell_otherwise_is_said() -> None:
    one = drawn("Leber-GTV", "en")
    assert one.role is Role.TUMOR
    [(severity, message)] = said(one)
    assert severity is Severity.WARN
    assert "has another meaning in German, but only English is read" in message
    assert "--role 'Leber-GTV=normal_given'" in message


@pytest.mark.parametrize("name", ["Liver", "A7", "GTVp", "Dose rate", "Lung_L", "BODY"])
def test_nothing_is_said_of_the_rest(name: str) -> None:
    assert said(drawn(name, "en", "nl")) == []


def test_what_a_file_or_a_person_says_settles_it() -> None:
    code = Declared(Role.LIVER, "SegmentedPropertyTypeCodeSequence Liver")
    assert drawn("Foie", "en", declared=code).role is Role.LIVER
    assert said(drawn("Foie", "en", declared=code)) == []
    given = with_given_roles([drawn("Foie", "en")], {"foie": Role.LIVER})
    assert [said(one) for one in given] == [[]]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("english", "en"),
        ("ENG", "en"),
        ("Deutsch", "de"),
        ("dutch", "nl"),
        ("spanisch", "es"),
        ("fra", "fr"),
    ],
)
def test_an_unknown_language_is_refused_with_the_nearest(text: str, meant: str) -> None:
    with pytest.raises(InputError) as refused:
        languages_named(["nl", text])
    assert str(refused.value) == (
        f"'{text.lower()}' is not a language of structure names; known are en "
        "(English), nl (Dutch), fr (French), de (German), es (Spanish), it (Italian): "
        f"was {meant} meant?"
    )


@pytest.mark.parametrize("text", ["", "en,", "klingon"])
def test_no_language_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="write codes: en,nl"):
        languages_named(text)


@pytest.fixture
def portuguese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The shipped words with one column more."""
    text = STRUCTURE_WORDS.read_text("utf-8")
    for concept, words in {"language": "Portuguese", **PT}.items():
        assert f"\n[{concept}]\n" in text
        text = text.replace(f"\n[{concept}]\n", f"\n[{concept}]\npt = '{words}'\n")
    path = tmp_path / "words.toml"
    path.write_text(text, "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(role_words, "STRUCTURE_WORDS", path)
        role_words.vocabulary.cache_clear()
        yield
    role_words.vocabulary.cache_clear()


@pytest.mark.usefixtures("portuguese")
@pytest.mark.parametrize("languages", [("pt",), ("en", "pt"), ()])
def test_a_language_is_a_column_of_data(languages: tuple[str, ...]) -> None:
    names = {
        "Fígado": "liver",
        "Pulmão_D pulmões": "lungs",
        "Baço": "organ",
        "Lesão 2": "tumor",
        "Fígado sem lesão": "normal_given",
        "figadotumor": "tumor",
        "Fígado direito": "other",
    }
    found = {name: str(role_from_name(name, languages)) for name in names}
    assert found == names
    assert told_by_name("Fígado direito", languages).part_of_liver


@pytest.mark.usefixtures("portuguese")
def test_an_added_language_is_known_and_said() -> None:
    with pytest.raises(InputError, match=r"pt \(Portuguese\).*was pt meant"):
        languages_named("portuguese")
    [(_, message)] = said(drawn("Fígado", "en"))
    assert "its name is Portuguese, but only English is read" in message


def test_every_word_is_of_a_known_language_and_concept() -> None:
    words = role_words.vocabulary()
    codes = {"any", *words["language"]}
    for concept, columns in words.items():
        if concept == "language":
            continue
        assert columns.keys() <= codes, concept
        for text in columns.values():
            # Joined with those of other languages: each is whole by itself.
            assert set(re.findall(r"\{([a-z_]+)\}", text)) <= words.keys(), concept
            re.compile(re.sub(r"\{[a-z_]+\}", "x", text).replace("\n", ""))


def test_planning_reads_no_words() -> None:
    code = (
        "from click.testing import CliRunner\n"
        "from sirtdose.cli.main import main\n"
        "from sirtdose.model import role_words as words\n"
        "mird = 'plan mird --dose 9Gy --perfused-volume 1L --lung-shunt 5%'\n"
        "assert CliRunner().invoke(main, mird.split()).exit_code == 0\n"
        "assert words.vocabulary.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
