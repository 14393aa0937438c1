"""Plan a lobe: the activity for a mean dose of 120 Gy, and what the lungs get."""

from sirtdose import Nuclide, PlanRequest, plan_mird

request = PlanRequest(
    Nuclide.named("Y-90"), lung_shunt_fraction=0.05, residual_fraction=0.02
)
plan = plan_mird(request, dose_gy=120, perfused_volume_ml=1000)

print(f"inject {plan.activity_gbq:.2f} GBq ({plan.activity_mci:.1f} mCi)")
print(f"draw up {plan.draw_activity_gbq:.2f} GBq ({plan.draw_activity_mci:.1f} mCi)")
print(f"lungs {plan.lungs.dose_gy:.1f} Gy at {plan.lungs.mass_kg:g} kg")
for finding in plan.findings:
    print(finding.code, finding.message)
