"""Values that can be meant but rarely are: said, not refused."""

from collections.abc import Mapping
from typing import Any

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide, dose_constant_of

# Densities in use for liver run from 1.00 to 1.06 g/mL (physics tables).
_LIVER_G_PER_ML = (0.95, 1.15)
# Beyond, the unit is wrong: from lung to the densest bone.
_ANY_TISSUE_G_PER_ML = (0.2, 2.0)
# Clinical reference, section 9: beyond 1 % of the default it is said.
_DEVIATION_MAX = 0.01
# Energies per decay in use differ by under 1 %; photons counted or not, by 4 %.
_SAME_ENERGY = 0.01


def density_finding(density_g_per_ml: float) -> Finding:
    """The density, with a warning where it is no liver's, a question beyond (H27).

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
    """Half-life or dose constant far from what is in use for the nuclide (H09).

    >>> [f.message for f in nuclide_findings(Nuclide.named("Y-90").with_half_life(1))]
    ['half-life 1 h, while Y-90 has 64.05 h; the dose constant stays as it is']
    >>> own = Nuclide("P-32", 342.8, 198.4, "own", "source", "source")
    >>> [f.message for f in nuclide_findings(own)]
    ['half-life and dose constant of P-32 held against none in use']
    """
    usual_h, usual_k = (
        nuclide.usual_half_life_h,
        nuclide.usual_dose_constant_gy_kg_per_gbq,
    )
    if usual_h is None or usual_k is None:
        said = f"half-life and dose constant of {nuclide.name} held against none in use"
        return [Finding.of("H09", said, severity=Severity.WARN)]
    findings = own_file_findings(nuclide)
    if abs(nuclide.half_life_h / usual_h - 1) > _DEVIATION_MAX:
        findings.append(
            Finding.of(
                "H09",
                f"half-life {nuclide.half_life_h:g} h, while {nuclide.name} has "
                f"{usual_h:g} h; the dose constant stays as it is",
                severity=Severity.WARN,
            )
        )
    if abs(nuclide.dose_constant_gy_kg_per_gbq / usual_k - 1) > _DEVIATION_MAX:
        which = ", ".join(filter(None, [nuclide.dose_constant_meaning, "while"]))
        findings.append(
            Finding.of(
                "H09",
                f"dose constant {nuclide.dose_constant_gy_kg_per_gbq:g} Gy kg/GBq, "
                f"{which} {nuclide.name} has {usual_k:g}",
                severity=Severity.WARN,
            )
        )
    return findings


def own_file_findings(nuclide: Nuclide) -> list[Finding]:
    """What the user's own file says, whom it is compared with: nobody (H09)."""
    if nuclide.file_sha256 is None:
        return []
    media = " and ".join(one.medium for one in nuclide.kernels)
    return [
        Finding.of(
            "H09",
            f"{nuclide.name} is of your own nuclide file (SHA-256 "
            f"{nuclide.file_sha256[:12]}), compared with no table, "
            f"{f'with a dose kernel for {media}' if media else 'without dose kernel'}. "
            f"Half-life "
            f"{nuclide.half_life_h:g} h: {nuclide.half_life_source}. Dose constant "
            f"{nuclide.dose_constant_gy_kg_per_gbq:.4g} Gy kg/GBq: "
            f"{nuclide.dose_constant_source}",
            severity=Severity.WARN,
        )
    ]


def other_file_findings(planned: Mapping[str, Any], nuclide: Nuclide) -> list[Finding]:
    """A plan's nuclide, as its document has it, of another file than ours (H09)."""
    digest = planned.get("file_sha256")
    if digest == nuclide.file_sha256:
        return []
    return [
        Finding.of(
            "H09",
            f"the plan has {nuclide.name} of another nuclide file (SHA-256 "
            f"{(digest or 'none')[:12]}, here {(nuclide.file_sha256 or 'none')[:12]}): "
            f"half-life {planned['half_life_h']:g} h and "
            f"{planned['dose_constant_gy_kg_per_gbq']:.4g} Gy kg/GBq there, "
            f"{nuclide.half_life_h:g} h and "
            f"{nuclide.dose_constant_gy_kg_per_gbq:.4g} Gy kg/GBq here",
            severity=Severity.WARN,
        )
    ]


def kernel_energy_findings(nuclide: Nuclide, table_mev: float) -> list[Finding]:
    """A dose constant that counts other emissions than the kernel's table (H09).

    >>> holmium = Nuclide.named("Ho-166")
    >>> kernel_energy_findings(holmium, 0.7271)
    []
    >>> [said] = kernel_energy_findings(holmium.with_dose_constant(15.87), 0.7271)
    >>> said.remedy
    'leave --dose-constant out, and a kernel takes 16.22 Gy kg/GBq'
    """
    nuclide = nuclide.for_energy(emitted=True)
    held_mev = nuclide.energy_mev_per_decay
    ratio = held_mev / table_mev - 1
    if abs(ratio) <= _SAME_ENERGY:
        return []
    low = "Photons that escape are counted twice, and doses are"
    k = dose_constant_of(table_mev, nuclide.half_life_h)
    usual_k = nuclide.usual_dose_constant_gy_kg_per_gbq or 0.0
    return [
        Finding.of(
            "H09",
            f"the kernel's fractions are of the {table_mev:.4f} MeV that "
            f"{nuclide.name} emits, while {nuclide.dose_constant_gy_kg_per_gbq:g} "
            f"Gy kg/GBq hold "
            f"{held_mev:.4f} MeV. {low if ratio < 0 else 'Doses are'} "
            f"{100 * abs(ratio):.1f} % {'low' if ratio < 0 else 'high'}",
            severity=Severity.WARN,
            remedy="leave --dose-constant out, and a kernel takes "
            f"{usual_k:g} Gy kg/GBq"
            if abs(usual_k / k - 1) <= _SAME_ENERGY
            else f"--dose-constant '{k:.4g} Gy kg/GBq' holds it all",
        )
    ]
