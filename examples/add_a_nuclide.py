"""Plan with P-32, which sirtdose does not know: for one script, or for good.

Half-life 14.284 d and 0.6955 MeV a decay, DDEP (BIPM Monographie-5). For good, and with
kernels, a nuclide is an entry in a table and a file: docs/how-to/add-a-nuclide.md.
"""

import math

from sirtdose import Nuclide, PlanRequest, plan_mird

HALF_LIFE_H = 14.284 * 24
ENERGY_J = 0.6955 * 1.602176634e-13
# 1 GBq that decays away: so many decays, all of whose energy stays in 1 kg.
DECAYS = 1e9 * HALF_LIFE_H * 3600 / math.log(2)

p32 = Nuclide(
    name="P-32",
    half_life_h=HALF_LIFE_H,
    half_life_source="DDEP: 14.284(36) d",
    dose_constant_gy_kg_per_gbq=ENERGY_J * DECAYS,
    dose_constant_name="own",
    dose_constant_source="DDEP: 0.6955(3) MeV per decay, all absorbed",
)
print(f"K = {p32.dose_constant_gy_kg_per_gbq:.1f} Gy kg/GBq")
for nuclide in (p32, Nuclide.named("Y-90")):
    # No shunt, as is stated: one that is not given would ask.
    request = PlanRequest(nuclide, lung_shunt_fraction=0.0)
    plan = plan_mird(request, dose_gy=120, perfused_volume_ml=1000)
    after = nuclide.decay_factor(7 * 24)
    print(
        f"{nuclide.name}: {plan.activity_gbq:.3f} GBq for 120 Gy to 1000 mL, "
        f"{after:.0%} of it left after a week"
    )
