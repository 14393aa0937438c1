"""Whether the image contradicts the roles that names and files tell (H18, H19)."""

from collections.abc import Collection, Sequence

from sirtdose.dosimetry.activity import total_in
from sirtdose.dosimetry.derived import union, with_role
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Doubt, Role, told_by_name
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

# Half of it inside: it lies in the liver.
_INSIDE = 0.5
# From this ratio on, uptake is a tumor's or a perfused part's.
_UPTAKE_RATIO = 1.5


def role_findings(
    structures: Sequence[Structure], image: Volume, *, given: Collection[str] = ()
) -> list[Finding]:
    """What asks whether a structure is a tumor, by its place and its uptake.

    Parameters
    ----------
    structures : sequence of Structure
        On the image's grid, none empty.
    image : Volume
        Counts or activity, in any unit.
    given : collection of str
        Names whose role a person gave: they are not asked about.

    Returns
    -------
    list of Finding
        For each structure of role other in the liver with at least 1.5 times the
        uptake per mL of the rest of it, which is the liver without tumors, vessels
        and organs; segments and lobes excepted. For each tumor said to be outside of
        the liver that lies in it. Nothing where no liver and no perfused volume is
        drawn.
    """
    whole = with_role(structures, Role.LIVER) or with_role(structures, Role.PERFUSED)
    if not whole:
        return []
    liver = union(whole)
    rest = liver
    for one in structures:
        if one.role is Role.TUMOR or one.role.excluded_from_liver:
            rest = rest - one
    findings = []
    for one in structures:
        inside = one & liver
        if one.name in given or inside.volume_ml < _INSIDE * one.volume_ml:
            continue
        if one.role is Role.TUMOR_OUTSIDE:
            findings.append(_not_outside(one, inside.volume_ml / one.volume_ml, whole))
        elif one.role is Role.OTHER and not told_by_name(one.name).part_of_liver:
            ratio = _ratio(inside, rest - one, image)
            findings += [] if ratio < _UPTAKE_RATIO else [_takes_up(one, ratio)]
    return findings


def no_tumor_findings(structures: Sequence[Structure]) -> list[Finding]:
    """That no structure is a tumor: the normal liver is then what is drawn (H18)."""
    if with_role(structures, Role.TUMOR):
        return []
    return [
        Finding.of(
            "H18",
            "no structure is a tumor of the liver: any tumor counts as normal liver; "
            "where one is drawn, say so with --role 'NAME=tumor'",
            severity=Severity.WARN,
        )
    ]


def _ratio(inside: Structure, rest: Structure, image: Volume) -> float:
    """Uptake per mL in a structure over that of the rest; 0 where there is no rest."""
    if rest.empty:
        return 0.0
    uptake = total_in(image, inside) / inside.volume_ml
    around = total_in(image, rest) / rest.volume_ml
    if uptake <= 0:
        return 0.0
    return uptake / around if around > 0 else float("inf")


def _takes_up(one: Structure, ratio: float) -> Finding:
    return Finding.of(
        "H19",
        f"'{one.name}' ({one.volume_ml:.3g} mL, role other) lies in the liver and has "
        + Doubt(
            f"{ratio:.3g} times the uptake per mL of the rest of it",
            (Role.TUMOR, Role.PERFUSED, Role.OTHER),
        ).asks(one.name),
        severity=Severity.ASK,
    )


def _not_outside(
    one: Structure, inside_fraction: float, whole: Sequence[Structure]
) -> Finding:
    return Finding.of(
        "H19",
        f"'{one.name}' is a tumor outside of the liver by its name, but "
        + Doubt(
            f"{inside_fraction:.0%} of it lies in '{whole[0].name}'",
            (Role.TUMOR, Role.TUMOR_OUTSIDE),
        ).asks(one.name),
        severity=Severity.ASK,
    )
