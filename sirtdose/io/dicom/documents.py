"""DICOM objects that are documents or pictures, and none of the images read here."""

from typing import Final

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1"
_MEASURED: Final = "a structured report (`sirtdose report --csv` reads measurements)"
_WORDS: Final = {
    f"{_STORAGE}.7": "a secondary capture",
    f"{_STORAGE}.7.2": "a secondary capture of several frames",
    f"{_STORAGE}.7.4": "a secondary capture of several frames",
    f"{_STORAGE}.88.11": "a structured report of text",
    f"{_STORAGE}.88.22": _MEASURED,
    f"{_STORAGE}.88.33": _MEASURED,
    f"{_STORAGE}.88.34": _MEASURED,
    f"{_STORAGE}.88.67": "a report of the radiation dose of X-rays",
    f"{_STORAGE}.88.68": "a report of a radiopharmaceutical's administration",
    f"{_STORAGE}.104.1": "an encapsulated PDF",
}


def document_words(sop_class: str) -> str:
    """What a document or picture is called; nothing of another object.

    >>> document_words("1.2.840.10008.5.1.4.1.1.104.1")
    'an encapsulated PDF'
    """
    return _WORDS.get(sop_class, "")
