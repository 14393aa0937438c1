"""Injections that were given in Kao's terms, in the usual ones."""

from collections.abc import Sequence
from dataclasses import replace

from sirtdose.errors import InputError
from sirtdose.planning.kao import (
    lung_shunt_of_tumor_lung_shunt,
    ratio_of_activity_ratio,
)
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor


def in_usual_terms(
    injections: Sequence[Injection],
) -> list[Injection]:
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
                f"{one.perfused_volume_ml:g} mL perfused: Kao's R and TLSF need some"
            )
        tumors = []
        for tumor in one.tumors:
            if tumor.by_activity:
                ratio = ratio_of_activity_ratio(
                    tumor_to_normal_activity=tumor.ratio,
                    tumor_mass_kg=tumor.volume_ml,
                    normal_mass_kg=normal_ml,
                )
                tumor = Tumor(tumor.name, tumor.volume_ml, ratio)
            tumors.append(tumor)
        shunt, tlsf = one.lung_shunt_fraction, one.tumor_lung_shunt_fraction
        if tlsf is not None:
            if shunt is not None or not tumors:
                raise InputError(
                    f"'{one.name}' has a TLSF, which needs tumors and takes the place "
                    "of the lung shunt: give one of the two"
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
                tumors=tuple(tumors),
                lung_shunt_fraction=shunt,
                tumor_lung_shunt_fraction=None,
            )
        )
    return usual
