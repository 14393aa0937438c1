"""What a structure is for: told by its name, by its file, or by a person."""

from dataclasses import dataclass
from enum import StrEnum

from sirtdose.model import role_words as words


class Role(StrEnum):
    """What a structure stands for in the dosimetry.

    A `TUMOR` is one of the liver. A `TUMOR_OUTSIDE` of it, as a lymph node, has a row
    of its own and counts nowhere else.
    """

    LIVER = "liver"
    PERFUSED = "perfused"
    TUMOR = "tumor"
    TUMOR_OUTSIDE = "tumor_outside"
    LUNGS = "lungs"
    GALLBLADDER = "gallbladder"
    VESSEL = "vessel"
    ORGAN = "organ"
    NORMAL_GIVEN = "normal_given"
    NORMAL_WHOLE = "normal_whole"
    NORMAL_PERFUSED = "normal_perfused"
    OTHER = "other"

    @property
    def is_tumor(self) -> bool:
        """Whether it is a tumor, in the liver or outside of it."""
        return self in (Role.TUMOR, Role.TUMOR_OUTSIDE)

    @property
    def excluded_from_liver(self) -> bool:
        """Whether it is no liver tissue even where it lies inside the liver."""
        return self in (Role.GALLBLADDER, Role.VESSEL, Role.ORGAN)


# What a person may say a structure is: all but what the program derives.
GIVEN_ROLES = tuple(
    role for role in Role if role not in (Role.NORMAL_WHOLE, Role.NORMAL_PERFUSED)
)

_WORDS: tuple[tuple[Role, str], ...] = (
    (Role.PERFUSED, words.PERFUSED),
    (Role.GALLBLADDER, words.GALLBLADDER),
    (Role.VESSEL, words.VESSEL),
    (Role.LUNGS, words.LUNGS),
    (Role.ORGAN, words.ORGAN),
)
# French for spleen, and half of "dose rate".
_ALONE = {"rate": Role.ORGAN}
_ORGANS = (Role.LIVER, Role.LUNGS, Role.GALLBLADDER, Role.VESSEL, Role.ORGAN)
_ORGAN_WORDS = "|".join(
    (words.HEPATIC, words.LUNGS, words.GALLBLADDER, words.VESSEL, words.ORGAN)
)


@dataclass(frozen=True)
class Told:
    """What a name says of a structure's role.

    `part_of_liver` is a segment or lobe; `too_little` a target that may be what is
    perfused or a tumor; `silent` a name that says nothing at all.
    """

    role: Role
    part_of_liver: bool = False
    too_little: bool = False
    silent: bool = False


@dataclass(frozen=True)
class Declared:
    """What a file says of a structure beside its name.

    `role` is None where that is too little, as for a PTV. `words` name the attribute
    and its value.
    """

    role: Role | None
    words: str


@dataclass(frozen=True)
class Doubt:
    """What leaves a role open, and which a person may choose."""

    says: str
    choices: tuple[Role, ...]

    def asks(self, name: str) -> str:
        """The same with what to type.

        >>> Doubt("its name says too little", (Role.TUMOR, Role.OTHER)).asks("TV")
        "its name says too little: give --role 'TV=tumor' or --role 'TV=other'"
        """
        options = [f"--role '{name}={role}'" for role in self.choices]
        return f"{self.says}: give {', '.join(options[:-1])} or {options[-1]}"


def role_from_name(name: str) -> Role:
    """Tell a structure's role from the words in its name.

    A name with ``normal``, ``NTL`` or ``healthy`` in it, or a liver minus its
    tumors, is never the liver nor the perfused volume. What no word tells, what
    tells too little (PTV, VOI 1), a segment or lobe of the liver, and what is said
    not to be perfused, is ``other``.

    Examples
    --------
    >>> role_from_name("Tumor 2"), role_from_name("whole liver normal")
    (<Role.TUMOR: 'tumor'>, <Role.NORMAL_GIVEN: 'normal_given'>)
    >>> role_from_name("GTVp1"), role_from_name("PTV"), str(role_from_name("GTVn"))
    (<Role.TUMOR: 'tumor'>, <Role.OTHER: 'other'>, 'tumor_outside')
    >>> role_from_name("Lésion 1"), role_from_name("foie"), role_from_name("LungL")
    (<Role.TUMOR: 'tumor'>, <Role.LIVER: 'liver'>, <Role.LUNGS: 'lungs'>)
    """
    return told_by_name(name).role


