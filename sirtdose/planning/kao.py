"""Kao's definitions of tumor uptake and lung shunt, and what they mean here.

His R is a ratio of activities, not of concentrations, and the whole of his TLSF is
tumor and lungs alone: typed into T/N and lung shunt, either gives a wrong dose.
"""

from collections.abc import Sequence
from dataclasses import replace

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_fraction, require_positive
from sirtdose.planning.partition_goal import Injection


def ratio_of_activity_ratio(
    *, tumor_to_normal_activity: float, tumor_mass_kg: float, normal_mass_kg: float
) -> float:
    r"""T/N of Kao's R, which is a ratio of activities, not of concentrations.

    .. math:: r = R\, \frac{M_N}{M_T}

    References
    ----------
    Kao YH et al. Cardiovasc Intervent Radiol 2013, doi:10.1007/s00270-013-0783-z.

    Examples
    --------
    As much activity in 0.2 kg of tumor as in 0.8 kg of normal liver: T/N 4.

    >>> ratio_of_activity_ratio(tumor_to_normal_activity=1.0, tumor_mass_kg=0.2,
    ...                         normal_mass_kg=0.8)
    4.0
    """
    require_positive(
        tumor_to_normal_activity=tumor_to_normal_activity,
        tumor_mass_kg=tumor_mass_kg,
        normal_mass_kg=normal_mass_kg,
    )
    return tumor_to_normal_activity * normal_mass_kg / tumor_mass_kg


def lung_shunt_of_tumor_lung_shunt(
    *, tumor_lung_shunt_fraction: float, tumor_to_normal_activity: float
) -> float:
    r"""Lung shunt fraction of Kao's TLSF, whose whole is tumor and lungs alone.

    .. math:: L = \frac{T A_T}{T A_T + (1 - T)(A_T + A_N)}
              = \frac{T R}{T R + (1 - T)(R + 1)}

    with `T` for TLSF and R = A_T / A_N.

    References
    ----------
    Kao YH et al. Cardiovasc Intervent Radiol 2013, doi:10.1007/s00270-013-0783-z.

    Examples
    --------
    Tumor 60, normal 30, lungs 10 of 100: TLSF is 10 / 70, R is 2, L is 0.1.

    >>> round(lung_shunt_of_tumor_lung_shunt(tumor_lung_shunt_fraction=1 / 7,
    ...                                      tumor_to_normal_activity=2.0), 12)
    0.1
    """
    require_fraction(tumor_lung_shunt_fraction=tumor_lung_shunt_fraction)
    require_positive(tumor_to_normal_activity=tumor_to_normal_activity)
    shunted = tumor_lung_shunt_fraction * tumor_to_normal_activity
    kept = (1 - tumor_lung_shunt_fraction) * (tumor_to_normal_activity + 1)
    return shunted / (shunted + kept)


def in_usual_terms(injections: Sequence[Injection]) -> list[Injection]:
    """Kao's R and TLSF as T/N and lung shunt.

    Examples
    --------
    60 in 200 mL of tumor, 30 in 800 mL of normal liver, 10 in the lungs.

    >>> from sirtdose.planning.perfused import Tumor
    >>> kao = Injection("right", 1000, (Tumor("T1", 200, 2, by_activity=True),),
    ...                 "maximize", tumor_lung_shunt_fraction=1 / 7)
    >>> [one] = in_usual_terms([kao])
    >>> one.tumors[0].ratio, round(one.lung_shunt_fraction, 12)
    (8.0, 0.1)
    """
    usual = []
    for one in injections:
        normal_ml = one.perfused_volume_ml - sum(t.volume_ml for t in one.tumors)
        kao = one.tumor_lung_shunt_fraction is not None or any(
            tumor.by_activity for tumor in one.tumors
        )
        if kao and not normal_ml > 0:
            raise InputError(
                f"'{one.name}' has no normal liver around its tumors, "
                f"{one.perfused_volume_ml:g} mL perfused: Kao's R and TLSF need some: "
                "give T/N and --lung-shunt"
            )
        tumors = tuple(
            replace(
                tumor,
                ratio=ratio_of_activity_ratio(
                    tumor_to_normal_activity=tumor.ratio,
                    tumor_mass_kg=tumor.volume_ml,
                    normal_mass_kg=normal_ml,
                ),
                by_activity=False,
            )
            if tumor.by_activity
            else tumor
            for tumor in one.tumors
        )
        shunt, tlsf = one.lung_shunt_fraction, one.tumor_lung_shunt_fraction
        if tlsf is not None:
            if shunt is not None or not tumors:
                raise InputError(
                    f"'{one.name}' has a TLSF, which needs tumors and replaces the "
                    "lung shunt: give only one of the two"
                )
            shunt = lung_shunt_of_tumor_lung_shunt(
                tumor_lung_shunt_fraction=tlsf,
                tumor_to_normal_activity=sum(
                    tumor.ratio * tumor.volume_ml for tumor in tumors
                )
                / normal_ml,
            )
        usual.append(
            replace(
                one,
                tumors=tumors,
                lung_shunt_fraction=shunt,
                tumor_lung_shunt_fraction=None,
            )
        )
    return usual
