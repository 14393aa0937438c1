"""Colors of structures: cool hues and gray, apart from the warm ones of dose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sirtdose.model.role import Role

# Isodoses from the lowest level to the highest: lightness rises with dose.
ISODOSES = ("#d4502e", "#f08a2c", "#fbc53f", "#fff3b0")


@dataclass(frozen=True)
class Paint:
    """How a structure is drawn: on white paper, on a black picture, and whether dashed.

    Normal tissue has the color of its volume, dashed; so have organs at risk.
    """

    on_white: str
    on_black: str
    dashed: bool = False


_LIVER = Paint("#1a73d4", "#b5d7ed")
_PERFUSED = Paint("#0b6147", "#75eaba")
# A fourth tumor has the first's color: its name tells it apart.
_TUMORS = (
    Paint("#bd1b95", "#e465b8"),
    Paint("#36146c", "#c0a3f8"),
    Paint("#2a2fc4", "#6978ef"),
)
# Of one reader each; a fifth has the first's color, dashed.
READERS = (
    Paint("#1a73d4", "#6db3f2"),
    Paint("#bd1b95", "#e465b8"),
    Paint("#0b6147", "#75eaba"),
    Paint("#36146c", "#c0a3f8"),
)
_ORGAN = Paint("#5f6772", "#d3d8de", dashed=True)
_BY_ROLE = {
    Role.LIVER: _LIVER,
    Role.PERFUSED: _PERFUSED,
    Role.NORMAL_GIVEN: Paint(_PERFUSED.on_white, _PERFUSED.on_black, dashed=True),
    Role.NORMAL_PERFUSED: Paint(_PERFUSED.on_white, _PERFUSED.on_black, dashed=True),
    Role.NORMAL_WHOLE: Paint(_LIVER.on_white, _LIVER.on_black, dashed=True),
    Role.ALL_TUMORS: Paint(_TUMORS[0].on_white, _TUMORS[0].on_black, dashed=True),
    Role.LUNGS: Paint(_ORGAN.on_white, _ORGAN.on_black),
}


def paints(structures: Iterable[tuple[str, str]]) -> Mapping[str, Paint]:
    """One paint a structure, by its name, from names and roles in their order.

    Examples
    --------
    >>> found = paints([("T1", "tumor"), ("T2", "tumor"), ("rest", "normal_whole")])
    >>> found["T1"].on_white, found["T2"].on_white, found["rest"].dashed
    ('#bd1b95', '#36146c', True)
    """
    found: dict[str, Paint] = {}
    tumors = 0
    for name, role in structures:
        if name in found:
            continue
        if role == Role.TUMOR_PART:
            lesion = found.get(name.rpartition("/")[0].strip(), _TUMORS[0])
            found[name] = Paint(lesion.on_white, lesion.on_black, dashed=True)
        elif Role(role).is_tumor:
            found[name] = _TUMORS[tumors % len(_TUMORS)]
            tumors += 1
        else:
            found[name] = _BY_ROLE.get(Role(role), _ORGAN)
    return found