def told_by_name(name: str) -> Told:
    """What the words in a structure's name tell.

    Examples
    --------
    >>> told_by_name("Liver_Seg4").part_of_liver, told_by_name("VOI1").too_little
    (True, True)
    """
    if words.is_only(words.UNNAMED, name.strip()):
        return Told(Role.OTHER, silent=True)
    text = words.spelled(name)
    if words.finds(words.WITHOUT, text):
        # "Liver-GTV", "Lungs minus tumor": what is left when something is taken out.
        return Told(Role.OTHER if "lung" in text else Role.NORMAL_GIVEN)
    if words.finds(words.BETWEEN_TARGETS, text):
        return Told(Role.OTHER, too_little=True)
    if words.finds(words.UNTREATED, text):
        return Told(Role.OTHER)
    if text in _ALONE:
        return Told(_ALONE[text])
    text = text.replace("-", " ")
    return _special(text) or _tumor(text) or _anatomy(text)


def _special(text: str) -> Told | None:
    """What a word of a tumor or a liver in the name must not decide."""
    if words.has(words.NO_TUMOR, text):
        return Told(Role.OTHER)
    if words.has(words.TARGET, text) and not words.has(words.PERFUSED, text):
        return Told(Role.OTHER, too_little=True)
    if words.is_only(words.REGION, text):
        return Told(Role.OTHER, too_little=True)
    if words.has(words.MARGIN, text):
        return Told(Role.OTHER, too_little=words.has(words.TUMOR, text))
    if words.has(words.NORMAL_LUNGS, text):
        return Told(Role.LUNGS)
    if words.has(words.NORMAL, text):
        return Told(Role.NORMAL_GIVEN)
    return None


def _tumor(text: str) -> Told | None:
    if not words.has(words.TUMOR, text):
        return None
    elsewhere = words.has(words.OUTSIDE, text) and not words.has(words.HEPATIC, text)
    if elsewhere or words.has(words.NODES, text):
        return Told(Role.TUMOR_OUTSIDE)
    return Told(Role.TUMOR)


def _anatomy(text: str) -> Told:
    if words.has(words.NODES, text):
        return Told(Role.OTHER)
    for role, names in _WORDS:
        if words.has(names, text):
            nodule = role is Role.LUNGS and words.has(words.IN_LIVER, text)
            return Told(Role.OTHER if nodule else role)
    if words.has(words.SEGMENT, text) or words.is_only(words.ONLY_SEGMENT, text):
        return Told(Role.OTHER, part_of_liver=True)
    if words.has(words.LIVER, text):
        return Told(Role.OTHER if words.has(words.IN_LIVER, text) else Role.LIVER)
    return Told(Role.OTHER, silent=True)


def role_and_doubt(
    name: str, declared: Declared | None = None
) -> tuple[Role, Doubt | None]:
    """A structure's role, and what leaves it open, by its name and its file.

    What the file declares decides where the name says nothing, or too little.
    Otherwise the name does, and a tumor declared of an organ, or an organ of a tumor,
    is a doubt that only a person can settle.

    Examples
    --------
    >>> role_and_doubt("A7", Declared(Role.TUMOR, "RTROIInterpretedType GTV"))
    (<Role.TUMOR: 'tumor'>, None)
    >>> role, doubt = role_and_doubt("Liver", Declared(Role.TUMOR, "type GTV"))
    >>> role, doubt.says
    (<Role.LIVER: 'liver'>, 'its name says liver, its type GTV')
    """
    told = told_by_name(name)
    if told.silent or told.too_little:
        if declared is not None and declared.role is not None:
            return declared.role, None
        if told.too_little or declared is not None:
            says = f" and its {declared.words} say" if declared is not None else " says"
            return told.role, Doubt(
                f"its name{says} too little", (Role.PERFUSED, Role.TUMOR, Role.OTHER)
            )
        return told.role, None
    if declared is None or declared.role is None:
        return told.role, None
    organ = told.role in (*_ORGANS, Role.NORMAL_GIVEN)
    tumor_of_organ = declared.role is Role.TUMOR and organ
    organ_of_tumor = (
        declared.role in _ORGANS
        and told.role.is_tumor
        and not words.has(_ORGAN_WORDS, words.spelled(name).replace("-", " "))
    )
    if not tumor_of_organ and not organ_of_tumor:
        return told.role, None
    return told.role, Doubt(
        f"its name says {told.role}, its {declared.words}", (told.role, declared.role)
    )
