"""The nuclides that a DICOM header names, in any vendor's style."""

from collections.abc import Iterable

from sirtdose.io.dicom.bare import Dataset
from sirtdose.model.bounds import printable
from sirtdose.model.emitter import Emitter
from sirtdose.model.nuclide_words import contradicted_by, nuclide_name

_LONGEST = 64


def nuclide_words(
    datasets: Iterable[Dataset], own: Emitter | None = None
) -> tuple[str, ...]:
    """The header's own words for its nuclide, each once, in whatever slice it is.

    Of each radiopharmaceutical what is understood: meaning and value of its nuclide's
    code, else what is said of it as text; else the first words that there are.
    """
    words = (
        word
        for dataset in datasets
        for item in dataset.get("RadiopharmaceuticalInformationSequence") or [dataset]
        for word in _words_of(item, own)
    )
    return tuple(dict.fromkeys(words))


def _words_of(item: Dataset, own: Emitter | None) -> list[str]:
    codes = _said_by_codes(item, "RadionuclideCodeSequence", own)
    texts = [
        *_plain(item, "Radiopharmaceutical", "Radionuclide"),
        *_said_by_codes(item, "RadiopharmaceuticalCodeSequence", own),
    ]
    for group in (codes, texts):
        understood = [one for one in group if nuclide_name(one, own)]
        if understood:
            return understood
    return [*codes, *texts][:1]


def _said_by_codes(item: Dataset, keyword: str, own: Emitter | None) -> list[str]:
    """What each code means, else its value: systems write wrong values beside it."""
    said = []
    for code in item.get(keyword) or []:
        words = _plain(code, "CodeMeaning", "CodeValue")
        understood = [one for one in words if nuclide_name(one, own)]
        both = f"{words[0]} ({words[-1]})" if words else ""
        if len(understood) > 1 and contradicted_by(both):
            said.append(both)
        else:
            said += (understood or words)[:1]
    return said


def _plain(item: Dataset, *keywords: str) -> list[str]:
    texts = [printable(str(item.get(one, "") or "")).strip() for one in keywords]
    return [text[:_LONGEST] for text in texts if text]
