"""The words that names of structures are made of, in the languages that are read.

They are data, ``sirtdose/data/structure_words.toml``, read when a name is first told:
planning knows no structures.
"""

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sirtdose.data.load import STRUCTURE_WORDS
from sirtdose.errors import InputError, nearest_name

_LETTERS = str.maketrans(
    {"\u0153": "oe", "\u00e6": "ae", "\u00df": "ss", "\u00f8": "o"}
)
# No word of any language begins with these: what follows is a word of its own.
_ACRONYMS = r"(i?gtv|i?ctv|itv|i?ptv|hcc|crlm|pvtt)"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_CONCEPT = re.compile(r"\{([a-z_]+)\}")
_ANYWHERE, _BY_ITSELF = "{}", "(?<![a-z])({})(?![a-z])"


@cache
def vocabulary() -> dict[str, dict[str, str]]:
    """Words by concept and then by language; ``language`` has the languages' names."""
    return tomllib.loads(STRUCTURE_WORDS.read_text("utf-8"))


def languages_named(codes: str | Sequence[str] = ()) -> tuple[str, ...]:
    """Languages by their codes, each once and in one order; all of them for none.

    Raises
    ------
    InputError
        A language that is not known.

    Examples
    --------
    >>> languages_named("nl,en"), languages_named(("fr", "FR"))
    (('en', 'nl'), ('fr',))
    """
    known = vocabulary()["language"]
    asked = [
        one.strip().lower()
        for one in (codes.split(",") if isinstance(codes, str) else codes)
    ]
    for one in asked:
        if one not in known:
            raise InputError(
                f"'{one}' is not a language of structure names; known are "
                + ", ".join(f"{code} ({name})" for code, name in known.items())
                + f": {_meant(one, known)}"
            )
    return tuple(one for one in known if not asked or one in asked)


def _meant(text: str, known: dict[str, str]) -> str:
    codes = {name.lower(): code for code, name in known.items()}
    # Languages' own names begin as their codes do: "deutsch" is not Dutch.
    near = text if text in codes else text[:2] if text[:2] in known else ""
    near = near or nearest_name(text, codes)
    return f"was {codes.get(near, near)} meant?" if near else "write codes: en,nl"


@dataclass(frozen=True)
class Words:
    """The words of some languages, by concept; each pattern is made once."""

    languages: tuple[str, ...]

    def has(self, text: str, *concepts: str) -> bool:
        """Whether a word of one of the concepts stands in a text by itself.

        Examples
        --------
        >>> words = words_in("en")
        >>> words.has("met seg 6", "tumor"), words.has("metal", "lungs", "tumor")
        (True, False)
        """
        return any(self._of(one, _BY_ITSELF).search(text) for one in concepts)

    def finds(self, concept: str, text: str) -> bool:
        """Whether a pattern that bounds itself matches anywhere in a text."""
        return self._of(concept).search(text) is not None

    def is_only(self, concept: str, text: str) -> bool:
        """Whether a text is nothing but what a concept's pattern matches."""
        return self._of(concept).fullmatch(text) is not None

    def spelled(self, name: str) -> str:
        """A name in lower case without accents, its words apart; hyphens stay.

        Examples
        --------
        >>> words = words_in()
        >>> words.spelled("TumorLeft"), words.spelled("GTVp1"), words.spelled("LungL")
        ('tumor left', 'gtv p 1', 'lung l')
        >>> words.spelled("Lésion_2")
        'lesion 2'
        """
        text = re.sub(r"[_.]+", " ", re.sub(f"[{_DASHES}]", "-", name))
        text = re.sub(
            rf"(?<![A-Za-z]){_ACRONYMS}(?=[A-Za-z])", r"\1 ", text, flags=re.I
        )
        text = re.sub(
            r"(?<![A-Za-z])ln(?=met|tum|les|gtv)", r"\g<0> ", text, flags=re.I
        )
        # TumorLeft, LNTumor: a word begins with its capital.
        text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", " ", text)
        decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
        text = re.sub(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z]{2})", " ", text)
        text = self._of("side_joined").sub(r"\g<0> ", text)
        text = re.sub(r"[a-z]{4,}", lambda found: self._apart(found[0]), text)
        return re.sub(r" +", " ", text).strip()

    def before_what_it_holds(self, text: str) -> str:
        """What a spelled name says to hold a tumor, or to be less one of its parts.

        Empty where it says no such thing.

        >>> told = words_in().before_what_it_holds
        >>> told("liver with tumor"), told("tumor + liver"), told("liver tumor")
        ('liver', 'liver', '')
        >>> told("liver minus vessels")
        'liver'
        """
        for concept in ("with_tumor", "and_liver", "less_part"):
            found = self._of(concept).search(text)
            if found and not self.has(found["around"], "tumor"):
                return str(found["around"].replace("-", " ").strip())
        return ""

    def _apart(self, word: str) -> str:
        """Words that were written as one, where all of it is words that are known."""
        parts, rest = [], word
        while rest and (first := self._of("first_joined").match(rest)):
            parts.append(first[0])
            rest = rest[first.end() :]
        return word if rest else " ".join(parts)

    def _of(self, concept: str, form: str = _ANYWHERE) -> re.Pattern[str]:
        return _compiled(concept, form, self.languages)


def words_in(languages: str | Sequence[str] = ()) -> Words:
    """The words of some languages, or of all that are known."""
    return Words(languages_named(languages))


@cache
def _compiled(concept: str, form: str, languages: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(form.format(_pattern(concept, languages)))


@cache
def _pattern(concept: str, languages: tuple[str, ...]) -> str:
    """A concept's words in some languages; what matches nothing where it has none."""
    words = vocabulary()[concept]
    own = "|".join(words[one] for one in ("any", *languages) if one in words)
    text = own.replace("\n", "") or "(?!)"
    return _CONCEPT.sub(lambda found: _pattern(found[1], languages), text)
