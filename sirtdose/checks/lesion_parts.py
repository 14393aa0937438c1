"""Parts of tumors that lie elsewhere, or whose tumor is not drawn (H19)."""

from collections.abc import Sequence

from sirtdose.dosimetry.derived import with_role
from sirtdose.dosimetry.grid.resample import on_one_lattice
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.role_words import words_in
from sirtdose.model.structure import Structure

_OUTSIDE_MAX = 0.05


def part_findings(structures: Sequence[Structure]) -> list[Finding]:
    """Parts of a lesion outside of it, or without it (H19).

    A margin is meant to lie around its lesion: that is only noted.

    Parameters
    ----------
    structures : sequence of Structure
        None empty, on any lattices.
    """
    lesions = {
        one.name.strip().casefold(): one for one in structures if one.role.is_tumor
    }
    findings = []
    for part in with_role(structures, Role.TUMOR_PART):
        name, _, what = part.name.rpartition("/")
        lesion = lesions.get(name.strip().casefold())
        if lesion is None:
            findings.append(_without_lesion(part, name.strip()))
            continue
        own, whole = on_one_lattice([part, lesion])
        outside = (own - whole).volume_ml / own.volume_ml
        if outside > _OUTSIDE_MAX:
            words = words_in()
            margin = words.has(words.spelled(what), "margin")
            findings.append(_outside(part, lesion, outside, is_margin=margin))
    return findings


def _without_lesion(part: Structure, lesion: str) -> Finding:
    named = f"'{lesion}'" if lesion else "a lesion"
    return Finding.of(
        "H19",
        f"'{part.name}' is a part of {named}, which is not drawn: draw the lesion, or "
        f"give --role '{part.name}=tumor'",
        severity=Severity.ASK,
        subject=part.name,
        accepted="it has a dose of its own, and counts as no tumor",
    )


def _outside(
    part: Structure, lesion: Structure, outside: float, *, is_margin: bool
) -> Finding:
    tail = "" if is_margin else ", which counts as no part of the tumor"
    return Finding.of(
        "H19",
        f"{outside:.0%} of '{part.name}' lies outside of '{lesion.name}'{tail}",
        severity=Severity.NOTE if is_margin else Severity.WARN,
        subject=part.name,
    )
