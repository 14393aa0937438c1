"""Unusual physical constants: reported, not refused."""

from collections.abc import Mapping
from math import isclose
from typing import Any

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide, dose_constant_of

# Densities in use for liver run from 1.00 to 1.06 g/mL (physics tables).
_LIVER_G_PER_ML = (0.95, 1.15)
# Beyond, the unit is wrong: from lung to the densest bone.
_ANY_TISSUE_G_PER_ML = (0.2, 2.0)
# Clinical reference, section 9: beyond 1 % of the default it is said.
_DEVIATION_MAX = 0.01
# Digits of plan.json.
_SAME_HALF_LIFE = 1e-6
# Energies per decay in use differ by under 1 %; photons counted or not, by 4 %.
_SAME_ENERGY = 0.01


def density_finding(density_g_per_ml: float) -> Finding:
    """Uniform density outside the range of liver, or of any tissue (H27).

    >>> density_finding(1.2).severity, density_finding(10.5).severity
    (<Severity.WARN: 'warn'>, <Severity.ASK: 'ask'>)
    """
    said = f"one density, {density_g_per_ml:g} g/mL, for all tissue"
    low, high = _LIVER_G_PER_ML
    if low <= density_g_per_ml <= high:
        return Finding.of("H27", said)
    low, high = _ANY_TISSUE_G_PER_ML
    severity = Severity.WARN if low <= density_g_per_ml <= high else Severity.ASK
    return Finding.of("H27", f"{said}: livers are 1.00 to 1.06 g/mL", severity=severity)


def nuclide_findings(nuclide: Nuclide) -> list[Finding]:
    """Half-life or dose constant that differs from the usual value (H09).

    >>> [f.message for f in nuclide_findings(Nuclide.named("Y-90").with_half_life(1))]
    ['half-life 1 h, but Y-90 has 64.05 h; the dose constant is not changed']
    >>> own = Nuclide("P-32", 342.8, 198.4, "own", "a", half_life_source="b")
    >>> [f.message for f in nuclide_findings(own)]
    ['half-life and dose constant of P-32 not checked: no other values are in use here']
    """
    usual_h, usual_k = (
        nuclide.usual_half_life_h,
        nuclide.usual_dose_constant_gy_kg_per_gbq,
    )
    if usual_h is None or usual_k is None:
        said = (
            f"half-life and dose constant of {nuclide.name} not checked: no other "
            "values are in use here"
        )
        return [Finding.of("H09", said, severity=Severity.WARN)]
    findings = [*own_file_findings(nuclide), *half_life_findings(nuclide)]
    if abs(nuclide.dose_constant_gy_kg_per_gbq / usual_k - 1) > _DEVIATION_MAX:
        which = ", ".join(filter(None, [nuclide.dose_constant_meaning, "but"]))
        findings.append(
            Finding.of(
                "H09",
                f"dose constant {nuclide.dose_constant_gy_kg_per_gbq:g} Gy kg/GBq, "
                f"{which} {nuclide.name} has {usual_k:g}",
                severity=Severity.WARN,
            )
        )
    return findings


def half_life_findings(nuclide: Nuclide) -> list[Finding]:
    """Half-life that differs from the usual one (H09); nothing where there is none."""
    usual_h = nuclide.usual_half_life_h
    if usual_h is None or abs(nuclide.half_life_h / usual_h - 1) <= _DEVIATION_MAX:
        return []
    return [
        Finding.of(
            "H09",
            f"half-life {nuclide.half_life_h:g} h, but {nuclide.name} has "
            f"{usual_h:g} h; the dose constant is not changed",
            severity=Severity.WARN,
        )
    ]


