"""What is doubted of a plan's activities, on a case made by hand."""

from sirtdose.checks.activity import activity_findings
from sirtdose.model.finding import Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.partition_case import Case, Region
from sirtdose.planning.terms import Terms


def case(normal_gy: float) -> Case:
    """1 kg perfused: 0.8 kg normal and a tumor of 0.2 kg, doses per GBq by hand."""

    def region(name: str, role: str, kg: float, gy: float) -> Region:
        return Region(name, role, 1000 * kg, kg, ("one",), (0.0,), (gy,))

    return Case(
        injections=("one",),
        lung_shunt_fractions=(0.0,),
        regions=(
            region("perfused", "perfused", 1.0, 49.67),
            region("normal", "normal_perfused", 0.8, normal_gy),
            region("tumor", "tumor", 0.2, 100.0),
        ),
        dose_constant_gy_kg_per_gbq=49.67,
        lung_mass_kg=1.0,
        prior_lung_gy=0.0,
        shunt_known=True,
    )


def second(normal_gy: float) -> tuple[Severity, str]:
    terms = Terms(nuclide=Nuclide.named("Y-90"), density_g_per_ml=1.0)
    findings = activity_findings([2.0], case(normal_gy), terms)
    [found] = [one for one in findings if "second calculation" in one.message]
    return found.severity, found.message


def test_the_second_calculation_names_what_is_used() -> None:
    """2 GBq in 1 kg are 99.34 Gy; 0.8 * 2 * 60 + 0.2 * 2 * 100 = 136 Gy by parts."""
    severity, message = second(60.0)
    assert severity is Severity.ASK
    assert "as one compartment: 99.34 Gy, the mean of its parts is 136 Gy" in message
    assert message.endswith("Accepted, the plan is by its parts")


def test_two_calculations_that_agree_are_noted() -> None:
    """0.8 * 2 * 37 + 0.2 * 2 * 100 = 99.2 Gy."""
    severity, message = second(37.0)
    assert severity is Severity.NOTE
    assert "Accepted" not in message
