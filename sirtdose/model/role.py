"""What a structure is for, and how its name tells."""

import re
import unicodedata
from enum import StrEnum


class Role(StrEnum):
    """What a structure stands for in the dosimetry."""

    LIVER = "liver"
    PERFUSED = "perfused"
    TUMOR = "tumor"
    LUNGS = "lungs"
    GALLBLADDER = "gallbladder"
    VESSEL = "vessel"
    ORGAN = "organ"
    NORMAL_GIVEN = "normal_given"
    NORMAL_WHOLE = "normal_whole"
    NORMAL_PERFUSED = "normal_perfused"
    OTHER = "other"

    @property
    def excluded_from_liver(self) -> bool:
        """Whether it is no liver tissue even where it lies inside the liver."""
        return self in (Role.GALLBLADDER, Role.VESSEL, Role.ORGAN)


# What a person may say a structure is: all but what the program derives.
GIVEN_ROLES = tuple(
    role for role in Role if role not in (Role.NORMAL_WHOLE, Role.NORMAL_PERFUSED)
)

# Patterns are compiled when they are first used: planning knows no structures.
# English, Dutch, French, German, Spanish and Italian, without accents.
_WORDS: tuple[tuple[Role, str], ...] = (
    (Role.LUNGS, r"(normal|healthy) lungs?"),
    (
        Role.NORMAL_GIVEN,
        r"normal(e|es|er|es|em)?|normaal|ntl|healthy|gezond(e)?|gesund(e|es)?|sain(e)?|"
        r"san[oa]|non[- _]?tumou?r(al|ous)?",
    ),
    (
        Role.TUMOR,
        r"tumou?rs?|lesions?|hcc|icc|gtv|mets?|metastas[ei]s|tum|tumore[ns]?|"
        r"tumeurs?|tumores|tumori|laesies?|lasion(en)?|laesion(en)?|lesion(es|i|e)|"
        r"metastasen?|metastases?|metastasi|"
        r"(leber|lever)(tumou?r|metasta|laesi|lasion|laesion)[a-z]*",
    ),
    (
        Role.PERFUSED,
        r"perfused|perfusion|treated|perf|ptv|target|geperfundeerd(e)?|behandeld?e?|"
        r"behandelt(e|es)?|perfundiert(e|es)?|perfuse|traitee?|perfundid[oa]|tratad[oa]|"
        r"perfus[oa]|trattat[oa]",
    ),
    (
        Role.GALLBLADDER,
        r"gall ?bladder|gb|galblaas|vesicule|gallenblase|vesicula|cistifellea|"
        r"colecisti",
    ),
    (
        Role.VESSEL,
        r"vessels?|veins?|arter(y|ies)|aorta|vena (cava|porta)|ivc|portal|pfortader",
    ),
    (
        Role.LUNGS,
        r"lungs?|longen|(linker|rechter) ?long|poumons?|lungen?|lungenflugel|"
        r"pulmon(es)?|polmon[ei]",
    ),
    (
        Role.ORGAN,
        r"spleen|stomach|kidneys?|duodenum|pancreas|bowel|colon|heart|esophagus|"
        r"oesophagus|spinal cord|bladder|milt|maag|nier(en)?|hart|estomac|reins?|"
        r"coeur|milz|magen|nieren?|herz|bazo|estomago|rinon(es)?|corazon|milza|stomaco|"
        r"ren[ei]|cuore",
    ),
    (Role.LIVER, r"liver|hepar|lever|foie|leber|higado|fegato"),
)
_TUMOR = r"(tum|lesion|laes|lasion|mets?\b|metast|hcc|icc)"
_ORGANS = (
    r"(liver|lungs?|lobe|perfused|treated|lever|foie|leber|higado|fegato|lob|lobulo)"
)
_TAKEN_OUT = (
    r"(minus|without|w/o|excl[a-z]*|no|zonder|sans|ohne|sin|senza|moins|menos|meno|min|"
    r"hors)"
)
_SPACE = r"[ ._()-]*"
# "Liver-GTV" is a difference, as is "liver - tumor"; "liver-tumor 1" is a tumor.
_WITHOUT = (
    rf"{_ORGANS}{_SPACE}\b{_TAKEN_OUT}\b{_SPACE}(the )?({_TUMOR}|gtv|ctv|ptv|itv)|"
    rf"{_ORGANS}\s+-\s+({_TUMOR}|gtv|ctv|ptv|itv)|"
    rf"{_ORGANS}[ _]*-[ _]*(gtv|ctv|ptv|itv)|"
    rf"\b(non|not|no|nicht|niet|pas)[ ._-]*{_TUMOR}|"
    r"tumou?r[ ._-]*(free|frei|vrij)"
)
_UNTREATED = (
    r"\b(non|not|no|nicht|niet|pas|minus|without|ohne|sans|zonder|sin|senza|excl[a-z]*)"
    r"[ ._-]*(ge)?(perfus|perfund|perfond|treat|target|behand|trait|tratad|trattat)|"
    r"\b(un|on)[ ._-]?(perfus|perfund|treat|target|behand)|\s-\s*(perfus|perfund|treat)"
)
# French for spleen, and half of "dose rate".
_ALONE = {"rate": Role.ORGAN}
_LETTERS = str.maketrans(
    {"\u0153": "oe", "\u00e6": "ae", "\u00df": "ss", "\u00f8": "o"}
)


def role_from_name(name: str) -> Role:
    """Tell a structure's role from the words in its name.

    A name with ``normal``, ``NTL`` or ``healthy`` in it, or a liver minus its
    tumors, is never the liver nor the perfused volume. What no word tells, or
    what is said not to be perfused, is ``other``.

    Examples
    --------
    >>> role_from_name("Tumor 2"), role_from_name("whole liver normal")
    (<Role.TUMOR: 'tumor'>, <Role.NORMAL_GIVEN: 'normal_given'>)
    >>> role_from_name("GTV1_liver"), role_from_name("Perfused lobe")
    (<Role.TUMOR: 'tumor'>, <Role.PERFUSED: 'perfused'>)
    >>> role_from_name("Lésion 1"), role_from_name("foie"), role_from_name("Lungen")
    (<Role.TUMOR: 'tumor'>, <Role.LIVER: 'liver'>, <Role.LUNGS: 'lungs'>)
    """
    spelled = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    lowered = "".join(c for c in spelled if not unicodedata.combining(c))
    if re.search(_WITHOUT, lowered):
        # "Liver-GTV", "Lungs minus tumor": what is left when something is taken out.
        return Role.OTHER if "lung" in lowered else Role.NORMAL_GIVEN
    if re.search(_UNTREATED, lowered):
        return Role.OTHER
    if lowered.strip() in _ALONE:
        return _ALONE[lowered.strip()]
    words = re.sub(r"[_\-.]+", " ", lowered)
    words = re.sub(r"(?<=[a-z])(?=\d)", " ", words)
    for role, names in _WORDS:
        if re.search(rf"(?<![a-z])({names})(?![a-z])", words):
            return role
    return Role.OTHER