def other_half_life_findings(planned_h: float, nuclide: Nuclide) -> list[Finding]:
    """Half-life that is not the plan's (H09).

    >>> seventy = Nuclide.named("Y-90").with_half_life(70.0)
    >>> [found] = other_half_life_findings(64.05, seventy)
    >>> found.message.split(": ")[0], str(found.severity)
    ('the half-life is 70 h here, but 64.05 h in the plan', 'ask')
    >>> other_half_life_findings(64.05, Nuclide.named("Y-90"))
    []
    """
    if isclose(planned_h, nuclide.half_life_h, rel_tol=_SAME_HALF_LIFE):
        return []
    return [
        Finding.of(
            "H09",
            f"the half-life is {nuclide.half_life_h:g} h here, but {planned_h:g} h in "
            "the plan",
            severity=Severity.ASK,
            subject="half-life",
            remedy="leave --half-life out",
            accepted=f"vials decay with {nuclide.half_life_h:g} h",
        )
    ]


def own_file_findings(nuclide: Nuclide) -> list[Finding]:
    """Constants from the user's own nuclide file, not checked by any table (H09)."""
    if nuclide.file_sha256 is None:
        return []
    media = " and ".join(one.medium for one in nuclide.kernels)
    return [
        Finding.of(
            "H09",
            f"{nuclide.name} is read from your nuclide file (SHA-256 "
            f"{nuclide.file_sha256[:12]}) and was not checked against any table, "
            f"{f'with a dose kernel for {media}' if media else 'without dose kernel'}. "
            f"Half-life {nuclide.half_life_h:g} h: {nuclide.half_life_source}. Dose "
            f"constant {nuclide.dose_constant_gy_kg_per_gbq:.4g} Gy kg/GBq: "
            f"{nuclide.dose_constant_source}",
            severity=Severity.WARN,
        )
    ]


def other_file_findings(planned: Mapping[str, Any], nuclide: Nuclide) -> list[Finding]:
    """Plan computed with a different nuclide file (H09).

    `planned` is the nuclide as the plan document records it.
    """
    digest = planned.get("file_sha256")
    if digest == nuclide.file_sha256:
        return []
    return [
        Finding.of(
            "H09",
            f"the plan used another nuclide file for {nuclide.name} (SHA-256 "
            f"{(digest or 'none')[:12]}, here "
            f"{(nuclide.file_sha256 or 'none')[:12]}): half-life "
            f"{planned['half_life_h']:g} h and "
            f"{planned['dose_constant_gy_kg_per_gbq']:.4g} Gy kg/GBq there, "
            f"{nuclide.half_life_h:g} h and {nuclide.dose_constant_gy_kg_per_gbq:.4g} "
            "Gy kg/GBq here",
            severity=Severity.WARN,
        )
    ]


def kernel_energy_findings(nuclide: Nuclide, table_mev: float) -> list[Finding]:
    """Dose constant whose energy per decay differs from the kernel's (H09).

    >>> holmium = Nuclide.named("Ho-166")
    >>> kernel_energy_findings(holmium, 0.7271)
    []
    >>> [said] = kernel_energy_findings(holmium.with_dose_constant(15.87), 0.7271)
    >>> said.remedy
    'leave --dose-constant out, to use 16.22 Gy kg/GBq with a kernel'
    """
    nuclide = nuclide.for_energy(emitted=True)
    held_mev = nuclide.energy_mev_per_decay
    ratio = held_mev / table_mev - 1
    if abs(ratio) <= _SAME_ENERGY:
        return []
    low = "Escaping photons are counted twice, and doses are"
    k = dose_constant_of(table_mev, nuclide.half_life_h)
    usual_k = nuclide.usual_dose_constant_gy_kg_per_gbq or 0.0
    return [
        Finding.of(
            "H09",
            f"the kernel distributes the {table_mev:.4f} MeV per decay that "
            f"{nuclide.name} emits, but {nuclide.dose_constant_gy_kg_per_gbq:g} Gy "
            f"kg/GBq corresponds to {held_mev:.4f} MeV. "
            f"{low if ratio < 0 else 'Doses are'} {100 * abs(ratio):.1f} % "
            f"{'low' if ratio < 0 else 'high'}",
            severity=Severity.WARN,
            remedy=f"leave --dose-constant out, to use {usual_k:g} Gy kg/GBq with a "
            "kernel"
            if abs(usual_k / k - 1) <= _SAME_ENERGY
            else f"--dose-constant '{k:.4g} Gy kg/GBq' includes all of it",
        )
    ]
