"""One perfused volume with one mean dose, as a case."""

from sirtdose.planning.mird import delivered_dose_gy
from sirtdose.planning.partition_case import Case, Region
from sirtdose.planning.prior_dose import with_prior
from sirtdose.planning.terms import Terms
from sirtdose.planning.whole_liver import whole_liver


def one_compartment(
    name: str, volume_ml: float, terms: Terms, *, liver_volume_ml: float | None = None
) -> Case:
    """A perfused volume that an injection fills evenly, but for the lungs' shunt.

    With the whole liver around it, where its volume is known.

    Examples
    --------
    >>> case = one_compartment("right", 1000, Terms(density_g_per_ml=1.0))
    >>> case.regions[0].gy_per_gbq
    (49.67,)
    """
    mass_kg = volume_ml * terms.density_g_per_ml / 1000
    shunt = terms.lung_shunt_fraction or 0.0
    k = terms.nuclide.dose_constant_gy_kg_per_gbq
    per_gbq = delivered_dose_gy(
        activity_gbq=1.0,
        mass_kg=mass_kg,
        dose_constant_gy_kg_per_gbq=k,
        lung_shunt_fraction=shunt,
    )
    region = Region(
        name=name,
        role="perfused",
        volume_ml=volume_ml,
        mass_kg=mass_kg,
        of=(name,),
        uptakes=(1 - shunt,),
        gy_per_gbq=(per_gbq,),
    )
    regions = [region]
    if liver_volume_ml is not None:
        regions += whole_liver(regions, liver_volume_ml=liver_volume_ml, terms=terms)
    return Case(
        injections=(name,),
        lung_shunt_fractions=(shunt,),
        regions=tuple(with_prior(regions, {}, terms.prior_liver_dose_gy)),
        dose_constant_gy_kg_per_gbq=k,
        lung_mass_kg=terms.lung_mass_kg,
        prior_lung_gy=terms.prior_lung_dose_gy,
        shunt_known=terms.lung_shunt_fraction is not None,
    )
