"""Names, roles, volumes and overlaps of structures (H18, H19, H20)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from sirtdose.checks.volumes import (
    burden_findings,
    liver_size_findings,
    perfused_size_findings,
)
from sirtdose.dosimetry.derived import union, whole_voxels, with_role
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail, rail_source
from sirtdose.model.role import DERIVED_ROLES, PERFUSED_REST, Role
from sirtdose.model.structure import Structure

_LUNGS_MIN_ML = 1500.0
_OUTSIDE_MAX = 0.05
_CUT_OFF_MIN = 0.999
_NAME_READERS = (
    "; if each file is another reader's of the same patient, name the readers: "
    "--structures 'reader A=FILE' --structures 'reader B=FILE'"
)
NEEDED = (Role.LIVER, Role.PERFUSED, Role.TUMOR)


def reading_findings(
    structures: Sequence[Structure],
    *,
    for_doses: bool = True,
    may_be_of_readers: bool = False,
) -> list[Finding]:
    """Duplicate or reserved names, and needed structures that are empty (H19).

    Undecided roles ask; unless `for_doses`, only those that may be lungs or liver.
    Files with the same names `may_be_of_readers`, who are to be named then.
    """
    asked = [
        one
        if for_doses or (one.doubt and one.doubt.of_lungs_or_liver)
        else replace(one, doubt=None)
        for one in structures
    ]
    findings = reading_remarks(asked) + [
        Finding.of(
            "H19",
            f"{count} structures are named '{name}': rename all but one"
            + _NAME_READERS * may_be_of_readers,
            severity=Severity.STOP,
        )
        for name, count in Counter(one.name for one in structures).items()
        if count > 1
    ]
    for structure in structures:
        if structure.name in (*DERIVED_ROLES, PERFUSED_REST):
            findings.append(
                Finding.of(
                    "H19",
                    f"'{structure.name}' is the name of a structure that sirtdose "
                    "derives: rename it",
                    severity=Severity.STOP,
                )
            )
        if structure.empty and structure.role in NEEDED:
            findings.append(
                Finding.of(
                    "H19",
                    f"structure '{structure.name}' is empty: draw it, remove it, or "
                    f"give --role '{structure.name}=other'",
                    severity=Severity.STOP,
                )
            )
        elif structure.empty:
            findings.append(
                Finding.of(
                    "H19",
                    f"structure '{structure.name}' is empty and was left out",
                    severity=Severity.NOTE,
                )
            )
    return findings


def structure_remarks(
    structures: Sequence[Structure], whose: str = ""
) -> list[Finding]:
    """Unusual properties of structures found on reading (H19)."""
    return [
        Finding.of("H19", f"{whose}'{one.name}': {remark}")
        for one in structures
        for remark in one.remarks
    ]


def reading_remarks(
    structures: Sequence[Structure], *, severity: Severity = Severity.ASK
) -> list[Finding]:
    """Unusual properties of structures, and roles to be confirmed (H19).

    Every command that reads structures shows these. `severity` is that of an
    undecided role: WARN if no number depends on it.
    """
    findings = structure_remarks(structures)
    open_roles = [
        (one, one.doubt, severity if one.doubt.asked else Severity.WARN)
        for one in structures
        if one.doubt is not None and not one.empty
    ]
    return findings + [
        Finding.of(
            "H19",
            f"'{one.name}': {doubt.asks(one.name)}"
            + ("" if how is Severity.ASK else f". Until then, {used_as(one)}"),
            severity=how,
            subject=one.name,
            accepted=used_as(one),
        )
        for one, doubt, how in open_roles
    ]


def used_as(one: Structure) -> str:
    """Role in which a structure is used, as the end of a sentence.

    Examples
    --------
    >>> import numpy as np
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 1), spacing_mm=(10.0, 10.0, 10.0))
    >>> used_as(Structure.named("Liver", np.ones((1, 1, 1), bool), grid))
    'it is the liver, as its name says'
    >>> used_as(Structure.named("PTV", np.ones((1, 1, 1), bool), grid))
    'it counts as other: neither tumor nor perfused'
    """
    if one.role is Role.OTHER:
        return f"it counts as {one.role.in_words}"
    return f"it is {one.role.in_words}, as its name says"


def volume_findings(structures: Sequence[Structure]) -> list[Finding]:
    """Implausible volumes and overlaps of structures, on one lattice."""
    findings: list[Finding] = []
    livers, tumors = (
        with_role(structures, Role.LIVER),
        with_role(structures, Role.TUMOR),
    )
    perfused = with_role(structures, Role.PERFUSED)
    small_ml = rail("tumor_small_ml")
    for liver in livers:
        findings += liver_size_findings(liver.name, liver.volume_ml)
    for volume in perfused:
        findings += perfused_size_findings(volume.name, volume.volume_ml)
    small = {t.name: t.volume_ml for t in tumors if t.volume_ml < small_ml}
    if small:
        each = ", ".join(f"'{name}' ({ml:.2f} mL)" for name, ml in small.items())
        said = f"{each}: under {small_ml:g} mL, image blur hides part of the dose"
        findings.append(
            Finding.of(
                "H20",
                said,
                subject=", ".join(small),
                value=min(small.values()),
                bound=Bound(small_ml, "mL", rail_source("tumor_small_ml")),
            )
        )
    for region in (livers, perfused):
        if region and tumors:
            findings += _tumors_in(region, tumors)
    return findings + _overlap_findings(tumors)


def lung_volume_findings(structures: Sequence[Structure]) -> list[Finding]:
    """Lung volume too small for complete lungs."""
    lungs = with_role(structures, Role.LUNGS)
    volume_ml = sum(lung.volume_ml for lung in lungs)
    if not lungs or volume_ml >= _LUNGS_MIN_ML:
        return []
    return [
        Finding.of(
            "H19",
            f"the lungs are {volume_ml:.0f} mL, but complete lungs exceed "
            f"{_LUNGS_MIN_ML:.0f} mL: their activity and dose are those of a part",
        )
    ]


def coverage_findings(structure: Structure, covered_fraction: float) -> list[Finding]:
    """Structure that extends beyond the image."""
    if covered_fraction >= _CUT_OFF_MIN:
        return []
    return [
        Finding.of(
            "H19",
            f"only {covered_fraction:.1%} of '{structure.name}' lies inside the image",
        )
    ]


def normal_findings(structures: Sequence[Structure]) -> list[Finding]:
    """Normal liver from the input, compared with the derived one (H18)."""
    derived = [
        structure
        for structure in structures
        if structure.role in (Role.NORMAL_WHOLE, Role.NORMAL_PERFUSED)
    ]
    return [
        Finding.of(
            "H18",
            f"'{given.name}' is {given.volume_ml:.1f} mL, but the derived {like.name} "
            f"({like.definition}) is {like.volume_ml:.1f} mL",
        )
        for given in (with_role(structures, Role.NORMAL_GIVEN) if derived else ())
        for like in [min(derived, key=lambda one: abs(one.volume_ml - given.volume_ml))]
    ]


def misplaced_findings(said: Exception) -> list[Finding]:
    """Structure outside the image, which is left out (H19)."""
    return [Finding.of("H19", str(said), severity=Severity.NOTE)]


def _tumors_in(
    region: Sequence[Structure], tumors: Sequence[Structure]
) -> list[Finding]:
    """Tumors partly outside the liver or the perfused volume (H19)."""
    whole = union(region)
    findings = [
        Finding.of(
            "H19",
            f"{outside:.0%} of '{tumor.name}' lies outside '{region[0].name}'",
            subject=tumor.name,
            value=outside,
        )
        for tumor in tumors
        for outside in [1 - (tumor & whole).volume_ml / tumor.volume_ml]
        if outside > _OUTSIDE_MAX
    ]
    is_liver = region[0].role is Role.LIVER
    # A liver that was drawn without its tumors is one with them.
    around = union([whole, *tumors]) if is_liver else whole
    return findings + burden_findings(
        region[0].name,
        around.volume_ml,
        (union(tumors) & around).volume_ml,
        whole_liver=is_liver,
    )


def _overlap_findings(tumors: Sequence[Structure]) -> list[Finding]:
    """Tumors that overlap each other (H19)."""
    # Neighbors share border voxels without overlapping.
    masks = [whole_voxels(one) for one in tumors]
    return [
        Finding.of("H19", f"'{a.name}' and '{b.name}' overlap by {shared_ml:.1f} mL")
        for a, b in combinations(masks, 2)
        for shared_ml in [(a & b).volume_ml]
        if shared_ml > _OUTSIDE_MAX * min(a.volume_ml, b.volume_ml)
    ]
