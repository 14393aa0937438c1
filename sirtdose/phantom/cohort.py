"""A cohort of patients who do not exist, drawn to published medians and quartiles."""

import csv
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose.data.load import table

SIMULATED_FILES = (
    *("simulated_doses.csv", "simulated_outcomes.csv"),
    *("simulated_lesion_doses.csv", "simulated_lesion_outcomes.csv"),
)
# What its columns mean to an analysis.
SIMULATED_COLUMNS: dict[str, Any] = {
    "dose": "tumor_mean_gy",
    "lesion_dose": "mean_gy",
    "liver_dose": "normal_liver_mean_gy",
    "response": "response",
    "toxicity": ("hepatotoxicity",),
    "time": "os_months",
    "event": "dead",
    "covariate": ("bilobar", "ast_u_per_l", "bilirubin_mg_per_dl"),
}
_SEED = 64
_UPPER_QUARTILE = 0.6744897501960817
_LESIONS_MAX = 5
_LESION_SPREAD = 0.35
_LESION_OWN = 0.3


def write_cohort(folder: Path, *, seed: int = _SEED) -> None:
    """Write doses and outcomes of a simulated cohort, by patient and by lesion.

    Every line says that it is simulated.

    Parameters
    ----------
    folder : Path
        Where :data:`SIMULATED_FILES` go.
    seed : int
        The same seed gives the same patients.
    """
    drawn = _Drawn(np.random.default_rng(seed), table("simulated_cohort"))
    doses, outcomes = drawn.patients()
    lesion_doses, lesion_outcomes = drawn.lesions(doses, outcomes)
    rows = (doses, outcomes, lesion_doses, lesion_outcomes)
    for name, own in zip(SIMULATED_FILES, rows, strict=True):
        _write(folder / name, own)


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0], "simulated"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "simulated": "yes"} for row in rows)


class _Drawn:
    """Draws from what was published, one patient after the other."""

    def __init__(self, rng: np.random.Generator, published: dict[str, Any]) -> None:
        self._rng, self._known = rng, published

    def patients(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        known = self._known
        count, unknown = known["patients"], known["not_evaluable"]
        responds = ["yes"] * known["responders"]
        responds += ["no"] * (count - unknown - known["responders"]) + ["NE"] * unknown
        harmed = ["yes"] * known["toxic"] + ["no"] * (count - known["toxic"])
        self._rng.shuffle(responds)
        self._rng.shuffle(harmed)
        tumor = self._by_group(known["tumor_gy"], responds)
        liver = self._by_group(known["normal_liver_gy"], harmed)
        bilirubin = self._by_group(known["bilirubin_mg_per_dl"], harmed)
        doses, outcomes = [], []
        for number, (response, harm) in enumerate(zip(responds, harmed, strict=True)):
            case = {"case_id": f"simulated-{number + 1:03d}"}
            doses.append(
                case
                | {
                    "tumor_mean_gy": round(tumor[number], 1),
                    "normal_liver_mean_gy": round(liver[number], 1),
                }
            )
            outcomes.append(
                case
                | {
                    "response": self._response(response),
                    "hepatotoxicity": harm,
                    "bilirubin_mg_per_dl": round(bilirubin[number], 2),
                    **self._survival(response),
                }
            )
        return doses, outcomes

    def lesions(
        self, doses: Sequence[dict[str, Any]], outcomes: Sequence[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Lesions' doses scatter about the patient's; some answer otherwise."""
        found_doses, found_outcomes = [], []
        for dose, outcome in zip(doses, outcomes, strict=True):
            for number in range(int(self._rng.integers(1, _LESIONS_MAX + 1))):
                case = {"case_id": dose["case_id"], "lesion": f"T{number + 1}"}
                scatter = float(self._rng.lognormal(0, _LESION_SPREAD))
                found_doses.append(
                    case | {"mean_gy": round(dose["tumor_mean_gy"] * scatter, 1)}
                )
                word = {"CMR": "yes", "PMR": "yes", "NE": "NE"}.get(
                    outcome["response"], "no"
                )
                if word != "NE" and self._rng.random() < _LESION_OWN:
                    # A dose above that of the patient's others makes it likelier.
                    word = "yes" if scatter > 1 else "no"
                found_outcomes.append(case | {"response": self._response(word)})
        return found_doses, found_outcomes

    def _by_group(
        self, quartiles: dict[str, Sequence[float]], groups: Sequence[str]
    ) -> list[float]:
        """A value for each patient, of its group's distribution."""
        drawn = {
            name: iter(self._by_quartiles(quartiles[name], groups.count(name)))
            for name in quartiles
        }
        # Who cannot be evaluated may be either.
        drawn["NE"] = iter(self._by_quartiles(quartiles["yes"], groups.count("NE")))
        return [next(drawn[name]) for name in groups]

    def _by_quartiles(self, quartiles: Sequence[float], count: int) -> list[float]:
        """Log-normal on either side of the median, through both quartiles.

        One from each of `count` slices of equal probability: medians and quartiles of
        the sample are those that were published.
        """
        from scipy.stats import norm

        q1, median, q3 = (log(one) for one in quartiles)
        found = []
        for z in norm.ppf([(n + 0.5) / count for n in range(count)]):
            slope = (q3 - median) if z > 0 else (median - q1)
            # Quartiles that were rounded to the median leave no spread on their side.
            found.append(exp(median + (slope or 0.05) * z / _UPPER_QUARTILE))
        self._rng.shuffle(found)
        return found

    def _response(self, word: str) -> str:
        shares = {
            "yes": (("CMR", 0.2), ("PMR", 0.8)),
            "no": (("SMD", 0.6), ("PMD", 0.4)),
        }
        if word not in shares:
            return "NE"
        (first, share), (other, _) = shares[word]
        return first if self._rng.random() < share else other

    def _survival(self, word: str) -> dict[str, Any]:
        """Exponential times to death, until a follow-up of their own ends."""
        known, rng = self._known, self._rng
        bilobar = bool(rng.random() < known["bilobar"]["fraction"])
        ast = known["ast"]
        u_per_l = float(rng.lognormal(log(ast["median_u_per_l"]), ast["sd_of_log"]))
        hazard = log(2) / known["survival_months"]["yes" if word == "yes" else "no"]
        # About their means, so that the medians stay what was published.
        hazard *= known["bilobar"]["hazard_ratio"] ** (
            bilobar - known["bilobar"]["fraction"]
        )
        hazard *= ast["hazard_ratio_by_u_per_l"] ** (u_per_l - ast["median_u_per_l"])
        death = float(rng.exponential(1 / hazard))
        end = float(rng.uniform(*known["follow_up_months"]))
        return {
            "bilobar": "yes" if bilobar else "no",
            "ast_u_per_l": round(u_per_l),
            "os_months": round(min(death, end), 1),
            "dead": "yes" if death <= end else "no",
        }
