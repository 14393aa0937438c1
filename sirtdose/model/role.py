"""What a structure is for, and how its name tells."""

import re
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


_WORDS: tuple[tuple[Role, str], ...] = (
    (Role.NORMAL_GIVEN, r"normal|ntl|healthy|non[- _]?tumou?r(al|ous)?"),
    (
        Role.TUMOR,
        r"tumou?rs?|lesions?|hcc|icc|gtv|mets?|metastas[ei]s|tum",
    ),
    (Role.PERFUSED, r"perfused|perfusion|treated|perf|ptv|target"),
    (Role.GALLBLADDER, r"gall ?bladder|gb"),
    (
        Role.VESSEL,
        r"vessels?|veins?|arter(y|ies)|aorta|vena cava|ivc|portal",
    ),
    (Role.LUNGS, r"lungs?"),
    (
        Role.ORGAN,
        r"spleen|stomach|kidneys?|duodenum|pancreas|bowel|colon|heart|esophagus|"
        r"oesophagus|spinal cord|bladder",
    ),
    (Role.LIVER, r"liver|hepar"),
)
_PATTERNS = tuple(
    (role, re.compile(rf"(?<![a-z])({words})(?![a-z])")) for role, words in _WORDS
)


def role_from_name(name: str) -> Role:
    """Tell a structure's role from the words in its name.

    A name with ``normal``, ``NTL`` or ``healthy`` in it is never the liver nor
    the perfused volume. What no word tells is ``other``.

    Examples
    --------
    >>> role_from_name("Tumor 2"), role_from_name("whole liver normal")
    (<Role.TUMOR: 'tumor'>, <Role.NORMAL_GIVEN: 'normal_given'>)
    >>> role_from_name("GTV1_liver"), role_from_name("Perfused lobe")
    (<Role.TUMOR: 'tumor'>, <Role.PERFUSED: 'perfused'>)
    """
    words = re.sub(r"[_\-.]+", " ", name.lower())
    words = re.sub(r"(?<=[a-z])(?=\d)", " ", words)
    for role, pattern in _PATTERNS:
        if pattern.search(words):
            return role
    return Role.OTHER
