"""What ties a result to its patient and examination, and nothing beyond that."""

import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

# Parts of a name of so many letters are looked for as whole words; one tells nothing.
_LEAST, _WHOLE = 2, 3
# One of more letters may stand there in several words.
_JOINED = 5
# How letters are written where a keyboard or an alphabet lacks them.
_SPELLED = {"ae": "a", "oe": "o", "ue": "u", "ß": "ss", "æ": "a", "œ": "o", "ø": "o"}
# A nuclide of two letters with its mass number, such as Ho-166, names no one.
_NUCLIDE = re.compile(
    r"(?<![^\W_])(?:(?:ho|re|lu|in|tc|ga)[-_ ]?\d{2,3}m?"
    r"|\d{2,3}m?[-_ ]?(?:ho|re|lu|in|tc|ga))(?![^\W_])",
    re.IGNORECASE,
)
# Words, also where only capitals or digits part them.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
# Far enough to hide a date, near enough for ages and equipment to stay true.
_SHIFT_MAX_D = 365


@dataclass(frozen=True)
class Reference:
    """One file that a result was made from: its class and UID."""

    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    modality: str
    rows: int
    columns: int


@dataclass(frozen=True)
class PatientLink:
    """The attributes that a result shares with the images it was made from.

    Parameters
    ----------
    patient_id, patient_name, birth_date, sex : str
        As the image has them; a date is DICOM's YYYYMMDD, or empty.
    study_uid, study_id, study_date, study_time, accession_number : str
    frame_of_reference_uid : str
    references : tuple of Reference
        The image's files.
    shifted_d : int
        Days that all dates were moved back by, 0 while the patient is named.

    Examples
    --------
    >>> link = PatientLink("7", "A^B", "19500102", "F", "1.2.3", "1", "20260302",
    ...                    "101500", "", "1.2.4", ())
    >>> hidden = link.deidentified(b"a site's secret")
    >>> hidden.patient_name, hidden.birth_date, hidden.patient_id == "7"
    ('', '', False)
    >>> hidden == link.deidentified(b"a site's secret")
    True
    """

    patient_id: str
    patient_name: str
    birth_date: str
    sex: str
    study_uid: str
    study_id: str
    study_date: str
    study_time: str
    accession_number: str
    frame_of_reference_uid: str
    references: tuple[Reference, ...]
    shifted_d: int = 0

    def names(self, text: str) -> bool:
        """Whether a text, such as a folder's name, holds what names the patient.

        That is a part of the name, PatientID, accession number or birth date, whatever
        its accents, umlauts and capitals. One of two or three characters has to be a
        word by itself, a longer one may be a part of another, or be written in several
        words; a single one tells nothing.

        >>> link = PatientLink("4711", "Rivera^Ana", "19500102", "", "", "", "", "", "",
        ...                    "", ())
        >>> link.names("scans/RIVERA_2026"), link.names("scans/case-3")
        (True, False)
        >>> link.names("TumorAna"), link.names("analysis"), link.names("b 1950-01-02")
        (True, False, True)
        """
        return Naming([self]).names(text)

    def deidentified(self, key: bytes) -> "PatientLink":
        """The same without a person: what is not needed is empty, the rest by key.

        One key gives one patient the same pseudonym, the same UIDs and one shift of
        all dates, so that intervals between them stay.
        """

        def told(*what: str) -> str:
            return _told(key, *what)

        def uid(old: str) -> str:
            return f"2.25.{int(told('uid', old)[:32], 16)}" if old else ""

        person = told("patient", self.patient_id, self.birth_date)
        days = shift_days(key, person)
        return replace(
            self,
            patient_id=f"SD{person[:12]}",
            patient_name="",
            birth_date="",
            study_uid=uid(self.study_uid),
            study_id="",
            study_date=_shifted(self.study_date, days),
            study_time="",
            accession_number="",
            frame_of_reference_uid=uid(self.frame_of_reference_uid),
            references=tuple(
                replace(
                    one,
                    sop_instance_uid=uid(one.sop_instance_uid),
                    series_instance_uid=uid(one.series_instance_uid),
                )
                for one in self.references
            ),
            shifted_d=days,
        )


class Naming:
    """What names any of some patients, looked up at once for all of them.

    Parameters
    ----------
    people : iterable of PatientLink
        Whom a text may name, by the rules of :meth:`PatientLink.names`.
    """

    def __init__(self, people: Iterable[PatientLink]) -> None:
        self._words, self._inside = set[str](), set[str]()
        self._joined = set[str]()
        for one in people:
            parts = re.split(r"[\W_]+", one.patient_name)
            told = [one.patient_id, one.accession_number]
            told += [one.birth_date, dashed(one.birth_date)]
            for it in (*parts, *(it for it in told if len(it) >= _WHOLE)):
                if len(it) >= _LEAST and (plain := _plain(it)):
                    (self._words if len(it) <= _WHOLE else self._inside).add(plain)
            self._joined |= {_plain(it) for it in parts if len(it) > _JOINED}
        self._joined.discard("")
        self._lengths = {len(one) for one in (*self._inside, *self._joined)}

    def names(self, text: str) -> bool:
        """Whether a text holds what names one of them.

        >>> people = [PatientLink(one, "", "", "", "", "", "", "", "", "", ())
        ...           for one in ("4711", "4712")]
        >>> Naming(people).names("scan-4712"), Naming(people).names("scan-4713")
        (True, False)
        """
        # A mass number stays: it may be the patient's.
        said = _NUCLIDE.sub(lambda found: re.sub("[A-Za-z]", "", found[0]), text)
        if self._words & {_plain(one) for one in _WORD.findall(said)}:
            return True
        joined = _plain(re.sub(r"[\W_]+", "", text))
        return self._is_in(_plain(text), self._inside) or self._is_in(
            joined, self._joined
        )

    def _is_in(self, text: str, wanted: set[str]) -> bool:
        return any(
            text[start : start + length] in wanted
            for length in self._lengths
            for start in range(len(text) - length + 1)
        )


def shift_days(key: bytes, person: str = "") -> int:
    """How far dates are moved back by a site's key: for nobody known, all alike."""
    return 1 + int(_told(key, "shift", person)[:8], 16) % _SHIFT_MAX_D


def _told(key: bytes, *what: str) -> str:
    return hmac.new(key, "\0".join(what).encode(), sha256).hexdigest()


@dataclass(frozen=True)
class StructureSet:
    """The RTSTRUCT that structures came from, and its regions' numbers by name."""

    sop_instance_uid: str
    roi_numbers: Mapping[str, int]


def _plain(text: str) -> str:
    """Without accents and capitals; ä, ae and a are one, and so is ß with ss."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(one for one in parts if not unicodedata.combining(one))
    for written, short in _SPELLED.items():
        plain = plain.replace(written, short)
    return plain


def dashed(date: str) -> str:
    """A date of a DICOM header as 2026-03-01; empty where it is none."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 else ""


def _shifted(date: str, days: int) -> str:
    try:
        then = datetime.strptime(date, "%Y%m%d") - timedelta(days=days)
    except ValueError:
        return ""
    return then.strftime("%Y%m%d")
