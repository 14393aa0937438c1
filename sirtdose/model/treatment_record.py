"""What a treatment log says of one administration, each value with its place."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache

from sirtdose.model.nuclide import Nuclide

# What a person who tries every number of a hospital pays for each: 10 ms and 4 MB.
_COST, _BLOCK = 2**12, 8
_DIGITS = 10
# Values of a log that are options of `sirtdose post`, by their names in a manifest.
OPTIONS = (
    *("administered", "administered_at", "assay", "assay_at"),
    *("residual", "residual_at", "residual_method", "lung_shunt"),
    *("lung_shunt_source", "device", "nuclide", "structures"),
)
ACTIVITIES = ("administered", "assay", "residual", "delivered")


@dataclass(frozen=True)
class Stated:
    """One value: its text as an option takes it, and where it was written.

    An activity has its GBq, a time its moment, a fraction or mass its number.

    >>> Stated("1.68 GBq", "log.csv, line 2, column administered", 1.68).amount
    1.68
    """

    text: str
    where: str
    amount: float | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class TreatmentRecord:
    """One administration as one log has it.

    Parameters
    ----------
    patient, name, birth : str
        Digests of PatientID (:func:`hidden`), name and birth date
        (:func:`hidden_beside`); empty where the log says nothing.
    shown : str
        The PatientID as it was written, for who asks to see it.
    day : datetime.date
    nuclide : str
        As it is called here, or empty.
    values : mapping of str to Stated
        By the names of :data:`OPTIONS`; also ``delivered``, what reached the patient
        without the residual, and ``injection``, ``perfused``, ``weight``, ``study_uid``
        (its digest) and what is only shown, such as ``operator``.
    log, where : str
        The log's name, and the place in it.
    alike : str
        The PatientID without leading zeros, which is written nowhere.
    """

    patient: str
    day: date
    log: str
    where: str
    values: Mapping[str, Stated] = field(default_factory=dict)
    nuclide: str = ""
    name: str = ""
    birth: str = ""
    shown: str = ""
    alike: str = ""

    def amount(self, what: str) -> float | None:
        """The number of a value, None where the log has none."""
        found = self.values.get(what)
        return None if found is None else found.amount

    def text(self, what: str) -> str:
        """The text of a value, empty where the log has none."""
        found = self.values.get(what)
        return "" if found is None else found.text

    @property
    def at(self) -> datetime | None:
        """When it was administered."""
        found = self.values.get("administered_at")
        return None if found is None else found.at

    @property
    def given_gbq(self) -> float | None:
        """The activity when it was given, to which an assay decays; None if not known.

        >>> at = [datetime.fromisoformat(f"2026-{one}Z") for one in
        ...       ("02-27T17:57", "03-02T10:00")]
        >>> values = {"assay": Stated("2 GBq", "", 2.0),
        ...           "assay_at": Stated("", "", at=at[0]),
        ...           "administered_at": Stated("", "", at=at[1])}
        >>> one = TreatmentRecord("p", at[1].date(), "", "", values, "Y-90")
        >>> round(one.given_gbq, 6)
        1.0
        """
        stated, assay = self.amount("administered"), self.amount("assay")
        measured = self.values.get("assay_at")
        if stated or not assay or measured is None or measured.at is None:
            return stated or self.amount("delivered")
        if self.at is None or not self.nuclide:
            return self.amount("delivered")
        hours = (self.at - measured.at).total_seconds() / 3600
        return assay * Nuclide.named(self.nuclide).decay_factor(hours)

    def having(self, values: Mapping[str, Stated]) -> "TreatmentRecord":
        """The same with more values."""
        return replace(self, values={**self.values, **values})


@dataclass(frozen=True)
class LogProblem:
    """An entry of a log that cannot be read, and whose it is."""

    where: str
    patient: str
    said: str


@dataclass(frozen=True)
class TreatmentLog:
    """What a log holds: administrations, entries that cannot be read, and remarks."""

    name: str
    records: Sequence[TreatmentRecord]
    problems: Sequence[LogProblem] = ()
    remarks: Sequence[str] = ()


def hidden_name(text: str, patient_id: str) -> str:
    """A digest of the name of a patient; empty of nothing.

    Case, accents, signs and the order of its parts make no difference.

    >>> hidden_name("Rivera^Ana=X", "7") == hidden_name("ANA RIVERA", "7")
    True
    >>> hidden_name("^", "7")
    ''
    """
    # Behind the sign a DICOM name has other alphabets.
    plain = unicodedata.normalize("NFKD", text.partition("=")[0].casefold())
    letters = "".join(one for one in plain if not unicodedata.combining(one))
    return hidden_beside(" ".join(sorted(re.findall(r"[^\W_]+", letters))), patient_id)


def hidden(patient_id: str) -> str:
    """A digest of a PatientID in any case; empty of nothing.

    >>> hidden("AB 7") == hidden(" ab 7 "), hidden(" "), len(hidden("7"))
    (True, '', 10)
    """
    return _key(_plain(patient_id)).hex()[:_DIGITS] if patient_id.strip() else ""


def hidden_beside(text: str, patient_id: str) -> str:
    """A digest of what else is known of a patient; empty of nothing.

    Who tries all names or birth dates has to find the PatientID first, so that this
    one need not cost time. It is compared for one PatientID only.

    >>> hidden_beside("19500301", "7") == hidden_beside("19500301", "8")
    False
    """
    if not text.strip():
        return ""
    key = _key(_plain(patient_id))
    return hmac.new(key, _plain(text), hashlib.sha256).hexdigest()[:_DIGITS]


@lru_cache(maxsize=65536)
def _key(patient_id: bytes) -> bytes:
    """It costs time on purpose: PatientIDs are few, and are found by trying all."""
    return hashlib.scrypt(patient_id, salt=b"sirtdose.worklist", n=_COST, r=_BLOCK, p=1)


def _plain(text: str) -> bytes:
    return text.strip().casefold().encode("utf-8", "replace")


def without_zeros(patient_id: str) -> str:
    """An identifier as a spreadsheet leaves it: without leading zeros.

    >>> without_zeros("007"), without_zeros(" aB "), without_zeros("0")
    ('7', 'ab', '0')
    """
    plain = patient_id.strip().casefold()
    return plain.lstrip("0") or plain


def study_digest(uid: str) -> str:
    """Digest of a StudyInstanceUID, which is too long to be found by trying.

    >>> len(study_digest("1.2.3"))
    16
    """
    return hashlib.sha256(f"study {uid}".encode()).hexdigest()[:16]
