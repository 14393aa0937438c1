"""A nuclide's name from a DICOM code, in any vendor's style."""

import re

_ELEMENTS = "Y|Ho|F|Ga|Ge|C|Cu|Zr|Tc|In|I|Lu|Rb|N|O"


def nuclide_name(text: str) -> str:
    """Read a nuclide's name from a code's value or meaning, in any vendor's style.

    >>> nuclide_name("^90^Yttrium"), nuclide_name("C-111A1"), nuclide_name("Tc99m")
    ('Y-90', 'F-18', 'Tc-99m')
    """
    known = _NUCLIDE_CODES.get(text.strip().upper())
    if known:
        return known
    flat = text.replace("^", " ").replace("[", " ").replace("]", " ")
    for element, symbol in _ELEMENT_NAMES.items():
        flat = re.sub(element, symbol, flat, flags=re.I)
    match = re.search(rf"\b({_ELEMENTS})[ -]*(\d+)[ -]*(m?)\b", flat)
    if match:
        return f"{match[1]}-{match[2]}{match[3]}"
    match = re.search(rf"\b(\d+)[ -]*(m?)[ -]*({_ELEMENTS})\b", flat)
    return f"{match[3]}-{match[1]}{match[2]}" if match else ""


# SNOMED codes of DICOM's context groups 18 and 4020, old style and new.
_NUCLIDE_CODES = {
    "C-162A7": "Y-90",
    "14691008": "Y-90",
    "C1943": "Ho-166",
    "C-111A1": "F-18",
    "77004003": "F-18",
    "C-163A8": "Tc-99m",
    "72454006": "Tc-99m",
    "C-131A3": "Ga-68",
    "35337001": "Ga-68",
    "C-128A2": "Ge-68",
    "53315004": "Ge-68",
    "C-105A1": "C-11",
    "40565003": "C-11",
    "C-127A2": "Cu-64",
    "3932008": "Cu-64",
    "C-168A4": "Zr-89",
    "63360001": "Zr-89",
}
_ELEMENT_NAMES = {
    "yttrium": "Y",
    "holmium": "Ho",
    "fluorine": "F",
    "gallium": "Ga",
    "germanium": "Ge",
    "technetium": "Tc",
    "zirconium": "Zr",
    "copper": "Cu",
    "carbon": "C",
}
