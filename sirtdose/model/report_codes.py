"""Codes of quantities, structures and methods in a structured report."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final

from sirtdose.data.load import table
from sirtdose.errors import QuantityError
from sirtdose.model.metric import Metric

# What a decimal string of DICOM holds.
_LONGEST: Final = 16
_SEGMENT: Final = re.compile(
    r"(?<![a-z])seg(?:ment)?[\s_-]*([1-8]|viii|vii|vi|iv|v|iii|ii|i)(?:a|b)?(?![a-z\d])"
    # Of two segments, none is the site.
    r"(?!\s*(?:[/,&+-]|and\b)\s*(?:s(?:eg)?\w*\s*)?[1-8iv])",
    re.IGNORECASE,
)
_ROMAN: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")


@dataclass(frozen=True)
class Code:
    """A coded concept: its value, the scheme that defines it, and what it means."""

    value: str
    scheme: str
    meaning: str

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it the same code as another, whatever its meaning is called."""
        return self.value, self.scheme


@dataclass(frozen=True)
class QuantityCode:
    """How a quantity of a result document is coded.

    `key` is its name there, `shift` the powers of ten from its unit to the coded one,
    such as 3 from kg to g; `derivation` says which number of a distribution it is, and
    `in_one` is a single code of both, where there is one.
    """

    key: str
    code: Code
    unit: Code
    derivation: Code | None = None
    shift: int = 0
    in_one: Code | None = None

    def text(self, value: float) -> str:
        """A value of a document in the coded unit, every digit of it.

        >>> quantity_code("mass_kg").text(0.09656955003)
        '96.56955003'
        >>> quantity_code("v200").text(6.075313573e-06)
        '0.0006075313573'
        >>> quantity_code("v300").text(1.028405773e-08)
        '1.028405773E-6'
        """
        shifted = Decimal(repr(float(value))).scaleb(self.shift).normalize()
        plain = format(shifted, "f")
        return plain if len(plain) <= _LONGEST else f"{shifted:E}"

    def value(self, text: str) -> float:
        """The document's value of a coded one.

        >>> quantity_code("mass_kg").value("96.56955003")
        0.09656955003
        """
        return float(Decimal(text).scaleb(-self.shift))


def own_code(value: str, meaning: str) -> Code:
    """A code of our own scheme."""
    return Code(value, table("report_codes")["scheme"]["designator"], meaning)


@cache
def quantity_code(key: str) -> QuantityCode:
    """The code of a quantity by its key: ``volume_ml``, ``mean``, ``d90``, ``v100``.

    Examples
    --------
    >>> mean = quantity_code("mean")
    >>> mean.code.meaning, mean.derivation.meaning, mean.unit.value
    ('Absorbed Dose', 'Mean', 'Gy')
    >>> quantity_code("d2cc").code
    Code(value='D2cc', scheme='99SIRTDOSE', meaning='Least absorbed dose in the \
hottest 2 mL')
    """
    codes = table("report_codes")
    known = codes["quantities"].get(key)
    if known is None:
        metric = Metric.parse(key)
        known = codes["families"][metric.kind]
        code = own_code(metric.words, known["meaning"].format(f"{metric.number:.12g}"))
    else:
        code = Code(*known["code"])
    derivation, in_one = known.get("derivation"), known.get("in_one")
    unit, meaning = known["unit"]
    return QuantityCode(
        key,
        code,
        Code(unit, "UCUM", meaning),
        derivation and Code(*derivation),
        known.get("shift", 0),
        in_one and Code(*in_one),
    )


def key_of(code: Code, derivation: Code | None) -> str | None:
    """The key of a coded quantity; None of one that this program does not write.

    >>> mean = quantity_code("mean")
    >>> key_of(mean.code, mean.derivation), key_of(own_code("D90", ""), None)
    ('mean', 'd90')
    """
    key = _keys().get((code.identity, derivation and derivation.identity))
    if key is not None or code.scheme != table("report_codes")["scheme"]["designator"]:
        return key
    try:
        return Metric.parse(code.value).key
    except QuantityError:
        return None


@cache
def _keys() -> Mapping[Any, str]:
    every = [quantity_code(one) for one in table("report_codes")["quantities"]]
    return {
        (one.code.identity, one.derivation and one.derivation.identity): one.key
        for one in every
    }


def structure_codes(role: str) -> tuple[Code, Code]:
    """Category and type of a structure of a role.

    >>> [one.meaning for one in structure_codes("tumor")]
    ['Morphologically Altered Structure', 'Neoplasm']
    """
    codes = table("report_codes")
    category, kind = codes["types"].get(role) or codes["types"][""]
    return Code(*codes["categories"][category]), Code(*kind)


def site_code(name: str, role: str) -> Code | None:
    """Where a structure lies, as far as its role and its name say.

    >>> [site_code(*one) for one in (("Tumor 1, seg. 4", "other"), ("Spleen", "organ"))]
    [None, None]
    >>> site_code("Tumor in segment IVb", "tumor").meaning
    'Couinaud hepatic segment IV'
    """
    sites = table("report_codes")["sites"]
    if role == "lungs":
        return Code(*sites["lungs"])
    if role not in _OF_LIVER:
        return None
    found = _SEGMENT.search(name)
    if role == "tumor" and found:
        told = found[1].upper()
        roman = _ROMAN[int(told) - 1] if told.isdigit() else told
        return Code(*sites["segments"][roman])
    return Code(*sites["liver"])


_OF_LIVER: Final = (
    *("liver", "perfused", "tumor", "tumor_part", "all_tumors"),
    *("normal_given", "normal_whole", "normal_perfused"),
)


def method_code(method: str, words: str) -> Code:
    """The code of a way of computing doses, with its corrections.

    >>> method_code("local_deposition+gtm", "local deposition + gtm").value
    'LOCAL-GTM'
    """
    short = table("report_codes")["methods"]
    return own_code("-".join(short[one] for one in method.split("+")), words)


def method_of(code: Code) -> str | None:
    """The way of computing doses that a code stands for; None of another's."""
    full = {short: name for name, short in table("report_codes")["methods"].items()}
    parts = [full.get(one) for one in code.value.split("-")]
    known = [one for one in parts if one]
    return "+".join(known) if len(known) == len(parts) else None
