"""What a structure is for: told by its name, by its file, or by a person."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.model.role_kinds import DERIVED_ROLES as DERIVED_ROLES
from sirtdose.model.role_kinds import GIVEN_ROLES as GIVEN_ROLES
from sirtdose.model.role_kinds import PERFUSED_REST as PERFUSED_REST
from sirtdose.model.role_kinds import Role as Role
from sirtdose.model.role_words import Words, words_in

_ANATOMY = {
    "gallbladder": Role.GALLBLADDER,
    "vessel": Role.VESSEL,
    "lungs": Role.LUNGS,
    "organ": Role.ORGAN,
}
_ORGANS = (Role.LIVER, *_ANATOMY.values())


@dataclass(frozen=True)
class Doubt:
    """What leaves a role open, and which a person may choose.

    `languages` would tell it. One that is not `asked` is only said.
    """

    says: str
    choices: tuple[Role, ...]
    languages: str = ""
    asked: bool = True

    def asks(self, name: str) -> str:
        """The same with what to type.

        >>> Doubt("its name says too little", (Role.TUMOR, Role.OTHER)).asks("TV")
        "its name says too little: give --role 'TV=tumor' or --role 'TV=other'"
        """
        options = [f"--role '{name}={role}'" for role in self.choices]
        options += [f"--languages {self.languages}"] if self.languages else []
        return f"{self.says}: give {', '.join(options[:-1])} or {options[-1]}"

    @property
    def of_lungs_or_liver(self) -> bool:
        """Whether a lung shunt may depend on what a person chooses."""
        return Role.LUNGS in self.choices or Role.LIVER in self.choices


@dataclass(frozen=True)
class Told:
    """What a name says of a structure's role.

    `part_of_liver` is a segment or lobe; `silent` a name that says nothing at all;
    `doubt` why a name is not enough, as a target that may be what is perfused or a
    tumor, and `settled_by` what a file may declare to settle it.
    """

    role: Role
    part_of_liver: bool = False
    silent: bool = False
    doubt: Doubt | None = None
    settled_by: tuple[Role, ...] = ()

    @property
    def too_little(self) -> bool:
        """Whether a person must say what it is."""
        return self.doubt is not None


@dataclass(frozen=True)
class Declared:
    """What a file says of a structure beside its name.

    `role` is None where that is too little, as for a PTV. `words` name the attribute
    and its value.
    """

    role: Role | None
    words: str


_TOO_LITTLE = Doubt(
    "its name is not specific enough", (Role.PERFUSED, Role.TUMOR, Role.OTHER)
)
_TARGET = Told(Role.OTHER, doubt=_TOO_LITTLE, settled_by=(Role.PERFUSED,))
_RING = Told(Role.OTHER, doubt=_TOO_LITTLE)
_TUMOR_OR_WITHOUT = Told(
    Role.TUMOR,
    doubt=Doubt(
        "its name can mean a tumor, or the liver without tumors",
        (Role.TUMOR, Role.NORMAL_GIVEN),
    ),
    settled_by=(Role.TUMOR,),
)
_LIVER_OR_SEGMENT = Told(
    Role.LIVER,
    doubt=Doubt(
        "its name can mean the segmented liver, or a segment of the liver",
        (Role.LIVER, Role.OTHER),
    ),
    settled_by=(Role.LIVER,),
)
_LIVER_OR_MARGIN = Told(
    Role.OTHER,
    doubt=Doubt(
        "its name can mean the liver with a margin, or on slices of that thickness",
        (Role.LIVER, Role.OTHER),
    ),
)
_ABLATED = Told(
    Role.OTHER,
    doubt=Doubt("its name means an ablated tumor", (Role.TUMOR, Role.OTHER)),
)


def role_from_name(name: str, languages: Sequence[str] = ()) -> Role:
    """Tell a structure's role from the words in its name.

    A name with ``normal``, ``NTL`` or ``healthy`` in it, or a liver minus its
    tumors, is never the liver nor the perfused volume. What no word tells, what
    tells too little (PTV, VOI 1), a segment or lobe of the liver, and what is said
    not to be perfused, is ``other``. :func:`told_by_name` says what is in doubt.
    Words are of all `languages` that are known, or of those given, as ``("en", "nl")``.

    Examples
    --------
    >>> role_from_name("Tumor 2"), role_from_name("whole liver normal")
    (<Role.TUMOR: 'tumor'>, <Role.NORMAL_GIVEN: 'normal_given'>)
    >>> role_from_name("GTVp1"), role_from_name("PTV"), str(role_from_name("GTVn"))
    (<Role.TUMOR: 'tumor'>, <Role.OTHER: 'other'>, 'tumor_outside')
    >>> role_from_name("Lésion 1"), role_from_name("foie"), role_from_name("LungL")
    (<Role.TUMOR: 'tumor'>, <Role.LIVER: 'liver'>, <Role.LUNGS: 'lungs'>)
    """
    return told_by_name(name, languages).role


def told_by_name(name: str, languages: Sequence[str] = ()) -> Told:
    """What the words in a structure's name tell.

    Examples
    --------
    >>> told_by_name("Liver_Seg4").part_of_liver, told_by_name("VOI1").too_little
    (True, True)
    >>> told_by_name("foie", ["en"]).silent, told_by_name("foie", ["en", "fr"]).role
    (True, <Role.LIVER: 'liver'>)
    """
    words = words_in(languages)
    if words.is_only("unnamed", name.strip()):
        return Told(Role.OTHER, silent=True)
    if words.finds("helper", name.strip()):
        return Told(Role.OTHER)
    if lesion_of(name, words.languages):
        return Told(Role.TUMOR_PART)
    text = words.spelled(name)
    if words.finds("without", text):
        # "Liver-GTV", "Lungs minus tumor": what is left when something is taken out.
        return Told(Role.OTHER if words.finds("in_lungs", text) else Role.NORMAL_GIVEN)
    around = words.before_what_it_holds(text)
    if around:
        return _special(words, around) or _anatomy(words, around)
    if words.finds("joined_or_minus", text):
        return _TUMOR_OR_WITHOUT
    return _RING if words.finds("between_targets", text) else _by_words(words, text)


def lesion_of(name: str, languages: Sequence[str] = ()) -> str:
    """The lesion that a structure is a part of by its name; empty where it is none.

    Examples
    --------
    >>> lesion_of("Tumor 1/viable"), lesion_of("Tumor 1"), lesion_of("Segment II/III")
    ('Tumor 1', '', '')
    """
    lesion, slash, part = name.rpartition("/")
    words = words_in(languages)
    if not slash or not words.has(words.spelled(part).replace("-", " "), "lesion_part"):
        return ""
    return lesion.strip() if told_by_name(lesion, languages).role.is_tumor else ""


def _by_words(words: Words, text: str) -> Told:
    if words.finds("untreated", text) and not words.finds("untreated_tumor", text):
        return Told(Role.OTHER)
    if words.is_only("organ_alone", text):
        return Told(Role.ORGAN)
    text = text.replace("-", " ")
    return _special(words, text) or _tumor(words, text) or _anatomy(words, text)


def _special(words: Words, text: str) -> Told | None:
    """What a word of a tumor or a liver in the name must not decide."""
    if words.has(text, "no_tumor"):
        return Told(Role.OTHER)
    if words.is_only("region", text) or (
        words.has(text, "target") and not words.has(text, "perfused")
    ):
        return _TARGET
    if words.has(text, "normal_lungs"):
        return Told(Role.LUNGS)
    if words.has(text, "normal"):
        return Told(Role.NORMAL_GIVEN)
    return _margin(words, text)


def _margin(words: Words, text: str) -> Told | None:
    """A structure with a margin is not the structure."""
    tumor = words.has(text, "tumor")
    if words.has(text, "margin") or words.finds("added", text):
        return _RING if tumor else Told(Role.OTHER)
    if words.finds("grown", text):
        return _RING
    sized = words.finds("millimeters", text) and not tumor
    return _LIVER_OR_MARGIN if sized and words.has(text, "liver") else None


def _tumor(words: Words, text: str) -> Told | None:
    if not words.has(text, "tumor"):
        return None
    if words.has(text, "ablated"):
        return _ABLATED
    is_outside = (
        words.finds("not_liver", text)
        or words.has(text, "nodes")
        or (words.has(text, "outside") and not words.has(text, "hepatic"))
    )
    return Told(Role.TUMOR_OUTSIDE if is_outside else Role.TUMOR)


def _anatomy(words: Words, text: str) -> Told:
    if words.has(text, "nodes"):
        return Told(Role.OTHER)
    perfused = words.has(text, "perfused")
    if perfused and not _perfused_elsewhere(words, text):
        return Told(Role.PERFUSED)
    for concept, role in _ANATOMY.items():
        if words.has(text, concept):
            # A nodule, or what is perfused of the lungs, is not the lungs.
            part = words.has(text, "in_liver") or perfused
            return Told(Role.OTHER if role is Role.LUNGS and part else role)
    return _liver(words, text)


def _perfused_elsewhere(words: Words, text: str) -> bool:
    """Whether an organ is said to be perfused, as "Kidney_perfused", not the liver."""
    return words.has(text, "target_vessel") or (
        words.has(text, "gallbladder", "lungs", "organ")
        and not words.has(text, "hepatic", "taken_out")
    )


def _liver(words: Words, text: str) -> Told:
    if words.has(text, "segment") or words.is_only("only_segment", text):
        return Told(Role.OTHER, part_of_liver=True)
    if not words.has(text, "liver"):
        return Told(Role.OTHER, silent=True)
    if words.has(text, "in_liver") or words.finds("not_liver", text):
        return Told(Role.OTHER)
    if words.is_only("seg_of_liver", text):
        return _LIVER_OR_SEGMENT
    return Told(Role.LIVER)


def names_liver(name: str, languages: Sequence[str] = ()) -> bool:
    """Whether the liver is named in a name, of whatever role.

    >>> names_liver("GTVliv"), names_liver("Tumor 1")
    (True, False)
    """
    return _has(words_in(languages), name, "hepatic")


def _has(words: Words, name: str, *concepts: str) -> bool:
    return words.has(words.spelled(name).replace("-", " "), *concepts)


def role_and_doubt(
    name: str, declared: Declared | None = None, languages: Sequence[str] = ()
) -> tuple[Role, Doubt | None]:
    """A structure's role, and what leaves it open, by its name and its file.

    What the file declares decides where the name says nothing, and that a target, a
    segment or a lobe is what is perfused. Otherwise the name does. A tumor declared of
    an organ, of a part of the liver or of a name that says too little, or an organ of
    a tumor, is a doubt that only a person can settle.

    Examples
    --------
    >>> role_and_doubt("A7", Declared(Role.TUMOR, "RTROIInterpretedType GTV"))
    (<Role.TUMOR: 'tumor'>, None)
    >>> role, doubt = role_and_doubt("Liver", Declared(Role.TUMOR, "type GTV"))
    >>> role, doubt.says
    (<Role.LIVER: 'liver'>, 'its name says liver, but its type GTV')
    """
    told = told_by_name(name, languages)
    if declared is None:
        return told.role, told.doubt
    if told.silent:
        if declared.role is not None:
            return declared.role, None
        return told.role, _too_little(declared)
    if told.doubt is not None:
        return _in_doubt(name, told, told.doubt, declared)
    if told.part_of_liver:
        return _part(declared)
    named = _has(words_in(languages), name, "hepatic", *_ANATOMY)
    return told.role, _contradiction(told, declared, organ_named=named)


def _too_little(declared: Declared) -> Doubt:
    return Doubt(
        f"its name and its {declared.words} are not specific enough",
        _TOO_LITTLE.choices,
    )


def _in_doubt(
    name: str, told: Told, doubt: Doubt, declared: Declared
) -> tuple[Role, Doubt | None]:
    role = declared.role
    if role is None:
        return told.role, _too_little(declared) if doubt is _TOO_LITTLE else doubt
    if role in told.settled_by:
        return role, None
    return told.role, Doubt(
        f"its name says only '{name}', but its {declared.words}",
        tuple(dict.fromkeys((*doubt.choices, role))),
    )


def _part(declared: Declared) -> tuple[Role, Doubt | None]:
    """A segment or lobe: what is perfused may be one, and a tumor has its name."""
    if declared.role is Role.PERFUSED:
        return Role.PERFUSED, None
    choices = {Role.TUMOR: Role.TUMOR, None: Role.PERFUSED}
    if declared.role not in choices:
        return Role.OTHER, None
    return Role.OTHER, Doubt(
        f"its name says part of the liver, but its {declared.words}",
        (choices[declared.role], Role.OTHER),
    )


def _contradiction(
    told: Told, declared: Declared, *, organ_named: bool
) -> Doubt | None:
    if declared.role is None:
        return None
    organ = told.role in (*_ORGANS, Role.NORMAL_GIVEN)
    tumor_of_organ = declared.role is Role.TUMOR and organ
    organ_of_tumor = declared.role in _ORGANS and told.role.is_tumor and not organ_named
    if not tumor_of_organ and not organ_of_tumor:
        return None
    return Doubt(
        f"its name says {told.role}, but its {declared.words}",
        (told.role, declared.role),
    )
