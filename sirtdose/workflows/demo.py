"""The demonstration: a digital patient planned, assessed and compared with truth."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sirtdose.dosimetry.results import Assessment
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import (
    DoseRequest,
    Given,
    ImageRequest,
    JudgeRequest,
    PostRequest,
)
from sirtdose.model.self_test import SelfTest
from sirtdose.phantom.request import PhantomRequest
from sirtdose.planning.result import Plan
from sirtdose.report.wording import significant, table
from sirtdose.workflows.phantom import write_phantom
from sirtdose.workflows.plan.numbers import PlanRequest, plan_mird
from sirtdose.workflows.post.assess import assess_dose


@dataclass(frozen=True, eq=False)
class Demo:
    """What the demonstration made; the patient's files are written."""

    truth: dict[str, Any]
    plan: Plan
    assessment: Assessment

    @property
    def comparison(self) -> str:
        """Assessed against true mean doses, as a table."""
        [rows] = self.assessment.structure_doses.values()
        assessed = {row.structure.name: row.dvh.mean_gy for row in rows}
        lines = [
            [
                true["name"],
                significant(true["analytic_gy"]),
                significant(assessed[true["name"]]),
                f"{assessed[true['name']] / true['analytic_gy'] - 1:+.0%}",
            ]
            for true in self.truth["structures"]
            if true["name"] in assessed
        ]
        return table(
            ["structure", "true Gy", "assessed Gy", "blur and voxels cost"], lines
        )


def run_demo(folder: Path, *, seed: int, self_test: SelfTest | None = None) -> Demo:
    """Write a digital patient into a folder, then plan and assess it."""
    truth = write_phantom(PhantomRequest(seed=seed), folder)
    nuclide = Nuclide.named(truth["nuclide"])
    true = {row["name"]: row for row in truth["structures"]}
    lobe = true["Perfused lobe"]
    plan = plan_mird(
        PlanRequest(
            nuclide,
            density_g_per_ml=truth["density_g_per_ml"],
            lung_shunt_fraction=truth["lung_shunt_fraction"],
            lung_shunt_source="spect",
            lung_mass_kg=truth["lung_mass_kg"],
            self_test=self_test,
            residual_fraction=truth["residual_gbq"] / truth["administered_gbq"],
        ),
        dose_gy=lobe["analytic_gy"],
        perfused_volume_ml=lobe["volume_ml"],
    )
    given = datetime.fromisoformat(truth["administered_at"])
    assessment = assess_dose(
        PostRequest(
            ImageRequest(folder),
            Given(
                nuclide,
                administered_gbq=truth["administered_gbq"],
                administered_at=given,
                residual_gbq=truth["residual_gbq"],
                residual_at=given,
                lung_shunt_fraction=truth["lung_shunt_fraction"],
                lung_shunt_source="spect",
            ),
            DoseRequest(
                calibrate_over="fov",
                cps_per_mbq=truth["camera_factor_cps_per_mbq"],
                scan_duration_h=truth["scan_duration_min"] / 60,
                density=truth["density_g_per_ml"],
            ),
            JudgeRequest(self_test=self_test),
        )
    )
    return Demo(truth, plan, assessment)
