"""Roles that the image contradicts, or that are missing (H18, H19)."""

from collections.abc import Collection, Sequence

from sirtdose.checks.structures import used_as
from sirtdose.dosimetry.derived import union, with_role
from sirtdose.dosimetry.image.activity import total_in
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Doubt, Role, names_liver, told_by_name
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

# Half of it inside: it lies in the liver.
_INSIDE = 0.5
# From this ratio on, uptake is a tumor's or a perfused part's.
_UPTAKE_RATIO = 1.5
# Beyond this part of the liver, "Liver ... tumor" may be the liver without tumors.
_MOST_OF_LIVER = 0.5


def role_findings(
    structures: Sequence[Structure],
    image: Volume,
    *,
    given: Collection[str] = (),
    languages: Sequence[str] = (),
) -> list[Finding]:
    """Structures whose position or uptake suggests another role.

    Parameters
    ----------
    structures : sequence of Structure
        On the image's grid, none empty.
    image : Volume
        Counts or activity, in any unit.
    given : collection of str
        Names whose role the user gave: these are not checked.
    languages : sequence of str
        Languages in which names are read; all if empty.

    Returns
    -------
    list of Finding
        One for each structure of role other in the liver with at least 1.5 times the
        uptake per mL of the remaining liver (without tumors, vessels and organs);
        segments, lobes and structures inside a tumor are excluded. One for each tumor
        that its name places outside the liver, but that lies in it. One for each tumor
        named after the liver that occupies more than half of it. Empty if neither a
        liver nor a perfused volume is drawn.
    """
    whole = with_role(structures, Role.LIVER) or with_role(structures, Role.PERFUSED)
    if not whole:
        return []
    liver = union(whole)
    rest = _less(
        liver,
        [s for s in structures if s.role is Role.TUMOR or s.role.excluded_from_liver],
    )
    tumors = with_role(structures, Role.TUMOR)
    findings = []
    for one in structures:
        inside = one & liver
        if one.name in given or inside.volume_ml < _INSIDE * one.volume_ml:
            continue
        if one.role is Role.TUMOR_OUTSIDE:
            findings.append(_not_outside(one, inside.volume_ml / one.volume_ml, whole))
        elif one.role is Role.TUMOR and names_liver(one.name, languages):
            part = inside.volume_ml / liver.volume_ml
            findings += [] if part <= _MOST_OF_LIVER else [_too_large(one, part, whole)]
        elif one.role is Role.OTHER:
            if told_by_name(one.name, languages).part_of_liver:
                continue
            if _less(inside, tumors).volume_ml < _INSIDE * one.volume_ml:
                continue
            ratio = _ratio(inside, rest - one, image)
            findings += [] if ratio < _UPTAKE_RATIO else [_takes_up(one, ratio)]
    return findings


def missing_findings(structures: Sequence[Structure]) -> list[Finding]:
    """No structure with the role liver or perfused (H19)."""
    if with_role(structures, Role.LIVER) or with_role(structures, Role.PERFUSED):
        return []
    tumor = "" if with_role(structures, Role.TUMOR) else ", and none the role tumor"
    names = ", ".join(f"'{one.name}'" for one in structures)
    return [
        Finding.of(
            "H19",
            f"no structure has the role liver or perfused{tumor}: normal liver is not "
            "defined, and structures were not searched for raised uptake. Structures "
            f"found: {names}. Assign roles, such as --role 'NAME=liver', --role "
            "'NAME=perfused' or --role 'NAME=tumor'",
            severity=Severity.WARN,
        )
    ]


def no_tumor_findings(structures: Sequence[Structure]) -> list[Finding]:
    """No structure with the role tumor: tumors count as normal liver (H18)."""
    if with_role(structures, Role.TUMOR):
        return []
    return [
        Finding.of(
            "H18",
            "no structure is a liver tumor: any tumor counts as normal liver; if one "
            "is drawn, give --role 'NAME=tumor'",
            severity=Severity.WARN,
        )
    ]


def _less(one: Structure, others: Sequence[Structure]) -> Structure:
    for other in others:
        one = one - other
    return one


def _ratio(inside: Structure, rest: Structure, image: Volume) -> float:
    """Uptake per mL in a structure over that of the rest; 0 if there is no rest."""
    if rest.empty:
        return 0.0
    uptake = total_in(image, inside) / inside.volume_ml
    around = total_in(image, rest) / rest.volume_ml
    if uptake <= 0:
        return 0.0
    return uptake / around if around > 0 else float("inf")


def _takes_up(one: Structure, ratio: float) -> Finding:
    uptake = f"{_figures(ratio)} times the uptake per mL of the rest of it"
    if ratio == float("inf"):
        uptake = "uptake per mL, where the rest of it has none"
    return _asked(
        one,
        f"'{one.name}' ({_figures(one.volume_ml)} mL, role other) lies in the liver "
        f"and has {uptake}",
        (Role.TUMOR, Role.PERFUSED, Role.OTHER),
    )


def _too_large(one: Structure, part: float, whole: Sequence[Structure]) -> Finding:
    return _asked(
        one,
        f"'{one.name}' ({_figures(one.volume_ml)} mL) is a tumor by its name, but "
        f"occupies {part:.0%} of '{whole[0].name}'",
        (Role.TUMOR, Role.NORMAL_GIVEN, Role.LIVER),
    )


def _not_outside(
    one: Structure, inside_fraction: float, whole: Sequence[Structure]
) -> Finding:
    return _asked(
        one,
        f"'{one.name}' is a tumor outside the liver by its name, but "
        f"{inside_fraction:.0%} of it lies in '{whole[0].name}'",
        (Role.TUMOR, Role.TUMOR_OUTSIDE),
    )


def _asked(one: Structure, says: str, choices: tuple[Role, ...]) -> Finding:
    """Structure whose role must be confirmed, by its position or uptake (H19)."""
    said = Doubt(says, choices).asks(one.name)
    return Finding.of(
        "H19", said, severity=Severity.ASK, subject=one.name, accepted=used_as(one)
    )


def _figures(value: float) -> str:
    """Three significant figures, or a whole number from 10 on: never 1.04e+03."""
    return f"{value:.3g}" if value < 10 else f"{value:.0f}"
