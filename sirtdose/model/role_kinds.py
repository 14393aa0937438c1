"""What a structure may stand for in the dosimetry."""

from enum import StrEnum


class Role(StrEnum):
    """What a structure stands for in the dosimetry.

    A `TUMOR` is one of the liver. A `TUMOR_OUTSIDE` of it, as a lymph node, has a row
    of its own and counts nowhere else. A `TUMOR_PART`, as ``Tumor 1/viable``, has one
    too: what of it is tumor counts with its lesion. `ALL_TUMORS` are those of the liver
    together, which the program makes.
    """

    LIVER = "liver"
    PERFUSED = "perfused"
    TUMOR = "tumor"
    TUMOR_OUTSIDE = "tumor_outside"
    TUMOR_PART = "tumor_part"
    LUNGS = "lungs"
    GALLBLADDER = "gallbladder"
    VESSEL = "vessel"
    ORGAN = "organ"
    NORMAL_GIVEN = "normal_given"
    NORMAL_WHOLE = "normal_whole"
    NORMAL_PERFUSED = "normal_perfused"
    ALL_TUMORS = "all_tumors"
    OTHER = "other"

    @property
    def is_tumor(self) -> bool:
        """Whether it is a tumor, in the liver or outside of it."""
        return self in (Role.TUMOR, Role.TUMOR_OUTSIDE)

    @property
    def in_words(self) -> str:
        """What a structure of this role is, as a sentence says it.

        >>> Role.LIVER.in_words, Role.TUMOR.in_words
        ('the liver', 'a tumor')
        """
        return _IN_WORDS[self]

    @property
    def excluded_from_liver(self) -> bool:
        """Whether it is no liver tissue even where it lies inside the liver."""
        return self in (Role.GALLBLADDER, Role.VESSEL, Role.ORGAN)


_IN_WORDS = {
    Role.LIVER: "the liver",
    Role.PERFUSED: "a perfused volume",
    Role.TUMOR: "a tumor",
    Role.TUMOR_OUTSIDE: "a tumor outside of the liver",
    Role.TUMOR_PART: "a part of a tumor",
    Role.LUNGS: "of the lungs",
    Role.GALLBLADDER: "the gallbladder",
    Role.VESSEL: "a vessel",
    Role.ORGAN: "an organ",
    Role.NORMAL_GIVEN: "normal liver",
    Role.NORMAL_WHOLE: "normal liver",
    Role.NORMAL_PERFUSED: "normal perfused liver",
    Role.ALL_TUMORS: "all tumors together",
    Role.OTHER: "other: neither tumor nor perfused",
}

# What a person may say a structure is: all but what the program derives.
DERIVED_ROLES = (Role.NORMAL_WHOLE, Role.NORMAL_PERFUSED, Role.ALL_TUMORS)
# What tumors leave of a volume found by its uptake, where nothing shows the liver.
PERFUSED_REST = "perfused_without_tumors"
GIVEN_ROLES = tuple(role for role in Role if role not in DERIVED_ROLES)
