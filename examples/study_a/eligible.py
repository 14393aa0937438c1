"""Study A's entry criteria, simulated: sixteen who enter, two screened who do not."""

from collections.abc import Iterator
from pathlib import Path

from examples.simulated.program import sirtdose
from examples.study_a.patients import WOMEN

# Two failures, invented: too high a lung shunt, and too few platelets.
SCREENED = {
    "simulated-a17": {"lung_shunt_fraction": '"24%"'},
    "simulated-a18": {"platelets": '"85 10^9/L"'},
}
_ELIGIBLE = {
    "histology_proven": "true",
    "liver_metastases_on_imaging": "true",
    "liver_only_or_predominant": "true",
    "progressive_under_systemic_therapy": "true",
    "eligible_for_intra_arterial_therapy": "true",
    "lung_shunt_fraction": '"5%"',
    "bilirubin": '{ value = "0.8 mg/dL", uln = "1.2 mg/dL" }',
    "ast": '{ value = "31 U/L", uln = "40 U/L" }',
    "alt": '{ value = "28 U/L", uln = "40 U/L" }',
    "creatinine": '{ value = "0.8 mg/dL", uln = "1.0 mg/dL" }',
    "gfr": '"85 mL/min/1.73m2"',
    "neutrophils": '"3.1 G/L"',
    "platelets": '"210 10^9/L"',
    "karnofsky": "90",
    "contrast_allergy": "false",
    "oral_anticoagulation": "false",
}


def judged(folder: Path) -> Iterator[tuple[str, str]]:
    """Each case with the answer of `sirtdose eligibility`."""
    folder.mkdir(parents=True)
    cases = {one.case_id: {"age": str(40 + 2 * one.number)} for one in WOMEN}
    others = {case: {"age": "55", **own} for case, own in SCREENED.items()}
    for case, own in {**cases, **others}.items():
        path = folder / f"{case}.toml"
        values = "".join(
            f"{name} = {value}\n" for name, value in (_ELIGIBLE | own).items()
        )
        path.write_text(
            f'# simulated\ncase_id = "{case}"\n\n[values]\n{values}', "utf-8"
        )
        said = sirtdose("eligibility", path, shown=case in SCREENED)
        [answer] = (one for one in said.splitlines() if one.startswith("By these"))
        yield case, answer
