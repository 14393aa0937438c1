"""The doses of a partition plan, each linear in the injected activities."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.planning.perfused import PerfusedVolume


@dataclass(frozen=True)
class Case:
    """Perfused volumes, what they share, and what was given before."""

    volumes: tuple[PerfusedVolume, ...]
    whole_normal_kg: float | None
    lung_mass_kg: float
    prior_lung_gy: float
    prior_liver_gy: float
    shunt_known: bool

    def lungs_gy(self, activities: Sequence[float]) -> float:
        """Dose of the lungs by all injections, this session."""
        shunted = sum(
            volume.dose_constant_gy_kg_per_gbq * volume.lung_shunt_fraction * gbq
            for volume, gbq in zip(self.volumes, activities, strict=True)
        )
        return shunted / self.lung_mass_kg

    def whole_gy(self, activities: Sequence[float]) -> float | None:
        """Mean dose to all normal liver, perfused or not, this session."""
        if self.whole_normal_kg is None:
            return None
        energy = sum(
            volume.normal_gy_per_gbq * gbq * volume.normal_mass_kg
            for volume, gbq in zip(self.volumes, activities, strict=True)
        )
        return energy / self.whole_normal_kg if self.whole_normal_kg > 0 else 0.0

    def doses_gy(self, activities: Sequence[float]) -> dict[str, float | None]:
        """By the names limits go by; the largest where there are several."""
        pairs = list(zip(self.volumes, activities, strict=True))
        whole = self.whole_gy(activities)
        lungs_gy = self.lungs_gy(activities) if self.shunt_known else None
        doses: dict[str, float | None] = {
            "normal_perfused": self.prior_liver_gy
            + max(volume.normal_gy_per_gbq * gbq for volume, gbq in pairs),
            "normal_whole": None if whole is None else whole + self.prior_liver_gy,
            "perfused": self.prior_liver_gy
            + max(volume.mean_gy_per_gbq * gbq for volume, gbq in pairs),
            "lungs": lungs_gy,
            "lungs_cumulative": None
            if lungs_gy is None
            else lungs_gy + self.prior_lung_gy,
        }
        for volume, gbq in pairs:
            for tumor in volume.tumors:
                doses[tumor.name] = volume.tumor_gy_per_gbq(tumor) * gbq
        return doses
